//! Frames, right and wrong: `text("Hello").unfinished().rsv(Head::RSV1)`.

use wslab::proto::Role;
use wslab::wire::{Form, Head, Opcode, mask};

/// A frame that either side can send. Unless told otherwise it is masked if a client sends it.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    head: Head,
    masked: Masked,
    payload: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Masked {
    AsTheSenderShould,
    AsTheSenderShouldNot,
    With([u8; 4]),
}

/// A frame with any opcode.
pub(crate) fn frame(opcode: Opcode, payload: impl AsRef<[u8]>) -> Frame {
    let payload = payload.as_ref().to_vec();
    Frame { head: Head::new(opcode, payload.len() as u64), masked: Masked::AsTheSenderShould, payload }
}

pub(crate) fn text(payload: impl AsRef<[u8]>) -> Frame {
    frame(Opcode::TEXT, payload)
}

pub(crate) fn binary(payload: impl AsRef<[u8]>) -> Frame {
    frame(Opcode::BINARY, payload)
}

pub(crate) fn continuation(payload: impl AsRef<[u8]>) -> Frame {
    frame(Opcode::CONTINUATION, payload)
}

pub(crate) fn ping(payload: impl AsRef<[u8]>) -> Frame {
    frame(Opcode::PING, payload)
}

pub(crate) fn pong(payload: impl AsRef<[u8]>) -> Frame {
    frame(Opcode::PONG, payload)
}

/// A close frame with any body.
pub(crate) fn close(body: impl AsRef<[u8]>) -> Frame {
    frame(Opcode::CLOSE, body)
}

/// A close frame with a code and a reason.
pub(crate) fn close_with(code: u16, reason: impl AsRef<[u8]>) -> Frame {
    close([&code.to_be_bytes(), reason.as_ref()].concat())
}

impl Frame {
    /// With the fin bit clear.
    pub(crate) fn unfinished(mut self) -> Self {
        self.head.fin = false;
        self
    }

    /// With the fin bit set or clear.
    pub(crate) fn fin(mut self, fin: bool) -> Self {
        self.head.fin = fin;
        self
    }

    /// With reserved bits set.
    pub(crate) fn rsv(mut self, bits: u8) -> Self {
        self.head.rsv = bits;
        self
    }

    /// With the length in this form.
    pub(crate) fn form(mut self, form: Form) -> Self {
        self.head.form = form;
        self
    }

    /// With another length in the head than the payload has.
    pub(crate) fn declaring(mut self, len: u64) -> Self {
        self.head.len = len;
        self.head.form = Form::minimal(len);
        self
    }

    /// Unmasked by a client, masked by a server.
    pub(crate) fn wrongly_masked(mut self) -> Self {
        self.masked = Masked::AsTheSenderShouldNot;
        self
    }

    /// Masked with this key.
    pub(crate) fn key(mut self, key: [u8; 4]) -> Self {
        self.masked = Masked::With(key);
        self
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The head as `sender` sends it, where `key` is a fresh masking key.
    pub(crate) fn head(&self, sender: Role, key: [u8; 4]) -> Head {
        let mask = match (self.masked, sender) {
            (Masked::AsTheSenderShould, Role::Client) | (Masked::AsTheSenderShouldNot, Role::Server) => Some(key),
            (Masked::AsTheSenderShould, Role::Server) | (Masked::AsTheSenderShouldNot, Role::Client) => None,
            (Masked::With(key), _) => Some(key),
        };
        Head { mask, ..self.head }
    }

    /// The bytes that `sender` sends, where `key` is a fresh masking key.
    pub(crate) fn encode(&self, sender: Role, key: [u8; 4]) -> Vec<u8> {
        let head = self.head(sender, key);
        let mut bytes = head.encode().to_vec();
        let at = bytes.len();
        bytes.extend_from_slice(&self.payload);
        if let Some(key) = head.mask {
            mask(&mut bytes[at..], key);
        }
        bytes
    }
}

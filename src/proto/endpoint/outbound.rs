//! What an endpoint sends: frames in one buffer, and which frames it may still send.

use std::num::NonZeroUsize;

use super::observed::Observed;
use super::packing::Packing;
use crate::proto::{MaskingKeys, Message, Role};
use crate::wire::{self, CloseBody, CloseCode, Head, Opcode};

/// Where a connection stands, as the browser's WebSocket API names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReadyState {
    /// The opening handshake is not complete.
    Connecting,
    /// Messages can go both ways.
    Open,
    /// A close frame was sent or received, or the connection is being failed.
    Closing,
    /// It is over.
    Closed,
}

/// Why something was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The connection is not open: it is not open yet, or it is closing or closed.
    #[error("the connection is not open")]
    NotOpen,
    /// A control frame carries at most 125 bytes, a close reason at most 123.
    #[error("a control frame carries at most 125 bytes")]
    ControlTooLong,
    /// This code must not be sent (RFC 6455, section 7.4).
    #[error("close code {} must not be sent", .0.0)]
    CloseCode(CloseCode),
}

/// Whether a close frame can say this (sections 5.5 and 7.4).
pub(crate) fn check_close(code: CloseCode, reason: &str) -> Result<(), SendError> {
    if !code.may_be_sent() {
        return Err(SendError::CloseCode(code));
    }
    if reason.len() > CloseBody::MAX_REASON {
        return Err(SendError::ControlTooLong);
    }
    Ok(())
}

/// The sending half of an endpoint.
///
/// Frames are appended to one buffer, which the driver sends when a turn is over: a burst of answers is one write.
pub struct Outbound {
    role: Role,
    fragment: Option<NonZeroUsize>,
    pub(super) state: ReadyState,
    pub(super) close_sent: Option<CloseCode>,
    buffer: Vec<u8>,
    start: usize,
    keys: Option<Box<dyn MaskingKeys>>,
    /// Where compression was agreed on.
    packing: Option<Box<Packing>>,
    pub(super) observer: Option<Box<Observed>>,
}

impl Outbound {
    pub(super) fn new(role: Role, fragment: Option<usize>, keys: Option<Box<dyn MaskingKeys>>) -> Self {
        Self {
            role,
            // A fragment of no bytes gets nowhere.
            fragment: fragment.map(|size| NonZeroUsize::new(size).unwrap_or(NonZeroUsize::MIN)),
            state: ReadyState::Connecting,
            close_sent: None,
            buffer: Vec::new(),
            start: 0,
            keys,
            packing: None,
            observer: None,
        }
    }

    /// Has messages compressed from now on.
    pub(super) fn pack(&mut self, packing: Option<Packing>) {
        self.packing = packing.map(Box::new);
    }

    /// Where the connection stands.
    pub fn ready_state(&self) -> ReadyState {
        self.state
    }

    /// Bytes that are queued and not yet sent.
    pub fn queued(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Queues a message.
    ///
    /// # Errors
    /// If the connection is not open; nothing is queued then.
    #[inline]
    pub fn send<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<(), SendError> {
        let message = message.into();
        self.check_open()?;
        let opcode = message.kind.opcode();
        if self.packing.is_some() && self.send_packed(opcode, &message.payload) {
            return Ok(());
        }
        self.send_payload(opcode, 0, &message.payload);
        Ok(())
    }

    /// Queues a message compressed, if that is worth it.
    #[inline(never)]
    fn send_packed(&mut self, opcode: Opcode, payload: &[u8]) -> bool {
        let Some(mut packing) = self.packing.take() else { return false };
        let packed = packing.pack(payload, |packed| self.send_payload(opcode, Head::RSV1, packed));
        self.packing = Some(packing);
        if let Some(observer) = self.observer.as_mut().filter(|_| packed) {
            observer.sent_compressed(payload.len() as u64, Some(payload));
        }
        packed
    }

    #[inline]
    fn send_payload(&mut self, opcode: Opcode, rsv: u8, payload: &[u8]) {
        match self.fragment {
            Some(size) if payload.len() > size.get() => self.fragments(opcode, rsv, payload, size.get()),
            _ => self.frame_with(Head { rsv, ..Head::new(opcode, payload.len() as u64) }, payload),
        }
    }

    /// Queues bytes that are whole frames of a server already, such as a message that was encoded once for many
    /// connections.
    ///
    /// # Errors
    /// If the connection is not open; nothing is queued then.
    pub(crate) fn send_encoded(&mut self, frames: &[u8]) -> Result<(), SendError> {
        self.check_open()?;
        self.buffer.extend_from_slice(frames);
        if let Some(observer) = &mut self.observer {
            let mut rest = frames;
            while let Some((head, size)) = Head::parse(rest) {
                let len = usize::try_from(head.len).unwrap_or(usize::MAX);
                let (frame, behind) = rest.split_at(size.saturating_add(len).min(rest.len()));
                observer.sent_frame(&head, frame.get(size..).unwrap_or_default());
                rest = behind;
            }
        }
        Ok(())
    }

    /// The same for a message that is compressed, and had so many bytes before.
    ///
    /// # Errors
    /// If the connection is not open; nothing is queued then.
    pub(crate) fn send_compressed(&mut self, frames: &[u8], size: u64) -> Result<(), SendError> {
        self.send_encoded(frames)?;
        if let Some(observer) = &mut self.observer {
            observer.sent_compressed(size, None);
        }
        Ok(())
    }

    /// Queues a ping of at most 125 bytes. The endpoint pings by itself if its configuration says so.
    ///
    /// # Errors
    /// If it is longer or the connection is not open; nothing is queued then.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.control(Opcode::PING, payload)
    }

    /// Queues a pong that nobody asked for, of at most 125 bytes. Pings are answered by the endpoint itself.
    ///
    /// # Errors
    /// If it is longer or the connection is not open; nothing is queued then.
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.control(Opcode::PONG, payload)
    }

    /// Starts the closing handshake (section 7.1.2). What is queued is sent before it; nothing can be sent after it.
    ///
    /// # Errors
    /// If the code must not be sent, the reason is longer than 123 bytes, or the connection is not open.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        self.check_open()?;
        check_close(code, reason)?;
        self.close_frame(CloseBody::Status(code, reason.as_bytes()));
        Ok(())
    }

    /// Starts the closing handshake without a code.
    ///
    /// # Errors
    /// If the connection is not open.
    pub fn close_without_code(&mut self) -> Result<(), SendError> {
        self.check_open()?;
        self.close_frame(CloseBody::Empty);
        Ok(())
    }

    #[inline]
    fn check_open(&self) -> Result<(), SendError> {
        if self.state == ReadyState::Open { Ok(()) } else { Err(SendError::NotOpen) }
    }

    fn control(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        self.check_open()?;
        if payload.len() > 125 {
            return Err(SendError::ControlTooLong);
        }
        self.frame(opcode, true, payload);
        Ok(())
    }

    /// Queues a close frame, whatever was queued before it.
    pub(super) fn close_frame(&mut self, body: CloseBody<'_>) {
        let mut payload = Vec::with_capacity(125);
        body.write(&mut payload);
        self.frame(Opcode::CLOSE, true, &payload);
        self.state = ReadyState::Closing;
        self.close_sent = Some(body.code().unwrap_or(CloseCode::NO_STATUS));
    }

    #[cold]
    fn fragments(&mut self, opcode: Opcode, rsv: u8, payload: &[u8], size: usize) {
        let last = payload.len().div_ceil(size) - 1;
        for (index, piece) in payload.chunks(size).enumerate() {
            // RFC 7692, section 6.1: only the first fragment says that the message is compressed.
            let (opcode, rsv) = if index == 0 { (opcode, rsv) } else { (Opcode::CONTINUATION, 0) };
            self.frame_with(Head { fin: index == last, rsv, ..Head::new(opcode, piece.len() as u64) }, piece);
        }
    }

    #[inline]
    pub(super) fn frame(&mut self, opcode: Opcode, fin: bool, payload: &[u8]) {
        self.frame_with(Head { fin, ..Head::new(opcode, payload.len() as u64) }, payload);
    }

    #[inline]
    fn frame_with(&mut self, mut head: Head, payload: &[u8]) {
        if let Some(keys) = &mut self.keys {
            head.mask = Some(keys.next_key());
        }
        self.buffer.reserve(Head::MAX_LEN + payload.len());
        head.write(&mut self.buffer);
        let at = self.buffer.len();
        self.buffer.extend_from_slice(payload);
        if let Some(key) = head.mask {
            wire::mask(&mut self.buffer[at..], key);
        }
        if let Some(observer) = &mut self.observer {
            observer.sent_frame(&head, payload);
        }
    }

    /// Queues bytes of the opening handshake.
    pub(super) fn raw(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.buffer);
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    pub(super) fn outgoing(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    pub(super) fn sent(&mut self, count: usize) {
        self.start += count;
        assert!(self.start <= self.buffer.len(), "more was sent than was queued");
        if self.start == self.buffer.len() {
            self.start = 0;
            self.buffer.clear();
        } else if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
    }

    /// Exchanges the empty buffer for `other`, so that a thread's connections can share one.
    pub(super) fn swap_buffer(&mut self, other: &mut Vec<u8>) {
        if self.buffer.is_empty() {
            std::mem::swap(&mut self.buffer, other);
        }
    }

    /// Forgets what is queued: nobody will read it.
    pub(super) fn discard(&mut self) {
        self.buffer = Vec::new();
        self.start = 0;
    }
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound")
            .field("role", &self.role)
            .field("state", &self.state)
            .field("queued", &self.queued())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use hex_literal::hex;

    use super::*;
    use crate::proto::Observer;

    #[derive(Clone, Default)]
    struct Lengths(Arc<Mutex<Vec<u64>>>);

    impl Observer for Lengths {
        fn sent(&mut self, head: &Head) {
            self.0.lock().expect("nobody panics").push(head.len);
        }
    }

    #[test]
    fn every_frame_that_is_sent_encoded_is_observed() {
        let lengths = Lengths::default();
        let mut out = Outbound::new(Role::Server, None, None);
        out.observer = Some(Box::new(Observed::new(Box::new(lengths.clone()))));
        let frames = hex!("01 03 616263  00 00  80 01 64");
        assert_eq!(out.send_encoded(&frames), Err(SendError::NotOpen));
        out.state = ReadyState::Open;
        assert_eq!(out.send_encoded(&frames), Ok(()));
        assert_eq!(out.outgoing(), frames);
        assert_eq!(*lengths.0.lock().expect("nobody panics"), [3, 0, 1]);
    }
}

//! A frame that is on its way.

use std::time::Duration;

use crate::watch::{Entry, Item, Said, Side, Transcript};
use crate::wire::{CloseBody, Head, Opcode, mask_at};

/// Its head, and what was seen of its payload.
#[derive(Debug)]
pub(super) struct Passing {
    pub(super) head: Head,
    at: Duration,
    pub(super) start: Vec<u8>,
    pub(super) len: u64,
}

impl Passing {
    pub(super) const fn new(head: Head, at: Duration) -> Self {
        Self { head, at, start: Vec::new(), len: 0 }
    }

    /// Takes payload, unmasked or to be unmasked in what is kept of it.
    pub(super) fn add(&mut self, payload: &[u8], masked: bool) {
        let kept = self.start.len();
        let size = payload.len().min(Item::START - kept);
        self.start.extend_from_slice(&payload[..size]);
        if let (true, Some(key)) = (masked, self.head.mask) {
            mask_at(&mut self.start[kept..], key, kept as u64);
        }
        self.len += payload.len() as u64;
    }

    pub(super) fn log(self, side: Side, transcript: &mut Transcript) {
        let Self { head, at, start, len } = self;
        transcript.log.push(Entry { at, side, item: Item::Frame { head, start, len } });
    }
}

/// What a close frame says.
pub(super) fn said(at: Duration, body: &[u8]) -> Said {
    let body = CloseBody::parse(body);
    Said { at, code: body.code(), reason: String::from_utf8_lossy(body.reason()).into_owned() }
}

/// Whether a frame is part of a message.
pub(super) const fn is_data(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::TEXT | Opcode::BINARY | Opcode::CONTINUATION)
}

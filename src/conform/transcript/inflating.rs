//! Compressed messages of the target, inflated and judged as they come (RFC 7692, section 6.2).
//!
//! What is inflated is handed on in pieces and not kept, so a message that inflates to a thousand times its size takes
//! a megabyte for the largest of them, however long it is.

use crate::proto::Rule;
use crate::proto::deflate::{Direction, InflateError, Inflater, Reach};
use crate::wire::{Opcode, Utf8};

/// Bytes that are inflated at once. DEFLATE makes no more than 1032 times as many of them.
const PIECE: usize = 1024;
const MOST: usize = 1032 * PIECE + 1024;

/// What inflates the target's messages, one after another.
#[derive(Debug)]
pub(super) struct Inflating {
    inflater: Inflater,
    /// What a piece came to; kept for its memory.
    inflated: Vec<u8>,
    /// How a text is judged; `None` once nothing more is to be said of the message.
    utf8: Option<Utf8>,
    /// How far the message refers back, which the inflater does not see where it still has the bytes.
    reach: Reach,
    /// The window that was agreed, in bytes.
    window: u32,
    /// Nothing that comes can be inflated any more: it may refer to what is not known.
    lost: bool,
}

impl Inflating {
    pub(super) fn new(direction: Direction) -> Self {
        let inflater = Inflater::new(direction);
        let (reach, window) = (Reach::new(), 1 << direction.window_bits.min(15));
        Self { inflater, inflated: Vec::new(), utf8: None, reach, window, lost: false }
    }

    /// A compressed message begins.
    pub(super) fn begin(&mut self, opcode: Opcode) {
        self.utf8 = (opcode == Opcode::TEXT).then(Utf8::new);
    }

    /// Hands the content on that comes of further payload. Gives the rule that it breaks, if it does.
    pub(super) fn add(&mut self, payload: &[u8], mut take: impl FnMut(&[u8])) -> Option<Rule> {
        let mut broken = None;
        self.reach.walk(payload);
        for piece in payload.chunks(PIECE) {
            if self.lost {
                break;
            }
            self.inflater.empty(&mut self.inflated);
            let result = self.inflater.inflate(piece, false, &mut self.inflated, MOST);
            take(&self.inflated);
            let invalid = self.utf8.as_mut().is_some_and(|utf8| utf8.feed(&self.inflated).is_err());
            if let Err(InflateError::BadData | InflateError::TooBig) = result {
                self.lost = true;
                broken.get_or_insert(Rule::CompressedDataInvalid);
            } else if invalid {
                self.utf8 = None;
                broken.get_or_insert(Rule::InvalidUtf8);
            }
        }
        broken
    }

    /// The message is complete. Gives the rule that it breaks by ending here, if it does.
    pub(super) fn finish(&mut self) -> Option<Rule> {
        let reached = self.reach.finish();
        if self.lost {
            return None;
        }
        // What ends the message is due also where the message is wrong: the next one may be right.
        self.inflater.empty(&mut self.inflated);
        self.lost = self.inflater.inflate(&[], true, &mut self.inflated, MOST).is_err();
        if reached.distance > self.window {
            return Some(Rule::CompressedBeyondWindow);
        }
        if self.lost {
            return Some(Rule::CompressedDataInvalid);
        }
        self.utf8.take().and_then(|mut utf8| utf8.finish().is_err().then_some(Rule::InvalidUtf8))
    }
}

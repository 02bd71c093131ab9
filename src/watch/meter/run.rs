//! Messages that are alike, counted together.

use super::connection::Wholes;
use super::tally::slot;
use crate::wire::{Head, Opcode};

/// Messages, one after the other, that are all alike: each a single frame, with the same head but for the masking key,
/// and not compressed. What is the same for all of them is found out once.
pub(super) struct Run {
    opcode: Opcode,
    len: u64,
    /// Bytes of a head.
    head: u64,
    /// Where their size is counted.
    pub(super) slot: usize,
    /// How many were not added to the counts yet.
    pub(super) count: u64,
}

impl Run {
    /// No message is like this.
    pub(super) const NONE: Self = Self { opcode: Opcode::BINARY, len: u64::MAX, head: 0, slot: 0, count: 0 };

    /// The first message of it has come, or went.
    pub(super) fn of(head: &Head) -> Self {
        Self { opcode: head.opcode, len: head.len, head: size(head), slot: slot(head.len), count: 1 }
    }

    /// Whether a message in a single frame with this head, final and not compressed, belongs to it.
    #[inline]
    pub(super) fn has(&self, head: &Head) -> bool {
        // The form of the length and whether there is a key come of the length and of who sends.
        self.len == head.len && self.opcode == head.opcode
    }

    /// How many are to be added to the counts, which are no more then.
    #[inline]
    pub(super) const fn take(&mut self) -> u64 {
        std::mem::replace(&mut self.count, 0)
    }

    /// Adds so many of them to the counts.
    #[inline]
    pub(super) fn add(&self, count: u64, wholes: &Wholes) {
        wholes.add(self.opcode == Opcode::TEXT, self.head, self.len, count);
    }
}

/// Bytes of a head.
#[inline]
pub(super) const fn size(head: &Head) -> u64 {
    2 + head.form.extra() as u64 + if head.mask.is_some() { 4 } else { 0 }
}

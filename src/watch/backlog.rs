//! Frames that have passed, and were not told yet.

use std::collections::VecDeque;

use super::live::{Passed, Tail};
use crate::proto::{ConnectionId, Role};

/// The frames of a connection that were not told yet: so many and so large that it stays bounded. Where more come, the
/// oldest are passed over, and counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    frames: VecDeque<Passed>,
    bytes: usize,
    missed: u64,
}

impl Backlog {
    /// The most frames that are kept.
    pub const FRAMES: usize = 1000;
    /// The most bytes of payloads and messages that are kept.
    pub const BYTES: usize = 1 << 20;

    /// Whether nothing is to be told.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.missed == 0
    }

    /// A frame has passed.
    pub fn push(&mut self, frame: Passed) {
        self.bytes += weight(&frame);
        self.frames.push_back(frame);
        while self.frames.len() > Self::FRAMES || self.bytes > Self::BYTES {
            let Some(oldest) = self.frames.pop_front() else { break };
            self.bytes -= weight(&oldest);
            self.missed += 1;
        }
    }

    /// The message whose last frame passed just before was compressed: this is what it says.
    pub fn inflated(&mut self, by: Role, message: &[u8]) {
        if let Some(last) = self.frames.iter_mut().rfind(|frame| frame.by == by && !frame.opcode.is_control()) {
            let beginning = Passed::beginning(message);
            self.bytes += beginning.len();
            last.inflated = Some(beginning);
        }
    }

    /// These have passed too.
    pub(super) fn append(&mut self, other: &Self) {
        self.missed += other.missed;
        other.frames.iter().for_each(|frame| self.push(frame.clone()));
    }

    /// The frames, to be changed before they are appended to another backlog: that weighs them anew, this one does not.
    pub(super) fn frames_mut(&mut self) -> impl Iterator<Item = &mut Passed> {
        self.frames.iter_mut()
    }

    /// Everything that is to be told, as the tail of this connection; `None` if there is nothing.
    pub fn take(&mut self, connection: ConnectionId) -> Option<Tail> {
        let Self { frames, missed, .. } = std::mem::take(self);
        (missed > 0 || !frames.is_empty()).then(|| Tail { connection, missed, frames: frames.into() })
    }
}

fn weight(frame: &Passed) -> usize {
    frame.payload.len() + frame.inflated.as_ref().map_or(0, Vec::len)
}

//! Who watches an endpoint, and what he is told as a number instead of one by one.

use std::time::{Duration, Instant};

use super::{Cause, Closed};
use crate::proto::{Alike, Message, Observer, Seen};
use crate::wire::{Head, Opcode};

/// An observer. Messages that are like the one before are counted here, where that costs next to nothing, if it wants
/// no more than their number.
pub(super) struct Observed {
    came: Run,
    went: Run,
    observer: Box<dyn Observer>,
}

/// Messages that are alike, each a final frame that is not compressed. Whether they are masked, and the form of their
/// length, comes of who sends them and of how long they are.
struct Run {
    len: u64,
    opcode: Opcode,
    /// How many the observer was not told of yet.
    count: u64,
}

impl Run {
    /// No frame that lies in memory is so long.
    const NO_LEN: u64 = u64::MAX;
    const NONE: Self = Self { len: Self::NO_LEN, opcode: Opcode::BINARY, count: 0 };

    #[inline]
    fn has(&self, head: &Head) -> bool {
        self.len == head.len && self.opcode == head.opcode && head.fin && head.rsv == 0
    }

    /// The observer was told of a message, and answered this.
    #[inline]
    fn follow(&mut self, head: &Head, alike: Alike) {
        let counts = alike == Alike::Number && head.fin && head.rsv == 0;
        self.len = if counts { head.len } else { Self::NO_LEN };
        self.opcode = head.opcode;
    }
}

impl Observed {
    pub(super) const fn new(observer: Box<dyn Observer>) -> Self {
        Self { came: Run::NONE, went: Run::NONE, observer }
    }

    /// The observer, who has been told everything.
    #[inline]
    fn up_to_date(&mut self) -> &mut dyn Observer {
        if self.came.count | self.went.count != 0 {
            self.tell_numbers();
        }
        &mut *self.observer
    }

    #[inline(never)]
    fn tell_numbers(&mut self) {
        let (came, went) = (std::mem::take(&mut self.came.count), std::mem::take(&mut self.went.count));
        if came > 0 {
            self.observer.more_whole(came);
        }
        if went > 0 {
            self.observer.more_sent(went);
        }
    }

    pub(super) fn turn(&mut self, now: Instant) {
        self.up_to_date().turn(now);
        self.went.len = Run::NO_LEN;
    }

    pub(super) fn settled(&mut self) {
        self.up_to_date().settled();
        (self.came.len, self.went.len) = (Run::NO_LEN, Run::NO_LEN);
    }

    #[inline]
    pub(super) fn whole(&mut self, head: &Head, message: &Message<'_>) {
        if self.came.has(head) {
            self.came.count += 1;
        } else {
            self.begin_whole(head, message);
        }
    }

    #[inline(never)]
    fn begin_whole(&mut self, head: &Head, message: &Message<'_>) {
        if self.came.count > 0 {
            self.tell_numbers();
        }
        let alike = self.observer.whole(head, message);
        self.came.follow(head, alike);
    }

    #[inline]
    pub(super) fn sent_frame(&mut self, head: &Head, payload: &[u8]) {
        if self.went.has(head) {
            self.went.count += 1;
        } else {
            self.begin_sent(head, payload);
        }
    }

    #[inline(never)]
    fn begin_sent(&mut self, head: &Head, payload: &[u8]) {
        if self.went.count > 0 {
            self.tell_numbers();
        }
        let alike = self.observer.sent_frame(head, payload);
        self.went.follow(head, alike);
    }

    pub(super) fn received(&mut self, seen: &Seen<'_>) {
        self.up_to_date().received(seen);
    }

    pub(super) fn message(&mut self, message: &Message<'_>) {
        self.up_to_date().message(message);
    }

    pub(super) fn sent_compressed(&mut self, size: u64, message: Option<&[u8]>) {
        self.up_to_date().sent_compressed(size, message);
    }

    pub(super) fn waiting(&mut self, bytes: usize) {
        self.observer.waiting(bytes);
    }

    pub(super) fn failed(&mut self, cause: &Cause) {
        self.up_to_date().failed(cause);
    }

    pub(super) fn round_trip(&mut self, time: Duration) {
        self.up_to_date().round_trip(time);
    }

    pub(super) fn closed(&mut self, closed: &Closed) {
        self.up_to_date().closed(closed);
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.tell_numbers();
    }
}

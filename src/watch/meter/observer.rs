//! Counts what a connection sees and does.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::tally::{Tally, seat};
use super::{Gone, Meter};
use crate::proto::{Closed, Kind, Message, Observer, Seen};
use crate::wire::{Head, Opcode};

/// Counts for one connection, which is gone when this is.
pub(super) struct Counter {
    meter: Arc<Meter>,
    /// What the meter knows the connection by.
    key: u64,
    connection: Arc<Connection>,
    /// Of the thread with this seat.
    tally: Arc<Tally>,
    seat: usize,
    /// Nanoseconds of the meter's time, as of this turn.
    now: u64,
    /// Whether no message came in this turn yet.
    fresh: bool,
    /// When the last message came; `None` before the first.
    last: Option<u64>,
    /// What is coming in.
    incoming: Unfinished,
    /// What is being sent.
    outgoing: Unfinished,
    gone: bool,
}

/// A message of which not all frames were seen yet.
struct Unfinished {
    kind: Kind,
    compressed: bool,
    /// Its bytes so far, on the wire.
    bytes: u64,
}

impl Unfinished {
    const NONE: Self = Self { kind: Kind::Binary, compressed: false, bytes: 0 };

    #[inline]
    fn frame(&mut self, head: &Head) {
        if head.opcode == Opcode::CONTINUATION {
            self.bytes = self.bytes.wrapping_add(head.len);
        } else {
            let kind = if head.opcode == Opcode::TEXT { Kind::Text } else { Kind::Binary };
            *self = Self { kind, compressed: head.rsv & Head::RSV1 != 0, bytes: head.len };
        }
    }
}

impl Counter {
    pub(super) fn new(meter: Arc<Meter>, key: u64, connection: Arc<Connection>, now: u64) -> Self {
        let seat = seat();
        let tally = meter.tallies.at(seat);
        Self {
            meter,
            key,
            connection,
            tally,
            seat,
            now,
            fresh: true,
            last: None,
            incoming: Unfinished::NONE,
            outgoing: Unfinished::NONE,
            gone: false,
        }
    }

    /// Has this thread's own counts at hand.
    #[inline]
    fn sit(&mut self) {
        let seat = seat();
        if seat != self.seat {
            self.move_to(seat);
        }
    }

    #[cold]
    fn move_to(&mut self, seat: usize) {
        self.tally = self.meter.tallies.at(seat);
        self.seat = seat;
    }

    /// A whole message came.
    #[inline]
    fn came(&mut self, message: &Message<'_>) {
        let bytes = message.payload.len() as u64;
        self.connection.received.message(message.kind, bytes);
        self.sit();
        self.tally.received(bytes);
        if !self.fresh {
            self.tally.interval(0);
            return;
        }
        self.fresh = false;
        if let Some(last) = self.last.replace(self.now) {
            self.tally.interval(self.now.saturating_sub(last));
        }
    }

    /// The first, or only, is the one that says how it ended.
    fn leave(&mut self, gone: Gone<'_>) {
        if !std::mem::replace(&mut self.gone, true) {
            self.meter.forget(self.key, self.now, gone);
        }
    }
}

impl Observer for Counter {
    #[inline]
    fn turn(&mut self, now: Instant) {
        self.now = self.meter.clock.nanos(now);
        self.fresh = true;
    }

    fn whole(&mut self, head: &Head, message: &Message<'_>) {
        self.connection.active.store(self.now, Relaxed);
        self.connection.received.frame(head);
        self.came(message);
    }

    fn received(&mut self, seen: &Seen<'_>) {
        match *seen {
            Seen::Head(head) => {
                self.connection.active.store(self.now, Relaxed);
                self.connection.received.frame(&head);
                if !head.opcode.is_control() {
                    self.incoming.frame(&head);
                }
            }
            Seen::Fault(rule) => self.connection.fault(rule),
            Seen::Data(_) | Seen::End | Seen::Lost(_) | Seen::Adrift | Seen::Resumed => {}
        }
    }

    fn message(&mut self, message: &Message<'_>) {
        if self.incoming.compressed {
            self.connection.received.compressed(self.incoming.bytes, message.payload.len() as u64);
        }
        self.came(message);
    }

    fn sent(&mut self, head: &Head) {
        self.connection.active.store(self.now, Relaxed);
        self.connection.sent.frame(head);
        if head.opcode.is_control() {
            return;
        }
        self.outgoing.frame(head);
        if head.fin {
            let Unfinished { kind, compressed, bytes } = self.outgoing;
            self.connection.sent.message(kind, bytes);
            if compressed {
                self.connection.sent.compressed(bytes, 0);
            }
            self.sit();
            self.tally.sent(bytes);
        }
    }

    fn round_trip(&mut self, time: Duration) {
        self.connection.round_trip(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        self.meter.round_trip(time);
    }

    fn closed(&mut self, closed: &Closed) {
        self.leave(Gone::Closed(closed));
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.leave(Gone::Dropped);
    }
}

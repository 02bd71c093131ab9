//! Counts what a connection sees and does.
//!
//! Most messages are like the one before: as long, and of the same kind. They are counted as a [`Run`], which costs next to
//! nothing, and is added to the counts when the turn ends.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::connection::{Connection, Way};
use super::tail::Watching;
use super::tally::{Tally, seat};
use super::{Gone, Meter};
use crate::proto::{Cause, Closed, Kind, Message, Observer, Rule, Seen};
use crate::watch::live::Violation;
use crate::wire::{Form, Head, Opcode};

/// Counts for one connection, which is gone when this is.
pub(super) struct Counter {
    /// Whole messages in one frame that came in this turn.
    came: Run,
    /// Whole messages in one frame that were sent in this turn, or since the last.
    went: Run,
    /// When this turn began.
    now: Instant,
    /// How many messages came in this turn beside those that are in a run.
    messages: u64,
    connection: Arc<Connection>,
    /// Of the thread with this seat.
    tally: Arc<Tally>,
    seat: usize,
    /// When the last message came, in nanoseconds of the meter's time; `None` before the first.
    last: Option<u64>,
    /// What is coming in.
    incoming: Unfinished,
    /// What is being sent.
    outgoing: Unfinished,
    meter: Arc<Meter>,
    /// What the meter knows the connection by.
    key: u64,
    gone: bool,
    /// While somebody follows the connection.
    watching: Option<Box<Watching>>,
}

/// Messages, one after the other, that are all alike: each a single frame, with the same head but for the masking key,
/// and not compressed.
struct Run {
    head: Head,
    count: u64,
}

impl Run {
    /// No message is like this.
    const NONE: Self = Self {
        head: Head { fin: true, rsv: 0, opcode: Opcode::BINARY, mask: None, len: u64::MAX, form: Form::Bits64 },
        count: 0,
    };

    /// Whether a message in a single frame with this head, final and not compressed, belongs to it.
    #[inline]
    fn has(&self, head: &Head) -> bool {
        // The form of the length and whether there is a key come of the length and of who sends.
        self.head.len == head.len && self.head.opcode == head.opcode
    }

    /// Adds it to the counts, and says how many messages of how many bytes it had.
    fn count(&mut self, way: &Way) -> (u64, u64) {
        let count = std::mem::take(&mut self.count);
        way.frames(&self.head, count);
        way.messages(kind(self.head.opcode), self.head.len, count);
        (self.head.len, count)
    }
}

/// A message of which not all frames were seen yet.
struct Unfinished {
    kind: Kind,
    compressed: bool,
    /// Its bytes so far, on the wire.
    bytes: u64,
}

fn kind(opcode: Opcode) -> Kind {
    if opcode == Opcode::TEXT { Kind::Text } else { Kind::Binary }
}

impl Unfinished {
    const NONE: Self = Self { kind: Kind::Binary, compressed: false, bytes: 0 };

    fn frame(&mut self, head: &Head) {
        if head.opcode == Opcode::CONTINUATION {
            self.bytes = self.bytes.wrapping_add(head.len);
        } else {
            *self = Self { kind: kind(head.opcode), compressed: head.rsv & Head::RSV1 != 0, bytes: head.len };
        }
    }
}

impl Counter {
    pub(super) fn new(meter: Arc<Meter>, key: u64, connection: Arc<Connection>, now: Instant) -> Self {
        let seat = seat();
        let tally = meter.tallies.at(seat);
        Self {
            came: Run::NONE,
            went: Run::NONE,
            now,
            messages: 0,
            connection,
            tally,
            seat,
            last: None,
            incoming: Unfinished::NONE,
            outgoing: Unfinished::NONE,
            meter,
            key,
            gone: false,
            watching: None,
        }
    }

    /// The counts of this thread.
    #[inline]
    fn tally(&mut self) -> &Tally {
        let seat = seat();
        if seat != self.seat {
            self.move_to(seat);
        }
        &self.tally
    }

    #[cold]
    fn move_to(&mut self, seat: usize) {
        self.tally = self.meter.tallies.at(seat);
        self.seat = seat;
    }

    fn count_came(&mut self) {
        let (bytes, count) = self.came.count(&self.connection.received);
        self.messages += count;
        self.tally().received(bytes, count);
    }

    fn count_went(&mut self) {
        let (bytes, count) = self.went.count(&self.connection.sent);
        self.tally().sent(bytes, count);
    }

    /// Another run begins.
    #[inline(never)]
    fn begin_came(&mut self, head: &Head) {
        if self.came.count > 0 {
            self.count_came();
        }
        self.came = Run { head: *head, count: 1 };
    }

    /// Another run begins, or what is sent is no whole message.
    #[inline(never)]
    fn begin_went(&mut self, head: &Head) {
        if self.went.count > 0 {
            self.count_went();
        }
        if head.fin && head.rsv == 0 && matches!(head.opcode, Opcode::TEXT | Opcode::BINARY) {
            self.went = Run { head: *head, count: 1 };
            return;
        }
        self.active();
        self.connection.sent.frames(head, 1);
        if head.opcode.is_control() {
            return;
        }
        self.outgoing.frame(head);
        if head.fin {
            let Unfinished { kind, compressed, bytes } = self.outgoing;
            self.connection.sent.messages(kind, bytes, 1);
            if compressed {
                self.connection.sent.compressed(bytes, 0);
            }
            self.tally().sent(bytes, 1);
        }
    }

    /// Something came or goes.
    fn active(&self) -> u64 {
        let now = self.meter.clock.nanos(self.now);
        self.connection.active.store(now, Relaxed);
        now
    }

    /// Adds what came and went in this turn to the counts.
    fn add_up(&mut self) {
        if self.came.count > 0 {
            self.count_came();
        } else if self.went.count == 0 && self.messages == 0 {
            return;
        }
        if self.went.count > 0 {
            self.count_went();
        }
        let now = self.active();
        if self.messages == 0 {
            return;
        }
        let messages = std::mem::take(&mut self.messages);
        let last = self.last.replace(now);
        let tally = self.tally();
        if let Some(last) = last {
            tally.interval(now.saturating_sub(last));
        }
        if messages > 1 {
            tally.at_once(messages - 1);
        }
    }

    /// Begins or ends to keep frames, as somebody follows the connection or not.
    #[inline]
    fn look_around(&mut self) {
        if self.connection.followers.any() != self.watching.is_some() {
            self.look_up();
        }
    }

    #[cold]
    fn look_up(&mut self) {
        let (_, role) = self.connection.end();
        self.watching = if self.watching.is_none() { Some(Box::new(Watching::new(role))) } else { None };
    }

    /// Tells who follows the connection what passed.
    #[cold]
    fn tell(&mut self) {
        if let Some(watching) = &mut self.watching {
            let clock = &self.meter.clock;
            watching.tell(clock.timestamp(clock.nanos(self.now)), &self.connection.followers);
        }
    }

    #[cold]
    fn fault(&self, rule: Rule) {
        self.connection.fault(rule);
        let (id, role) = self.connection.end();
        let clock = &self.meter.clock;
        let at = clock.timestamp(clock.nanos(self.now));
        self.meter.violation(Violation { at, connection: Some(id), by: Some(role.peer()), rule });
    }

    /// The first, or only, is the one that says how it ended.
    fn leave(&mut self, gone: Gone<'_>) {
        if !std::mem::replace(&mut self.gone, true) {
            self.add_up();
            if let Some(watching) = &mut self.watching {
                // What will not come to its end is shown as far as it came.
                watching.end();
                self.tell();
            }
            self.meter.forget(self.key, self.meter.clock.nanos(self.now), gone);
        }
    }
}

impl Observer for Counter {
    fn turn(&mut self, now: Instant) {
        self.now = now;
        self.look_around();
    }

    fn settled(&mut self) {
        self.add_up();
        if self.watching.is_some() {
            self.tell();
        }
    }

    #[inline]
    fn whole(&mut self, head: &Head, message: &Message<'_>) {
        if let Some(watching) = &mut self.watching {
            watching.came(head, &message.payload);
        }
        if self.came.has(head) {
            self.came.count += 1;
        } else {
            self.begin_came(head);
        }
    }

    fn received(&mut self, seen: &Seen<'_>) {
        if let Some(watching) = &mut self.watching {
            match *seen {
                Seen::Head(head) => watching.head(head),
                Seen::Data(data) => watching.data(data),
                Seen::End => watching.end(),
                Seen::Fault(_) | Seen::Lost(_) | Seen::Adrift | Seen::Resumed => {}
            }
        }
        match *seen {
            Seen::Head(head) => {
                self.active();
                self.connection.received.frames(&head, 1);
                if !head.opcode.is_control() {
                    self.incoming.frame(&head);
                }
            }
            Seen::Fault(rule) => self.fault(rule),
            Seen::Data(_) | Seen::End | Seen::Lost(_) | Seen::Adrift | Seen::Resumed => {}
        }
    }

    fn message(&mut self, message: &Message<'_>) {
        let bytes = message.payload.len() as u64;
        if self.incoming.compressed {
            if let Some(watching) = &mut self.watching {
                watching.inflated(&message.payload);
            }
            self.connection.received.compressed(self.incoming.bytes, bytes);
        }
        self.connection.received.messages(message.kind, bytes, 1);
        self.messages += 1;
        self.tally().received(bytes, 1);
    }

    #[inline]
    fn sent(&mut self, head: &Head) {
        if self.went.has(head) && head.fin && head.rsv == 0 {
            self.went.count += 1;
        } else {
            self.begin_went(head);
        }
    }

    #[inline]
    fn sent_frame(&mut self, head: &Head, payload: &[u8]) {
        if self.went.count == 0 {
            // What others send is told before the turn begins.
            self.look_around();
        }
        if let Some(watching) = &mut self.watching {
            watching.went(head, payload);
        }
        self.sent(head);
    }

    fn sent_compressed(&mut self, message: &[u8]) {
        if let Some(watching) = &mut self.watching {
            watching.deflated(message);
        }
    }

    fn round_trip(&mut self, time: Duration) {
        self.connection.round_trip(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        self.meter.round_trip(time);
    }

    fn closed(&mut self, closed: &Closed) {
        if let Cause::OpeningInvalid(rules, _) = &closed.cause {
            let (_, role) = self.connection.end();
            self.meter.violated(role.peer(), *rules);
        }
        self.leave(Gone::Closed(closed));
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.leave(Gone::Dropped);
    }
}

//! Counts what a connection sees and does.
//!
//! Most messages are like the one before: as long, and of the same kind. They are counted as a [`Run`]: the endpoint tells
//! the first of them, and how many more there were when the turn ends. Then they are added to the counts.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::echoes::Echoes;
use super::run::Run;
use super::tail::Watching;
use super::tally::{Tally, seat};
use super::{Gone, Meter};
use crate::proto::{Alike, Cause, Closed, Kind, Message, Observer, Rule, Seen};
use crate::watch::live::Violation;
use crate::wire::{Head, Opcode};

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
    /// While somebody follows the connection.
    watching: Option<Box<Watching>>,
    connection: Arc<Connection>,
    /// Of the thread with this seat.
    tally: Arc<Tally>,
    seat: usize,
    /// When the last message came, in nanoseconds of the meter's time; `None` before the first.
    last: Option<u64>,
    echoes: Echoes,
    /// What is coming in.
    incoming: Unfinished,
    /// What is being sent.
    outgoing: Unfinished,
    meter: Arc<Meter>,
    /// What the meter knows the connection by.
    key: u64,
    gone: bool,
}

/// A message of which not all frames were seen yet.
struct Unfinished {
    kind: Kind,
    compressed: bool,
    /// Its bytes so far, on the wire.
    bytes: u64,
}

pub(super) fn kind(opcode: Opcode) -> Kind {
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
            watching: None,
            connection,
            tally,
            seat,
            last: None,
            echoes: Echoes::default(),
            incoming: Unfinished::NONE,
            outgoing: Unfinished::NONE,
            meter,
            key,
            gone: false,
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

    /// Another run begins.
    #[inline(never)]
    fn begin_came(&mut self, head: &Head) {
        let count = self.came.take();
        if count > 0 {
            self.messages += count;
            self.came.add(count, &self.connection.often.received);
            let slot = self.came.slot;
            self.tally().received.add(slot, count);
        }
        self.came = Run::of(head);
    }

    /// Another run begins, or what is sent is no whole message. Says whether it is the first of a run.
    #[inline(never)]
    fn begin_went(&mut self, head: &Head) -> bool {
        let count = self.went.take();
        if count > 0 {
            self.went.add(count, &self.connection.often.sent);
            let slot = self.went.slot;
            self.tally().sent.add(slot, count);
        }
        if head.fin && head.rsv == 0 && matches!(head.opcode, Opcode::TEXT | Opcode::BINARY) {
            self.went = Run::of(head);
            return true;
        }
        self.active();
        self.connection.sent.frames(head, 1);
        if head.opcode.is_control() {
            return false;
        }
        self.outgoing.frame(head);
        if head.fin {
            let Unfinished { kind, compressed, bytes } = self.outgoing;
            self.connection.sent.messages(kind, bytes, 1);
            if compressed {
                self.connection.sent.compressed(bytes);
            }
            self.tally().sent.record(bytes, 1);
        }
        false
    }

    /// Something came or goes.
    fn active(&self) -> u64 {
        let now = self.meter.clock.nanos(self.now);
        self.connection.often.active.store(now, Relaxed);
        now
    }

    /// Adds what came and went in this turn to the counts.
    fn add_up(&mut self) {
        let (came, went) = (self.came.take(), self.went.take());
        let messages = std::mem::take(&mut self.messages) + came;
        if messages | went == 0 {
            return;
        }
        let now = self.active();
        let last = if messages > 0 { self.last.replace(now) } else { None };
        // That of this thread.
        self.tally();
        let Self { connection, tally, .. } = self;
        if came > 0 {
            self.came.add(came, &connection.often.received);
            tally.received.add(self.came.slot, came);
        }
        if went > 0 {
            self.went.add(went, &connection.often.sent);
            tally.sent.add(self.went.slot, went);
        }
        if let Some(last) = last {
            tally.intervals.record(now.saturating_sub(last));
        }
        if messages > 1 {
            tally.intervals.at_once(messages - 1);
        }
    }

    /// Whether a message that comes is the first of its turn.
    #[inline]
    fn is_first(&self) -> bool {
        self.came.count | self.messages == 0
    }

    /// The first message of a turn came: it may be one that is timed.
    #[inline]
    fn came_first(&mut self, kind: Kind, bytes: u64) {
        if self.echoes.is_due() {
            self.echoes.begin(kind, bytes, self.now);
        }
    }

    /// A message went, while one is timed.
    #[cold]
    fn echoed(&mut self, head: &Head) {
        if let Some(nanos) = self.echoes.went(kind(head.opcode), head.len, self.now) {
            self.tally().echoes.record(nanos);
        }
    }

    /// Begins or ends to keep frames, as somebody follows the connection or not.
    #[inline]
    fn look_around(&mut self) {
        if self.connection.often.followers.any() != self.watching.is_some() {
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
            watching.tell(clock.timestamp(clock.nanos(self.now)), &self.connection.often.followers);
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
    fn whole(&mut self, head: &Head, message: &Message<'_>) -> Alike {
        let is_followed = match &mut self.watching {
            Some(watching) => {
                watching.came(head, &message.payload);
                true
            }
            None => false,
        };
        if self.is_first() {
            self.came_first(message.kind, head.len);
        }
        if self.came.has(head) {
            self.came.count += 1;
        } else {
            self.begin_came(head);
        }
        if is_followed { Alike::Each } else { Alike::Number }
    }

    fn more_whole(&mut self, count: u64) {
        self.came.count += count;
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
            self.connection.received.compressed(self.incoming.bytes);
            self.connection.received.inflated(bytes);
        } else if self.is_first() {
            self.came_first(message.kind, bytes);
        }
        self.connection.received.messages(message.kind, bytes, 1);
        self.messages += 1;
        self.tally().received.record(bytes, 1);
    }

    fn sent(&mut self, head: &Head) {
        self.sent_frame(head, &[]);
    }

    #[inline]
    fn sent_frame(&mut self, head: &Head, payload: &[u8]) -> Alike {
        if self.went.count == 0 {
            // What others send is told before the turn begins.
            self.look_around();
        }
        if let Some(watching) = &mut self.watching {
            watching.went(head, payload);
        }
        let is_message = if self.went.has(head) && head.fin && head.rsv == 0 {
            self.went.count += 1;
            true
        } else {
            self.begin_went(head)
        };
        if is_message && self.echoes.is_on() {
            self.echoed(head);
            return Alike::Each;
        }
        if is_message && self.watching.is_none() { Alike::Number } else { Alike::Each }
    }

    fn more_sent(&mut self, count: u64) {
        self.went.count += count;
    }

    fn sent_compressed(&mut self, size: u64, message: Option<&[u8]>) {
        self.connection.sent.inflated(size);
        if let (Some(watching), Some(message)) = (&mut self.watching, message) {
            watching.deflated(message);
        }
    }

    fn waiting(&mut self, bytes: usize) {
        self.connection.often.queued.store(bytes as u64, Relaxed);
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

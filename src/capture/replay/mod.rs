//! A capture, told as its servers would have told it while it was made.
//!
//! What a client sent counts as received, and what a server sent as sent. The time is that of the capture. The totals of
//! all connections are those that are counted with each [`Connection`]; memory is bounded by the connections that are
//! open at the same time, the last [`Meter::GONE`] that are gone, and the violations and frames that nobody has taken.

mod entry;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::time::Duration;

use self::entry::Entry;
use super::{Connection, Ending, Event, Frame, Message, RoundTrip, Sink, Time, Violation, Wants};
use crate::proto::{ConnectionId, Role};
use crate::watch::live::{self, Cover, Passed, Tail};
use crate::watch::{Backlog, Meter, Row, Samples, Snapshot, Spread, Spreads, Timestamp, Totals};
use crate::wire::CloseCode;

/// Counts what an [`Analyzer`](super::Analyzer) finds, as a [`Meter`] counts living connections.
#[derive(Debug, Default)]
pub struct Replay {
    began: Option<Time>,
    /// The latest time that was seen.
    now: Time,
    connections: BTreeMap<u64, Entry>,
    /// The newest comes first.
    gone: VecDeque<Row>,
    departed: Totals,
    samples: All,
    violations: VecDeque<live::Violation>,
    follow: Option<ConnectionId>,
    backlog: Backlog,
    cover: Cover,
    /// Whether the capture has ended.
    over: bool,
}

#[derive(Debug, Default)]
struct All {
    received: Samples,
    sent: Samples,
    intervals: Samples,
    round_trips: Samples,
    handshakes: Samples,
    lifetimes: Samples,
}

/// How many close codes are told apart: peers choose them, and every one is kept.
const CODES: usize = 64;

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Replay {
    /// Of a capture of which nothing was read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// It is this time in the capture, at least. The first time is that of its beginning.
    pub fn at(&mut self, time: Time) {
        self.now = if self.began.is_some() { self.now.max(time) } else { time };
        self.began.get_or_insert(time);
    }

    /// When the capture began, and the latest time of it.
    pub fn times(&self) -> Option<(Time, Time)> {
        Some((self.began?, self.now))
    }

    /// The capture ends: connections that are told to be over from now on are so only because nothing more is known of
    /// them, and stay open.
    pub fn ends(&mut self) {
        self.over = true;
    }

    /// Has the frames of this connection kept from now on, or of none.
    pub fn follow(&mut self, connection: Option<ConnectionId>) {
        if self.follow != connection {
            self.follow = connection;
            self.backlog = Backlog::default();
        }
    }

    /// The frames of the connection that is followed that passed since they were taken last.
    pub fn frames(&mut self) -> Option<Tail> {
        self.backlog.take(self.follow?)
    }

    /// The rules that were broken since they were taken last, the oldest first; of very many the last.
    pub fn violations(&mut self) -> Vec<live::Violation> {
        std::mem::take(&mut self.violations).into()
    }

    /// What was counted until now, with a row for each open connection.
    pub fn snapshot(&self) -> Snapshot {
        let mut totals = self.departed.clone();
        let mut rows = Vec::new();
        let mut open = 0;
        for entry in self.connections.values() {
            entry.count(&mut totals);
            if entry.is_open() {
                open += 1;
                rows.push(entry.row(self.now));
            }
        }
        totals.opened = totals.closed + open;
        let All { received, sent, intervals, round_trips, handshakes, lifetimes } = &self.samples;
        let began = self.began.unwrap_or_default();
        Snapshot {
            at: self.now.timestamp(),
            began: began.timestamp(),
            uptime: Duration::from_micros(nanos(self.now.since(began)) / 1000),
            open,
            queued: 0,
            totals,
            spreads: Spreads {
                received: received.spread(Spread::SIZES),
                sent: sent.spread(Spread::SIZES),
                intervals: intervals.spread(Spread::INTERVALS),
                // When this end began with its answer is not seen.
                echoes: Spread::default(),
                round_trips: round_trips.spread(Spread::TIMES),
                handshakes: handshakes.spread(Spread::TIMES),
                lifetimes: lifetimes.spread(Spread::LIFETIMES),
            },
            rows,
            gone: self.gone.iter().cloned().collect(),
        }
    }

    fn opened(&mut self, connection: &Connection) {
        if let Some(time) = connection.opened.and_then(|opened| opened.since(connection.first)) {
            // Of a guessed one it is not known when its handshake began.
            if !connection.guessed && !connection.is_refused() {
                self.samples.handshakes.record(nanos(time));
            }
        }
        self.connections.insert(connection.number, Entry::new(connection, self.now));
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        let time = frame.place.time.unwrap_or(self.now);
        if let Some(entry) = self.connections.get_mut(&frame.connection.number) {
            entry.frame(frame, time);
        }
        if self.follow == Some(ConnectionId(frame.connection.number)) {
            let payload = frame.payload.unwrap_or_default();
            let mut passed = Passed::new(time.timestamp(), frame.from, &frame.head, payload);
            self.cover.over(&mut passed);
            self.backlog.push(passed);
        }
    }

    fn message(&mut self, message: &Message<'_>) {
        let time = message.place.time.unwrap_or(self.now);
        if let Some(entry) = self.connections.get_mut(&message.connection.number)
            && let Some(interval) = entry.message(message, time)
        {
            self.samples.intervals.record(nanos(interval));
        }
        let length = message.length.unwrap_or(message.wire);
        match message.from {
            Role::Client => self.samples.received.record(length),
            Role::Server => self.samples.sent.record(length),
        }
        if self.follow == Some(ConnectionId(message.connection.number))
            && message.compressed
            && let Some(payload) = message.payload
        {
            self.backlog.inflated(message.from, payload);
        }
    }

    fn round_trip(&mut self, trip: &RoundTrip<'_>) {
        self.samples.round_trips.record(nanos(trip.time));
        if let Some(entry) = self.connections.get_mut(&trip.connection.number) {
            entry.round_trip(trip.time);
        }
    }

    fn violation(&mut self, violation: &Violation<'_>) {
        let Violation { connection, by, rule, place, .. } = *violation;
        let mut id = None;
        if let Some(entry) = self.connections.get_mut(&connection.number) {
            entry.fault(rule);
            id = entry.is_open().then_some(ConnectionId(connection.number));
        }
        if self.violations.len() == Meter::VIOLATIONS {
            self.violations.pop_front();
        }
        let at = place.time.unwrap_or(self.now).timestamp();
        self.violations.push_back(live::Violation { at, connection: id, by: Some(by), rule });
    }

    fn closed(&mut self, connection: &Connection) {
        let Some(mut entry) = self.connections.remove(&connection.number) else { return };
        entry.update(connection);
        if self.over && connection.ending == Ending::Open && entry.is_open() {
            self.connections.insert(connection.number, entry);
            return;
        }
        entry.count(&mut self.departed);
        if connection.is_refused() {
            self.departed.refused += 1;
        } else if !entry.is_open() {
            self.departed.failed += 1;
        } else {
            self.departed.closed += 1;
            let (row, lifetime) = entry.gone(connection);
            self.samples.lifetimes.record(nanos(lifetime));
            let code = row.end.as_ref().map_or(CloseCode::ABNORMAL, |end| end.code);
            let codes = &mut self.departed.closes;
            if codes.len() < CODES || codes.contains_key(&code) {
                *codes.entry(code).or_default() += 1;
            } else {
                self.departed.other_closes += 1;
            }
            self.gone.truncate(Meter::GONE - 1);
            self.gone.push_front(row);
        }
    }
}

impl Sink for Replay {
    fn wants(&self) -> Wants {
        // Whom somebody wants to follow is known only when it is under way.
        Wants { frame_payloads: true, messages: true }
    }

    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Opened(connection) => self.opened(connection),
            Event::Frame(frame) => self.frame(frame),
            Event::Message(message) => self.message(message),
            Event::RoundTrip(trip) => self.round_trip(trip),
            Event::Violation(violation) => self.violation(violation),
            Event::Note(_) => {}
            Event::Closed(connection) => self.closed(connection),
        }
        Ok(())
    }
}

/// When something was, where that is known.
fn timestamp(time: Option<Time>) -> Timestamp {
    time.unwrap_or_default().timestamp()
}

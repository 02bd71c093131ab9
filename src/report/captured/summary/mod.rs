//! A capture, folded as it is read.
//!
//! Memory does not grow with the capture, but with the connections that are open at the same time, and with all
//! connections up to [`Summary::CONNECTIONS`]. What is beyond a bound is counted.

mod rates;
mod spread;
mod troubles;
mod written;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::time::Duration;

use foldhash::fast::FixedState;
use serde::Serialize;

pub use self::rates::{Bucket, Rates};
pub use self::spread::{Bin, Spread};
pub use self::troubles::{Noted, Refused, Spot, Violated};
use crate::capture::{Close, Connection, Ending, Event, Frame, Message, Place, Sent, Sink, Time, Wants};

/// What a capture holds, in all.
///
/// What is counted of connections is counted when they [end](Event::Closed), so the sums are whole when everything was
/// told. Of arrays, the client's part is the first.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// All connections, the refused ones included.
    pub connections: u64,
    /// Those that are open where the capture ends.
    pub open: u64,
    /// Those whose opening handshake failed.
    pub refused: u64,
    /// Those of which no opening handshake was captured whole.
    pub guessed: u64,
    /// Those that are encrypted, and were decrypted.
    pub encrypted: u64,
    /// The first packet of the connections.
    #[serde(serialize_with = "written::place")]
    pub first: Option<Place>,
    /// The last.
    #[serde(serialize_with = "written::place")]
    pub last: Option<Place>,
    /// What both ends sent.
    #[serde(serialize_with = "written::sent")]
    pub sent: [Sent; 2],
    /// Messages by kind.
    #[serde(serialize_with = "written::ends")]
    pub kinds: [Kinds; 2],
    /// From pings to their pongs, in nanoseconds.
    pub round_trips: Spread,
    /// The length of messages in bytes, after inflating.
    #[serde(serialize_with = "written::ends")]
    pub sizes: [Spread; 2],
    /// From the end of a message to the end of the next one of the same sender on the same connection, in nanoseconds.
    #[serde(serialize_with = "written::ends")]
    pub between: [Spread; 2],
    /// What was sent when.
    pub rates: Rates,
    /// Broken rules, the most frequent first once it is [asked for](Summary::violations).
    violations: Vec<Violated>,
    /// What is no fault of either end.
    pub notes: Vec<Noted>,
    /// Openings that were refused, by status.
    pub refusals: BTreeMap<u16, Refused>,
    /// The connections themselves, in the order in which they ended, up to [`Summary::CONNECTIONS`].
    #[serde(serialize_with = "written::connections")]
    pub rows: Vec<Connection>,
    #[serde(skip)]
    show_secrets: bool,
    /// When both ends of the open connections last ended a message.
    #[serde(skip)]
    before: HashMap<u64, [Option<Time>; 2], FixedState>,
}

/// Messages by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Kinds {
    /// Text messages.
    pub text: u64,
    /// Binary messages.
    pub binary: u64,
}

impl Summary {
    /// The most connections that are kept.
    pub const CONNECTIONS: usize = 10_000;

    /// The most bytes that are kept of what an end wrote in its opening, a field.
    const FIELD: usize = 300;

    /// Of a capture that has not begun. What is secret in openings is kept only if it is to be shown.
    pub fn new(show_secrets: bool) -> Self {
        Self { show_secrets, ..Self::default() }
    }

    /// Broken rules by rule and by whom, the most frequent first.
    pub fn violations(&self) -> Vec<&Violated> {
        let mut violations: Vec<&Violated> = self.violations.iter().collect();
        violations.sort_by_key(|violated| std::cmp::Reverse(violated.count));
        violations
    }

    /// How many rules were broken, each time counted.
    pub fn faults(&self) -> u64 {
        self.violations.iter().map(|violated| violated.count).sum()
    }

    /// Connections that were counted and not kept.
    pub const fn left_out(&self) -> u64 {
        self.connections - self.rows.len() as u64
    }

    /// From the first packet of the connections to the last, if their times are known.
    pub fn duration(&self) -> Option<Duration> {
        self.last?.since(self.first?)
    }

    /// What both ends sent together.
    pub fn all(&self) -> Sent {
        let mut all = self.sent[0];
        add(&mut all, &self.sent[1]);
        all
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        let head = &frame.head;
        let size = 2 + head.form.extra() as u64 + if head.mask.is_some() { 4 } else { 0 };
        if let Some(bucket) = self.rates.at(frame.place.time) {
            bucket.bytes[frame.from as usize] += size.saturating_add(frame.captured);
        }
    }

    fn message(&mut self, message: &Message<'_>) {
        let from = message.from as usize;
        let kinds = &mut self.kinds[from];
        *(if message.kind.opcode().0 == 1 { &mut kinds.text } else { &mut kinds.binary }) += 1;
        if let Some(length) = message.length {
            self.sizes[from].record(length);
        }
        if let Some(bucket) = self.rates.at(message.place.time) {
            bucket.messages[from] += 1;
        }
        let Some(time) = message.place.time else { return };
        let last = &mut self.before.entry(message.connection.number).or_default()[from];
        if let Some(before) = last.replace(time) {
            self.between[from].record_time(time.since(before));
        }
    }

    fn closed(&mut self, connection: &Connection) {
        self.before.remove(&connection.number);
        self.connections += 1;
        self.open += u64::from(connection.ending == Ending::Open && !connection.is_refused());
        self.guessed += u64::from(connection.guessed);
        self.encrypted += u64::from(connection.tls.is_some());
        if is_refused(connection) {
            self.refused += 1;
            // Only who was answered was refused with a status.
            if let Some(status) = connection.status {
                self.refusals.entry(status).or_default().count(connection, self.show_secrets);
            }
        }
        add(&mut self.sent[0], &connection.from_client);
        add(&mut self.sent[1], &connection.from_server);
        let when = |place: &Place| (place.time, place.packet);
        self.first = self.first.into_iter().chain([connection.first]).min_by_key(when);
        self.last = self.last.into_iter().chain([connection.last]).max_by_key(when);
        if self.rows.len() < Self::CONNECTIONS {
            self.rows.push(kept(connection, self.show_secrets));
        }
    }
}

impl Sink for Summary {
    fn wants(&self) -> Wants {
        Wants { frame_payloads: false, messages: true }
    }

    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Opened(connection) => self.rates.begin(connection.first.time),
            Event::Frame(frame) => self.frame(frame),
            Event::Message(message) => self.message(message),
            Event::RoundTrip(trip) => self.round_trips.record_time(trip.time),
            Event::Violation(violation) => Violated::count(&mut self.violations, violation),
            Event::Note(note) => Noted::count(&mut self.notes, note, self.show_secrets),
            Event::Closed(connection) => self.closed(connection),
        }
        Ok(())
    }
}

/// Whether it never was a WebSocket.
pub(in crate::report::captured) fn is_refused(connection: &Connection) -> bool {
    connection.is_refused() || connection.ending == Ending::Refused
}

/// What is kept of a connection: no secrets, and nothing without bound.
fn kept(connection: &Connection, show_secrets: bool) -> Connection {
    let mut kept = if show_secrets { connection.clone() } else { connection.without_secrets() };
    let fields = [
        &mut kept.url,
        &mut kept.host,
        &mut kept.origin,
        &mut kept.agent,
        &mut kept.refusal,
        &mut kept.subprotocol,
        &mut kept.extensions,
        &mut kept.tls,
    ];
    fields.into_iter().flatten().for_each(cut);
    if let Some(Close { reason, .. }) = &mut kept.close {
        cut(reason);
    }
    kept
}

/// Cuts text that is longer than what is kept.
fn cut(text: &mut String) {
    if text.len() > Summary::FIELD {
        text.truncate(text.floor_char_boundary(Summary::FIELD));
        text.push('…');
    }
    text.shrink_to_fit();
}

/// Adds what one connection's end sent.
fn add(to: &mut Sent, other: &Sent) {
    let sum = |to: &mut u64, other: u64| *to = to.saturating_add(other);
    let (frames, others) = (&mut to.frames, &other.frames);
    sum(&mut frames.text, others.text);
    sum(&mut frames.binary, others.binary);
    sum(&mut frames.continuation, others.continuation);
    sum(&mut frames.close, others.close);
    sum(&mut frames.ping, others.ping);
    sum(&mut frames.pong, others.pong);
    sum(&mut frames.reserved, others.reserved);
    sum(&mut to.messages, other.messages);
    sum(&mut to.compressed, other.compressed);
    sum(&mut to.opaque, other.opaque);
    sum(&mut to.bytes, other.bytes);
    sum(&mut to.payload, other.payload);
    sum(&mut to.deflated, other.deflated);
    sum(&mut to.inflated, other.inflated);
    sum(&mut to.content, other.content);
    sum(&mut to.lost, other.lost);
}

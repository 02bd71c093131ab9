//! What is counted of one connection while it lives.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::run::size;
use super::tail::Followers;
use super::tally::add;
use super::{About, Clock};
use crate::proto::{ConnectionId, Kind, Role, Rule};
use crate::watch::{Counts, Row};
use crate::wire::{Head, Opcode};

/// A connection and its counts, which its own observer alone writes.
pub(super) struct Connection {
    about: About,
    pub(super) often: Often,
    /// Nanoseconds of the meter's time.
    opened: u64,
    /// Nanoseconds, and one more; 0 before there is one.
    round_trip: AtomicU64,
    pub(super) received: Way,
    pub(super) sent: Way,
    faults: Mutex<Faults>,
}

/// What nearly every turn reads or writes, side by side: of many connections, those are the lines of the cache that each
/// turn has to wait for.
#[repr(C)]
pub(super) struct Often {
    /// When something came or went last.
    pub(super) active: AtomicU64,
    /// Bytes that wait to be sent, because the peer is slow.
    pub(super) queued: AtomicU64,
    pub(super) received: Wholes,
    pub(super) sent: Wholes,
    pub(super) followers: Followers,
}

/// Which rules were broken.
#[derive(Clone, Default)]
struct Faults {
    counts: BTreeMap<Rule, u64>,
    last: Option<Rule>,
}

impl Connection {
    pub(super) fn new(about: About, opened: u64) -> Self {
        Self {
            about,
            often: Often {
                active: AtomicU64::new(opened),
                queued: AtomicU64::new(0),
                received: Wholes::default(),
                sent: Wholes::default(),
                followers: Followers::default(),
            },
            opened,
            round_trip: AtomicU64::new(0),
            received: Way::default(),
            sent: Way::default(),
            faults: Mutex::default(),
        }
    }

    /// Which one it is, and which end of it we are.
    pub(super) const fn end(&self) -> (ConnectionId, Role) {
        (self.about.id, self.about.role)
    }

    #[cold]
    pub(super) fn fault(&self, rule: Rule) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        *faults.counts.entry(rule).or_default() += 1;
        faults.last = Some(rule);
    }

    /// How often each rule was broken.
    pub(super) fn faults(&self) -> BTreeMap<Rule, u64> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).counts.clone()
    }

    pub(super) fn round_trip(&self, nanos: u64) {
        self.round_trip.store(nanos.saturating_add(1), Relaxed);
    }

    /// What came.
    pub(super) fn received(&self) -> Counts {
        self.received.counts(&self.often.received)
    }

    /// What was sent.
    pub(super) fn sent(&self) -> Counts {
        self.sent.counts(&self.often.sent)
    }

    /// How long it has been open.
    pub(super) const fn age(&self, now: u64) -> u64 {
        now.saturating_sub(self.opened)
    }

    /// What is known of it at this time.
    pub(super) fn row(&self, now: u64, clock: &Clock) -> Row {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let About { id, peer, resource, subprotocol, compressed, handshake: _, role: _ } = self.about.clone();
        Row {
            id,
            peer,
            resource,
            subprotocol,
            compressed,
            opened: clock.timestamp(self.opened),
            age: whole_micros(self.age(now)),
            idle: whole_micros(now.saturating_sub(self.often.active.load(Relaxed))),
            received: self.received(),
            sent: self.sent(),
            queued: self.often.queued.load(Relaxed),
            round_trip: self.round_trip.load(Relaxed).checked_sub(1).map(whole_micros),
            faults: faults.counts,
            last_fault: faults.last,
            end: None,
        }
    }
}

/// As it is written, so that what is read again is the same.
pub(super) const fn whole_micros(nanos: u64) -> Duration {
    Duration::from_micros(nanos / 1000)
}

/// Whole messages of one direction, each in a frame of its own and not compressed.
#[derive(Default)]
pub(super) struct Wholes {
    texts: AtomicU64,
    binaries: AtomicU64,
    heads: AtomicU64,
    bytes: AtomicU64,
}

impl Wholes {
    /// So many text or binary ones, each a frame with a head and a payload of so many bytes.
    #[inline]
    pub(super) fn add(&self, text: bool, head: u64, payload: u64, count: u64) {
        add(if text { &self.texts } else { &self.binaries }, count);
        add(&self.heads, count.wrapping_mul(head));
        add(&self.bytes, count.wrapping_mul(payload));
    }
}

/// All else of one direction.
#[derive(Default)]
pub(super) struct Way {
    /// By [`place`].
    frames: [AtomicU64; 7],
    heads: AtomicU64,
    payload: AtomicU64,
    text: AtomicU64,
    binary: AtomicU64,
    bytes: AtomicU64,
    compressed: AtomicU64,
    deflated: AtomicU64,
    inflated: AtomicU64,
}

/// Where frames with this opcode are counted.
#[inline]
const fn place(opcode: Opcode) -> usize {
    // Of the opcodes 0 to 15: continuation, text, binary, close, ping, pong, and all others in one place.
    const PLACES: [u8; 16] = [0, 1, 2, 6, 6, 6, 6, 6, 3, 4, 5, 6, 6, 6, 6, 6];
    PLACES[(opcode.0 & 0xf) as usize] as usize
}

impl Way {
    /// So many frames with such a head.
    #[inline]
    pub(super) fn frames(&self, head: &Head, count: u64) {
        if let Some(frames) = self.frames.get(place(head.opcode)) {
            add(frames, count);
        }
        add(&self.heads, count.wrapping_mul(size(head)));
        add(&self.payload, count.wrapping_mul(head.len));
    }

    /// So many messages, each of so many bytes.
    #[inline]
    pub(super) fn messages(&self, kind: Kind, bytes: u64, count: u64) {
        add(if matches!(kind, Kind::Text) { &self.text } else { &self.binary }, count);
        add(&self.bytes, count.wrapping_mul(bytes));
    }

    /// A message was compressed to so many bytes.
    #[cold]
    pub(super) fn compressed(&self, deflated: u64) {
        add(&self.compressed, 1);
        add(&self.deflated, deflated);
    }

    /// It had so many before.
    #[cold]
    pub(super) fn inflated(&self, bytes: u64) {
        add(&self.inflated, bytes);
    }

    /// These and the whole messages.
    fn counts(&self, wholes: &Wholes) -> Counts {
        let [continuation, text, binary, close, ping, pong, other] =
            std::array::from_fn(|place| self.frames[place].load(Relaxed));
        let [texts, binaries, heads, bytes] =
            [&wholes.texts, &wholes.binaries, &wholes.heads, &wholes.bytes].map(|count| count.load(Relaxed));
        Counts {
            text: text.wrapping_add(texts),
            binary: binary.wrapping_add(binaries),
            continuation,
            ping,
            pong,
            close,
            other,
            heads: self.heads.load(Relaxed).wrapping_add(heads),
            payload: self.payload.load(Relaxed).wrapping_add(bytes),
            text_messages: self.text.load(Relaxed).wrapping_add(texts),
            binary_messages: self.binary.load(Relaxed).wrapping_add(binaries),
            message_bytes: self.bytes.load(Relaxed).wrapping_add(bytes),
            compressed: self.compressed.load(Relaxed),
            deflated: self.deflated.load(Relaxed),
            inflated: self.inflated.load(Relaxed),
        }
    }
}

//! Counts what connections do, while they do it.
//!
//! Counting takes no lock, asks no clock and calls nothing of the system: each connection has counts of its own that it
//! alone writes, and each thread counts sizes for itself. They are added up when a [`Snapshot`] is asked for; only opening
//! and closing a connection takes a lock. What is gone is added to the totals, so that each connection counts exactly
//! once. Memory is bounded by the living connections (about 0.7 KiB each, with what they asked for), the threads (80 KiB
//! each) and the last [`Meter::GONE`] that are gone.

mod connection;
mod echoes;
mod gone;
mod observer;
mod recent;
mod run;
mod tail;
mod tally;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use self::connection::{Connection, whole_micros};
use self::gone::{Departed, Gone};
use self::observer::Counter;
use self::recent::Recent;
pub use self::tail::Follow;
use self::tally::Tallies;
use crate::proto::{ConnectionId, Observer, Role, Rule, Rules};
use crate::watch::live::Violation;
use crate::watch::{Counts, Samples, Snapshot, Spread, Spreads, Totals};
use crate::wire::http::{subprotocols_without_secrets, without_secrets};

/// Counts what connections do, living ones and all together.
///
/// ```
/// use wslab::proto::ConnectionId;
/// use wslab::watch::{About, Meter};
///
/// let meter = Meter::new();
/// let observer = meter.observe(About::new(ConnectionId(0), "/chat"));
/// assert_eq!(meter.snapshot().open, 1);
/// // A connection is given it with `Endpoint::set_observer` or `net::Connection::observe`, and it is gone with it.
/// drop(observer);
/// assert_eq!((meter.snapshot().open, meter.snapshot().totals.opened), (0, 1));
/// ```
pub struct Meter {
    clock: Clock,
    tallies: Tallies,
    connections: Mutex<Connections>,
    round_trips: Mutex<Samples>,
    recent: Mutex<Recent>,
}

/// What a meter is told of a connection when that opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its number.
    pub id: ConnectionId,
    /// Which end of it is the one that is watched.
    pub role: Role,
    /// Who is at the other end.
    pub peer: Option<SocketAddr>,
    /// What was asked for: the target of the request, or a URL. Secrets are taken out of it, and what is very long is cut.
    pub resource: String,
    /// The subprotocol that was agreed on.
    pub subprotocol: Option<String>,
    /// Whether permessage-deflate was agreed on.
    pub compressed: bool,
    /// How long the opening handshake took.
    pub handshake: Option<Duration>,
}

impl About {
    /// A connection of a server of which no more is known.
    pub fn new(id: ConnectionId, resource: impl Into<String>) -> Self {
        Self {
            id,
            role: Role::Server,
            peer: None,
            resource: resource.into(),
            subprotocol: None,
            compressed: false,
            handshake: None,
        }
    }

    /// What may be shown, and no more than is reasonable to keep.
    fn shown(self) -> Self {
        let resource = cut(without_secrets(&self.resource).into_owned(), 512);
        let subprotocol = self.subprotocol.map(|name| cut(subprotocols_without_secrets(&name).into_owned(), 128));
        Self { resource, subprotocol, ..self }
    }
}

/// The beginning of `text`, of so many bytes at most.
pub(crate) fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most - '…'.len_utf8()));
        text.push('…');
    }
    // It is kept for as long as the connection lives.
    text.shrink_to_fit();
    text
}

/// The time of a meter: nanoseconds since it began. The wall clock is read once, then time goes evenly.
struct Clock {
    began: Instant,
    at: Timestamp,
}

impl Clock {
    #[inline]
    fn nanos(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.began);
        // It lasts for 584 years.
        since.as_secs().wrapping_mul(1_000_000_000).wrapping_add(since.subsec_nanos().into())
    }

    fn timestamp(&self, nanos: u64) -> Timestamp {
        let since = SignedDuration::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX));
        self.at.checked_add(since).unwrap_or(Timestamp::MAX)
    }
}

/// The living, in the order in which they opened, and what the others left.
struct Connections {
    next: u64,
    living: BTreeMap<u64, Arc<Connection>>,
    /// By the number that they are told with; the last of several with the same.
    keys: HashMap<ConnectionId, u64>,
    departed: Departed,
    handshakes: Samples,
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Meter {
    /// How many connections that are gone are remembered with their counts.
    pub const GONE: usize = 100;

    /// How many rules that were broken are remembered one by one.
    pub const VIOLATIONS: usize = 1000;

    /// A meter that has counted nothing yet.
    pub fn new() -> Arc<Self> {
        Self::beginning(Instant::now(), Timestamp::now())
    }

    /// The same, for which it is now this time.
    pub fn beginning(now: Instant, at: Timestamp) -> Arc<Self> {
        let connections = Connections {
            next: 0,
            living: BTreeMap::new(),
            keys: HashMap::new(),
            departed: Departed::new(),
            handshakes: Samples::new(),
        };
        Arc::new(Self {
            clock: Clock { began: now, at },
            tallies: Tallies::default(),
            connections: Mutex::new(connections),
            round_trips: Mutex::new(Samples::new()),
            recent: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection has opened. What is given back counts for it, and it lives until that is told that it is closed, or
    /// dropped.
    pub fn observe(self: &Arc<Self>, about: About) -> Box<dyn Observer> {
        self.observe_at(about, Instant::now())
    }

    /// The same, at this time.
    pub fn observe_at(self: &Arc<Self>, about: About, now: Instant) -> Box<dyn Observer> {
        let (handshake, id) = (about.handshake, about.id);
        let connection = Arc::new(Connection::new(about.shown(), self.clock.nanos(now)));
        let mut connections = self.lock();
        let key = connections.next;
        connections.next += 1;
        connections.living.insert(key, connection.clone());
        connections.keys.insert(id, key);
        if let Some(time) = handshake {
            connections.handshakes.record(nanos(time));
        }
        drop(connections);
        Box::new(Counter::new(self.clone(), key, connection, now))
    }

    /// An opening handshake was answered with a refusal, and nobody observed it.
    pub fn refused(&self) {
        self.lock().departed.totals.refused += 1;
    }

    /// An opening handshake failed without an answer, and nobody observed it.
    pub fn failed(&self) {
        self.lock().departed.totals.failed += 1;
    }

    /// What was counted until now, with a row for each living connection and the last that are gone.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_at(Instant::now())
    }

    /// The same, at this time.
    pub fn snapshot_at(&self, now: Instant) -> Snapshot {
        self.take(now, true)
    }

    /// What was counted until now, without rows.
    pub fn summary(&self) -> Snapshot {
        self.summary_at(Instant::now())
    }

    /// The same, at this time.
    pub fn summary_at(&self, now: Instant) -> Snapshot {
        self.take(now, false)
    }

    fn take(&self, now: Instant, with_rows: bool) -> Snapshot {
        let now = self.clock.nanos(now);
        let connections = self.lock();
        let mut totals = connections.departed.totals.clone();
        let mut rows = Vec::new();
        let mut queued = 0;
        if with_rows {
            rows.reserve_exact(connections.living.len());
        }
        for connection in connections.living.values() {
            if with_rows {
                let row = connection.row(now, &self.clock);
                count(&mut totals, row.received, row.sent, &row.faults);
                queued += row.queued;
                rows.push(row);
            } else {
                count(&mut totals, connection.received(), connection.sent(), &connection.faults());
                queued += connection.often.queued.load(Relaxed);
            }
        }
        let open = connections.living.len() as u64;
        totals.opened = totals.closed + open;
        let gone = if with_rows { connections.departed.rows() } else { Vec::new() };
        let lifetimes = connections.departed.lifetimes.spread(Spread::LIFETIMES);
        let handshakes = connections.handshakes.spread(Spread::TIMES);
        drop(connections);
        let round_trips = self.round_trips.lock().unwrap_or_else(PoisonError::into_inner).spread(Spread::TIMES);
        let bytes = [totals.received.message_bytes, totals.sent.message_bytes];
        let [received, sent, intervals, echoes] = self.tallies.spreads(bytes[0], bytes[1]);
        Snapshot {
            at: self.clock.timestamp(now),
            began: self.clock.at,
            uptime: whole_micros(now),
            open,
            queued,
            totals,
            spreads: Spreads { received, sent, intervals, echoes, round_trips, handshakes, lifetimes },
            rows,
            gone,
        }
    }

    /// Follows the frames of an open connection; `None` if there is none of this number.
    pub fn follow(&self, id: ConnectionId) -> Option<Follow> {
        let connections = self.lock();
        let connection = connections.living.get(connections.keys.get(&id)?)?.clone();
        drop(connections);
        Some(Follow::new(id, connection))
    }

    /// The rules that were broken, from this number on, the oldest first, and the number of the next: 0 gives all that
    /// are remembered, the last [`Meter::VIOLATIONS`].
    pub fn violations(&self, from: u64) -> (Vec<Violation>, u64) {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).since(from)
    }

    /// An opening handshake that nobody observed broke these rules.
    pub fn violated(&self, by: Role, mut rules: Rules) {
        let at = self.clock.timestamp(self.clock.nanos(Instant::now()));
        while let Some(rule) = rules.pop() {
            self.violation(Violation { at, connection: None, by: Some(by), rule });
        }
    }

    fn violation(&self, violation: Violation) {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).push(violation);
    }

    fn round_trip(&self, time: Duration) {
        self.round_trips.lock().unwrap_or_else(PoisonError::into_inner).record(nanos(time));
    }

    /// A connection is gone: its counts become part of the totals.
    fn forget(&self, key: u64, now: u64, gone: Gone<'_>) {
        let mut connections = self.lock();
        if let Some(connection) = connections.living.remove(&key) {
            let (id, _) = connection.end();
            if connections.keys.get(&id) == Some(&key) {
                connections.keys.remove(&id);
                // What was large for an hour need not be large for ever.
                if connections.keys.capacity() > 1024 && connections.keys.len() < connections.keys.capacity() / 4 {
                    connections.keys.shrink_to_fit();
                }
            }
            let (row, age) = (connection.row(now, &self.clock), connection.age(now));
            connections.departed.add(row, age, gone);
        }
    }
}

/// Adds what one connection has counted.
fn count(totals: &mut Totals, received: Counts, sent: Counts, faults: &BTreeMap<Rule, u64>) {
    totals.received += received;
    totals.sent += sent;
    for (&rule, &times) in faults {
        *totals.faults.entry(rule).or_default() += times;
    }
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meter").field("open", &self.lock().living.len()).finish_non_exhaustive()
    }
}

//! A [`Meter`](super::Meter) at one instant, as plain data.
//!
//! Each connection is counted exactly once, as a living or as a gone one. Counts of the living go on while the snapshot
//! is taken, so what was in flight may be counted in one place and not yet in another. Counts that are 0 are left out
//! when a snapshot is written; sizes are in bytes, times in microseconds, those in [`Spread`]s in nanoseconds.

mod counts;
mod rates;
mod spread;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

pub use counts::Counts;
use counts::is_zero;
use jiff::Timestamp;
pub use rates::{Rates, Speed};
use serde::{Deserialize, Serialize};
pub use spread::{Bar, Samples, Spread, Spreads};

use super::words::{micros, optional_micros};
use crate::proto::{ConnectionId, Rule};
use crate::wire::CloseCode;

/// Everything that a meter has counted, at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was taken.
    pub at: Timestamp,
    /// When the meter began to count: another one of the same server is of another start of it.
    pub began: Timestamp,
    /// How long the meter has counted.
    #[serde(rename = "uptime_us", with = "micros")]
    pub uptime: Duration,
    /// How many connections are open.
    pub open: u64,
    /// Bytes that wait to be sent on the open connections, because their peers are slow.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub queued: u64,
    /// What was counted over all connections, those that are gone among them.
    pub totals: Totals,
    /// How what was measured is spread.
    pub spreads: Spreads,
    /// The connections that are open, in the order in which they opened; none if the snapshot was to be without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
    /// The last that are gone, the newest first; none if the snapshot was to be without rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<Row>,
}

/// What was counted over all connections, living and gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Connections that opened.
    #[serde(skip_serializing_if = "is_zero")]
    pub opened: u64,
    /// Connections that opened and ended.
    #[serde(skip_serializing_if = "is_zero")]
    pub closed: u64,
    /// Opening handshakes that were answered with a refusal.
    #[serde(skip_serializing_if = "is_zero")]
    pub refused: u64,
    /// Opening handshakes that failed without an answer: lost, too slow, or without TLS.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed: u64,
    /// What came in.
    pub received: Counts,
    /// What went out.
    pub sent: Counts,
    /// How often each rule was broken.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<Rule, u64>,
    /// With which code connections ended, as [`Closed::code`](crate::proto::Closed::code) says.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub closes: BTreeMap<CloseCode, u64>,
    /// Connections that ended with another code, when so many different ones were seen that no more are told apart.
    #[serde(skip_serializing_if = "is_zero")]
    pub other_closes: u64,
}

impl Totals {
    /// How often rules were broken.
    pub fn faults(&self) -> u64 {
        self.faults.values().sum()
    }
}

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its number.
    pub id: ConnectionId,
    /// Who is at the other end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<SocketAddr>,
    /// What was asked for, without secrets.
    pub resource: String,
    /// The subprotocol that was agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subprotocol: Option<String>,
    /// Whether permessage-deflate was agreed on.
    #[serde(default)]
    pub compressed: bool,
    /// When it opened.
    pub opened: Timestamp,
    /// How long it has been open, or was.
    #[serde(rename = "age_us", with = "micros")]
    pub age: Duration,
    /// How long nothing has come or gone; of one that is gone, at its end.
    #[serde(rename = "idle_us", with = "micros")]
    pub idle: Duration,
    /// What came in.
    pub received: Counts,
    /// What went out.
    pub sent: Counts,
    /// Bytes that wait to be sent, because the peer takes them more slowly; of one that is gone, what it never took.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub queued: u64,
    /// From our last ping to its pong.
    #[serde(default, rename = "round_trip_us", with = "optional_micros", skip_serializing_if = "Option::is_none")]
    pub round_trip: Option<Duration>,
    /// How often each rule was broken.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<Rule, u64>,
    /// The rule that was broken last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_fault: Option<Rule>,
    /// How it ended, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The code of the peer's close frame, 1005 if that had none, 1006 if there was no such frame.
    pub code: CloseCode,
    /// The reason that the peer gave.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The code that this end sent, if it sent a close frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<CloseCode>,
    /// Whether the closing handshake was completed.
    pub clean: bool,
    /// Why it ended, in words.
    pub cause: String,
}

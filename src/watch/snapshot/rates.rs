//! How fast things went between two snapshots.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Counts, Snapshot, Totals};
use crate::watch::words::micros;

/// How fast things went, per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// The time that this is the mean of.
    #[serde(rename = "over_us", with = "micros")]
    pub over: Duration,
    /// What came in.
    pub received: Speed,
    /// What went out.
    pub sent: Speed,
    /// Connections that opened.
    pub opened: f64,
    /// Connections that ended.
    pub closed: f64,
    /// Rules that were broken.
    pub faults: f64,
}

/// How fast one direction was, per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// Whole messages.
    pub messages: f64,
    /// Frames.
    pub frames: f64,
    /// Bytes of frames on the wire.
    pub bytes: f64,
    /// Bytes of whole messages.
    pub message_bytes: f64,
}

impl Speed {
    fn between(earlier: &Counts, later: &Counts, seconds: f64) -> Self {
        let per = |of: fn(&Counts) -> u64| of(later).saturating_sub(of(earlier)) as f64 / seconds;
        Self {
            messages: per(Counts::messages),
            frames: per(Counts::frames),
            bytes: per(Counts::bytes),
            message_bytes: per(|counts| counts.message_bytes),
        }
    }
}

impl Rates {
    /// From one to the other, between which so much time went by; `None` if that is none.
    pub fn between(earlier: &Totals, later: &Totals, over: Duration) -> Option<Self> {
        let seconds = over.as_secs_f64();
        if over.is_zero() {
            return None;
        }
        let per = |of: fn(&Totals) -> u64| of(later).saturating_sub(of(earlier)) as f64 / seconds;
        Some(Self {
            over,
            received: Speed::between(&earlier.received, &later.received, seconds),
            sent: Speed::between(&earlier.sent, &later.sent, seconds),
            opened: per(|totals| totals.opened),
            closed: per(|totals| totals.closed),
            faults: per(Totals::faults),
        })
    }
}

impl Snapshot {
    /// How fast things went since an earlier snapshot; `None` if it is not earlier, or not of the same meter: the server
    /// was started anew.
    pub fn since(&self, earlier: &Self) -> Option<Rates> {
        if self.began != earlier.began {
            return None;
        }
        Rates::between(&earlier.totals, &self.totals, self.uptime.checked_sub(earlier.uptime)?)
    }
}

//! What a client is told about its limit.

use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use super::{Allowance, Blocked};
use crate::app::clock::since_epoch;

/// A message was over the limit. As JSON,
/// `{"type":"error","message":"Rate limit exceeded","retryAfter":1500,"blockedUntil":1700000000000}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "error")]
pub struct Exceeded {
    message: &'static str,
    /// When it makes sense to try again: in so many milliseconds.
    #[serde(rename = "retryAfter")]
    pub retry_after: u64,
    /// The same, in milliseconds since the epoch.
    #[serde(rename = "blockedUntil")]
    pub blocked_until: u64,
}

impl Exceeded {
    /// What is told about a block. `now` and `wall` are the same moment, by two clocks.
    pub fn new(blocked: &Blocked, now: Instant, wall: SystemTime) -> Self {
        let left = blocked.until.saturating_duration_since(now);
        Self {
            message: "Rate limit exceeded",
            retry_after: milliseconds(left),
            blocked_until: milliseconds(since_epoch(wall).saturating_add(left)),
        }
    }
}

/// What is left. As JSON, `{"type":"rate_limit","limit":100,"remaining":57,"resetsAt":1700000000000}`; without a limit,
/// `{"type":"rate_limit","limit":null,"remaining":null,"resetsAt":null}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "rate_limit")]
pub struct Remaining {
    /// How many there are in a whole window.
    pub limit: Option<u32>,
    /// How many are left.
    pub remaining: Option<u32>,
    /// When there are all of them again, in milliseconds since the epoch.
    #[serde(rename = "resetsAt")]
    pub resets_at: Option<u64>,
}

impl Remaining {
    /// What is told about an allowance; `None` where nothing limits. `now` and `wall` are the same moment, by two clocks.
    pub fn new(allowance: Option<Allowance>, now: Instant, wall: SystemTime) -> Self {
        let resets =
            |allowance: Allowance| since_epoch(wall).saturating_add(allowance.resets.saturating_duration_since(now));
        Self {
            limit: allowance.map(|allowance| allowance.limit),
            remaining: allowance.map(|allowance| allowance.remaining),
            resets_at: allowance.map(|allowance| milliseconds(resets(allowance))),
        }
    }
}

/// Rounded up: whoever comes then is not too early.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

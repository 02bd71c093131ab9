//! What is known of a connection of the pool, and of all of them.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use tokio::time::Instant;

/// What a connection of a pool is there for at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// It is being opened, or the next attempt is waited for.
    Opening,
    /// Somebody holds it.
    InUse,
    /// Nobody holds it, and the next may have it.
    Idle,
    /// It is being closed.
    Closing,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Opening => "opening",
            Self::InUse => "in use",
            Self::Idle => "idle",
            Self::Closing => "closing",
        })
    }
}

/// A connection of a pool, at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolConnection {
    /// Its number in the pool. None is given twice.
    pub id: u64,
    /// Where it goes to, without secrets.
    pub url: String,
    /// What it is there for.
    pub standing: Standing,
    /// Since it was asked for.
    pub age: Duration,
    /// Since the last activity: a message was sent or received, or it was taken from the pool or given back.
    pub inactive: Duration,
    /// Messages sent by those who held it.
    pub sent: u64,
    /// Messages received by those who held it.
    pub received: u64,
    /// Messages that came while nobody held it.
    pub dropped: u64,
    /// How long the last answer to a ping took.
    pub round_trip: Option<Duration>,
}

impl fmt::Display for PoolConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, url, standing, sent, received, dropped, .. } = self;
        let (age, inactive) = (self.age.as_secs_f64(), self.inactive.as_secs_f64());
        write!(f, "{id}: {url}, {standing}, for {age:.1} s, active {inactive:.1} s ago, {sent} sent")?;
        write!(f, ", {received} received")?;
        if *dropped > 0 {
            write!(f, ", {dropped} dropped")?;
        }
        match self.round_trip {
            Some(time) => write!(f, ", round trip {:.1} ms", time.as_secs_f64() * 1e3),
            None => Ok(()),
        }
    }
}

/// How full a pool is. Serialised as `{"total","maximum","utilisation"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolStats {
    /// So many connections there are, those that are being opened and closed among them.
    pub total: usize,
    /// So many there may be.
    pub maximum: usize,
}

impl PoolStats {
    /// How much of the maximum there is, in percent with two decimals.
    pub fn utilisation(&self) -> f64 {
        if self.maximum == 0 {
            return 0.0;
        }
        (self.total as f64 * 1e4 / self.maximum as f64).round() / 1e2
    }
}

impl fmt::Display for PoolStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} connections ({:.2} %)", self.total, self.maximum, self.utilisation())
    }
}

impl Serialize for PoolStats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut stats = serializer.serialize_struct("PoolStats", 3)?;
        stats.serialize_field("total", &self.total)?;
        stats.serialize_field("maximum", &self.maximum)?;
        stats.serialize_field("utilisation", &self.utilisation())?;
        stats.end()
    }
}

/// The account that is kept of one connection, from before it is open until it is gone.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) id: u64,
    url: String,
    began: Instant,
    figures: Mutex<Figures>,
}

#[derive(Debug)]
struct Figures {
    standing: Standing,
    active: Instant,
    sent: u64,
    received: u64,
    dropped: u64,
    round_trip: Option<Duration>,
}

impl Account {
    pub(super) fn new(id: u64, url: String) -> Self {
        let began = Instant::now();
        let figures =
            Figures { standing: Standing::Opening, active: began, sent: 0, received: 0, dropped: 0, round_trip: None };
        Self { id, url, began, figures: Mutex::new(figures) }
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        // Nothing panics while it holds the lock; a poisoned one is whole all the same.
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn standing(&self) -> Standing {
        self.figures().standing
    }

    pub(super) fn stand(&self, standing: Standing) {
        let mut figures = self.figures();
        figures.standing = standing;
        if standing != Standing::Closing {
            figures.active = Instant::now();
        }
    }

    pub(super) fn active(&self) -> Instant {
        self.figures().active
    }

    pub(super) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn sent(&self) {
        let mut figures = self.figures();
        figures.sent += 1;
        figures.active = Instant::now();
    }

    pub(super) fn received(&self) {
        let mut figures = self.figures();
        figures.received += 1;
        figures.active = Instant::now();
    }

    pub(super) fn dropped(&self) {
        self.figures().dropped += 1;
    }

    pub(super) fn answered(&self, round_trip: Duration) {
        self.figures().round_trip = Some(round_trip);
    }

    pub(super) fn tell(&self) -> PoolConnection {
        let figures = self.figures();
        PoolConnection {
            id: self.id,
            url: self.url.clone(),
            standing: figures.standing,
            age: self.age(),
            inactive: figures.active.elapsed(),
            sent: figures.sent,
            received: figures.received,
            dropped: figures.dropped,
            round_trip: figures.round_trip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utilisation_has_two_decimals() {
        let stats = PoolStats { total: 1, maximum: 3 };
        assert_eq!(stats.to_string(), "1 of 3 connections (33.33 %)");
        let json = serde_json::to_string(&stats).expect("numbers");
        assert_eq!(json, r#"{"total":1,"maximum":3,"utilisation":33.33}"#);
        let utilisation = |total, maximum| PoolStats { total, maximum }.utilisation();
        assert_eq!([utilisation(2, 3), utilisation(100, 100), utilisation(0, 7)], [66.67, 100.0, 0.0]);
        assert_eq!(utilisation(0, 0), 0.0, "a pool of nothing is not full of anything");
    }

    #[test]
    fn a_connection_is_told_in_a_line() {
        let mut told = PoolConnection {
            id: 3,
            url: "ws://localhost/".to_owned(),
            standing: Standing::InUse,
            age: Duration::from_secs(61),
            inactive: Duration::from_millis(250),
            sent: 2,
            received: 1,
            dropped: 0,
            round_trip: None,
        };
        insta::assert_snapshot!(
            told,
            @"3: ws://localhost/, in use, for 61.0 s, active 0.2 s ago, 2 sent, 1 received"
        );
        told.dropped = 1;
        told.round_trip = Some(Duration::from_micros(1500));
        insta::assert_snapshot!(
            told,
            @"3: ws://localhost/, in use, for 61.0 s, active 0.2 s ago, 2 sent, 1 received, 1 dropped, round trip 1.5 ms"
        );
    }
}

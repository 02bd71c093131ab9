//! Rates over the last seconds, of snapshots that come now and then.

use std::collections::VecDeque;
use std::time::Duration;

use crate::watch::{Rates, Snapshot, Timestamp, Totals};

/// Remembers the totals of a few snapshots, so that each new one has rates.
///
/// What is remembered is bounded, however often it is fed.
#[derive(Clone, Debug)]
pub struct RateWindow {
    length: Duration,
    began: Option<Timestamp>,
    /// The oldest comes first.
    past: VecDeque<(Duration, Totals)>,
}

impl Default for RateWindow {
    /// Over 10 seconds.
    fn default() -> Self {
        Self::new(Duration::from_secs(10))
    }
}

impl RateWindow {
    /// How many are remembered within the length of the window.
    const PAST: u32 = 20;

    /// Rates over so long.
    pub const fn new(length: Duration) -> Self {
        Self { length, began: None, past: VecDeque::new() }
    }

    /// The rates up to this snapshot: since the last one that is as old as the window is long, or else since the oldest.
    /// `None` for the first of a meter, and for one that is not newer than what is remembered.
    pub fn feed(&mut self, snapshot: &Snapshot) -> Option<Rates> {
        let now = snapshot.uptime;
        if self.began != Some(snapshot.began) {
            self.began = Some(snapshot.began);
            self.past.clear();
        }
        let is_old = |then: Duration| now.checked_sub(then).is_some_and(|age| age >= self.length);
        while self.past.get(1).is_some_and(|&(then, _)| is_old(then)) {
            self.past.pop_front();
        }
        let over = |then: Duration| now.checked_sub(then);
        let rates = self.past.front().and_then(|(then, past)| Rates::between(past, &snapshot.totals, over(*then)?));
        let apart = self.length / Self::PAST;
        if self.past.back().is_none_or(|&(then, _)| over(then).is_some_and(|age| age > apart)) {
            self.past.push_back((now, snapshot.totals.clone()));
        }
        rates
    }
}

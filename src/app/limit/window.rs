//! A window of time in which is counted.

use std::time::{Duration, Instant};

use super::Rate;

/// What is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How many there are in a whole window: [`Rate::count`].
    pub limit: u32,
    /// How many are left.
    pub remaining: u32,
    /// When there are [`Allowance::limit`] again. Now, if the next one begins a window. Where nothing is left it is
    /// later than now, even if there never will be anything.
    pub resets: Instant,
}

impl Allowance {
    /// The one of two that ends sooner: the one with less left, and of two with as much left the one that comes back
    /// later.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        let key = |allowance: &Self| (allowance.remaining, std::cmp::Reverse(allowance.resets));
        if key(&other) < key(&self) { other } else { self }
    }
}

/// There is nothing left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rate limit is exceeded")]
pub struct Blocked {
    /// Until when.
    pub until: Instant,
}

/// What was taken since a first one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    began: Option<Instant>,
    taken: u32,
}

impl Window {
    /// Nothing was taken yet.
    pub(super) const NEW: Self = Self { began: None, taken: 0 };

    /// When it began; `None` if nothing was taken yet.
    pub(super) const fn began(&self) -> Option<Instant> {
        self.began
    }

    /// Whether the next one begins a new one.
    pub(super) fn is_over(&self, rate: &Rate, now: Instant) -> bool {
        self.began.is_none_or(|began| now.saturating_duration_since(began) >= rate.period)
    }

    /// Takes one.
    pub(super) fn take(&mut self, rate: &Rate, now: Instant) -> Result<Allowance, Blocked> {
        if self.is_over(rate, now) {
            *self = Self { began: Some(now), taken: 0 };
        }
        let allowance = self.look(rate, now);
        if allowance.remaining == 0 {
            return Err(Blocked { until: allowance.resets });
        }
        self.taken += 1;
        Ok(Allowance { remaining: allowance.remaining - 1, ..allowance })
    }

    /// Puts one back.
    pub(super) const fn give_back(&mut self) {
        self.taken = self.taken.saturating_sub(1);
    }

    /// What is left.
    pub(super) fn look(&self, rate: &Rate, now: Instant) -> Allowance {
        let (taken, resets) = match self.began.filter(|_| !self.is_over(rate, now)) {
            Some(began) => (self.taken, after(began, rate.period)),
            // Nobody is to ask again at once for what there never is.
            None if rate.count == 0 => (0, after(now, rate.period)),
            None => (0, now),
        };
        Allowance { limit: rate.count, remaining: rate.count.saturating_sub(taken), resets }
    }
}

/// As good as never.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// When a period is over. One that is no time, or so long that clocks do not know its end, ends as good as never.
fn after(began: Instant, period: Duration) -> Instant {
    let end = began.checked_add(period).filter(|_| !period.is_zero());
    end.or_else(|| began.checked_add(FAR)).unwrap_or(began)
}

//! How long to wait before the next attempt.

use std::time::Duration;

/// Waiting that doubles with every failure up to a bound, with full jitter: any time between nothing and the bound of
/// this attempt, so that many clients of a server that comes back do not all come at once.
///
/// RFC 6455, section 7.2.3, asks for both after a connection that ended abnormally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The bound after the first failure.
    pub first: Duration,
    /// The bound that is not gone beyond.
    pub cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(100), cap: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The longest wait after so many failures, the first being number 0.
    pub fn bound(&self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures).and_then(|times| self.first.checked_mul(times));
        doubled.unwrap_or(Duration::MAX).min(self.cap)
    }

    /// The wait after so many failures, where `chance` is evenly spread over all numbers: the same share of
    /// [`Backoff::bound`] as `chance` is of 2⁶⁴.
    pub fn delay(&self, failures: u32, chance: u64) -> Duration {
        // In 64 bits there is room for 584 years.
        let bound = u64::try_from(self.bound(failures).as_nanos()).unwrap_or(u64::MAX);
        let share = (u128::from(bound) * u128::from(chance)) >> 64;
        Duration::from_nanos(share as u64)
    }

    /// [`Backoff::delay`] with chance from the system's generator.
    pub fn draw(&self, failures: u32) -> Duration {
        // Without a generator there is no jitter: whole bounds are waited for.
        self.delay(failures, getrandom::u64().unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MILLI: u64 = 1_000_000;

    #[test]
    fn bounds_double_up_to_the_cap() {
        let bounds = (0..12).map(|failures| Backoff::default().bound(failures).as_millis());
        let doubled = [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000];
        assert_eq!(bounds.collect::<Vec<_>>(), doubled);
        assert_eq!(Backoff::default().bound(u32::MAX), Duration::from_secs(30));
    }

    #[test]
    fn chance_is_spread_over_the_whole_bound() {
        let backoff = Backoff::default();
        let quarters = [0, 1 << 62, 1 << 63, 3 << 62, u64::MAX].map(|chance| backoff.delay(0, chance).as_micros());
        assert_eq!(quarters, [0, 25_000, 50_000, 75_000, 99_999]);
    }

    #[test]
    fn draws_differ() {
        let draws: std::collections::HashSet<_> = (0..20).map(|_| Backoff::default().draw(9)).collect();
        assert!(draws.len() > 15, "{draws:?}");
    }

    proptest! {
        #[test]
        fn a_delay_is_within_its_bound_and_the_bound_within_the_cap(
            first in 0..10_000 * MILLI, cap in 0..u64::MAX, failures: u32, chance: u64
        ) {
            let backoff = Backoff { first: Duration::from_nanos(first), cap: Duration::from_nanos(cap) };
            prop_assert!(backoff.delay(failures, chance) <= backoff.bound(failures));
            prop_assert!(backoff.bound(failures) <= backoff.cap);
            prop_assert!(backoff.bound(failures) <= backoff.bound(failures.saturating_add(1)));
        }

        #[test]
        fn more_chance_is_never_a_shorter_delay(failures in 0_u32..20, a: u64, b: u64) {
            let backoff = Backoff::default();
            prop_assert!(backoff.delay(failures, a.min(b)) <= backoff.delay(failures, a.max(b)));
        }

        #[test]
        fn extremes_do_no_harm(secs: u64, failures: u32, chance: u64) {
            let backoff = Backoff { first: Duration::from_secs(secs), cap: Duration::MAX };
            prop_assert!(backoff.delay(failures, chance) <= backoff.bound(failures));
        }
    }
}

//! When something recorded is played.

use std::time::{Duration, Instant};

use super::speed::Speed;

/// From the time of what is played, which counts from its beginning, to ours.
#[derive(Debug)]
pub(super) struct Clock {
    speed: Speed,
    /// It was this time in what is played then.
    played: Duration,
    then: Instant,
    held: Option<Instant>,
}

impl Clock {
    /// It begins now.
    pub(super) fn new(speed: Speed, now: Instant) -> Self {
        Self { speed, played: Duration::ZERO, then: now, held: None }
    }

    /// Holds, or goes on.
    pub(super) fn hold(&mut self, hold: bool, now: Instant) {
        match (self.held, hold) {
            (None, true) => self.held = Some(now),
            (Some(since), false) => {
                self.held = None;
                self.then += now.saturating_duration_since(since);
            }
            _ => {}
        }
    }

    pub(super) const fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Whether nothing is waited for.
    pub(super) const fn is_max(&self) -> bool {
        matches!(self.speed, Speed::Max)
    }

    /// It is this time at once, if it was not later already; from here on it goes on as fast as ever.
    pub(super) fn skip(&mut self, to: Duration, now: Instant) {
        if self.wait(to, now) > Duration::ZERO {
            (self.played, self.then) = (to, now);
            self.held = self.held.map(|_| now);
        }
    }

    /// What time it is in what is played; `None` if nothing is waited for.
    pub(super) fn now(&self, now: Instant) -> Option<Duration> {
        let Speed::Times(times) = self.speed else { return None };
        let passed = self.held.unwrap_or(now).saturating_duration_since(self.then).as_secs_f64() * times;
        Some(self.played.saturating_add(Duration::try_from_secs_f64(passed).unwrap_or(Duration::MAX)))
    }

    /// How much of what is played goes by in this time of ours; `None` if nothing is waited for.
    pub(super) fn within(&self, time: Duration) -> Option<Duration> {
        let Speed::Times(times) = self.speed else { return None };
        Duration::try_from_secs_f64(time.as_secs_f64() * times).ok()
    }

    /// How long to wait until it is this time in what is played.
    pub(super) fn wait(&self, until: Duration, now: Instant) -> Duration {
        let Speed::Times(times) = self.speed else { return Duration::ZERO };
        let after = until.saturating_sub(self.played).as_secs_f64() / times;
        // What lasts longer than a year is never waited for to its end.
        let after = Duration::from_secs_f64(after.min(365.0 * 86400.0));
        (self.then + after).saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn ten_times_as_fast_is_a_tenth_of_the_time() {
        let now = Instant::now();
        let clock = Clock::new(Speed::Times(10.0), now);
        assert_eq!(clock.wait(SECOND * 30, now), SECOND * 3);
        assert_eq!(clock.wait(SECOND * 30, now + SECOND), SECOND * 2);
        assert_eq!(clock.wait(SECOND * 30, now + SECOND * 5), Duration::ZERO);
        assert_eq!(Clock::new(Speed::Max, now).wait(SECOND * 30, now), Duration::ZERO);
    }

    #[test]
    fn what_is_held_does_not_count() {
        let now = Instant::now();
        let mut clock = Clock::new(Speed::REAL, now);
        clock.hold(true, now + SECOND);
        clock.hold(true, now + SECOND * 2);
        assert!(clock.is_held());
        clock.hold(false, now + SECOND * 11);
        assert_eq!(clock.wait(SECOND * 5, now + SECOND * 11), SECOND * 4);
    }

    #[test]
    fn what_is_skipped_is_not_waited_for() {
        let now = Instant::now();
        let mut clock = Clock::new(Speed::Times(0.5), now);
        assert_eq!(clock.now(now + SECOND * 2), Some(SECOND));
        clock.skip(SECOND * 3600, now + SECOND * 2);
        assert_eq!(clock.wait(SECOND * 3600, now + SECOND * 2), Duration::ZERO);
        assert_eq!(clock.wait(SECOND * 3601, now + SECOND * 2), SECOND * 2);
        assert_eq!(clock.now(now + SECOND * 4), Some(SECOND * 3601));
        // What is over is not played again.
        clock.skip(SECOND, now + SECOND * 4);
        assert_eq!(clock.now(now + SECOND * 4), Some(SECOND * 3601));
        assert_eq!(clock.within(SECOND * 2), Some(SECOND));
    }
}

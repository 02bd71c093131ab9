//! Connecting again by itself: later each time, and never at the same time as everybody else.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::link::Link;
use super::{hopeless, unreachable};

/// The first time that is waited, and the longest.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
/// A connection that stood so long was a good one.
const GOOD: Duration = Duration::from_secs(10);

/// How long to wait before connecting again.
pub(super) struct Backoff {
    next: Cell<Duration>,
    opened: Cell<Instant>,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { next: Cell::new(FIRST), opened: Cell::new(Instant::now()) }
    }

    /// The time to wait now: between a half and the whole of twice the last one.
    fn delay(&self) -> Duration {
        let whole = if self.opened.get().elapsed() > GOOD { FIRST } else { self.next.get() };
        self.next.set((whole * 2).min(LONGEST));
        let mut bytes = [0; 2];
        // Without chance it is the half.
        let _random = getrandom::fill(&mut bytes);
        whole / 2 + whole.mul_f64(f64::from(u16::from_ne_bytes(bytes)) / f64::from(u16::MAX) / 2.0)
    }

    /// Waits, connects, and says so; until there is a connection.
    ///
    /// # Errors
    /// If there can be none.
    pub(super) async fn open(&self, link: &Link<'_>) -> anyhow::Result<()> {
        loop {
            let delay = self.delay();
            link.screen.tell(format_args!("connecting again in {:.1} s", delay.as_secs_f64()));
            sleep(delay).await;
            let opened = link.open().await;
            self.opened.set(Instant::now());
            match opened {
                Ok(()) => return Ok(()),
                Err(error) if hopeless(&error) => return Err(error.into()),
                Err(error) => link.screen.error(unreachable(&error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_time_is_longer_until_a_connection_was_good() {
        let backoff = Backoff::new();
        let mut whole = FIRST;
        for _ in 0..10 {
            let delay = backoff.delay();
            assert!((whole / 2..=whole).contains(&delay), "{delay:?} of {whole:?}");
            whole = (whole * 2).min(LONGEST);
        }
        assert_eq!(whole, LONGEST);
        backoff.opened.set(Instant::now());
        tokio::time::advance(GOOD * 2).await;
        assert!(backoff.delay() <= FIRST);
    }
}

//! Connecting again by itself: later each time, and never at the same time as everybody else.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::link::Link;
use super::{hopeless, unreachable};
use crate::net::pool;

/// What grows with each attempt.
const WAITS: pool::Backoff = pool::Backoff { first: Duration::from_millis(500), cap: Duration::from_secs(30) };
/// A connection that stood so long was a good one.
const GOOD: Duration = Duration::from_secs(10);

/// How long to wait before connecting again.
pub(super) struct Backoff {
    /// Attempts since the last good connection.
    attempts: Cell<u32>,
    opened: Cell<Instant>,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { attempts: Cell::new(0), opened: Cell::new(Instant::now()) }
    }

    /// Counts an attempt; which one it is since the last good connection, the first being number 0.
    fn count(&self) -> u32 {
        let attempt = if self.opened.get().elapsed() > GOOD { 0 } else { self.attempts.get() };
        self.attempts.set(attempt.saturating_add(1));
        attempt
    }

    /// Waits, connects, and says so; until there is a connection.
    ///
    /// # Errors
    /// If there can be none.
    pub(super) async fn open(&self, link: &Link<'_>) -> anyhow::Result<()> {
        loop {
            let delay = WAITS.draw(self.count());
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
    async fn attempts_are_counted_since_a_connection_was_good() {
        let backoff = Backoff::new();
        assert_eq!([(); 3].map(|()| backoff.count()), [0, 1, 2]);
        backoff.opened.set(Instant::now());
        tokio::time::advance(GOOD).await;
        assert_eq!(backoff.count(), 3, "this was too short to be good");
        tokio::time::advance(GOOD).await;
        assert_eq!(backoff.count(), 0);
        backoff.opened.set(Instant::now());
        assert_eq!(backoff.count(), 1);
    }
}

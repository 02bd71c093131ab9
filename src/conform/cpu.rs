//! How much CPU time a future takes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// A future whose polls are timed by the CPU clock of the thread that runs them.
pub(super) struct Metered<F> {
    inner: Pin<Box<F>>,
    spent: Duration,
}

impl<F: Future> Metered<F> {
    pub(super) fn new(inner: F) -> Self {
        Self { inner: Box::pin(inner), spent: Duration::ZERO }
    }
}

impl<F: Future> Future for Metered<F> {
    /// What the future gives, and the CPU time that it took.
    type Output = (F::Output, Duration);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let begun = thread_time();
        let polled = self.inner.as_mut().poll(context);
        self.spent += thread_time().saturating_sub(begun);
        polled.map(|output| (output, self.spent))
    }
}

/// The CPU time of this thread; zero where the system does not tell.
#[cfg(unix)]
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.try_into().unwrap_or_default()
}

#[cfg(not(unix))]
fn thread_time() -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_waited_does_not_count() {
        let (slept, spent) = Metered::new(async {
            let begun = tokio::time::Instant::now();
            tokio::time::sleep(Duration::from_secs(3600)).await;
            begun.elapsed()
        })
        .await;
        assert!(spent < slept, "{spent:?}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_is_worked_counts() {
        let (worked, spent) = Metered::new(async {
            let begun = thread_time();
            while thread_time() == begun {
                std::hint::spin_loop();
            }
            tokio::task::yield_now().await;
            thread_time() - begun
        })
        .await;
        assert!(!worked.is_zero() && !spent.is_zero());
    }
}

//! The streams that a feed has of itself.
//!
//! Each is a task that works while somebody has subscribed, sleeps while nobody has, and ends with the feed.

use super::streams::{Feed, PublishError};
use super::{ACTIVITY_PERIOD, Activity, STOCKS_PERIOD, SYSTEM_PERIOD, activity, stocks, system};

/// Which streams a feed has of itself. Those that are not named are not there.
#[derive(Default)]
pub struct Builtin {
    stocks: Option<u64>,
    system: bool,
    activity: Option<Box<dyn Fn() -> Activity + Send + Sync>>,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, words: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { stocks, system, activity } = self;
        let mut said = words.debug_struct("Builtin");
        said.field("stocks", stocks).field("system", system).field("activity", &activity.is_some()).finish()
    }
}

impl Builtin {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// With `stocks`, a [made-up market](super::Market) in which prices move every second as `seed` says.
    #[must_use]
    pub fn stocks(mut self, seed: u64) -> Self {
        self.stocks = Some(seed);
        self
    }

    /// With `system`, a [`Reading`](super::Reading) of this machine every 2 seconds.
    #[must_use]
    pub fn system(mut self) -> Self {
        self.system = true;
        self
    }

    /// With `activity`, what the server does, as `look` sees it every 5 seconds. It must not block.
    #[must_use]
    pub fn activity(mut self, look: impl Fn() -> Activity + Send + Sync + 'static) -> Self {
        self.activity = Some(Box::new(look));
        self
    }
}

/// Makes these streams in `feed` and starts what publishes to them.
///
/// # Errors
/// If the feed has too many streams already.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn start(feed: &Feed, builtin: Builtin) -> Result<(), PublishError> {
    // Each task ends by itself when the feed is dropped.
    if let Some(seed) = builtin.stocks {
        tokio::spawn(stocks::run(feed.on_demand("stocks", STOCKS_PERIOD)?, seed));
    }
    if builtin.system {
        tokio::spawn(system::run(feed.on_demand("system", SYSTEM_PERIOD)?));
    }
    if let Some(look) = builtin.activity {
        tokio::spawn(activity::run(feed.on_demand("activity", ACTIVITY_PERIOD)?, look));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::super::stream::Demand;
    use super::*;

    /// A stream whose values are counted.
    fn counted(feed: &Feed) -> Arc<AtomicU64> {
        let looks = Arc::<AtomicU64>::default();
        let counting = looks.clone();
        let look = move || Activity { opened: counting.fetch_add(1, Ordering::Relaxed), ..Activity::default() };
        start(feed, Builtin::new().activity(look)).expect("there is room");
        looks
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_works_only_while_somebody_wants_it() {
        let feed = Feed::new();
        let looks = counted(&feed);
        let seen = || looks.load(Ordering::Relaxed);
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(seen(), 0);
        assert_eq!(feed.latest("activity"), None);

        let publisher = feed.stream("activity").expect("it is there");
        publisher.pretend(Demand::Somebody);
        sleep(Duration::from_millis(1)).await;
        assert_eq!(seen(), 1, "the first comes at once");
        sleep(Duration::from_secs(50)).await;
        assert_eq!(seen(), 11);
        publisher.pretend(Demand::Nobody);
        sleep(Duration::from_secs(50)).await;
        assert_eq!(seen(), 11);
        publisher.pretend(Demand::Somebody);
        sleep(Duration::from_millis(1)).await;
        assert_eq!(seen(), 12);
        publisher.pretend(Demand::Nobody);
        publisher.pretend(Demand::Somebody);
        sleep(Duration::from_secs(4)).await;
        assert_eq!(seen(), 12, "coming and going makes it no faster");
    }

    #[tokio::test(start_paused = true)]
    async fn prices_move_every_second_whatever_else_happens() {
        let feed = Feed::new();
        start(&feed, Builtin::new().stocks(7)).expect("there is room");
        feed.stream("stocks").expect("it is there").pretend(Demand::Somebody);
        let mut expected = Market::new(7);
        for second in 0..100 {
            sleep(Duration::from_millis(if second == 0 { 1 } else { 1000 })).await;
            expected.step();
            let message: serde_json::Value =
                serde_json::from_str(&feed.latest("stocks").expect("a value")).expect("JSON");
            let said = &message["data"];
            for (symbol, quote) in expected.quotes(0).0 {
                assert_eq!(said[symbol]["price"], quote.price, "{symbol} after {second} s");
                assert_eq!(said[symbol]["changePercent"], quote.change_percent);
                assert_eq!(said[symbol]["volume"], quote.volume);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_tasks_end_with_the_feed() {
        let feed = Feed::new();
        let looks = counted(&feed);
        let publisher = feed.stream("activity").expect("it is there");
        publisher.pretend(Demand::Somebody);
        sleep(Duration::from_secs(1)).await;
        assert_eq!(Arc::strong_count(&looks), 2);
        let dropped = Instant::now();
        drop(feed);
        tokio::task::yield_now().await;
        while Arc::strong_count(&looks) > 1 {
            sleep(Duration::from_millis(1)).await;
        }
        assert!(dropped.elapsed() < Duration::from_secs(1), "at once, not at its next turn");
        assert!(matches!(publisher.publish(&1), Err(PublishError::Gone)));
        assert!(!publisher.wanted().await);
    }

    use super::super::Market;
}

//! Somebody who does not read: he delays nobody, little waits for him, and what he reads in the end is the newest.

use wslab::app::feed::Feed;
use wslab::net::{ServerConfig, Slow};
use wslab::proto::Config;

use crate::feed_stage::{stage_with, until};

const VALUES: usize = 400;
const SIZE: usize = 64 << 10;

#[tokio::test]
async fn a_slow_subscriber_misses_values_but_never_the_newest() {
    let feed = Feed::new();
    let publisher = feed.stream("large").expect("a stream");
    let other = feed.stream("other").expect("a stream");
    // No more than what is being sent, and one value of each stream: whoever has more waiting is closed.
    let endpoint = Config { deflate: None, ..Config::default() };
    let config = ServerConfig { endpoint, max_queue: 4 * SIZE, slow: Slow::Close, ..ServerConfig::default() };
    let stage = stage_with(&feed, config);
    let (mut slow, mut fast) = (stage.join().await, stage.join().await);
    for guest in [&mut slow, &mut fast] {
        guest.subscribe(&["large", "other"]).await;
    }
    until("both have subscribed", || publisher.subscribers() + other.subscribers() == 4).await;

    let filling = "x".repeat(SIZE);
    for count in 0..VALUES {
        let reach = publisher.publish(&(count, &filling)).expect("published");
        assert_eq!((reach.reached, reach.slow), (2, 0), "value {count}");
        assert_eq!(fast.hear_of("large").await[0], count, "who reads gets every value");
        let reach = other.publish(&count).expect("published");
        assert_eq!((reach.reached, reach.slow), (2, 0));
        assert_eq!(fast.hear_of("other").await, count);
    }

    let (mut heard, mut newest, mut newest_other) = (0, None, None);
    while newest != Some(VALUES - 1) || newest_other != Some(VALUES - 1) {
        let message: serde_json::Value = serde_json::from_str(&slow.hear().await).expect("JSON");
        let (seen, count) = match message["stream"].as_str() {
            Some("large") => (&mut newest, &message["data"][0]),
            _ => (&mut newest_other, &message["data"]),
        };
        let count = count.as_u64().and_then(|count| usize::try_from(count).ok());
        assert!(count > *seen, "{count:?} after {seen:?}");
        *seen = count;
        heard += 1;
    }
    assert!(heard < 2 * VALUES, "all {heard} values were kept for who did not read");
    publisher.publish(&"on").expect("published");
    assert_eq!(slow.hear_of("large").await, "on");
    assert_eq!(stage.connections.len(), 2);
}

//! Every message of a feed, as clients say and hear it.

use std::time::Duration;

use serde_json::json;
use wslab::app::feed::{Feed, MAX_NAME, MAX_STREAMS, MAX_SUBSCRIPTIONS, MAX_VALUE, PAGE};
use wslab::net::Reach;

use crate::feed_stage::{stage, until};

#[tokio::test]
async fn a_subscriber_gets_the_current_value_at_once_and_then_every_update() {
    let feed = Feed::new();
    feed.publish("tides", &json!({ "level": 3, "ebb": true })).expect("published");
    let mut guest = stage(&feed).join().await;
    guest.say(r#"{"type":"subscribe","streams":["tides"]}"#).await;
    assert_eq!(guest.hear().await, r#"{"type":"data","stream":"tides","data":{"level":3,"ebb":true}}"#);
    for level in 4..50 {
        let reach = feed.publish("tides", &level).expect("published");
        assert_eq!(reach, Reach { reached: 1, slow: 0 });
        assert_eq!(guest.hear().await, format!(r#"{{"type":"data","stream":"tides","data":{level}}}"#));
    }
}

#[tokio::test]
async fn a_stream_without_a_value_says_nothing_until_the_first() {
    let feed = Feed::new();
    let publisher = feed.stream("silent").expect("a stream");
    let mut guest = stage(&feed).join().await;
    guest.subscribe(&["silent"]).await;
    guest.hear_nothing().await;
    publisher.publish("now").expect("published");
    assert_eq!(guest.hear_of("silent").await, "now");
}

#[tokio::test]
async fn streams_are_subscribed_and_unsubscribed_each_for_itself() {
    let feed = Feed::new();
    for (at, name) in ["a", "b", "c"].into_iter().enumerate() {
        feed.publish(name, &at).expect("published");
    }
    let mut guest = stage(&feed).join().await;
    guest.subscribe(&["c", "a", "c"]).await;
    assert_eq!(guest.hear_of("c").await, 2);
    assert_eq!(guest.hear_of("a").await, 0);
    guest.hear_nothing().await;
    guest.unsubscribe(&["a", "b"]).await;
    guest.hear_nothing().await;
    for name in ["a", "b", "c"] {
        feed.publish(name, "new").expect("published");
    }
    assert_eq!(guest.hear_of("c").await, "new");
    guest.hear_nothing().await;
    guest.subscribe(&["c"]).await;
    assert_eq!(guest.hear_of("c").await, "new", "whoever asks again is told again");
    feed.publish("c", "newer").expect("published");
    assert_eq!(guest.hear_of("c").await, "newer");
    guest.hear_nothing().await;
    guest.subscribe(&[]).await;
    guest.hear_nothing().await;
}

#[tokio::test]
async fn unknown_streams_are_named_and_the_known_ones_subscribed_all_the_same() {
    let feed = Feed::new();
    feed.publish("known", &1).expect("published");
    let mut guest = stage(&feed).join().await;
    guest.subscribe(&["foo", "known", "bar"]).await;
    assert_eq!(guest.hear().await, r#"{"type":"error","message":"Unknown streams: foo, bar"}"#);
    assert_eq!(guest.hear_of("known").await, 1);
    guest.unsubscribe(&["foo", "known"]).await;
    assert_eq!(guest.hear_error().await, "Unknown streams: foo");
    feed.publish("known", &2).expect("published");
    guest.hear_nothing().await;
}

#[tokio::test]
async fn the_streams_can_be_asked_for() {
    let feed = Feed::new();
    let mut guest = stage(&feed).join().await;
    guest.say(r#"{"type":"streams"}"#).await;
    assert_eq!(guest.hear().await, r#"{"type":"streams","streams":[]}"#);
    for name in ["z", "ä \"b\"", "a"] {
        feed.publish(name, &0).expect("published");
    }
    guest.say(r#"{"type":"streams"}"#).await;
    assert_eq!(guest.hear().await, r#"{"type":"streams","streams":["z","ä \"b\"","a"]}"#);
}

#[tokio::test]
async fn one_feed_can_be_served_by_several_servers() {
    let feed = Feed::new();
    let publisher = feed.stream("shared").expect("a stream");
    // Both have the number 0, each in its server.
    let (mut one, mut other) = (stage(&feed).join().await, stage(&feed).join().await);
    one.subscribe(&["shared"]).await;
    other.subscribe(&["shared"]).await;
    until("both have subscribed", || publisher.subscribers() == 2).await;
    let reach = publisher.publish(&1).expect("published");
    assert_eq!(reach.reached, 2);
    assert_eq!((one.hear_of("shared").await, other.hear_of("shared").await), (json!(1), json!(1)));
    one.unsubscribe(&["shared"]).await;
    one.hear_nothing().await;
    publisher.publish(&2).expect("published");
    assert_eq!(other.hear_of("shared").await, 2);
    one.hear_nothing().await;
}

#[tokio::test]
async fn whoever_is_gone_has_unsubscribed() {
    let feed = Feed::new();
    let publisher = feed.stream("a").expect("a stream");
    let stage = stage(&feed);
    let (mut leaving, mut staying) = (stage.join().await, stage.join().await);
    leaving.subscribe(&["a"]).await;
    staying.subscribe(&["a"]).await;
    until("both have subscribed", || publisher.subscribers() == 2).await;
    drop(leaving);
    until("one is gone", || publisher.subscribers() == 1).await;
    publisher.publish(&1).expect("published");
    assert_eq!(staying.hear_of("a").await, 1);
}

#[tokio::test]
async fn a_stream_that_was_removed_says_nothing_more() {
    let feed = Feed::new();
    let publisher = feed.stream("a").expect("a stream");
    publisher.publish(&1).expect("published");
    let mut guest = stage(&feed).join().await;
    guest.subscribe(&["a"]).await;
    assert_eq!(guest.hear_of("a").await, 1);
    assert!(feed.remove("a"));
    assert!(!feed.remove("a"));
    assert_eq!(publisher.publish(&2).expect_err("it is gone").to_string(), "the stream is gone");
    assert_eq!((publisher.subscribers(), publisher.wanted().await), (0, false));
    guest.subscribe(&["a"]).await;
    assert_eq!(guest.hear_error().await, "Unknown streams: a");
    feed.publish("a", &3).expect("published");
    guest.hear_nothing().await;
    guest.subscribe(&["a"]).await;
    assert_eq!(guest.hear_of("a").await, 3);
    guest.unsubscribe(&["a"]).await;
    guest.hear_nothing().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_an_older_value_after_a_newer_one() {
    let feed = Feed::new();
    let publisher = feed.stream("count").expect("a stream");
    let stage = stage(&feed);
    let counting = std::thread::spawn(move || {
        let mut count = 0_u64;
        while publisher.publish(&count).is_ok() {
            count += 1;
        }
    });
    let mut guests = Vec::new();
    for at in 0..4 {
        let mut guest = stage.join().await;
        guests.push(tokio::spawn(async move {
            let mut newest = 0;
            for _ in 0..200 {
                guest.subscribe(&["count"]).await;
                for _ in 0..=at {
                    let value = guest.hear_of("count").await.as_u64().expect("a number");
                    assert!(value >= newest, "{value} after {newest}");
                    newest = value;
                }
                guest.unsubscribe(&["count"]).await;
            }
        }));
    }
    for guest in guests {
        guest.await.expect("no panic");
    }
    feed.remove("count");
    counting.join().expect("no panic");
}

#[tokio::test]
async fn nothing_grows_without_bound() {
    let feed = Feed::new();
    for name in ["", "a\nb", "\u{7f}", &"x".repeat(MAX_NAME + 1)] {
        let error = feed.publish(name, &1).expect_err("no name").to_string();
        assert_eq!(error, "the name of a stream has 1 to 64 bytes and no control characters");
    }
    feed.publish(&"x".repeat(MAX_NAME), &1).expect("the longest name");
    let error = feed.publish("a", &"x".repeat(MAX_VALUE)).expect_err("too large").to_string();
    assert_eq!(error, "the value takes 1048614 bytes, more than 1048576");
    let keys = std::collections::BTreeMap::from([((1, 2), 3)]);
    let error = feed.publish("a", &keys).expect_err("no JSON").to_string();
    assert_eq!(error, "the value cannot be written as JSON: key must be a string");
    for at in feed.names().len()..MAX_STREAMS {
        feed.stream(&at.to_string()).expect("there is room");
    }
    assert_eq!(feed.stream("more").expect_err("full").to_string(), "there are 1000 streams already");
    feed.publish("a", &1).expect("those that there are are published to");

    let mut guest = stage(&feed).join().await;
    let names: Vec<String> = feed.names().split_off(2);
    for some in names[..300].chunks(100) {
        guest.subscribe(&some.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
    assert_eq!(guest.hear_error().await, "Too many subscriptions: at most 250");
    let subscribed = names.iter().filter(|name| feed.stream(name).expect("it is there").subscribers() == 1).count();
    assert_eq!(subscribed, MAX_SUBSCRIPTIONS);
    guest.unsubscribe(&[&names[0]]).await;
    guest.subscribe(&[&names[299]]).await;
    guest.hear_nothing().await;
    assert_eq!(feed.stream(&names[299]).expect("it is there").subscribers(), 1);
}

/// An update that nobody subscribes to costs nothing but keeping it.
#[tokio::test]
async fn publishing_needs_no_subscribers() {
    let feed = Feed::new();
    assert_eq!(feed.latest("a"), None);
    assert_eq!(feed.publish("a", &1).expect("published"), Reach::default());
    assert_eq!(feed.latest("a").as_deref(), Some(r#"{"type":"data","stream":"a","data":1}"#));
    assert_eq!(feed.names(), ["a"]);
    let publisher = feed.stream("a").expect("it is there");
    let wanted = tokio::time::timeout(Duration::from_millis(10), publisher.wanted()).await;
    assert!(wanted.is_err(), "nobody wants it");
    drop(feed);
    assert!(!publisher.wanted().await);
}

/// What a browser is told to show must not depend on anybody else, and must not be markup from elsewhere.
#[test]
fn the_page_is_whole_and_puts_no_foreign_text_into_markup() {
    for never in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "src=", "@import", "url("]
    {
        assert!(!PAGE.contains(never), "{never}");
    }
    let addresses: Vec<_> = PAGE.match_indices("http").map(|(at, _)| &PAGE[at..PAGE.len().min(at + 30)]).collect();
    let allowed = |address: &&str| {
        address.starts_with("http://www.w3.org/2000/svg")
            || address.starts_with("http-equiv")
            || address.starts_with("https:\"")
    };
    assert!(addresses.iter().all(allowed), "{addresses:?}");
}

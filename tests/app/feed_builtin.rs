//! The streams that a feed has of itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use serde_json::json;
use wslab::app::feed::{self, Activity, Builtin, Feed, Machine, Market};

use crate::feed_stage::{stage, until};

#[tokio::test]
async fn all_of_them_speak_at_once_and_go_on() {
    let feed = Feed::new();
    let looks = Arc::<AtomicU64>::default();
    let counting = looks.clone();
    let activity = move || Activity {
        connections: 1,
        opened: 2,
        messages_received: 3,
        messages_sent: 4,
        bytes_received: 5,
        bytes_sent: 6,
        uptime: counting.fetch_add(1, Ordering::Relaxed),
    };
    feed::start(&feed, Builtin::new().stocks(1).system().activity(activity)).expect("there is room");
    assert_eq!(feed.names(), ["stocks", "system", "activity"]);

    let mut guest = stage(&feed).join().await;
    guest.subscribe(&["activity"]).await;
    let expected = json!({ "connections": 1, "opened": 2, "messagesReceived": 3, "messagesSent": 4,
        "bytesReceived": 5, "bytesSent": 6, "uptime": 0 });
    assert_eq!(guest.hear_of("activity").await, expected);
    guest.unsubscribe(&["activity"]).await;
    guest.subscribe(&["activity"]).await;
    assert_eq!(guest.hear_of("activity").await, expected, "what is fresh is not looked at again");
    guest.unsubscribe(&["activity"]).await;

    guest.subscribe(&["stocks"]).await;
    let (first, second) = (guest.hear_of("stocks").await, guest.hear_of("stocks").await);
    let mut market = Market::new(1);
    for said in [first, second] {
        market.step();
        for (symbol, quote) in market.quotes(0).0 {
            assert_eq!(said[symbol]["price"], quote.price);
            assert!(said[symbol]["timestamp"].as_u64() > Some(1_700_000_000_000), "{said}");
        }
    }
    guest.unsubscribe(&["stocks"]).await;

    guest.subscribe(&["system"]).await;
    for _ in 0..2 {
        let said = guest.hear_of("system").await;
        let number = |pointer: &str| said.pointer(pointer).and_then(serde_json::Value::as_f64).expect("a number");
        assert!((0.0..=100.0).contains(&number("/cpu")), "{said}");
        assert!(number("/cpus") >= 1.0 && number("/load/2") >= 0.0, "{said}");
        assert!(number("/memory/used") > 0.0 && number("/memory/used") <= number("/memory/total"), "{said}");
        if !said["disk"].is_null() {
            assert!(number("/disk/used") <= number("/disk/total"), "{said}");
        }
    }
    drop(guest);
    let system = feed.stream("system").expect("it is there");
    until("nobody is there", || system.subscribers() == 0).await;
}

#[test]
fn this_machine_is_seen_as_it_is() {
    let mut machine = Machine::new();
    let reading = machine.read();
    assert!((0.0..=100.0).contains(&reading.cpu), "{reading:?}");
    assert!(reading.memory.total > 1 << 20 && reading.memory.used <= reading.memory.total, "{reading:?}");
    assert!((0.0..=100.0).contains(&reading.memory.percent), "{reading:?}");
    assert!(reading.disk.is_none_or(|disk| disk.total > 0 && disk.used <= disk.total), "{reading:?}");
    assert_eq!(reading.memory.total, machine.read().memory.total);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn prices_are_positive_and_the_same_for_the_same_seed(seed: u64, steps in 1..5000_usize) {
        let (mut market, mut same) = (Market::new(seed), Market::new(seed));
        let mut before = market.quotes(0);
        for step in 0..steps {
            market.step();
            same.step();
            let quotes = market.quotes(step as u64);
            prop_assert_eq!(&quotes, &same.quotes(step as u64));
            for ((symbol, quote), (_, earlier)) in quotes.0.iter().zip(&before.0) {
                prop_assert!(quote.price > 0.0 && quote.price < 1e6, "{} costs {}", symbol, quote.price);
                prop_assert!((quote.price - earlier.price).abs() <= earlier.price * 0.06 + 0.01, "{} leaps", symbol);
                prop_assert!(quote.volume >= earlier.volume);
                prop_assert_eq!(quote.timestamp, step as u64);
            }
            before = quotes;
        }
    }
}

#[test]
fn other_seeds_have_other_prices() {
    let prices = |seed| {
        let mut market = Market::new(seed);
        market.step();
        market.quotes(0)
    };
    assert_ne!(prices(1), prices(2));
}

#[test]
fn quotes_are_written_by_symbol() {
    let mut market = Market::new(7);
    for _ in 0..60 {
        market.step();
    }
    let said = serde_json::to_string(&market.quotes(1_767_225_600_000)).expect("JSON").replace("},", "},\n");
    insta::assert_snapshot!(said, @r#"
    {"ACRN":{"price":141.59,"change":-0.91,"changePercent":-0.64,"volume":147438,"timestamp":1767225600000},
    "BLUM":{"price":38.14,"change":-0.06,"changePercent":-0.16,"volume":158679,"timestamp":1767225600000},
    "CASQ":{"price":314.63,"change":1.88,"changePercent":0.6,"volume":162463,"timestamp":1767225600000},
    "DRFT":{"price":8.08,"change":0.23,"changePercent":2.93,"volume":148885,"timestamp":1767225600000},
    "EMBR":{"price":86.9,"change":-1.2,"changePercent":-1.36,"volume":151384,"timestamp":1767225600000},
    "FJRD":{"price":204.78,"change":-0.22,"changePercent":-0.11,"volume":152847,"timestamp":1767225600000},
    "GLNT":{"price":53.49,"change":-0.91,"changePercent":-1.67,"volume":147224,"timestamp":1767225600000},
    "HUSQ":{"price":1189.88,"change":-14.12,"changePercent":-1.17,"volume":149006,"timestamp":1767225600000}}
    "#);
}

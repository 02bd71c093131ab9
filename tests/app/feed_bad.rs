//! Whatever a client says: it is told what is wrong, and nobody else notices.

use serde_json::json;
use wslab::app::feed::{Feed, MAX_NAMES};
use wslab::proto::Message;

use crate::feed_stage::{stage, within};

const INVALID: &str = "Invalid message format";

#[tokio::test]
async fn what_is_no_message_is_answered_and_harms_nobody() {
    let feed = Feed::new();
    feed.publish("a", &0).expect("published");
    let stage = stage(&feed);
    let (mut bad, mut good) = (stage.join().await, stage.join().await);
    good.subscribe(&["a"]).await;
    assert_eq!(good.hear_of("a").await, 0);
    let deep = |opening: &str, closing: &str, depth: usize| [opening.repeat(depth), closing.repeat(depth)].concat();
    let inputs = [
        String::new(),
        " ".to_owned(),
        "hello".to_owned(),
        "{".to_owned(),
        r#"{"type":"subscribe","streams":["a"]"#.to_owned(),
        r#"{"type":"subscribe","streams":["a"]} and more"#.to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "17".to_owned(),
        r#""subscribe""#.to_owned(),
        "{}".to_owned(),
        r#"{"streams":["a"]}"#.to_owned(),
        r#"{"type":null,"streams":["a"]}"#.to_owned(),
        r#"{"type":7,"streams":["a"]}"#.to_owned(),
        r#"{"type":["subscribe"],"streams":["a"]}"#.to_owned(),
        r#"{"type":"subscribe"}"#.to_owned(),
        r#"{"type":"unsubscribe"}"#.to_owned(),
        r#"{"type":"subscribe","streams":null}"#.to_owned(),
        r#"{"type":"subscribe","streams":"a"}"#.to_owned(),
        r#"{"type":"subscribe","streams":{"0":"a"}}"#.to_owned(),
        r#"{"type":"subscribe","streams":[1]}"#.to_owned(),
        r#"{"type":"subscribe","streams":["a",null]}"#.to_owned(),
        r#"{"type":"subscribe","streams":[["a"]]}"#.to_owned(),
        r#"{"type":"subscribe","streams":["a"],"streams":["a"]}"#.to_owned(),
        r#"{"type":"subscribe","streams":["\ud800"]}"#.to_owned(),
        r#"["subscribe",["a"]]"#.to_owned(),
        r#"{"type":"streams","streams":["a"]}"#.to_owned(),
        r#"{"type":"Subscribe","streams":["a"]}"#.to_owned(),
        r#"{"type":"publish","stream":"a","data":1}"#.to_owned(),
        deep("[", "]", 100_000),
        deep("{\"a\":", "}", 100_000),
        deep("[", "", 1_000_000),
        format!(r#"{{"type":"subscribe","streams":{}}}"#, deep("[", "]", 10_000)),
        "x".repeat(1 << 20),
    ];
    for input in inputs {
        let shown: String = input.chars().take(80).collect();
        bad.say(&input).await;
        assert_eq!(bad.hear_error().await, INVALID, "{shown}");
    }
    within(bad.0.send(Message::binary(&br#"{"type":"subscribe","streams":["a"]}"#[..]))).await.expect("it is open");
    assert_eq!(bad.hear_error().await, INVALID, "binary");

    feed.publish("a", &1).expect("published");
    assert_eq!(good.hear_of("a").await, 1);
    good.hear_nothing().await;
    bad.hear_nothing().await;
    bad.subscribe(&["a"]).await;
    assert_eq!(bad.hear_of("a").await, 1, "whoever erred is served all the same");
}

#[tokio::test]
async fn members_that_nobody_knows_are_passed_over() {
    let feed = Feed::new();
    feed.publish("a", &0).expect("published");
    let mut guest = stage(&feed).join().await;
    let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
    guest.say(format!(r#"{{"id":1,"streams":["\u0061"],"x":{deep},"type":"subscribe"}}"#)).await;
    assert_eq!(guest.hear_of("a").await, 0);
}

#[tokio::test]
async fn many_names_are_refused_and_strange_ones_quoted_with_care() {
    let feed = Feed::new();
    feed.publish("a", &0).expect("published");
    let mut guest = stage(&feed).join().await;
    for kind in ["subscribe", "unsubscribe"] {
        for names in [vec!["a"; MAX_NAMES + 1], vec!["a"; 100_000]] {
            guest.say(json!({ "type": kind, "streams": names })).await;
            assert_eq!(guest.hear_error().await, "Too many streams in one message: at most 100");
        }
    }
    guest.hear_nothing().await;
    guest.subscribe(&["<script>alert(1)</script>", "\u{202e}\0\u{1b}[31m", ""]).await;
    let words = guest.hear_error().await;
    assert_eq!(words, r"Unknown streams: <script>alert(1)</script>, \u{202e}\0\u{1b}[31m, ");
    let long: Vec<String> = (0..MAX_NAMES).map(|at| format!("{at}{}", "\u{1f600}".repeat(100_000))).collect();
    guest.subscribe(&long.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let words = guest.hear_error().await;
    assert!(words.len() < 2500 && words.ends_with("… and 90 more"), "{words}");
}

//! What is no message of a chat: it is said so, and nobody else notices.

use wslab::app::chat::ChatConfig;
use wslab::net::ServerConfig;
use wslab::proto::{Config, Kind, Message};
use wslab::wire::CloseCode;

use crate::chat_stage::{INVALID, NOW, chat, left, said, serve, serve_default};

/// Sends each, and sees that it is called invalid, that the sender goes on, and that the other in the room hears
/// nothing of it.
async fn are_invalid(messages: impl IntoIterator<Item = Message<'static>>) {
    let served = serve_default();
    let [mut ada, mut bob] = served.party("lobby", ["ada", "bob"]).await;
    for message in messages {
        let start = String::from_utf8_lossy(&message.payload[..message.payload.len().min(60)]).into_owned();
        ada.sends(message).await;
        assert_eq!(ada.hears().await, INVALID, "{start}");
    }
    ada.sends(chat("fine")).await;
    for guest in [&mut ada, &mut bob] {
        assert_eq!(guest.hears().await, said("ada", "fine", NOW));
    }
}

#[tokio::test]
async fn no_json() {
    let texts = [
        "",
        " ",
        "?",
        "hello",
        "{",
        "}",
        "{}",
        "[]",
        "null",
        "true",
        "0",
        "\"join\"",
        "\u{0}",
        "\u{feff}{}",
        r#"{"type":"leave"} x"#,
        r#"{"type":"leave"}{"type":"leave"}"#,
        r#"{"type":"leave",}"#,
        r#"{'type':'leave'}"#,
        r#"{"type":"leave"}"#.trim_end_matches('}'),
        r#"{type:"leave"}"#,
        "{\"type\":\"chat\",\"message\":\"\n\"}",
        r#"{"type":"chat","message":"\ud800"}"#,
        r#"{"type":"chat","message":"\x41"}"#,
        "\u{a0}{\"type\":\"leave\"}",
        "\u{feff}{\"type\":\"leave\"}",
    ];
    are_invalid(texts.map(Message::text)).await;
}

#[tokio::test]
async fn unknown_types() {
    let texts = [
        r#"{"type":""}"#,
        r#"{"type":"Join","room":"r","username":"u"}"#,
        r#"{"type":"join ","room":"r","username":"u"}"#,
        r#"{"type":"joined","room":"r","message":"m"}"#,
        r#"{"type":"user_joined"}"#,
        r#"{"type":"error"}"#,
        r#"{"type":"__proto__"}"#,
        r#"{"room":"r","username":"u"}"#,
        r#"{"message":"m"}"#,
        r#"{"Type":"leave"}"#,
    ];
    are_invalid(texts.map(Message::text)).await;
}

#[tokio::test]
async fn something_missing_or_of_the_wrong_type() {
    let texts = [
        r#"{"type":"join"}"#,
        r#"{"type":"join","room":"r"}"#,
        r#"{"type":"join","username":"u"}"#,
        r#"{"type":"join","room":1,"username":"u"}"#,
        r#"{"type":"join","room":"r","username":7}"#,
        r#"{"type":"join","room":null,"username":"u"}"#,
        r#"{"type":"join","room":"r","username":["u"]}"#,
        r#"{"type":"join","room":{"r":1},"username":"u"}"#,
        r#"{"type":"join","room":true,"username":"u"}"#,
        r#"{"type":"chat"}"#,
        r#"{"type":"chat","message":null}"#,
        r#"{"type":"chat","message":5}"#,
        r#"{"type":"chat","message":["a"]}"#,
        r#"{"type":"chat","text":"a"}"#,
        r#"{"type":"chat","message":1e999}"#,
        r#"{"type":0,"room":"r","username":"u"}"#,
        r#"{"type":2}"#,
        r#"{"type":null}"#,
        r#"{"type":["leave"]}"#,
        r#"{"type":{"leave":null}}"#,
        r#"["leave"]"#,
        r#"["chat","m"]"#,
        r#"["join","r","u"]"#,
        r#" ["chat","m"]"#,
        r#"{"leave":null}"#,
        r#"{"chat":{"message":"m"}}"#,
    ];
    are_invalid(texts.map(Message::text)).await;
}

#[tokio::test]
async fn something_twice() {
    let texts = [
        r#"{"type":"leave","type":"leave"}"#,
        r#"{"type":"chat","message":"a","message":"b"}"#,
        r#"{"type":"join","room":"r","room":"s","username":"u"}"#,
        r#"{"type":"chat","type":"leave","message":"a"}"#,
        r#"{"type":"chat","message":"a","\u006dessage":"b"}"#,
    ];
    are_invalid(texts.map(Message::text)).await;
}

#[tokio::test]
async fn deep_nesting() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let within = |value: &str| format!(r#"{{"type":"chat","x":{value},"message":"m"}}"#);
    let arrays = deep("[", "]");
    let objects = format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    let asked_for = format!(r#"{{"type":"chat","message":{arrays}}}"#);
    let served = serve_default();
    let mut ada = served.first("lobby", "ada").await;
    for message in [within(&arrays), within(&objects)] {
        // What is not asked for is passed over, however deep it is.
        ada.sends(message).await;
        assert_eq!(ada.hears().await, said("ada", "m", NOW));
    }
    let texts = [arrays, objects, asked_for, "[".repeat(1_000_000), r#"{"x":"#.repeat(200_000)];
    are_invalid(texts.map(Message::text)).await;
}

#[tokio::test]
async fn binary_messages() {
    let messages = [&b""[..], b"\0", br#"{"type":"leave"}"#, br#"{"type":"chat","message":"m"}"#, b"\xff\xfe"];
    are_invalid(messages.map(Message::binary)).await;
}

#[tokio::test]
async fn all_kinds_before_anything_is_joined() {
    let served = serve_default();
    let mut ada = served.guest().await;
    for message in ["", "{}", r#"{"type":"chat"}"#] {
        ada.sends(message).await;
        assert_eq!(ada.hears().await, INVALID);
    }
    assert!(served.chat.rooms().is_empty());
}

/// RFC 6455, section 8.1: this is the protocol's matter.
#[tokio::test]
async fn text_that_is_not_utf_8_ends_the_connection() {
    let served = serve_default();
    let [mut ada, mut bob] = served.party("lobby", ["ada", "bob"]).await;
    bob.sends(Message { kind: Kind::Text, payload: b"{\"type\":\"chat\",\"message\":\"\xff\"}"[..].into() }).await;
    assert_eq!(bob.ends().await.code, CloseCode::INVALID_DATA);
    assert_eq!(ada.hears().await, left("bob", NOW));
    ada.hears_nothing().await;
}

#[tokio::test]
async fn what_is_larger_than_the_server_takes_ends_the_connection() {
    let endpoint = Config { max_message: 100_000, ..Config::default() };
    let served = serve(ChatConfig::default(), ServerConfig { endpoint, ..ServerConfig::default() });
    let [mut ada, mut bob] = served.party("lobby", ["ada", "bob"]).await;
    let largest = chat(&"x".repeat(100_000 - chat("").len()));
    assert_eq!(bob.is_refused(largest).await, "A message has at most 4096 characters");
    // It may be closed before all of it is sent.
    let _sent = bob.0.send(chat(&"x".repeat(100_000))).await;
    assert_eq!(bob.ends().await.code, CloseCode::TOO_BIG);
    assert_eq!(ada.hears().await, left("bob", NOW));
    ada.hears_nothing().await;
}

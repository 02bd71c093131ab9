//! What is understood and refused, in words.

use wslab::app::chat::ChatConfig;
use wslab::net::ServerConfig;

use crate::chat_stage::{LEAVE, NOW, chat, join, joined, said, serve, serve_default};

#[tokio::test]
async fn nothing_can_be_said_or_left_without_a_room() {
    let served = serve_default();
    let mut ada = served.guest().await;
    for message in [chat("hello").as_str(), LEAVE] {
        ada.sends(message).await;
        assert_eq!(ada.hears().await, r#"{"type":"error","message":"Join a room first"}"#);
    }
}

#[tokio::test]
async fn names_have_limits() {
    let served = serve_default();
    let mut ada = served.guest().await;
    for name in ["", "  \t\n", &"x".repeat(33), &"ß".repeat(33), "\u{200d}"] {
        assert_eq!(ada.is_refused(join("r", name)).await, "A name has 1 to 32 characters", "{name:?}");
    }
    for name in ["a\0", "a\nb", "\u{1b}[31mred", "\u{202e}ada", "a\u{200b}da", "a\u{2028}b", "\u{3164}"] {
        let words = "A name has no control characters and no invisible ones";
        assert_eq!(ada.is_refused(join("r", name)).await, words, "{name:?}");
    }
    for room in ["", " \u{3000} ", "\u{200d}", &"x".repeat(65)] {
        assert_eq!(ada.is_refused(join(room, "ada")).await, "The name of a room has 1 to 64 characters", "{room:?}");
    }
    for room in ["a\0", "a\rb", "\u{2066}a"] {
        let words = "The name of a room has no control characters and no invisible ones";
        assert_eq!(ada.is_refused(join(room, "ada")).await, words, "{room:?}");
    }
    assert!(served.chat.rooms().is_empty(), "whoever is refused makes no room");
    for (room, name) in [("x".repeat(64), "é".repeat(32)), ("1".to_owned(), "7".to_owned())] {
        ada.joins(&room, &name).await;
    }
}

#[tokio::test]
async fn white_space_around_names_does_not_count() {
    let served = serve_default();
    let mut ada = served.guest().await;
    ada.sends(join(" the lobby\n", "\tada lovelace ")).await;
    assert_eq!(ada.hears().await, joined("the lobby", "ada lovelace"));
    ada.joins("the lobby", "ada lovelace").await;
    assert_eq!(served.chat.rooms(), [("the lobby".to_owned(), 1)]);
}

#[tokio::test]
async fn a_name_is_had_by_one_in_a_room() {
    let served = serve_default();
    let mut ada = served.first("lobby", "Ada").await;
    let mut other = served.guest().await;
    for name in ["Ada", "ada", "ADA", " ada ", "a\u{200d}da", "ａda"] {
        let words = format!("The name {} is taken: choose another", name.trim());
        assert_eq!(other.is_refused(join("lobby", name)).await, words);
    }
    ada.hears_nothing().await;
    other.joins("cellar", "Ada").await;
    drop(ada);
    served.until_rooms(&[("cellar", 1)]).await;
    other.joins("lobby", "ADA").await;
}

#[tokio::test]
async fn messages_have_limits() {
    let served = serve_default();
    let mut ada = served.first("lobby", "ada").await;
    for words in ["", " ", "\n\t\u{3000}"] {
        assert_eq!(ada.is_refused(chat(words)).await, "The message is empty");
    }
    for words in ["x".repeat(4097), "ß".repeat(4097), "x".repeat(900_000)] {
        assert_eq!(ada.is_refused(chat(&words)).await, "A message has at most 4096 characters");
    }
    let longest = "🦀".repeat(4096);
    ada.sends(chat(&longest)).await;
    assert_eq!(ada.hears().await, said("ada", &longest, NOW));
}

#[tokio::test]
async fn limits_are_settable() {
    let config = ChatConfig { max_name: 2, max_room: 3, max_message: 4, max_rooms: 0, max_members: 0 };
    let served = serve(config, ServerConfig::default());
    let mut ada = served.guest().await;
    assert_eq!(ada.is_refused(join("room", "ad")).await, "The name of a room has 1 to 3 characters");
    assert_eq!(ada.is_refused(join("den", "ada")).await, "A name has 1 to 2 characters");
    assert_eq!(ada.is_refused(join("den", "ad")).await, "There are too many rooms: join one that exists");

    let served = serve(ChatConfig { max_rooms: 1, ..config_of_one() }, ServerConfig::default());
    let [mut ada, mut bob] = [served.first("den", "ad").await, served.guest().await];
    assert_eq!(bob.is_refused(join("den", "bo")).await, "The room den is full");
    assert_eq!(ada.is_refused(chat("hello")).await, "A message has at most 4 characters");
    ada.sends(chat("hell")).await;
    assert_eq!(ada.hears().await, said("ad", "hell", NOW));
}

/// A room has at least one member, whatever is set.
fn config_of_one() -> ChatConfig {
    ChatConfig { max_message: 4, max_members: 0, ..ChatConfig::default() }
}

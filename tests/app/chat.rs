//! The messages of a chat, one by one, to the letter.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wslab::app::chat::{Chat, ChatConfig, PAGE};
use wslab::app::host::Host;
use wslab::net::{Client, Listen, Server, ServerConfig};
use wslab::proto::{Config, deflate};

use crate::chat_stage::{Guest, LEAVE, NOW, came, chat, join, joined, left, said, serve, serve_default, within};

#[tokio::test]
async fn whoever_joins_is_welcomed() {
    let served = serve_default();
    let mut ada = served.guest().await;
    ada.sends(r#"{"type":"join","room":"lobby","username":"ada"}"#).await;
    assert_eq!(ada.hears().await, r#"{"type":"joined","room":"lobby","message":"Welcome to lobby, ada"}"#);
    ada.hears_nothing().await;
    assert_eq!(served.chat.rooms(), [("lobby".to_owned(), 1)]);
}

#[tokio::test]
async fn the_others_hear_who_joins() {
    let served = serve_default();
    let mut ada = served.first("lobby", "ada").await;
    let mut bob = served.guest().await;
    served.set_clock(1_700_000_000_456);
    bob.sends(r#"{"type":"join","room":"lobby","username":"bob"}"#).await;
    assert_eq!(bob.hears().await, r#"{"type":"joined","room":"lobby","message":"Welcome to lobby, bob"}"#);
    assert_eq!(ada.hears().await, r#"{"type":"user_joined","username":"bob","timestamp":1700000000456}"#);
    bob.hears_nothing().await;
}

#[tokio::test]
async fn everybody_hears_what_is_said_the_one_who_says_it_too() {
    let served = serve_default();
    let mut party = served.party("lobby", ["ada", "bob", "cyd"]).await;
    served.set_clock(1_700_000_000_789);
    party[1].sends(r#"{"type":"chat","message":"Hello, all"}"#).await;
    for guest in &mut party {
        let heard = guest.hears().await;
        assert_eq!(heard, r#"{"type":"chat","username":"bob","message":"Hello, all","timestamp":1700000000789}"#);
        guest.hears_nothing().await;
    }
}

#[tokio::test]
async fn the_others_hear_who_leaves_and_he_hears_nothing_more() {
    let served = serve_default();
    let [mut ada, mut bob] = served.party("lobby", ["ada", "bob"]).await;
    served.set_clock(1_700_000_001_000);
    bob.sends(r#"{"type":"leave"}"#).await;
    assert_eq!(ada.hears().await, r#"{"type":"user_left","username":"bob","timestamp":1700000001000}"#);
    ada.sends(chat("alone")).await;
    assert_eq!(ada.hears().await, said("ada", "alone", 1_700_000_001_000));
    bob.hears_nothing().await;
    assert_eq!(bob.is_refused(chat("still there?")).await, "Join a room first");
    bob.joins("lobby", "bob").await;
    assert_eq!(ada.hears().await, came("bob", 1_700_000_001_000));
}

#[tokio::test]
async fn whoever_closes_leaves() {
    let served = serve_default();
    let [mut ada, bob, cyd] = served.party("lobby", ["ada", "bob", "cyd"]).await;
    assert!(bob.closes().await.clean);
    assert_eq!(ada.hears().await, left("bob", NOW));
    // Without a word.
    drop(cyd);
    assert_eq!(ada.hears().await, left("cyd", NOW));
    ada.hears_nothing().await;
}

#[tokio::test]
async fn an_empty_room_disappears() {
    let served = serve_default();
    let mut ada = served.first("lobby", "ada").await;
    let bob = served.first("cellar", "bob").await;
    assert_eq!(served.chat.rooms(), [("cellar".to_owned(), 1), ("lobby".to_owned(), 1)]);
    ada.sends(LEAVE).await;
    served.until_rooms(&[("cellar", 1)]).await;
    drop(bob);
    served.until_rooms(&[]).await;
    ada.joins("cellar", "bob").await;
    served.until_rooms(&[("cellar", 1)]).await;
}

#[tokio::test]
async fn what_is_said_is_heard_as_it_was_said() {
    let served = serve_default();
    let [mut ada, mut bob] = served.party("lobby", ["ada", "bob"]).await;
    for words in ["<b>bold</b>", " two\nlines\t", "\"\\\u{0}\u{7f}", "\u{202e}שלום", "👩\u{200d}💻", "null"] {
        ada.sends(chat(words)).await;
        assert_eq!(bob.hears().await, said("ada", words, NOW));
    }
    // However it is written.
    ada.sends(r#" { "message" : "\u0068\ud83d\ude00\/", "type" : "chat", "to" : {"x":[1]} } "#).await;
    for _ in 0..6 {
        ada.hears().await;
    }
    assert_eq!(ada.hears().await, said("ada", "h😀/", NOW));
}

#[tokio::test]
async fn messages_in_one_read_are_taken_one_after_the_other() {
    let served = serve_default();
    let mut ada = served.guest().await;
    for message in [join("lobby", "ada"), "?".into(), chat("one"), chat("two")] {
        ada.sends(message).await;
    }
    assert_eq!(ada.hears().await, joined("lobby", "ada"));
    ada.hears().await;
    assert_eq!(ada.hears().await, said("ada", "one", NOW));
    assert_eq!(ada.hears().await, said("ada", "two", NOW));
}

#[tokio::test]
async fn it_is_the_same_compressed() {
    let server = ServerConfig { endpoint: compressing(deflate::Config::default()), ..ServerConfig::default() };
    let served = serve(ChatConfig::default(), server);
    let mut guests = Vec::new();
    for (name, config) in [
        ("ada", Config::default()),
        ("bob", compressing(deflate::Config::default())),
        ("cyd", compressing(deflate::Config::with_takeover())),
    ] {
        let mut guest = served.guest_with(config).await;
        guest.joins("lobby", name).await;
        guests.push(guest);
    }
    let words = "long words ".repeat(300);
    for at in 0..3 {
        guests[at].sends(chat(&words)).await;
        for guest in &mut guests {
            while !guest.hears().await.contains(&words) {}
        }
    }
}

fn compressing(deflate: deflate::Config) -> Config {
    Config { deflate: Some(deflate), ..Config::default() }
}

#[tokio::test]
async fn the_server_itself_can_speak() {
    let served = serve_default();
    let [mut ada, mut bob] = served.party("lobby", ["ada", "bob"]).await;
    let mut cyd = served.first("cellar", "cyd").await;
    assert_eq!(served.chat.say("lobby", None, "Tea is ready").map(|reach| reach.reached), Some(2));
    assert_eq!(served.chat.say("lobby", Some("cook"), "and cake").map(|reach| reach.reached), Some(2));
    assert_eq!(served.chat.say("attic", None, "Anybody?"), None);
    for guest in [&mut ada, &mut bob] {
        assert_eq!(guest.hears().await, said("server", "Tea is ready", NOW));
        assert_eq!(guest.hears().await, said("cook", "and cake", NOW));
    }
    cyd.hears_nothing().await;
    assert_eq!(cyd.is_refused(join("lobby", "Server")).await, "The name Server is taken: choose another");
}

#[tokio::test]
async fn the_time_is_that_of_the_system_unless_a_clock_is_handed_in() {
    let server =
        Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), ServerConfig::default()).expect("there is a port");
    let url = server.url();
    tokio::spawn(server.run(Host::new(Chat::new(ChatConfig::default()))));
    let mut ada = Guest(Client::new(&url).expect("a URL").connect().await.expect("it is open"));
    let before = jiff::Timestamp::now().as_millisecond();
    ada.joins("lobby", "ada").await;
    ada.sends(chat("now")).await;
    let heard: serde_json::Value = serde_json::from_str(&ada.hears().await).expect("JSON");
    let at = heard["timestamp"].as_i64().expect("a whole number");
    assert!((before..=jiff::Timestamp::now().as_millisecond()).contains(&at), "{at}");
}

#[tokio::test]
async fn a_browser_gets_the_page() {
    let served = serve_default();
    let mut browser = TcpStream::connect(served.url.trim_start_matches("ws://")).await.expect("it listens");
    browser.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("it listens");
    let mut answer = Vec::new();
    within(browser.read_to_end(&mut answer)).await.expect("no error");
    let answer = String::from_utf8(answer).expect("text");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.ends_with(PAGE));
}

/// What the policy that pages are served with allows: nothing from elsewhere, and no foreign words as HTML.
#[test]
fn the_page_is_in_one_piece() {
    for never in ["http://", "https://", " src=", "@import", "url(", "innerHTML", "outerHTML", "insertAdjacent"] {
        assert!(!PAGE.contains(never), "{never}");
    }
    for never in ["document.write", "eval(", " onclick=", "localStorage", "<link"] {
        assert!(!PAGE.contains(never), "{never}");
    }
}

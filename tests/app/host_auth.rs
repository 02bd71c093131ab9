//! Clients that have to say who they are.

use std::time::Duration;

use serde_json::{Value, json};
use wslab::app::auth::{SUBPROTOCOL, Settings};
use wslab::app::chat::Chat;
use wslab::app::host::Host;
use wslab::app::{Echo, auth};
use wslab::net::{Client, ServerConfig};
use wslab::proto::Message;
use wslab::proto::opening::{Extra, Policy};

use crate::host_stage::{Guest, Served, chat, serve, serve_with, token, token_for, token_named};

fn guarded() -> Host<Chat> {
    chat().guarded(crate::host_stage::auth(), Settings::default())
}

fn success(user: &str) -> Value {
    json!({ "type": "auth_success", "userId": user })
}

fn failed() -> Value {
    json!({ "type": "auth_failed", "message": "Invalid token" })
}

fn error() -> Value {
    json!({ "type": "auth_error", "message": "Authentication error" })
}

fn join() -> Value {
    json!({ "type": "join", "room": "r", "username": "ada" })
}

async fn is_let_in(client: &Client) {
    let mut guest = Guest::of(client).await;
    assert_eq!(guest.hears().await, success("7"));
    assert_eq!(guest.asks(&join()).await["type"], "joined");
}

#[tokio::test]
async fn a_token_is_taken_from_wherever_clients_can_put_it() {
    let protocols = vec!["chat".to_owned(), SUBPROTOCOL.to_owned()];
    let config = ServerConfig { policy: Policy { protocols, ..Policy::default() }, ..ServerConfig::default() };
    let served = serve_with(guarded(), config);

    let mut headers = Extra::default();
    headers.push("Authorization", format!("Bearer {}", token("7"))).unwrap();
    is_let_in(&served.client().headers(headers)).await;

    is_let_in(&Client::new(&format!("{}/?a=b&token={}", served.url, token("7"))).unwrap()).await;

    let client = served.client().protocols([SUBPROTOCOL.to_owned(), token("7")]);
    is_let_in(&client).await;
    let guest = Guest::of(&client).await;
    assert_eq!(guest.0.agreed().unwrap().protocol.as_deref(), Some(SUBPROTOCOL));
    let guest = Guest::of(&served.client().protocols([SUBPROTOCOL.to_owned(), token("7"), "chat".to_owned()])).await;
    assert_eq!(guest.0.agreed().unwrap().protocol.as_deref(), Some("chat"), "the token's is the last resort");

    let mut guest = served.connect().await;
    assert_eq!(guest.asks(&json!({ "token": token("7") })).await, success("7"));
    assert_eq!(guest.asks(&join()).await["type"], "joined");
}

#[tokio::test]
async fn nothing_goes_through_before_a_good_token() {
    let served = serve(guarded());
    let mut guest = served.connect().await;
    assert_eq!(guest.asks(&join()).await, error());
    assert_eq!(guest.asks(&json!({ "token": 7 })).await, error());
    assert_eq!(guest.asks(&json!({ "token": "no token" })).await, failed());
    assert_eq!(guest.hears_close().await, (1008, "Authentication failed".to_owned()));

    let mut guest = served.connect().await;
    guest.says(Message::binary(&b"\x01"[..])).await;
    assert_eq!(guest.hears().await, error());
    assert_eq!(guest.asks(&json!({ "token": "a.b.c" })).await, failed());
    assert_eq!(guest.asks(&json!({ "token": token("7") })).await, success("7"), "who is refused may try again");
    assert_eq!(guest.asks(&join()).await["type"], "joined");
}

#[tokio::test]
async fn a_bad_token_of_the_request_can_be_made_up_for() {
    let served = serve(guarded());
    let mut guest = Guest::of(&Client::new(&format!("{}/?token=bad", served.url)).unwrap()).await;
    assert_eq!(guest.hears().await, failed());
    assert_eq!(guest.asks(&json!({ "type": "auth", "token": token("7") })).await, success("7"));
}

async fn patient(patience: Duration) -> Served {
    serve(chat().guarded(crate::host_stage::auth(), Settings { patience, ..Settings::default() }))
}

#[tokio::test]
async fn nobody_stays_without_a_good_token() {
    let served = patient(Duration::from_secs(1)).await;
    let (silent, mut talking) = (served.connect().await, served.connect().await);
    talking.says("{}").await;
    assert_eq!(silent.hears_close().await, (1008, "Authentication timeout".to_owned()));
    assert_eq!(talking.hears_close().await, (1008, "Authentication timeout".to_owned()));
}

#[tokio::test]
async fn a_connection_ends_with_its_token_unless_that_is_renewed() {
    let served = serve(guarded());
    let short = |user: &str| json!({ "token": token_for(user, &["join"], Duration::from_millis(1500)) });
    let (mut leaving, mut staying) = (served.connect().await, served.connect().await);
    assert_eq!(leaving.asks(&short("7")).await, success("7"));
    assert_eq!(staying.asks(&short("8")).await, success("8"));
    assert_eq!(staying.asks(&json!({ "token": token("9") })).await, failed(), "another user is another connection");
    assert_eq!(staying.asks(&json!({ "token": token("8") })).await, success("8"));
    assert_eq!(leaving.hears_close().await, (1008, "Token expired".to_owned()));
    assert_eq!(staying.asks(&join()).await["type"], "joined");
}

#[tokio::test]
async fn permissions_guard_the_actions_of_the_same_name() {
    let served = serve(guarded());
    let with = |permissions: &[&str]| json!({ "token": token_for("7", permissions, Duration::from_secs(60)) });
    let denied = json!({ "type": "error", "message": "Permission denied" });
    let mut guest = served.connect().await;
    guest.asks(&with(&[])).await;
    assert_eq!(guest.asks(&join()).await, denied);
    guest.asks(&with(&["join"])).await;
    assert_eq!(guest.asks(&join()).await["type"], "joined", "a new token brings its own permissions");
    let chat = json!({ "type": "chat", "message": "hello" });
    assert_eq!(guest.asks(&chat).await, denied);
    guest.asks(&with(&["join", "chat"])).await;
    assert_eq!(guest.asks(&chat).await["message"], "hello");
}

#[tokio::test]
async fn a_user_whom_his_token_names_has_that_name() {
    let served = serve(guarded());
    let good = Duration::from_secs(60);
    let (mut ada, mut nobody) = (served.connect().await, served.connect().await);
    ada.asks(&json!({ "token": token("7") })).await;
    nobody.asks(&json!({ "token": token_named("8", None, &["join", "chat"], good) })).await;
    let as_bob = json!({ "type": "join", "room": "r", "username": "bob" });
    assert_eq!(nobody.asks(&as_bob).await["message"], "Welcome to r, bob", "without a name he chooses");
    assert_eq!(ada.asks(&as_bob).await["message"], "Welcome to r, Ada");
    assert_eq!(nobody.hears().await["username"], "Ada");
    ada.says(json!({ "type": "chat", "message": "hello" }).to_string()).await;
    for guest in [&mut ada, &mut nobody] {
        assert_eq!(guest.hears().await["username"], "Ada");
    }
    let taken = json!({ "type": "error", "message": "The name ada is taken: choose another" });
    assert_eq!(nobody.asks(&join()).await, taken);
}

#[tokio::test]
async fn a_user_can_ask_who_he_is() {
    let served = serve(guarded());
    let mut guest = served.connect().await;
    let question = json!({ "type": "user_info" });
    assert_eq!(guest.asks(&question).await, error(), "not before he has said it");
    guest.asks(&json!({ "token": token("7") })).await;
    let mut known = guest.asks(&question).await;
    assert!(known["expires"].as_u64().unwrap() > 1_700_000_000_000, "milliseconds: {known}");
    known["expires"] = Value::Null;
    let expected = json!({
        "type": "user_info", "userId": "7", "username": "Ada", "permissions": ["join", "chat"], "expires": null,
    });
    assert_eq!(known, expected);
    let mut anybody = serve(chat()).connect().await;
    let expected = json!({ "type": "user_info", "userId": null, "username": null, "permissions": [], "expires": null });
    assert_eq!(anybody.asks(&question).await, expected);
}

#[tokio::test]
async fn an_echo_is_guarded_too() {
    let served = serve(Host::new(Echo).guarded(crate::host_stage::auth(), auth::Settings::default()));
    let mut guest = served.connect().await;
    assert_eq!(guest.asks(&json!({ "token": token("7") })).await, success("7"));
    for message in [Message::text("{\"type\":\"user_info\"}"), Message::binary(vec![0, 1, 2])] {
        guest.says(message.clone()).await;
        assert_eq!(guest.hears_message().await, message);
    }
}

#[tokio::test]
async fn a_token_that_permits_less_ends_what_it_does_not_permit() {
    let served = serve(guarded());
    let with = |permissions: &[&str]| json!({ "token": token_for("7", permissions, Duration::from_secs(60)) });
    let mut guest = served.connect().await;
    guest.asks(&with(&["join", "chat"])).await;
    guest.asks(&join()).await;
    assert_eq!(guest.asks(&with(&["chat"])).await, success("7"));
    assert_eq!(guest.asks(&json!({ "type": "chat", "message": "still here?" })).await["type"], "error");
}

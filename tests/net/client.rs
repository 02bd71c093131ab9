//! The client's opening handshake, and everything that can go wrong with it (RFC 6455, section 4.1).

use std::time::Duration;

use insta::assert_snapshot;
use tokio::net::TcpListener;
use wslab::net::{Client, ConnectError};
use wslab::proto::opening::Extra;
use wslab::proto::{Cause, Config, Rule};

use crate::stage::{accept, play, within};

fn client(url: &str) -> Client {
    Client::new(url).unwrap()
}

/// The error of connecting to a server that answers `response` and ends; its words without the port.
async fn fails(response: &'static str) -> (ConnectError, String) {
    let (url, server) = play(move |mut raw| async move {
        raw.head().await;
        raw.say(response).await;
    })
    .await;
    let error = within(client(&url).connect()).await.unwrap_err();
    server.await.unwrap();
    let words = error.to_string().replace(&url, "ws://server");
    (error, words)
}

#[tokio::test]
async fn the_request_is_what_was_asked_for() {
    let (url, server) = play(|mut raw| async move {
        let head = raw.head().await;
        (head, raw)
    })
    .await;
    let mut headers = Extra::new();
    headers.push("Authorization", "Basic YTpi").unwrap();
    let connection = client(&format!("{url}/chat?room=1"))
        .protocols(["chat.v2", "chat.v1"])
        .origin("https://example.com")
        .headers(headers)
        .start()
        .await
        .unwrap();
    // It goes out while anything is awaited.
    let mut connection = connection;
    let driving = tokio::spawn(async move { connection.next_event().await.is_some() });
    let (head, _raw) = within(server).await.unwrap();
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    assert_eq!(key.len(), 24);
    let head = head.replace(key, "KEY").replace(&url["ws://".len()..], "HOST").replace("\r\n", "\n");
    assert_snapshot!(head, @r"
    GET /chat?room=1 HTTP/1.1
    Host: HOST
    Upgrade: websocket
    Connection: Upgrade
    Sec-WebSocket-Key: KEY
    Sec-WebSocket-Version: 13
    Origin: https://example.com
    Sec-WebSocket-Protocol: chat.v2, chat.v1
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits
    Authorization: Basic YTpi
    ");
    driving.abort();
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = within(client(&url).connect()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Io { .. }));
    assert_snapshot!(error.to_string().replace(&url, "ws://server"), @"cannot connect to ws://server/: Connection refused (os error 111)");
}

#[tokio::test]
async fn no_such_socket() {
    let error = within(client("unix:/nowhere/to/be/found").connect()).await.unwrap_err();
    assert_snapshot!(error, @"cannot connect to unix:/nowhere/to/be/found: No such file or directory (os error 2)");
}

#[tokio::test]
async fn a_server_that_speaks_http_only() {
    let (error, words) = fails("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello").await;
    let ConnectError::Opening(closed) = error else { panic!("{error}") };
    let Cause::OpeningInvalid(rules, Some(response)) = &closed.cause else { panic!("{}", closed.cause) };
    assert!(rules.contains(Rule::ResponseStatus));
    assert_eq!((response.status, closed.clean, closed.code.0), (200, false, 1006));
    assert_snapshot!(words, @"the opening handshake failed: the server answered 200 OK");
}

#[tokio::test]
async fn a_server_without_such_a_page() {
    let (_, words) = fails("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found").await;
    assert_snapshot!(words, @"the opening handshake failed: the server answered 404 Not Found");
}

#[tokio::test]
async fn a_server_that_answers_another_key() {
    let (error, words) = fails(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    )
    .await;
    let ConnectError::Opening(closed) = error else { panic!("{error}") };
    assert!(matches!(&closed.cause, Cause::OpeningInvalid(rules, _) if rules.contains(Rule::ResponseAcceptWrong)));
    assert_snapshot!(words, @"the opening handshake failed: the Sec-WebSocket-Accept header does not answer the key of the request");
}

#[tokio::test]
async fn a_server_that_does_not_speak_http() {
    let (_, words) = fails("220 mail.example.com ESMTP\r\n\r\n").await;
    assert_snapshot!(words, @"the opening handshake failed: this is not HTTP, at byte 0");
}

#[tokio::test]
async fn a_server_that_closes_at_once() {
    let (_, words) = fails("").await;
    assert_snapshot!(words, @"the opening handshake failed: the peer ended the connection before it was complete");
}

#[tokio::test]
async fn a_server_that_ends_within_its_answer() {
    let (_, words) = fails("HTTP/1.1 101 Switching Protocols\r\nUpgra").await;
    assert_snapshot!(words, @"the opening handshake failed: the peer ended the connection before it was complete");
}

#[tokio::test]
async fn a_server_that_never_answers() {
    let (url, server) = play(|mut raw| async move {
        raw.head().await;
        raw.rest().await
    })
    .await;
    let config = Config { opening_timeout: Duration::from_millis(100), ..Config::default() };
    let error = within(client(&url).config(config).connect()).await.unwrap_err();
    assert!(matches!(&error, ConnectError::Opening(closed) if closed.cause == Cause::OpeningTimeout));
    assert_snapshot!(error.to_string(), @"the opening handshake failed: it was not completed in time");
    assert!(within(server).await.unwrap().is_empty(), "the client is gone");
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls() {
    let (url, _server) = play(|mut raw| async move {
        raw.say("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        raw.rest().await
    })
    .await;
    let url = url.replace("ws://", "wss://");
    let error = within(client(&url).trust(wslab::net::Trust::Anybody).connect()).await.unwrap_err();
    assert_snapshot!(error.to_string().replace(&url, "wss://server"), @"cannot connect to wss://server/: the server does not speak TLS");
}

#[tokio::test]
async fn a_tls_handshake_that_never_ends() {
    let (url, _server) = play(|mut raw| async move { raw.rest().await }).await;
    let url = url.replace("ws://", "wss://");
    let config = Config { opening_timeout: Duration::from_millis(100), ..Config::default() };
    let client = client(&url).trust(wslab::net::Trust::Anybody).config(config);
    let error = within(client.connect()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Timeout { .. }));
    assert_snapshot!(error.to_string().replace(&url, "wss://server"), @"cannot connect to wss://server/: no answer within 0.1 s");
}

#[tokio::test]
async fn what_cannot_be_asked_is_not_asked() {
    let client = client("ws://127.0.0.1:1/").protocols(["a b"]);
    let error = within(client.connect()).await.unwrap_err();
    assert_snapshot!(error, @r#"this cannot be asked for: the subprotocol "a b" is not a token"#);
}

#[tokio::test]
async fn frames_right_behind_the_answer_are_read() {
    let (url, server) = play(|mut raw| async move {
        accept(&mut raw).await;
        raw.say(hex_literal::hex!("81 05 48656c6c6f  88 02 03e8")).await;
        raw.hear::<8>().await
    })
    .await;
    let mut connection = within(client(&url).connect()).await.unwrap();
    assert_eq!(crate::stage::text(within(connection.next()).await.unwrap()).as_deref(), Some("Hello"));
    assert_eq!(within(connection.next()).await.unwrap(), None);
    assert_eq!(server.await.unwrap()[..2], hex_literal::hex!("88 82"), "the answer to the close frame");
}

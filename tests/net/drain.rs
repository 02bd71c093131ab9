//! How a server shuts down: 1001 to all (RFC 6455, section 7.4.1), and patience with limits.

use std::time::Duration;

use hex_literal::hex;
use wslab::net::{Client, ServerConfig};
use wslab::proto::{Config, ReadyState};
use wslab::wire::CloseCode;

use crate::stage::{REQUEST, serve_echo, text, until, within};

const LONG: Duration = Duration::from_secs(50);

#[tokio::test]
async fn all_are_told_and_waited_for() {
    let server = serve_echo(ServerConfig::default());
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(within(server.connect()).await);
    }
    within(clients[0].send("before")).await.unwrap();
    assert_eq!(text(within(clients[0].next()).await.unwrap()).as_deref(), Some("before"));
    let draining = tokio::spawn({
        let connections = server.connections.clone();
        async move { connections.drain(LONG).await }
    });
    for client in &mut clients {
        assert_eq!(within(client.next()).await, Ok(None));
        let closed = client.closed().unwrap();
        assert_eq!((closed.code, closed.reason.as_str()), (CloseCode::GOING_AWAY, "the server shuts down"));
    }
    assert_eq!(within(draining).await.unwrap(), 0);
    let url = server.url.clone();
    within(server.task).await.unwrap().unwrap();
    assert!(Client::new(&url).unwrap().connect().await.is_err(), "the doors are closed");
}

#[tokio::test]
async fn who_does_not_go_is_dropped_after_the_grace_time() {
    let endpoint = Config { closing_timeout: LONG, ..Config::default() };
    let server = serve_echo(ServerConfig { endpoint, ..ServerConfig::default() });
    let mut stubborn = within(server.raw_open()).await;
    let mut polite = within(server.connect()).await;
    let polite = tokio::spawn(async move { polite.next().await });
    assert_eq!(within(server.connections.drain(Duration::from_millis(100))).await, 1);
    assert!(server.connections.is_empty());
    assert_eq!(within(polite).await.unwrap(), Ok(None));
    assert_eq!(within(stubborn.rest()).await, [&hex!("88 17 03e9")[..], b"the server shuts down"].concat());
}

#[tokio::test]
async fn who_is_just_opening_is_not_waited_for() {
    let server = serve_echo(ServerConfig::default());
    let mut silent = server.raw().await;
    let mut asking = server.raw().await;
    asking.say(&REQUEST[..20]).await;
    // Behind this one both were accepted.
    let mut client = within(server.connect()).await;
    let client = tokio::spawn(async move { client.next().await });
    assert_eq!(within(server.connections.drain(LONG)).await, 0);
    assert_eq!(within(client).await.unwrap(), Ok(None));
    // Gone, whether by an end or, with bytes unread, by a reset.
    for raw in [&mut silent, &mut asking] {
        let mut rest = Vec::new();
        let _end = within(tokio::io::AsyncReadExt::read_to_end(&mut raw.0, &mut rest)).await;
        assert!(rest.is_empty());
    }
}

#[tokio::test]
async fn who_has_just_come_is_told_like_all_others() {
    let server = serve_echo(ServerConfig::default());
    let client = Client::new(&server.url).unwrap();
    let connecting = tokio::spawn(async move {
        let mut connection = client.connect().await.unwrap();
        connection.next().await.unwrap();
        connection.closed().unwrap().code
    });
    within(async {
        while server.connections.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(within(server.connections.drain(LONG)).await, 0, "nobody has to be dropped");
    assert_eq!(within(connecting).await.unwrap(), CloseCode::GOING_AWAY);
}

#[tokio::test]
async fn an_empty_server_ends_at_once_and_twice_is_as_good_as_once() {
    let server = serve_echo(ServerConfig::default());
    let other = server.connections.clone();
    let (first, second) = within(async { tokio::join!(server.connections.drain(LONG), other.drain(LONG)) }).await;
    assert_eq!((first, second), (0, 0));
    within(server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn connections_that_close_by_themselves_meanwhile_are_not_disturbed() {
    let server = serve_echo(ServerConfig::default());
    let mut client = within(server.connect()).await;
    client.start_close(CloseCode::NORMAL, "my own wish").unwrap();
    let connections = server.connections.clone();
    let draining = tokio::spawn(async move { connections.drain(LONG).await });
    let closed = within(client.close(CloseCode::NORMAL, "")).await.unwrap();
    assert!(closed.clean);
    assert_eq!(client.ready_state(), ReadyState::Closed);
    assert_eq!(within(draining).await.unwrap(), 0);
    until("nobody is there", || server.connections.is_empty()).await;
}

//! Peers that go without a word, or with half a word: by a reset, or by ending their direction of TCP.

use hex_literal::hex;
use tokio::io::AsyncWriteExt;
use wslab::net::{Client, OwnedEvent, ServerConfig};
use wslab::proto::Cause;
use wslab::wire::CloseCode;

use crate::stage::{REQUEST, Raw, accept, play, serve_echo, until, within};

/// What a client has said when it goes; in each state of a connection.
const LAST_WORDS: [(&str, &[u8]); 7] = [
    ("nothing", b""),
    ("half a request", b"GET / HTTP/1.1\r\nHo"),
    ("a request", REQUEST.as_bytes()),
    ("a request and half a head", b"\x82"),
    ("a request and half a message", b"\x82\x85\0\0\0\0ab"),
    ("a request and a fragment", b"\x02\x82\0\0\0\0ab"),
    ("a request and a close frame", b"\x88\x82\0\0\0\0\x03\xe8"),
];

async fn leave_a_server(go: impl AsyncFn(Raw)) {
    let server = serve_echo(ServerConfig::default());
    for (index, (_, words)) in LAST_WORDS.into_iter().enumerate() {
        let mut raw = if index < 3 { server.raw().await } else { within(server.raw_open()).await };
        raw.say(words).await;
        tokio::task::yield_now().await;
        go(raw).await;
    }
    until("all have left", || server.connections.is_empty()).await;
    let mut connection = within(server.connect()).await;
    within(connection.send("still there?")).await.unwrap();
    assert!(within(connection.next()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_server_survives_clients_that_reset() {
    leave_a_server(async |raw| raw.reset()).await;
}

#[tokio::test]
async fn a_server_survives_clients_that_just_end() {
    leave_a_server(async |raw| drop(raw)).await;
}

#[tokio::test]
async fn a_server_ends_too_when_a_client_ends_its_direction() {
    leave_a_server(async |mut raw| {
        raw.0.shutdown().await.unwrap();
        within(raw.rest()).await;
    })
    .await;
}

#[tokio::test]
async fn a_client_learns_that_its_server_is_gone() {
    let words: [(&[u8], Cause); 4] = [
        (b"", Cause::Lost),
        (b"\x81", Cause::Lost),
        (b"\x81\x05Hel", Cause::Lost),
        (b"\x88\x02\x03\xe8", Cause::Handshake),
    ];
    for (words, cause) in words {
        for resets in [false, true] {
            let (url, server) = play(move |mut raw| async move {
                accept(&mut raw).await;
                raw.say(words).await;
                if resets { Some(raw) } else { None }
            })
            .await;
            let mut connection = within(Client::new(&url).unwrap().connect()).await.unwrap();
            if let Some(raw) = within(server).await.unwrap() {
                if cause == Cause::Handshake {
                    // A reset may overtake what was sent before it.
                    assert!(matches!(within(connection.next_event()).await, Some(OwnedEvent::Close(..))));
                }
                raw.reset();
            }
            let closed = loop {
                match within(connection.next_event()).await.unwrap() {
                    OwnedEvent::Closed(closed) => break closed,
                    other => assert!(!matches!(other, OwnedEvent::Message(_)), "half a message is none"),
                }
            };
            assert_eq!((&closed.cause, closed.clean), (&cause, cause == Cause::Handshake), "{words:x?} {resets}");
        }
    }
}

#[tokio::test]
async fn a_client_that_ends_its_direction_still_gets_what_is_queued() {
    const SIZE: usize = 8 << 20;
    let server = serve_echo(ServerConfig::default());
    let mut raw = within(server.raw_open()).await;
    let (mut reading, mut writing) = raw.0.split();
    let frame = [&hex!("82 ff 0000000000800000 00000000")[..], &vec![7; SIZE]].concat();
    within(writing.write_all(&frame)).await.unwrap();
    within(writing.shutdown()).await.unwrap();
    let mut echo = Vec::new();
    within(tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut echo)).await.unwrap();
    assert_eq!(echo.len(), SIZE + 10);
    assert!(echo[10..].iter().all(|&byte| byte == 7));
}

#[tokio::test]
async fn a_request_whose_client_has_ended_its_direction_is_answered() {
    let server = serve_echo(ServerConfig::default());
    let mut raw = server.raw().await;
    raw.say([REQUEST.as_bytes(), &hex!("81 81 00000000 61")].concat()).await;
    raw.0.shutdown().await.unwrap();
    within(raw.head()).await;
    assert_eq!(within(raw.rest()).await, hex!("81 01 61"));
}

#[tokio::test]
async fn closing_a_connection_whose_peer_is_gone_ends() {
    let (url, server) = play(|mut raw| async move { accept(&mut raw).await }).await;
    let mut connection = within(Client::new(&url).unwrap().connect()).await.unwrap();
    within(server).await.unwrap();
    let closed = within(connection.close(CloseCode::NORMAL, "")).await.unwrap();
    assert_eq!((closed.clean, closed.code), (false, CloseCode::ABNORMAL));
}

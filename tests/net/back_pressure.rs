//! Peers that are slow, and messages that are large.

use std::time::Duration;

use wslab::net::{Client, Connection, ServerConfig};
use wslab::proto::{Config, Message, SendError};
use wslab::wire::CloseCode;

use crate::stage::{accept, bind, play, serve_echo, within};

#[tokio::test]
async fn a_message_of_16_mib_goes_both_ways() {
    let server = serve_echo(ServerConfig::default());
    let mut connection = within(server.connect()).await;
    let payload: Vec<u8> = (0..16_u32 << 20).map(|index| (index >> 10) as u8).collect();
    within(connection.send(payload.as_slice())).await.unwrap();
    let echo = within(connection.next()).await.unwrap().unwrap();
    assert!(echo.payload == payload);
    // In fragments, as well.
    let client = Client::new(&server.url).unwrap().config(Config { fragment: Some(100_000), ..Config::default() });
    let mut connection = within(client.connect()).await.unwrap();
    within(connection.send(payload.as_slice())).await.unwrap();
    assert!(within(connection.next()).await.unwrap().unwrap().payload == payload);
    assert!(within(connection.close(CloseCode::NORMAL, "")).await.unwrap().clean);
}

#[tokio::test]
async fn two_ends_that_send_at_the_same_time_do_not_wait_for_each_other() {
    const SIZE: usize = 12 << 20;
    let server = bind(ServerConfig::default());
    let client = Client::new(&server.url()).unwrap();
    let (mut ours, mut theirs) = within(async {
        let (ours, theirs) = tokio::join!(client.connect(), async { server.accept().await?.open().await });
        (ours.unwrap(), theirs.unwrap())
    })
    .await;
    let message = Message::binary(vec![7; SIZE]);
    let exchange = async |connection: &mut Connection| {
        connection.send(message.clone()).await.unwrap();
        connection.next().await.unwrap() == Some(message.clone())
    };
    assert_eq!(within(async { tokio::join!(exchange(&mut ours), exchange(&mut theirs)) }).await, (true, true));
}

#[tokio::test]
async fn a_client_that_reads_late_gets_everything() {
    let server = serve_echo(ServerConfig::default());
    let mut raw = within(server.raw_open()).await;
    let frame = [&hex_literal::hex!("82 fe 4000 00000000")[..], &[7; 16 << 10]].concat();
    // Sockets and the server hold some of it; the rest waits here.
    let mut sent = 0;
    for _ in 0..50 {
        while let Ok(count) = raw.0.try_write(&frame[sent % frame.len()..]) {
            sent += count;
            assert!(sent < 200 << 20, "the server takes everything");
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let whole = sent / frame.len();
    let mut other = within(server.connect()).await;
    within(other.send("others are served all the same")).await.unwrap();
    within(other.next()).await.unwrap().unwrap();
    for _ in 0..whole {
        assert_eq!(within(raw.hear::<4>()).await, hex_literal::hex!("82 7e 4000"));
        assert!(within(raw.hear::<{ 16 << 10 }>()).await == [7; 16 << 10]);
    }
}

#[tokio::test]
async fn sending_to_a_peer_that_is_gone_fails_in_the_end() {
    let (url, server) = play(|mut raw| async move {
        accept(&mut raw).await;
        raw.reset();
    })
    .await;
    let mut connection = within(Client::new(&url).unwrap().connect()).await.unwrap();
    within(server).await.unwrap();
    let error = within(async {
        loop {
            if let Err(error) = connection.send("are you there?").await {
                return error;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(error, SendError::NotOpen);
    assert!(within(connection.next()).await.is_err(), "how it ended is told all the same");
}

#[tokio::test]
async fn keepalive_ends_sending_to_a_peer_that_is_dead() {
    let (url, _server) = play(|mut raw| async move {
        accept(&mut raw).await;
        std::future::pending::<()>().await;
    })
    .await;
    let short = Duration::from_millis(50);
    let config =
        Config { ping_interval: Some(short), pong_timeout: short, closing_timeout: short, ..Config::default() };
    let mut connection = within(Client::new(&url).unwrap().config(config).connect()).await.unwrap();
    assert_eq!(within(connection.send(vec![7; 64 << 20])).await, Err(SendError::NotOpen));
}

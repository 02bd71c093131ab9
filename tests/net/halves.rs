//! Connections that are split.

use std::time::Duration;

use hex_literal::hex;
use wslab::net::{Broken, Client, OwnedEvent};
use wslab::proto::{Cause, Message, SendError};
use wslab::wire::CloseCode;

use crate::stage::{accept, play, serve_echo, text, within};

/// Both ways at the same time go so many messages of so many bytes: far more than sockets hold.
async fn go_both_ways(count: u32, size: usize) {
    let server = serve_echo(Default::default());
    let (sender, mut receiver) = within(server.connect()).await.split();
    let sending = tokio::spawn(async move {
        for number in 0..count {
            let mut payload = vec![0; size];
            payload[..4].copy_from_slice(&number.to_be_bytes());
            sender.send(payload).await.unwrap();
        }
        sender.close(CloseCode::NORMAL, "").await.unwrap();
    });
    // Slow at first, so that everything between the two halves fills up.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut next = 0_u32;
    while let Some(message) = within(receiver.next()).await.unwrap() {
        assert_eq!(message.payload[..4], next.to_be_bytes());
        next += 1;
    }
    // Echoes of what was sent before the close frame may still be under way when it arrives, but TCP keeps the order.
    assert_eq!(next, count);
    within(sending).await.unwrap();
}

#[tokio::test]
async fn many_messages_go_both_ways_at_the_same_time() {
    go_both_ways(2000, 8000).await;
}

#[tokio::test]
async fn large_messages_go_both_ways_at_the_same_time() {
    go_both_ways(30, 1 << 20).await;
}

#[tokio::test]
async fn sending_waits_for_a_peer_that_does_not_read() {
    let (url, _server) = play(|mut raw| async move {
        accept(&mut raw).await;
        std::future::pending::<()>().await;
    })
    .await;
    let (sender, _receiver) = within(Client::new(&url).unwrap().connect()).await.unwrap().split();
    let mut sent = 0_usize;
    while tokio::time::timeout(Duration::from_millis(500), sender.send(vec![0; 1 << 20])).await.is_ok() {
        sent += 1;
        assert!(sent < 200, "somebody remembers it all");
    }
}

#[tokio::test]
async fn a_receiver_that_does_not_receive_holds_the_peer_up() {
    let (url, server) = play(|mut raw| async move {
        accept(&mut raw).await;
        let message = [&hex!("82 7f 0000000000100000")[..], &vec![0; 1 << 20]].concat();
        let mut sent = 0_usize;
        for _ in 0..100 {
            while let Ok(count) = raw.0.try_write(&message[sent % message.len()..]) {
                sent += count;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        sent
    })
    .await;
    let (_sender, _receiver) = within(Client::new(&url).unwrap().connect()).await.unwrap().split();
    let sent = within(server).await.unwrap();
    assert!(sent < 100 << 20, "{sent} bytes were taken");
}

#[tokio::test]
async fn dropping_the_sender_closes() {
    let server = serve_echo(Default::default());
    let (sender, mut receiver) = within(server.connect()).await.split();
    let clone = sender.clone();
    drop(sender);
    clone.send("last words").await.unwrap();
    drop(clone);
    assert_eq!(text(within(receiver.next()).await.unwrap()).as_deref(), Some("last words"));
    assert_eq!(within(receiver.next_event()).await, Some(OwnedEvent::Close(Some(CloseCode::NORMAL), String::new())));
    assert!(matches!(within(receiver.next_event()).await, Some(OwnedEvent::Closed(closed)) if closed.clean));
    assert_eq!(within(receiver.next_event()).await, None);
}

#[tokio::test]
async fn without_the_receiver_the_sender_goes_on() {
    let (url, server) = play(|mut raw| async move {
        accept(&mut raw).await;
        raw.say(hex!("81 01 61  89 01 62  81 01 63")).await;
        // The pong comes somewhere among the messages.
        raw.hear::<{ 50 * 7 + 7 }>().await;
        raw.say(hex!("88 02 03e8")).await;
        raw.hear::<8>().await
    })
    .await;
    let (sender, receiver) = within(Client::new(&url).unwrap().connect()).await.unwrap().split();
    drop(receiver);
    for _ in 0..50 {
        within(sender.send("a")).await.unwrap();
    }
    assert_eq!(within(server).await.unwrap()[..2], hex!("88 82"));
    // The end of the task is all that a sender alone can notice.
    while sender.send("a").await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_receiver_that_rests_does_not_keep_a_closing_connection_for_ever() {
    let (url, server) = play(|mut raw| async move {
        accept(&mut raw).await;
        raw.say(hex!("81 01 61").repeat(100)).await;
        raw.rest().await
    })
    .await;
    let config = wslab::proto::Config { closing_timeout: Duration::from_millis(50), ..Default::default() };
    let (sender, mut receiver) = within(Client::new(&url).unwrap().config(config).connect()).await.unwrap().split();
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(sender);
    // The close frame goes out though nobody takes the messages.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut messages = 0;
    let end = loop {
        match within(receiver.next_event()).await {
            Some(OwnedEvent::Message(_)) => messages += 1,
            Some(OwnedEvent::Closed(closed)) => break closed,
            Some(_) => {}
            None => panic!("the end is told"),
        }
    };
    assert_eq!((messages, end.cause), (100, Cause::ClosingTimeout));
    drop(receiver);
    assert_eq!(within(server).await.unwrap().len(), 8);
}

#[tokio::test]
async fn how_it_ended_is_told_once() {
    let (url, _server) = play(|mut raw| async move {
        accept(&mut raw).await;
    })
    .await;
    let (sender, mut receiver) = within(Client::new(&url).unwrap().connect()).await.unwrap().split();
    let Err(Broken(closed)) = within(receiver.next()).await else { panic!("it is broken") };
    assert_eq!(closed.cause, Cause::Lost);
    assert_eq!(within(receiver.next()).await, Ok(None));
    assert_eq!(sender.send("too late").await, Err(SendError::NotOpen));
    assert_eq!(sender.ping(b"").await, Err(SendError::NotOpen));
    assert_eq!(sender.ping(&[0; 126]).await, Err(SendError::ControlTooLong));
    assert_eq!(sender.close(CloseCode(1005), "").await, Err(SendError::CloseCode(CloseCode(1005))));
    assert_eq!(sender.close(CloseCode::NORMAL, &"x".repeat(124)).await, Err(SendError::ControlTooLong));
}

#[tokio::test]
async fn what_is_ordered_while_connecting_waits_until_it_is_open() {
    let server = serve_echo(Default::default());
    let connection = within(Client::new(&server.url).unwrap().start()).await.unwrap();
    let (sender, mut receiver) = connection.split();
    sender.send("early").await.unwrap();
    drop(sender);
    assert_eq!(within(receiver.next_event()).await, Some(OwnedEvent::Open));
    assert_eq!(within(receiver.next_event()).await, Some(OwnedEvent::Message(Message::text("early"))));
    assert_eq!(within(receiver.next()).await, Ok(None));
}

//! Ready states and events, as the browser's WebSocket API has them.

use hex_literal::hex;
use tokio::sync::oneshot;
use wslab::net::{Broken, Client, OwnedEvent};
use wslab::proto::{Cause, Message, ReadyState, Rule, SendError};
use wslab::wire::CloseCode;

use crate::stage::{accept, play, serve_echo, text, within};

#[tokio::test]
async fn a_good_life() {
    let server = serve_echo(Default::default());
    let mut connection = within(Client::new(&server.url).unwrap().start()).await.unwrap();
    assert_eq!(connection.ready_state(), ReadyState::Connecting);
    assert_eq!((connection.agreed(), connection.closed()), (None, None));
    assert_eq!(connection.send("too early").await, Err(SendError::NotOpen));

    assert_eq!(within(connection.next_event()).await, Some(OwnedEvent::Open));
    assert_eq!(connection.ready_state(), ReadyState::Open);
    assert!(connection.agreed().is_some());
    assert!(connection.peer_addr().is_some());

    within(connection.send("hello")).await.unwrap();
    assert_eq!(within(connection.next_event()).await, Some(OwnedEvent::Message(Message::text("hello"))));
    within(connection.ping(b"are you there")).await.unwrap();
    assert_eq!(within(connection.next_event()).await, Some(OwnedEvent::Pong(b"are you there".to_vec(), None)));

    connection.start_close(CloseCode::NORMAL, "enough").unwrap();
    assert_eq!(connection.ready_state(), ReadyState::Closing);
    assert_eq!(connection.send("too late").await, Err(SendError::NotOpen));
    assert_eq!(within(connection.next_event()).await, Some(OwnedEvent::Close(Some(CloseCode::NORMAL), String::new())));
    assert_eq!(connection.ready_state(), ReadyState::Closing);
    let Some(OwnedEvent::Closed(closed)) = within(connection.next_event()).await else { panic!("it is over") };
    assert_eq!(connection.ready_state(), ReadyState::Closed);
    assert!(closed.clean);
    assert_eq!((closed.code, closed.sent), (CloseCode::NORMAL, Some(CloseCode::NORMAL)));
    assert_eq!(connection.closed(), Some(&closed));
    assert_eq!(within(connection.next_event()).await, None);
    assert_eq!(within(connection.next()).await, Ok(None));
    assert_eq!(connection.send("much too late").await, Err(SendError::NotOpen));
}

#[tokio::test]
async fn an_error_comes_before_the_end() {
    let (url, server) = play(|mut raw| async move {
        accept(&mut raw).await;
        raw.say(hex!("c1 00")).await;
        raw.rest().await
    })
    .await;
    let mut connection = within(Client::new(&url).unwrap().connect()).await.unwrap();
    let cause = Cause::Rule(Rule::ReservedBit);
    assert_eq!(within(connection.next_event()).await, Some(OwnedEvent::Failed(cause.clone())));
    assert_eq!(connection.ready_state(), ReadyState::Closing);
    let Some(OwnedEvent::Closed(closed)) = within(connection.next_event()).await else { panic!("it is over") };
    assert_eq!((closed.clean, closed.code, closed.cause), (false, CloseCode::ABNORMAL, cause));
    assert_eq!(within(connection.next_event()).await, None);
    assert_eq!(server.await.unwrap()[..2], [0x88, 0x80 + 2 + Rule::ReservedBit.words().len() as u8]);
}

#[tokio::test]
async fn an_end_without_closing_handshake_is_an_error_once() {
    let (url, _server) = play(|mut raw| async move {
        accept(&mut raw).await;
        raw.say(hex!("81 01 61")).await;
    })
    .await;
    let mut connection = within(Client::new(&url).unwrap().connect()).await.unwrap();
    assert_eq!(text(within(connection.next()).await.unwrap()).as_deref(), Some("a"));
    let Err(Broken(closed)) = within(connection.next()).await else { panic!("it is broken") };
    assert_eq!((closed.cause, closed.code), (Cause::Lost, CloseCode::ABNORMAL));
    assert_eq!(within(connection.next()).await, Ok(None));
}

#[tokio::test]
async fn closing_while_connecting_closes_when_it_is_open() {
    let (url, server) = play(|mut raw| async move {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        accept(&mut raw).await;
        let close: [u8; 8] = raw.hear().await;
        raw.say(hex!("88 02 03e8")).await;
        close
    })
    .await;
    let mut connection = within(Client::new(&url).unwrap().start()).await.unwrap();
    let closed = within(connection.close(CloseCode::NORMAL, "")).await.unwrap();
    assert!(closed.clean);
    assert_eq!(server.await.unwrap()[..2], hex!("88 82"));
}

#[tokio::test]
async fn what_cannot_be_said_in_a_close_frame_is_an_error() {
    let server = serve_echo(Default::default());
    let mut connection = within(server.connect()).await;
    let code = CloseCode::NO_STATUS;
    assert_eq!(connection.close(code, "").await, Err(SendError::CloseCode(code)));
    assert_eq!(connection.start_close(CloseCode::NORMAL, &"x".repeat(124)), Err(SendError::ControlTooLong));
    assert_eq!(connection.ping(&[0; 126]).await, Err(SendError::ControlTooLong));
    assert_eq!(connection.ready_state(), ReadyState::Open);
    assert!(within(connection.close(CloseCode::NORMAL, &"x".repeat(123))).await.unwrap().clean);
    assert!(within(connection.close(CloseCode::NORMAL, "")).await.unwrap().clean, "once more does no harm");
}

#[tokio::test]
async fn waiting_for_a_message_can_be_given_up_without_losing_any() {
    let (go, gone) = oneshot::channel();
    let (url, server) = play(|mut raw| async move {
        accept(&mut raw).await;
        gone.await.unwrap();
        // Byte by byte, so that the client is interrupted within frames.
        for number in 0..50_u8 {
            for byte in [0x82, 0x01, number] {
                raw.say([byte]).await;
                tokio::task::yield_now().await;
            }
        }
        raw.say(hex!("88 02 03e8")).await;
        raw.hear::<8>().await
    })
    .await;
    let mut connection = within(Client::new(&url).unwrap().connect()).await.unwrap();
    go.send(()).unwrap();
    let mut came = Vec::new();
    let mut interrupted = 0;
    loop {
        tokio::select! {
            biased;
            message = connection.next() => match message.unwrap() {
                Some(message) => came.extend_from_slice(&message.payload),
                None => break,
            },
            () = tokio::task::yield_now() => interrupted += 1,
        }
    }
    assert_eq!(came, (0..50).collect::<Vec<u8>>());
    assert!(interrupted > 50);
    within(server).await.unwrap();
}

//! The set of a server's connections: to send to one and to all.

use std::time::Duration;

use wslab::net::{Client, Connection, Connections, Member, PostError, ServerConfig, Session};
use wslab::proto::{ConnectionId, Event, Message, Outbound, SendError};
use wslab::wire::CloseCode;

use crate::stage::{Served, serve, text, until, within};

/// Tells each client its number.
fn numbered(member: Member) -> impl Session + Unpin + 'static {
    move |event: Event<'_>, out: &mut Outbound| {
        if let Event::Open(_) = event {
            out.send(member.id.0.to_string()).unwrap();
        }
    }
}

async fn join(server: &Served) -> (Connection, ConnectionId) {
    let mut connection = server.connect().await;
    let number = text(connection.next().await.unwrap()).unwrap();
    (connection, ConnectionId(number.parse().unwrap()))
}

async fn hears(connection: &mut Connection) -> String {
    text(within(connection.next()).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_broadcast_reaches_all_but_the_excluded() {
    let server = serve(ServerConfig::default(), numbered);
    let (mut a, id_a) = within(join(&server)).await;
    let (mut b, id_b) = within(join(&server)).await;
    let (mut c, id_c) = within(join(&server)).await;
    let mut ids = server.connections.ids();
    ids.sort();
    assert_eq!(ids, [id_a, id_b, id_c]);

    let reach = server.connections.broadcast(&"not for b".into(), Some(id_b));
    assert_eq!((reach.reached, reach.slow), (2, 0));
    assert_eq!(server.connections.broadcast(&Message::text("for all"), None).reached, 3);
    server.connections.send(id_b, &"for b alone".into()).unwrap();
    for connection in [&mut a, &mut c] {
        assert_eq!(hears(connection).await, "not for b");
        assert_eq!(hears(connection).await, "for all");
    }
    assert_eq!(hears(&mut b).await, "for all");
    assert_eq!(hears(&mut b).await, "for b alone");
}

#[tokio::test]
async fn large_and_empty_messages_are_broadcast_as_well() {
    let server = serve(ServerConfig::default(), numbered);
    let (mut a, _) = within(join(&server)).await;
    for size in [0, 125, 126, 65_535, 65_536, 3 << 20] {
        let message = Message::binary(vec![7; size]);
        assert_eq!(server.connections.broadcast(&message, None).reached, 1, "a single one may be larger than a queue");
        assert_eq!(within(a.next()).await.unwrap(), Some(message));
    }
}

#[tokio::test]
async fn the_gone_are_no_longer_there() {
    let server = serve(ServerConfig::default(), numbered);
    let (mut a, id_a) = within(join(&server)).await;
    let (b, id_b) = within(join(&server)).await;
    let (_c, id_c) = within(join(&server)).await;
    within(a.close(CloseCode::NORMAL, "")).await.unwrap();
    drop(b);
    until("two have left", || server.connections.ids() == [id_c]).await;
    for id in [id_a, id_b] {
        assert_eq!(server.connections.send(id, &"anybody there?".into()), Err(PostError::Gone));
        assert_eq!(server.connections.close(id, CloseCode::NORMAL, ""), Err(PostError::Gone));
        assert_eq!(server.connections.abort(id), Err(PostError::Gone));
    }
    assert_eq!(server.connections.broadcast(&"hello".into(), None).reached, 1);
}

#[tokio::test]
async fn one_can_be_closed_or_dropped_from_outside() {
    let server = serve(ServerConfig::default(), numbered);
    let (mut a, id_a) = within(join(&server)).await;
    let (mut b, id_b) = within(join(&server)).await;
    let code = CloseCode::ABNORMAL;
    let unsendable = PostError::Unsendable(SendError::CloseCode(code));
    assert_eq!(server.connections.close(id_a, code, ""), Err(unsendable));
    let unsendable = PostError::Unsendable(SendError::ControlTooLong);
    assert_eq!(server.connections.close(id_a, CloseCode::POLICY, &"x".repeat(124)), Err(unsendable));
    server.connections.send(id_a, &"last words".into()).unwrap();
    server.connections.close(id_a, CloseCode::POLICY, "behave").unwrap();
    assert_eq!(hears(&mut a).await, "last words");
    assert_eq!(within(a.next()).await, Ok(None));
    let closed = a.closed().unwrap();
    assert_eq!((closed.code, closed.reason.as_str()), (CloseCode::POLICY, "behave"));

    server.connections.abort(id_b).unwrap();
    assert!(within(b.next()).await.is_err());
    until("both have left", || server.connections.is_empty()).await;
}

/// Broadcasts until nobody says "slow" any more or somebody does.
fn flood(connections: &Connections, message: &Message<'_>) -> usize {
    let reach = connections.broadcast(message, None);
    assert_eq!(reach.reached + reach.slow, 2);
    reach.slow
}

#[tokio::test]
async fn a_slow_member_is_counted_and_delays_nobody_and_may_catch_up() {
    const SIZE: usize = 64 << 10;
    let server = serve(ServerConfig { max_queue: 4 * SIZE, ..ServerConfig::default() }, numbered);
    let mut slow = within(server.raw_open()).await;
    let (mut quick, _) = within(join(&server)).await;
    let message = Message::binary(vec![7; SIZE]);
    let (mut sent, mut missed) = (0, 0);
    while missed < 3 {
        missed += flood(&server.connections, &message);
        sent += 1;
        assert_eq!(within(quick.next()).await.unwrap().as_ref(), Some(&message));
        assert!(sent < 10_000, "what waits for the slow one has no bound");
    }
    // What it has not missed it gets, and then it is not slow any more.
    let number: [u8; 3] = within(slow.hear()).await;
    assert_eq!(number[..2], [0x81, 1]);
    for _ in 0..sent - missed {
        assert_eq!(within(slow.hear::<10>()).await, hex_literal::hex!("82 7f 0000000000010000"));
        within(slow.hear::<SIZE>()).await;
    }
    let mut still_slow = 1;
    for _ in 0..1000 {
        still_slow = flood(&server.connections, &message);
        if still_slow == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(still_slow, 0);
}

#[tokio::test]
async fn what_is_sent_to_a_member_that_has_just_come_is_not_lost() {
    let server = serve(ServerConfig::default(), |_member: Member| |_: Event<'_>, _: &mut Outbound| {});
    let client = Client::new(&server.url).unwrap();
    let connecting = tokio::spawn(async move { client.connect().await.unwrap() });
    let greeting = Message::text("welcome");
    within(async {
        // As often as can be, so that the first instant of its membership is met.
        while server.connections.broadcast(&greeting, None).reached == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut connection = within(connecting).await.unwrap();
    assert_eq!(hears(&mut connection).await, "welcome");
}

#[tokio::test]
async fn a_session_reaches_the_others_when_it_opens() {
    let server = serve(ServerConfig::default(), |member: Member| {
        move |event: Event<'_>, _: &mut Outbound| {
            if let Event::Open(_) = event {
                member.connections.broadcast(&Message::text(format!("{} came", member.id.0)), None);
            }
        }
    });
    let mut first = within(server.connect()).await;
    assert_eq!(hears(&mut first).await, "0 came");
    let mut second = within(server.connect()).await;
    assert_eq!(hears(&mut second).await, "1 came");
    assert_eq!(hears(&mut first).await, "1 came");
}

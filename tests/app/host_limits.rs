//! Clients that send too much, and addresses that connect too often.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use wslab::app::Echo;
use wslab::app::auth::Settings;
use wslab::app::host::Host;
use wslab::app::limit::{DoorLimits, Limits, Over, Rate};
use wslab::net::{Client, ConnectError, ServerConfig, Service as _};
use wslab::watch::Meter;

use crate::host_stage::{Guest, REQUEST, Served, auth, chat, serve, serve_with, token, within};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn per_connection(count: u32, period: Duration) -> Limits {
    Limits { connection: Some(Rate::new(count, period)), ..Limits::default() }
}

fn echo(limits: Limits, over: Over) -> Served {
    serve(Host::new(Echo).limited(limits, over))
}

/// Says `hello` so often, and hears it again.
async fn is_echoed(guest: &mut Guest, times: usize) {
    for _ in 0..times {
        guest.says("\"hello\"").await;
        assert_eq!(guest.hears().await, "hello");
    }
}

fn milliseconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

#[tokio::test]
async fn whoever_sends_too_much_is_told_until_when() {
    let served = echo(per_connection(3, MINUTE), Over::Error);
    let before = milliseconds();
    let mut guest = served.connect().await;
    is_echoed(&mut guest, 3).await;
    for _ in 0..2 {
        let refused = guest.asks(&json!("hello")).await;
        assert_eq!((&refused["type"], &refused["message"]), (&json!("error"), &json!("Rate limit exceeded")));
        let until = refused["blockedUntil"].as_u64().unwrap();
        assert!((before + 60_000..=milliseconds() + 60_001).contains(&until), "{refused}");
        assert!((1..=60_000).contains(&refused["retryAfter"].as_u64().unwrap()), "{refused}");
    }
    is_echoed(&mut served.connect().await, 3).await;
}

#[tokio::test]
async fn what_is_left_can_be_asked_for_nothing() {
    let served = serve(chat().limited(per_connection(2, MINUTE), Over::Error));
    let mut guest = served.connect().await;
    let question = json!({ "type": "rate_limit" });
    for remaining in [2, 1, 0, 0] {
        let answer = guest.asks(&question).await;
        assert_eq!((&answer["limit"], &answer["remaining"]), (&json!(2), &json!(remaining)));
        guest.asks(&json!("?")).await;
    }
    let mut unlimited = serve(chat()).connect().await;
    let expected = json!({ "type": "rate_limit", "limit": null, "remaining": null, "resetsAt": null });
    assert_eq!(unlimited.asks(&question).await, expected);
}

#[tokio::test]
async fn whoever_sends_too_much_can_be_closed() {
    let mut guest = echo(per_connection(2, MINUTE), Over::Close).connect().await;
    is_echoed(&mut guest, 2).await;
    guest.says("hello").await;
    assert_eq!(guest.hears_close().await, (1008, "Rate limit exceeded".to_owned()));
}

#[tokio::test]
async fn whoever_sends_too_much_can_be_delayed_and_loses_nothing() {
    let served = echo(per_connection(10, Duration::from_millis(50)), Over::Delay);
    let mut guest = served.connect().await;
    for number in 0..45 {
        guest.says(number.to_string()).await;
    }
    for number in 0..45 {
        assert_eq!(guest.hears().await, number);
    }
}

#[tokio::test]
async fn whoever_is_delayed_waits() {
    let served = echo(per_connection(3, HOUR), Over::Delay);
    let mut guest = served.connect().await;
    for number in 0..5 {
        guest.says(number.to_string()).await;
    }
    for number in 0..3 {
        assert_eq!(guest.hears().await, number);
    }
    assert_eq!(served.connections.broadcast(&"\"meanwhile\"".into(), None).reached, 1);
    assert_eq!(guest.hears().await, "meanwhile", "and not the fourth");
}

#[tokio::test]
async fn whoever_is_delayed_and_gone_is_missed_at_once() {
    let served = serve(chat().limited(per_connection(3, HOUR), Over::Delay));
    let join = |name: &str| json!({ "type": "join", "room": "r", "username": name });
    let (mut staying, mut leaving) = (served.connect().await, served.connect().await);
    staying.asks(&join("bob")).await;
    leaving.asks(&join("ada")).await;
    assert_eq!(staying.hears().await["type"], "user_joined");
    for number in 0..1000 {
        leaving.says(json!({ "type": "chat", "message": number.to_string() }).to_string()).await;
    }
    for number in 0..2 {
        assert_eq!(staying.hears().await["message"], number.to_string());
    }
    drop(leaving);
    assert_eq!(staying.hears().await["type"], "user_left");
}

#[tokio::test]
async fn connections_of_one_address_share_its_rate() {
    let limits = Limits { connection: None, address: Some(Rate::new(4, MINUTE)), ..Limits::default() };
    let served = echo(limits, Over::Error);
    let (mut first, mut second) = (served.connect().await, served.connect().await);
    is_echoed(&mut first, 2).await;
    is_echoed(&mut second, 2).await;
    for guest in [&mut first, &mut second] {
        assert_eq!(guest.asks(&json!("hello")).await["type"], "error");
    }
}

#[tokio::test]
async fn connections_of_one_user_share_his_rate() {
    let limits = Limits { connection: None, user: Some(Rate::new(2, MINUTE)), ..Limits::default() };
    let served = serve(Host::new(Echo).guarded(auth(), Settings::default()).limited(limits, Over::Error));
    let guest = async |user: &str| {
        let mut guest = Guest::of(&Client::new(&format!("{}/?token={}", served.url, token(user))).unwrap()).await;
        assert_eq!(guest.hears().await["type"], "auth_success");
        guest
    };
    let (mut first, mut again, mut other) = (guest("7").await, guest("7").await, guest("8").await);
    is_echoed(&mut first, 1).await;
    is_echoed(&mut again, 1).await;
    assert_eq!(first.asks(&json!("hello")).await["type"], "error");
    is_echoed(&mut other, 2).await;
}

async fn status(client: &Client) -> u16 {
    match within(client.connect()).await {
        Err(ConnectError::Opening(closed)) => match &closed.cause {
            wslab::proto::Cause::OpeningInvalid(_, Some(response)) => response.status,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_no_more() {
    let served = serve(Host::new(Echo).doors(DoorLimits { connections: Some(2), ..DoorLimits::default() }));
    let (first, mut second) = (served.connect().await, served.connect().await);
    assert_eq!(status(&served.client()).await, 429);
    first.ends_by_closing().await;
    while served.connections.len() > 1 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    is_echoed(&mut served.connect().await, 1).await;
    is_echoed(&mut second, 1).await;
}

#[tokio::test]
async fn an_address_connects_so_often_and_no_more() {
    let limits = DoorLimits { handshakes: Some(Rate::new(3, MINUTE)), ..DoorLimits::default() };
    let served = serve(Host::new(Echo).doors(limits));
    for _ in 0..3 {
        served.connect().await.ends_by_closing().await;
    }
    assert_eq!(status(&served.client()).await, 429);
    let answer = served.ask(REQUEST).await;
    assert!(answer.contains("\r\nRetry-After: ") && answer.contains("too fast"), "{answer}");
}

/// A connection from this address of the loopback, which says this, if anything.
async fn raw(served: &Served, from: [u8; 4], words: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    let place = served.url.strip_prefix("ws://").unwrap().parse().unwrap();
    let mut stream = within(socket.connect(place)).await.unwrap();
    stream.write_all(words.as_bytes()).await.unwrap();
    stream
}

/// The status that is answered.
async fn answered(mut stream: TcpStream) -> String {
    let mut line = vec![0; 12];
    within(stream.read_exact(&mut line)).await.unwrap();
    String::from_utf8(line).unwrap().split_off(9)
}

const HERE: [u8; 4] = [127, 0, 0, 1];
const THERE: [u8; 4] = [127, 0, 0, 2];
const PAGE: &str = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn who_asks_for_nothing_counts_and_takes_no_place_of_others() {
    let doors = DoorLimits { connections: Some(1), ..DoorLimits::default() };
    let config = ServerConfig { max_connections: 3, ..ServerConfig::default() };
    let served = serve_with(Host::new(Echo).doors(doors), config);
    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(raw(&served, HERE, "").await);
    }
    assert_eq!(answered(raw(&served, THERE, REQUEST).await).await, "101");
    assert_eq!(answered(raw(&served, HERE, REQUEST).await).await, "429");
    assert_eq!(answered(raw(&served, HERE, PAGE).await).await, "429", "pages count too");
    let mut late = silent.pop().unwrap();
    late.write_all(REQUEST.as_bytes()).await.unwrap();
    assert_eq!(answered(late).await, "429", "it is told when it asks");
    drop(silent);
    while answered(raw(&served, HERE, PAGE).await).await != "200" {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn every_connection_counts_as_an_opening_whatever_becomes_of_it() {
    let doors = DoorLimits { handshakes: Some(Rate::new(3, MINUTE)), ..DoorLimits::default() };
    let served = serve(Host::new(Echo).doors(doors));
    drop(raw(&served, HERE, "").await);
    assert_eq!(answered(raw(&served, HERE, PAGE).await).await, "200");
    assert_eq!(answered(raw(&served, HERE, "nonsense\r\n\r\n").await).await, "400");
    assert_eq!(answered(raw(&served, HERE, REQUEST).await).await, "429");
    assert_eq!(answered(raw(&served, THERE, REQUEST).await).await, "101");
}

/// A flood of one address is told no more than so much at a time.
#[tokio::test]
async fn the_refused_are_answered_a_number_at_a_time_and_else_dropped() {
    let doors = DoorLimits { connections: Some(1), ..DoorLimits::default() };
    let served = serve(Host::new(Echo).doors(doors));
    let mut silent = Vec::new();
    for _ in 0..65 {
        silent.push(raw(&served, HERE, "").await);
    }
    let mut dropped = raw(&served, HERE, "").await;
    assert_eq!(within(dropped.read(&mut [0])).await.unwrap_or(0), 0);
    assert_eq!(answered(raw(&served, THERE, REQUEST).await).await, "101");
}

#[tokio::test]
async fn openings_that_come_to_nothing_are_counted() {
    let meter = Meter::new();
    let doors = DoorLimits { connections: Some(3), ..DoorLimits::default() };
    let config = ServerConfig { max_connections: 1, ..ServerConfig::default() };
    let served = serve_with(Host::new(Echo).doors(doors).metered(meter.clone()), config);
    let _guest = served.connect().await;
    assert_eq!(meter.snapshot().spreads.handshakes.count, 1);
    assert_eq!(answered(raw(&served, THERE, REQUEST).await).await, "503");
    assert_eq!(meter.snapshot().totals.refused, 1);
    let silent = (raw(&served, HERE, "").await, raw(&served, HERE, "").await);
    assert_eq!(answered(raw(&served, HERE, REQUEST).await).await, "429");
    assert_eq!(meter.snapshot().totals.refused, 2);
    drop(silent);
    raw(&served, THERE, "nonsense\r\n\r\n").await;
    while meter.snapshot().totals.failed < 3 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let totals = meter.snapshot().totals;
    assert_eq!((totals.opened, totals.refused, totals.failed), (1, 2, 3));
}

#[tokio::test(start_paused = true)]
async fn one_task_of_a_host_forgets_and_ends_with_it() {
    let tasks = tokio::runtime::Handle::current().metrics();
    let host = Host::new(Echo).limited(Limits::default(), Over::Error).doors(DoorLimits::default());
    assert_eq!(tasks.num_alive_tasks(), 0);
    for _ in 0..3 {
        assert!(host.enter(None).is_ok());
    }
    assert_eq!(tasks.num_alive_tasks(), 1);
    tokio::time::sleep(5 * MINUTE).await;
    assert_eq!(tasks.num_alive_tasks(), 1);
    drop(host);
    tokio::time::sleep(2 * MINUTE).await;
    assert_eq!(tasks.num_alive_tasks(), 0);
}

impl Guest {
    async fn ends_by_closing(mut self) {
        let closed = within(self.0.close(wslab::wire::CloseCode::NORMAL, "")).await.unwrap();
        assert!(closed.clean);
    }
}

/// What waits to be let through is answered as it came, whatever else goes on.
#[tokio::test]
async fn delayed_messages_keep_their_order_and_their_kind() {
    let served = serve(chat().limited(per_connection(2, Duration::from_millis(30)), Over::Delay));
    let mut guest = served.connect().await;
    guest.says(json!({ "type": "join", "room": "r", "username": "ada" }).to_string()).await;
    for number in 0..9 {
        guest.says(json!({ "type": "chat", "message": number.to_string() }).to_string()).await;
    }
    let mut heard: Vec<Value> = Vec::new();
    while heard.len() < 10 {
        heard.push(guest.hears().await);
    }
    assert_eq!(heard[0]["type"], "joined");
    for (number, message) in heard[1..].iter().enumerate() {
        assert_eq!(message["message"], number.to_string());
    }
}

#[tokio::test]
async fn a_server_that_ends_does_not_wait_for_delayed_messages() {
    let server = serve(Host::new(Echo).limited(per_connection(1, HOUR), Over::Delay));
    let mut guest = server.connect().await;
    is_echoed(&mut guest, 1).await;
    guest.says("\"held\"").await;
    assert_eq!(server.connections.broadcast(&"\"meanwhile\"".into(), None).reached, 1);
    assert_eq!(guest.hears().await, "meanwhile");
    let connections = server.connections.clone();
    let draining = tokio::spawn(async move { connections.drain(MINUTE).await });
    assert_eq!(guest.hears_close().await.0, 1001);
    assert_eq!(within(draining).await.unwrap(), 0);
}

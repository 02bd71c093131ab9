//! `/_wslab` of a running server: what it tells, and whom.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wslab::app::Echo;
use wslab::app::auth::{Auth, AuthConfig, SecretKey, Settings};
use wslab::app::host::Host;
use wslab::app::limit::DoorLimits;
use wslab::net::{Client, ConnectError, Member, Service};
use wslab::proto::deflate;
use wslab::proto::opening::{self, Ask, Extra};
use wslab::proto::{Cause, Config, ConnectionId, Role, Rule};
use wslab::watch::feed::{ROWS, SUBPROTOCOL, Watch};
use wslab::watch::live::{News, State, Wish};
use wslab::watch::{About, Meter};
use wslab::wire::CloseCode;

use crate::served::{Looker, Served, echo, serve, within};

const FAST: Wish = Wish::Pace { every_ms: 100 };

#[tokio::test]
async fn it_tells_what_happens_and_does_not_count_who_watches() {
    let served = serve(echo());
    let mut looker = Looker::at(&served).await;
    assert_eq!(looker.hears().await, News::State(State::Live));
    let News::Snapshot(first) = looker.hears().await else { panic!("a snapshot") };
    assert_eq!((first.open, first.totals.opened, first.rows.len()), (0, 0, 0));
    looker.wishes(&FAST).await;
    let mut client = within(served.client().connect()).await.unwrap();
    client.send("hello").await.unwrap();
    within(client.next()).await.unwrap().unwrap();
    let snapshot = looker.sees(|snapshot| snapshot.totals.sent.messages() == 1).await;
    assert_eq!((snapshot.open, snapshot.totals.opened, snapshot.rows.len()), (1, 1, 1));
    assert_eq!(snapshot.totals.received.message_bytes, 5);
    within(client.close(CloseCode::NORMAL, "")).await.unwrap();
    let snapshot = looker.sees(|snapshot| snapshot.open == 0).await;
    assert_eq!((snapshot.totals.closed, snapshot.gone.len()), (1, 1));
}

#[tokio::test]
async fn it_tells_the_frames_of_the_connection_that_is_asked_for() {
    let served = serve(echo());
    let mut looker = Looker::at(&served).await;
    looker.wishes(&FAST).await;
    let mut client = within(served.client().connect()).await.unwrap();
    let mut other = within(served.client().connect()).await.unwrap();
    let snapshot = looker.sees(|snapshot| snapshot.open == 2).await;
    let connection = snapshot.rows[0].id;
    looker.wishes(&Wish::Frames { connection: Some(connection) }).await;
    // Answered in order: when another snapshot comes that was wished for after it, the wish was heard.
    looker.wishes(&FAST).await;
    looker.sees(|_| true).await;
    looker.sees(|_| true).await;
    other.send("not this").await.unwrap();
    client.send("hello").await.unwrap();
    let mut frames = Vec::new();
    while frames.len() < 2 {
        if let News::Frames(tail) = looker.hears().await {
            assert_eq!((tail.connection, tail.missed), (connection, 0));
            frames.extend(tail.frames);
        }
    }
    let told: Vec<_> = frames.iter().map(|frame| (frame.by, &*frame.payload)).collect();
    assert_eq!(told, [(Role::Client, &b"hello"[..]), (Role::Server, b"hello")]);
}

#[tokio::test]
async fn what_is_compressed_for_several_at_once_is_told_as_it_is() {
    let served = serve(echo());
    let config = Config { deflate: Some(deflate::Config::default()), ..Config::default() };
    let mut client = within(served.client().config(config).connect()).await.unwrap();
    assert!(client.agreed().unwrap().deflate().is_some());
    let mut looker = Looker::at(&served).await;
    let snapshot = looker.sees(|snapshot| snapshot.open == 1).await;
    looker.wishes(&Wish::Frames { connection: Some(snapshot.rows[0].id) }).await;
    looker.wishes(&FAST).await;
    looker.sees(|_| true).await;
    let words = "the same again and again ".repeat(400);
    assert_eq!(served.connections.send_to([snapshot.rows[0].id], &words.as_str().into()).reached, 1);
    within(client.next()).await.unwrap().unwrap();
    let tail = loop {
        if let News::Frames(tail) = looker.hears().await {
            break tail;
        }
    };
    assert!(tail.frames[0].len < 1000 && tail.frames[0].rsv == 4, "{:?}", tail.frames[0]);
    assert_eq!(tail.frames[0].inflated.as_deref(), Some(&words.as_bytes()[..4096]));
}

#[tokio::test]
async fn it_tells_violations_of_frames_and_of_openings() {
    let served = serve(echo());
    let mut looker = Looker::at(&served).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    // Not masked.
    stream.write_all(b"\x81\x00").await.unwrap();
    let mut bad = TcpStream::connect(served.address).await.unwrap();
    bad.write_all(request.replace("dGhlIHNhbXBsZSBub25jZQ==", "short").as_bytes()).await.unwrap();
    let mut violations = Vec::new();
    while violations.len() < 2 {
        if let News::Violations(told) = looker.hears().await {
            violations.extend(told);
        }
    }
    assert!(violations.iter().all(|violation| violation.by == Some(Role::Client)), "{violations:?}");
    let on_connection = violations.iter().filter(|violation| violation.connection.is_some());
    assert_eq!(on_connection.map(|violation| violation.rule).collect::<Vec<_>>(), [Rule::Unmasked]);
    assert!(violations.iter().any(|violation| violation.connection.is_none()));
    // Whoever comes later is told of those that are remembered.
    let mut late = Looker::at(&served).await;
    loop {
        if let News::Violations(told) = late.hears().await {
            assert_eq!(told.len(), violations.len());
            break;
        }
    }
}

#[tokio::test]
async fn what_is_no_wish_is_passed_over() {
    let served = serve(echo());
    let mut looker = Looker::at(&served).await;
    for words in
        ["", "{", "[]", r#"{"type":"dance"}"#, r#"{"type":"pace","every_ms":-1}"#, r#"{"type":"hold","hold":true}"#]
    {
        looker.0.send(words).await.unwrap();
    }
    looker.0.send(&[0xff; 100][..]).await.unwrap();
    looker.wishes(&Wish::Pace { every_ms: 0 }).await;
    looker.wishes(&Wish::Frames { connection: Some(ConnectionId(999)) }).await;
    for _ in 0..3 {
        looker.sees(|_| true).await;
    }
}

/// With which status a client is refused.
async fn refused(client: Client) -> u16 {
    match within(client.connect()).await {
        Err(ConnectError::Opening(closed)) => match closed.cause {
            Cause::OpeningInvalid(_, Some(response)) => response.status,
            cause => panic!("{cause}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn it_is_off_unless_it_is_wanted() {
    let served = serve(Host::new(Echo));
    let mut client = within(served.watching().connect()).await.unwrap();
    client.send("hello").await.unwrap();
    assert_eq!(within(client.next()).await.unwrap().unwrap().as_text(), Some("hello"));
}

#[tokio::test]
async fn strangers_are_refused() {
    let served = serve(echo());
    assert_eq!(refused(served.watching().origin("https://example.com")).await, 403);
    for name in ["Forwarded", "X-Forwarded-For", "Via"] {
        let mut headers = Extra::default();
        headers.push(name, "for=203.0.113.9").unwrap();
        assert_eq!(refused(served.watching().headers(headers)).await, 403);
    }
    let without = Client::new(&format!("{}/_wslab", served.url)).unwrap();
    assert_eq!(refused(without).await, 400);
    // The same path with a query is the same place.
    let client = Client::new(&format!("{}/_wslab?a=b", served.url)).unwrap();
    assert_eq!(refused(client.protocols(["other"])).await, 400);
}

#[tokio::test]
async fn names_that_lead_here_but_are_not_of_this_machine_are_refused() {
    let served = serve(echo());
    for (host, status) in [("evil.example:80", "403"), ("localhost.evil.example", "403"), ("LOCALHOST:1", "101")] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        let request = format!(
            "GET /_wslab HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        within(stream.read_exact(&mut answer)).await.unwrap();
        assert_eq!(&answer[9..], status.as_bytes(), "{host}");
    }
}

#[tokio::test]
async fn who_watches_is_none_of_the_connections_and_hears_nothing_of_what_goes_to_them() {
    let served = serve(echo());
    let mut looker = Looker::at(&served).await;
    looker.sees(|_| true).await;
    let mut client = within(served.client().protocols([SUBPROTOCOL]).connect()).await.unwrap();
    assert_eq!(client.agreed().unwrap().protocol, None, "it is spoken by who watches alone");
    assert_eq!((served.connections.len(), served.connections.ids().len()), (1, 1));
    assert_eq!(served.connections.broadcast(&"to all".into(), None).reached, 1);
    assert_eq!(within(client.next()).await.unwrap().unwrap().as_text(), Some("to all"));
    looker.wishes(&FAST).await;
    // What is no news would not be understood.
    looker.sees(|snapshot| snapshot.totals.sent.messages() == 1).await;
    drop(client);
    within(served.end()).await;
}

#[tokio::test]
async fn who_watches_counts_at_the_door() {
    let limits = DoorLimits { connections: Some(1), ..DoorLimits::default() };
    let served = serve(echo().doors(limits));
    let _looker = Looker::at(&served).await;
    assert_eq!(refused(served.watching()).await, 429);
}

#[tokio::test]
async fn it_tells_what_waits_for_a_client_that_does_not_read() {
    let served = serve(echo());
    let mut looker = Looker::at(&served).await;
    looker.wishes(&FAST).await;
    let (writing, mut reading) = within(served.client().connect()).await.unwrap().split();
    let enough = Arc::new(AtomicBool::new(false));
    let is_enough = Arc::clone(&enough);
    let sending = tokio::spawn(async move {
        // Soon nothing fits between the two any more.
        while !is_enough.load(Ordering::Relaxed) && writing.send(vec![7; 1 << 18]).await.is_ok() {}
        writing
    });
    let snapshot = looker.sees(|snapshot| snapshot.queued > 0).await;
    enough.store(true, Ordering::Relaxed);
    assert_eq!(snapshot.rows[0].queued, snapshot.queued);
    let reading = tokio::spawn(async move { while let Ok(Some(_)) = reading.next().await {} });
    looker.sees(|snapshot| snapshot.queued == 0).await;
    drop(within(sending).await.unwrap());
    reading.abort();
}

/// With which status `host` refuses somebody at this address; `None` if it does not.
fn refusal(served: &Served, host: &Host<Echo>, peer: Option<&str>) -> Option<u16> {
    let mut ask = Ask::new("localhost", "/_wslab", [7; 16]);
    ask.protocols = vec![SUBPROTOCOL.to_owned()];
    let request = ask.request().unwrap();
    let asked = opening::judge_request(&request);
    let peer = peer.map(|peer| peer.parse().unwrap());
    let member = Member { id: ConnectionId(0), peer, connections: served.connections.clone() };
    host.open(&request, &asked, member, None).err().map(|answer| answer.response.status)
}

#[tokio::test]
async fn others_than_those_of_this_machine_are_refused() {
    let served = serve(echo());
    let host = echo();
    for peer in ["203.0.113.9:4000", "10.0.0.1:4000", "[2001:db8::1]:4000", "[::ffff:10.0.0.1]:4000", "0.0.0.0:1"] {
        assert_eq!(refusal(&served, &host, Some(peer)), Some(403), "{peer}");
    }
    for peer in ["127.0.0.1:4000", "127.3.2.1:4000", "[::1]:4000", "[::ffff:127.0.0.1]:4000"] {
        assert_eq!(refusal(&served, &host, Some(peer)), None, "{peer}");
    }
    // A Unix socket is on this machine.
    assert_eq!(refusal(&served, &host, None), None);
}

#[tokio::test]
async fn there_are_not_too_many() {
    let served = serve(echo());
    let mut lookers = Vec::new();
    for _ in 0..Watch::WATCHERS {
        lookers.push(Looker::at(&served).await);
    }
    assert_eq!(refused(served.watching()).await, 503);
    within(lookers.pop().unwrap().0.close(CloseCode::NORMAL, "")).await.unwrap();
    // The place is free when the server has let go of the connection.
    within(async { while served.watching().connect().await.is_err() {} }).await;
}

const SECRET: &[u8] = b"a secret of tests, which is long enough";

fn token(permissions: &[&str], good: Duration) -> String {
    let expires = (SystemTime::now() + good).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
    let claims = json!({ "sub": "7", "permissions": permissions, "exp": expires });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET)).unwrap()
}

fn with_token(served: &Served, token: &str) -> Client {
    let mut headers = Extra::default();
    headers.push("Authorization", format!("Bearer {token}")).unwrap();
    served.watching().headers(headers)
}

#[tokio::test]
async fn where_clients_have_to_be_known_it_takes_a_token_that_permits_it() {
    let hour = Duration::from_secs(3600);
    let config = AuthConfig { secret: Some(SecretKey::new(SECRET).unwrap()), ..AuthConfig::default() };
    let guarded = || echo().guarded(Auth::new(config.clone()).unwrap(), Settings::default());
    let served = serve(guarded());
    assert_eq!(refused(served.watching()).await, 401);
    assert_eq!(refused(with_token(&served, "nonsense")).await, 401);
    assert_eq!(refused(with_token(&served, &token(&["chat"], hour))).await, 403);
    let mut looker = Looker(within(with_token(&served, &token(&["watch"], hour)).connect()).await.unwrap());
    assert_eq!(looker.hears().await, News::State(State::Live));
    // From elsewhere too, and never without.
    assert_eq!(refusal(&served, &guarded(), Some("127.0.0.1:1")), Some(401));

    let soon = token(&["watch"], Duration::from_millis(1500));
    let mut looker = Looker(within(with_token(&served, &soon).connect()).await.unwrap());
    within(async { while let Ok(Some(_)) = looker.0.next().await {} }).await;
    let closed = looker.0.closed().unwrap();
    assert_eq!((closed.code, closed.reason.as_str()), (CloseCode::POLICY, "Token expired"));
}

/// A meter with so many open connections.
fn crowd(count: u64) -> (std::sync::Arc<Meter>, Vec<Box<dyn wslab::proto::Observer>>) {
    let meter = Meter::new();
    let observers = (0..count).map(|id| meter.observe(About::new(ConnectionId(id), "/chat"))).collect();
    (meter, observers)
}

#[tokio::test]
async fn of_very_many_connections_the_busiest_are_told() {
    let (meter, mut observers) = crowd(ROWS as u64 + 500);
    for id in [3, 10_400] {
        let observer: &mut Box<dyn wslab::proto::Observer> = &mut observers[id];
        observer.turn(std::time::Instant::now());
        observer.whole(&wslab::wire::Head::new(wslab::wire::Opcode::TEXT, 1), &"a".into());
        observer.settled();
    }
    let served = serve(Host::new(Echo).metered(meter).watched());
    let snapshot = Looker::at(&served).await.sees(|_| true).await;
    assert_eq!((snapshot.open, snapshot.rows.len()), (10_500, ROWS));
    assert!(snapshot.rows.is_sorted_by_key(|row| row.id));
    let busy: Vec<_> = snapshot.rows.iter().filter(|row| row.received.text == 1).map(|row| row.id.0).collect();
    assert_eq!(busy, [3, 10_400]);
}

#[tokio::test]
async fn a_slow_watcher_gets_the_newest_snapshot_and_not_all() {
    let (meter, mut observers) = crowd(8000);
    let served = serve(Host::new(Echo).metered(meter.clone()).watched());
    // Nothing is compressed, so that it is much.
    let config = Config { deflate: None, ..Config::default() };
    let mut looker = Looker(within(served.watching().config(config).connect()).await.unwrap());
    looker.wishes(&FAST).await;
    looker.sees(|_| true).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    observers.push(meter.observe(About::new(ConnectionId(9999), "/late")));
    let mut before = 0;
    loop {
        if let News::Snapshot(snapshot) = looker.hears().await {
            if snapshot.open == 8001 {
                break;
            }
            before += 1;
        }
    }
    assert!(before < 12, "{before} snapshots waited in 3 seconds");
}

#[tokio::test]
async fn a_browser_that_asks_for_the_page_is_told_what_is_spoken_here() {
    let served = serve(echo());
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(b"GET /_wslab HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
}

//! Sessions that are lent their events.

use std::sync::mpsc;

use wslab::net::{Client, Member, ServerConfig, Session};
use wslab::proto::{Event, Outbound};
use wslab::wire::CloseCode;

use crate::stage::{serve, serve_echo, text, until, within};

/// Notes what it is told, and when it is dropped.
struct Diary(mpsc::Sender<String>);

impl Session for Diary {
    fn event(&mut self, event: Event<'_>, out: &mut Outbound) {
        let line = match event {
            Event::Asked(..) => "asked".to_owned(),
            Event::Open(_) => "open".to_owned(),
            Event::Message(message) => {
                let line = format!("message {}", message.as_text().unwrap());
                match message.as_text() {
                    Some("close") => out.close(CloseCode(4000), "as you wish").unwrap(),
                    Some("panic") => panic!("as you wish"),
                    _ => {}
                }
                line
            }
            Event::Ping(payload) => format!("ping {}", payload.len()),
            Event::Pong(payload, _) => format!("pong {}", payload.len()),
            Event::Close(code, reason) => format!("close {} {reason}", code.unwrap().0),
            Event::Failed(cause) => format!("failed: {cause}"),
            Event::Closed(closed) => format!("closed: {}", closed.cause),
        };
        self.0.send(line).unwrap();
    }
}

impl Drop for Diary {
    fn drop(&mut self) {
        self.0.send("dropped".to_owned()).unwrap();
    }
}

fn diary() -> (impl Fn(Member) -> Diary + Send + Sync + 'static, mpsc::Receiver<String>) {
    let (notes, lines) = mpsc::channel();
    (move |_member: Member| Diary(notes.clone()), lines)
}

/// What was noted until the session was dropped.
async fn whole(lines: &mpsc::Receiver<String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    until("the session is dropped", || {
        all.extend(lines.try_iter());
        all.last().is_some_and(|line| line == "dropped")
    })
    .await;
    all
}

#[tokio::test]
async fn everything_is_told_in_order() {
    let (service, lines) = diary();
    let server = serve(ServerConfig::default(), service);
    let mut connection = within(server.connect()).await;
    within(connection.send("a")).await.unwrap();
    within(connection.ping(b"12")).await.unwrap();
    within(connection.send("b")).await.unwrap();
    within(connection.close(CloseCode::NORMAL, "enough")).await.unwrap();
    let told = ["open", "message a", "ping 2", "message b", "close 1000 enough"];
    let end = ["closed: closed by the closing handshake", "dropped"];
    assert_eq!(whole(&lines).await, [&told[..], &end].concat());
}

#[tokio::test]
async fn a_session_can_close() {
    let (service, lines) = diary();
    let server = serve(ServerConfig::default(), service);
    let mut connection = within(server.connect()).await;
    within(connection.send("close")).await.unwrap();
    assert_eq!(within(connection.next()).await, Ok(None));
    let closed = connection.closed().unwrap();
    assert_eq!((closed.code, closed.reason.as_str()), (CloseCode(4000), "as you wish"));
    assert_eq!(whole(&lines).await[2], "close 4000 ");
}

#[tokio::test]
async fn a_session_that_panics_harms_nobody_else() {
    let (service, lines) = diary();
    let server = serve(ServerConfig { max_connections: 1, ..ServerConfig::default() }, service);
    let mut connection = within(server.connect()).await;
    within(connection.send("panic")).await.unwrap();
    assert!(within(connection.next()).await.is_err());
    whole(&lines).await;
    until("it has left", || server.connections.is_empty()).await;
    tokio::task::yield_now().await;
    let mut next = within(server.connect()).await;
    assert!(within(next.close(CloseCode::NORMAL, "")).await.unwrap().clean);
}

#[tokio::test]
async fn a_session_that_is_dropped_from_outside_is_dropped() {
    let (service, lines) = diary();
    let server = serve(ServerConfig::default(), service);
    let _connection = within(server.connect()).await;
    server.connections.abort(server.connections.ids()[0]).unwrap();
    assert_eq!(whole(&lines).await, ["open", "dropped"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_the_same_time_on_several_threads() {
    let server = serve_echo(ServerConfig::default());
    let clients = (0..50).map(|number| {
        let client = Client::new(&server.url).unwrap();
        tokio::spawn(async move {
            let mut connection = client.connect().await.unwrap();
            for round in 0..20 {
                let words = format!("{number} {round} {}", "x".repeat(number * round));
                connection.send(words.as_str()).await.unwrap();
                assert_eq!(text(connection.next().await.unwrap()), Some(words));
            }
            connection.close(CloseCode::NORMAL, "").await.unwrap().clean
        })
    });
    for client in clients.collect::<Vec<_>>() {
        assert!(within(client).await.unwrap());
    }
    until("all have left", || server.connections.is_empty()).await;
}

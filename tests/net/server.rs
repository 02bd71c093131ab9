//! The server: who is let in, and how (RFC 6455, section 4.2).

use std::time::Duration;

use hex_literal::hex;
use insta::assert_snapshot;
use wslab::net::{AcceptError, Client, ConnectError, Connections, Entry, Member, ServerConfig, Service};
use wslab::proto::opening::{Answer, Asked, Extra, Origins, Policy};
use wslab::proto::{Cause, Closed, Config, Event, Message, Observer, Outbound};
use wslab::wire::CloseCode;
use wslab::wire::http::Request;

use crate::stage::{ACCEPT, REQUEST, Served, bind, serve, serve_echo, text, until, within};

fn policy(policy: Policy) -> ServerConfig {
    ServerConfig { policy, ..ServerConfig::default() }
}

#[tokio::test]
async fn the_sample_of_the_rfc() {
    let server = serve_echo(ServerConfig::default());
    let mut raw = server.raw().await;
    raw.say(REQUEST).await;
    let head = within(raw.head()).await;
    assert_eq!(
        head,
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
        )
    );
    raw.say(hex!("81 85 37fa213d 7f9f4d5158")).await;
    assert_eq!(within(raw.hear()).await, hex!("81 05 48656c6c6f"));
}

#[tokio::test]
async fn a_request_in_pieces_with_frames_behind_it() {
    let server = serve_echo(ServerConfig::default());
    let mut raw = server.raw().await;
    raw.0.set_nodelay(true).unwrap();
    let all = [REQUEST.as_bytes(), &hex!("81 85 37fa213d 7f9f4d5158")].concat();
    for piece in all.chunks(7) {
        raw.say(piece).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    within(raw.head()).await;
    assert_eq!(within(raw.hear()).await, hex!("81 05 48656c6c6f"));
}

#[tokio::test]
async fn the_policy_chooses_the_subprotocol_and_adds_headers() {
    let mut headers = Extra::new();
    headers.push("Set-Cookie", "a=b").unwrap();
    let protocols = vec!["chat.v2".to_owned(), "chat.v1".to_owned()];
    let server = serve_echo(policy(Policy { protocols, headers, ..Policy::default() }));
    let client = Client::new(&server.url).unwrap();
    for (asked, agreed) in [(vec!["chat.v1", "chat.v2"], Some("chat.v2")), (vec!["other"], None), (vec![], None)] {
        let connection = within(client.clone().protocols(asked).connect()).await.unwrap();
        assert_eq!(connection.agreed().unwrap().protocol.as_deref(), agreed);
    }
    let mut raw = server.raw().await;
    raw.say(REQUEST).await;
    assert!(within(raw.head()).await.contains("\r\nSet-Cookie: a=b\r\n"));
}

#[tokio::test]
async fn an_origin_that_may_not_connect_is_refused() {
    let origins = Origins::named(["https://example.com"]);
    let server = serve_echo(policy(Policy { origins, ..Policy::default() }));
    let client = Client::new(&server.url).unwrap();
    within(client.clone().origin("https://example.com").connect()).await.unwrap();
    let error = within(client.origin("https://evil.example").connect()).await.unwrap_err();
    assert_snapshot!(error, @"the opening handshake failed: the server answered 403 Forbidden");
    until("the refused leave no trace", || server.connections.len() <= 1).await;
}

/// Lets in whoever knows the word.
struct Guarded;

impl Service for Guarded {
    type Session = fn(Event<'_>, &mut Outbound);

    fn open(&self, request: &Request, asked: &Asked, member: Member, _: Entry) -> Result<Self::Session, Box<Answer>> {
        assert!(member.peer.is_some());
        if asked.resource != "/door" {
            return Err(Box::new(Answer::refusal(404, "there is no such door")));
        }
        match request.headers.get("Authorization") {
            Some(b"Bearer sesame") => Ok(|_, _| {}),
            _ => {
                let mut answer = Answer::refusal(401, "say the word");
                answer.response.headers.push("WWW-Authenticate", "Bearer");
                Err(Box::new(answer))
            }
        }
    }
}

#[tokio::test]
async fn a_service_refuses_in_its_own_words() {
    let server = serve(ServerConfig::default(), Guarded);
    let mut raw = server.raw().await;
    raw.say(REQUEST.replace("GET / ", "GET /door ")).await;
    let answer = String::from_utf8(within(raw.rest()).await).unwrap();
    assert_snapshot!(answer.replace("\r\n", "\n"), @r"
    HTTP/1.1 401 Unauthorized
    Connection: close
    Content-Type: text/plain; charset=utf-8
    Content-Length: 13
    WWW-Authenticate: Bearer

    say the word
    ");
    drop(raw);

    let mut word = Extra::new();
    word.push("Authorization", "Bearer sesame").unwrap();
    let client = |path: &str| Client::new(&format!("{}{path}", server.url)).unwrap().headers(word.clone());
    within(client("/door").connect()).await.unwrap();
    let error = within(client("/window").connect()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Opening(closed) if !closed.clean));
}

#[tokio::test]
async fn connections_are_handed_out_one_by_one() {
    let server = bind(ServerConfig::default());
    let client = Client::new(&server.url()).unwrap();
    let serving = async {
        let mut connection = server.accept().await.unwrap().open().await.unwrap();
        let message = connection.next().await.unwrap().unwrap();
        connection.send(message).await.unwrap();
        let closed = connection.close(CloseCode::GOING_AWAY, "that was all").await.unwrap();
        assert!(closed.clean);
    };
    let talking = async {
        let mut connection = client.connect().await.unwrap();
        connection.send("hello").await.unwrap();
        assert_eq!(text(connection.next().await.unwrap()).as_deref(), Some("hello"));
        assert_eq!(connection.next().await.unwrap(), None);
        let closed = connection.closed().unwrap();
        assert_eq!((closed.code, closed.reason.as_str()), (CloseCode::GOING_AWAY, "that was all"));
    };
    within(async { tokio::join!(serving, talking) }).await;
}

#[tokio::test]
async fn who_is_not_let_in_is_an_error_of_accepting() {
    let endpoint = Config { opening_timeout: Duration::from_millis(100), ..Config::default() };
    let server = bind(ServerConfig { endpoint, ..ServerConfig::default() });
    let address = server.local_addr().unwrap();
    let mut said = Vec::new();
    let requests = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "hello\r\n\r\n",
        "GET / HT",
    ];
    for (request, ends) in requests.into_iter().zip([false, false, false, true]).chain([("GET / HT", false)]) {
        let mut raw = crate::stage::Raw(tokio::net::TcpStream::connect(address).await.unwrap());
        raw.say(request).await;
        let incoming = within(server.accept()).await.unwrap();
        let opening = tokio::spawn(incoming.open());
        if ends {
            drop(raw);
        } else {
            let answer = String::from_utf8(within(raw.rest()).await).unwrap();
            said.push(answer.lines().next().unwrap_or("(nothing)").to_owned());
            drop(raw);
        }
        let error = within(opening).await.unwrap().unwrap_err();
        assert!(matches!(error, AcceptError::Opening(_)));
        said.push(format!("    {error}"));
    }
    assert_snapshot!(said.join("\n"), @r"
    HTTP/1.1 426 Upgrade Required
        the opening handshake failed: the Upgrade header of the request does not say websocket; the Connection header of the request does not say Upgrade; the request has no Sec-WebSocket-Key header; the request has no Sec-WebSocket-Version header
    HTTP/1.1 405 Method Not Allowed
        the opening handshake failed: the method of the request is not GET; the Upgrade header of the request does not say websocket; the Connection header of the request does not say Upgrade; the request has no Sec-WebSocket-Key header; the request has no Sec-WebSocket-Version header
    HTTP/1.1 400 Bad Request
        the opening handshake failed: the method is not a token, at byte 5
        the opening handshake failed: the peer ended the connection before it was complete
    (nothing)
        the opening handshake failed: it was not completed in time
    ");
}

#[tokio::test]
async fn a_client_that_hangs_up_after_asking_is_no_harm() {
    let server = serve_echo(ServerConfig::default());
    for _ in 0..3 {
        let mut raw = server.raw().await;
        raw.say(REQUEST).await;
        raw.reset();
    }
    let mut connection = within(server.connect()).await;
    assert!(within(connection.close(CloseCode::NORMAL, "")).await.unwrap().clean);
    until("all are gone", || server.connections.is_empty()).await;
    assert!(!server.task.is_finished());
}

#[tokio::test]
async fn an_application_may_take_its_time_to_refuse() {
    let server = bind(ServerConfig::default());
    let client = Client::new(&server.url()).unwrap();
    let opening = tokio::spawn(async move { client.connect().await });
    let incoming = within(server.accept()).await.unwrap();
    drop(incoming);
    let error = within(opening).await.unwrap().unwrap_err();
    match error {
        ConnectError::Opening(closed) => assert_eq!(closed.cause, Cause::Lost),
        other => panic!("{other}"),
    }
}

/// Notes what it is told.
struct Notes(std::sync::mpsc::Sender<String>);

impl Observer for Notes {
    fn message(&mut self, message: &Message<'_>) {
        self.0.send(format!("message of {}", message.payload.len())).unwrap();
    }

    fn closed(&mut self, closed: &Closed) {
        self.0.send(format!("closed: {}", closed.cause)).unwrap();
    }
}

/// Echoes, and has every connection observed.
struct Observed(std::sync::Mutex<std::sync::mpsc::Sender<String>>);

impl Service for Observed {
    type Session = fn(Event<'_>, &mut Outbound);

    fn open(
        &self,
        _request: &Request,
        _asked: &Asked,
        _member: Member,
        _: Entry,
    ) -> Result<Self::Session, Box<Answer>> {
        Ok(|_, _| {})
    }

    fn observer(&self, _: &Member, _: &Asked, _: &Answer, _: Duration) -> Option<Box<dyn Observer>> {
        Some(Box::new(Notes(self.0.lock().unwrap().clone())))
    }
}

#[tokio::test]
async fn a_service_can_have_its_connections_observed() {
    let (notes, told) = std::sync::mpsc::channel();
    let server = serve(ServerConfig::default(), Observed(notes.into()));
    let mut client = within(Client::new(&server.url).unwrap().connect()).await.unwrap();
    within(client.send("hello")).await.unwrap();
    within(client.close(CloseCode::NORMAL, "")).await.unwrap();
    until("the connection is gone", || server.connections.is_empty()).await;
    let told: Vec<_> = told.try_iter().collect();
    assert_eq!(told, ["message of 5", "closed: closed by the closing handshake"]);
}

/// A service with a page at `/`.
struct Paged;

impl Service for Paged {
    type Session = fn(Event<'_>, &mut Outbound);

    fn open(&self, _: &Request, _: &Asked, _: Member, _: Entry) -> Result<Self::Session, Box<Answer>> {
        Ok(|_, _| {})
    }

    fn page(&self, _: &Request, asked: &Asked, _: &Connections) -> Option<Answer> {
        (asked.resource == "/").then(|| Answer::page(200, "text/html", "<p>hello"))
    }
}

async fn asked(server: &Served, request: &str) -> String {
    let mut raw = server.raw().await;
    raw.say(request).await;
    String::from_utf8(within(raw.rest()).await).unwrap()
}

#[tokio::test]
async fn pages_are_for_who_asks_for_no_websocket() {
    let server = serve(ServerConfig { max_connections: 1, ..ServerConfig::default() }, Paged);
    let connect = Client::new(&server.url).unwrap();
    for full in [false, true] {
        let _held = if full { Some(within(connect.connect()).await.unwrap()) } else { None };
        let page = asked(&server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(
            page,
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 8\r\n\r\n<p>hello"
        );
        let head = asked(&server, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(head, page.strip_suffix("<p>hello").unwrap());
    }
    until("the place is free again", || server.connections.is_empty()).await;
    for other in ["GET /other", "POST /"] {
        let refused = asked(&server, &format!("{other} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        assert!(refused.starts_with("HTTP/1.1 4"), "{refused}");
    }
    within(connect.connect()).await.unwrap();
}

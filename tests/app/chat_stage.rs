//! A chat that runs, and guests of it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use wslab::app::chat::{Chat, ChatConfig, PAGE};
use wslab::app::host::Host;
use wslab::net::{Client, Connection, Connections, Listen, Server, ServerConfig};
use wslab::proto::{Closed, Config, Message};
use wslab::wire::CloseCode;

/// When everything happens, unless a test says otherwise.
pub(crate) const NOW: u64 = 1_763_883_600_123;
pub(crate) const INVALID: &str = r#"{"type":"error","message":"Invalid message format"}"#;

/// The sample of RFC 6455, section 1.3.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// No test takes so long; one that hangs fails.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it ends in time")
}

/// A chat that is served; it ends with the test.
pub(crate) struct Served {
    pub(crate) chat: Chat,
    pub(crate) url: String,
    pub(crate) connections: Connections,
    clock: Arc<AtomicU64>,
}

pub(crate) fn serve(chat: ChatConfig, server: ServerConfig) -> Served {
    let clock = Arc::new(AtomicU64::new(NOW));
    let told = clock.clone();
    let chat = Chat::with_clock(chat, move || told.load(Ordering::SeqCst));
    let server = Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), server).expect("there is a port");
    let (url, connections) = (server.url(), server.connections());
    tokio::spawn(server.run(Host::new(chat.clone()).page(PAGE)));
    Served { chat, url, connections, clock }
}

pub(crate) fn serve_default() -> Served {
    serve(ChatConfig::default(), ServerConfig::default())
}

impl Served {
    pub(crate) async fn guest(&self) -> Guest {
        self.guest_with(Config::default()).await
    }

    pub(crate) async fn guest_with(&self, config: Config) -> Guest {
        Guest(Client::new(&self.url).expect("a URL").config(config).connect().await.expect("it is open"))
    }

    /// A guest who has joined a room in which nobody is.
    pub(crate) async fn first(&self, room: &str, name: &str) -> Guest {
        let mut guest = self.guest().await;
        guest.joins(room, name).await;
        guest
    }

    /// Guests of a room, all of whom have heard of each other.
    pub(crate) async fn party<const N: usize>(&self, room: &str, names: [&str; N]) -> [Guest; N] {
        let mut party: Vec<Guest> = Vec::new();
        for name in names {
            let guest = self.first(room, name).await;
            for other in &mut party {
                assert_eq!(other.hears().await, came(name, NOW));
            }
            party.push(guest);
        }
        party.try_into().ok().expect("as many guests as names")
    }

    /// The stream of a guest who joins and reads nothing. The system keeps little for him.
    pub(crate) async fn silent(&self, room: &str, name: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("it can be set");
        let address = self.url.trim_start_matches("ws://").parse().expect("an address");
        let mut stream = socket.connect(address).await.expect("it listens");
        stream.write_all(REQUEST).await.expect("it listens");
        stream.write_all(&frame(&join(room, name))).await.expect("it listens");
        stream
    }

    pub(crate) fn set_clock(&self, now: u64) {
        self.clock.store(now, Ordering::SeqCst);
    }

    /// Waits until there are these rooms, with so many members each.
    pub(crate) async fn until_rooms(&self, rooms: &[(&str, usize)]) {
        let rooms: Vec<_> = rooms.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        for _ in 0..6000 {
            if self.chat.rooms() == rooms {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the rooms stay {:?} instead of {rooms:?}", self.chat.rooms());
    }
}

/// A text message of a client in one frame, with a mask of zeros.
pub(crate) fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("few bytes");
    assert!(length < 126);
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

/// One who chats.
pub(crate) struct Guest(pub(crate) Connection);

impl Guest {
    pub(crate) async fn sends(&mut self, message: impl Into<Message<'_>>) {
        self.0.send(message).await.expect("it is open");
    }

    pub(crate) async fn hears(&mut self) -> String {
        let message = within(self.0.next()).await.expect("no error").expect("a message");
        message.as_text().expect("text").to_owned()
    }

    /// Whether there was nothing to be heard before what is asked for now is answered.
    pub(crate) async fn hears_nothing(&mut self) {
        self.sends("?").await;
        assert_eq!(self.hears().await, INVALID);
    }

    pub(crate) async fn joins(&mut self, room: &str, name: &str) {
        self.sends(join(room, name)).await;
        assert_eq!(self.hears().await, joined(room, name));
    }

    /// Says something that is well-formed, and is told why not.
    pub(crate) async fn is_refused(&mut self, message: impl Into<Message<'_>>) -> String {
        self.sends(message).await;
        let answer: serde_json::Value = serde_json::from_str(&self.hears().await).expect("JSON");
        assert_eq!(answer["type"], "error", "{answer}");
        answer["message"].as_str().expect("words").to_owned()
    }

    pub(crate) async fn closes(mut self) -> Closed {
        self.0.close(CloseCode::NORMAL, "").await.expect("a code to send")
    }

    /// How the connection ends, when everything that comes before is heard.
    pub(crate) async fn ends(mut self) -> Closed {
        within(async { while let Ok(Some(_)) = self.0.next().await {} }).await;
        self.0.closed().expect("it is over").clone()
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

pub(crate) fn join(room: &str, name: &str) -> String {
    format!(r#"{{"type":"join","room":{},"username":{}}}"#, quoted(room), quoted(name))
}

pub(crate) fn chat(message: &str) -> String {
    format!(r#"{{"type":"chat","message":{}}}"#, quoted(message))
}

pub(crate) const LEAVE: &str = r#"{"type":"leave"}"#;

pub(crate) fn joined(room: &str, name: &str) -> String {
    let welcome = quoted(&format!("Welcome to {room}, {name}"));
    format!(r#"{{"type":"joined","room":{},"message":{welcome}}}"#, quoted(room))
}

pub(crate) fn came(name: &str, at: u64) -> String {
    format!(r#"{{"type":"user_joined","username":{},"timestamp":{at}}}"#, quoted(name))
}

pub(crate) fn left(name: &str, at: u64) -> String {
    format!(r#"{{"type":"user_left","username":{},"timestamp":{at}}}"#, quoted(name))
}

pub(crate) fn said(name: &str, message: &str, at: u64) -> String {
    let message = quoted(message);
    format!(r#"{{"type":"chat","username":{},"message":{message},"timestamp":{at}}}"#, quoted(name))
}

//! Servers, and peers that speak in raw bytes.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use wslab::app::echo;
use wslab::net::{Client, Connection, Connections, Listen, Server, ServerConfig, Service};
use wslab::proto::Message;

/// The sample of RFC 6455, section 1.3, and its answer.
pub(crate) const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// No test takes so long; one that hangs fails.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it ends in time")
}

/// Waits until `ready`; [`within`] bounds it.
pub(crate) async fn until(what: &str, mut ready: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if ready() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to this: {what}");
}

pub(crate) fn loopback() -> Listen {
    Listen::Tcp(([127, 0, 0, 1], 0).into())
}

pub(crate) fn bind(config: ServerConfig) -> Server {
    Server::bind(&loopback(), config).unwrap()
}

/// A server that runs; it ends with the test.
pub(crate) struct Served {
    pub(crate) url: String,
    pub(crate) connections: Connections,
    pub(crate) task: JoinHandle<io::Result<()>>,
}

pub(crate) fn serve(config: ServerConfig, service: impl Service) -> Served {
    let server = bind(config);
    let (url, connections) = (server.url(), server.connections());
    Served { url, connections, task: tokio::spawn(server.run(service)) }
}

pub(crate) fn serve_echo(config: ServerConfig) -> Served {
    serve(config, echo)
}

impl Served {
    pub(crate) async fn connect(&self) -> Connection {
        Client::new(&self.url).unwrap().connect().await.unwrap()
    }

    /// A peer in raw bytes, connected and nothing more.
    pub(crate) async fn raw(&self) -> Raw {
        Raw(TcpStream::connect(self.url.strip_prefix("ws://").unwrap()).await.unwrap())
    }

    /// A peer in raw bytes behind its opening handshake.
    pub(crate) async fn raw_open(&self) -> Raw {
        let mut raw = self.raw().await;
        raw.say(REQUEST).await;
        let head = raw.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        raw
    }
}

/// A peer that speaks in raw bytes.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The head of a request or a response.
    pub(crate) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    pub(crate) async fn hear<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    /// Everything until the peer ends its direction.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes).await.unwrap();
        bytes
    }

    /// Drops the connection with a reset.
    pub(crate) fn reset(self) {
        self.0.set_zero_linger().unwrap();
    }
}

/// A server in raw bytes for one client: gives back its URL, and what `play` gives for the connected peer.
pub(crate) async fn play<F, P>(play: P) -> (String, JoinHandle<F::Output>)
where
    P: FnOnce(Raw) -> F + Send + 'static,
    F: Future<Output: Send + 'static> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        play(Raw(stream)).await
    });
    (url, task)
}

/// Accepts the client that `raw` is connected with.
pub(crate) async fn accept(raw: &mut Raw) {
    let head = raw.head().await;
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = wslab::proto::opening::accept_key(key);
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    raw.say(response).await;
}

pub(crate) fn text(message: Option<Message<'_>>) -> Option<String> {
    message.map(|message| message.as_text().unwrap().to_owned())
}

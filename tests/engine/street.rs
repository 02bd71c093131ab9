//! The street to a tester that listens: the clients that come along it, in memory and in virtual time.

use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use wslab::conform::clients::{Accept, Visitors, listen};
use wslab::conform::{Case, Options};
use wslab::proto::{Flow, Role, Seen};
use wslab::watch::Event;
use wslab::wire::{Head, Opcode};

/// The side of the tester: connections come out of a queue.
struct Door(Mutex<mpsc::UnboundedReceiver<DuplexStream>>);

impl Accept for Door {
    type Transport = DuplexStream;
    type Coming = Ready<io::Result<DuplexStream>>;

    async fn accept(&self) -> io::Result<Self::Coming> {
        match self.0.lock().await.recv().await {
            Some(stream) => Ok(ready(Ok(stream))),
            None => std::future::pending().await,
        }
    }
}

/// The side of the clients.
#[derive(Clone)]
pub struct Street(mpsc::UnboundedSender<DuplexStream>);

impl Street {
    pub fn knock(&self) -> DuplexStream {
        let (ours, theirs) = duplex(64 * 1024);
        self.0.send(theirs).unwrap();
        ours
    }

    /// What is answered to these bytes, until the end of the connection.
    pub async fn says(&self, bytes: &[u8]) -> String {
        let mut stream = self.knock();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub async fn open(&self, path: &str) -> Client {
        let mut stream = self.knock();
        stream.write_all(request(path).as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{path}: {}", head.escape_ascii());
        Client::on(stream)
    }

    /// Connects and sends back what comes until the connection is closed. Gives the messages.
    pub async fn echo(&self, path: &str) -> Vec<String> {
        self.open(path).await.echo().await
    }
}

/// A request, each with a key of its own.
pub fn request(path: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // 22 characters of base64 and the padding are 16 bytes.
    let key = format!("{count:020}AA==");
    format!(
        "GET {path} HTTP/1.1\r\nHost: a\r\nUser-Agent: browser/1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
}

pub struct Client {
    pub stream: DuplexStream,
    flow: Flow,
    keys: Keys,
}

/// Masking keys that nobody foretells: the outputs of xorshift32.
struct Keys(u32);

impl Keys {
    const fn new() -> Self {
        Self(2_463_534_242)
    }

    const fn next(&mut self) -> [u8; 4] {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0.to_be_bytes()
    }
}

/// A frame of a client.
fn masked(opcode: Opcode, payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    let head = Head { mask: Some(key), ..Head::new(opcode, payload.len() as u64) };
    let payload = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key);
    head.encode().iter().copied().chain(payload).collect()
}

impl Client {
    pub fn on(stream: DuplexStream) -> Self {
        Self { stream, flow: Flow::new(Role::Server), keys: Keys::new() }
    }

    pub async fn send(&mut self, opcode: Opcode, payload: &[u8]) {
        let key = self.keys.next();
        self.send_with(opcode, payload, key).await;
    }

    pub async fn send_with(&mut self, opcode: Opcode, payload: &[u8], key: [u8; 4]) {
        let bytes = masked(opcode, payload, key);
        // A tester that has left hears nothing.
        let _ = self.stream.write_all(&bytes).await;
    }

    /// The next whole frame.
    pub async fn frame(&mut self) -> Option<(Opcode, Vec<u8>)> {
        let (mut opcode, mut payload) = (None, Vec::new());
        loop {
            let mut byte = [self.stream.read_u8().await.ok()?];
            for seen in self.flow.read(&mut byte) {
                match seen {
                    Seen::Head(head) => opcode = Some(head.opcode),
                    Seen::Data(data) => payload.extend_from_slice(data),
                    Seen::End => return Some((opcode.unwrap(), payload)),
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    pub async fn echo(mut self) -> Vec<String> {
        let mut messages = Vec::new();
        while let Some((opcode, payload)) = self.frame().await {
            self.send(opcode, &payload).await;
            if opcode == Opcode::CLOSE {
                // The server ends TCP.
                assert_eq!(self.stream.read(&mut [0]).await.unwrap(), 0);
                break;
            }
            messages.push(String::from_utf8_lossy(&payload).into_owned());
        }
        messages
    }

    /// Takes part in nothing and waits for the end.
    pub async fn sulk(mut self) {
        while self.stream.read(&mut [0; 1024]).await.is_ok_and(|size| size > 0) {}
    }
}

/// Time is virtual, and everything stays on this thread: a sink need not be sent.
pub fn here(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(LocalSet::new().run_until(test));
}

/// A run that goes on: the street to it, how it is cancelled, and what it comes to.
pub struct Run {
    pub street: Street,
    pub cancel: oneshot::Sender<()>,
    pub ended: JoinHandle<(Visitors, Vec<Event>)>,
}

pub fn run(cases: Vec<Arc<Case>>, options: Options) -> Run {
    let (sender, receiver) = mpsc::unbounded_channel();
    let (cancel, cancelled) = oneshot::channel();
    let options = Options { target: Role::Client, ..options };
    let ended = spawn_local(async move {
        let mut events = Vec::new();
        let cancelled = async {
            if cancelled.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let door = Door(Mutex::new(receiver));
        let visitors = listen(door, &cases, options, vec!["chat".to_owned()], &mut events, cancelled).await;
        (visitors, events)
    });
    Run { street: Street(sender), cancel, ended }
}

impl Run {
    pub async fn stop(self) -> (Visitors, Vec<Event>) {
        assert!(self.street.echo("/stopServer").await.is_empty());
        self.ended.await.unwrap()
    }
}

//! Clients that mean no good.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wslab::app::Echo;
use wslab::app::auth::Settings;
use wslab::app::host::{Application, Caller, Host, Malformed, Visit, Voice};
use wslab::net::{Inband, ServerConfig};
use wslab::proto::{Config, Message};

use crate::host_stage::{REQUEST, Served, auth, chat, serve, serve_with, token, within};

async fn raw(served: &Served) -> TcpStream {
    let mut stream = TcpStream::connect(served.url.strip_prefix("ws://").unwrap()).await.unwrap();
    stream.write_all(REQUEST.as_bytes()).await.unwrap();
    stream
}

/// Answers every message with much, and counts them.
struct Verbose(Arc<AtomicUsize>);

impl Application for Verbose {
    type Visit = Self;

    fn open(&self, _: &Caller) -> Self {
        Self(self.0.clone())
    }
}

impl Visit for Verbose {
    fn message(&mut self, _: &Message<'_>, voice: &mut Voice<'_>) -> Result<(), Malformed> {
        self.0.fetch_add(1, Ordering::SeqCst);
        voice.send_message(vec![b'x'; 100_000].into());
        Ok(())
    }
}

#[tokio::test]
async fn answers_to_a_client_that_does_not_read_do_not_pile_up() {
    const COUNT: usize = 2000;
    let answered = Arc::new(AtomicUsize::new(0));
    let config = ServerConfig { endpoint: Config { deflate: None, ..Config::default() }, ..ServerConfig::default() };
    let served = serve_with(Host::new(Verbose(answered.clone())), config);
    let mut stream = raw(&served).await;
    let message = [0x81, 0x81, 0, 0, 0, 0, b'?'];
    stream.write_all(&message.repeat(COUNT)).await.unwrap();
    // What the system keeps for a reader is some MB.
    let mut last = 0;
    while last == 0 || answered.load(Ordering::SeqCst) != last {
        last = answered.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(last < COUNT / 4, "{last} answers of 100 kB wait");
    let (mut heard, mut buffer) = (0, vec![0; 1 << 20]);
    while heard < COUNT * 100_010 {
        let count = within(stream.read(&mut buffer)).await.unwrap();
        assert!(count > 0, "all are answered in the end, and not {heard} bytes");
        heard += count;
    }
    assert_eq!(answered.load(Ordering::SeqCst), COUNT);
}

/// Whoever keeps a server busy with sending is closed all the same when his time is over.
#[tokio::test]
async fn a_client_without_a_token_cannot_stay_by_not_reading() {
    let endpoint = Config {
        closing_timeout: Duration::from_millis(100),
        send_timeout: Duration::from_secs(3600),
        ..Config::default()
    };
    let settings = Settings { patience: Duration::from_secs(1), ..Settings::default() };
    let config = ServerConfig { endpoint, ..ServerConfig::default() };
    let served = serve_with(Host::new(Echo).guarded(auth(), settings), config);
    let (_unread, mut asking) = raw(&served).await.into_split();
    let ping = [&[0x89, 0xfd, 0, 0, 0, 0][..], &[b'?'; 125]].concat().repeat(1000);
    let flood = async { while asking.write_all(&ping).await.is_ok() {} };
    within(flood).await;
    while !served.connections.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_token_can_be_renewed_in_a_packed_message() {
    let served = serve(chat().guarded(auth(), Settings::default()));
    let mut guest = served.connect().await;
    let renewal = json!({ "token": token("7"), "padding": "x".repeat(2000) }).to_string();
    assert_eq!(guest.asks(&json!({ "token": token("7") })).await["type"], "auth_success");
    let asked = json!({ "type": "compression_request", "algorithms": ["deflate"] });
    assert_eq!(guest.asks(&asked).await["enabled"], true);
    guest.says(Message::binary(Inband::Deflate.pack(renewal.as_bytes()))).await;
    assert_eq!(guest.hears().await["type"], "auth_success");
}

#[tokio::test]
async fn what_the_host_understands_is_short() {
    let served = serve(chat());
    let mut guest = served.connect().await;
    for (padding, answer) in [(100, "rate_limit"), (10_000, "error")] {
        let question = json!({ "type": "rate_limit", "x": vec![0; padding] });
        assert_eq!(guest.asks(&question).await["type"], answer);
    }
}

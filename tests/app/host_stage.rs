//! A host that runs, and clients of it.

use std::future::Future;
use std::time::{Duration, SystemTime};

use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wslab::app::auth::{Auth, AuthConfig, SecretKey};
use wslab::app::chat::{Chat, ChatConfig};
use wslab::app::host::{Application, Host};
use wslab::net::{Client, Connection, Connections, Listen, Server, ServerConfig};
use wslab::proto::{Closed, Message};

const SECRET: &[u8] = b"a secret of tests, which is long enough";

/// The sample of RFC 6455, section 1.3.
pub(crate) const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// No test takes so long; one that hangs fails.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it ends in time")
}

/// A host that is served; it ends with the test.
pub(crate) struct Served {
    pub(crate) url: String,
    pub(crate) connections: Connections,
}

pub(crate) fn serve<A: Application>(host: Host<A>) -> Served {
    serve_with(host, ServerConfig::default())
}

pub(crate) fn serve_with<A: Application>(host: Host<A>, config: ServerConfig) -> Served {
    let server = Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), config).unwrap();
    let (url, connections) = (server.url(), server.connections());
    tokio::spawn(server.run(host));
    Served { url, connections }
}

pub(crate) fn chat() -> Host<Chat> {
    Host::new(Chat::new(ChatConfig::default()))
}

impl Served {
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url).unwrap()
    }

    pub(crate) async fn connect(&self) -> Guest {
        Guest::of(&self.client()).await
    }

    /// What is answered to a request in raw bytes.
    pub(crate) async fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.url.strip_prefix("ws://").unwrap()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        within(stream.read_to_string(&mut answer)).await.unwrap();
        answer
    }
}

/// A client of a host.
pub(crate) struct Guest(pub(crate) Connection);

impl Guest {
    pub(crate) async fn of(client: &Client) -> Self {
        Self(within(client.connect()).await.unwrap())
    }

    pub(crate) async fn says(&mut self, message: impl Into<Message<'_>>) {
        within(self.0.send(message)).await.unwrap();
    }

    pub(crate) async fn hears_message(&mut self) -> Message<'static> {
        within(self.0.next()).await.unwrap().expect("a message")
    }

    pub(crate) async fn hears(&mut self) -> Value {
        serde_json::from_str(self.hears_message().await.as_text().expect("text")).expect("JSON")
    }

    /// What is answered to a message.
    pub(crate) async fn asks(&mut self, message: &Value) -> Value {
        self.says(message.to_string()).await;
        self.hears().await
    }

    /// How the connection ends; what comes before is passed over.
    pub(crate) async fn ends(mut self) -> Closed {
        within(async { while let Ok(Some(_)) = self.0.next().await {} }).await;
        self.0.closed().expect("it is over").clone()
    }

    /// By which code and reason the server closes the connection.
    pub(crate) async fn hears_close(self) -> (u16, String) {
        let closed = self.ends().await;
        (closed.code.0, closed.reason)
    }
}

pub(crate) fn auth() -> Auth {
    Auth::new(AuthConfig { secret: Some(SecretKey::new(SECRET).unwrap()), ..AuthConfig::default() }).unwrap()
}

/// A token of a user that is good for so long.
pub(crate) fn token_for(user: &str, permissions: &[&str], good: Duration) -> String {
    token_named(user, Some("Ada"), permissions, good)
}

/// The same of a user with this name, or none.
pub(crate) fn token_named(user: &str, name: Option<&str>, permissions: &[&str], good: Duration) -> String {
    let expires = (SystemTime::now() + good).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
    let claims = json!({ "sub": user, "username": name, "permissions": permissions, "exp": expires });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET)).unwrap()
}

pub(crate) fn token(user: &str) -> String {
    token_for(user, &["join", "chat"], Duration::from_secs(3600))
}

//! The server: accepts, opens, and serves connections, each in a task of its own.
//!
//! What one client does, or fails to do, harms no other: not while TLS is set up, not in the opening handshake, and not
//! after it. The number of connections is bounded.

use std::any::Any;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::driver::Session;
use super::incoming::{AcceptError, Incoming, Unserved};
use super::listener::{Listen, Listener};
use super::members::{Connections, Member, Slow};
use crate::proto::opening::{Answer, Asked, Policy};
use crate::proto::{Config, Observer};
use crate::wire::http::Request;

/// What a server is set to.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Limits and timers of each connection, and how it compresses.
    pub endpoint: Config,
    /// What it agrees to. Compression is set in `endpoint`: it takes the place of [`Policy::deflate`].
    pub policy: Policy,
    /// The most connections at a time; further ones are answered 503.
    pub max_connections: usize,
    /// The most bytes of broadcasts that wait for one connection.
    pub max_queue: usize,
    /// What becomes of a connection for which more would wait.
    pub slow: Slow,
    /// TLS, as [`tls::server`](super::tls::server) gives it; `None` for plain connections.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            endpoint: Config::default(),
            policy: Policy::default(),
            max_connections: 100_000,
            max_queue: 1 << 20,
            slow: Slow::default(),
            tls: None,
        }
    }
}

/// Decides who may connect, and makes a [`Session`] for each who may.
pub trait Service: Send + Sync + 'static {
    /// What serves one connection.
    type Session: Session + Unpin + 'static;

    /// A client has connected, from this address if it is one of TCP, and has said nothing yet: neither TLS is set up,
    /// nor is anything asked for. By default everybody comes in.
    ///
    /// # Errors
    /// The answer to a client that may not come in, whatever it asks for. It takes no place of another; if many are
    /// refused at a time, some are dropped without the answer.
    fn enter(&self, _peer: Option<SocketAddr>) -> Result<Entry, Box<Answer>> {
        Ok(None)
    }

    /// Whether this subprotocol, to which the server's [`Policy`] agrees, is one of what is asked for. By default it is.
    fn speaks(&self, _protocol: &str, _asked: &Asked) -> bool {
        true
    }

    /// A client asks, and the server's [`Policy`] allows it. `entry` is what [`Service::enter`] gave: the session keeps
    /// it for as long as it has to live.
    ///
    /// # Errors
    /// The answer to a client that may not connect, such as [`Answer::refusal`].
    fn open(
        &self,
        request: &Request,
        asked: &Asked,
        member: Member,
        entry: Entry,
    ) -> Result<Self::Session, Box<Answer>>;

    /// A client asks for a page with GET or HEAD, and not for a WebSocket. By default there is none, and it is told
    /// that WebSocket is what is spoken here.
    fn page(&self, _request: &Request, _asked: &Asked, _connections: &Connections) -> Option<Answer> {
        None
    }

    /// Who is to be told what the connection of `member` sees and does, from the `answer` to its request on, whatever
    /// that is; by default nobody. `took` is the time since the client had connected: TLS, its request, and the
    /// answer. For pages this is not called.
    fn observer(
        &self,
        _member: &Member,
        _asked: &Asked,
        _answer: &Answer,
        _took: Duration,
    ) -> Option<Box<dyn Observer>> {
        None
    }

    /// A client is gone that was not answered by this service: it did not ask in time, or not for anything that can be
    /// read, or there was no place to answer it. By default nobody is told.
    fn failed(&self, _peer: Option<SocketAddr>, _error: &AcceptError) {}
}

/// What a [`Service`] knows a client by from its coming on, such as a place among a number of them. It is dropped when
/// the client is gone, unless [`Service::open`] took it.
pub type Entry = Option<Box<dyn Any + Send + Sync>>;

impl<F, S> Service for F
where
    F: Fn(Member) -> S + Send + Sync + 'static,
    S: Session + Unpin + 'static,
{
    type Session = S;

    fn open(&self, _request: &Request, _asked: &Asked, member: Member, _entry: Entry) -> Result<S, Box<Answer>> {
        Ok(self(member))
    }
}

/// A listening server.
///
/// [`Server::run`] serves all connections by lending events to sessions, which is the fastest way; [`Server::accept`]
/// hands out one connection after another, to be used like those of a [`Client`](super::Client).
///
/// ```
/// use std::time::Duration;
///
/// use wslab::net::{Listen, Server, ServerConfig};
/// use wslab::proto::{Event, Outbound};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let listen = Listen::Tcp(([127, 0, 0, 1], 0).into());
/// let server = Server::bind(&listen, ServerConfig::default())?;
/// println!("listening on {}", server.url());
/// let connections = server.connections();
/// let running = tokio::spawn(server.run(|_member| {
///     |event: Event<'_>, out: &mut Outbound| {
///         if let Event::Message(message) = event {
///             // Fails only while the connection is closing.
///             let _sent = out.send(message);
///         }
///     }
/// }));
///
/// // Later: 1001 to everybody, and the end.
/// let dropped = connections.drain(Duration::from_secs(10)).await;
/// assert_eq!(dropped, 0);
/// running.await?
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    context: Arc<Shared>,
}

/// What the connections of a server have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) endpoint: Arc<Config>,
    pub(super) policy: Policy,
    pub(super) tls: Option<Arc<rustls::ServerConfig>>,
    pub(super) connections: Connections,
    pub(super) places: Arc<Semaphore>,
    /// Connections that are being told that there is no place.
    pub(super) refusals: Arc<Semaphore>,
    /// Connections that are being told that they may not come in. They are not the others' concern.
    pub(super) denials: Arc<Semaphore>,
}

/// The most connections at a time that are told that there is no place, and as many that they may not come in; any more
/// are dropped.
const REFUSALS: usize = 64;

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// If the address cannot be had.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn bind(listen: &Listen, config: ServerConfig) -> io::Result<Self> {
        let listener = Listener::bind(listen)?;
        let deflate = config.endpoint.deflate;
        let shared = Shared {
            policy: Policy { deflate, ..config.policy },
            endpoint: Arc::new(config.endpoint),
            tls: config.tls,
            connections: Connections::new(config.max_queue, config.slow, deflate),
            places: Arc::new(Semaphore::new(config.max_connections.min(Semaphore::MAX_PERMITS))),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            denials: Arc::new(Semaphore::new(REFUSALS)),
        };
        Ok(Self { listener, context: Arc::new(shared) })
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        self.listener.url(self.context.tls.is_some())
    }

    /// The address, if it is one of TCP.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.listener.local_addr()
    }

    /// The connections that [`Server::run`] serves.
    pub fn connections(&self) -> Connections {
        self.context.connections.clone()
    }

    /// Serves until [`Connections::drain`] is called.
    ///
    /// # Errors
    /// If the listener is broken beyond repair.
    pub async fn run<S: Service>(self, service: S) -> io::Result<()> {
        let service = Arc::new(service);
        let mut draining = self.context.connections.draining();
        loop {
            let incoming = tokio::select! {
                incoming = self.next(&service) => incoming?,
                _ = draining.wait_for(|&draining| draining) => return Ok(()),
            };
            let service = service.clone();
            tokio::spawn(incoming.serve(service));
        }
    }

    /// The next client, before the opening handshake. One that finds no place is turned away without being told of.
    ///
    /// # Errors
    /// If the listener is broken beyond repair.
    pub async fn accept(&self) -> io::Result<Incoming> {
        self.next(&Arc::new(Unserved)).await
    }

    async fn next<S: Service>(&self, service: &Arc<S>) -> io::Result<Incoming> {
        loop {
            let (stream, peer) = self.listener.accept_from().await?;
            let accepted = tokio::time::Instant::now();
            let entered = service.enter(peer);
            let places = match &entered {
                Ok(_) => [Some(&self.context.places), Some(&self.context.refusals)],
                Err(_) => [None, Some(&self.context.denials)],
            };
            let [place, refusal] = places.map(|places| places?.clone().try_acquire_owned().ok());
            let shared = self.context.clone();
            let (entry, denial) = match entered {
                Ok(entry) => (entry, None),
                Err(denial) => (None, Some(denial)),
            };
            match (place, refusal) {
                (Some(place), _) => return Ok(Incoming { stream, peer, accepted, shared, place, entry }),
                (None, Some(place)) => {
                    let incoming = Incoming { stream, peer, accepted, shared, place, entry };
                    // It ends by itself.
                    let _turned_away = tokio::spawn(incoming.turn_away(service.clone(), denial));
                }
                (None, None) => service.failed(peer, &AcceptError::NoPlace),
            }
        }
    }
}

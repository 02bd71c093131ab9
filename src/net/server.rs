//! The server: accepts, opens, and serves connections, each in a task of its own.
//!
//! What one client does, or fails to do, harms no other: not while TLS is set up, not in the opening handshake, and not
//! after it. The number of connections is bounded.

use std::any::Any;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Connection, OwnedEvent};
use super::driver::{Driver, Session, Stop};
use super::listener::{Listen, Listener};
use super::members::{Connections, Member, Slow};
use super::opening::OpeningFailure;
use super::serving::Serving;
use super::stream::Stream;
use crate::proto::opening::{Answer, Asked, Policy};
use crate::proto::{Closed, Config, Endpoint, Event, Observer, Outbound};
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
struct Shared {
    endpoint: Arc<Config>,
    policy: Policy,
    tls: Option<Arc<rustls::ServerConfig>>,
    connections: Connections,
    places: Arc<Semaphore>,
    /// Connections that are being told that there is no place.
    refusals: Arc<Semaphore>,
    /// Connections that are being told that they may not come in. They are not the others' concern.
    denials: Arc<Semaphore>,
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

/// A client that has connected, and not asked yet.
#[derive(Debug)]
pub struct Incoming {
    stream: Stream,
    peer: Option<SocketAddr>,
    accepted: tokio::time::Instant,
    shared: Arc<Shared>,
    place: OwnedSemaphorePermit,
    entry: Entry,
}

/// Why a client was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The network or TLS failed.
    #[error("the connection was lost before it was open: {0}")]
    Io(#[from] io::Error),
    /// TLS took too long.
    #[error("TLS was not set up in time")]
    TlsTimeout,
    /// The opening handshake failed, or the client was refused.
    #[error("{}", OpeningFailure(&.0.cause))]
    Opening(Box<Closed>),
    /// There was no place for it, and too many others were being told so.
    #[error("the server has no place for another connection, nor to say so")]
    NoPlace,
}

/// What serves nobody: connections that are opened by hand.
struct Unserved;

impl Service for Unserved {
    type Session = fn(Event<'_>, &mut Outbound);

    fn open(&self, _: &Request, _: &Asked, _: Member, _: Entry) -> Result<Self::Session, Box<Answer>> {
        Ok(nobody)
    }
}

/// A session before there is one.
fn nobody(_event: Event<'_>, _out: &mut Outbound) {}

impl Incoming {
    /// Goes through the opening handshake.
    ///
    /// # Errors
    /// If the client is not agreed with according to the server's [`Policy`], or is lost.
    pub async fn open(self) -> Result<Connection, AcceptError> {
        let shared = self.shared.clone();
        let (mut driver, place) = self.ask().await?;
        let answer = answer(&driver, |asked, _| shared.policy.answer(asked));
        driver.answer(answer);
        let mut connection = Connection::of(driver).holding(place);
        loop {
            match connection.next_event().await {
                Some(OwnedEvent::Open) => return Ok(connection),
                Some(OwnedEvent::Closed(closed)) => return Err(AcceptError::Opening(Box::new(closed))),
                Some(_) => {}
                None => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            }
        }
    }

    /// Answers with this denial, or that there is no place. Where it is only that, pages are there all the same, so that
    /// one can look at a server that is full.
    async fn turn_away<S: Service>(mut self, service: Arc<S>, denial: Option<Box<Answer>>) {
        let Self { shared, peer, accepted, entry, .. } = &mut self;
        let (shared, peer, accepted, _entry) = (shared.clone(), *peer, *accepted, entry.take());
        let (mut driver, _place) = match self.ask().await {
            Ok(asked) => asked,
            Err(error) => return service.failed(peer, &error),
        };
        let mut observer = None;
        let answer = answer(&driver, |asked, request| {
            let answer = match denial {
                Some(denial) => denial.to_method(&asked.method),
                None => match page(&*service, request, asked, &shared.connections) {
                    Some(page) => return page,
                    None => no_place().to_method(&asked.method),
                },
            };
            let member = shared.connections.next_member(peer);
            observer = service.observer(&member, asked, &answer, accepted.elapsed());
            answer
        });
        if let Some(observer) = observer {
            driver.endpoint.set_observer(observer);
        }
        driver.answer(answer);
        poll_fn(|cx| driver.poll(cx, &mut nobody)).await;
    }

    /// Sets TLS up, and waits for the request.
    async fn ask(self) -> Result<(Driver<Stream>, OwnedSemaphorePermit), AcceptError> {
        let began = self.accepted;
        let stream = match &self.shared.tls {
            None => self.stream,
            Some(config) => {
                let accepted = self.stream.secured(config.clone());
                let accepted = tokio::time::timeout(self.shared.endpoint.opening_timeout, accepted);
                accepted.await.map_err(|_| AcceptError::TlsTimeout)??
            }
        };
        let endpoint = Endpoint::server(self.shared.endpoint.clone(), began.into_std());
        let mut driver = Driver::new(stream, endpoint);
        match poll_fn(|cx| driver.poll(cx, &mut nobody)).await {
            Stop::Asked => Ok((driver, self.place)),
            Stop::Over => match driver.endpoint.closed() {
                Some(closed) => Err(AcceptError::Opening(Box::new(closed.clone()))),
                None => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            },
        }
    }

    /// Opens the connection and serves it until its end.
    async fn serve<S: Service>(mut self, service: Arc<S>) {
        let Self { shared, peer, accepted, entry, .. } = &mut self;
        let (shared, peer, accepted, mut entry) = (shared.clone(), *peer, *accepted, entry.take());
        let mut draining = shared.connections.draining();
        // Boxed, because it is large and over soon.
        let opening = Box::pin(self.ask());
        let (mut driver, place) = tokio::select! {
            asked = opening => match asked {
                Ok(asked) => asked,
                Err(error) => return service.failed(peer, &error),
            },
            _ = draining.wait_for(|&draining| draining) => return,
        };
        let member = shared.connections.next_member(peer);
        let id = member.id;
        let (mut session, mut observer) = (None, None);
        let answer = answer(&driver, |asked, request| {
            let mut answer = shared.policy.answer(asked);
            if answer.agreed.is_some() {
                match service.open(request, asked, member.clone(), entry.take()) {
                    Ok(opened) => session = Some(opened),
                    Err(refusal) => answer = *refusal,
                }
            } else if let Some(page) = page(&*service, request, asked, &shared.connections) {
                return page;
            }
            observer = service.observer(&member, asked, &answer, accepted.elapsed());
            answer
        });
        if let Some(observer) = observer {
            driver.endpoint.set_observer(observer);
        }
        driver.answer(answer);
        match session {
            Some(session) => {
                let registration = shared.connections.register(id, driver.endpoint.compresses());
                // A task of its own, as small as can be: an idle connection is nothing else.
                tokio::spawn(Serving::new(driver, session, registration, place));
            }
            None => {
                poll_fn(|cx| driver.poll(cx, &mut nobody)).await;
            }
        }
    }
}

/// The page that is asked for, if one is.
fn page(service: &impl Service, request: &Request, asked: &Asked, all: &Connections) -> Option<Answer> {
    let page = asked.is_for_a_page().then(|| service.page(request, asked, all)).flatten()?;
    Some(page.to_method(&asked.method))
}

fn no_place() -> Answer {
    let mut refusal = Answer::refusal(503, "the server has no place for another connection");
    refusal.response.headers.push("Retry-After", "10");
    refusal
}

/// Has `decide` answer what `driver`'s client has asked.
fn answer(driver: &Driver<Stream>, decide: impl FnOnce(&Asked, &Request) -> Answer) -> Answer {
    match driver.endpoint.asked() {
        Some((request, asked)) => decide(asked, request),
        None => Answer::refusal(500, "there is no request to answer"),
    }
}

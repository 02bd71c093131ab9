//! The client: from a URL to an open connection, or to the reason why there is none, in bounded time.

use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::connection::{Connection, OwnedEvent};
use super::keys::{SystemKeys, nonce};
use super::opening::OpeningFailure;
use super::stream::Stream;
use super::target::{Place, Target, TargetError};
use super::tls::{self, TlsError, Trust};
use crate::proto::opening::{Ask, AskError, Extra};
use crate::proto::{Closed, Config, Endpoint, deflate};

/// Opens connections to one target.
///
/// ```
/// use wslab::net::Client;
/// # use wslab::net::{Listen, Server, ServerConfig};
/// use wslab::wire::CloseCode;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), ServerConfig::default())?;
/// # let url = server.url();
/// # tokio::spawn(server.run(wslab::app::echo));
/// let mut connection = Client::new(&url)?.connect().await?;
/// connection.send("hello").await?;
/// if let Some(message) = connection.next().await? {
///     assert_eq!(message.as_text(), Some("hello"));
/// }
/// let closed = connection.close(CloseCode::NORMAL, "").await?;
/// assert!(closed.clean);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    target: Target,
    config: Arc<Config>,
    protocols: Vec<String>,
    origin: Option<String>,
    headers: Extra,
    trust: Trust,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// What is asked for cannot be written as a request.
    #[error("this cannot be asked for: {0}")]
    Ask(#[from] AskError),
    /// TLS could not be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Nobody listens there, or the network or TLS failed.
    #[error("cannot connect to {target}: {source}")]
    Io {
        /// Where.
        target: Target,
        /// What failed.
        source: io::Error,
    },
    /// It took longer than the opening may.
    #[error("cannot connect to {target}: no answer within {} s", limit.as_secs_f64())]
    Timeout {
        /// Where.
        target: Target,
        /// How long was waited.
        limit: Duration,
    },
    /// The opening handshake failed.
    #[error("{}", OpeningFailure(&.0.cause))]
    Opening(Box<Closed>),
}

impl Client {
    /// A client for the target that `url` names.
    ///
    /// # Errors
    /// If it names none.
    pub fn new(url: &str) -> Result<Self, TargetError> {
        Target::from_str(url).map(Self::to)
    }

    /// A client for `target`.
    pub fn to(target: Target) -> Self {
        Self {
            target,
            // A client has few connections: what they keep to compress better does not weigh much.
            config: Arc::new(Config { deflate: Some(deflate::Config::with_takeover()), ..Config::default() }),
            protocols: Vec::new(),
            origin: None,
            headers: Extra::default(),
            trust: Trust::System,
        }
    }

    /// With these limits, timers and compression. The opening timeout counts from the first packet.
    ///
    /// Without this call a client is set to [`Config::default`], but offers compression with context takeover.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = Arc::new(config);
        self
    }

    /// Asking for one of these subprotocols, the preferred one first.
    #[must_use]
    pub fn protocols(mut self, protocols: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Naming an origin, as browsers do.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// With further headers in the request.
    #[must_use]
    pub fn headers(mut self, headers: Extra) -> Self {
        self.headers = headers;
        self
    }

    /// Believing servers according to `trust`, where TLS is spoken.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Where it connects to.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Connects, and waits until the connection is open.
    ///
    /// # Errors
    /// If that fails or takes longer than the opening may.
    pub async fn connect(&self) -> Result<Connection, ConnectError> {
        self.opened(self.start().await?).await
    }

    /// Waits until a connection that was started is open.
    pub(super) async fn opened(&self, mut connection: Connection) -> Result<Connection, ConnectError> {
        loop {
            match connection.next_event().await {
                Some(OwnedEvent::Open) => return Ok(connection),
                Some(OwnedEvent::Closed(closed)) => return Err(ConnectError::Opening(Box::new(closed))),
                Some(_) => {}
                None => return Err(self.io(io::ErrorKind::UnexpectedEof.into())),
            }
        }
    }

    /// Connects without waiting for the opening handshake: the connection is
    /// [connecting](crate::proto::ReadyState::Connecting), and [`OwnedEvent::Open`] is the first thing that happens to
    /// it if all goes well.
    ///
    /// # Errors
    /// If nobody listens there, or TLS fails.
    pub async fn start(&self) -> Result<Connection, ConnectError> {
        let ask = self.ask()?;
        let tls = match self.target.place {
            Place::Tcp { tls: true, .. } => Some(tls::client(&self.trust)?),
            _ => None,
        };
        let limit = self.config.opening_timeout;
        let began = tokio::time::Instant::now();
        let stream = tokio::time::timeout(limit, Stream::connect(&self.target, tls))
            .await
            .map_err(|_| self.timeout())?
            .map_err(|source| self.io(source))?;
        self.over(stream, ask, began)
    }

    pub(super) fn ask(&self) -> Result<Ask, AskError> {
        let mut ask = Ask::new(self.target.host_header(), self.target.resource.as_str(), nonce());
        ask.protocols.clone_from(&self.protocols);
        ask.origin.clone_from(&self.origin);
        ask.headers = self.headers.clone();
        ask.extensions.extend(self.config.deflate.map(|deflate| deflate.offer().into()));
        ask.request()?;
        Ok(ask)
    }

    /// A connection over a stream to the target, whose opening began then.
    pub(super) fn over(
        &self,
        stream: Stream,
        ask: Ask,
        began: tokio::time::Instant,
    ) -> Result<Connection, ConnectError> {
        let endpoint = Endpoint::client(ask, SystemKeys::new(), self.config.clone(), began.into_std())?;
        Ok(Connection::new(stream, endpoint))
    }

    /// How long opening may take.
    pub(super) fn opening_timeout(&self) -> Duration {
        self.config.opening_timeout
    }

    /// The same, but asking so often whether the peer is alive, if it is not set to ask by itself.
    pub(super) fn asking_for_life(&self, interval: Option<Duration>, timeout: Duration) -> Self {
        let mut client = self.clone();
        if client.config.ping_interval.is_none() && interval.is_some() {
            let config = Arc::make_mut(&mut client.config);
            (config.ping_interval, config.pong_timeout) = (interval, timeout);
        }
        client
    }

    /// That it took too long.
    pub(super) fn timeout(&self) -> ConnectError {
        ConnectError::Timeout { target: self.target.clone(), limit: self.config.opening_timeout }
    }

    fn io(&self, source: io::Error) -> ConnectError {
        ConnectError::Io { target: self.target.clone(), source }
    }
}

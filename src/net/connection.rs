//! A connection as an application holds it: owned messages, one await each.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::driver::{Driver, HIGH_WATER, Session, Stop};
use super::stream::Stream;
use crate::proto::opening::Agreed;
use crate::proto::{Cause, Closed, Endpoint, Event, Message, Observer, Outbound, ReadyState, SendError, check_close};
use crate::wire::CloseCode;

/// What happens to a connection, with bytes of its own; see [`Event`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnedEvent {
    /// The connection is open: browsers call this `open`.
    Open,
    /// A message came: `message`.
    Message(Message<'static>),
    /// A ping came, and is answered.
    Ping(Vec<u8>),
    /// A pong came. If it answers our last ping, after this time.
    Pong(Vec<u8>, Option<Duration>),
    /// The peer's close frame came, and is answered.
    Close(Option<CloseCode>, String),
    /// The connection is being failed: `error`.
    Failed(Cause),
    /// It is over: `close`. Nothing follows.
    Closed(Closed),
}

impl OwnedEvent {
    /// What it is to somebody who wants nothing but messages; `None` for what is passed over.
    pub(super) fn as_next(event: Option<Self>) -> Option<Result<Option<Message<'static>>, Broken>> {
        match event {
            Some(Self::Message(message)) => Some(Ok(Some(message))),
            Some(Self::Closed(closed)) if !closed.clean => Some(Err(Broken(closed))),
            None => Some(Ok(None)),
            Some(_) => None,
        }
    }
}

/// Why a connection did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.cause)]
pub struct Broken(pub Closed);

/// A WebSocket connection.
///
/// Pings are answered, and everything else the RFC asks for is done, while any of its methods is awaited. All of them
/// can be cancelled: nothing is lost that was not returned.
///
/// Dropping it drops the TCP connection; [`Connection::close`] ends it as the RFC wants.
#[derive(Debug)]
pub struct Connection {
    pub(super) driver: Driver<Stream>,
    pub(super) inbox: Inbox,
    /// The connection's place among those that a server may have.
    place: Option<OwnedSemaphorePermit>,
}

/// Events that nobody has asked for yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    events: VecDeque<OwnedEvent>,
    /// What they take, about, in bytes.
    size: usize,
    /// While they take so much or more, nothing is read.
    pub(super) room: usize,
}

/// What comes while something is being sent is kept up to so many bytes: so two ends that send at the same time do not
/// wait for each other.
const ROOM: usize = 256 << 10;

impl Inbox {
    fn pop(&mut self) -> Option<OwnedEvent> {
        let event = self.events.pop_front()?;
        self.size -= event.size();
        Some(event)
    }

    /// The next event that can be told while the connection is not over: its end is told when everything is sent.
    fn pop_early(&mut self) -> Option<OwnedEvent> {
        match self.events.front() {
            Some(OwnedEvent::Closed(_)) | None => None,
            Some(_) => self.pop(),
        }
    }
}

impl OwnedEvent {
    fn size(&self) -> usize {
        let payload = match self {
            Self::Message(message) => message.payload.len(),
            Self::Ping(payload) | Self::Pong(payload, _) => payload.len(),
            _ => 0,
        };
        size_of::<Self>() + payload
    }
}

impl Session for Inbox {
    fn event(&mut self, event: Event<'_>, _out: &mut Outbound) {
        let event = match event {
            Event::Asked(..) => return,
            Event::Open(_) => OwnedEvent::Open,
            Event::Message(message) => OwnedEvent::Message(message.into_owned()),
            Event::Ping(payload) => OwnedEvent::Ping(payload.to_vec()),
            Event::Pong(payload, time) => OwnedEvent::Pong(payload.to_vec(), time),
            Event::Close(code, reason) => OwnedEvent::Close(code, reason.to_owned()),
            Event::Failed(cause) => OwnedEvent::Failed(cause.clone()),
            Event::Closed(closed) => OwnedEvent::Closed(closed.clone()),
        };
        self.size += event.size();
        self.events.push_back(event);
    }

    fn is_ready(&self) -> bool {
        self.size < self.room
    }
}

impl Connection {
    pub(super) fn new(stream: Stream, endpoint: Endpoint) -> Self {
        Self::of(Driver::new(stream, endpoint))
    }

    pub(super) fn of(driver: Driver<Stream>) -> Self {
        Self { driver, inbox: Inbox::default(), place: None }
    }

    pub(super) fn holding(mut self, place: OwnedSemaphorePermit) -> Self {
        self.place = Some(place);
        self
    }

    /// Where the connection stands.
    pub fn ready_state(&self) -> ReadyState {
        self.driver.endpoint.ready_state()
    }

    /// What the opening handshake agreed on; `None` while connecting.
    pub fn agreed(&self) -> Option<&Agreed> {
        self.driver.endpoint.agreed()
    }

    /// The address of the peer; Unix sockets have none.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.driver.stream().peer_addr()
    }

    /// How the connection ended; `None` until then.
    pub fn closed(&self) -> Option<&Closed> {
        self.driver.endpoint.closed()
    }

    /// Has `observer` told what this end sees and does from now on.
    pub fn observe(&mut self, observer: Box<dyn Observer>) {
        self.driver.endpoint.set_observer(observer);
    }

    /// The next message; `None` when the connection was closed by the closing handshake.
    ///
    /// # Errors
    /// If the connection ended in another way. That, too, is said once; then `None` comes.
    pub async fn next(&mut self) -> Result<Option<Message<'static>>, Broken> {
        loop {
            if let Some(next) = OwnedEvent::as_next(self.next_event().await) {
                return next;
            }
        }
    }

    /// The next thing that happens, messages among them; `None` when everything was told.
    pub async fn next_event(&mut self) -> Option<OwnedEvent> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    pub(super) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<OwnedEvent>> {
        // Only what was asked for is read.
        self.inbox.room = 1;
        loop {
            if let Some(event) = self.inbox.pop_early() {
                return Poll::Ready(Some(event));
            }
            match self.driver.poll(cx, &mut self.inbox) {
                Poll::Ready(Stop::Over) => return Poll::Ready(self.inbox.pop()),
                Poll::Ready(Stop::Asked) => {}
                Poll::Pending => return self.inbox.pop_early().map_or(Poll::Pending, |event| Poll::Ready(Some(event))),
            }
        }
    }

    /// Lends everything that happens to `session`, until the connection is over, and says how it ended.
    ///
    /// This is what [`Server::run`](super::Server::run) does, for one connection: what is answered to a message goes out
    /// before what came behind it in the same read is looked at, even if that ends the connection. After
    /// [`Client::start`](super::Client::start) the session is told everything, [`Event::Open`] first.
    ///
    /// ```
    /// use wslab::net::Client;
    /// # use wslab::net::{Connection, Listen, Server, ServerConfig};
    /// use wslab::proto::{Event, Outbound};
    /// use wslab::wire::CloseCode;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), ServerConfig::default())?;
    /// # let url = server.url();
    /// # tokio::spawn(server.run(wslab::app::echo));
    /// let connection = Client::new(&url)?.start().await?;
    /// let closed = connection
    ///     .run(|event: Event<'_>, out: &mut Outbound| {
    ///         // Fails only while the connection is closing.
    ///         let _sent = match event {
    ///             Event::Open(_) => out.send("hello"),
    ///             Event::Message(_) => out.close(CloseCode::NORMAL, ""),
    ///             _ => Ok(()),
    ///         };
    ///     })
    ///     .await;
    /// assert!(closed.clean);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run(mut self, mut session: impl Session) -> Closed {
        while let Some(event) = self.inbox.pop() {
            self.lend(&event, &mut session);
        }
        loop {
            match poll_fn(|cx| self.driver.poll(cx, &mut session)).await {
                Stop::Over => break,
                Stop::Asked => {}
            }
        }
        let lost = || Closed {
            code: CloseCode::ABNORMAL,
            reason: String::new(),
            sent: None,
            clean: false,
            cause: Cause::Lost,
        };
        self.driver.endpoint.closed().cloned().unwrap_or_else(lost)
    }

    /// Lends what was kept.
    fn lend(&mut self, event: &OwnedEvent, session: &mut impl Session) {
        let agreed = self.driver.endpoint.agreed().cloned();
        let event = match event {
            OwnedEvent::Open => match &agreed {
                Some(agreed) => Event::Open(agreed),
                None => return,
            },
            OwnedEvent::Message(message) => {
                Event::Message(Message { kind: message.kind, payload: (&message.payload[..]).into() })
            }
            OwnedEvent::Ping(payload) => Event::Ping(payload),
            OwnedEvent::Pong(payload, time) => Event::Pong(payload, *time),
            OwnedEvent::Close(code, reason) => Event::Close(*code, reason),
            OwnedEvent::Failed(cause) => Event::Failed(cause),
            OwnedEvent::Closed(closed) => Event::Closed(closed),
        };
        session.event(event, self.driver.endpoint.outbound());
        self.driver.stirred = true;
    }

    /// Sends a message, and waits until it is handed to the system.
    ///
    /// What comes meanwhile is kept, 256 KiB of it; after that it waits for the peer to read, and who sends without
    /// end to a peer that answers everything has to [receive](Connection::next) too, or to [`Connection::split`].
    ///
    /// Cancelled it is sent by whatever is awaited next, unless more than 256 KiB wait to be sent already: then it is
    /// not.
    ///
    /// # Errors
    /// If the connection is not open, or ends before that.
    pub async fn send(&mut self, message: impl Into<Message<'_>>) -> Result<(), SendError> {
        self.make_room().await;
        self.driver.endpoint.outbound().send(message)?;
        self.flush().await
    }

    /// Sends a ping of at most 125 bytes. The pong comes as [`OwnedEvent::Pong`].
    ///
    /// # Errors
    /// If it is longer, or the connection is not open.
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.make_room().await;
        self.driver.endpoint.outbound().ping(payload)?;
        self.flush().await
    }

    /// Waits until what was queued by sends that were cancelled is not too much.
    async fn make_room(&mut self) {
        if self.driver.endpoint.outgoing().len() >= HIGH_WATER {
            poll_fn(|cx| self.poll_sent(cx)).await;
        }
    }

    async fn flush(&mut self) -> Result<(), SendError> {
        self.driver.queued();
        poll_fn(|cx| self.poll_sent(cx)).await;
        let lost = self.driver.broken || self.ready_state() == ReadyState::Closed;
        if lost { Err(SendError::NotOpen) } else { Ok(()) }
    }

    /// Ready when everything is handed to the system, or nothing can be any more. What comes meanwhile goes into the
    /// inbox as long as there is room.
    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.driver.poll_flush(cx).is_ready() {
            return Poll::Ready(());
        }
        self.inbox.room = ROOM;
        while let Poll::Ready(stop) = self.driver.poll(cx, &mut self.inbox) {
            if stop == Stop::Over {
                return Poll::Ready(());
            }
        }
        self.driver.poll_flush(cx)
    }

    /// Closes with the closing handshake and waits for its end. Messages that come meanwhile are dropped; to have
    /// them, use [`Connection::start_close`] and go on with [`Connection::next`].
    ///
    /// # Errors
    /// If the code must not be sent or the reason is longer than 123 bytes. A connection that is connecting is closed
    /// when it is open; one that is closing or closed is no error: its end is waited for.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, SendError> {
        check_close(code, reason)?;
        // Fails if the connection is closing already, or not open yet.
        let _started = self.start_close(code, reason);
        loop {
            match self.next_event().await {
                Some(OwnedEvent::Open) => {
                    let _started = self.start_close(code, reason);
                }
                Some(OwnedEvent::Closed(closed)) => return Ok(closed),
                Some(_) => {}
                None => return self.closed().cloned().ok_or(SendError::NotOpen),
            }
        }
    }

    /// Starts the closing handshake. What has still to be done is done while the next messages are awaited.
    ///
    /// # Errors
    /// If the code must not be sent, the reason is longer than 123 bytes, or the connection is not open.
    pub fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        self.driver.endpoint.outbound().close(code, reason)?;
        self.driver.stirred = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::io::AsyncReadExt;
    use tokio::net::UnixStream;

    use super::*;
    use crate::net::keys::SystemKeys;
    use crate::proto::Config;
    use crate::proto::opening::{Ask, Policy, answer};

    /// An open connection of a client, and the other end of its stream.
    async fn open() -> (Connection, UnixStream) {
        let (near, mut far) = UnixStream::pair().expect("sockets");
        let ask = Ask::new("localhost", "/", [7; 16]);
        let response = answer(&ask.request().expect("a request"), &Policy::default());
        let now = tokio::time::Instant::now().into_std();
        let endpoint = Endpoint::client(ask, SystemKeys::new(), Arc::new(Config::default()), now).expect("a request");
        let mut connection = Connection::new(Stream::Unix(near), endpoint);
        let mut bytes = Vec::new();
        response.write(&mut bytes);
        tokio::io::AsyncWriteExt::write_all(&mut far, &bytes).await.expect("there is room");
        assert_eq!(connection.next_event().await, Some(OwnedEvent::Open));
        (connection, far)
    }

    #[tokio::test]
    async fn sends_that_are_cancelled_do_not_pile_up() {
        const SIZE: usize = 100_000;
        let (mut connection, mut far) = open().await;
        let mut cancelled = 0;
        for _ in 0..30 {
            let send = connection.send(vec![7; SIZE]);
            cancelled += usize::from(tokio::time::timeout(Duration::from_millis(1), send).await.is_err());
        }
        assert!(cancelled > 20, "nobody reads");
        let queued = connection.driver.endpoint.outgoing().len();
        assert!(queued < HIGH_WATER + 2 * SIZE, "{queued} bytes wait");
        // What was queued goes out with whatever is awaited next, and nothing is cut.
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            far.read_to_end(&mut all).await.map(|_| all)
        });
        connection.send("end").await.expect("it is open");
        drop(connection);
        let all = reading.await.expect("no panic").expect("no error");
        let request = all.windows(4).position(|window| window == b"\r\n\r\n").expect("a request") + 4;
        assert_eq!((all.len() - request - 9) % (SIZE + 14), 0, "whole messages, and the last one");
    }

    #[tokio::test]
    async fn the_end_is_told_when_everything_is_sent() {
        const SIZE: usize = 1_000_000;
        let (mut connection, far) = open().await;
        let send = connection.send(vec![7; SIZE]);
        assert!(tokio::time::timeout(Duration::from_millis(1), send).await.is_err(), "nobody reads");
        let (mut reading, mut writing) = far.into_split();
        tokio::io::AsyncWriteExt::shutdown(&mut writing).await.expect("it is open");
        let telling = tokio::spawn(async move {
            // Whoever is told that it is over drops the connection.
            while let Some(event) = connection.next_event().await {
                if matches!(event, OwnedEvent::Closed(_)) {
                    break;
                }
            }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        let mut all = Vec::new();
        reading.read_to_end(&mut all).await.expect("no error");
        assert!(all.len() > SIZE, "{} bytes came", all.len());
        telling.await.expect("no panic");
    }
}

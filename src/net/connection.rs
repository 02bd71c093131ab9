//! A connection as an application holds it: owned messages, one await each.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::driver::{Driver, HIGH_WATER, Session, Stop};
use super::stream::Stream;
use crate::proto::opening::Agreed;
use crate::proto::{Cause, Closed, Endpoint, Event, Message, Observer, Outbound, ReadyState, SendError, check_close};
use crate::wire::CloseCode;

/// What happens to a connection, with bytes of its own; see [`Event`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happening {
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
    driver: Driver<Stream>,
    inbox: Inbox,
    /// The connection's place among those that a server may have.
    place: Option<OwnedSemaphorePermit>,
}

/// Events that nobody has asked for yet.
#[derive(Debug, Default)]
struct Inbox {
    events: VecDeque<Happening>,
    /// What they take, about, in bytes.
    size: usize,
    /// While they take so much or more, nothing is read.
    room: usize,
}

/// What comes while something is being sent is kept up to so many bytes: so two ends that send at the same time do not
/// wait for each other.
const ROOM: usize = 256 << 10;

impl Inbox {
    fn pop(&mut self) -> Option<Happening> {
        let event = self.events.pop_front()?;
        self.size -= event.size();
        Some(event)
    }

    /// The next event that can be told while the connection is not over: its end is told when everything is sent.
    fn pop_early(&mut self) -> Option<Happening> {
        match self.events.front() {
            Some(Happening::Closed(_)) | None => None,
            Some(_) => self.pop(),
        }
    }
}

impl Happening {
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
            Event::Open(_) => Happening::Open,
            Event::Message(message) => Happening::Message(message.into_owned()),
            Event::Ping(payload) => Happening::Ping(payload.to_vec()),
            Event::Pong(payload, time) => Happening::Pong(payload.to_vec(), time),
            Event::Close(code, reason) => Happening::Close(code, reason.to_owned()),
            Event::Failed(cause) => Happening::Failed(cause.clone()),
            Event::Closed(closed) => Happening::Closed(closed.clone()),
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
            match self.next_event().await {
                Some(Happening::Message(message)) => return Ok(Some(message)),
                Some(Happening::Closed(closed)) if !closed.clean => return Err(Broken(closed)),
                None => return Ok(None),
                Some(_) => {}
            }
        }
    }

    /// The next thing that happens, messages among them; `None` when everything was told.
    pub async fn next_event(&mut self) -> Option<Happening> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Happening>> {
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

    /// Sends a ping of at most 125 bytes. The pong comes as [`Happening::Pong`].
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
                Some(Happening::Open) => {
                    let _started = self.start_close(code, reason);
                }
                Some(Happening::Closed(closed)) => return Ok(closed),
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

    /// Splits the connection into halves that can be used from different tasks. A task of their own drives it.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn split(self) -> (Sender, Receiver) {
        // Few, because each may be as large as a message can be.
        let (to_send, orders) = mpsc::channel(16);
        let (happened, events) = mpsc::channel(16);
        tokio::spawn(drive(self, orders, happened));
        (Sender { orders: to_send }, Receiver { events })
    }
}

/// What a [`Sender`] wants done.
#[derive(Debug)]
enum Order {
    Send(Message<'static>),
    Ping(Vec<u8>),
    Close(CloseCode, String),
}

/// What a split connection has come to.
enum Step {
    /// This happened; nothing when it is over.
    Happened(Option<Happening>),
    /// Everything that was ordered is sent.
    Sent,
}

impl Connection {
    /// Goes on with a connection that is split: with sending if there is something to be `sent`, with events if they
    /// are `wanted`, and in any case with what time brings.
    fn poll_step(&mut self, cx: &mut Context<'_>, sending: bool, wanted: bool) -> Poll<Step> {
        if sending && self.driver.poll_flush(cx).is_ready() {
            return Poll::Ready(Step::Sent);
        }
        if wanted {
            if let Poll::Ready(event) = self.poll_event(cx) {
                return Poll::Ready(Step::Happened(event));
            }
        } else {
            self.inbox.room = 0;
            // That it is over is told when the event of it is wanted.
            while self.driver.poll(cx, &mut self.inbox) == Poll::Ready(Stop::Asked) {}
        }
        if sending { self.driver.poll_flush(cx).map(|()| Step::Sent) } else { Poll::Pending }
    }
}

/// Drives a split connection until it is over.
async fn drive(mut connection: Connection, mut orders: mpsc::Receiver<Order>, happened: mpsc::Sender<Happening>) {
    let mut waiting: Option<Happening> = None;
    let mut ordering = true;
    let mut sending = false;
    let mut telling = true;
    loop {
        let wanted = waiting.is_none();
        let connecting = connection.ready_state() == ReadyState::Connecting;
        // While the receiver has not taken what happened, nothing more is read; while the peer has not taken what was
        // sent, no more orders are.
        tokio::select! {
            permit = happened.reserve(), if !wanted => {
                match (permit, waiting.take()) {
                    (Ok(permit), Some(event)) => permit.send(event),
                    _ => telling = false,
                }
            }
            step = poll_fn(|cx| connection.poll_step(cx, sending, wanted)) => match step {
                Step::Sent => sending = false,
                Step::Happened(Some(event)) if telling => waiting = Some(event),
                Step::Happened(Some(_)) => {}
                Step::Happened(None) => return,
            },
            order = orders.recv(), if ordering && !sending && !connecting => {
                let out = connection.driver.endpoint.outbound();
                let done = match order {
                    Some(Order::Send(message)) => out.send(message),
                    Some(Order::Ping(payload)) => out.ping(&payload),
                    Some(Order::Close(code, reason)) => out.close(code, &reason),
                    // Both halves are gone, or the last sender: nobody else can close it.
                    None => {
                        ordering = false;
                        out.close(CloseCode::NORMAL, "")
                    }
                };
                // On an error the connection has ended: the receiver learns how.
                sending = done.is_ok();
                if sending {
                    connection.driver.queued();
                }
            }
        }
    }
}

/// The sending half of a [`Connection`]. When all clones of it are dropped the connection is closed with 1000.
#[derive(Clone, Debug)]
pub struct Sender {
    orders: mpsc::Sender<Order>,
}

impl Sender {
    /// Sends a message. Waits while many wait to be sent.
    ///
    /// # Errors
    /// If the connection is over.
    pub async fn send(&self, message: impl Into<Message<'static>>) -> Result<(), SendError> {
        self.order(Order::Send(message.into())).await
    }

    /// Sends a ping of at most 125 bytes.
    ///
    /// # Errors
    /// If it is longer, or the connection is over.
    pub async fn ping(&self, payload: &[u8]) -> Result<(), SendError> {
        if payload.len() > 125 {
            return Err(SendError::ControlTooLong);
        }
        self.order(Order::Ping(payload.to_vec())).await
    }

    /// Starts the closing handshake; the [`Receiver`] tells when and how it ended.
    ///
    /// # Errors
    /// If the code must not be sent, the reason is longer than 123 bytes, or the connection is over.
    pub async fn close(&self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        check_close(code, reason)?;
        self.order(Order::Close(code, reason.to_owned())).await
    }

    async fn order(&self, order: Order) -> Result<(), SendError> {
        self.orders.send(order).await.map_err(|_| SendError::NotOpen)
    }
}

/// The receiving half of a [`Connection`].
#[derive(Debug)]
pub struct Receiver {
    events: mpsc::Receiver<Happening>,
}

impl Receiver {
    /// The next message; `None` when the connection was closed by the closing handshake.
    ///
    /// # Errors
    /// If the connection ended in another way.
    pub async fn next(&mut self) -> Result<Option<Message<'static>>, Broken> {
        loop {
            match self.next_event().await {
                Some(Happening::Message(message)) => return Ok(Some(message)),
                Some(Happening::Closed(closed)) if !closed.clean => return Err(Broken(closed)),
                None => return Ok(None),
                Some(_) => {}
            }
        }
    }

    /// The next thing that happens; `None` when everything was told.
    pub async fn next_event(&mut self) -> Option<Happening> {
        self.events.recv().await
    }
}

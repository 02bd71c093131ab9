//! A connection as an application holds it: owned messages, one await each.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::driver::{Driver, Session, Stop};
use super::stream::Stream;
use crate::proto::opening::Agreed;
use crate::proto::{Cause, Closed, Endpoint, Event, Message, Observer, Outbound, ReadyState, SendError};
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

/// Events that nobody has asked for yet. While there are any, nothing is read.
#[derive(Debug, Default)]
struct Inbox(VecDeque<Happening>);

impl Session for Inbox {
    fn event(&mut self, event: Event<'_>, _out: &mut Outbound) {
        self.0.extend(match event {
            Event::Asked(..) => None,
            Event::Open(_) => Some(Happening::Open),
            Event::Message(message) => Some(Happening::Message(message.into_owned())),
            Event::Ping(payload) => Some(Happening::Ping(payload.to_vec())),
            Event::Pong(payload, time) => Some(Happening::Pong(payload.to_vec(), time)),
            Event::Close(code, reason) => Some(Happening::Close(code, reason.to_owned())),
            Event::Failed(cause) => Some(Happening::Failed(cause.clone())),
            Event::Closed(closed) => Some(Happening::Closed(closed.clone())),
        });
    }

    fn is_ready(&self) -> bool {
        self.0.is_empty()
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
        loop {
            if let Some(event) = self.inbox.0.pop_front() {
                return Poll::Ready(Some(event));
            }
            match self.driver.poll(cx, &mut self.inbox) {
                Poll::Ready(Stop::Over) if self.inbox.0.is_empty() => return Poll::Ready(None),
                Poll::Ready(_) => {}
                Poll::Pending if self.inbox.0.is_empty() => return Poll::Pending,
                Poll::Pending => {}
            }
        }
    }

    /// Sends a message, and waits until it is handed to the system. Cancelled it is sent by whatever is awaited next.
    ///
    /// # Errors
    /// If the connection is not open.
    pub async fn send(&mut self, message: impl Into<Message<'_>>) -> Result<(), SendError> {
        self.driver.endpoint.outbound().send(message)?;
        self.flush().await;
        Ok(())
    }

    /// Sends a ping of at most 125 bytes. The pong comes as [`Happening::Pong`].
    ///
    /// # Errors
    /// If it is longer, or the connection is not open.
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.driver.endpoint.outbound().ping(payload)?;
        self.flush().await;
        Ok(())
    }

    async fn flush(&mut self) {
        self.driver.stirred = true;
        poll_fn(|cx| self.driver.poll_flush(cx)).await;
    }

    /// Closes with the closing handshake and waits for its end. Messages that come meanwhile are dropped; to have
    /// them, use [`Connection::start_close`] and go on with [`Connection::next`].
    ///
    /// # Errors
    /// If the code must not be sent or the reason is longer than 123 bytes. A connection that is closing or closed is
    /// no error: its end is waited for.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, SendError> {
        match self.start_close(code, reason) {
            Ok(()) | Err(SendError::NotOpen) => {}
            Err(error) => return Err(error),
        }
        loop {
            match self.next_event().await {
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

/// Drives a split connection until it is over.
async fn drive(mut connection: Connection, mut orders: mpsc::Receiver<Order>, happened: mpsc::Sender<Happening>) {
    let mut waiting: Option<Happening> = None;
    let mut ordering = true;
    let mut telling = true;
    loop {
        // While the receiver has not taken what happened, nothing more is read; while the peer has not taken what was
        // sent, no more orders are.
        tokio::select! {
            permit = happened.reserve(), if waiting.is_some() => {
                match (permit, waiting.take()) {
                    (Ok(permit), Some(event)) => permit.send(event),
                    _ => telling = false,
                }
            }
            event = connection.next_event(), if waiting.is_none() => match event {
                Some(event) if telling => waiting = Some(event),
                Some(_) => {}
                None => return,
            },
            order = orders.recv(), if ordering => {
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
                if done.is_ok() {
                    connection.flush().await;
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
        if !code.may_be_sent() {
            return Err(SendError::CloseCode(code));
        }
        if reason.len() > crate::wire::CloseBody::MAX_REASON {
            return Err(SendError::ControlTooLong);
        }
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

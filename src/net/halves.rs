//! A connection in two halves, for different tasks.

use std::future::poll_fn;
use std::task::{Context, Poll};

use tokio::sync::mpsc;

use super::connection::{Broken, Connection, OwnedEvent};
use super::driver::Stop;
use crate::proto::{Message, ReadyState, SendError, check_close};
use crate::wire::CloseCode;

impl Connection {
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
    Happened(Option<OwnedEvent>),
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
async fn drive(mut connection: Connection, mut orders: mpsc::Receiver<Order>, happened: mpsc::Sender<OwnedEvent>) {
    let mut waiting: Option<OwnedEvent> = None;
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
    events: mpsc::Receiver<OwnedEvent>,
}

impl Receiver {
    /// The next message; `None` when the connection was closed by the closing handshake.
    ///
    /// # Errors
    /// If the connection ended in another way.
    pub async fn next(&mut self) -> Result<Option<Message<'static>>, Broken> {
        loop {
            if let Some(next) = OwnedEvent::as_next(self.next_event().await) {
                return next;
            }
        }
    }

    /// The next thing that happens; `None` when everything was told.
    pub async fn next_event(&mut self) -> Option<OwnedEvent> {
        self.events.recv().await
    }
}

//! A connection of the pool in somebody's hands.

use super::account::PoolConnection;
use super::shared::Lease;
use crate::net::{Broken, OwnedEvent};
use crate::proto::opening::Agreed;
use crate::proto::{Message, ReadyState, SendError};
use crate::wire::CloseCode;

/// A connection out of a [`Pool`](super::Pool). When it is dropped it goes back, if it is open and nothing that came is
/// unread; otherwise it is closed.
///
/// Somebody who sends a request and does not wait for the answer leaves it to whoever has the connection next. Use
/// [`Pooled::request`], which sees to that, or [`Pooled::discard`].
pub struct Pooled {
    /// Until it is dropped.
    lease: Option<Lease>,
    /// An answer is still to come, or for another reason it must not go back.
    spent: bool,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The request could not be sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The connection broke before the answer came.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The peer closed the connection before the answer came.
    #[error("the connection was closed before the answer came")]
    Closed,
}

impl Pooled {
    pub(super) const fn new(lease: Lease) -> Self {
        Self { lease: Some(lease), spent: false }
    }

    /// Sends a message; see [`Connection::send`](crate::net::Connection::send).
    ///
    /// # Errors
    /// If the connection is not open, or ends before that.
    pub async fn send(&mut self, message: impl Into<Message<'_>>) -> Result<(), SendError> {
        let lease = self.lease.as_mut().ok_or(SendError::NotOpen)?;
        lease.connection.send(message).await?;
        lease.ticket.account.sent();
        Ok(())
    }

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

    /// The next thing that happens, messages among them; `None` when everything was told.
    pub async fn next_event(&mut self) -> Option<OwnedEvent> {
        let lease = self.lease.as_mut()?;
        let event = lease.connection.next_event().await;
        match &event {
            Some(OwnedEvent::Message(_)) => lease.ticket.account.received(),
            Some(OwnedEvent::Pong(_, Some(time))) => lease.ticket.account.answered(*time),
            _ => {}
        }
        event
    }

    /// Sends a message and waits for the next one that comes. If this is cancelled or fails, the connection does not
    /// go back to the pool: the answer would be taken for somebody else's.
    ///
    /// # Errors
    /// If the connection is not open, or ends before there is an answer.
    pub async fn request(&mut self, message: impl Into<Message<'_>>) -> Result<Message<'static>, RequestError> {
        let spent = std::mem::replace(&mut self.spent, true);
        self.send(message).await?;
        let answer = self.next().await?.ok_or(RequestError::Closed)?;
        self.spent = spent;
        Ok(answer)
    }

    /// Sends a ping of at most 125 bytes. The pong comes as [`OwnedEvent::Pong`].
    ///
    /// # Errors
    /// If it is longer, or the connection is not open.
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.lease.as_mut().ok_or(SendError::NotOpen)?.connection.ping(payload).await
    }

    /// Where the connection stands.
    pub fn ready_state(&self) -> ReadyState {
        self.lease.as_ref().map_or(ReadyState::Closed, |lease| lease.connection.ready_state())
    }

    /// What the opening handshake agreed on.
    pub fn agreed(&self) -> Option<&Agreed> {
        self.lease.as_ref()?.connection.agreed()
    }

    /// What the pool knows of it.
    pub fn info(&self) -> Option<PoolConnection> {
        self.lease.as_ref().map(|lease| lease.ticket.account.tell())
    }

    /// Closes the connection with 1000, in the background, instead of giving it back.
    pub fn discard(mut self) {
        self.spent = true;
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        // Nobody knows what somebody who panics was about to do with it.
        let spent = self.spent || std::thread::panicking();
        if spent || lease.connection.ready_state() != ReadyState::Open {
            return lease.leave(CloseCode::NORMAL, "");
        }
        let shared = lease.ticket.shared.clone();
        shared.rest(lease);
    }
}

impl std::fmt::Debug for Pooled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pooled").field("info", &self.info()).finish_non_exhaustive()
    }
}

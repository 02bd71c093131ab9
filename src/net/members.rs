//! The connections of a server, as a set: to send to one or to all, and to end them.
//!
//! Whoever is gone is in the set no more. Nobody waits for a slow one: what is meant for it waits in its mailbox, up to a
//! bound, and no longer.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, watch};

use super::mailbox::{Mail, Mailbox, PostError};
use crate::proto::{ConnectionId, Message, check_close};
use crate::wire::{CloseCode, Head};

/// The open connections of a server. Clones are the same set.
#[derive(Clone, Debug)]
pub struct Connections {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    members: Mutex<HashMap<ConnectionId, Arc<Mailbox>>>,
    next: AtomicU64,
    max_queue: usize,
    /// Told when a member leaves.
    left: Notify,
    draining: watch::Sender<bool>,
}

/// Whom a broadcast reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// So many connections will get the message.
    pub reached: usize,
    /// So many will not, because too much waits for them already.
    pub slow: usize,
}

/// One connection of a server, as its [`Session`](super::Session) knows it.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its number.
    pub id: ConnectionId,
    /// The address of the client; Unix sockets have none.
    pub peer: Option<SocketAddr>,
    /// All connections of the server, this one among them once it is open.
    pub connections: Connections,
}

impl Connections {
    pub(super) fn new(max_queue: usize) -> Self {
        let shared = Shared {
            members: Mutex::default(),
            next: AtomicU64::new(0),
            max_queue,
            left: Notify::new(),
            draining: watch::Sender::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, Arc<Mailbox>>> {
        // Nothing panics while it holds the lock; a poisoned one is whole all the same.
        self.shared.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their numbers, in no order.
    pub fn ids(&self) -> Vec<ConnectionId> {
        self.lock().keys().copied().collect()
    }

    /// Sends a message to one.
    ///
    /// # Errors
    /// If it is gone, or too much waits for it already.
    pub fn send(&self, id: ConnectionId, message: &Message<'_>) -> Result<(), PostError> {
        self.post(id, Mail::Frames(encode(message)))
    }

    /// Sends a message to all but `except`. It is encoded once.
    pub fn broadcast(&self, message: &Message<'_>, except: Option<ConnectionId>) -> Reach {
        let frames = encode(message);
        let mut reach = Reach::default();
        for (_, mailbox) in self.lock().iter().filter(|(id, _)| Some(**id) != except) {
            match mailbox.post(Mail::Frames(frames.clone()), self.shared.max_queue) {
                Ok(()) => reach.reached += 1,
                Err(PostError::Full) => reach.slow += 1,
                Err(PostError::Gone | PostError::Unsendable(_)) => {}
            }
        }
        reach
    }

    /// Starts the closing handshake with one.
    ///
    /// # Errors
    /// If it is gone, the code must not be sent, or the reason is longer than 123 bytes.
    pub fn close(&self, id: ConnectionId, code: CloseCode, reason: &str) -> Result<(), PostError> {
        check_close(code, reason)?;
        self.post(id, Mail::Close(code, reason.into()))
    }

    /// Drops one at once. Its session is dropped without being told.
    ///
    /// # Errors
    /// If it is gone.
    pub fn abort(&self, id: ConnectionId) -> Result<(), PostError> {
        self.post(id, Mail::Abort)
    }

    fn post(&self, id: ConnectionId, mail: Mail) -> Result<(), PostError> {
        let mailbox = self.lock().get(&id).cloned().ok_or(PostError::Gone)?;
        mailbox.post(mail, self.shared.max_queue)
    }

    /// Takes no more connections, closes those there are with 1001, and waits for their end; those that have not
    /// ended within `grace` are dropped. Says how many were.
    pub async fn drain(&self, grace: Duration) -> usize {
        self.shared.draining.send_replace(true);
        self.order_all(&Mail::Close(CloseCode::GOING_AWAY, "the server shuts down".into()));
        if tokio::time::timeout(grace, self.emptied()).await.is_ok() {
            return 0;
        }
        let dropped = self.order_all(&Mail::Abort);
        self.emptied().await;
        dropped
    }

    fn order_all(&self, order: &Mail) -> usize {
        self.lock().values().filter(|mailbox| mailbox.post(order.clone(), self.shared.max_queue).is_ok()).count()
    }

    async fn emptied(&self) {
        loop {
            let left = self.shared.left.notified();
            tokio::pin!(left);
            // Registered before the look, so that no leaving is missed between the two.
            left.as_mut().enable();
            if self.is_empty() {
                return;
            }
            left.await;
        }
    }

    /// Turns true when draining starts.
    pub(super) fn draining(&self) -> watch::Receiver<bool> {
        self.shared.draining.subscribe()
    }

    pub(super) fn next_member(&self, peer: Option<SocketAddr>) -> Member {
        let id = ConnectionId(self.shared.next.fetch_add(1, Ordering::Relaxed));
        Member { id, peer, connections: self.clone() }
    }

    /// Puts a member in; it leaves when the registration is dropped.
    pub(super) fn register(&self, id: ConnectionId) -> Registration {
        let mailbox = Arc::new(Mailbox::default());
        self.lock().insert(id, mailbox.clone());
        if *self.shared.draining.borrow() {
            // It came in while the doors were being closed.
            let order = Mail::Close(CloseCode::GOING_AWAY, "the server shuts down".into());
            // A mailbox that nobody has shut takes it.
            let _taken = mailbox.post(order, self.shared.max_queue);
        }
        Registration { id, mailbox, connections: self.clone() }
    }
}

/// A place in the set of connections.
#[derive(Debug)]
pub(super) struct Registration {
    id: ConnectionId,
    pub(super) mailbox: Arc<Mailbox>,
    connections: Connections,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.mailbox.shut();
        let mut members = self.connections.lock();
        members.remove(&self.id);
        // A set that was large for an hour need not be large for ever.
        if members.capacity() > 1024 && members.len() < members.capacity() / 4 {
            members.shrink_to_fit();
        }
        drop(members);
        self.connections.shared.left.notify_waiters();
    }
}

/// A message as a server sends it.
fn encode(message: &Message<'_>) -> Bytes {
    let head = Head::new(message.kind.opcode(), message.payload.len() as u64).encode();
    let mut frame = Vec::with_capacity(head.len() + message.payload.len());
    frame.extend_from_slice(&head);
    frame.extend_from_slice(&message.payload);
    frame.into()
}

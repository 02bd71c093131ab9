//! The connections of a server, as a set: to send to one or to all, and to end them.
//!
//! Whoever is gone is in the set no more. Nobody waits for a slow one: what is meant for it waits in its mailbox, up to a
//! bound, and no longer.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::inband::Inband;
use super::letter::{Encodings, Letter};
use super::mailbox::{Mail, Mailbox, PostError};
use crate::proto::deflate::{self, Direction};
use crate::proto::{ConnectionId, Message, check_close};
use crate::wire::CloseCode;

/// The open connections of a server. Clones are the same set.
#[derive(Clone, Debug)]
pub struct Connections {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    members: Mutex<HashMap<ConnectionId, Place>>,
    next: AtomicU64,
    /// How many members are aside; changed with the members.
    asides: AtomicUsize,
    max_queue: usize,
    slow: Slow,
    deflate: Option<deflate::Config>,
    /// Told when a member leaves.
    left: Notify,
    draining: watch::Sender<bool>,
}

/// Where one connection is reached, and how what it is sent is compressed.
#[derive(Clone, Debug)]
struct Place {
    mailbox: Arc<Mailbox>,
    compresses: Option<Direction>,
    inband: Option<Inband>,
    /// Whether it is none of those that are counted and broadcast to.
    aside: bool,
}

/// Whom a broadcast reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// So many connections will get the message.
    pub reached: usize,
    /// So many will not, because too much waits for them already.
    pub slow: usize,
}

impl Reach {
    fn count(&mut self, delivered: Result<(), PostError>) {
        match delivered {
            Ok(()) => self.reached += 1,
            Err(PostError::Full) => self.slow += 1,
            Err(PostError::Gone | PostError::Unsendable(_)) => {}
        }
    }
}

/// What becomes of a connection whose peer reads too slowly: more than [`ServerConfig::max_queue`] bytes wait for it.
///
/// [`ServerConfig::max_queue`]: super::ServerConfig::max_queue
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slow {
    /// It does not get the message; whoever sends it is told.
    #[default]
    Skip,
    /// It is closed with 1013, and dropped if it does not take that in time either.
    Close,
}

impl Shared {
    fn deliver(&self, place: &Place, key: Option<u64>, mail: Mail) -> Result<(), PostError> {
        let posted = match key {
            None => place.mailbox.post(mail, self.max_queue),
            Some(key) => place.mailbox.post_latest(key, mail, self.max_queue),
        };
        if posted == Err(PostError::Full) && self.slow == Slow::Close {
            place.mailbox.close_once(CloseCode::TRY_AGAIN_LATER, "the client reads too slowly");
        }
        posted
    }
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

/// The same set is equal to itself alone, whoever is in it.
impl PartialEq for Connections {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for Connections {}

impl Connections {
    /// A set whose members are sent to as `deflate` says where they agreed to that.
    pub(super) fn new(max_queue: usize, slow: Slow, deflate: Option<deflate::Config>) -> Self {
        let shared = Shared {
            members: Mutex::default(),
            next: AtomicU64::new(0),
            asides: AtomicUsize::new(0),
            max_queue,
            slow,
            deflate,
            left: Notify::new(),
            draining: watch::Sender::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, Place>> {
        // Nothing panics while it holds the lock; a poisoned one is whole all the same.
        self.shared.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are, without those that are [aside](super::Session::is_aside).
    pub fn len(&self) -> usize {
        let members = self.lock();
        members.len() - self.shared.asides.load(Ordering::Relaxed)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their numbers, in no order, without those that are [aside](super::Session::is_aside).
    pub fn ids(&self) -> Vec<ConnectionId> {
        self.lock().iter().filter(|(_, place)| !place.aside).map(|(id, _)| *id).collect()
    }

    /// Sends a message to one.
    ///
    /// # Errors
    /// If it is gone, or too much waits for it already.
    pub fn send(&self, id: ConnectionId, message: &Message<'_>) -> Result<(), PostError> {
        let place = self.place(id)?;
        let mut encodings = Encodings::default();
        let mut letter = Letter::new(message, self.shared.deflate, &mut encodings);
        letter.compress(place.compresses);
        self.shared.deliver(&place, None, letter.packed_to(place.inband, place.compresses))
    }

    /// Sends a message to all but `except` and those that are [aside](super::Session::is_aside). It is encoded once, and compressed once for each window that was agreed
    /// on; only those who agreed on context takeover compress it for themselves.
    pub fn broadcast(&self, message: &Message<'_>, except: Option<ConnectionId>) -> Reach {
        let mut encodings = Encodings::default();
        let mut letter = Letter::new(message, self.shared.deflate, &mut encodings);
        if letter.is_worth_compressing() {
            let agreed: HashSet<_> = self.lock().values().filter_map(|place| place.compresses).collect();
            // Not while others wait for the set.
            agreed.into_iter().for_each(|direction| letter.compress(Some(direction)));
        }
        let mut reach = Reach::default();
        for (_, place) in self.lock().iter().filter(|(id, place)| Some(**id) != except && !place.aside) {
            reach.count(self.shared.deliver(place, None, letter.packed_to(place.inband, place.compresses)));
        }
        reach
    }

    /// Sends a message to these, as [`Connections::broadcast`] does to all. Those that are gone are passed over.
    pub fn send_to(&self, ids: impl IntoIterator<Item = ConnectionId>, message: &Message<'_>) -> Reach {
        self.deliver(ids, None, message, &mut Encodings::default())
    }

    /// Sends a message to these that takes the place of an earlier one with the same `key`, where that was not sent
    /// yet: whoever is slow gets the newest, and never more than one of each key waits for him. Keys are the
    /// application's own.
    pub fn send_latest(&self, ids: impl IntoIterator<Item = ConnectionId>, key: u64, message: &Message<'_>) -> Reach {
        self.deliver(ids, Some(key), message, &mut Encodings::default())
    }

    /// The same for a message that may be sent to more of this set later: `known` is what it was encoded to so far.
    pub(crate) fn send_latest_again(
        &self,
        ids: impl IntoIterator<Item = ConnectionId>,
        key: u64,
        message: &Message<'_>,
        known: &mut Encodings,
    ) -> Reach {
        self.deliver(ids, Some(key), message, known)
    }

    fn deliver(
        &self,
        ids: impl IntoIterator<Item = ConnectionId>,
        key: Option<u64>,
        message: &Message<'_>,
        known: &mut Encodings,
    ) -> Reach {
        let places: Vec<Place> = {
            let members = self.lock();
            ids.into_iter().filter_map(|id| members.get(&id).cloned()).collect()
        };
        let mut letter = Letter::new(message, self.shared.deflate, known);
        let mut reach = Reach::default();
        for place in &places {
            letter.compress(place.compresses);
            reach.count(self.shared.deliver(place, key, letter.packed_to(place.inband, place.compresses)));
        }
        reach
    }

    /// Has large text messages of this set to one packed, as binary messages, from now on. Its session packs what it
    /// sends itself.
    ///
    /// # Errors
    /// If it is gone.
    pub fn pack(&self, id: ConnectionId, inband: Option<Inband>) -> Result<(), PostError> {
        self.lock().get_mut(&id).ok_or(PostError::Gone)?.inband = inband;
        Ok(())
    }

    /// Has the session of one [woken](super::Session::woken), whatever waits to be sent to it.
    ///
    /// # Errors
    /// If it is gone.
    pub fn wake(&self, id: ConnectionId) -> Result<(), PostError> {
        self.place(id)?.mailbox.wake()
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
        self.place(id)?.mailbox.post(mail, self.shared.max_queue)
    }

    fn place(&self, id: ConnectionId) -> Result<Place, PostError> {
        self.lock().get(&id).cloned().ok_or(PostError::Gone)
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
        let posted = |place: &&Place| place.mailbox.post(order.clone(), self.shared.max_queue).is_ok();
        self.lock().values().filter(posted).count()
    }

    async fn emptied(&self) {
        loop {
            let left = self.shared.left.notified();
            tokio::pin!(left);
            // Registered before the look, so that no leaving is missed between the two.
            left.as_mut().enable();
            if self.lock().is_empty() {
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

    /// Puts a member in that has agreed to be sent messages like this; it leaves when the registration is dropped.
    pub(super) fn register(&self, id: ConnectionId, compresses: Option<Direction>, aside: bool) -> Registration {
        let mailbox = Arc::new(Mailbox::default());
        let mut members = self.lock();
        members.insert(id, Place { mailbox: mailbox.clone(), compresses, inband: None, aside });
        self.shared.asides.fetch_add(aside.into(), Ordering::Relaxed);
        drop(members);
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
        if members.remove(&self.id).is_some_and(|place| place.aside) {
            self.connections.shared.asides.fetch_sub(1, Ordering::Relaxed);
        }
        // A set that was large for an hour need not be large for ever.
        if members.capacity() > 1024 && members.len() < members.capacity() / 4 {
            members.shrink_to_fit();
        }
        drop(members);
        self.connections.shared.left.notify_waiters();
    }
}

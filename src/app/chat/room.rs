//! One room, and the seats in it.
//!
//! Everything in a room happens under its lock, the handing over of messages too: so all hear the same in the same order.
//! Handing over is putting into mailboxes, which never waits for anybody.
//!
//! Nobody ever holds two locks of rooms, or one of a room and that of the table of them: whoever moves takes a seat in
//! the new room, leaves the old one, and sits down, each under a lock of its own. So there is no order of locks to keep.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Refusal;
use super::message::Word;
use super::name::Name;
use super::rooms::Shared;
use crate::net::{Connections, Reach};
use crate::proto::{ConnectionId, Message};

/// A room.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) name: Arc<str>,
    connections: Connections,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// By the keys of the names that are taken: where in `ids` the member is, if he sits already.
    seats: HashMap<Arc<str>, Option<usize>>,
    /// Who hears what is said. Kept, so that nothing has to be gathered for each message.
    ids: Vec<ConnectionId>,
    /// Their keys in `seats`, in the same order.
    keys: Vec<Arc<str>>,
    /// The last one has left: nobody may come in any more. There will be another room of the name.
    over: bool,
}

/// Why there is no seat.
pub(super) enum NoSeat {
    /// The room is over; another may be made.
    Over,
    Refused(Refusal),
}

impl Room {
    pub(super) fn new(name: Arc<str>, connections: Connections) -> Self {
        Self { name, connections, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock; a poisoned one is whole all the same.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are in it, those about to sit down among them.
    pub(super) fn len(&self) -> usize {
        self.lock().seats.len()
    }

    /// Keeps a seat for somebody.
    pub(super) fn keep(self: Arc<Self>, name: Name, shared: &Arc<Shared>) -> Result<Seat, NoSeat> {
        let max = shared.config.max_members.max(1);
        let mut inner = self.lock();
        if inner.over {
            return Err(NoSeat::Over);
        }
        let count = inner.seats.len();
        match inner.seats.entry(name.key.clone()) {
            Entry::Occupied(_) => return Err(NoSeat::Refused(Refusal::Taken(name.shown.to_string()))),
            Entry::Vacant(_) if count >= max => return Err(NoSeat::Refused(Refusal::Full(self.name.to_string()))),
            Entry::Vacant(seat) => seat.insert(None),
        };
        drop(inner);
        Ok(Seat { shared: shared.clone(), room: self, name })
    }

    /// Tells everybody that somebody who has no seat said something; `None` if the room is over.
    pub(super) fn announce(&self, username: &str, message: &str, shared: &Shared) -> Option<Reach> {
        let inner = self.lock();
        let timestamp = shared.now();
        (!inner.over).then(|| self.tell(&inner.ids, Word::Chat { username, message, timestamp }))
    }

    fn tell(&self, ids: &[ConnectionId], word: Word<'_>) -> Reach {
        self.connections.send_to(ids.iter().copied(), &Message::from(word))
    }
}

/// A place in a room, under a name. Whoever gives it up leaves.
#[derive(Debug)]
pub(super) struct Seat {
    shared: Arc<Shared>,
    room: Arc<Room>,
    name: Name,
}

impl Seat {
    pub(super) fn room(&self) -> &str {
        &self.room.name
    }

    pub(super) fn name(&self) -> &str {
        &self.name.shown
    }

    /// Sits down: the others hear of it, then `welcome` is called, before anything that is said from now on is heard.
    pub(super) fn sit_down(&mut self, id: ConnectionId, welcome: impl FnOnce()) {
        let mut inner = self.room.lock();
        let inner = &mut *inner;
        if let Some(place @ None) = inner.seats.get_mut(&self.name.key) {
            *place = Some(inner.ids.len());
            self.room.tell(&inner.ids, Word::UserJoined { username: &self.name.shown, timestamp: self.shared.now() });
            inner.ids.push(id);
            inner.keys.push(self.name.key.clone());
        }
        welcome();
    }

    /// Goes on under another name: to the others somebody leaves, and somebody else comes.
    pub(super) fn rename(&mut self, name: Name, id: ConnectionId, welcome: impl FnOnce()) -> Result<(), Refusal> {
        let mut inner = self.room.lock();
        if name.key != self.name.key {
            if inner.seats.contains_key(&name.key) {
                return Err(Refusal::Taken(name.shown.to_string()));
            }
            let place = inner.seats.remove(&self.name.key).flatten();
            inner.seats.insert(name.key.clone(), place);
            if let Some(place) = place {
                inner.keys[place] = name.key.clone();
            }
        }
        let others: Vec<_> = inner.ids.iter().copied().filter(|&other| other != id).collect();
        let timestamp = self.shared.now();
        self.room.tell(&others, Word::UserLeft { username: &self.name.shown, timestamp });
        self.room.tell(&others, Word::UserJoined { username: &name.shown, timestamp });
        welcome();
        drop(inner);
        self.name = name;
        Ok(())
    }

    /// Says something to everybody in the room.
    pub(super) fn say(&self, message: &str) {
        let inner = self.room.lock();
        // Within the lock, so that time goes on from message to message.
        let timestamp = self.shared.now();
        self.room.tell(&inner.ids, Word::Chat { username: &self.name.shown, message, timestamp });
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut inner = self.room.lock();
        if let Some(place) = inner.seats.remove(&self.name.key).flatten() {
            inner.ids.swap_remove(place);
            inner.keys.swap_remove(place);
            if let Some(moved) = inner.keys.get(place).cloned() {
                inner.seats.insert(moved, Some(place));
            }
            let timestamp = self.shared.now();
            self.room.tell(&inner.ids, Word::UserLeft { username: &self.name.shown, timestamp });
        }
        inner.over = inner.seats.is_empty();
        let over = inner.over;
        drop(inner);
        if over {
            self.shared.forget(&self.room);
        }
    }
}

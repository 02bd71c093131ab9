//! The chat, and the table of its rooms.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::name::{Name, SERVER};
use super::room::{NoSeat, Room, Seat};
use super::{ChatConfig, ChatVisit, Refusal};
use crate::app::clock;
use crate::app::host::{Application, Caller};
use crate::net::{Connections, Reach};

/// A chat, to be served by one [`Server`](crate::net::Server). Clones are the same chat.
///
/// ```
/// use wslab::app::chat::{Chat, ChatConfig, PAGE};
/// use wslab::app::host::Host;
/// use wslab::net::{Listen, Server, ServerConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let chat = Chat::new(ChatConfig::default());
/// let server = Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), ServerConfig::default())?;
/// tokio::spawn(server.run(Host::new(chat.clone()).page(PAGE)));
///
/// // The server itself can speak, where there is somebody to hear it.
/// assert_eq!(chat.say("lobby", None, "Tea is ready."), None);
/// assert!(chat.rooms().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Chat {
    shared: Arc<Shared>,
}

/// What all visits have in common.
pub(super) struct Shared {
    pub(super) config: ChatConfig,
    clock: Box<dyn Fn() -> u64 + Send + Sync>,
    /// Locked only to look a room up, to put one in or to take one out.
    rooms: Mutex<HashMap<Arc<str>, Arc<Room>>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Chat {
    /// A chat without anybody in it.
    pub fn new(config: ChatConfig) -> Self {
        Self::with_clock(config, clock::now)
    }

    /// The same, with a clock that tells the milliseconds since 1970.
    pub fn with_clock(config: ChatConfig, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self { shared: Arc::new(Shared { config, clock: Box::new(clock), rooms: Mutex::default() }) }
    }

    /// The rooms that there are, by name, and how many members each has.
    pub fn rooms(&self) -> Vec<(String, usize)> {
        let rooms: Vec<_> = self.shared.lock().values().cloned().collect();
        let counted = rooms.iter().map(|room| (room.name.to_string(), room.len()));
        // One that is being left by the last is none.
        let mut counted: Vec<_> = counted.filter(|(_, count)| *count > 0).collect();
        counted.sort_unstable();
        counted
    }

    /// Says something in a room, under `name` or else as [`SERVER`]; nobody checks the one or the other. Whom it
    /// reached; `None` where there is no such room.
    pub fn say(&self, room: &str, name: Option<&str>, text: &str) -> Option<Reach> {
        let room = self.shared.lock().get(room).cloned()?;
        room.announce(name.unwrap_or(SERVER), text, &self.shared)
    }
}

impl Application for Chat {
    type Visit = ChatVisit;

    fn open(&self, _caller: &Caller) -> ChatVisit {
        ChatVisit::new(self.shared.clone())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Room>>> {
        // Nothing panics while it holds the lock; a poisoned one is whole all the same.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since 1970.
    pub(super) fn now(&self) -> u64 {
        (self.clock)()
    }

    /// Keeps a seat in a room, which is made if there is none of the name.
    pub(super) fn seat(self: &Arc<Self>, room: &str, name: &Name, connections: &Connections) -> Result<Seat, Refusal> {
        loop {
            let found = self.room(room, connections)?;
            match found.clone().keep(name.clone(), self) {
                Ok(seat) => return Ok(seat),
                Err(NoSeat::Refused(refusal)) => return Err(refusal),
                // Whoever left it last will forget it too, but need not be waited for.
                Err(NoSeat::Over) => self.forget(&found),
            }
        }
    }

    fn room(&self, name: &str, connections: &Connections) -> Result<Arc<Room>, Refusal> {
        let mut rooms = self.lock();
        if let Some(room) = rooms.get(name) {
            return Ok(room.clone());
        }
        if rooms.len() >= self.config.max_rooms {
            return Err(Refusal::TooManyRooms);
        }
        let name: Arc<str> = name.into();
        let room = Arc::new(Room::new(name.clone(), connections.clone()));
        rooms.insert(name, room.clone());
        Ok(room)
    }

    /// Takes a room out that is over.
    pub(super) fn forget(&self, room: &Arc<Room>) {
        // There may be another of the name already.
        if let Entry::Occupied(found) = self.lock().entry(room.name.clone())
            && Arc::ptr_eq(found.get(), room)
        {
            found.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Listen, Server, ServerConfig};

    /// What another thread may see and do between the leaving of the last and the forgetting of the room.
    #[tokio::test]
    async fn a_room_that_is_over_is_entered_by_nobody_and_forgotten_alone() {
        let server = Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), ServerConfig::default());
        let connections = server.expect("there is a port").connections();
        let chat = Chat::new(ChatConfig { max_rooms: 1, ..ChatConfig::default() });
        let name = Name::new("ada", 32).expect("a name");
        let sit = || chat.shared.seat("lobby", &name, &connections).expect("a seat");

        let seat = sit();
        let over = chat.shared.lock().get("lobby").cloned().expect("a room");
        drop(seat);
        assert!(chat.shared.lock().is_empty());

        chat.shared.lock().insert("lobby".into(), over.clone());
        assert!(chat.rooms().is_empty());
        assert_eq!(chat.say("lobby", None, "Anybody?"), None);
        let seat = sit();
        assert_eq!(chat.rooms(), [("lobby".to_owned(), 1)]);
        chat.shared.forget(&over);
        assert_eq!(chat.rooms(), [("lobby".to_owned(), 1)]);
        drop(seat);
        assert!(chat.shared.lock().is_empty());
    }
}

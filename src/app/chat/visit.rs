//! One connection of the chat.

use std::sync::Arc;

use super::message::{Wish, Word};
use super::name::{self, Name, NoName};
use super::room::Seat;
use super::rooms::Shared;
use crate::app::host::{Malformed, Visit, Voice};
use crate::net::PostError;
use crate::proto::Message;

/// One connection of a [`Chat`](super::Chat). When it is dropped the others hear that its member left.
#[derive(Debug)]
pub struct ChatVisit {
    shared: Arc<Shared>,
    seat: Option<Seat>,
    /// Whether it was in a room before, so that words from there may still wait to be sent.
    been: bool,
}

/// Why something is not done, in words for the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// Only members can chat and leave.
    #[error("Join a room first")]
    NotIn,
    /// The name of the member is empty or too long; so many characters may be.
    #[error("A name has 1 to {0} characters")]
    NameLength(usize),
    /// There are control characters or invisible ones in the name.
    #[error("A name has no control characters and no invisible ones")]
    NameCharacter,
    /// The name of the room is empty or too long; so many characters may be.
    #[error("The name of a room has 1 to {0} characters")]
    RoomLength(usize),
    /// There are control characters or invisible ones in the name of the room.
    #[error("The name of a room has no control characters and no invisible ones")]
    RoomCharacter,
    /// Somebody in the room has this name, or the server.
    #[error("The name {0} is taken: choose another")]
    Taken(String),
    /// There are as many in this room as may be.
    #[error("The room {0} is full")]
    Full(String),
    /// There are as many rooms as may be.
    #[error("There are too many rooms: join one that exists")]
    TooManyRooms,
    /// Nothing is said.
    #[error("The message is empty")]
    Empty,
    /// So many characters may be said at once.
    #[error("A message has at most {0} characters")]
    TooLong(usize),
}

impl ChatVisit {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared, seat: None, been: false }
    }

    fn join(&mut self, room: &str, username: &str, voice: &mut Voice<'_>) -> Result<(), Refusal> {
        let (max_name, max_room) = (self.shared.config.max_name, self.shared.config.max_room);
        let room = name::trimmed(room, max_room).map_err(|no| match no {
            NoName::Length => Refusal::RoomLength(max_room),
            NoName::Character => Refusal::RoomCharacter,
        })?;
        // Nobody has the name that a token gives to another.
        let given = voice.caller().user().and_then(|user| user.name.clone());
        let name = Name::new(given.as_deref().unwrap_or(username), max_name).map_err(|no| match no {
            NoName::Length => Refusal::NameLength(max_name),
            NoName::Character => Refusal::NameCharacter,
        })?;
        if name.is_the_servers() {
            return Err(Refusal::Taken(name.shown.to_string()));
        }
        let shown = name.shown.clone();
        let (id, connections) = (voice.caller().id(), voice.caller().member.connections.clone());
        let been = self.been;
        let mut welcome = || {
            let welcome = format!("Welcome to {room}, {shown}");
            let joined = Word::Joined { room, message: &welcome };
            // What was said in the last room, and waits, is to be heard before.
            let behind = been.then(|| connections.send(id, &Message::from(joined)));
            if matches!(behind, None | Some(Err(PostError::Full))) {
                voice.send(&joined);
            }
        };
        match &mut self.seat {
            Some(seat) if seat.room() == room && seat.name() == &*name.shown => welcome(),
            Some(seat) if seat.room() == room => seat.rename(name, id, welcome)?,
            seat => {
                // Whoever is refused stays where he is.
                let new = self.shared.seat(room, &name, &connections)?;
                *seat = None;
                seat.insert(new).sit_down(id, welcome);
                self.been = true;
            }
        }
        Ok(())
    }

    fn chat(&self, message: &str) -> Result<(), Refusal> {
        let max = self.shared.config.max_message;
        let seat = self.seat.as_ref().ok_or(Refusal::NotIn)?;
        if message.trim().is_empty() {
            return Err(Refusal::Empty);
        }
        if message.chars().take(max.saturating_add(1)).count() > max {
            return Err(Refusal::TooLong(max));
        }
        seat.say(message);
        Ok(())
    }
}

impl Visit for ChatVisit {
    fn message(&mut self, message: &Message<'_>, voice: &mut Voice<'_>) -> Result<(), Malformed> {
        let done = match Wish::read(message)? {
            Wish::Join { .. } if !voice.permits("join") => return Ok(()),
            Wish::Chat { .. } if !voice.permits("chat") => return Ok(()),
            Wish::Join { room, username } => self.join(&room, &username, voice),
            Wish::Chat { message } => self.chat(&message),
            Wish::Leave => self.seat.take().map(drop).ok_or(Refusal::NotIn),
        };
        if let Err(refusal) = done {
            voice.error(&refusal.to_string());
        }
        Ok(())
    }

    fn renewed(&mut self, voice: &mut Voice<'_>) {
        if self.seat.is_some() && !voice.permits("join") {
            self.seat = None;
        }
    }
}

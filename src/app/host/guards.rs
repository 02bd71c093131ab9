//! What a connection has to pass before the application hears of it: who it is, and how much it sends.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::app::auth::{Auth, Ending, Gate, Passage, Settings, TokenError, User};
use crate::app::limit::{Allotment, Exceeded, Over, Permit};
use crate::proto::Message;

/// The guards of one connection.
#[derive(Debug, Default)]
pub(super) struct Guards {
    pub(super) gate: Option<Guarded>,
    pub(super) meter: Option<Metered>,
    /// Its place among those that its address may have.
    pub(super) permit: Option<Permit>,
}

impl Guards {
    pub(super) const fn is_empty(&self) -> bool {
        self.gate.is_none() && self.meter.is_none() && self.permit.is_none()
    }
}

/// A gate, and who has the key.
#[derive(Debug)]
pub(super) struct Guarded {
    auth: Arc<Auth>,
    gate: Gate,
    /// What the token of the request came to, to be told when the connection is open.
    first: Option<Result<User, TokenError>>,
}

/// What a connection may send.
#[derive(Debug)]
pub(super) struct Metered {
    pub(super) allotment: Allotment,
    over: Over,
}

/// What becomes of a message.
#[derive(Debug)]
pub(super) enum Let {
    /// It goes on.
    Pass,
    /// It is kept until this time.
    Hold(Instant),
    /// It is refused in these words.
    Refuse(Exceeded),
    /// The connection is to be closed.
    Close,
}

impl Guarded {
    pub(super) fn new(auth: Arc<Auth>, token: Option<&str>, settings: Settings, now: Instant) -> Self {
        let first = token.map(|token| auth.verify(token));
        Self { auth, gate: Gate::new(now, settings), first }
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// What the token of the request came to, if there was one.
    pub(super) fn open(&mut self, now: Instant) -> Option<Passage> {
        let first = self.first.take()?;
        Some(self.gate.try_token(first, now, SystemTime::now()))
    }

    pub(super) fn hear(&mut self, message: &Message<'_>, now: Instant) -> Passage {
        match message.as_text() {
            Some(text) => self.gate.hear(text, |token| self.auth.verify(token), now, SystemTime::now()),
            None if self.gate.is_open() => Passage::Through,
            None => self.gate.malformed(now),
        }
    }

    pub(super) fn expire(&mut self, now: Instant) -> Option<Ending> {
        self.gate.expire(now)
    }
}

impl Metered {
    pub(super) const fn new(allotment: Allotment, over: Over) -> Self {
        Self { allotment, over }
    }

    pub(super) fn judge(&mut self, now: Instant) -> Let {
        match (self.allotment.take(now), self.over) {
            (Ok(_), _) => Let::Pass,
            (Err(blocked), Over::Error) => Let::Refuse(Exceeded::new(&blocked, now, SystemTime::now())),
            (Err(blocked), Over::Delay) => Let::Hold(blocked.until),
            (Err(_), Over::Close) => Let::Close,
        }
    }
}

//! The gate that a connection stands at until its client is known.

use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize;
use serde_json::Value;

use super::{Ending, MAX_TOKEN, Reply, TokenError, User};

/// How long, and how often, a client may try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a connection may be open without a good token.
    pub patience: Duration,
    /// With how many refusals in a row the connection ends.
    pub refusals: u32,
}

impl Default for Settings {
    /// 10 seconds, 3 refusals.
    fn default() -> Self {
        Self { patience: Duration::from_secs(10), refusals: 3 }
    }
}

/// The gate of one connection. It has no clock: every call is handed the time.
///
/// A client sends `{"token":"…"}` or `{"type":"auth","token":"…"}`. Once it is known it may send another token of the
/// same user, and stays until that expires.
///
/// ```
/// use std::time::{Duration, Instant, SystemTime};
/// use wslab::app::auth::{Gate, Passage, Reply, Settings, User};
///
/// let (now, wall) = (Instant::now(), SystemTime::now());
/// let mut gate = Gate::new(now, Settings::default());
/// assert_eq!(gate.deadline(), Some(now + Duration::from_secs(10)));
///
/// // In place of `Auth::verify`:
/// let verify = |_: &str| Ok(User { id: "7".into(), name: None, permissions: vec![], expires: None });
/// let passage = gate.hear(r#"{"token":"…"}"#, verify, now, wall);
/// assert_eq!(passage, Passage::Answered(Reply::Success { user_id: "7".into() }));
/// assert_eq!(gate.hear(r#"{"type":"chat"}"#, verify, now, wall), Passage::Through);
/// ```
#[derive(Debug)]
pub struct Gate {
    settings: Settings,
    state: State,
    /// In a row.
    refused: u32,
}

#[derive(Debug)]
enum State {
    Waiting {
        /// `None` for ever.
        until: Option<Instant>,
    },
    Open {
        user: User,
        until: Option<Instant>,
    },
    Shut(Ending),
}

/// What becomes of a message at the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It is not for the gate: the application gets it.
    Through,
    /// It was for the gate, or nothing goes through yet. The client gets this.
    Answered(Reply),
    /// The connection has to be closed, after the client got this, if anything.
    Shut(Option<Reply>, Ending),
}

impl Gate {
    /// A gate before a client that was not heard of yet.
    pub fn new(now: Instant, settings: Settings) -> Self {
        Self { settings, state: State::Waiting { until: now.checked_add(settings.patience) }, refused: 0 }
    }

    /// A gate that is open: the token of the request was good.
    pub fn opened(user: User, now: Instant, wall: SystemTime, settings: Settings) -> Self {
        let until = end(&user, now, wall);
        Self { settings, state: State::Open { user, until }, refused: 0 }
    }

    /// What becomes of a text message. `verify` is [`Auth::verify`](super::Auth::verify).
    ///
    /// An open gate looks only at messages that could have a token in them, and takes those for its own that have one
    /// and are of no other `type` than `auth`.
    pub fn hear(
        &mut self,
        text: &str,
        verify: impl FnOnce(&str) -> Result<User, TokenError>,
        now: Instant,
        wall: SystemTime,
    ) -> Passage {
        if let Some(ending) = self.expire(now) {
            return Passage::Shut(None, ending);
        }
        match Request::read(text) {
            Request::Token(token) => self.try_token(verify(&token), now, wall),
            Request::Other if self.is_open() => Passage::Through,
            Request::Other | Request::Malformed => self.malformed(now),
        }
    }

    /// What becomes of a token that was verified.
    pub fn try_token(&mut self, verified: Result<User, TokenError>, now: Instant, wall: SystemTime) -> Passage {
        if let Some(ending) = self.expire(now) {
            return Passage::Shut(None, ending);
        }
        match verified {
            Ok(user) if self.user().is_none_or(|known| known.id == user.id) => {
                let user_id = user.id.clone();
                self.refused = 0;
                self.state = State::Open { until: end(&user, now, wall), user };
                Passage::Answered(Reply::Success { user_id })
            }
            Ok(_) | Err(_) => self.refuse(Reply::FAILED),
        }
    }

    /// What becomes of a message that should have a token and has none: a binary one, for instance.
    pub fn malformed(&mut self, now: Instant) -> Passage {
        match self.expire(now) {
            Some(ending) => Passage::Shut(None, ending),
            None => self.refuse(Reply::ERROR),
        }
    }

    /// Why the connection has to be closed, if it has to be by now. To be asked at the [`Gate::deadline`].
    pub fn expire(&mut self, now: Instant) -> Option<Ending> {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            let ending = if self.is_open() { Ending::Expired } else { Ending::Timeout };
            self.state = State::Shut(ending);
        }
        match self.state {
            State::Shut(ending) => Some(ending),
            State::Waiting { .. } | State::Open { .. } => None,
        }
    }

    /// Whether the client is known.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// The client, once it is known.
    pub const fn user(&self) -> Option<&User> {
        match &self.state {
            State::Open { user, .. } => Some(user),
            _ => None,
        }
    }

    /// When the connection has to be closed, unless another token comes before. It changes with each call that may
    /// change something.
    pub const fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until } | State::Open { until, .. } => until,
            State::Shut(_) => None,
        }
    }

    fn refuse(&mut self, reply: Reply) -> Passage {
        self.refused = self.refused.saturating_add(1);
        if self.refused < self.settings.refusals {
            return Passage::Answered(reply);
        }
        self.state = State::Shut(Ending::Refused);
        Passage::Shut(Some(reply), Ending::Refused)
    }
}

/// When the user's token is no longer good, by the other clock.
fn end(user: &User, now: Instant, wall: SystemTime) -> Option<Instant> {
    let left = user.expires?.duration_since(wall).unwrap_or_default();
    now.checked_add(left)
}

/// A message, as the gate understands it.
enum Request {
    Token(String),
    /// It was meant for the gate, and cannot be understood.
    Malformed,
    /// It was not meant for the gate.
    Other,
}

impl Request {
    /// What a message may have beside its token, in bytes.
    const BESIDE: usize = 1024;

    fn read(text: &str) -> Self {
        #[derive(Deserialize)]
        struct Fields {
            #[serde(rename = "type")]
            kind: Option<Value>,
            token: Option<Value>,
        }
        // Most messages are not for the gate, and need not be parsed twice.
        if text.len() > MAX_TOKEN + Self::BESIDE || !(text.contains(r#""token""#) || text.contains(r#""auth""#)) {
            return Self::Other;
        }
        let Ok(Fields { kind, token }) = serde_json::from_str(text) else { return Self::Other };
        match (kind, token) {
            (Some(kind), _) if kind != "auth" => Self::Other,
            (_, Some(Value::String(token))) => Self::Token(token),
            (None, None) => Self::Other,
            _ => Self::Malformed,
        }
    }
}

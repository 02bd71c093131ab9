//! What a source tells who watches it, and what a watcher asks of a source.
//!
//! A source is a running server, near or far, a capture that is replayed, an interface, a conformance run. They all tell
//! the same, so that the dashboard need not know which it watches.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Outcome, Snapshot, words};
use crate::proto::{ConnectionId, Role, Rule};
use crate::wire::http::tokens;
use crate::wire::{Head, Opcode};

/// What a source tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "news", rename_all = "snake_case")]
#[non_exhaustive]
pub enum News {
    /// How the source itself is.
    State(State),
    /// Everything that was counted, rows among it. Each takes the place of the one before.
    Snapshot(Box<Snapshot>),
    /// Frames of the connection that was asked for, the oldest first. They go on where the last such news ended.
    Frames(Tail),
    /// Rules that were broken since the last such news, the oldest first.
    Violations(Vec<Violation>),
    /// How far a conformance run has come.
    Run(Box<Progress>),
    /// Where a capture that is replayed stands.
    Playing(Playing),
}

/// How a source is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// It tells what happens.
    Live,
    /// It is not to be had, for this reason; it is tried again after a time.
    Lost {
        /// In words.
        why: String,
        /// After so much time, in milliseconds.
        retry_ms: u64,
    },
    /// It has told everything: a capture or a run has ended.
    Over {
        /// What is to be said of the end, if anything.
        words: Option<String>,
    },
}

/// Where a capture that is replayed stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playing {
    /// The time of the capture.
    pub at: Timestamp,
    /// Nothing happens in it until then; `None` if something happens soon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Frames of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    /// Which one.
    pub connection: ConnectionId,
    /// So many that came between the last that were told and these were passed over, because they came too fast.
    #[serde(default)]
    pub missed: u64,
    /// The frames.
    pub frames: Vec<Passed>,
}

/// A frame that has passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// When.
    pub at: Timestamp,
    /// Who sent it.
    pub by: Role,
    /// What it is.
    pub opcode: Opcode,
    /// Whether it is the last of its message.
    pub fin: bool,
    /// Its reserved bits, as [`Head::rsv`](crate::wire::Head::rsv).
    pub rsv: u8,
    /// How long it is, in bytes of payload.
    pub len: u64,
    /// The beginning of its payload, unmasked: [`Passed::KEPT`] bytes at most, and nothing of compressed messages.
    /// Asterisks stand for the JSON Web Tokens in it; those that are spread over frames are not known for what they
    /// are.
    #[serde(with = "words::base64")]
    pub payload: Vec<u8>,
    /// The beginning of the message that it ends, inflated, if it was compressed.
    #[serde(default, with = "words::optional_base64", skip_serializing_if = "Option::is_none")]
    pub inflated: Option<Vec<u8>>,
}

impl Passed {
    /// How much of a payload is kept, in bytes.
    pub const KEPT: usize = 4096;

    /// A frame with this head, and the beginning of its payload.
    pub fn new(at: Timestamp, by: Role, head: &Head, payload: &[u8]) -> Self {
        let &Head { fin, rsv, opcode, len, .. } = head;
        Self { at, by, opcode, fin, rsv, len, payload: Self::beginning(payload), inflated: None }
    }

    /// As much of some bytes as is kept, without the JSON Web Tokens in it: asterisks stand for those.
    pub fn beginning(bytes: &[u8]) -> Vec<u8> {
        // A token that is cut would not be known for one.
        let looked_at = &bytes[..bytes.len().min(2 * Self::KEPT)];
        let mut kept = looked_at[..looked_at.len().min(Self::KEPT)].to_vec();
        for range in tokens(looked_at) {
            let end = range.end.min(kept.len());
            if let Some(token) = kept.get_mut(range.start..end) {
                token.fill(b'*');
            }
        }
        kept
    }
}

/// Takes out the payloads of compressed messages: tokens would not be seen in them. What is in them stands inflated
/// beside them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cover {
    /// Whether the message that is open is compressed, by who sends it: a client, a server.
    compressed: [bool; 2],
}

impl Cover {
    /// Looks at the next frame of a connection.
    pub(crate) fn over(&mut self, frame: &mut Passed) {
        if frame.opcode.is_control() {
            return;
        }
        let compressed = &mut self.compressed[usize::from(frame.by == Role::Server)];
        if frame.opcode != Opcode::CONTINUATION {
            // RFC 7692, section 6: the first frame says it of the whole message.
            *compressed = frame.rsv & Head::RSV1 != 0;
        }
        if *compressed {
            frame.payload = Vec::new();
        }
    }
}

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// When.
    pub at: Timestamp,
    /// On which connection; `None` for an opening handshake that came to nothing.
    pub connection: Option<ConnectionId>,
    /// Who broke it, if that is known.
    pub by: Option<Role>,
    /// Which.
    pub rule: Rule,
}

/// How far a conformance run has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Whom it tests.
    pub target: String,
    /// How many cases there are to be run.
    pub cases: usize,
    /// The cases that are being run, the oldest first.
    pub in_flight: Vec<String>,
    /// What came of those that have ended, in their order; each is shared, since all are told again and again.
    #[serde(with = "words::shared")]
    pub done: Vec<Arc<Outcome>>,
    /// How long it has been going on.
    pub elapsed: Duration,
}

/// What a watcher asks of a source. A source that cannot do it passes it over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Wish {
    /// The frames of this connection from now on, or of none.
    Frames {
        /// Which one.
        connection: Option<ConnectionId>,
    },
    /// To be told snapshots so often, in milliseconds.
    Pace {
        /// From 100 on.
        every_ms: u64,
    },
    /// To go on or to hold, where that is possible: a capture that is replayed.
    Hold {
        /// Whether to hold.
        hold: bool,
    },
    /// To go on at once where something happens next, where that is possible: a capture that is replayed.
    Skip,
}

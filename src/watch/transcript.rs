//! What one connection of a tester was: the record that a verdict is given on.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::words::{hash, hex, micros};
use crate::proto::{Role, Rule};
use crate::wire::{CloseCode, Head};

/// What was sent and seen on one connection, and when.
///
/// All times are counted from the moment the connection was open. Its size is bounded whatever the peer does: contents
/// are kept as length, hash and beginning; rows beyond a bound are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// Which end we were.
    pub role: Role,
    /// The opening handshake; `None` if there was no connection to have it on.
    pub opening: Option<Opening>,
    /// What can be expected: messages, pongs and waits that passed, in order.
    pub heard: Vec<Heard>,
    /// So many more that were not kept.
    pub unheard: u64,
    /// The rules that the peer broke, each once.
    pub faults: Vec<Fault>,
    /// How the connection ended.
    pub closing: Closing,
    /// The frames, both ways.
    pub log: Log,
    /// What we sent, in numbers.
    pub sent: Traffic,
    /// What we received, in numbers.
    pub received: Traffic,
    /// From open until the end.
    #[serde(with = "micros")]
    pub duration: Duration,
}

impl Transcript {
    /// The transcript of a connection that has nothing on it yet.
    pub fn new(role: Role) -> Self {
        Self {
            role,
            opening: None,
            heard: Vec::new(),
            unheard: 0,
            faults: Vec::new(),
            closing: Closing::default(),
            log: Log::default(),
            sent: Traffic::default(),
            received: Traffic::default(),
            duration: Duration::ZERO,
        }
    }

    /// The code of the target's close frame, if there was one with a code.
    pub fn remote_close_code(&self) -> Option<CloseCode> {
        self.closing.remote.as_ref()?.code
    }

    /// The same without what takes most of the room: the heads of the opening handshake, what was heard, the frames.
    #[must_use]
    pub fn without_contents(self) -> Self {
        let without_heads = |opening| Opening { request: Vec::new(), response: Vec::new(), ..opening };
        Self { opening: self.opening.map(without_heads), heard: Vec::new(), log: Log::default(), ..self }
    }

    /// Whether the target is a client, and we are the server that it connected to.
    pub fn is_of_client(&self) -> bool {
        self.role == Role::Server
    }

    /// Whether the opening handshake succeeded.
    pub fn is_open(&self) -> bool {
        self.opening.as_ref().is_some_and(|opening| opening.done)
    }
}

/// The opening handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Whether it led to a connection.
    pub done: bool,
    /// The head of the request, as it was sent.
    #[serde(with = "hex")]
    pub request: Vec<u8>,
    /// The head of the response, or as much as came of it.
    #[serde(with = "hex")]
    pub response: Vec<u8>,
    /// The rules that the peer broke.
    pub faults: Vec<Rule>,
    /// The status of the response, if there was one.
    pub status: Option<u16>,
    /// The subprotocol agreed on.
    pub subprotocol: Option<String>,
    /// The extensions agreed on, as the value of their header; empty if there are none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub extensions: String,
    /// Whether the peer took too long.
    pub timed_out: bool,
    /// How long it took.
    #[serde(with = "micros")]
    pub duration: Duration,
}

/// One thing that can be expected, and when it was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// When it was complete.
    #[serde(with = "micros")]
    pub at: Duration,
    /// What.
    pub what: Happening,
}

/// What can be expected of a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happening {
    /// A text message.
    Text(Content),
    /// A binary message.
    Binary(Content),
    /// A pong.
    Pong(Content),
    /// A wait of this name passed without an end.
    Wait(String),
    /// The answer to the request of the opening handshake.
    Answer(Answered),
    /// The target ended TCP where it was its turn to: it did not open the connection, or we left the end to it.
    End,
}

/// What a server answers to the request of an opening handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The headers that belong to the opening handshake or say where the answer ends, by their names as they were sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
}

/// The content of a message, of any size: two of the same length and hash are taken for the same.
#[derive(Clone, Serialize, Deserialize)]
pub struct Content {
    /// Bytes.
    pub len: u64,
    /// XXH3, 128 bits.
    #[serde(with = "hash")]
    pub hash: u128,
    /// How it begins, as far as it was kept.
    #[serde(with = "hex")]
    pub start: Vec<u8>,
}

impl Content {
    /// The most bytes that are kept of a beginning.
    pub const START: usize = 256;

    /// A content of which only the length and the beginning are told; it equals none that came.
    pub fn beginning(len: u64, start: Vec<u8>) -> Self {
        Self { len, hash: 0, start }
    }

    /// The content of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let start = &bytes[..bytes.len().min(Self::START)];
        Self { len: bytes.len() as u64, hash: xxh3_128(bytes), start: start.to_vec() }
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        (self.len, self.hash) == (other.len, other.hash)
    }
}

impl Eq for Content {}

impl Hash for Content {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.len, self.hash).hash(state);
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dots = if self.len > self.start.len() as u64 { "…" } else { "" };
        write!(f, "{} bytes \"{}{dots}\"", self.len, self.start.escape_ascii())
    }
}

/// Gathers a [`Content`] from bytes that come in pieces; however they are cut, it is the same.
#[derive(Clone)]
pub struct Gather {
    len: u64,
    hash: Xxh3,
    start: Vec<u8>,
}

impl Gather {
    /// Of no bytes yet.
    pub fn new() -> Self {
        Self { len: 0, hash: Xxh3::new(), start: Vec::new() }
    }

    /// Takes the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        self.hash.update(bytes);
        let room = Content::START - self.start.len();
        self.start.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The content.
    pub fn finish(self) -> Content {
        Content { len: self.len, hash: self.hash.digest128(), start: self.start }
    }
}

impl Default for Gather {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Gather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").field("len", &self.len).finish_non_exhaustive()
    }
}

/// A rule that the peer broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Which.
    pub rule: Rule,
    /// When first.
    #[serde(with = "micros")]
    pub at: Duration,
    /// How often.
    pub times: u64,
}

/// How a connection ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// Whether we sent the first close frame, or ended the connection before there was one.
    pub by_us: bool,
    /// Whether we failed the connection: for a rule that the peer broke, or because our patience was over.
    pub failed_by_us: bool,
    /// Whether we ended the TCP connection, where the peer should have.
    pub dropped_by_us: bool,
    /// Whether the closing handshake was complete, and nobody had to be forced.
    pub clean: bool,
    /// Our close frame.
    pub local: Option<Said>,
    /// The peer's close frame.
    pub remote: Option<Said>,
    /// The timers that fired, in order.
    pub timeouts: Vec<Timeout>,
    /// How TCP ended.
    pub ending: Ending,
}

/// The body of a close frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// When.
    #[serde(with = "micros")]
    pub at: Duration,
    /// The code, if there was one.
    pub code: Option<CloseCode>,
    /// The reason; what is not UTF-8 is replaced.
    pub reason: String,
}

/// The timers that end a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timeout {
    /// The case's patience was over.
    Patience,
    /// The peer did not answer our close frame.
    CloseHandshake,
    /// The server did not end TCP after the closing handshake.
    ServerDrop,
    /// The peer did not read what we sent.
    Stall,
}

/// How the TCP connection ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It has not.
    #[default]
    Open,
    /// The peer ended it.
    ByPeer,
    /// The peer reset it, or it was lost.
    Reset,
    /// We ended it.
    ByUs,
    /// We ended it because the peer sent more than any case can ask for.
    Flooded,
    /// The run was cancelled.
    Cancelled,
}

/// An end of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The tester.
    Us,
    /// The target.
    Target,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Us => "the tester",
            Self::Target => "the target",
        })
    }
}

/// The frames of a connection: the first and the last ones, and how many between them were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// From the start.
    pub first: Vec<Entry>,
    /// So many were left out here.
    pub left_out: u64,
    /// Up to the end.
    pub last: std::collections::VecDeque<Entry>,
}

impl Log {
    /// The most rows of the start.
    pub const FIRST: usize = 128;
    /// The most rows of the end.
    pub const LAST: usize = 32;

    /// Adds a row.
    pub fn push(&mut self, entry: Entry) {
        if self.first.len() < Self::FIRST {
            self.first.push(entry);
            return;
        }
        if self.last.len() == Self::LAST {
            self.last.pop_front();
            self.left_out += 1;
        }
        self.last.push_back(entry);
    }

    /// All rows that were kept, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.first.iter().chain(&self.last)
    }
}

/// A row of a [`Log`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    #[serde(with = "micros")]
    pub at: Duration,
    /// Whose doing.
    pub side: Side,
    /// What.
    pub item: Item,
}

/// What a row of a [`Log`] tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Item {
    /// A frame.
    Frame {
        /// Its head.
        head: Head,
        /// How its payload begins, unmasked.
        #[serde(with = "hex")]
        start: Vec<u8>,
        /// Payload bytes that were there; fewer than declared if it was cut.
        len: u64,
    },
    /// A rule was broken.
    Fault(Rule),
    /// A wait passed.
    Wait(Option<String>),
    /// A timer fired.
    Timeout(Timeout),
    /// The direction was ended.
    HalfClose,
    /// The connection was reset.
    Reset,
}

impl Item {
    /// The most payload bytes that a row keeps.
    pub const START: usize = 128;
}

/// One direction in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Bytes of frames, without the opening handshake.
    pub bytes: u64,
    /// Frames that began, by opcode.
    pub frames: BTreeMap<u8, u64>,
    /// Text and binary messages that were complete.
    #[serde(default)]
    pub messages: u64,
    /// Bytes of payload in the data frames, as they were sent: compressed where they are.
    #[serde(default)]
    pub payload: u64,
    /// Bytes of the messages themselves: of what was compressed, the bytes before.
    #[serde(default)]
    pub content: u64,
    /// Reads or writes, by their size in bytes. Sizes beyond the thousandth different one are counted as 0.
    pub octets: BTreeMap<u32, u64>,
}

impl Traffic {
    /// Counts a read or write.
    pub fn count(&mut self, size: usize) {
        self.bytes += size as u64;
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let key = if self.octets.len() < 1000 || self.octets.contains_key(&size) { size } else { 0 };
        *self.octets.entry(key).or_default() += 1;
    }
}

//! What was found in a capture, told as it is found.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::Place;
use crate::proto::{Kind, Role, Rule, Rules};
use crate::wire::{CloseCode, Head, Opcode};

/// Is told what is found.
pub trait Sink {
    /// What has to be worked out for it; asked once, at the beginning.
    fn wants(&self) -> Wants {
        Wants::default()
    }

    /// Something was found.
    ///
    /// # Errors
    /// If it cannot be written; reading then ends.
    fn take(&mut self, event: &Event<'_>) -> io::Result<()>;
}

/// What a [`Sink`] wants beside heads and their faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// [`Frame::payload`]: the payload of frames is gathered.
    pub frame_payloads: bool,
    /// [`Event::Message`]: frames are joined and inflated. The rules of text that is compressed and of compressed data
    /// are judged only then.
    pub messages: bool,
}

impl Wants {
    /// What either of them wants.
    pub const fn and(self, other: Self) -> Self {
        Self { frame_payloads: self.frame_payloads || other.frame_payloads, messages: self.messages || other.messages }
    }
}

/// Something that was found. Everything is lent.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A connection is open, or was refused: what is known of it when its opening handshake is over, or when frames
    /// without one were recognised.
    Opened(&'a Connection),
    /// A frame came to its end.
    Frame(&'a Frame<'a>),
    /// A message came to its end.
    Message(&'a Message<'a>),
    /// A pong answered a ping.
    RoundTrip(&'a RoundTrip<'a>),
    /// A rule was broken.
    Violation(&'a Violation<'a>),
    /// Something that is no fault of either end, but that whoever reads the rest has to know.
    Note(&'a Note<'a>),
    /// A connection has ended, or the capture has. Everything of it was told before.
    Closed(&'a Connection),
}

/// A WebSocket connection, or the attempt at one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Which one, from 0, in the order in which their requests came.
    pub number: u64,
    /// The client's address.
    pub client: SocketAddr,
    /// The server's address.
    pub server: SocketAddr,
    /// The target of the request as it was sent, secrets included: `/chat?room=1`. `None` if it was not captured.
    pub url: Option<String>,
    /// The Host header.
    pub host: Option<String>,
    /// The Origin header.
    pub origin: Option<String>,
    /// The User-Agent header.
    pub agent: Option<String>,
    /// The status of the response; `None` if it was not captured.
    pub status: Option<u16>,
    /// The reason phrase of the response if it is a refusal.
    pub refusal: Option<String>,
    /// The subprotocol that was agreed.
    pub subprotocol: Option<String>,
    /// The extensions that were agreed, as the server wrote them.
    pub extensions: Option<String>,
    /// Whether no opening handshake was captured whole: that this is a WebSocket was told from its frames.
    pub guessed: bool,
    /// What encrypts the connection, such as `TLS 1.3, TLS_AES_128_GCM_SHA256`; `None` if nothing does.
    pub tls: Option<String>,
    /// The packet with which it begins: the SYN, or whatever came first of it; for a later request on the same TCP
    /// connection that of the request.
    pub first: Place,
    /// The packet that completes the response, or the first frame where none was captured.
    pub opened: Option<Place>,
    /// The packet with which it ended; `None` while it is open, and if the capture ends before.
    pub closed: Option<Place>,
    /// The last packet that was seen of it.
    pub last: Place,
    /// How it ended.
    pub ending: Ending,
    /// The first close frame.
    pub close: Option<Close>,
    /// What the client sent.
    pub from_client: Sent,
    /// What the server sent.
    pub from_server: Sent,
    /// How many rules were broken, each time counted.
    pub violations: u64,
}

impl Connection {
    /// What an end sent.
    pub const fn sent(&self, by: Role) -> &Sent {
        match by {
            Role::Client => &self.from_client,
            Role::Server => &self.from_server,
        }
    }

    /// The same, to be counted on.
    pub const fn sent_mut(&mut self, by: Role) -> &mut Sent {
        match by {
            Role::Client => &mut self.from_client,
            Role::Server => &mut self.from_server,
        }
    }

    /// Whether the handshake failed.
    pub fn is_refused(&self) -> bool {
        self.status.is_some_and(|status| status != 101)
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ending {
    /// It did not, as far as the capture goes.
    #[default]
    Open,
    /// The TCP connection was ended, first by this end.
    Finished(Role),
    /// The TCP connection was reset by this end.
    Reset(Role),
    /// The opening handshake failed: it never was a WebSocket.
    Refused,
}

/// A close frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Who sent it.
    pub by: Role,
    /// Its code; `None` if it has none.
    pub code: Option<CloseCode>,
    /// Its reason; what is not UTF-8 is replaced.
    pub reason: String,
}

/// What one end of a connection sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Frames by kind.
    pub frames: Frames,
    /// Messages that came to their end.
    pub messages: u64,
    /// How many of them were compressed.
    pub compressed: u64,
    /// How many of them cannot be read.
    pub opaque: u64,
    /// Bytes of frames, heads included, as their heads declare them.
    pub bytes: u64,
    /// Bytes of payload as sent.
    pub payload: u64,
    /// Bytes of the payload of compressed messages that could be inflated, as sent.
    pub deflated: u64,
    /// Bytes of the same messages after inflating.
    pub inflated: u64,
    /// Bytes of messages that could be read, after inflating.
    pub content: u64,
    /// Bytes that the capture does not have.
    pub lost: u64,
}

/// Frames by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    /// Text frames.
    pub text: u64,
    /// Binary frames.
    pub binary: u64,
    /// Continuation frames.
    pub continuation: u64,
    /// Close frames.
    pub close: u64,
    /// Ping frames.
    pub ping: u64,
    /// Pong frames.
    pub pong: u64,
    /// Frames with a reserved opcode.
    pub reserved: u64,
}

impl Frames {
    /// Counts a frame.
    pub const fn count(&mut self, opcode: Opcode) {
        let kind = match opcode {
            Opcode::TEXT => &mut self.text,
            Opcode::BINARY => &mut self.binary,
            Opcode::CONTINUATION => &mut self.continuation,
            Opcode::CLOSE => &mut self.close,
            Opcode::PING => &mut self.ping,
            Opcode::PONG => &mut self.pong,
            _ => &mut self.reserved,
        };
        *kind += 1;
    }

    /// All frames.
    pub const fn all(&self) -> u64 {
        self.text + self.binary + self.continuation + self.close + self.ping + self.pong + self.reserved
    }
}

/// A frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Whose.
    pub connection: &'a Connection,
    /// Who sent it.
    pub from: Role,
    /// Which one of the connection, from 0, in the order in which they end.
    pub number: u64,
    /// Its head.
    pub head: Head,
    /// How many bytes of its payload were captured.
    pub captured: u64,
    /// Where its head begins in what its sender sent on the TCP connection (inside TLS if there is any), from 0.
    pub offset: u64,
    /// Its last byte, or the last that was captured.
    pub place: Place,
    /// The payload as sent, unmasked and not inflated, as far as it was captured; if [wanted](Wants::frame_payloads).
    pub payload: Option<&'a [u8]>,
    /// The code, if it is a close frame that has one.
    pub code: Option<CloseCode>,
    /// The rules that it breaks, as far as the frame itself and its place among the others tell.
    pub faults: Rules,
}

/// A message.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Whose.
    pub connection: &'a Connection,
    /// Who sent it.
    pub from: Role,
    /// Which one of the connection, from 0, in the order in which they end.
    pub number: u64,
    /// What it is made of.
    pub kind: Kind,
    /// In how many frames it came.
    pub frames: u64,
    /// Whether it was compressed.
    pub compressed: bool,
    /// How many payload bytes its frames declare.
    pub wire: u64,
    /// Its length in bytes after inflating; `None` if it is compressed and opaque.
    pub length: Option<u64>,
    /// Its bytes; `None` if it is opaque: bytes of it were not captured, or it cannot be inflated.
    pub payload: Option<&'a [u8]>,
    /// Why it is opaque.
    pub opaque: Option<Opaque>,
    /// The packet with its first byte.
    pub first: Place,
    /// The packet with its last byte.
    pub place: Place,
}

/// Why a message cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opaque {
    /// Bytes of it were not captured.
    Incomplete,
    /// What it was compressed with refers to messages that were not captured.
    Context,
    /// Its data are not DEFLATE.
    Invalid,
    /// It is larger than the limit.
    TooBig,
}

impl Opaque {
    /// The reason, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Incomplete => "bytes of it were not captured",
            Self::Context => "it is compressed with reference to what was not captured",
            Self::Invalid => "its compressed data are invalid",
            Self::TooBig => "it is larger than the limit",
        }
    }
}

impl fmt::Display for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

/// A ping and the pong that answers it.
#[derive(Clone, Copy, Debug)]
pub struct RoundTrip<'a> {
    /// On which connection.
    pub connection: &'a Connection,
    /// Who sent the ping.
    pub from: Role,
    /// From the last byte of the ping to that of the pong, at the place of the capture.
    pub time: Duration,
    /// The pong.
    pub place: Place,
}

/// A rule that was broken.
#[derive(Clone, Copy, Debug)]
pub struct Violation<'a> {
    /// On which connection.
    pub connection: &'a Connection,
    /// By whom.
    pub by: Role,
    /// The rule.
    pub rule: Rule,
    /// The frame, if it is a frame's.
    pub frame: Option<u64>,
    /// Where in what its sender sent on the TCP connection, from 0: the head of the frame, or of the request or response.
    pub offset: u64,
    /// The packet that shows it.
    pub place: Place,
}

/// Something that is no fault of either end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    /// On which WebSocket connection, if it is one.
    pub connection: Option<u64>,
    /// Whose bytes it concerns, and who they were for.
    pub from: SocketAddr,
    /// See [`Note::from`].
    pub to: SocketAddr,
    /// What.
    pub kind: NoteKind<'a>,
    /// Where.
    pub place: Place,
}

/// What a [`Note`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteKind<'a> {
    /// Bytes of the stream are missing.
    Lost {
        /// Where in the stream, from 0.
        offset: u64,
        /// How many.
        count: u64,
        /// Why.
        why: Loss,
    },
    /// A segment came again with other bytes; the first count.
    Differs {
        /// Where in the stream, from 0.
        offset: u64,
        /// How many bytes were compared.
        count: u64,
    },
    /// What was encrypted cannot be read.
    Encrypted {
        /// Why, in words.
        why: &'a str,
    },
    /// What is on the connection is known and not read, such as HTTP/2.
    NotRead {
        /// What it is, in words.
        what: &'a str,
    },
}

impl NoteKind<'_> {
    /// What it is, in a word: `lost`, `differs`, `encrypted`, `not-read`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Lost { .. } => "lost",
            Self::Differs { .. } => "differs",
            Self::Encrypted { .. } => "encrypted",
            Self::NotRead { .. } => "not-read",
        }
    }

    /// Why, or what it is, in words.
    pub const fn words(&self) -> &str {
        match self {
            Self::Lost { why, .. } => why.words(),
            Self::Differs { .. } => "a segment came again with other bytes; the first count",
            Self::Encrypted { why } => why,
            Self::NotRead { what } => what,
        }
    }

    /// The same without what is different for each TLS connection: its client random.
    pub fn group(&self) -> Cow<'_, str> {
        const BEFORE: &str = " for its client random ";
        let words = self.words();
        let cut = words.find(BEFORE).zip(words.find('…')).filter(|(start, end)| start < end);
        match (self, cut) {
            (Self::Encrypted { .. }, Some((start, end))) => {
                Cow::Owned([&words[..start], &words[end + '…'.len_utf8()..]].concat())
            }
            // Of several there is more than a segment.
            (Self::Differs { .. }, _) => Cow::Borrowed("came again with other bytes; the first count"),
            _ => Cow::Borrowed(words),
        }
    }
}

/// Why bytes are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loss {
    /// No packet of the capture has them.
    NotCaptured,
    /// The capture kept only the beginning of packets.
    Cut,
    /// Too many bytes would have had to be kept until the ones before came.
    Limit,
}

impl Loss {
    /// The reason, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotCaptured => "not captured",
            Self::Cut => "cut off by the snap length",
            Self::Limit => "given up: too much came out of order",
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

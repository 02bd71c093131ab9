//! A case: what is sent to a target, what may come back, and who has to end the connection.
//!
//! Cases are data. They are read from TOML by `parse` and are told apart from each other by nothing but this shape, so
//! the engine knows no case by name.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::conform::{Beside, Document, Handshake, Manners, Terms, Unit};
use crate::proto::{Clause, Level, Role, Rule};
use crate::wire::{CloseCode, Form, Opcode};

/// One case of the corpus, after expansion of its loops.
#[derive(Clone, Debug)]
pub struct Case {
    /// What users select, report and compare by: `5.15`, `9.3.1`, `hs.12`.
    pub id: Id,
    /// One sentence: what is sent.
    pub title: String,
    /// What a reader has to know beside it, such as where Autobahn differs.
    pub note: Option<String>,
    /// The rules that the stimulus breaks, or that the target would break.
    pub rules: Vec<Rule>,
    /// The clauses that the case tests: those of its rules first, then the ones it names. Never empty.
    pub clauses: Vec<Clause>,
    /// How binding the requirement is.
    pub level: Level,
    /// Words to select by, without `tag:`.
    pub tags: Vec<String>,
    /// Which end can be the target; `None` for both.
    pub target: Option<Role>,
    /// The compression that the case needs, the preferred terms first; none if it needs no extension.
    pub deflate: Vec<Terms>,
    /// How our part of the opening handshake differs from a plain one. With it, the target's answer is an event.
    pub opening: Option<Handshake>,
    /// What we do by ourselves.
    pub manners: Manners,
    /// The connections that are there meanwhile.
    pub beside: Option<Beside>,
    /// What we do, in order.
    pub send: Vec<Step>,
    /// What may come, in order of preference: the first alternative that equals what came gives the verdict.
    pub expect: Vec<Alternative>,
    /// How the connection has to end.
    pub close: Close,
    /// How long we wait after the last step, and what we do then.
    pub patience: Patience,
    /// Whether messages of the target are events. They are, but for a target that does not echo.
    pub hears_messages: bool,
    /// Whatever happens is only recorded: the verdict is informational by definition.
    pub informational: bool,
    /// Where the case stands.
    pub source: Source,
}

/// The id of a case: dot-separated parts that sort as numbers where they are numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Id(pub Arc<str>);

/// Where a case was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, by the name under which it was parsed: `corpus/cases/05-fragmentation.toml`.
    pub file: Arc<str>,
    /// The line of its `[[case]]`, from 1.
    pub line: usize,
}

/// One thing that we do.
#[derive(Clone, Debug)]
pub enum Step {
    /// Send a frame, or a message in several.
    Frame(Frame),
    /// Send further payload of the frame before, whose `len` promised more than it had. It is masked like the rest.
    More(Payload),
    /// Send these very bytes.
    Raw {
        /// The bytes.
        bytes: Payload,
        /// In writes of so many bytes.
        chop: Option<usize>,
    },
    /// Pause, then go on unless the connection is closing.
    Wait {
        /// How long.
        time: Duration,
        /// Recorded under this name when it has passed, for `expect` to refer to.
        tag: Option<String>,
    },
    /// Go on when a message or pong more has come than the last `Await` saw.
    Await(Await),
    /// Do the steps so many times.
    Repeat {
        /// How often.
        times: u32,
        /// What.
        steps: Vec<Step>,
    },
    /// Read nothing for so long, while the steps go on.
    Unread(Duration),
    /// End our direction of TCP.
    HalfClose,
    /// Reset the TCP connection.
    Reset,
}

/// What an [`Step::Await`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Await {
    /// A message.
    Message,
    /// A pong.
    Pong,
}

/// A frame to send, with everything about it that may be wrong.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The opcode.
    pub opcode: Opcode,
    /// Whether it ends its message.
    pub fin: bool,
    /// The reserved bits.
    pub rsv: u8,
    /// Masking.
    pub mask: Mask,
    /// The length that the head declares, if not the payload's.
    pub len: Option<u64>,
    /// The form of the length, if not the shortest.
    pub form: Option<Form>,
    /// The payload, before compressing and masking.
    pub payload: Payload,
    /// Whether the payload is compressed, with RSV1 in the first frame (RFC 7692, section 6.1).
    pub compressed: bool,
    /// Sent as several frames: one of this opcode and continuations.
    pub fragments: Option<Fragments>,
    /// Written in pieces of so many bytes, each in a packet of its own as far as TCP allows.
    pub chop: Option<usize>,
    /// Waited after each piece of a chopped frame, or after the frame.
    pub pause: Option<Duration>,
}

impl Frame {
    /// A frame without a fault: final, masked as our role has to, written at once.
    pub fn new(opcode: Opcode, payload: impl Into<Payload>) -> Self {
        Self {
            opcode,
            fin: true,
            rsv: 0,
            mask: Mask::ByRole,
            len: None,
            form: None,
            payload: payload.into(),
            compressed: false,
            fragments: None,
            chop: None,
            pause: None,
        }
    }
}

/// How a message is cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragments {
    /// Payload bytes of every frame but the last, as they are sent: of compressed messages the compressed ones.
    pub size: usize,
    /// Whether an empty final frame follows where the payload is a multiple of `size`, as Autobahn has it.
    pub empty_last: bool,
}

/// Whether and how a frame is masked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mask {
    /// As our role has to: with a fresh random key as client, not as server.
    #[default]
    ByRole,
    /// Not, whatever our role.
    Off,
    /// With a fresh random key, whatever our role.
    Random,
    /// With this key.
    Key([u8; 4]),
}

/// Bytes of a case, generated when they are needed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Payload {
    /// These bytes.
    Bytes(Bytes),
    /// A pattern, repeated and cut to a length.
    Fill {
        /// The pattern; not empty unless `len` is 0.
        pattern: Bytes,
        /// The length in bytes.
        len: usize,
    },
    /// Bytes that do not repeat, the same on every machine for the same seed.
    Seed {
        /// The seed.
        seed: u64,
        /// The length in bytes.
        len: usize,
    },
    /// Printable ASCII that does not repeat, the same on every machine for the same seed.
    Text {
        /// The seed.
        seed: u64,
        /// The length in bytes.
        len: usize,
    },
    /// A part of a document. In a repetition every round has the next part; behind the last comes the first again.
    Part {
        /// Which document.
        document: Document,
        /// Where the part of the first round begins, in units.
        at: usize,
        /// How long a part is, in units; not longer than the document.
        len: usize,
        /// What `at` and `len` count.
        unit: Unit,
    },
}

/// One acceptable course of events.
#[derive(Clone, Debug)]
pub struct Alternative {
    /// The verdict if it is what came.
    pub verdict: Grade,
    /// All messages, pongs and tagged waits, in order, the answer to our request first; nothing may be missing or extra.
    pub events: Vec<Expected>,
}

/// The verdicts that an alternative can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// What the RFC wants.
    Ok,
    /// Acceptable, not what the RFC wants.
    NonStrict,
    /// Neither good nor bad.
    Informational,
}

/// One event of an [`Alternative`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A text message with this content.
    Text(Payload),
    /// A binary message with this content.
    Binary(Payload),
    /// A pong with this payload.
    Pong(Payload),
    /// The wait of this tag has passed.
    Wait(String),
    /// The target answers our request like this.
    Answer(Answer),
    /// The target ends TCP, where that is an event.
    End,
    /// The events, so many times over.
    Repeat(u32, Vec<Expected>),
    /// Whatever else comes; the last event of an alternative.
    Rest,
}

/// What an answer to our request has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status is among these.
    pub statuses: Vec<std::ops::RangeInclusive<u16>>,
    /// Its headers by their names: with this among their values, or not there at all.
    pub headers: Vec<(String, Option<String>)>,
}

/// How the connection has to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Who sends the first close frame, or drops the connection.
    pub by: Closer,
    /// The codes that the target's close frame may carry; the first is the one that we close with ourselves. A close
    /// frame without a code, or none at all, is judged by `clean` alone.
    pub codes: Vec<CloseCode>,
    /// Whether the closing handshake has to be complete.
    pub clean: bool,
    /// Whether a close by the wrong end fails the case, not only its closing.
    pub wrong_end_fails: bool,
    /// Whether a wrong code fails the case, not only its closing.
    pub wrong_code_fails: bool,
    /// Whether a target that has to close may drop TCP without a close frame and be as good.
    pub may_be_bare: bool,
}

/// Who closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closer {
    /// We do. Unless a step sends a close frame, we do it when everything that every alternative wants has come.
    Us,
    /// The target does, by failing the connection.
    Target,
    /// We do, unless the target does before: because of a limit of its own, say.
    Either,
}

/// How long a case waits, and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Counted from the last step.
    pub time: Duration,
    /// What is done when it is over.
    pub then: Then,
}

/// What is done when the patience is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Fail the connection: close with 1001, or drop it if it is already closing.
    Fail,
    /// Send a close frame without a body.
    Close,
}

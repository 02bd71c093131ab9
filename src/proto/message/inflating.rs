//! Compressed messages, inflated while they are joined.

use super::{JoinFault, Kind, TooBig};
use crate::proto::Rule;
use crate::proto::deflate::{Direction, InflateError, Inflater};
use crate::wire::Utf8;

/// Inflates the compressed messages of a direction, as long as nothing is missing.
#[derive(Debug)]
pub(super) struct Inflating {
    inflater: Inflater,
    context_takeover: bool,
    /// Whether nothing is missing that later messages could refer to.
    known: bool,
    message: Message,
    /// Of text that is judged still.
    utf8: Option<Utf8>,
}

/// Where the message stands that is being inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    None,
    Open,
    /// It cannot be inflated.
    Opaque,
}

impl Inflating {
    pub(super) fn new(direction: Direction) -> Self {
        Self {
            inflater: Inflater::new(direction),
            context_takeover: direction.context_takeover,
            known: true,
            message: Message::None,
            utf8: None,
        }
    }

    /// Memory in bytes that it holds.
    pub(super) fn kept(&self) -> usize {
        self.inflater.kept()
    }

    /// A compressed message begins.
    pub(super) fn begin(&mut self) {
        if self.message == Message::Open {
            // The one before did not end.
            self.abandon();
        }
        self.message = if self.known { Message::Open } else { Message::Opaque };
        self.utf8 = Some(Utf8::new());
    }

    /// Compressed bytes of the message, of which what comes out is appended to `out`.
    pub(super) fn data(&mut self, kind: Kind, data: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), JoinFault> {
        if self.message != Message::Open {
            return Ok(());
        }
        let before = out.len();
        let inflated = self.inflater.inflate(data, false, out, limit);
        // What came out came before what could not.
        let text = self.judge(kind, &out[before..]);
        match inflated {
            Ok(()) => text,
            Err(error) => {
                self.tear(out);
                text.and(Err(fault(error, limit)))
            }
        }
    }

    /// The message is complete. Says whether it was inflated.
    pub(super) fn end(&mut self, kind: Kind, out: &mut Vec<u8>, limit: usize) -> Result<bool, JoinFault> {
        let utf8 = self.utf8.take();
        if self.message != Message::Open {
            self.message = Message::None;
            return Ok(false);
        }
        if let Err(error) = self.inflater.inflate(&[], true, out, limit) {
            self.tear(out);
            self.message = Message::None;
            return Err(fault(error, limit));
        }
        self.message = Message::None;
        let cut = utf8.is_some_and(|utf8| !utf8.is_whole());
        if kind == Kind::Text && cut { Err(JoinFault::Rule(Rule::InvalidUtf8)) } else { Ok(true) }
    }

    /// Bytes of the message are missing.
    pub(super) fn tear(&mut self, out: &mut Vec<u8>) {
        *out = Vec::new();
        self.abandon();
        self.message = Message::Opaque;
    }

    /// Nobody knows how much is missing; no message is open any more.
    pub(super) fn adrift(&mut self) {
        self.abandon();
        self.message = Message::None;
    }

    /// What was inflated last is not whole.
    fn abandon(&mut self) {
        self.known &= !self.context_takeover;
        self.inflater.restart();
    }

    /// Judges text. Its fault is said once.
    fn judge(&mut self, kind: Kind, inflated: &[u8]) -> Result<(), JoinFault> {
        let Some(utf8) = self.utf8.as_mut().filter(|_| kind == Kind::Text) else { return Ok(()) };
        utf8.feed(inflated).map_err(|_| {
            self.utf8 = None;
            JoinFault::Rule(Rule::InvalidUtf8)
        })
    }
}

fn fault(error: InflateError, limit: usize) -> JoinFault {
    match error {
        InflateError::BadData => JoinFault::Rule(Rule::CompressedDataInvalid),
        InflateError::TooBig => JoinFault::TooBig(TooBig { limit }),
    }
}

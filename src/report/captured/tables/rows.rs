//! What the rows of each table consist of.

use std::borrow::Cow;
use std::time::Duration;

use super::cells::{Cells, Closing, Row};
use super::rates::Bucket;
use crate::capture::{
    Connection, Ending, Frame, Message, Note, NoteKind, Opaque, RoundTrip, Sent, Time, Violation,
    subprotocols_without_secrets, without_secrets,
};

/// A connection.
pub(super) struct OfConnection<'a> {
    pub(super) connection: &'a Connection,
    pub(super) show_secrets: bool,
}

impl OfConnection<'_> {
    fn open<'a>(&self, text: Option<&'a String>) -> Option<Cow<'a, str>> {
        let text = text?;
        Some(if self.show_secrets { Cow::Borrowed(text) } else { without_secrets(text) })
    }

    fn subprotocol(&self) -> Option<Cow<'_, str>> {
        let names = self.connection.subprotocol.as_deref()?;
        Some(if self.show_secrets { Cow::Borrowed(names) } else { subprotocols_without_secrets(names) })
    }
}

impl Row for OfConnection<'_> {
    fn cells(&self, to: &mut impl Cells) {
        let connection = self.connection;
        let (ending, ended_by) = match connection.ending {
            Ending::Open => ("open", None),
            Ending::Finished(by) => ("finished", Some(by.name())),
            Ending::Reset(by) => ("reset", Some(by.name())),
            Ending::Refused => ("refused", None),
        };
        to.number("connection", Some(connection.number));
        to.text("client", Some(&connection.client.to_string()));
        to.text("server", Some(&connection.server.to_string()));
        to.text("url", self.open(connection.url.as_ref()).as_deref());
        to.number("status", connection.status.map(u64::from));
        to.text("subprotocol", self.subprotocol().as_deref());
        to.text("extensions", self.open(connection.extensions.as_ref()).as_deref());
        to.time("opened", connection.opened.and_then(|place| place.time));
        to.time("closed", connection.closed.and_then(|place| place.time));
        let reason = connection.close.as_ref().and_then(|close| self.open(Some(&close.reason)));
        let close = connection.close.as_ref().map(|close| Closing {
            by: close.by.name(),
            code: close.code.map(|code| code.0),
            reason: reason.as_deref().unwrap_or_default(),
        });
        to.close(close.as_ref());
        to.truth("guessed", connection.guessed);
        to.text("tls", connection.tls.as_deref());
        to.text("host", self.open(connection.host.as_ref()).as_deref());
        to.text("origin", self.open(connection.origin.as_ref()).as_deref());
        to.text("agent", self.open(connection.agent.as_ref()).as_deref());
        to.text("refusal", self.open(connection.refusal.as_ref()).as_deref());
        to.number("packet", Some(connection.first.packet));
        to.word("ending", Some(ending));
        to.word("ended_by", ended_by);
        to.number("violations", Some(connection.violations));
        for count in Sent::COUNTS {
            to.number(count.client, Some((count.of)(&connection.from_client)));
        }
        for count in Sent::COUNTS {
            to.number(count.server, Some((count.of)(&connection.from_server)));
        }
    }
}

/// A frame.
pub(super) struct OfFrame<'a> {
    pub(super) frame: &'a Frame<'a>,
    pub(super) payload: Option<&'a str>,
}

impl Row for OfFrame<'_> {
    #[inline]
    fn cells(&self, to: &mut impl Cells) {
        let (frame, head) = (self.frame, &self.frame.head);
        to.number("connection", Some(frame.connection.number));
        to.word("direction", Some(frame.from.name()));
        to.time("time", frame.place.time);
        to.number("frame", Some(frame.number));
        to.number("packet", Some(frame.place.packet));
        to.number("opcode", Some(u64::from(head.opcode.0)));
        to.word("kind", Some(head.opcode.name().unwrap_or("reserved")));
        to.truth("fin", head.fin);
        to.number("rsv", Some(u64::from(head.rsv)));
        to.truth("masked", head.mask.is_some());
        to.number("length", Some(head.len));
        to.number("captured", Some(frame.captured));
        to.text("payload", self.payload);
        to.number("code", frame.code.map(|code| u64::from(code.0)));
        to.number("offset", Some(frame.offset));
    }
}

/// A message.
pub(super) struct OfMessage<'a> {
    pub(super) message: &'a Message<'a>,
    pub(super) payload: Option<&'a str>,
}

impl Row for OfMessage<'_> {
    #[inline]
    fn cells(&self, to: &mut impl Cells) {
        let message = self.message;
        to.number("connection", Some(message.connection.number));
        to.word("direction", Some(message.from.name()));
        to.time("time", message.place.time);
        to.number("message", Some(message.number));
        to.word("kind", message.kind.opcode().name());
        to.number("frames", Some(message.frames));
        to.truth("compressed", message.compressed);
        to.number("length", message.length);
        to.text("payload", self.payload);
        to.truth("opaque", message.opaque.is_some());
        to.word("why", message.opaque.map(Opaque::words));
        to.number("packet", Some(message.place.packet));
        to.number("wire", Some(message.wire));
    }
}

/// A broken rule.
pub(super) struct OfViolation<'a>(pub(super) &'a Violation<'a>);

impl Row for OfViolation<'_> {
    fn cells(&self, to: &mut impl Cells) {
        let Self(violation) = self;
        to.number("connection", Some(violation.connection.number));
        to.word("direction", Some(violation.by.name()));
        to.time("time", violation.place.time);
        to.number("packet", Some(violation.place.packet));
        to.word("rule", Some(violation.rule.name()));
        to.word("level", Some(violation.rule.level().name()));
        to.word("clause", Some(violation.rule.clause().0));
        to.number("frame", violation.frame);
        to.number("offset", Some(violation.offset));
        to.text("words", Some(violation.rule.words()));
    }
}

/// What one end sent in an interval, on all connections together.
pub(super) struct OfRate<'a> {
    pub(super) time: Time,
    pub(super) interval: Duration,
    pub(super) direction: &'static str,
    pub(super) bucket: &'a Bucket,
}

impl Row for OfRate<'_> {
    fn cells(&self, to: &mut impl Cells) {
        to.time("time", Some(self.time));
        to.seconds("interval", Some(self.interval));
        to.word("direction", Some(self.direction));
        to.number("frames", Some(self.bucket.frames));
        to.number("messages", Some(self.bucket.messages));
        to.number("bytes", Some(self.bucket.bytes));
        to.number("payload", Some(self.bucket.payload));
    }
}

/// A ping and its pong.
pub(super) struct OfRoundTrip<'a>(pub(super) &'a RoundTrip<'a>);

impl Row for OfRoundTrip<'_> {
    fn cells(&self, to: &mut impl Cells) {
        let Self(trip) = self;
        to.number("connection", Some(trip.connection.number));
        to.word("direction", Some(trip.from.name()));
        to.time("time", trip.place.time);
        to.number("packet", Some(trip.place.packet));
        to.seconds("rtt", Some(trip.time));
    }
}

/// A note.
pub(super) struct OfNote<'a>(pub(super) &'a Note<'a>);

impl Row for OfNote<'_> {
    fn cells(&self, to: &mut impl Cells) {
        let Self(note) = self;
        let (offset, count) = match note.kind {
            NoteKind::Lost { offset, count, .. } | NoteKind::Differs { offset, count } => (Some(offset), Some(count)),
            NoteKind::Encrypted { .. } | NoteKind::NotRead { .. } => (None, None),
        };
        to.number("connection", note.connection);
        to.text("from", Some(&note.from.to_string()));
        to.text("to", Some(&note.to.to_string()));
        to.time("time", note.place.time);
        to.number("packet", Some(note.place.packet));
        to.word("kind", Some(note.kind.name()));
        to.number("offset", offset);
        to.number("count", count);
        to.text("words", Some(note.kind.words()));
    }
}

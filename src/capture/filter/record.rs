//! What a record says of a field.

use std::net::SocketAddr;

use super::field::Field;
use super::other::Fielded;
use crate::capture::{Connection, Ending, Frame, Message, Note, NoteKind, Place, RoundTrip, Sent, Violation};
use crate::wire::CloseCode;

/// Something that a filter is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Record<'a> {
    Connection(&'a Connection),
    Frame(&'a Frame<'a>),
    Message(&'a Message<'a>),
    Violation(&'a Violation<'a>),
    RoundTrip(&'a RoundTrip<'a>),
    Note(&'a Note<'a>),
    Other(&'a dyn Fielded),
}

fn time(place: Option<Place>) -> Option<i128> {
    place?.time.map(|time| i128::from(time.0))
}

fn code(code: Option<CloseCode>) -> Option<i128> {
    code.map(|code| i128::from(code.0))
}

fn truth(truth: bool) -> Option<i128> {
    Some(i128::from(truth))
}

impl<'a> Record<'a> {
    /// The connection that it belongs to, as far as it is known by now.
    const fn connection(self) -> Option<&'a Connection> {
        match self {
            Self::Connection(connection) => Some(connection),
            Self::Frame(frame) => Some(frame.connection),
            Self::Message(message) => Some(message.connection),
            Self::Violation(violation) => Some(violation.connection),
            Self::RoundTrip(trip) => Some(trip.connection),
            Self::Note(_) | Self::Other(_) => None,
        }
    }

    /// A number, an instant, a span (both in nanoseconds), a truth (0 or 1) or the number of a word.
    #[inline]
    pub(super) fn number(self, field: Field) -> Option<i128> {
        match self {
            Self::Frame(frame) => of_frame(frame, field),
            Self::Message(message) => of_message(message, field),
            Self::Connection(connection) if field == Field::Packet => Some(connection.first.packet.into()),
            Self::Connection(connection) => of_connection(connection, field),
            Self::Violation(violation) => of_violation(violation, field),
            Self::RoundTrip(trip) => match field {
                Field::Direction => Some(trip.from as i128),
                Field::Packet => Some(trip.place.packet.into()),
                Field::Rtt => Some(trip.time.as_nanos() as i128),
                Field::Time => time(Some(trip.place)),
                _ => of_connection(trip.connection, field),
            },
            Self::Note(note) => of_note(note, field),
            Self::Other(record) => record.number(field.place()?),
        }
    }

    /// A text, or a payload.
    pub(super) fn bytes(self, field: Field) -> Option<&'a [u8]> {
        match (field, self) {
            (field, Self::Other(record)) => return record.text(field.place()?).map(str::as_bytes),
            (Field::Payload, Self::Frame(frame)) => return frame.payload,
            (Field::Payload, Self::Message(message)) => return message.payload,
            (Field::Why, Self::Message(message)) => return message.opaque.map(|why| why.words().as_bytes()),
            (Field::Words, Self::Violation(violation)) => return Some(violation.rule.words().as_bytes()),
            (Field::Words, Self::Note(note)) => return Some(note.kind.words().as_bytes()),
            (Field::Clause, Self::Violation(violation)) => return Some(violation.rule.clause().0.as_bytes()),
            _ => {}
        }
        let connection = self.connection()?;
        let text = match field {
            Field::Agent => connection.agent.as_deref(),
            Field::CloseReason => connection.close.as_ref().map(|close| close.reason.as_str()),
            Field::Extensions => connection.extensions.as_deref(),
            Field::Host => connection.host.as_deref(),
            Field::Origin => connection.origin.as_deref(),
            Field::Refusal => connection.refusal.as_deref(),
            Field::Subprotocol => connection.subprotocol.as_deref(),
            Field::Tls => connection.tls.as_deref(),
            Field::Url => connection.url.as_deref(),
            _ => None,
        };
        text.map(str::as_bytes)
    }

    /// An address.
    pub(super) fn address(self, field: Field) -> Option<SocketAddr> {
        match (field, self) {
            (field, Self::Other(record)) => record.address(field.place()?),
            (Field::From, Self::Note(note)) => Some(note.from),
            (Field::To, Self::Note(note)) => Some(note.to),
            (Field::Client, _) => self.connection().map(|connection| connection.client),
            (Field::Server, _) => self.connection().map(|connection| connection.server),
            _ => None,
        }
    }
}

#[inline]
fn of_frame(frame: &Frame<'_>, field: Field) -> Option<i128> {
    match field {
        Field::Captured => Some(frame.captured.into()),
        Field::Code => code(frame.code),
        Field::Direction => Some(frame.from as i128),
        Field::Fin => truth(frame.head.fin),
        Field::Frame => Some(frame.number.into()),
        Field::Length => Some(frame.head.len.into()),
        Field::Masked => truth(frame.head.mask.is_some()),
        Field::Offset => Some(frame.offset.into()),
        Field::Opcode => Some(frame.head.opcode.0.into()),
        Field::Packet => Some(frame.place.packet.into()),
        Field::Rsv => Some(frame.head.rsv.into()),
        Field::Time => time(Some(frame.place)),
        _ => of_connection(frame.connection, field),
    }
}

fn of_message(message: &Message<'_>, field: Field) -> Option<i128> {
    match field {
        Field::Compressed => truth(message.compressed),
        Field::Direction => Some(message.from as i128),
        Field::Frames => Some(message.frames.into()),
        Field::Kind => Some(message.kind.opcode().0.into()),
        Field::Length => message.length.map(i128::from),
        Field::Message => Some(message.number.into()),
        Field::Opaque => truth(message.opaque.is_some()),
        Field::Packet => Some(message.place.packet.into()),
        Field::Time => time(Some(message.place)),
        Field::Wire => Some(message.wire.into()),
        _ => of_connection(message.connection, field),
    }
}

fn of_violation(violation: &Violation<'_>, field: Field) -> Option<i128> {
    match field {
        Field::Direction => Some(violation.by as i128),
        Field::Frame => violation.frame.map(i128::from),
        Field::Level => Some(violation.rule.level() as i128),
        Field::Offset => Some(violation.offset.into()),
        Field::Packet => Some(violation.place.packet.into()),
        Field::Rule => Some(violation.rule as i128),
        Field::Time => time(Some(violation.place)),
        _ => of_connection(violation.connection, field),
    }
}

fn of_note(note: &Note<'_>, field: Field) -> Option<i128> {
    let (kind, offset, count) = match note.kind {
        NoteKind::Lost { offset, count, .. } => (0, Some(offset), Some(count)),
        NoteKind::Differs { offset, count } => (1, Some(offset), Some(count)),
        NoteKind::Encrypted { .. } => (2, None, None),
        NoteKind::NotRead { .. } => (3, None, None),
    };
    match field {
        Field::Connection => note.connection.map(i128::from),
        Field::Count => count.map(i128::from),
        Field::NoteKind => Some(kind),
        Field::Offset => offset.map(i128::from),
        Field::Packet => Some(note.place.packet.into()),
        Field::Time => time(Some(note.place)),
        _ => None,
    }
}

fn of_connection(connection: &Connection, field: Field) -> Option<i128> {
    let close = connection.close.as_ref();
    match field {
        Field::CloseBy => close.map(|close| close.by as i128),
        Field::CloseCode => code(close.and_then(|close| close.code)),
        Field::Closed => time(connection.closed),
        Field::Connection => Some(connection.number.into()),
        Field::Duration => connection.last.since(connection.first).map(|span| span.as_nanos() as i128),
        Field::EndedBy => match connection.ending {
            Ending::Finished(by) | Ending::Reset(by) => Some(by as i128),
            Ending::Open | Ending::Refused => None,
        },
        Field::Ending => Some(match connection.ending {
            Ending::Open => 0,
            Ending::Finished(_) => 1,
            Ending::Reset(_) => 2,
            Ending::Refused => 3,
        }),
        Field::Guessed => truth(connection.guessed),
        Field::Opened => time(connection.opened),
        Field::Sent(end, at) => Sent::COUNTS.get(usize::from(at)).map(|count| (count.of)(connection.sent(end)).into()),
        Field::Status => connection.status.map(i128::from),
        Field::Violations => Some(connection.violations.into()),
        _ => None,
    }
}

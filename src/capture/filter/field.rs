//! The fields that expressions can ask for: those of tables, and in every table those of the connection.

use std::fmt;

use super::Table;
use super::other::Fields;
use super::words::Words;
use crate::capture::Sent;
use crate::proto::Role;

/// Something that is known of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Agent,
    Captured,
    Clause,
    Client,
    Closed,
    CloseBy,
    CloseCode,
    CloseReason,
    Code,
    Compressed,
    Connection,
    Count,
    Direction,
    Duration,
    EndedBy,
    Ending,
    Extensions,
    Fin,
    Frame,
    Frames,
    From,
    Guessed,
    Host,
    Kind,
    Length,
    Level,
    Masked,
    Message,
    NoteKind,
    Offset,
    Opaque,
    Opcode,
    Opened,
    Origin,
    /// One of [`Fields`], by its place.
    Other {
        place: u8,
        optional: bool,
    },
    Packet,
    Payload,
    Refusal,
    Rsv,
    Rtt,
    Rule,
    /// A count of [`Sent::COUNTS`].
    Sent(Role, u8),
    Server,
    Status,
    Subprotocol,
    Time,
    Tls,
    To,
    Url,
    Violations,
    Why,
    Wire,
    Words,
}

/// What has the fields.
#[derive(Clone, Copy, Debug)]
pub(super) enum Over {
    Table(Table),
    Fields(&'static Fields),
}

impl Over {
    /// What the records are called.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Table(table) => table.name(),
            Self::Fields(fields) => fields.records,
        }
    }
}

impl Field {
    /// The place among [`Fields`].
    pub(super) fn place(self) -> Option<usize> {
        if let Self::Other { place, .. } = self { Some(place.into()) } else { None }
    }

    /// Whether it is known of a connection only when it is over.
    pub(super) const fn is_late(self) -> bool {
        matches!(
            self,
            Self::CloseBy
                | Self::CloseCode
                | Self::CloseReason
                | Self::Closed
                | Self::Duration
                | Self::EndedBy
                | Self::Ending
                | Self::Sent(..)
                | Self::Violations
        )
    }
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Address,
    Bytes,
    Number,
    Span,
    Text,
    Time,
    Truth,
    Word(Words),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("an address"),
            Self::Bytes => f.write_str("bytes"),
            Self::Number => f.write_str("a number"),
            Self::Span => f.write_str("a time span, such as 5ms"),
            Self::Text => f.write_str("a text"),
            Self::Time => f.write_str("a time, such as 2026-11-22T07:00:00Z"),
            Self::Truth => f.write_str("true or false"),
            Self::Word(words) => write!(f, "{words}"),
        }
    }
}

/// A field with its names; the first is its own, the others are as good.
struct Definition {
    names: &'static [&'static str],
    field: Field,
    kind: Kind,
    /// A bit for each table that has it.
    tables: u8,
}

const fn bit(table: Table) -> u8 {
    1 << table as u8
}

const CONNECTIONS: u8 = bit(Table::Connections);
/// Rates count frames.
const FRAMES: u8 = bit(Table::Frames) | bit(Table::Rates);
const MESSAGES: u8 = bit(Table::Messages);
const VIOLATIONS: u8 = bit(Table::Violations);
const TRIPS: u8 = bit(Table::RoundTrips);
const NOTES: u8 = bit(Table::Notes);
/// Everything of a connection.
const OWN: u8 = CONNECTIONS | FRAMES | MESSAGES | VIOLATIONS | TRIPS;
const ALL: u8 = OWN | NOTES;

const fn define(names: &'static [&'static str], field: Field, kind: Kind, tables: u8) -> Definition {
    Definition { names, field, kind, tables }
}

const DEFINITIONS: &[Definition] = &[
    define(&["connection", "conn"], Field::Connection, Kind::Number, ALL),
    define(&["direction", "from", "by"], Field::Direction, Kind::Word(Words::Ends), OWN & !CONNECTIONS),
    define(&["from"], Field::From, Kind::Address, NOTES),
    define(&["to"], Field::To, Kind::Address, NOTES),
    define(&["time"], Field::Time, Kind::Time, ALL & !CONNECTIONS),
    define(&["packet"], Field::Packet, Kind::Number, ALL),
    define(&["frame"], Field::Frame, Kind::Number, FRAMES | VIOLATIONS),
    define(&["opcode"], Field::Opcode, Kind::Word(Words::Opcodes), FRAMES),
    define(&["kind"], Field::Opcode, Kind::Word(Words::Opcodes), FRAMES),
    define(&["kind", "opcode"], Field::Kind, Kind::Word(Words::Messages), MESSAGES),
    define(&["kind"], Field::NoteKind, Kind::Word(Words::Notes), NOTES),
    define(&["fin"], Field::Fin, Kind::Truth, FRAMES),
    define(&["rsv"], Field::Rsv, Kind::Number, FRAMES),
    define(&["masked"], Field::Masked, Kind::Truth, FRAMES),
    define(&["message"], Field::Message, Kind::Number, MESSAGES),
    define(&["frames"], Field::Frames, Kind::Number, MESSAGES),
    define(&["compressed"], Field::Compressed, Kind::Truth, MESSAGES),
    define(&["length"], Field::Length, Kind::Number, FRAMES | MESSAGES),
    define(&["captured"], Field::Captured, Kind::Number, FRAMES),
    define(&["payload"], Field::Payload, Kind::Bytes, bit(Table::Frames) | MESSAGES),
    define(&["code"], Field::Code, Kind::Number, FRAMES),
    define(&["opaque"], Field::Opaque, Kind::Truth, MESSAGES),
    define(&["wire"], Field::Wire, Kind::Number, MESSAGES),
    define(&["why"], Field::Why, Kind::Text, MESSAGES),
    define(&["rule"], Field::Rule, Kind::Word(Words::Rules), VIOLATIONS),
    define(&["level"], Field::Level, Kind::Word(Words::Levels), VIOLATIONS),
    define(&["clause"], Field::Clause, Kind::Text, VIOLATIONS),
    define(&["words"], Field::Words, Kind::Text, VIOLATIONS | NOTES),
    define(&["rtt"], Field::Rtt, Kind::Span, TRIPS),
    define(&["offset"], Field::Offset, Kind::Number, FRAMES | VIOLATIONS | NOTES),
    define(&["count"], Field::Count, Kind::Number, NOTES),
    define(&["client"], Field::Client, Kind::Address, OWN),
    define(&["server"], Field::Server, Kind::Address, OWN),
    define(&["url"], Field::Url, Kind::Text, OWN),
    define(&["status"], Field::Status, Kind::Number, OWN),
    define(&["refusal"], Field::Refusal, Kind::Text, OWN),
    define(&["subprotocol"], Field::Subprotocol, Kind::Text, OWN),
    define(&["extensions"], Field::Extensions, Kind::Text, OWN),
    define(&["opened"], Field::Opened, Kind::Time, OWN),
    define(&["closed"], Field::Closed, Kind::Time, OWN),
    define(&["duration"], Field::Duration, Kind::Span, OWN),
    define(&["close_by"], Field::CloseBy, Kind::Word(Words::Ends), OWN),
    define(&["close_code"], Field::CloseCode, Kind::Number, OWN),
    define(&["code"], Field::CloseCode, Kind::Number, CONNECTIONS),
    define(&["close_reason"], Field::CloseReason, Kind::Text, OWN),
    define(&["guessed"], Field::Guessed, Kind::Truth, OWN),
    define(&["tls"], Field::Tls, Kind::Text, OWN),
    define(&["host"], Field::Host, Kind::Text, OWN),
    define(&["origin"], Field::Origin, Kind::Text, OWN),
    define(&["agent"], Field::Agent, Kind::Text, OWN),
    define(&["ending"], Field::Ending, Kind::Word(Words::Endings), OWN),
    define(&["ended_by"], Field::EndedBy, Kind::Word(Words::Ends), OWN),
    define(&["violations"], Field::Violations, Kind::Number, OWN),
];

/// The field that `name` is of some records.
pub(super) fn find(name: &str, over: Over) -> Option<(Field, Kind)> {
    match over {
        Over::Table(table) => find_of_table(name, table),
        Over::Fields(fields) => {
            let (place, field) = (0..).zip(fields.fields).find(|(_, field)| field.names.contains(&name))?;
            Some((Field::Other { place, optional: field.optional }, field.kind.kind()))
        }
    }
}

fn find_of_table(name: &str, table: Table) -> Option<(Field, Kind)> {
    let found = DEFINITIONS.iter().find(|field| field.tables & bit(table) != 0 && field.names.contains(&name));
    found.map(|field| (field.field, field.kind)).or_else(|| {
        if OWN & bit(table) == 0 {
            return None;
        }
        let ends = [Role::Client, Role::Server].into_iter();
        let mut counts = ends.flat_map(|end| (0..).zip(Sent::COUNTS).map(move |(at, count)| (end, at, count)));
        counts.find(|(end, _, count)| count.name(*end) == name).map(|(end, at, _)| (Field::Sent(end, at), Kind::Number))
    })
}

/// The fields of some records by their own names, but for the counts.
pub(super) fn names(over: Over) -> Vec<&'static str> {
    let table = match over {
        Over::Table(table) => table,
        Over::Fields(fields) => return fields.fields.iter().filter_map(|field| field.names.first().copied()).collect(),
    };
    let fields = DEFINITIONS.iter().filter(|field| field.tables & bit(table) != 0);
    fields.filter_map(|field| field.names.first().copied()).fold(Vec::new(), |mut names, name| {
        if !names.contains(&name) {
            names.push(name);
        }
        names
    })
}

/// All names that mean something of some records.
pub(super) fn all_names(over: Over) -> Vec<&'static str> {
    let table = match over {
        Over::Table(table) => table,
        Over::Fields(fields) => return fields.fields.iter().flat_map(|field| field.names.iter().copied()).collect(),
    };
    let fields = DEFINITIONS.iter().filter(|field| field.tables & bit(table) != 0);
    let counts = Sent::COUNTS.iter().flat_map(|count| [count.client, count.server]);
    fields.flat_map(|field| field.names.iter().copied()).chain(counts.filter(|_| OWN & bit(table) != 0)).collect()
}

/// The name by which a field is printed.
pub(super) fn name(field: Field, over: Over) -> &'static str {
    let names = match (field, over) {
        (Field::Other { place, .. }, Over::Fields(fields)) => {
            fields.fields.get(usize::from(place)).map(|field| field.names)
        }
        (Field::Sent(end, at), _) => return Sent::COUNTS.get(usize::from(at)).map_or("", |count| count.name(end)),
        (_, Over::Table(table)) => {
            let found = DEFINITIONS.iter().find(|of| of.field == field && of.tables & bit(table) != 0);
            found.map(|field| field.names)
        }
        _ => None,
    };
    names.and_then(|names| names.first().copied()).unwrap_or_default()
}

/// The tables that have a field of this name.
pub(super) fn tables(name: &str) -> impl Iterator<Item = Table> {
    Table::ALL.into_iter().filter(move |table| find_of_table(name, *table).is_some())
}

//! What can be asked of the connections of a dashboard, in the language of `wslab analyze --filter`.

use std::net::SocketAddr;
use std::time::Duration;

use super::rows::{Condition, Line};
use crate::capture::{FieldDefinition, FieldKind, Fielded, Fields};

/// A value of a field.
enum Value<'a> {
    Number(i128),
    Text(&'a str),
    Address(SocketAddr),
}

/// A field, and how it is read.
struct Field {
    of: for<'a> fn(&Line<'a>) -> Option<Value<'a>>,
}

const fn define(names: &'static [&'static str], kind: FieldKind) -> FieldDefinition {
    FieldDefinition { names, kind, optional: false }
}

const fn optional(names: &'static [&'static str], kind: FieldKind) -> FieldDefinition {
    FieldDefinition { names, kind, optional: true }
}

#[expect(clippy::unnecessary_wraps, reason = "fields that may be missing are read by the same kind of function")]
fn count<'a>(number: u64) -> Option<Value<'a>> {
    Some(Value::Number(number.into()))
}

#[expect(clippy::unnecessary_wraps, reason = "fields that may be missing are read by the same kind of function")]
fn rate<'a>(number: f64) -> Option<Value<'a>> {
    Some(Value::Number(number.round() as i128))
}

fn span<'a>(time: Duration) -> Option<Value<'a>> {
    i128::try_from(time.as_nanos()).ok().map(Value::Number)
}

/// Declares the table twice over: what the language knows of fields, and how they are read.
macro_rules! fields {
    ($($definition:expr => $of:expr,)*) => {
        /// The fields of connections.
        pub static FIELDS: Fields = Fields { records: "connections", fields: &[$($definition),*] };
        static READ: &[Field] = &[$(Field { of: $of }),*];
    };
}

fields! {
    define(&["connection", "conn", "id"], FieldKind::Number) => |line| count(line.row.id.0),
    optional(&["peer", "client"], FieldKind::Address) => |line| line.row.peer.map(Value::Address),
    define(&["url"], FieldKind::Text) => |line| Some(Value::Text(&line.row.resource)),
    optional(&["subprotocol"], FieldKind::Text) => |line| line.row.subprotocol.as_deref().map(Value::Text),
    define(&["state"], FieldKind::Word(Condition::WORDS)) => |line| count(line.condition() as u64),
    define(&["opened"], FieldKind::Time) => |line| Some(Value::Number(line.row.opened.as_nanosecond())),
    define(&["age"], FieldKind::Span) => |line| span(line.row.age),
    define(&["idle", "last"], FieldKind::Span) => |line| span(line.row.idle),
    define(&["rate"], FieldKind::Number) => |line| rate(line.speed.messages_in + line.speed.messages_out),
    define(&["rate_in"], FieldKind::Number) => |line| rate(line.speed.messages_in),
    define(&["rate_out"], FieldKind::Number) => |line| rate(line.speed.messages_out),
    define(&["byte_rate"], FieldKind::Number) => |line| rate(line.speed.bytes_in + line.speed.bytes_out),
    define(&["byte_rate_in"], FieldKind::Number) => |line| rate(line.speed.bytes_in),
    define(&["byte_rate_out"], FieldKind::Number) => |line| rate(line.speed.bytes_out),
    define(&["messages"], FieldKind::Number) => |line| {
        count(line.row.received.messages().saturating_add(line.row.sent.messages()))
    },
    define(&["messages_in"], FieldKind::Number) => |line| count(line.row.received.messages()),
    define(&["messages_out"], FieldKind::Number) => |line| count(line.row.sent.messages()),
    define(&["frames"], FieldKind::Number) => |line| {
        count(line.row.received.frames().saturating_add(line.row.sent.frames()))
    },
    define(&["bytes"], FieldKind::Number) => |line| {
        count(line.row.received.bytes().saturating_add(line.row.sent.bytes()))
    },
    define(&["bytes_in"], FieldKind::Number) => |line| count(line.row.received.bytes()),
    define(&["bytes_out"], FieldKind::Number) => |line| count(line.row.sent.bytes()),
    define(&["queued"], FieldKind::Number) => |line| count(line.row.queued),
    optional(&["rtt"], FieldKind::Span) => |line| line.row.round_trip.and_then(span),
    define(&["compressed"], FieldKind::Truth) => |line| count(line.row.compressed.into()),
    define(&["faults", "violations"], FieldKind::Number) => |line| count(line.faults()),
    optional(&["rule"], FieldKind::Text) => |line| line.row.last_fault.map(|rule| Value::Text(rule.name())),
    optional(&["code", "close_code"], FieldKind::Number) => |line| {
        line.row.end.as_ref().and_then(|end| count(end.code.0.into()))
    },
    optional(&["reason", "close_reason"], FieldKind::Text) => |line| {
        line.row.end.as_ref().map(|end| Value::Text(&end.reason))
    },
}

impl<'a> Line<'a> {
    fn value(&self, field: usize) -> Option<Value<'a>> {
        READ.get(field).and_then(|field| (field.of)(self))
    }
}

impl Fielded for Line<'_> {
    fn number(&self, field: usize) -> Option<i128> {
        if let Some(Value::Number(number)) = self.value(field) { Some(number) } else { None }
    }

    fn text(&self, field: usize) -> Option<&str> {
        if let Some(Value::Text(text)) = self.value(field) { Some(text) } else { None }
    }

    fn address(&self, field: usize) -> Option<SocketAddr> {
        if let Some(Value::Address(address)) = self.value(field) { Some(address) } else { None }
    }
}

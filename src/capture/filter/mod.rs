//! Which records are wanted: expressions over what was found in a capture.
//!
//! ```text
//! opcode == text && length > 64Ki && client in 10.0.0.0/8
//! rule in [InvalidUtf8, Masked] or not (level == should)
//! url matches "/chat*" && !tls && time in 2026-11-22T07:00:00Z..2026-11-22T08:00:00Z
//! ```
//!
//! A test is a field, an operator and a value: `== != < <= > >=`, `contains` a part, `matches` a pattern with `*`
//! and `?` as a whole, `in` a list `[1, 2, 5..9]`, a range (both ends belong to it) or a network. Tests are joined by `&&`,
//! `||` and `!`, or `and`, `or` and `not`, and parentheses. A field alone says that it is true, or that it is known:
//! `fin`, `tls`, `code`. Numbers may be hexadecimal, and have a unit: `0x10`, `1k` is 1000, `1Ki` is 1024. Texts stand in
//! quotes, single or double, and those without blanks and signs need none.
//!
//! What is not known is not like anything: `code == 1000` and `code != 1000` are both false for a frame without a code,
//! and `!(code == 1000)` is true.
//!
//! An expression is checked as a whole when it is parsed: fields by their table, values by their field. Asking it
//! allocates nothing, and neither parsing nor asking can fail otherwise, whatever the text.

mod error;
mod expression;
mod field;
mod other;
mod parse;
mod record;
mod table;
mod token;
mod value;
mod words;

use std::fmt;

pub use error::FilterError;
pub use other::{FieldDefinition, FieldFilter, FieldKind, Fielded, Fields};
pub use table::Table;

use self::expression::{Expression, Is, Order, Printed, Test};
use self::field::{Field, Kind, Over};
use self::record::Record;
use super::{Connection, Event, Frame, Message, Note, RoundTrip, Violation, Wants};

/// An expression over the records of a table.
///
/// ```
/// use wslab::capture::{Filter, Table};
///
/// let filter = Filter::parse("opcode == text && length > 64Ki", Table::Frames)?;
/// assert_eq!(filter.to_string(), "opcode == text && length > 65536");
///
/// let error = Filter::parse("opcode == text && length > \"text\"", Table::Frames).unwrap_err();
/// assert_eq!(error.words(), "length is a number, \"text\" is not");
/// assert_eq!(error.at(), &(27..33));
/// # Ok::<_, wslab::capture::FilterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Filter {
    table: Table,
    expression: Expression,
}

impl Filter {
    /// Understands an expression over the records of `table`; over frames for [`Table::Rates`].
    ///
    /// # Errors
    /// If it is none, with the place.
    pub fn parse(text: &str, table: Table) -> Result<Self, FilterError> {
        Ok(Self { table, expression: parse::parse(text, Over::Table(table), false)? })
    }

    /// Understands an expression over connections that is true or false of one from its [opening](Event::Opened) on.
    ///
    /// # Errors
    /// If it is none, or asks for what is known only when a connection is over, with the place.
    pub fn parse_early(text: &str) -> Result<Self, FilterError> {
        let table = Table::Connections;
        Ok(Self { table, expression: parse::parse(text, Over::Table(table), true)? })
    }

    /// All records of one connection.
    pub fn connection_number(number: u64, table: Table) -> Self {
        let is = Is::Number(Order::Equal, number.into());
        let test = Test { field: Field::Connection, kind: Kind::Number, is };
        Self { table, expression: Expression::Test(test) }
    }

    /// What both of them want. They have to be of the same table.
    pub fn and(self, other: Self) -> Self {
        Self { table: self.table, expression: Expression::All(vec![self.expression, other.expression]) }
    }

    /// Whose records it is about.
    pub const fn table(&self) -> Table {
        self.table
    }

    /// What has to be worked out for it.
    pub fn needs(&self) -> Wants {
        Wants {
            frame_payloads: self.table == Table::Frames && self.expression.asks(Field::Payload),
            messages: matches!(self.table, Table::Connections | Table::Messages | Table::Violations),
        }
    }

    /// Whether a connection is wanted.
    pub fn connection(&self, connection: &Connection) -> bool {
        self.expression.holds(Record::Connection(connection))
    }

    /// Whether a frame is wanted.
    #[inline]
    pub fn frame(&self, frame: &Frame<'_>) -> bool {
        self.expression.holds(Record::Frame(frame))
    }

    /// Whether a message is wanted.
    #[inline]
    pub fn message(&self, message: &Message<'_>) -> bool {
        self.expression.holds(Record::Message(message))
    }

    /// Whether a violation is wanted.
    pub fn violation(&self, violation: &Violation<'_>) -> bool {
        self.expression.holds(Record::Violation(violation))
    }

    /// Whether a round trip is wanted.
    pub fn round_trip(&self, trip: &RoundTrip<'_>) -> bool {
        self.expression.holds(Record::RoundTrip(trip))
    }

    /// Whether a note is wanted.
    pub fn note(&self, note: &Note<'_>) -> bool {
        self.expression.holds(Record::Note(note))
    }

    /// Whether what an event tells is wanted, if it is of the table: a connection counts when it has ended. Events that
    /// are not of the table are wanted.
    #[inline]
    pub fn event(&self, event: &Event<'_>) -> bool {
        match (self.table, event) {
            (Table::Frames | Table::Rates, Event::Frame(frame)) => self.frame(frame),
            (Table::Messages, Event::Message(message)) => self.message(message),
            (Table::Connections, Event::Closed(connection)) => self.connection(connection),
            (Table::Violations, Event::Violation(violation)) => self.violation(violation),
            (Table::RoundTrips, Event::RoundTrip(trip)) => self.round_trip(trip),
            (Table::Notes, Event::Note(note)) => self.note(note),
            _ => true,
        }
    }
}

impl Table {
    /// Whether an event becomes a row of it, or is counted in one.
    pub const fn has(self, event: &Event<'_>) -> bool {
        matches!(
            (self, event),
            (Self::Frames | Self::Rates, Event::Frame(_))
                | (Self::Messages, Event::Message(_))
                | (Self::Connections, Event::Closed(_))
                | (Self::Violations, Event::Violation(_))
                | (Self::RoundTrips, Event::RoundTrip(_))
                | (Self::Notes, Event::Note(_))
        )
    }
}

/// The expression, in a form that is parsed to the same again.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Printed(&self.expression, Over::Table(self.table)))
    }
}

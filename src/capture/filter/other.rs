//! Records that are not of a capture: their fields are said by whoever has them, and the expressions are the same.

use std::fmt;
use std::net::SocketAddr;

use super::error::FilterError;
use super::expression::{Expression, Printed};
use super::field::{Kind, Over};
use super::parse;
use super::record::Record;
use super::words::Words;

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Addresses, with ports or without; those of networks may be asked for.
    Address,
    /// Whole numbers.
    Number,
    /// Spans of time, told in nanoseconds.
    Span,
    /// Texts.
    Text,
    /// Instants, told in nanoseconds since 1970.
    Time,
    /// True or false, told as 1 or 0.
    Truth,
    /// Some words, told by their places in this list.
    Word(&'static [&'static str]),
}

impl FieldKind {
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Address => Kind::Address,
            Self::Number => Kind::Number,
            Self::Span => Kind::Span,
            Self::Text => Kind::Text,
            Self::Time => Kind::Time,
            Self::Truth => Kind::Truth,
            Self::Word(words) => Kind::Word(Words::Of(words)),
        }
    }
}

/// Something that can be asked for.
#[derive(Clone, Copy, Debug)]
pub struct FieldDefinition {
    /// Its names; the first is its own, the others are as good.
    pub names: &'static [&'static str],
    /// What its values are.
    pub kind: FieldKind,
    /// Whether there may be no value: then the field alone asks whether there is one.
    pub optional: bool,
}

/// All that can be asked for of records of a kind.
#[derive(Debug)]
pub struct Fields {
    /// What the records are, in the plural: `connections`.
    pub records: &'static str,
    /// The fields; 256 at most count.
    pub fields: &'static [FieldDefinition],
}

/// A record with fields of its own. Fields are told by their place in [`Fields::fields`].
pub trait Fielded: fmt::Debug {
    /// What is neither a text nor an address, as the kind of the field says.
    fn number(&self, field: usize) -> Option<i128>;
    /// A text.
    fn text(&self, field: usize) -> Option<&str>;
    /// An address.
    fn address(&self, field: usize) -> Option<SocketAddr>;
}

/// An expression over records with fields of their own, in the language of [`Filter`](super::Filter).
///
/// ```
/// use std::net::SocketAddr;
/// use wslab::capture::{FieldDefinition, FieldKind, Fielded, FieldFilter, Fields};
///
/// static FIELDS: Fields = Fields {
///     records: "parcels",
///     fields: &[FieldDefinition { names: &["weight"], kind: FieldKind::Number, optional: false }],
/// };
///
/// #[derive(Debug)]
/// struct Parcel(u32);
///
/// impl Fielded for Parcel {
///     fn number(&self, _: usize) -> Option<i128> {
///         Some(self.0.into())
///     }
///     fn text(&self, _: usize) -> Option<&str> {
///         None
///     }
///     fn address(&self, _: usize) -> Option<SocketAddr> {
///         None
///     }
/// }
///
/// let heavy = FieldFilter::parse("weight > 1k", &FIELDS)?;
/// assert!(heavy.holds(&Parcel(1001)) && !heavy.holds(&Parcel(1000)));
/// # Ok::<_, wslab::capture::FilterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FieldFilter {
    over: Over,
    expression: Expression,
}

impl FieldFilter {
    /// Understands an expression over records that have these fields.
    ///
    /// # Errors
    /// If it is none, with the place.
    pub fn parse(text: &str, fields: &'static Fields) -> Result<Self, FilterError> {
        let over = Over::Fields(fields);
        Ok(Self { over, expression: parse::parse(text, over, false)? })
    }

    /// Whether a record is like that.
    pub fn holds(&self, record: &dyn Fielded) -> bool {
        self.expression.holds(Record::Other(record))
    }
}

/// The expression, in a form that is parsed to the same again.
impl fmt::Display for FieldFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Printed(&self.expression, self.over))
    }
}

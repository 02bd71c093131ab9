//! Expressions that were understood: what they say of a record, and how they are printed.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use globset::GlobMatcher;

use super::field::{self, Field, Kind, Over};
use super::record::Record;
use crate::capture::Time;

/// What a record has to be like.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Test(Test),
}

/// What a field has to be like.
#[derive(Clone, Debug)]
pub(super) struct Test {
    pub(super) field: Field,
    pub(super) kind: Kind,
    pub(super) is: Is,
}

/// What a value has to be like. A value that is not known is like nothing.
#[derive(Clone, Debug)]
pub(super) enum Is {
    /// It is true, or it is known if it is no truth.
    So,
    /// It stands so to this number.
    Number(Order, i128),
    /// It stands so to another field.
    Field(Order, Field),
    /// It is in one of these ranges, ends included.
    Within(Vec<(i128, i128)>),
    /// It is one of these texts.
    Text(Vec<Vec<u8>>),
    /// It is another text.
    OtherText(Vec<u8>),
    /// It has this text in it.
    Contains(Vec<u8>),
    /// It fits this pattern as a whole.
    Matches(Box<GlobMatcher>),
    /// It is one of these addresses.
    Address(Vec<Network>),
    /// It is none of these addresses.
    OtherAddress(Network),
}

/// How two values stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Different,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Order {
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Different => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }

    const fn holds(self, left: i128, right: i128) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Different => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

/// An address, or all that begin like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) ip: IpAddr,
    /// How many bits count.
    pub(super) prefix: u8,
    pub(super) port: Option<u16>,
}

impl Network {
    fn has(&self, address: SocketAddr) -> bool {
        let same = match (self.ip, address.ip()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let other = ours.to_bits() ^ theirs.to_bits();
                other.leading_zeros() >= u32::from(self.prefix)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let other = ours.to_bits() ^ theirs.to_bits();
                other.leading_zeros() >= u32::from(self.prefix)
            }
            _ => false,
        };
        same && self.port.is_none_or(|port| port == address.port())
    }

    /// How many bits an address has.
    pub(super) const fn bits(ip: IpAddr) -> u8 {
        if ip.is_ipv4() { 32 } else { 128 }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}", SocketAddr::new(self.ip, port)),
            None if self.prefix == Self::bits(self.ip) => write!(f, "{}", self.ip),
            None => write!(f, "{}/{}", self.ip, self.prefix),
        }
    }
}

impl Expression {
    /// Whether a record is like that.
    pub(super) fn holds(&self, record: Record<'_>) -> bool {
        match self {
            Self::Test(test) => test.holds(record),
            Self::All(all) => all.iter().all(|one| one.holds(record)),
            Self::Any(any) => any.iter().any(|one| one.holds(record)),
            Self::Not(inner) => !inner.holds(record),
        }
    }

    /// Whether it asks for this field.
    pub(super) fn asks(&self, field: Field) -> bool {
        match self {
            Self::Test(test) => test.field == field,
            Self::All(several) | Self::Any(several) => several.iter().any(|one| one.asks(field)),
            Self::Not(inner) => inner.asks(field),
        }
    }
}

impl Test {
    fn holds(&self, record: Record<'_>) -> bool {
        let bytes = || record.bytes(self.field);
        let address = || record.address(self.field);
        match &self.is {
            Is::Number(order, right) => record.number(self.field).is_some_and(|left| order.holds(left, *right)),
            Is::So => match self.kind {
                Kind::Truth => record.number(self.field) == Some(1),
                Kind::Bytes | Kind::Text => bytes().is_some(),
                Kind::Address => address().is_some(),
                Kind::Number | Kind::Span | Kind::Time | Kind::Word(_) => record.number(self.field).is_some(),
            },
            Is::Field(order, right) => {
                let both = record.number(self.field).zip(record.number(*right));
                both.is_some_and(|(left, right)| order.holds(left, right))
            }
            Is::Within(ranges) => record
                .number(self.field)
                .is_some_and(|number| ranges.iter().any(|(first, last)| (*first..=*last).contains(&number))),
            Is::Text(texts) => bytes().is_some_and(|bytes| texts.iter().any(|text| text == bytes)),
            Is::OtherText(text) => bytes().is_some_and(|bytes| text != bytes),
            Is::Contains(text) => bytes().is_some_and(|bytes| contains(bytes, text)),
            Is::Matches(glob) => {
                let text = bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
                text.is_some_and(|text| glob.is_match(Path::new(text)))
            }
            Is::Address(networks) => {
                address().is_some_and(|address| networks.iter().any(|network| network.has(address)))
            }
            Is::OtherAddress(network) => address().is_some_and(|address| !network.has(address)),
        }
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    let Some((first, rest)) = text.split_first() else { return true };
    let mut left = bytes;
    while let Some(at) = left.iter().position(|byte| byte == first) {
        left = &left[at + 1..];
        if left.starts_with(rest) {
            return true;
        }
    }
    false
}

/// An expression of a table as it can be parsed again.
pub(super) struct Printed<'a>(pub(super) &'a Expression, pub(super) Over);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(expression, table) = self;
        let several = |f: &mut fmt::Formatter<'_>, several: &[Expression], sign: &str| {
            several.iter().enumerate().try_for_each(|(at, one)| {
                f.write_str(if at == 0 { "" } else { sign })?;
                match one {
                    Expression::All(_) | Expression::Any(_) => write!(f, "({})", Printed(one, *table)),
                    _ => write!(f, "{}", Printed(one, *table)),
                }
            })
        };
        match expression {
            Expression::All(all) => several(f, all, " && "),
            Expression::Any(any) => several(f, any, " || "),
            Expression::Not(inner) => match &**inner {
                Expression::Test(Test { is: Is::So, .. }) => write!(f, "!{}", Printed(inner, *table)),
                _ => write!(f, "!({})", Printed(inner, *table)),
            },
            Expression::Test(test) => test.print(*table, f),
        }
    }
}

impl Test {
    fn print(&self, table: Over, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |field| field::name(field, table);
        f.write_str(name(self.field))?;
        match &self.is {
            Is::So => Ok(()),
            Is::Number(order, number) => write!(f, " {} {}", order.sign(), Number(self.kind, *number)),
            Is::Field(order, field) => write!(f, " {} {}", order.sign(), name(*field)),
            Is::Within(ranges) => list(f, ranges, |f, &(first, last)| {
                write!(f, "{}", Number(self.kind, first))?;
                if first == last { Ok(()) } else { write!(f, "..{}", Number(self.kind, last)) }
            }),
            Is::Text(texts) if texts.len() == 1 => write!(f, " == {}", Quoted(&texts[0])),
            Is::Text(texts) => list(f, texts, |f, text| write!(f, "{}", Quoted(text))),
            Is::OtherText(text) => write!(f, " != {}", Quoted(text)),
            Is::Contains(text) => write!(f, " contains {}", Quoted(text)),
            Is::Matches(glob) => write!(f, " matches {}", Quoted(glob.glob().glob().as_bytes())),
            Is::Address(networks) => list(f, networks, |f, network| write!(f, "{network}")),
            Is::OtherAddress(network) => write!(f, " != {network}"),
        }
    }
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    one: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    f.write_str(" in [")?;
    for (at, item) in items.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { ", " })?;
        one(f, item)?;
    }
    f.write_char(']')
}

/// A value of a kind that is a number to us.
struct Number(Kind, i128);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(kind, number) = *self;
        match kind {
            Kind::Time => match i64::try_from(number) {
                Ok(nanos) => write!(f, "{}", Time(nanos)),
                Err(_) => write!(f, "{number}"),
            },
            Kind::Span => {
                let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];
                let (size, unit) = units.into_iter().find(|(size, _)| number % size == 0).unwrap_or((1, "ns"));
                write!(f, "{}{unit}", number / size)
            }
            Kind::Truth => f.write_str(if number == 0 { "false" } else { "true" }),
            Kind::Word(words) => match words.word(number) {
                Some(word) => f.write_str(word),
                None => write!(f, "{number}"),
            },
            _ => write!(f, "{number}"),
        }
    }
}

/// Bytes as a text in quotes.
pub(super) struct Quoted<'a>(pub(super) &'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '"' | '\\' => write!(f, "\\{character}")?,
                    character if character.is_control() => write!(f, "{}", character.escape_unicode())?,
                    character => f.write_char(character)?,
                }
            }
            chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
        }
        f.write_char('"')
    }
}

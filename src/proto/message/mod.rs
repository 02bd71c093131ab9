//! Messages, joined from frames and inflated.
//!
//! A message that lies whole in the bytes of one read is lent as it is; only one that is cut, by fragments or by
//! reads, or compressed, is gathered. What is gathered never grows beyond the limit, nor, without compression, beyond
//! what really came.

mod inflating;
mod joiner;

use std::borrow::Cow;

pub use joiner::{JoinFault, Joined, Joiner, TooBig};

use crate::wire::Opcode;

/// What a message is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
}

impl Kind {
    /// The opcode of a message of this kind.
    pub const fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::TEXT,
            Self::Binary => Opcode::BINARY,
        }
    }
}

/// A whole message, lent or owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is made of.
    pub kind: Kind,
    /// Its bytes.
    pub payload: Cow<'a, [u8]>,
}

impl<'a> Message<'a> {
    /// A text message.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        let payload = match text.into() {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        Self { kind: Kind::Text, payload }
    }

    /// A binary message.
    pub fn binary(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { kind: Kind::Binary, payload: bytes.into() }
    }

    /// Whether it is text.
    pub fn is_text(&self) -> bool {
        self.kind == Kind::Text
    }

    /// The text, if it is a text message and UTF-8, which every text that an [`Endpoint`](crate::proto::Endpoint)
    /// hands out is.
    pub fn as_text(&self) -> Option<&str> {
        match self.kind {
            Kind::Text => simdutf8::basic::from_utf8(&self.payload).ok(),
            Kind::Binary => None,
        }
    }

    /// The message with bytes of its own.
    pub fn into_owned(self) -> Message<'static> {
        Message { kind: self.kind, payload: Cow::Owned(self.payload.into_owned()) }
    }
}

impl<'a> From<&'a str> for Message<'a> {
    fn from(text: &'a str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Message<'_> {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl<'a> From<&'a [u8]> for Message<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::binary(bytes)
    }
}

impl From<Vec<u8>> for Message<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::binary(bytes)
    }
}

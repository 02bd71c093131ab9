//! The body of a close frame (RFC 6455, sections 5.5.1 and 7.4).

use std::fmt;

/// The status code of a close frame: any 16 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// The purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// The endpoint goes away: a server shuts down, a browser leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// A rule of the protocol was broken.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// A kind of data that the endpoint does not take.
    pub const UNSUPPORTED: Self = Self(1003);
    /// Never on the wire: stands for a close frame that had no code.
    pub const NO_STATUS: Self = Self(1005);
    /// Never on the wire: stands for a connection that ended without a close frame.
    pub const ABNORMAL: Self = Self(1006);
    /// Data that does not fit its type, such as text that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// A policy of the endpoint was violated.
    pub const POLICY: Self = Self(1008);
    /// A message larger than the endpoint takes.
    pub const TOO_BIG: Self = Self(1009);
    /// The client misses an extension that the server did not agree to.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// The server met a condition that it did not expect.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// The service restarts (IANA registry).
    pub const SERVICE_RESTART: Self = Self(1012);
    /// Try again later (IANA registry).
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// An upstream server gave an invalid response (IANA registry).
    pub const BAD_GATEWAY: Self = Self(1014);
    /// Never on the wire: stands for a failed TLS handshake.
    pub const TLS_HANDSHAKE: Self = Self(1015);

    /// Whether the code stands for something that happened and must not be sent (section 7.4.1: 1005, 1006, 1015).
    pub const fn is_only_local(self) -> bool {
        matches!(self, Self::NO_STATUS | Self::ABNORMAL | Self::TLS_HANDSHAKE)
    }

    /// Whether a close frame may carry the code: assigned by RFC 6455 or the IANA registry, or in the ranges of
    /// libraries and applications (section 7.4.2: 3000 to 4999).
    pub const fn may_be_sent(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }

    /// What the code says, in a few words; `None` for codes without an assigned meaning.
    pub const fn words(self) -> Option<&'static str> {
        Some(match self.0 {
            1000 => "normal closure",
            1001 => "going away",
            1002 => "protocol error",
            1003 => "unsupported data",
            1005 => "no status received",
            1006 => "abnormal closure",
            1007 => "invalid payload data",
            1008 => "policy violation",
            1009 => "message too big",
            1010 => "mandatory extension",
            1011 => "internal error",
            1012 => "service restart",
            1013 => "try again later",
            1014 => "bad gateway",
            1015 => "TLS handshake failed",
            _ => return None,
        })
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.words() {
            Some(words) => write!(f, "{} ({words})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

/// The payload of a close frame, taken apart but not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseBody<'a> {
    /// No payload: no reason given.
    Empty,
    /// A single byte, which cannot hold a code.
    Stub(u8),
    /// A code, and the bytes of a reason that should be UTF-8.
    Status(CloseCode, &'a [u8]),
}

impl<'a> CloseBody<'a> {
    /// The longest reason in bytes: a control frame's 125 less the code.
    pub const MAX_REASON: usize = 123;

    /// Takes a payload apart.
    pub fn parse(payload: &'a [u8]) -> Self {
        match *payload {
            [] => Self::Empty,
            [byte] => Self::Stub(byte),
            [high, low, ref reason @ ..] => Self::Status(CloseCode(u16::from_be_bytes([high, low])), reason),
        }
    }

    /// The code, if there is one.
    pub fn code(&self) -> Option<CloseCode> {
        match *self {
            Self::Status(code, _) => Some(code),
            Self::Empty | Self::Stub(_) => None,
        }
    }

    /// The bytes of the reason; empty if there is none.
    pub fn reason(&self) -> &'a [u8] {
        match *self {
            Self::Status(_, reason) => reason,
            Self::Empty | Self::Stub(_) => &[],
        }
    }

    /// Appends the payload to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Empty => {}
            Self::Stub(byte) => out.push(byte),
            Self::Status(code, reason) => {
                out.extend_from_slice(&code.0.to_be_bytes());
                out.extend_from_slice(reason);
            }
        }
    }
}

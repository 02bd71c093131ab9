//! The columns of connections: how they are called, how much room they take, what rows are sorted by.

use std::cmp::Ordering;

use super::rows::{Condition, Line};

/// A column of the table of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// The number of the connection.
    Id,
    /// Who is at the other end.
    Peer,
    /// What was asked for.
    Url,
    /// How long it has been open.
    Age,
    /// Whether it is open.
    State,
    /// Messages that come in, per second.
    MessagesIn,
    /// Messages that go out, per second.
    MessagesOut,
    /// Bytes that come in, per second.
    BytesIn,
    /// Bytes that go out, per second.
    BytesOut,
    /// Messages so far, both ways.
    Messages,
    /// How long nothing has come or gone.
    Last,
    /// The last round trip of a ping.
    RoundTrip,
    /// By how much messages were compressed.
    Compression,
    /// How often rules were broken.
    Faults,
    /// Bytes that wait to be sent, because the peer is slow.
    Queued,
    /// The subprotocol.
    Subprotocol,
}

impl Column {
    /// All of them, from left to right.
    pub const ALL: [Self; 16] = [
        Self::Id,
        Self::Peer,
        Self::Url,
        Self::Subprotocol,
        Self::Age,
        Self::State,
        Self::MessagesIn,
        Self::MessagesOut,
        Self::BytesIn,
        Self::BytesOut,
        Self::Messages,
        Self::Last,
        Self::RoundTrip,
        Self::Compression,
        Self::Faults,
        Self::Queued,
    ];

    /// Its title, and what it tells in words.
    const fn named(self) -> (&'static str, &'static str) {
        match self {
            Self::Id => ("#", "number of the connection"),
            Self::Peer => ("PEER", "who is at the other end"),
            Self::Url => ("URL", "what was asked for"),
            Self::Age => ("AGE", "how long it has been open"),
            Self::State => ("STATE", "open, idle, closed or lost"),
            Self::MessagesIn => ("IN/S", "messages in per second"),
            Self::MessagesOut => ("OUT/S", "messages out per second"),
            Self::BytesIn => ("B IN/S", "bytes in per second"),
            Self::BytesOut => ("B OUT/S", "bytes out per second"),
            Self::Messages => ("MSGS", "messages so far, both ways"),
            Self::Last => ("LAST", "time since anything came or went"),
            Self::RoundTrip => ("RTT", "last round trip of a ping"),
            Self::Compression => ("ZIP", "how much compressed messages grow"),
            Self::Faults => ("FAULTS", "how often rules were broken"),
            Self::Queued => ("QUEUED", "bytes that wait to be sent"),
            Self::Subprotocol => ("SUBPROTO", "the subprotocol agreed on"),
        }
    }

    /// Its title.
    pub const fn title(self) -> &'static str {
        self.named().0
    }

    /// What it tells.
    pub const fn words(self) -> &'static str {
        self.named().1
    }

    /// How many characters it takes; the URL takes what is left beyond that.
    pub(in crate::tui) const fn width(self) -> u16 {
        match self {
            Self::Peer => 21,
            Self::Url => 12,
            Self::BytesIn | Self::BytesOut | Self::Queued | Self::Subprotocol => 8,
            Self::Age | Self::State | Self::Last | Self::RoundTrip | Self::Faults => 6,
            Self::Id | Self::MessagesIn | Self::MessagesOut | Self::Messages | Self::Compression => 5,
        }
    }

    /// The larger, the sooner it makes room where there is too little.
    pub(in crate::tui) const fn rank(self) -> u8 {
        match self {
            Self::Peer => 0,
            Self::Url => 1,
            Self::MessagesIn => 2,
            Self::MessagesOut => 3,
            Self::Faults => 4,
            Self::State => 5,
            Self::Age => 6,
            Self::RoundTrip => 7,
            Self::Last => 8,
            Self::BytesIn => 9,
            Self::BytesOut => 10,
            Self::Id => 11,
            Self::Messages => 12,
            Self::Compression => 13,
            Self::Subprotocol => 14,
            Self::Queued => 15,
        }
    }

    /// Whether its values stand on the right: numbers do.
    pub(in crate::tui) const fn is_number(self) -> bool {
        !matches!(self, Self::Peer | Self::Url | Self::State | Self::Subprotocol)
    }

    /// Whether rows are sorted by texts.
    pub(super) const fn is_text(self) -> bool {
        matches!(self, Self::Peer | Self::Url | Self::Subprotocol)
    }

    /// Whether the largest is of most interest, and comes first.
    pub(in crate::tui) const fn falls(self) -> bool {
        self.is_number() && !matches!(self, Self::Id | Self::Last)
    }

    /// What rows are sorted by if it is a number; nothing known comes before everything.
    pub(super) fn number(self, line: Line<'_>) -> Option<f64> {
        let row = line.row;
        let size = |count: u64| Some(count as f64);
        match self {
            Self::Id => size(row.id.0),
            Self::Age => Some(row.age.as_secs_f64()),
            Self::State => Some(f64::from(line.condition() as u8)),
            Self::MessagesIn => Some(line.speed.messages_in),
            Self::MessagesOut => Some(line.speed.messages_out),
            Self::BytesIn => Some(line.speed.bytes_in),
            Self::BytesOut => Some(line.speed.bytes_out),
            Self::Messages => size(row.received.messages().saturating_add(row.sent.messages())),
            Self::Last => Some(row.idle.as_secs_f64()),
            Self::RoundTrip => Some(row.round_trip.map_or(-1.0, |time| time.as_secs_f64())),
            Self::Compression => Some(row.received.compression().unwrap_or(-1.0)),
            Self::Faults => size(line.faults()),
            Self::Queued => size(row.queued),
            Self::Peer | Self::Url | Self::Subprotocol => None,
        }
    }

    /// How two rows stand to each other if it is none.
    pub(super) fn compare(self, one: Line<'_>, other: Line<'_>) -> Ordering {
        let (one, other) = (one.row, other.row);
        match self {
            Self::Peer => one.peer.cmp(&other.peer),
            Self::Subprotocol => one.subprotocol.cmp(&other.subprotocol),
            _ => one.resource.cmp(&other.resource),
        }
    }
}

impl Condition {
    /// All of them, in the order of their numbers.
    pub(super) const WORDS: &'static [&'static str] = &["open", "idle", "closed", "lost"];
}

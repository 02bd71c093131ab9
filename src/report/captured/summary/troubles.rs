//! What went wrong, grouped: of each group how often, and the first few places.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde::Serialize;

use super::{cut, written};
use crate::capture::{Connection, Note, NoteKind, Time, Violation, without_secrets};

/// The most places that are kept of a group.
const SPOTS: usize = 8;

/// The most connections of a group that are told apart.
const CONNECTIONS: usize = 1000;

/// The most groups of notes of a kind; their words are written by what reads, and yet may hold what is in a capture.
const GROUPS: usize = 100;

/// The words of what is in no other group of its kind.
const REST: &str = "for other reasons, which are too many to be told apart";

/// Where something happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spot {
    /// The packet, from 1.
    pub packet: u64,
    /// Its time.
    #[serde(serialize_with = "written::time")]
    pub time: Option<Time>,
    /// The WebSocket connection, if it is one.
    pub connection: Option<u64>,
    /// The frame of the connection, from 0, if it is a frame's.
    pub frame: Option<u64>,
    /// Where in what its sender sent on the TCP connection, from 0, if that is known.
    pub offset: Option<u64>,
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
}

/// How often, in which connections, and where first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Places {
    spots: Vec<Spot>,
    #[serde(serialize_with = "written::length")]
    connections: BTreeSet<u64>,
}

impl Places {
    fn add(&mut self, spot: Spot) {
        if let Some(connection) = spot.connection
            && self.connections.len() < CONNECTIONS
        {
            self.connections.insert(connection);
        }
        if self.spots.len() < SPOTS {
            self.spots.push(spot);
        }
    }
}

/// A rule that one side broke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violated {
    /// Its name.
    pub rule: &'static str,
    /// `MUST` or `SHOULD`.
    pub level: String,
    /// The clause that states it: `RFC 6455, section 5.2`.
    pub clause: String,
    /// What happened, in words.
    pub words: &'static str,
    /// By whom: `client` or `server`.
    pub by: String,
    /// How often.
    pub count: u64,
    places: Places,
    #[serde(skip)]
    key: (usize, usize),
}

impl Violated {
    /// The first few places.
    pub fn spots(&self) -> &[Spot] {
        &self.places.spots
    }

    /// In how many connections; no more than 1000 are told apart.
    pub fn connections(&self) -> usize {
        self.places.connections.len()
    }

    pub(super) fn count(all: &mut Vec<Self>, violation: &Violation<'_>) {
        let Violation { connection, by, rule, .. } = *violation;
        let key = (rule as usize, by as usize);
        // No more groups than rules, twice: one for each side.
        let index = all.iter().position(|violated| violated.key == key).unwrap_or_else(|| {
            all.push(Self {
                rule: rule.name(),
                level: rule.level().to_string(),
                clause: rule.clause().to_string(),
                words: rule.words(),
                by: by.to_string(),
                count: 0,
                places: Places::default(),
                key,
            });
            all.len() - 1
        });
        let violated = &mut all[index];
        let ends = [connection.client, connection.server];
        violated.count += 1;
        violated.places.add(Spot {
            packet: violation.place.packet,
            time: violation.place.time,
            connection: Some(connection.number),
            frame: violation.frame,
            offset: Some(violation.offset),
            from: ends[by as usize],
            to: ends[by.peer() as usize],
        });
    }
}

/// Something that is no fault of either end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Noted {
    /// What: `lost`, `differs`, `encrypted` or `not-read`.
    pub kind: &'static str,
    /// Why, or what it is, in words.
    pub words: String,
    /// How often.
    pub count: u64,
    /// How many bytes it concerns, if they were counted.
    pub bytes: u64,
    places: Places,
}

impl Noted {
    /// The first few places.
    pub fn spots(&self) -> &[Spot] {
        &self.places.spots
    }

    /// In how many WebSocket connections; no more than 1000 are told apart.
    pub fn connections(&self) -> usize {
        self.places.connections.len()
    }

    /// Whether bytes of a stream are missing, or not what they were.
    pub fn is_gap(&self) -> bool {
        matches!(self.kind, "lost" | "differs")
    }

    /// Where the group of these words is: each kind has room of its own, the last of it for all that is left.
    fn group(all: &mut Vec<Self>, kind: &'static str, words: String) -> usize {
        let find = |words: &str| all.iter().position(|noted| noted.kind == kind && noted.words == words);
        let is_full = || all.iter().filter(|noted| noted.kind == kind).count() >= GROUPS - 1;
        let (found, words) = match find(&words) {
            None if is_full() => (find(REST), REST.to_owned()),
            found => (found, words),
        };
        found.unwrap_or_else(|| {
            all.push(Self { kind, words, count: 0, bytes: 0, places: Places::default() });
            all.len() - 1
        })
    }

    pub(super) fn count(all: &mut Vec<Self>, note: &Note<'_>, show_secrets: bool) {
        let (offset, bytes) = match note.kind {
            NoteKind::Lost { offset, count, .. } | NoteKind::Differs { offset, count } => (Some(offset), count),
            NoteKind::Encrypted { .. } | NoteKind::NotRead { .. } => (None, 0),
        };
        let (kind, words) = (note.kind.name(), note.kind.group());
        let mut words = if show_secrets { words.into_owned() } else { without_secrets(&words).into_owned() };
        cut(&mut words);
        let index = Self::group(all, kind, words);
        let noted = &mut all[index];
        noted.count += 1;
        noted.bytes = noted.bytes.saturating_add(bytes);
        noted.places.add(Spot {
            packet: note.place.packet,
            time: note.place.time,
            connection: note.connection,
            frame: None,
            offset,
            from: note.from,
            to: note.to,
        });
    }
}

/// Openings that were refused with the same status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// How many.
    pub count: u64,
    /// The first reason phrase that was not empty.
    pub reason: String,
    /// The first few of them: the packet with the response, and the number of the connection.
    pub first: Vec<(u64, u64)>,
}

impl Refused {
    pub(super) fn count(&mut self, connection: &Connection, show_secrets: bool) {
        self.count += 1;
        if self.first.len() < SPOTS {
            self.first.push((connection.opened.unwrap_or(connection.last).packet, connection.number));
        }
        if self.reason.is_empty()
            && let Some(reason) = &connection.refusal
        {
            self.reason = if show_secrets { reason.clone() } else { without_secrets(reason).into_owned() };
            cut(&mut self.reason);
        }
    }
}

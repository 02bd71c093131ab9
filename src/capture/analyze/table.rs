//! The TCP connections that are followed.

use std::collections::VecDeque;
use std::net::SocketAddr;

use foldhash::fast::RandomState;

use crate::capture::session::Session;
use crate::capture::stream::{Limits, Stream};
use crate::capture::{End, Place, Segment};

type Map = std::collections::HashMap<Key, Entry, RandomState>;

/// The two addresses of a connection, the lower one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key(SocketAddr, SocketAddr);

impl Key {
    #[inline]
    fn of(segment: &Segment<'_>) -> Self {
        if segment.from <= segment.to { Self(segment.from, segment.to) } else { Self(segment.to, segment.from) }
    }
}

/// A TCP connection.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) stream: Stream,
    /// `None` if nothing of it is read any more: late packets still have to be told from those of a new connection.
    pub(super) session: Option<Box<Session>>,
    first: SocketAddr,
    /// The last packet.
    last: u64,
}

impl Entry {
    fn new(segment: &Segment<'_>, place: Place) -> Self {
        Self {
            stream: Stream::new(Limits::default()),
            session: Some(Box::new(Session::new([segment.from, segment.to], place))),
            first: segment.from,
            last: place.packet,
        }
    }
}

/// Every connection by its addresses.
#[derive(Debug)]
pub(super) struct Table {
    map: Map,
    max: usize,
}

impl Table {
    pub(super) fn new(max: usize) -> Self {
        Self { map: Map::default(), max: max.max(1) }
    }

    /// The connection of a segment, and which end sent it.
    #[inline]
    pub(super) fn entry(&mut self, segment: &Segment<'_>, place: Place) -> (&mut Entry, End) {
        let entry = self.map.entry(Key::of(segment)).or_insert_with(|| Entry::new(segment, place));
        entry.last = place.packet;
        // A connection of an address with itself has two ends all the same; its segments cannot be told apart.
        let from = if segment.from == entry.first { End::First } else { End::Second };
        (entry, from)
    }

    /// Another connection between the same addresses begins; gives the old one.
    pub(super) fn replace(&mut self, segment: &Segment<'_>, place: Place) -> Entry {
        let new = Entry::new(segment, place);
        self.map.insert(Key::of(segment), new).unwrap_or_else(|| Entry::new(segment, place))
    }

    /// If more connections are followed than may be: those that are given up, a quarter of all, the longest idle.
    pub(super) fn too_many(&mut self, now: Place) -> Option<VecDeque<Entry>> {
        if self.map.len() <= self.max {
            return None;
        }
        let mut ages: Vec<u64> = self.map.values().map(|entry| now.packet.saturating_sub(entry.last)).collect();
        let quarter = ages.len() / 4;
        let (_, &mut limit, _) = ages.select_nth_unstable_by(quarter, |one, other| other.cmp(one));
        let idle = self.map.extract_if(|_, entry| now.packet.saturating_sub(entry.last) >= limit.max(1));
        Some(in_order(idle.map(|(_, entry)| entry).collect()))
    }

    /// All connections, in the order of their first packets.
    pub(super) fn drain(&mut self) -> VecDeque<Entry> {
        in_order(self.map.drain().map(|(_, entry)| entry).collect())
    }
}

/// What comes out of the map is in no order; what is told has one.
fn in_order(mut entries: VecDeque<Entry>) -> VecDeque<Entry> {
    entries.make_contiguous().sort_by_key(|entry| {
        entry.session.as_ref().map_or((u64::MAX, entry.last), |session| (session.order(), entry.last))
    });
    entries
}

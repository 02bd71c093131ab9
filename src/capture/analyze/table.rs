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
    /// It is over, but not all of it could be read yet.
    pub(super) lingers: bool,
    /// What the session keeps, in bytes.
    pub(super) kept: usize,
}

impl Entry {
    fn new(segment: &Segment<'_>, place: Place) -> Self {
        Self {
            stream: Stream::new(Limits::default()),
            session: Some(Box::new(Session::new([segment.from, segment.to], place))),
            first: segment.from,
            last: place.packet,
            lingers: false,
            kept: 0,
        }
    }
}

/// Every connection by its addresses.
#[derive(Debug)]
pub(super) struct Table {
    map: Map,
    max: usize,
    /// How many bytes all may keep, and how many they do.
    max_kept: usize,
    kept: usize,
    /// How many of them have no session.
    silent: usize,
    /// Connections that are over but have bytes that wait for others, with the packet that told so.
    over: VecDeque<(Key, u64)>,
}

/// So many connections of which nothing is read are remembered.
const SILENT: usize = 32 * 1024;

/// So many packets of the capture later nothing more comes for a connection that is over.
const LATE: u64 = 4096;

impl Table {
    pub(super) fn new(max: usize, max_kept: usize) -> Self {
        Self { map: Map::default(), max: max.max(1), max_kept, kept: 0, silent: 0, over: VecDeque::new() }
    }

    /// Nothing of a connection is read any more.
    pub(super) const fn silenced(&mut self) {
        self.silent += 1;
    }

    /// A connection keeps other bytes than before.
    #[inline]
    pub(super) const fn keeps(&mut self, before: usize, after: usize) {
        self.kept = (self.kept + after).saturating_sub(before);
    }

    /// A connection is over, but bytes of it wait.
    pub(super) fn lingers(&mut self, segment: &Segment<'_>, place: Place) {
        self.over.push_back((Key::of(segment), place.packet));
    }

    /// A connection that has been over for so long that nothing more of it will come.
    pub(super) fn late(&mut self, now: Place) -> Option<&mut Entry> {
        while let Some((key, since)) = self.over.front().copied()
            && now.packet.saturating_sub(since) > LATE
        {
            self.over.pop_front();
            if self.map.get(&key).is_some_and(|entry| entry.lingers && entry.session.is_some()) {
                return self.map.get_mut(&key);
            }
        }
        None
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
        let old = self.map.insert(Key::of(segment), new).unwrap_or_else(|| Entry::new(segment, place));
        self.silent -= usize::from(old.session.is_none());
        if old.session.is_some() {
            self.kept = self.kept.saturating_sub(old.kept);
        }
        old
    }

    /// If more connections are followed than may be: those that are given up, a quarter of all, the longest idle.
    #[inline]
    pub(super) fn too_many(&mut self, now: Place) -> Option<VecDeque<Entry>> {
        if self.silent > SILENT {
            let silent = self.idle(now, |entry| entry.session.is_none());
            self.silent -= silent.len();
        }
        let idle = if self.kept > self.max_kept {
            self.largest()
        } else if self.map.len() > self.max {
            self.idle(now, |_| true)
        } else {
            return None;
        };
        for entry in &idle {
            match &entry.session {
                Some(_) => self.kept = self.kept.saturating_sub(entry.kept),
                None => self.silent -= 1,
            }
        }
        Some(idle)
    }

    /// Takes out those that keep most, until a quarter of what may be kept is free.
    #[cold]
    fn largest(&mut self) -> VecDeque<Entry> {
        let mut sizes: Vec<usize> =
            self.map.values().filter(|entry| entry.session.is_some()).map(|entry| entry.kept).collect();
        sizes.sort_unstable_by(|one, other| other.cmp(one));
        let mut free = 0;
        let limit = sizes.into_iter().find(|size| {
            free += size;
            free >= self.kept.saturating_sub(self.max_kept / 4 * 3)
        });
        let limit = limit.unwrap_or(1).max(1);
        let largest = self.map.extract_if(|_, entry| entry.session.is_some() && entry.kept >= limit);
        in_order(largest.map(|(_, entry)| entry).collect())
    }

    /// Takes out the longest idle quarter of these.
    #[cold]
    fn idle(&mut self, now: Place, of: impl Fn(&Entry) -> bool) -> VecDeque<Entry> {
        let age = |entry: &Entry| now.packet.saturating_sub(entry.last);
        let mut ages: Vec<u64> = self.map.values().filter(|entry| of(entry)).map(age).collect();
        if ages.is_empty() {
            return VecDeque::new();
        }
        let quarter = ages.len() / 4;
        let (_, &mut limit, _) = ages.select_nth_unstable_by(quarter, |one, other| other.cmp(one));
        let idle = self.map.extract_if(|_, entry| of(entry) && age(entry) >= limit.max(1));
        in_order(idle.map(|(_, entry)| entry).collect())
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

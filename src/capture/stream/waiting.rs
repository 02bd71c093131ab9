//! What came too early, and how long it waits.

use std::collections::BTreeMap;

use super::{Budget, Limits};
use crate::capture::{Place, Time};

/// What it takes to keep a piece, beside its bytes: its entry, and what the allocator adds.
const PIECE: usize = 128;

/// The shortest tick in segments if it is ended by time.
const FEWEST: u32 = 8;
/// The longest tick in segments.
const MOST: u32 = 64;
/// The shortest tick in nanoseconds if it is ended by time.
const QUARTER_SECOND: i64 = 250_000_000;

/// Ticks until a hole is given up that was acknowledged.
pub(super) const ACKNOWLEDGED: usize = 4;
/// Ticks until one is given up while nothing is acknowledged.
pub(super) const UNANSWERED: u32 = 16;
/// Ticks until one is given up while less is acknowledged.
pub(super) const AWAITED: u32 = 240;
/// Ticks until one is given up that is at the beginning, if the beginning itself is not known.
pub(super) const GUESSED: u32 = 2;

/// Time as a connection sees it: in ticks of so many segments, or of some segments and some time.
#[derive(Debug, Default)]
pub(super) struct Ticks {
    pub(super) now: u32,
    segments: u32,
    since: Option<Time>,
}

impl Ticks {
    /// Begins a tick: something begins to wait.
    pub(super) const fn restart(&mut self, place: Place) {
        self.now = self.now.wrapping_add(1);
        self.segments = 0;
        self.since = place.time;
    }

    /// A segment has passed; says whether a tick has.
    pub(super) fn pass(&mut self, place: Place) -> bool {
        self.segments += 1;
        self.since = self.since.or(place.time);
        let long = match (self.since, place.time) {
            (Some(since), Some(now)) => now.0.saturating_sub(since.0) >= QUARTER_SECOND,
            _ => false,
        };
        let over = self.segments >= MOST || (long && self.segments >= FEWEST);
        if over {
            self.restart(place);
        }
        over
    }
}

/// What a direction keeps behind a hole.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// By where they begin; they neither overlap nor are empty.
    pieces: BTreeMap<u64, Piece>,
    cost: usize,
    /// What was acknowledged at the beginning of the last ticks, the newest first.
    pub(super) acknowledged: [u64; ACKNOWLEDGED],
    /// When the other end acknowledged anything last.
    pub(super) answered: u32,
    /// The packet that ends the direction, and when it came.
    pub(super) end: Option<(Place, u32)>,
}

#[derive(Debug)]
pub(super) struct Piece {
    pub(super) content: Content,
    pub(super) place: Place,
    /// When it came.
    pub(super) tick: u32,
}

#[derive(Debug)]
pub(super) enum Content {
    Bytes(Box<[u8]>),
    /// So many were sent and not captured.
    Cut(u64),
}

impl Piece {
    pub(super) fn length(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Cut(count) => *count,
        }
    }

    fn cost(&self) -> usize {
        match &self.content {
            Content::Bytes(bytes) => PIECE + bytes.len(),
            Content::Cut(_) => PIECE,
        }
    }
}

/// No more can be kept.
pub(super) struct Full;

/// What there is at a place.
enum Found {
    /// Nothing until there.
    Nothing(u64),
    /// Something that begins here, and until where.
    Something(u64, u64),
}

impl Waiting {
    /// Where the first piece begins, what is in it, and its place.
    pub(super) fn first(&self) -> Option<(u64, &Piece)> {
        self.pieces.first_key_value().map(|(at, piece)| (*at, piece))
    }

    /// Behind the last piece.
    pub(super) fn highest(&self) -> Option<u64> {
        self.pieces.last_key_value().map(|(at, piece)| at + piece.length())
    }

    /// Takes the piece that begins here, if there is one.
    pub(super) fn take(&mut self, at: u64, budget: &mut Budget) -> Option<Piece> {
        let first = self.pieces.first_entry().filter(|first| *first.key() == at)?;
        let piece = first.remove();
        self.cost -= piece.cost();
        budget.give_back(piece.cost());
        Some(piece)
    }

    /// Drops what begins here or behind.
    pub(super) fn drop_from(&mut self, at: u64, budget: &mut Budget) {
        let dropped: usize = self.pieces.split_off(&at).values().map(Piece::cost).sum();
        self.cost -= dropped;
        budget.give_back(dropped);
    }

    /// Keeps what of these bytes is not there yet, and leaves what there is no room for. `differs` is told where others are
    /// there, and how many bytes were compared.
    pub(super) fn keep(
        &mut self,
        at: &mut u64,
        bytes: &mut &mut [u8],
        (place, tick): (Place, u32),
        (limits, budget): (&Limits, &mut Budget),
        mut differs: impl FnMut(u64, u64),
    ) -> Result<(), Full> {
        while !bytes.is_empty() {
            let end = *at + bytes.len() as u64;
            let found = self.at(*at);
            let until = match found {
                Found::Nothing(until) | Found::Something(_, until) => until.min(end),
            };
            let count = (until - *at) as usize;
            let now = &bytes[..count];
            if let Found::Something(begin, _) = found
                && let Some(Piece { content: Content::Bytes(first), .. }) = self.pieces.get(&begin)
            {
                let skip = (*at - begin) as usize;
                if first[skip..skip + count] != *now {
                    differs(*at, count as u64);
                }
            } else {
                // What was cut off once may be whole another time; of the old piece two may be left then.
                let cost = count + PIECE * if matches!(found, Found::Something(..)) { 2 } else { 1 };
                if self.cost + cost > limits.waiting || !budget.has(cost) {
                    return Err(Full);
                }
                let content = Content::Bytes(now.into());
                self.uncover(*at, until, budget);
                self.insert(*at, Piece { content, place, tick }, budget);
            }
            *at = until;
            *bytes = &mut std::mem::take(bytes)[count..];
        }
        Ok(())
    }

    /// Keeps that these bytes were sent, where nothing is known of them yet.
    pub(super) fn keep_cut(
        &mut self,
        at: &mut u64,
        end: u64,
        (place, tick): (Place, u32),
        (limits, budget): (&Limits, &mut Budget),
    ) -> Result<(), Full> {
        while *at < end {
            match self.at(*at) {
                Found::Something(_, until) => *at = until.min(end),
                Found::Nothing(until) => {
                    let until = until.min(end);
                    if self.cost + PIECE > limits.waiting || !budget.has(PIECE) {
                        return Err(Full);
                    }
                    self.insert(*at, Piece { content: Content::Cut(until - *at), place, tick }, budget);
                    *at = until;
                }
            }
        }
        Ok(())
    }

    fn at(&self, at: u64) -> Found {
        if let Some((begin, piece)) = self.pieces.range(..=at).next_back()
            && begin + piece.length() > at
        {
            return Found::Something(*begin, begin + piece.length());
        }
        Found::Nothing(self.pieces.range(at..).next().map_or(u64::MAX, |(begin, _)| *begin))
    }

    /// Makes room in what is known to be cut off.
    fn uncover(&mut self, from: u64, until: u64, budget: &mut Budget) {
        let Found::Something(begin, end) = self.at(from) else { return };
        let Some(old) = self.pieces.remove(&begin) else { return };
        self.cost -= old.cost();
        budget.give_back(old.cost());
        for (begin, end) in [(begin, from), (until, end)] {
            if begin < end {
                self.insert(begin, Piece { content: Content::Cut(end - begin), ..old }, budget);
            }
        }
    }

    fn insert(&mut self, at: u64, piece: Piece, budget: &mut Budget) {
        self.cost += piece.cost();
        budget.take(piece.cost());
        self.pieces.insert(at, piece);
    }
}

//! Bytes that wait until it is known what they are.

use std::collections::VecDeque;

use crate::capture::Place;

/// Bytes of one direction, with the segments in which they came and with what is missing between them.
///
/// Places count what is missing, too.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: Vec<u8>,
    /// How many bytes at the front of `bytes` were taken: they are moved away now and then, not each time.
    start: usize,
    pieces: VecDeque<Piece>,
    /// Where stretches begin in which nothing is missing: with what is missing, and without.
    stretches: VecDeque<(usize, usize)>,
    /// How much was taken from the front: the pieces count from the first byte that ever was held.
    taken: Taken,
    /// How much is missing behind the last piece.
    missing: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    /// With what is missing.
    all: usize,
    bytes: usize,
}

/// What is new in a segment.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Where it begins.
    at: usize,
    /// The same without what is missing.
    byte: usize,
    place: Place,
}

impl Held {
    /// Bytes of a segment, behind all others.
    pub(super) fn push(&mut self, bytes: &[u8], place: Place) {
        if bytes.is_empty() {
            return;
        }
        let piece = Piece { at: self.taken.all + self.len(), byte: self.taken.bytes + self.bytes().len(), place };
        if self.missing > 0 || self.stretches.is_empty() {
            self.stretches.push_back((piece.at, piece.byte));
        }
        self.missing = 0;
        self.pieces.push_back(piece);
        self.bytes.extend_from_slice(bytes);
    }

    /// So many bytes are missing behind all that came. Before anything came it is not held.
    pub(super) fn lost(&mut self, count: usize) {
        if !self.is_empty() {
            self.missing += count;
        }
    }

    /// All bytes, where nothing is missing.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// How far it reaches, with what is missing.
    pub(super) fn len(&self) -> usize {
        self.pieces.back().map_or(0, |last| {
            // The piece may have begun before what is left of it.
            last.at + (self.taken.bytes + self.bytes().len() - last.byte) + self.missing - self.taken.all
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// In how many segments it came.
    pub(super) fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// Memory in bytes.
    pub(super) fn kept(&self) -> usize {
        self.bytes.capacity() + self.pieces.capacity() * size_of::<Piece>()
    }

    /// The index of the piece that begins at `index` or last before it.
    fn piece(&self, index: usize) -> Option<usize> {
        self.pieces.partition_point(|piece| piece.at <= self.taken.all + index).checked_sub(1)
    }

    /// The packet that holds the byte at `index`.
    pub(super) fn place(&self, index: usize) -> Option<Place> {
        self.pieces.get(self.piece(index)?).map(|piece| piece.place)
    }

    /// The bytes from `index` to the end or to what is missing; `None` if they are missing themselves.
    pub(super) fn from(&self, index: usize) -> Option<&[u8]> {
        let at = self.taken.all + index;
        if index == self.len() {
            return Some(&[]);
        }
        let next = self.stretches.partition_point(|(start, _)| *start <= at);
        let (start, byte) = *self.stretches.get(next.checked_sub(1)?)?;
        let end = self.stretches.get(next).map_or(self.taken.bytes + self.bytes().len(), |(_, byte)| *byte);
        let from = byte + (at - start);
        (from < end).then(|| &self.bytes()[from - self.taken.bytes..end - self.taken.bytes])
    }

    /// Where the first segment begins that is not the one at the front.
    pub(super) fn second_piece(&self) -> Option<usize> {
        self.pieces.get(1).map(|piece| piece.at - self.taken.all)
    }

    /// Takes `count` from the front: up to the beginning of a piece, within the first one, or everything.
    pub(super) fn drop_front(&mut self, count: usize) {
        if count >= self.len() {
            self.clear();
            return;
        }
        let piece = self.piece(count).unwrap_or_default();
        let start = self.pieces[piece];
        let byte = (self.taken.all + count) - (start.at - start.byte);
        self.start += byte - self.taken.bytes;
        self.taken = Taken { all: self.taken.all + count, bytes: byte };
        self.pieces.drain(..piece);
        while self.stretches.get(1).is_some_and(|(at, _)| *at <= self.taken.all) {
            self.stretches.pop_front();
        }
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Gives each segment's bytes, in order, with how much is missing before them, and then how much is missing behind
    /// all. It is empty then.
    pub(super) fn replay(&mut self, mut each: impl FnMut(u64, &mut [u8], Place)) -> u64 {
        let mut this = std::mem::take(self);
        let total = this.taken.bytes + this.bytes().len();
        let ends: Vec<usize> = this.pieces.iter().skip(1).map(|piece| piece.byte).chain([total]).collect();
        let mut rest = &mut this.bytes[this.start..];
        let mut byte = this.taken.bytes;
        let mut at = this.taken.all;
        for (end, piece) in ends.into_iter().zip(&this.pieces) {
            let (bytes, behind) = rest.split_at_mut(end - byte);
            let missing = piece.at.saturating_sub(at);
            at = at.max(piece.at) + bytes.len();
            (rest, byte) = (behind, end);
            each(missing as u64, bytes, piece.place);
        }
        this.missing as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(packet: u64) -> Place {
        Place { packet, time: None }
    }

    fn pieces(mut held: Held) -> Vec<(Vec<u8>, u64)> {
        let mut pieces = Vec::new();
        held.replay(|_, bytes, place| pieces.push((bytes.to_vec(), place.packet)));
        pieces
    }

    #[test]
    fn what_was_held_comes_back_in_its_segments() {
        let mut held = Held::default();
        for (packet, bytes) in [(1, "abc"), (2, ""), (3, "d"), (5, "ef")] {
            held.push(bytes.as_bytes(), place(packet));
        }
        assert_eq!(held.place(0), Some(place(1)));
        assert_eq!(held.place(2), Some(place(1)));
        assert_eq!(held.place(3), Some(place(3)));
        assert_eq!(held.place(5), Some(place(5)));
        assert_eq!(held.second_piece(), Some(3));
        assert_eq!(pieces(held), [(b"abc".to_vec(), 1), (b"d".to_vec(), 3), (b"ef".to_vec(), 5)]);
    }

    #[test]
    fn what_was_taken_from_the_front_does_not_come_back() {
        for (count, left) in [(1, "bc|d|ef"), (3, "d|ef"), (4, "ef"), (5, "f"), (6, "")] {
            let mut held = Held::default();
            for (packet, bytes) in [(1, "abc"), (3, "d"), (5, "ef")] {
                held.push(bytes.as_bytes(), place(packet));
            }
            held.drop_front(count);
            let came: Vec<String> =
                pieces(held).into_iter().map(|(bytes, _)| String::from_utf8_lossy(&bytes).into_owned()).collect();
            assert_eq!(came.join("|"), left, "{count} taken");
        }
    }

    #[test]
    fn what_is_missing_counts() {
        let mut held = Held::default();
        held.lost(7);
        held.push(b"abc", place(1));
        held.lost(10);
        held.push(b"de", place(2));
        held.push(b"f", place(3));
        held.lost(4);
        assert_eq!((held.len(), held.bytes()), (20, &b"abcdef"[..]));
        assert_eq!(held.from(0), Some(&b"abc"[..]));
        assert_eq!(held.from(2), Some(&b"c"[..]));
        assert_eq!(held.from(3), None);
        assert_eq!(held.from(12), None);
        assert_eq!(held.from(13), Some(&b"def"[..]));
        assert_eq!(held.from(16), None);
        assert_eq!(held.from(20), Some(&b""[..]));
        assert_eq!(held.place(14), Some(place(2)));
        held.drop_front(13);
        assert_eq!((held.len(), held.from(0)), (7, Some(&b"def"[..])));
        let mut came = Vec::new();
        let behind = held.replay(|missing, bytes, _| came.push((missing, bytes.to_vec())));
        assert_eq!((came, behind), (vec![(0, b"de".to_vec()), (0, b"f".to_vec())], 4));
    }

    #[test]
    fn what_is_missing_is_given_between_the_segments() {
        let mut held = Held::default();
        held.push(b"abc", place(1));
        held.lost(10);
        held.push(b"de", place(2));
        held.drop_front(1);
        let mut came = Vec::new();
        assert_eq!(held.replay(|missing, bytes, _| came.push((missing, bytes.to_vec()))), 0);
        assert_eq!(came, [(0, b"bc".to_vec()), (10, b"de".to_vec())]);
    }
}

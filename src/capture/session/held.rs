//! Bytes that wait until it is known what they are.

use std::collections::VecDeque;

use crate::capture::Place;

/// Bytes of one direction, with the segments in which they came.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: Vec<u8>,
    /// Where each segment begins in the bytes, and its packet.
    pieces: VecDeque<(usize, Place)>,
    /// How much was taken from the front: places count from the first byte that ever was held.
    taken: usize,
}

impl Held {
    /// Bytes of a segment, behind all others.
    pub(super) fn push(&mut self, bytes: &[u8], place: Place) {
        if bytes.is_empty() {
            return;
        }
        self.pieces.push_back((self.taken + self.bytes.len(), place));
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The packet that holds the byte at `index`.
    pub(super) fn place(&self, index: usize) -> Option<Place> {
        let behind = self.pieces.partition_point(|(start, _)| *start <= self.taken + index);
        self.pieces.get(behind.checked_sub(1)?).map(|(_, place)| *place)
    }

    /// Where the first segment begins that is not the one at the front.
    pub(super) fn second_piece(&self) -> Option<usize> {
        self.pieces.get(1).map(|(start, _)| start - self.taken)
    }

    /// Takes `count` bytes from the front.
    pub(super) fn drop_front(&mut self, count: usize) {
        self.bytes.drain(..count);
        self.taken += count;
        if self.bytes.is_empty() {
            self.pieces.clear();
        } else {
            while self.pieces.get(1).is_some_and(|(start, _)| *start <= self.taken) {
                self.pieces.pop_front();
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Gives each segment's bytes, in order, and is empty then.
    pub(super) fn replay(&mut self, mut each: impl FnMut(&mut [u8], Place)) {
        let mut this = std::mem::take(self);
        let ends = this.pieces.iter().skip(1).map(|(start, _)| *start).chain([this.taken + this.bytes.len()]);
        let mut rest = this.bytes.as_mut_slice();
        let mut at = this.taken;
        for (end, (_, place)) in ends.zip(&this.pieces) {
            let (piece, behind) = rest.split_at_mut(end - at);
            (rest, at) = (behind, end);
            each(piece, *place);
        }
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
        held.replay(|bytes, place| pieces.push((bytes.to_vec(), place.packet)));
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
}

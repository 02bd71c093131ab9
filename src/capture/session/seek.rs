//! The first frame after a loss, or in a connection whose beginning was not captured.
//!
//! A frame has no mark by which it is known. What is taken for the head of one has to begin where a segment does, and
//! has to be followed, after as many bytes as it declares, by another head or by the end of a segment: bytes inside a
//! payload look so once in many thousand segments, while what really are frames nearly always do.

use super::held::Held;
use crate::capture::Place;
use crate::proto::Role;
use crate::wire::{self, Head, Opcode};

/// The most bytes that are kept while it is not certain that they are frames.
const LIMIT: usize = 256 * 1024;

/// The most segments in which they may have come.
const MOST_PIECES: usize = 8192;

/// After so many frames that prove nothing these are none.
const EMPTY: u32 = 32;

/// Looks for frames in one direction.
#[derive(Debug)]
pub(super) struct Seeker {
    /// Who sends here, if that is known; masked frames tell it otherwise.
    sender: Option<Role>,
    /// Reserved bits that the first frame of a message may have.
    reserved: u8,
    held: Held,
    /// Where in what is held the next head is.
    at: usize,
    /// Frames that were whole, and how much they prove.
    proof: u32,
    /// Frames that prove nothing.
    empty: u32,
    masked: Option<bool>,
    /// Bytes that were none of frames.
    passed: u64,
}

impl Seeker {
    pub(super) fn new(sender: Option<Role>, reserved: u8) -> Self {
        Self { sender, reserved, held: Held::default(), at: 0, proof: 0, empty: 0, masked: None, passed: 0 }
    }

    /// The bytes of a segment. Says how many bytes in front of those that are held are given up.
    pub(super) fn take(&mut self, bytes: &[u8], place: Place) -> u64 {
        if self.held.is_empty() && !self.begins_a_frame(bytes) {
            self.passed += bytes.len() as u64;
            return bytes.len() as u64;
        }
        self.held.push(bytes, place);
        self.settle()
    }

    /// Gives up what leads nowhere; says how much.
    fn settle(&mut self) -> u64 {
        let mut dropped = 0;
        while !self.follow() || self.is_too_much() {
            let count = self.held.second_piece().unwrap_or(self.held.len());
            self.held.drop_front(count);
            dropped += count as u64;
            (self.at, self.proof, self.empty, self.masked) = (0, 0, 0, None);
        }
        self.passed += dropped;
        dropped
    }

    /// So many bytes are missing here. Says how many are given up, of these and of those that are held: all, unless the
    /// payload of a frame reaches over them.
    pub(super) fn lost(&mut self, count: u64) -> u64 {
        let room = usize::try_from(count).unwrap_or(usize::MAX);
        if self.held.is_empty() || room > LIMIT {
            return self.clear() + count;
        }
        self.held.lost(room);
        self.settle()
    }

    /// Gives up everything that is held; says how much.
    pub(super) fn clear(&mut self) -> u64 {
        let dropped = self.held.len() as u64;
        self.passed += dropped;
        self.held.clear();
        (self.at, self.proof, self.empty, self.masked) = (0, 0, 0, None);
        dropped
    }

    fn is_too_much(&self) -> bool {
        self.proof == 0 && (self.held.len() > LIMIT || self.held.pieces() > MOST_PIECES)
    }

    /// How much speaks for frames: nothing as long as one of them is not followed by anything that belongs there.
    pub(super) fn proof(&self) -> u32 {
        self.proof
    }

    /// How many bytes were none of frames, since the last that were.
    pub(super) const fn passed(&self) -> u64 {
        self.passed
    }

    /// Who sends here, by what is known or by the masks of the frames.
    pub(super) fn sender(&self) -> Option<Role> {
        self.sender.or(match self.masked? {
            true => Some(Role::Client),
            false => Some(Role::Server),
        })
    }

    /// How many bytes are held.
    pub(super) fn kept(&self) -> usize {
        self.held.kept()
    }

    /// The packet with the first head.
    pub(super) fn first(&self) -> Option<Place> {
        self.held.place(0)
    }

    /// What is held, from the first head on.
    pub(super) fn into_held(self) -> Held {
        self.held
    }

    fn begins_a_frame(&self, bytes: &[u8]) -> bool {
        match Head::parse(bytes) {
            Some((head, _)) => self.is_plausible(&head, None),
            // Too short to tell.
            None => bytes.first().is_some_and(|first| first & 0x30 == 0),
        }
    }

    /// Whether a conforming sender could send this head.
    fn is_plausible(&self, head: &Head, masked: Option<bool>) -> bool {
        let first = matches!(head.opcode, Opcode::TEXT | Opcode::BINARY);
        let allowed = if first { self.reserved } else { 0 };
        let control = head.opcode.is_control();
        let masks = self.sender.map(|sender| sender == Role::Client).or(masked);
        head.rsv & !allowed == 0
            && !head.opcode.is_reserved()
            && masks.is_none_or(|masks| masks == head.mask.is_some())
            && head.form == wire::Form::minimal(head.len)
            && head.len >> 63 == 0
            && (!control || head.fin && head.len <= 125)
    }

    /// Goes from head to head as far as the bytes reach; `false` if they lead nowhere.
    fn follow(&mut self) -> bool {
        let mut found = 0;
        loop {
            let len = self.held.len();
            let Some(bytes) = self.held.from(self.at) else { return false };
            let Some((head, size)) = Head::parse(bytes) else {
                // It is cut, by the end or by what is missing.
                self.proof += found;
                return self.at + bytes.len() == len;
            };
            if !self.is_plausible(&head, self.masked) {
                return false;
            }
            let end = usize::try_from(head.len).ok().and_then(|len| (self.at + size).checked_add(len));
            let Some(end) = end.filter(|end| *end <= len) else {
                // The frame before it was followed by a head.
                self.proof += found;
                return true;
            };
            let masked = head.mask.is_some();
            let whole = bytes.get(size..end - self.at);
            let text = head.opcode == Opcode::TEXT && head.rsv == 0 && head.fin;
            if text && whole.is_some_and(|payload| !is_text(payload, head.mask)) {
                return false;
            }
            // Zeros look like empty continuations, as many as there are; and what continues nothing is no beginning.
            let proves = match (masked, head.len) {
                (true, 1..) => 2,
                (_, 0) => u32::from(head.opcode.is_control()),
                (false, _) if text && whole.is_some() => 2,
                (false, _) => u32::from(head.opcode != Opcode::CONTINUATION || self.proof + found > 0),
            };
            found += proves;
            self.empty += u32::from(proves == 0);
            if self.empty > EMPTY && self.proof + found == 0 {
                return false;
            }
            self.masked = Some(masked);
            self.at = end;
        }
    }
}

fn is_text(payload: &[u8], mask: Option<[u8; 4]>) -> bool {
    match mask {
        Some(key) => {
            let mut text = payload.to_vec();
            wire::mask(&mut text, key);
            wire::is_utf8(&text)
        }
        None => wire::is_utf8(payload),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOWHERE: Place = Place { packet: 1, time: None };

    #[test]
    fn a_frame_that_ends_with_its_segment_is_one() {
        let mut seeker = Seeker::new(None, 0);
        assert_eq!(seeker.take(b"\x81\x05Hello", NOWHERE), 0);
        assert_eq!((seeker.proof(), seeker.sender()), (2, Some(Role::Server)));
        assert_eq!(seeker.take(b"\x82\x02ab\x89\x00", NOWHERE), 0);
        assert_eq!((seeker.proof(), seeker.into_held().len()), (4, 13));
    }

    #[test]
    fn what_only_begins_like_a_frame_is_given_up() {
        let mut seeker = Seeker::new(Some(Role::Server), 0);
        assert_eq!(seeker.take(b"\x82\x05abc", NOWHERE), 0, "two bytes are to come");
        assert_eq!(seeker.proof(), 0);
        assert_eq!(seeker.take(b"deGET", NOWHERE), 10, "`GE` is no head, and `de` not the beginning of one");
        assert_eq!(seeker.take(b"\x81\x01a", NOWHERE), 0);
        assert_eq!((seeker.proof(), seeker.passed()), (2, 10));
    }

    #[test]
    fn frames_of_the_other_end_are_none() {
        assert_eq!(Seeker::new(Some(Role::Client), 0).take(b"\x81\x05Hello", NOWHERE), 7);
        assert_eq!(Seeker::new(Some(Role::Server), 0).take(b"\x81\x81abcd\0", NOWHERE), 7);
        let mut seeker = Seeker::new(None, 0);
        assert_eq!(seeker.take(b"\x81\x01a\x81\x81abcd\0", NOWHERE), 10, "nobody masks one and not the other");
    }

    #[test]
    fn zeros_are_no_frames() {
        for sender in [None, Some(Role::Server)] {
            let mut seeker = Seeker::new(sender, 0);
            let mut given_up = 0;
            for _ in 0..1000 {
                given_up += seeker.take(&[0; 1460], NOWHERE);
                assert_eq!(seeker.proof(), 0);
            }
            assert!(given_up > 1_400_000, "{given_up} bytes");
        }
    }

    #[test]
    fn a_frame_in_segments_of_one_byte_is_found() {
        let mut seeker = Seeker::new(Some(Role::Server), 0);
        let frame = [&b"\x82\x7e\x0f\xa0"[..], &[7; 4000]].concat();
        assert_eq!(frame.iter().map(|byte| seeker.take(&[*byte], NOWHERE)).sum::<u64>(), 0);
        assert_eq!(seeker.proof(), 1);
    }

    #[test]
    fn a_frame_over_many_segments_is_held_up_to_a_limit() {
        let mut seeker = Seeker::new(Some(Role::Server), 0);
        let mut given_up = seeker.take(b"\x82\x7f\0\0\0\0\x7f\xff\xff\xff", NOWHERE);
        for _ in 0..LIMIT / 1000 + 1 {
            given_up += seeker.take(&[0xff; 1000], NOWHERE);
        }
        assert!(given_up > LIMIT as u64 && seeker.into_held().is_empty());
    }

    #[test]
    fn a_payload_may_miss_bytes_and_a_head_may_not() {
        let mut seeker = Seeker::new(Some(Role::Server), 0);
        assert_eq!(seeker.take(b"\x81\x7e\x03\x84abc", NOWHERE), 0);
        assert_eq!((seeker.lost(897), seeker.proof()), (0, 1), "the rest of 900 bytes was cut off");
        assert_eq!(seeker.take(b"\x81\x02ab", NOWHERE), 0);
        assert_eq!(seeker.proof(), 3);
        assert_eq!(seeker.lost(1), 908 + 1, "it may be a head that is missing");
    }
}

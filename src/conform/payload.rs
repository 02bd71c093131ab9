//! The bytes of a payload, from any offset, without holding the whole of it.
//!
//! [`Payload::copy_to`] is the one generator; the others stand on it. The bytes at an offset depend on the payload
//! alone, not on how it is read.

use bytes::Bytes;

use super::{Payload, Unit};

impl Payload {
    /// No bytes.
    pub const EMPTY: Self = Self::Bytes(Bytes::new());

    /// The length in bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Fill { len, .. } | Self::Seed { len, .. } | Self::Text { len, .. } => *len,
            Self::Part { len, unit: Unit::Bytes, .. } => *len,
            Self::Part { document, at, len, unit } => document.part(*at, *len, *unit).len(),
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same in a round of a repetition, counted from 0: the next part of a document, the same bytes of all else.
    pub fn in_round(&self, round: u64) -> Self {
        let Self::Part { document, at, len, unit } = *self else { return self.clone() };
        let whole = document.len(unit).max(1) as u64;
        // Neither a place in a document nor a length of a part is anywhere near 2^32.
        let at = (at as u64 + round % whole * len as u64) % whole;
        Self::Part { document, at: at as usize, len, unit }
    }

    /// All bytes. Allocates unless they are literal or part of a document.
    pub fn bytes(&self) -> Bytes {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Part { document, at, len, unit } => document.part(*at, *len, *unit),
            _ => {
                let mut bytes = Vec::new();
                self.write_into(&mut bytes);
                bytes.into()
            }
        }
    }

    /// Appends all bytes to `out`.
    pub fn write_into(&self, out: &mut Vec<u8>) {
        if let Self::Bytes(bytes) = self {
            return out.extend_from_slice(bytes);
        }
        let at = out.len();
        out.resize(at + self.len(), 0);
        self.copy_to(0, &mut out[at..]);
    }

    /// Fills `out` with the bytes from offset `at` on, and says how many there were: fewer than `out` holds at the end
    /// of the payload, none behind it. Allocates nothing.
    pub fn copy_to(&self, at: usize, out: &mut [u8]) -> usize {
        let size = self.len().saturating_sub(at).min(out.len());
        let out = &mut out[..size];
        if size == 0 {
            return 0;
        }
        match self {
            Self::Bytes(bytes) => out.copy_from_slice(&bytes[at..at + size]),
            Self::Fill { pattern, .. } => fill(pattern, at, out),
            Self::Part { document, at: begin, len, unit } => {
                out.copy_from_slice(&document.part(*begin, *len, *unit)[at..at + size]);
            }
            Self::Seed { seed, .. } => splitmix(*seed, at, out),
            Self::Text { seed, .. } => {
                splitmix(*seed, at, out);
                out.iter_mut().for_each(|byte| *byte = printable(*byte));
            }
        }
        size
    }

    /// Whether `bytes` are the bytes from offset `at` on, so that a message can be compared as it comes. Bytes beyond
    /// the end are not. Allocates nothing.
    pub fn has_at(&self, at: usize, bytes: &[u8]) -> bool {
        let in_bounds = at.checked_add(bytes.len()).is_some_and(|end| end <= self.len());
        if let (true, Self::Bytes(own)) = (in_bounds, self) {
            return own[at..at + bytes.len()] == *bytes;
        }
        let mut block = [0; 4096];
        in_bounds
            && bytes.chunks(block.len()).enumerate().all(|(index, chunk)| {
                let own = &mut block[..chunk.len()];
                self.copy_to(at + index * 4096, own);
                own == chunk
            })
    }

    /// Whether these are all the bytes. Allocates nothing.
    pub fn is(&self, bytes: &[u8]) -> bool {
        self.len() == bytes.len() && self.has_at(0, bytes)
    }
}

impl From<&'static str> for Payload {
    fn from(text: &'static str) -> Self {
        Self::Bytes(Bytes::from_static(text.as_bytes()))
    }
}

/// Repeats `pattern`, from `at` bytes into the repetition.
fn fill(pattern: &[u8], at: usize, out: &mut [u8]) {
    if let &[byte] = pattern {
        return out.fill(byte);
    }
    // An empty pattern fills nothing: `out` keeps the zeros that it has.
    let Some(phase) = at.checked_rem(pattern.len()) else { return };
    let first = (pattern.len() - phase).min(out.len());
    out[..first].copy_from_slice(&pattern[phase..phase + first]);
    for block in out[first..].chunks_mut(pattern.len()) {
        block.copy_from_slice(&pattern[..block.len()]);
    }
}

/// The bytes of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014) from `seed`, each
/// 64-bit word in little-endian order. A word depends on its number alone, which is what lets us start anywhere.
fn splitmix(seed: u64, at: usize, out: &mut [u8]) {
    let word = |index: usize| {
        let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(index as u64 + 1));
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31).to_le_bytes()
    };
    let (index, phase) = (at / 8, at % 8);
    let first = (8 - phase).min(out.len());
    out[..first].copy_from_slice(&word(index)[phase..phase + first]);
    for (block, index) in out[first..].chunks_mut(8).zip(index + 1..) {
        block.copy_from_slice(&word(index)[..block.len()]);
    }
}

/// One of the 95 printable characters of ASCII.
fn printable(byte: u8) -> u8 {
    b' ' + ((u16::from(byte) * 95) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;
    use proptest::prelude::*;

    use super::*;
    use crate::conform::Document;

    fn payloads() -> impl Strategy<Value = Payload> {
        let len = 0..10_000usize;
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| Payload::Bytes(bytes.into())),
            (proptest::collection::vec(any::<u8>(), 1..20), len.clone())
                .prop_map(|(pattern, len)| Payload::Fill { pattern: pattern.into(), len }),
            (any::<u64>(), len.clone()).prop_map(|(seed, len)| Payload::Seed { seed, len }),
            (any::<u64>(), len).prop_map(|(seed, len)| Payload::Text { seed, len }),
            (0..300_000usize, 0..9_000usize).prop_map(|(at, len)| Payload::Part {
                document: Document::Json,
                at,
                len,
                unit: Unit::Bytes
            }),
            (0..300_000usize, 0..9_000usize).prop_map(|(at, len)| Payload::Part {
                document: Document::Prose,
                at,
                len,
                unit: Unit::Chars
            }),
        ]
    }

    proptest! {
        #[test]
        fn the_bytes_at_an_offset_do_not_depend_on_how_they_are_read(
            payload in payloads(), at in 0..12_000usize, size in 0..9_000usize,
        ) {
            let whole = payload.bytes();
            prop_assert_eq!(whole.len(), payload.len());
            let mut piece = vec![0xa5; size];
            let copied = payload.copy_to(at, &mut piece);
            prop_assert_eq!(&piece[..copied], &whole[at.min(whole.len())..(at + size).min(whole.len())]);
            prop_assert!(piece[copied..].iter().all(|&byte| byte == 0xa5), "wrote behind the end");
            prop_assert!(payload.has_at(at.min(whole.len()), &piece[..copied]));
        }

        #[test]
        fn one_byte_more_less_or_other_is_another_payload(payload in payloads(), at in any::<proptest::sample::Index>()) {
            let mut bytes = payload.bytes().to_vec();
            prop_assert!(payload.is(&bytes));
            bytes.push(0);
            prop_assert!(!payload.is(&bytes));
            bytes.pop();
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] ^= 0x10;
                prop_assert!(!payload.is(&bytes));
                bytes[at] ^= 0x10;
                bytes.pop();
                prop_assert!(!payload.is(&bytes));
            }
        }
    }

    #[test]
    fn a_seed_gives_the_words_of_splitmix64() {
        // The first words of the published generator for the seed 0.
        let bytes = Payload::Seed { seed: 0, len: 20 }.bytes();
        assert_eq!(bytes[..], hex!("afcd1d7b39a820e2 f465b9a16a9e786e 4f450980"));
    }

    #[test]
    fn text_is_printable_ascii_and_uses_all_of_it() {
        let text = Payload::Text { seed: 7, len: 10_000 }.bytes();
        assert!(text.iter().all(|byte| (b' '..=b'~').contains(byte)));
        assert!((b' '..=b'~').all(|byte| text.contains(&byte)));
    }

    #[test]
    fn a_pattern_is_repeated_and_cut() {
        assert_eq!(Payload::Fill { pattern: Bytes::from_static(b"abc"), len: 8 }.bytes(), "abcabcab");
        assert_eq!(Payload::Fill { pattern: Bytes::new(), len: 0 }.bytes(), "");
    }
}

//! Compressed messages, written in every form that DEFLATE has (RFC 1951), and some in none.
//!
//! Nothing refers to what an earlier message said, nor further back than 256 bytes, so it is legal whatever was agreed.

use bytes::Bytes;

use crate::proto::deflate::{Deflater, Direction};

/// How a message is written as DEFLATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// In one stored block.
    Stored,
    /// In stored blocks of so many bytes.
    InBlocks(usize),
    /// In one block with the fixed codes.
    Fixed,
    /// In fixed and stored blocks of so many bytes, by turns.
    Mixed(usize),
    /// The last block of content says that it is the final one (RFC 7692, section 7.2.3.4).
    Final(bool),
    /// In blocks of so many bytes, each of which says so, and others follow all the same (section 7.2.1).
    Finals(usize),
    /// As zlib does it at this level.
    Zlib(u8),
}

/// The payload of a message with this content.
pub(super) fn written(content: &[u8], how: Written) -> Bytes {
    let mut bits = Bits::default();
    match how {
        Written::Zlib(level) => {
            let mut out = Vec::new();
            let direction = Direction { context_takeover: false, window_bits: 9 };
            if let Some(mut deflater) = Deflater::new(level, direction) {
                deflater.deflate(content, &mut out);
                return out.into();
            }
        }
        Written::Stored => bits.stored(content, false),
        Written::InBlocks(size) => content.chunks(size.max(1)).for_each(|block| bits.stored(block, false)),
        Written::Fixed => bits.fixed(content, false),
        Written::Mixed(size) => {
            for (number, block) in content.chunks(size.max(1)).enumerate() {
                if number % 2 == 0 { bits.fixed(block, false) } else { bits.stored(block, false) }
            }
        }
        Written::Finals(size) => {
            for (number, block) in content.chunks(size.max(1)).enumerate() {
                if number % 2 == 0 { bits.fixed(block, true) } else { bits.stored(block, true) }
            }
        }
        Written::Final(stored) if stored => bits.stored(content, true),
        Written::Final(_) => bits.fixed(content, true),
    }
    bits.end()
}

/// Data that no compressor makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoilt {
    /// A block of the type that is reserved.
    Reserved,
    /// A stored block whose length and its complement do not agree.
    Length,
    /// A reference to what was never said.
    TooFar,
    /// A length code that is not used.
    Code,
    /// A stored block that ends too early.
    Cut,
}

/// The payload of a message that begins well and goes wrong.
pub(super) fn spoilt(content: &[u8], how: Spoilt) -> Bytes {
    let mut bits = Bits::default();
    if how != Spoilt::TooFar {
        bits.stored(content, false);
    }
    match how {
        Spoilt::Reserved => {
            bits.push(0b110, 3);
            bits.push(0, 5);
            bits.out.extend_from_slice(&[0; 8]);
        }
        Spoilt::Length => bits.out.extend_from_slice(&[0, 5, 0, 0, 0, 1, 2, 3, 4, 5]),
        Spoilt::TooFar => {
            bits.push(0b010, 3);
            // The length 3 (code 257), 32 768 bytes back (code 29 with all extra bits).
            bits.code(0b000_0001, 7);
            bits.code(29, 5);
            bits.push(0x1fff, 13);
            bits.code(0, 7);
        }
        Spoilt::Cut => {
            bits.out.extend_from_slice(&[0, 9, 0, 0xf6, 0xff, b'c', b'u', b't']);
            return bits.out.into();
        }
        Spoilt::Code => {
            bits.push(0b010, 3);
            bits.code(0b1100_0110, 8);
            bits.push(0, 16);
        }
    }
    bits.end()
}

/// Bits, the lowest of a byte first (RFC 1951, section 3.1.1).
#[derive(Default)]
struct Bits {
    out: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        self.held |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.out.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// A Huffman code, which begins with its highest bit.
    fn code(&mut self, code: u32, count: u32) {
        self.push(code.reverse_bits() >> (32 - count), count);
    }

    fn align(&mut self) {
        if self.count > 0 {
            self.push(0, 8 - self.count);
        }
    }

    fn stored(&mut self, content: &[u8], last: bool) {
        let count = content.len().div_ceil(0xffff).max(1);
        for number in 0..count {
            let part = &content[number * 0xffff..content.len().min((number + 1) * 0xffff)];
            self.push(u32::from(last && number + 1 == count), 3);
            self.align();
            let len = part.len() as u16;
            self.out.extend_from_slice(&len.to_le_bytes());
            self.out.extend_from_slice(&(!len).to_le_bytes());
            self.out.extend_from_slice(part);
        }
    }

    fn fixed(&mut self, content: &[u8], last: bool) {
        self.push(0b010 | u32::from(last), 3);
        for byte in content {
            match u32::from(*byte) {
                low @ 0..=143 => self.code(0x30 + low, 8),
                high => self.code(0x190 + high - 144, 9),
            }
        }
        self.code(0, 7);
        if last {
            // RFC 7692, section 7.2.1: it has to end at the border of a byte.
            self.align();
        }
    }

    /// The head of the empty stored block whose rest is not sent (RFC 7692, section 7.2.1).
    fn end(mut self) -> Bytes {
        self.push(0, 3);
        self.align();
        self.out.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::proto::deflate::Inflater;

    fn inflated(payload: &[u8]) -> Option<Vec<u8>> {
        let mut inflater = Inflater::new(Direction { context_takeover: false, window_bits: 9 });
        let mut out = Vec::new();
        inflater.inflate(payload, true, &mut out, 1 << 20).ok().map(|()| out)
    }

    proptest! {
        #[test]
        fn every_form_says_the_same(content in prop::collection::vec(any::<u8>(), 0..700), size in 1..300usize) {
            let forms = [
                Written::Stored, Written::InBlocks(size), Written::Fixed, Written::Mixed(size),
                Written::Final(true), Written::Final(false), Written::Finals(size), Written::Zlib(1), Written::Zlib(6),
            ];
            for form in forms {
                let said = inflated(&written(&content, form));
                prop_assert_eq!(said.as_deref(), Some(&content[..]), "{:?}", form);
            }
        }

        #[test]
        fn what_is_spoilt_says_nothing(content in prop::collection::vec(any::<u8>(), 0..100)) {
            for form in [Spoilt::Reserved, Spoilt::Length, Spoilt::TooFar, Spoilt::Code, Spoilt::Cut] {
                prop_assert_eq!(inflated(&spoilt(&content, form)), None, "{:?}", form);
            }
        }
    }

    #[test]
    fn the_examples_of_rfc_7692_are_made() {
        use hex_literal::hex;
        // Sections 7.2.3.2, 7.2.3.4 and 7.2.3.1, the last without the reference that zlib makes of it.
        assert_eq!(written(b"Hello", Written::Stored)[..], hex!("00 0500 faff 48656c6c6f 00"));
        assert_eq!(written(b"Hello", Written::Zlib(6))[..], hex!("f248cdc9c90700"));
        assert_eq!(written(b"Hello", Written::Final(false))[..], hex!("f348cdc9c9070000"));
    }
}

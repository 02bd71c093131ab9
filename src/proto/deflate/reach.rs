//! How far back a compressed message refers, without inflating it.
//!
//! An inflater sees that a reference goes too far only where it does not have the bytes: inside a message zlib has them
//! all, whatever window was agreed. So [`Reach`] walks the blocks of DEFLATE (RFC 1951) and looks at the distances. It
//! takes a few kilobytes, whatever comes; how the bytes are cut changes nothing. What is not DEFLATE is walked up to
//! there and no further: that it is not, the inflater says.

use super::codes::{Code, Step};

/// Walks the compressed messages of one direction.
///
/// ```
/// use wslab::proto::deflate::{Reach, Reached};
///
/// // The second "Hello" of section 7.2.3.2 of RFC 7692: an H, and four bytes from five bytes back.
/// let mut reach = Reach::new();
/// reach.walk(&[0xf2, 0x00, 0x11, 0x00, 0x00]);
/// assert_eq!(reach.finish(), Reached { distance: 5, before: 4 });
/// ```
#[derive(Debug, Default)]
pub struct Reach {
    state: State,
    reached: Reached,
    /// Bytes that the message has come to so far.
    made: u64,
    /// Bits of a number that is being read, the least significant first, and how many there are.
    number: u32,
    bits: u8,
    /// How far into a code we are.
    step: Step,
    /// The block says that it is the last.
    last: bool,
    /// What the lengths of the block's codes are, as far as they were read.
    lengths: Vec<u8>,
    literals: Code,
    distances: Code,
}

/// How far back a message refers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// The longest distance of a reference in bytes; 0 if there is none. It must not be longer than the window that was
    /// agreed (RFC 7692, section 7.1.2).
    pub distance: u32,
    /// How many bytes before its own start the message refers to. It must not refer to any without context takeover
    /// (RFC 7692, section 7.1.1).
    pub before: u32,
}

/// What comes next.
#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// BFINAL and BTYPE.
    #[default]
    Block,
    /// LEN and NLEN, from the next byte on.
    StoredLength,
    /// So many bytes as they are.
    Stored(u32),
    /// HLIT, HDIST and HCLEN.
    Counts,
    /// The lengths of the codes for code lengths, this one first.
    LengthCodes { literals: u16, all: u16, codes: u8 },
    /// Lengths of the codes of literals and distances.
    Lengths { literals: u16, all: u16 },
    /// How often a length is repeated.
    Repeat { literals: u16, all: u16, symbol: u16 },
    /// A literal, a length, or the end of the block.
    Symbol,
    /// The extra bits of a length.
    Length(u16),
    /// A distance, behind a length of so many bytes.
    Distance(u32),
    /// Its extra bits.
    DistanceBits { length: u32, symbol: u16 },
    /// It is not DEFLATE.
    Lost,
}

/// The order in which the lengths of the codes for code lengths come (RFC 1951, section 3.2.7).
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The symbol that ends a block, and the first that is a length.
const END: u16 = 256;
const FIRST_LENGTH: u16 = 257;

/// The most literal and length codes of a block.
const LITERALS: u16 = 286;

impl Reach {
    /// At the start of a message.
    pub fn new() -> Self {
        Self::default()
    }

    /// Walks the next bytes of a message.
    pub fn walk(&mut self, mut compressed: &[u8]) {
        while let Some((&byte, rest)) = compressed.split_first() {
            match self.state {
                State::Lost => return,
                State::Stored(left) => {
                    let size = compressed.len().min(left as usize);
                    self.made += size as u64;
                    self.state = State::Stored(left - size as u32);
                    compressed = &compressed[size..];
                    if left as usize == size {
                        self.end_block();
                    }
                    continue;
                }
                _ => {}
            }
            for at in 0..8 {
                self.bit(byte >> at & 1);
                if self.at_byte() {
                    break;
                }
            }
            compressed = rest;
        }
    }

    /// What the message reached so far.
    pub const fn reached(&self) -> Reached {
        self.reached
    }

    /// The message is complete: says what it reached, and is at the start of the next.
    pub fn finish(&mut self) -> Reached {
        let reached = std::mem::take(&mut self.reached);
        (self.state, self.made, self.number, self.bits) = (State::Block, 0, 0, 0);
        self.last = false;
        self.step = Step::default();
        reached
    }

    /// Whether the rest of the byte says nothing: behind the header of a stored block, and behind a last block.
    const fn at_byte(&self) -> bool {
        match self.state {
            State::Lost => true,
            State::StoredLength => self.bits == 0,
            State::Block => self.bits == 0 && self.last,
            _ => false,
        }
    }

    fn bit(&mut self, bit: u8) {
        match self.state {
            State::Block => {
                if let Some(header) = self.take(bit, 3) {
                    self.last = header & 1 == 1;
                    self.begin_block(header >> 1);
                }
            }
            State::StoredLength => {
                if let Some(lengths) = self.take(bit, 32) {
                    let (len, inverse) = (lengths & 0xffff, lengths >> 16);
                    self.state = if len == !inverse & 0xffff { State::Stored(len) } else { State::Lost };
                    if matches!(self.state, State::Stored(0)) {
                        self.end_block();
                    }
                }
            }
            State::Counts => {
                if let Some(counts) = self.take(bit, 14) {
                    let literals = (counts & 31) as u16 + FIRST_LENGTH;
                    let all = literals + (counts >> 5 & 31) as u16 + 1;
                    let codes = (counts >> 10) as u8 + 4;
                    self.lengths.clear();
                    self.state = State::LengthCodes { literals, all, codes };
                    if literals > LITERALS {
                        self.state = State::Lost;
                    }
                }
            }
            State::LengthCodes { literals, all, codes } => {
                if let Some(length) = self.take(bit, 3) {
                    self.lengths.push(length as u8);
                    if self.lengths.len() == usize::from(codes) {
                        let mut lengths = [0; 19];
                        ORDER.iter().zip(&self.lengths).for_each(|(symbol, length)| lengths[*symbol] = *length);
                        self.lengths.clear();
                        self.state = State::Lengths { literals, all };
                        self.literals = self.code(&lengths);
                    }
                }
            }
            State::Lengths { literals, all } => match self.step.symbol(&self.literals, bit) {
                Some(Ok(length @ 0..16)) => {
                    self.lengths.push(length as u8);
                    self.end_lengths(literals, all);
                }
                Some(Ok(symbol)) => self.state = State::Repeat { literals, all, symbol },
                Some(Err(_)) => self.state = State::Lost,
                None => {}
            },
            State::Repeat { literals, all, symbol } => {
                let (bits, least) = match symbol {
                    16 => (2, 3),
                    17 => (3, 3),
                    _ => (7, 11),
                };
                if let Some(times) = self.take(bit, bits) {
                    let length = if symbol == 16 { self.lengths.last().copied() } else { Some(0) };
                    let end = self.lengths.len() + times as usize + least;
                    match length.filter(|_| end <= usize::from(all)) {
                        Some(length) => {
                            self.lengths.resize(end, length);
                            self.state = State::Lengths { literals, all };
                            self.end_lengths(literals, all);
                        }
                        None => self.state = State::Lost,
                    }
                }
            }
            State::Symbol => match self.step.symbol(&self.literals, bit) {
                Some(Ok(0..END)) => self.made += 1,
                Some(Ok(END)) => self.end_block(),
                Some(Ok(symbol)) if symbol < LITERALS => match length(symbol) {
                    (length, 0) => self.state = State::Distance(length),
                    _ => self.state = State::Length(symbol),
                },
                Some(_) => self.state = State::Lost,
                None => {}
            },
            State::Length(symbol) => {
                let (base, bits) = length(symbol);
                if let Some(extra) = self.take(bit, bits) {
                    self.state = State::Distance(base + extra);
                }
            }
            State::Distance(length) => match self.step.symbol(&self.distances, bit) {
                Some(Ok(symbol @ 0..30)) => match distance(symbol) {
                    (distance, 0) => self.refer(distance, length),
                    _ => self.state = State::DistanceBits { length, symbol },
                },
                Some(_) => self.state = State::Lost,
                None => {}
            },
            State::DistanceBits { length, symbol } => {
                let (base, bits) = distance(symbol);
                if let Some(extra) = self.take(bit, bits) {
                    self.refer(base + extra, length);
                }
            }
            State::Stored(_) | State::Lost => {}
        }
    }

    /// Takes a bit of a number of so many.
    fn take(&mut self, bit: u8, bits: u8) -> Option<u32> {
        self.number |= u32::from(bit) << self.bits;
        self.bits += 1;
        if self.bits < bits {
            return None;
        }
        self.bits = 0;
        Some(std::mem::take(&mut self.number))
    }

    fn begin_block(&mut self, kind: u32) {
        self.state = match kind {
            0 => State::StoredLength,
            1 => {
                (self.literals, self.distances) = Code::fixed();
                State::Symbol
            }
            2 => State::Counts,
            _ => State::Lost,
        };
    }

    /// The lengths of all codes of a block may be there.
    fn end_lengths(&mut self, literals: u16, all: u16) {
        if self.lengths.len() < usize::from(all) {
            return;
        }
        let lengths = std::mem::take(&mut self.lengths);
        let (literals, distances) = lengths.split_at(usize::from(literals));
        self.state = State::Symbol;
        self.literals = self.code(literals);
        self.distances = self.code(distances);
    }

    /// The code of these lengths. If there can be none, it is not DEFLATE.
    fn code(&mut self, lengths: &[u8]) -> Code {
        Code::of(lengths).unwrap_or_else(|| {
            self.state = State::Lost;
            Code::default()
        })
    }

    fn refer(&mut self, distance: u32, length: u32) {
        let before = u64::from(distance).saturating_sub(self.made) as u32;
        self.reached.distance = self.reached.distance.max(distance);
        self.reached.before = self.reached.before.max(before);
        self.made += u64::from(length);
        self.state = State::Symbol;
    }

    const fn end_block(&mut self) {
        self.state = State::Block;
    }
}

/// The least length of a symbol, and how many extra bits follow (RFC 1951, section 3.2.5).
const fn length(symbol: u16) -> (u32, u8) {
    let index = (symbol - FIRST_LENGTH) as u32;
    match index {
        0..8 => (index + 3, 0),
        28.. => (258, 0),
        _ => {
            let bits = index / 4 - 1;
            (((index % 4 + 4) << bits) + 3, bits as u8)
        }
    }
}

/// The same of a distance.
const fn distance(symbol: u16) -> (u32, u8) {
    let index = symbol as u32;
    if index < 4 {
        return (index + 1, 0);
    }
    let bits = index / 2 - 1;
    (((index % 2 + 2) << bits) + 1, bits as u8)
}

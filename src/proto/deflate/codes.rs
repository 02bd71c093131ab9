//! The Huffman codes of DEFLATE (RFC 1951, section 3.2.2), read bit by bit.

/// The most bits of a code.
const MOST: usize = 15;

/// A code: which symbol a sequence of bits stands for.
#[derive(Clone, Debug, Default)]
pub(super) struct Code {
    /// How many codes there are of each length.
    counts: [u16; MOST + 1],
    /// The symbols, those of the shortest codes first.
    symbols: Vec<u16>,
}

/// No symbol has these bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoSymbol;

/// How far into a code we are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step {
    length: usize,
    /// The bits so far as a number, less the first code of their length.
    offset: u16,
    /// The symbols of all shorter codes.
    index: u16,
}

impl Code {
    /// The code whose symbols have codes of these lengths, 0 for none. `None` if there would be more codes than there can
    /// be.
    pub(super) fn of(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0; MOST + 1];
        lengths.iter().for_each(|length| counts[usize::from(*length)] += 1);
        counts[0] = 0;
        let left = counts[1..].iter().try_fold(1_u32, |left, count| (left * 2).checked_sub(u32::from(*count)));
        left?;
        let mut symbols: Vec<u16> =
            (0..).zip(lengths).filter(|(_, length)| **length > 0).map(|(symbol, _)| symbol).collect();
        symbols.sort_by_key(|symbol| lengths[usize::from(*symbol)]);
        Some(Self { counts, symbols })
    }

    /// The codes of literals and distances that need no description (section 3.2.6).
    pub(super) fn fixed() -> (Self, Self) {
        let mut lengths = [8; 288];
        lengths[144..256].fill(9);
        lengths[256..280].fill(7);
        (Self::of(&lengths).unwrap_or_default(), Self::of(&[5; 32]).unwrap_or_default())
    }
}

impl Step {
    /// Takes a bit. Gives the symbol when its code is complete.
    pub(super) fn symbol(&mut self, code: &Code, bit: u8) -> Option<Result<u16, NoSymbol>> {
        self.length += 1;
        self.offset = self.offset * 2 + u16::from(bit);
        let count = code.counts[self.length];
        if self.offset < count {
            let index = usize::from(self.index + self.offset);
            *self = Self::default();
            return Some(code.symbols.get(index).copied().ok_or(NoSymbol));
        }
        self.offset -= count;
        self.index += count;
        if self.length < MOST {
            return None;
        }
        *self = Self::default();
        Some(Err(NoSymbol))
    }
}

//! What was told last, to notice that it comes again with other bytes.

use xxhash_rust::xxh3::xxh3_64;

/// How many stretches are remembered.
const STRETCHES: usize = 32;

/// The last stretches that were told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Grows with use: most connections are short.
    stretches: Vec<Stretch>,
    oldest: u8,
}

#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// The lower half of its place.
    at: u32,
    length: u32,
    hash: u32,
}

#[inline]
fn hash(bytes: &[u8]) -> u32 {
    xxh3_64(bytes) as u32
}

impl Told {
    /// These bytes are being told.
    #[inline]
    pub(super) fn remember(&mut self, at: u64, bytes: &[u8]) {
        let Ok(length) = u32::try_from(bytes.len()) else { return };
        let stretch = Stretch { at: at as u32, length, hash: hash(bytes) };
        if self.stretches.len() < STRETCHES {
            self.stretches.push(stretch);
        } else {
            self.stretches[usize::from(self.oldest)] = stretch;
            self.oldest = (self.oldest + 1) % STRETCHES as u8;
        }
    }

    /// Where bytes that come again differ, from where they begin, and how long the compared stretch is.
    pub(super) fn differing<'a>(&'a self, at: u64, bytes: &'a [u8]) -> impl Iterator<Item = (u64, u64)> + 'a {
        self.stretches.iter().filter_map(move |stretch| {
            let begin = stretch.at.wrapping_sub(at as u32) as usize;
            let again = bytes.get(begin..begin.checked_add(stretch.length as usize)?)?;
            (hash(again) != stretch.hash).then_some((at + begin as u64, u64::from(stretch.length)))
        })
    }

    /// Nothing more will be compared.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

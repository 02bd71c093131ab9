//! Whether the masking keys of a client can be foretold (RFC 6455, sections 5.3 and 10.3).

use std::collections::VecDeque;

/// A key is held against so many before it. Random keys repeat among these once in sixty million frames.
const RECENT: usize = 64;

/// All bits of so many random keys are set once and clear once, but for once in 2^58 times.
const MANY: usize = RECENT;

/// After so many steps of the same size keys count as counted up, not drawn.
const STEPS: u32 = 4;

/// The latest keys of a client.
#[derive(Debug, Default)]
pub(super) struct Keys {
    recent: VecDeque<u32>,
    step: Option<u32>,
    steps: u32,
}

impl Keys {
    /// Takes the next key. Gives whether it could have been foretold from those before.
    pub(super) fn take(&mut self, key: [u8; 4]) -> bool {
        let key = u32::from_be_bytes(key);
        let repeated = self.recent.contains(&key);
        let step = self.recent.back().map(|last| key.wrapping_sub(*last));
        // Counted up in the other byte order, a key moves by multiples of 2^24.
        self.steps = if step.is_some() && step == self.step { self.steps + 1 } else { 0 };
        self.step = step;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(key);
        repeated || self.steps >= STEPS || self.has_dead_bits()
    }

    /// Whether a bit is the same in all of many keys, as with a generator of 31 bits.
    fn has_dead_bits(&self) -> bool {
        let (set, clear) = self.recent.iter().fold((0, 0), |(set, clear), key| (set | key, clear | !key));
        self.recent.len() >= MANY && set & clear != u32::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foretold(keys: impl IntoIterator<Item = u32>) -> bool {
        let mut seen = Keys::default();
        keys.into_iter().any(|key| seen.take(key.to_be_bytes()))
    }

    /// The outputs of xorshift32.
    fn drawn() -> impl Iterator<Item = u32> {
        let mut state = 2_463_534_242_u32;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        })
    }

    #[test]
    fn keys_that_are_drawn_cannot_be_foretold() {
        assert!(!foretold(drawn().take(1000)));
    }

    #[test]
    fn keys_that_are_constant_alternate_or_count_can() {
        assert!(foretold([7, 7]));
        assert!(foretold([1, 9, 1]));
        assert!(foretold((0..10).map(|n| n * 3)));
        assert!(foretold((0..10_u32).map(u32::swap_bytes)));
        assert!(!foretold([1, 2, 3, 9]));
    }

    #[test]
    fn keys_with_a_bit_that_never_changes_can() {
        assert!(foretold(drawn().map(|key| key & 0x7fff_ffff).take(64)));
        assert!(foretold(drawn().map(|key| key | 0x0000_0100).take(64)));
        assert!(!foretold(drawn().map(|key| key & 0x7fff_ffff).take(63)), "of few keys that may be chance");
    }
}

//! Chance out of a seed: the same numbers on every machine.

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Dice(u64);

impl Dice {
    /// What `seed` leads to.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not zero.
    pub const fn below(&mut self, bound: usize) -> usize {
        // Less than even by a part in 2⁴⁰ at most, which nobody sees here.
        (self.number() % bound as u64) as usize
    }

    /// Whether something happens that happens once in `times`.
    pub const fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// A number from `least` to `most` whose logarithm is evenly spread.
    pub fn log_uniform(&mut self, least: usize, most: usize) -> usize {
        let share = (self.number() >> 11) as f64 / (1_u64 << 53) as f64;
        let figure = least as f64 * (most as f64 / least as f64).powf(share);
        (figure.round() as usize).clamp(least, most)
    }

    /// A masking key.
    pub const fn key(&mut self) -> [u8; 4] {
        (self.number() as u32).to_le_bytes()
    }

    /// Appends `count` bytes.
    pub fn bytes(&mut self, count: usize, out: &mut Vec<u8>) {
        let end = out.len() + count;
        while out.len() < end {
            out.extend_from_slice(&self.number().to_le_bytes());
        }
        out.truncate(end);
    }
}

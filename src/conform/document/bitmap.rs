//! Hills in fog, as a BMP file: soft shapes of several sizes, and the grain of a film.

use super::dice::Dice;

/// Bytes: the headers, a palette of 256 greys, the points.
pub(super) const SIZE: usize = HEADERS + 1024 + SIDE * SIDE;

const HEADERS: usize = 14 + 40;
const SIDE: usize = 512;

pub(super) fn make() -> Vec<u8> {
    let mut out = Vec::with_capacity(SIZE);
    out.extend_from_slice(b"BM");
    let header = [SIZE as u32, 0, (HEADERS + 1024) as u32, 40, SIDE as u32, SIDE as u32, 8 << 16 | 1];
    let rest = [0, (SIDE * SIDE) as u32, 2835, 2835, 256, 0];
    out.extend(header.iter().chain(&rest).flat_map(|word| word.to_le_bytes()));
    out.extend((0..=255).flat_map(|grey| [grey, grey, grey, 0]));

    let mut dice = Dice::new(122);
    let octaves: Vec<_> = [(7, 96), (6, 56), (5, 26), (4, 12), (3, 6)]
        .into_iter()
        .map(|(bits, height)| Octave::new(bits, height, &mut dice))
        .collect();
    for y in 0..SIDE {
        for x in 0..SIDE {
            let shade: i32 = octaves.iter().map(|octave| octave.at(x, y)).sum();
            // The sum of two is more often small than large, as grain is. The fog at the top swallows it.
            let grain = if y < SIDE * 2 / 3 { dice.below(4) + dice.below(4) } else { dice.below(2) } as i32;
            out.push((40 + shade + grain).clamp(0, 255) as u8);
        }
    }
    out
}

/// Heights at the corners of square cells, and what lies between them.
struct Octave {
    /// The side of a cell is two to the power of this.
    bits: u32,
    corners: Vec<i32>,
}

impl Octave {
    fn new(bits: u32, height: usize, dice: &mut Dice) -> Self {
        let side = (SIDE >> bits) + 1;
        Self { bits, corners: (0..side * side).map(|_| dice.below(height) as i32).collect() }
    }

    fn at(&self, x: usize, y: usize) -> i32 {
        let (bits, side) = (self.bits, (SIDE >> self.bits) + 1);
        let corner = |dx, dy| self.corners[((y >> bits) + dy) * side + (x >> bits) + dx];
        let cell = 1 << bits;
        let (fx, fy) = ((x & (cell - 1)) as i32, (y & (cell - 1)) as i32);
        let cell = cell as i32;
        let top = corner(0, 0) * (cell - fx) + corner(1, 0) * fx;
        let bottom = corner(0, 1) * (cell - fx) + corner(1, 1) * fx;
        (top * (cell - fy) + bottom * fy) >> (2 * bits)
    }
}

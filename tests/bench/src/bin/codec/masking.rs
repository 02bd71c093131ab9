//! Masking in place, against copying as many bytes.

use std::hint::black_box;

use anyhow::Result;
use soketto::base::{Codec, Header, OpCode};

use crate::{Arguments, Work, print, race, size_name};

/// Masks some bytes in place with a key.
type Mask = fn(&mut [u8], [u8; 4]);

const MASKS: &[(&str, Mask)] = &[
    ("wslab", wslab::wire::mask),
    ("nexus-web", nexus_web::ws::apply_mask),
    ("sockudo-ws", sockudo_ws::simd::apply_mask),
    ("fastwebsockets", fastwebsockets::unmask),
    ("soketto", soketto_mask),
];

const SIZES: [usize; 5] = [16, 125, 1 << 10, 16 << 10, 64 << 10];

/// Where a payload begins in a buffer: behind a head, so hardly ever aligned.
const AT: usize = 6;

fn soketto_mask(data: &mut [u8], key: [u8; 4]) {
    let mut header = Header::new(OpCode::Binary);
    header.set_masked(true).set_mask(u32::from_be_bytes(key));
    Codec::apply_mask(&header, data);
}

/// Measures and prints the table.
pub fn measure(arguments: &Arguments) -> Result<()> {
    let masks: Vec<_> = MASKS.iter().filter(|(name, _)| arguments.wants(name)).collect();
    let mut rows = vec![vec![String::new()], vec!["memcpy".to_owned()]];
    rows.extend(masks.iter().map(|(name, _)| vec![(*name).to_owned()]));
    for size in arguments.sizes(&SIZES) {
        rows[0].push(size_name(size));
        let mut works = vec![copying(size)];
        works.extend(masks.iter().map(|(_, mask)| masking(*mask, size)));
        let rates = race(arguments, &mut works)?;
        for (row, rate) in rows[1..].iter_mut().zip(&rates) {
            row.push(format!("{:.1} GB/s (×{:.2})", rate / 1e9, rate / rates[0]));
        }
    }
    print(&rows);
    Ok(())
}

/// How often the bytes are gone over between two looks at the clock.
fn times(size: usize) -> usize {
    (256 << 10) / size
}

fn copying(size: usize) -> Work<'static> {
    // Places that differ in a page only by a little would make copying seem slow.
    const APART: usize = 2048;
    let (from, mut to) = (vec![1; AT + size], vec![0; APART + AT + size]);
    Box::new(move || {
        for _ in 0..times(size) {
            black_box(&mut to[APART + AT..]).copy_from_slice(black_box(&from[AT..]));
        }
        Ok((times(size) * size) as u64)
    })
}

fn masking(mask: Mask, size: usize) -> Work<'static> {
    let mut data = vec![1; AT + size];
    let key = [0x37, 0xfa, 0x21, 0x3d];
    Box::new(move || {
        for _ in 0..times(size) {
            mask(black_box(&mut data[AT..]), black_box(key));
        }
        Ok((times(size) * size) as u64)
    })
}

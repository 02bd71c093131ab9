//! Any bytes as blocks of a pcapng file, behind a section header if they do not begin with one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wslab_fuzz::read;

const LITTLE: &[u8] = b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0";
const BIG: &[u8] = b"\x0a\x0d\x0d\x0a\0\0\0\x1c\x1a\x2b\x3c\x4d\0\x01\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\x1c";
/// An interface of Ethernet.
const LITTLE_ETHERNET: &[u8] = b"\x01\0\0\0\x14\0\0\0\x01\0\0\0\0\0\0\0\x14\0\0\0";

fuzz_target!(|blocks: &[u8]| {
    if blocks.starts_with(&LITTLE[..4]) {
        return read(blocks);
    }
    match blocks.len() % 3 {
        0 => read(&[LITTLE, blocks].concat()),
        1 => read(&[BIG, blocks].concat()),
        _ => read(&[LITTLE, LITTLE_ETHERNET, blocks].concat()),
    }
});

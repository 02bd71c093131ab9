//! What holds for any bytes, however they come.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use wslab::capture::source::{Merge, Reader};

use super::source_built::{BOTH, Got, MICRO, MODIFIED, NANO, Order, Pcap, Pcapng, Pieces, all, read, read_from};
use super::source_packed::{gzip, zstandard};

/// A file of every kind of record and block, small.
fn samples() -> Vec<Vec<u8>> {
    let mut samples = Vec::new();
    for order in BOTH {
        for magic in [MICRO, NANO, MODIFIED] {
            let file = Pcap::new(order, magic, 1).packet(1, 2, b"first").record(3, 4, 2, 9, b"se").packet(5, 6, b"");
            samples.push(file.bytes);
        }
        let other = if order == Order::Big { Order::Little } else { Order::Big };
        let file = Pcapng::new(order)
            .secrets(0x544c_534b, b"CLIENT_RANDOM")
            .interface(1, 8, &[(2, b"eth0"), (9, &[9]), (14, &[0; 8])])
            .packet(0, 1 << 40, b"first")
            .enhanced(0, 2 << 40, 3, 9, b"sec", &[(1, b"a comment")])
            .block(4, b"names")
            .old_packet(0, 3 << 40, b"third")
            .simple(12, b"12345678")
            .block(0xbad, b"custom")
            .section(other)
            .interface(101, 0, &[(9, &[0x80 | 20])])
            .packet(0, 4 << 40, b"fourth");
        samples.push(file.bytes);
    }
    samples
}

fn sample() -> impl Strategy<Value = Vec<u8>> {
    proptest::sample::select(samples())
}

/// Gives as many bytes at once as it is told, with interruptions between, and remembers the most room it was given.
struct Chopped {
    pieces: VecDeque<Vec<u8>>,
    interrupt: bool,
    room: Arc<AtomicUsize>,
}

impl Read for Chopped {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.room.fetch_max(to.len(), Ordering::Relaxed);
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let Some(mut piece) = self.pieces.pop_front() else { return Ok(0) };
        let count = piece.len().min(to.len());
        to[..count].copy_from_slice(&piece[..count]);
        if count < piece.len() {
            self.pieces.push_front(piece.split_off(count));
        }
        Ok(count)
    }
}

fn chopped(mut bytes: &[u8], sizes: &[usize]) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut sizes = sizes.iter().cycle();
    while !bytes.is_empty() {
        let size = sizes.next().map_or(1, |size| *size).clamp(1, bytes.len());
        let (piece, rest) = bytes.split_at(size);
        pieces.push(piece.to_vec());
        bytes = rest;
    }
    pieces
}

fn errors(got: &[Got]) -> usize {
    got.iter().filter(|got| matches!(got, Got::Error(_))).count()
}

/// Whatever it is, reading ends, there is one error at most, at the end, and nothing is made up.
fn holds(bytes: &[u8]) {
    let room = Arc::<AtomicUsize>::default();
    let from = Chopped { pieces: chopped(bytes, &[4096]).into(), interrupt: false, room: Arc::clone(&room) };
    let got = read_from(from);
    // A byte of gzip or Zstandard can stand for many.
    let is_packed = bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    let most = if is_packed { 1 << 20 } else { bytes.len() };
    let data: usize = got.iter().map(|got| if let Got::Packet(.., data) = got { data.len() } else { 0 }).sum();
    assert!(data <= most);
    assert!(got.len() <= most / 12 + 1);
    assert!(errors(&got) <= 1);
    assert!(errors(&got[..got.len().saturating_sub(1)]) == 0);
    assert!(room.load(Ordering::Relaxed) <= 1 << 20, "no length that is claimed makes it take memory");
    // In a merge the same packets come, but in another order.
    if let Ok(reader) = Reader::new("file", io::Cursor::new(bytes.to_vec())) {
        let empty = Reader::new("empty", io::Cursor::new(Pcap::plain().bytes)).unwrap();
        assert_eq!(all(&mut Merge::new(vec![reader, empty])).len(), got.len());
    }
}

proptest! {
    #[test]
    fn any_bytes_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        holds(&bytes);
    }

    #[test]
    fn any_bytes_behind_a_header_can_be_read(
        header in proptest::sample::select(vec![
            Pcap::plain().bytes,
            Pcap::new(Order::Big, NANO, 1).bytes,
            Pcap::new(Order::Big, MODIFIED, 1).bytes,
            Pcapng::new(Order::Big).bytes,
            Pcapng::plain().bytes,
            Pcapng::plain().packet(0, 1, b"x").bytes,
            b"\x1f\x8b\x08\0\0\0\0\0\0\0".to_vec(),
            b"\x28\xb5\x2f\xfd".to_vec(),
        ]),
        bytes in proptest::collection::vec(prop_oneof![3 => Just(0), 1 => 0..8_u8, 1 => any::<u8>()], 0..600),
    ) {
        holds(&[header, bytes].concat());
    }

    #[test]
    fn blocks_of_any_type_and_length_can_be_read(
        blocks in proptest::collection::vec(
            (prop_oneof![0..12_u32, Just(0x0a0d_0d0a), any::<u32>()], prop_oneof![Just(None), (0..80_u32).prop_map(Some)],
             proptest::collection::vec(prop_oneof![2 => Just(0), 1 => 0..9_u8, 1 => any::<u8>()], 0..60)),
            0..8,
        ),
    ) {
        let mut file = Pcapng::plain();
        for (kind, length, body) in blocks {
            let right = body.len().next_multiple_of(4) as u32 + 12;
            let length = length.unwrap_or(right);
            file = file.framed(kind, length, &body, length);
        }
        holds(&file.bytes);
    }

    #[test]
    fn any_bytes_can_be_wrong(file in sample(), wrong in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..5)) {
        let mut file = file;
        for (at, byte) in wrong {
            let at = at % file.len();
            file[at] = byte;
        }
        holds(&file);
        holds(&gzip(&file));
    }

    #[test]
    fn packed_bytes_can_be_wrong(
        file in sample(),
        zstd in any::<bool>(),
        at in any::<usize>(),
        byte in any::<u8>(),
    ) {
        let mut packed = if zstd { zstandard(&file) } else { gzip(&file) };
        let at = at % packed.len();
        packed[at] = byte;
        holds(&packed);
    }

    #[test]
    fn how_bytes_come_changes_nothing(
        file in sample(),
        packing in 0..3,
        sizes in proptest::collection::vec(1..40_usize, 1..20),
    ) {
        let expected = read(&file);
        prop_assert_eq!(errors(&expected), 0);
        prop_assert!(expected.len() >= 3);
        let packed = match packing {
            0 => file,
            1 => gzip(&file),
            _ => zstandard(&file),
        };
        let from = Chopped { pieces: chopped(&packed, &sizes).into(), interrupt: false, room: Arc::default() };
        prop_assert_eq!(read_from(from), expected);
    }
}

#[test]
fn a_file_that_is_cut_anywhere_ends_in_one_error() {
    for file in samples() {
        let whole = read(&file);
        assert_eq!(errors(&whole), 0);
        for packed in [file.clone(), gzip(&file), zstandard(&file)] {
            let mut without_error = 0;
            for size in 0..packed.len() {
                let mut got = read(&packed[..size]);
                assert!(errors(&got) <= 1);
                match got.pop() {
                    Some(Got::Error(_)) => {}
                    Some(last) => {
                        without_error += 1;
                        got.push(last);
                    }
                    None => without_error += 1,
                }
                assert_eq!(got, whole[..got.len()], "at {size}");
            }
            // Only between records and blocks nothing is missing.
            let borders = if packed == file { 11 } else { 0 };
            assert!(without_error <= borders, "{without_error} of {}", packed.len());
        }
    }
}

#[test]
fn blocks_that_are_skipped_take_no_memory() {
    const SIZE: usize = 64 << 20;
    let begin = Pcapng::plain().packet(0, 1, b"first");
    let head = [5_u32.to_le_bytes(), (SIZE as u32 + 12).to_le_bytes()].concat();
    let tail = (SIZE as u32 + 12).to_le_bytes();
    let room = Arc::<AtomicUsize>::default();
    let small = |pieces: Vec<Vec<u8>>| Chopped { pieces: pieces.into(), interrupt: false, room: Arc::clone(&room) };
    let from = small(vec![begin.bytes, head])
        .chain(io::repeat(0).take(SIZE as u64))
        .chain(small(vec![tail.to_vec(), Pcapng::plain().packet(0, 2, b"second").bytes]));
    assert_eq!(read_from(from).len(), 2);
    assert!(room.load(Ordering::Relaxed) <= 1 << 20);
}

#[test]
fn a_length_that_is_claimed_takes_no_memory() {
    let claims = [
        Pcap::plain().record(1, 0, 250 << 20, 250 << 20, &[1; 600_000]).bytes,
        Pcapng::plain().framed(6, 250 << 20, &[1; 600_000], 0).bytes,
        Pcapng::plain().framed(1, 250 << 20, &[1; 600_000], 0).bytes,
        Pcapng::plain().framed(0x0a, 250 << 20, &[1; 600_000], 0).bytes,
    ];
    claims.iter().for_each(|bytes| holds(bytes));
}

#[test]
fn bytes_may_come_one_at_a_time() {
    for file in samples() {
        assert_eq!(read_from(Pieces::new(file.iter().map(|byte| vec![*byte]))), read(&file));
    }
}

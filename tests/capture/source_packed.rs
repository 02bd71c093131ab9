//! Captures that are packed, or still being written, are read.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use flate2::Compression;
use flate2::write::GzEncoder;
use wslab::capture::source::{Item, Reader, Source, SourceError};

use super::source_built::{Got, Pcap, Pcapng, Pieces, error, read, read_from, whole};

const SECOND: i64 = 1_000_000_000;

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstandard(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

fn sample() -> Pcap {
    (1..=40).fold(Pcap::plain(), |file, n| file.packet(n, 0, &vec![n as u8; 10 * n as usize]))
}

fn expected() -> Vec<Got> {
    (1..=40).map(|n| whole(i64::from(n) * SECOND, &vec![n as u8; 10 * n as usize])).collect()
}

#[test]
fn packing_is_told_from_the_bytes() {
    assert_eq!(read(&gzip(&sample().bytes)), expected());
    assert_eq!(read(&zstandard(&sample().bytes)), expected());
    let pcapng = Pcapng::plain().packet(0, 1, b"x");
    assert_eq!(read(&gzip(&pcapng.bytes)), [whole(1000, b"x")]);
    assert_eq!(read(&zstandard(&pcapng.bytes)), [whole(1000, b"x")]);
}

#[test]
fn several_members_and_frames_are_one_capture() {
    let file = sample().bytes;
    for pack in [gzip, zstandard] {
        // The first part ends in the header of the file.
        let parts = [&file[..3], &file[3..1000], &file[1000..1000], &file[1000..]];
        let packed: Vec<u8> = parts.iter().flat_map(|part| pack(part)).collect();
        assert_eq!(read(&packed), expected());
    }
}

#[test]
fn a_frame_that_is_to_be_skipped_may_come_first() {
    let mut packed = vec![0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    packed.extend(zstandard(&sample().bytes));
    assert_eq!(read(&packed), expected());
}

#[test]
fn what_is_packed_may_come_in_pieces() {
    for pack in [gzip, zstandard] {
        let packed = pack(&sample().bytes);
        for size in [1, 2, 7, 100] {
            assert_eq!(read_from(Pieces::new(packed.chunks(size).map(<[u8]>::to_vec))), expected());
        }
    }
}

#[test]
fn what_was_packed_before_it_was_cut_off_is_read() {
    // What is random does not get smaller, so that packets are spread over what is packed.
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let packets: Vec<Vec<u8>> = (0..400).map(|_| (0..1000).map(|_| noise()).collect()).collect();
    let file = packets.iter().fold(Pcap::plain(), |file, data| file.packet(1, 0, data));
    for pack in [gzip, zstandard] {
        let packed = pack(&file.bytes);
        let got = read(&packed[..packed.len() - 10]);
        let (last, before) = got.split_last().unwrap();
        assert!(matches!(last, Got::Error(_)), "{last:?}");
        assert!(before.len() > 200, "{} packets", before.len());
        assert!(before.iter().zip(&packets).all(|(got, data)| *got == whole(SECOND, data)));
    }
}

#[test]
fn packed_data_that_are_damaged_are_told() {
    let cut = |mut packed: Vec<u8>, count: usize| {
        packed.truncate(packed.len() - count);
        packed
    };
    let file = sample().bytes;
    let mut checksum = gzip(&file);
    let at = checksum.len() - 8;
    checksum[at] ^= 1;
    let said = [
        error(&cut(gzip(&file), 4)),
        error(&checksum),
        error(b"\x1f\x8b\x07nothing"),
        error(b"\x1f\x8b"),
        error(&cut(zstandard(&file), 1)),
        error(&[&zstandard(&file)[..4], &[0xff; 20]].concat()),
        error(&gzip(&cut(file.clone(), 1))),
        error(&gzip(&gzip(&file))),
        error(&zstandard(b"{}")),
        error(&gzip(b"")),
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    file: cannot be unpacked behind byte 8864 of the unpacked data, after 40 good packets: the gzip data end too early; copy the file again, or let the program that packs it end
    file: cannot be unpacked behind byte 8864 of the unpacked data, after 40 good packets: gzip: corrupt gzip stream does not have a matching checksum; copy the file again, or let the program that packs it end
    file: cannot be unpacked behind byte 0 of the unpacked data, before any packet: gzip: invalid gzip header; copy the file again, or let the program that packs it end
    file: cannot be unpacked behind byte 0 of the unpacked data, before any packet: the gzip data end too early; copy the file again, or let the program that packs it end
    file: cannot be unpacked behind byte 0 of the unpacked data, before any packet: the Zstandard data end too early; copy the file again, or let the program that packs it end
    file: cannot be unpacked behind byte 0 of the unpacked data, before any packet: Zstandard: Unsupported frame parameter; copy the file again, or let the program that packs it end
    file: damaged at byte 8448 in what gzip packed, after 39 good packets: the file ends in the middle of a packet: 1 of 400 bytes are missing; let the capturing program end before its file is copied
    file: no capture in what gzip packed: it is packed twice; unpack it once
    file: no capture in what Zstandard packed: it is JSON; give the capture that it was made of
    file: no capture in what gzip packed: it is empty, and even a capture of no packets has a header; see whether the capturing program could begin
    ");
}

/// A packet has to be given before more is asked for than it takes: each piece after the first holds one.
fn comes_at_once(pieces: Vec<Vec<u8>>) {
    let count = pieces.len() - 1;
    let pieces = Pieces::new(pieces);
    let asked = Arc::clone(&pieces.asked);
    let mut reader = Reader::new("file", pieces).unwrap();
    for packet in 1..=count {
        assert!(matches!(reader.next(), Ok(Some(Item::Packet(_)))));
        assert_eq!(asked.load(Ordering::Relaxed), packet + 1);
    }
    // What is packed has no end yet.
    assert!(matches!(reader.next(), Ok(None) | Err(SourceError::Packed { .. })));
    assert!(matches!(reader.next(), Ok(None)));
}

#[test]
fn a_packet_is_given_as_soon_as_its_bytes_are_there() {
    let whole = (1..9).fold(Pcap::plain(), |file, n| file.packet(n, 0, b"0123456789"));
    let (header, packets) = whole.bytes.split_at(24);
    comes_at_once(std::iter::once(header).chain(packets.chunks(26)).map(<[u8]>::to_vec).collect());

    let begun = Pcapng::plain().bytes;
    let whole = (1..9).fold(Pcapng::plain(), |file, n| file.packet(0, n, b"0123456789"));
    let packets = whole.bytes[begun.len()..].chunks(44).map(<[u8]>::to_vec);
    comes_at_once(std::iter::once(begun.clone()).chain(packets).collect());
}

#[test]
fn a_packet_is_given_as_soon_as_it_can_be_unpacked() {
    let whole = (1..9).fold(Pcap::plain(), |file, n| file.packet(n, 0, b"0123456789"));
    let (header, packets) = whole.bytes.split_at(24);
    let pieces = || std::iter::once(header).chain(packets.chunks(26));

    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = pieces().map(|piece| {
        gzip.write_all(piece).unwrap();
        gzip.flush().unwrap();
        std::mem::take(gzip.get_mut())
    });
    comes_at_once(packed.collect());

    let mut zstandard = zstd::Encoder::new(Vec::new(), 1).unwrap();
    let packed = pieces().map(|piece| {
        zstandard.write_all(piece).unwrap();
        zstandard.flush().unwrap();
        std::mem::take(zstandard.get_mut())
    });
    comes_at_once(packed.collect());
}

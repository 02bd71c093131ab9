//! What cannot be read is told with its place, and what to do.

use std::io::{self, Cursor, Read};

use wslab::capture::source::{Content, Damage, Part, Reader, Source, SourceError};

use super::source_built::{Got, MICRO, Order, Pcap, Pcapng, error, read_from};

/// Two good packets.
fn good() -> Pcap {
    Pcap::plain().packet(1, 0, b"first").packet(2, 0, b"second")
}

/// Two good packets of 40 bytes each behind 52 bytes.
fn good_blocks() -> Pcapng {
    Pcapng::plain().packet(0, 1, b"first").packet(0, 2, b"second")
}

fn cut(mut bytes: Vec<u8>, count: usize) -> Vec<u8> {
    bytes.truncate(bytes.len() - count);
    bytes
}

#[test]
fn a_file_that_is_no_capture_is_told_by_what_it_looks_like() {
    let mut tar = vec![b'a'; 512];
    tar[100..257].fill(0);
    tar[257..262].copy_from_slice(b"ustar");
    let mut erf = vec![0, 0, 0, 0x80, 0x00, 0x6f, 0x75, 0x65, 2, 4, 0, 0x48, 0, 0, 0, 60];
    erf.extend([0; 0x38]);
    let files: [&[u8]; 20] = [
        b"",
        b"\n# made by a browser\nCLIENT_RANDOM 00 11\n",
        b"SERVER_HANDSHAKE_TRAFFIC_SECRET 00 11\n",
        b" {\"connection\":0}\n",
        b"<!doctype html>",
        b"12:00:00.1 IP 10.0.0.1.80 > 10.0.0.2.5000: Flags [S]\n",
        "caf\u{e9}, cut off: caf\u{e9}".as_bytes().split_last().unwrap().1,
        b"snoop\0\0\0\0\0\0\x02\0\0\0\x04",
        b"btsnoop\0\0\0\0\x01",
        b"GMBU\0\x02",
        b"RTSS\0\x02",
        &erf,
        b"\xfd7zXZ\0\0\x04",
        b"BZh91AY&SY",
        b"\x04\x22\x4d\x18\x64",
        b"PK\x03\x04\x14\0",
        &tar,
        b"\x7fELF\x02\x01\x01\0",
        b"\0",
        b"\xa1\xb2",
    ];
    let said = files.map(error);
    insta::assert_snapshot!(said.join("\n"), @"
    file: no capture: it is empty, and even a capture of no packets has a header; see whether the capturing program could begin
    file: no capture: it is a TLS key log; give it as such, beside the capture
    file: no capture: it is a TLS key log; give it as such, beside the capture
    file: no capture: it is JSON; give the capture that it was made of
    file: no capture: it is HTML or XML; if it was downloaded, see what the server says in it
    file: no capture: it is text; packets are captured by `tcpdump -w FILE`
    file: no capture: it is text; packets are captured by `tcpdump -w FILE`
    file: no capture: it is a snoop file; convert it by `editcap FILE NEW.pcapng`
    file: no capture: it is a capture of Bluetooth, which carries no WebSockets that could be read here
    file: no capture: it is a capture of Network Monitor; convert it by `editcap FILE NEW.pcapng`
    file: no capture: it is a capture of Network Monitor; convert it by `editcap FILE NEW.pcapng`
    file: no capture: it looks like an ERF file; convert it by `editcap FILE NEW.pcapng`
    file: no capture: it is packed by xz; unpack it by `xz -d`
    file: no capture: it is packed by bzip2; unpack it by `bzip2 -d`
    file: no capture: it is packed by LZ4; unpack it by `lz4 -d`
    file: no capture: it is a ZIP archive; unpack it
    file: no capture: it is a tar archive; unpack it
    file: no capture: it begins with the bytes 7f 45 4c 46, which neither pcap nor pcapng does; see whether `capinfos FILE` knows it, then convert it by `editcap FILE NEW.pcapng`
    file: no capture: it has 1 byte only; copy the file again
    file: no capture: it has 2 bytes only; copy the file again
    ");
}

#[test]
fn a_damaged_pcap_file_is_told_with_its_place() {
    let too_long = good().record(3, 0, 0xffff_ffff, 0xffff_ffff, b"");
    let long = good().record(3, 0, 256 << 20, 256 << 20, b"abc");
    let mut version = Pcap::new(Order::Big, MICRO, 1).bytes;
    version[4..8].copy_from_slice(&[0, 3, 0, 1]);
    let said = [
        error(&Pcap::plain().bytes[..10]),
        error(&version),
        error(&cut(good().packet(3, 0, b"third").bytes, 1)),
        error(&cut(good().packet(3, 0, b"third").bytes, 5 + 16 - 1)),
        error(&cut(Pcap::plain().packet(3, 0, b"third").bytes, 2)),
        error(&cut(Pcap::plain().packet(1, 0, b"x").packet(3, 0, b"third").bytes, 2)),
        error(&too_long.bytes),
        error(&long.bytes),
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    file: damaged at byte 0, before any packet: the file ends in the middle of its header: 14 of 24 bytes are missing; let the capturing program end before its file is copied
    file: damaged at byte 4, before any packet: version 3.1 of the format is not known; convert it by `editcap FILE NEW.pcapng`
    file: damaged at byte 67, after 2 good packets: the file ends in the middle of a packet: 1 of 5 bytes are missing; let the capturing program end before its file is copied
    file: damaged at byte 67, after 2 good packets: the file ends in the middle of the head of a packet: 15 of 16 bytes are missing; let the capturing program end before its file is copied
    file: damaged at byte 24, before any packet: the file ends in the middle of a packet: 2 of 5 bytes are missing; let the capturing program end before its file is copied
    file: damaged at byte 41, after 1 good packet: the file ends in the middle of a packet: 2 of 5 bytes are missing; let the capturing program end before its file is copied
    file: damaged at byte 67, after 2 good packets: a length of 4294967295 bytes cannot be right; copy the file again, or capture again
    file: damaged at byte 67, after 2 good packets: the file ends in the middle of a packet: 268435453 of 268435456 bytes are missing; let the capturing program end before its file is copied
    ");
}

#[test]
fn a_damaged_pcapng_file_is_told_with_its_place() {
    let bytes = |file: Pcapng| file.bytes;
    let mut order = good_blocks().section(Order::Little).bytes;
    let at = order.len() - 36;
    order[at..at + 4].copy_from_slice(&[1, 2, 3, 4]);
    let mut version = good_blocks().section(Order::Big).bytes;
    let at = version.len() - 31;
    version[at] = 2;
    let said = [
        error(&[0x0a, 0x0d, 0x0d, 0x0a]),
        error(&[0x0a, 0x0d, 0x0d, 0x0a, 0x1c, 0, 0, 0, 0x4d]),
        error(&cut(bytes(Pcapng::new(Order::Little)), 3)),
        error(&cut(bytes(good_blocks().packet(0, 3, b"third")), 1)),
        error(&cut(bytes(good_blocks().packet(0, 3, b"third")), 34)),
        error(&cut(bytes(good_blocks().block(5, b"12345678")), 2)),
        error(&cut(bytes(good_blocks().block(5, b"12345678")), 6)),
        error(&order),
        error(&version),
        error(&bytes(good_blocks().framed(6, 38, &[0; 28], 38))),
        error(&bytes(good_blocks().framed(6, 28, &[0; 16], 28))),
        error(&bytes(good_blocks().framed(0, 0, &[], 0))),
        error(&bytes(good_blocks().framed(6, 0xffff_fffc, &[], 0))),
        error(&bytes(good_blocks().framed(6, 32, &[0; 20], 36))),
        error(&bytes(good_blocks().framed(0xbad, 16, &[0; 4], 20))),
        error(&bytes(good_blocks().enhanced(0, 3, 9, 9, b"12345678", &[]))),
        error(&bytes(good_blocks().simple(9, b"12345678"))),
        error(&bytes(good_blocks().framed(0x0a, 20, &[0x4b, 0x53, 0x4c, 0x54, 1, 0, 0, 0], 20))),
        error(&bytes(good_blocks().packet(1, 3, b"third"))),
        error(&bytes(good_blocks().interface(1, 0, &[]).packet(7, 3, b"third"))),
        error(&bytes(Pcapng::new(Order::Big).packet(0, 3, b"third"))),
        error(&bytes(Pcapng::new(Order::Big).simple(3, b"abc"))),
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    file: damaged at byte 0, before any packet: the file ends in the middle of the head of a block: 4 of 8 bytes are missing; let the capturing program end before its file is copied
    file: damaged at byte 0, before any packet: the file ends in the middle of the head of a block: 3 of 12 bytes are missing; let the capturing program end before its file is copied
    file: damaged at byte 0, before any packet: the file ends in the middle of a block: 3 of 44 bytes are missing; let the capturing program end before its file is copied
    file: damaged at byte 144, after 2 good packets: the file ends in the middle of a packet: 1 of 40 bytes are missing; let the capturing program end before its file is copied
    file: damaged at byte 144, after 2 good packets: the file ends in the middle of the head of a block: 2 of 8 bytes are missing; let the capturing program end before its file is copied
    file: damaged at byte 144, after 2 good packets: the file ends in the middle of a block: 2 of 20 bytes are missing; let the capturing program end before its file is copied
    file: damaged at byte 144, after 2 good packets: the file ends in the middle of a block: 6 of 20 bytes are missing; let the capturing program end before its file is copied
    file: damaged at byte 144, after 2 good packets: a section has 0x01020304 where its byte order should stand; copy the file again, or capture again
    file: damaged at byte 144, after 2 good packets: version 2.0 of the format is not known; convert it by `editcap FILE NEW.pcapng`
    file: damaged at byte 144, after 2 good packets: a block has a length of 38 bytes, which is no multiple of four; copy the file again, or capture again
    file: damaged at byte 144, after 2 good packets: a block has a length of 28 bytes, but has 32 at least; copy the file again, or capture again
    file: damaged at byte 144, after 2 good packets: a block has a length of 0 bytes, but has 12 at least; copy the file again, or capture again
    file: damaged at byte 144, after 2 good packets: a length of 4294967292 bytes cannot be right; copy the file again, or capture again
    file: damaged at byte 144, after 2 good packets: a block has a length of 32 bytes at its beginning and of 36 at its end; copy the file again, or capture again
    file: damaged at byte 144, after 2 good packets: a block has a length of 16 bytes at its beginning and of 20 at its end; copy the file again, or capture again
    file: damaged at byte 144, after 2 good packets: a length of 9 bytes is given in a block that has room for 8; copy the file again, or capture again
    file: damaged at byte 144, after 2 good packets: a length of 9 bytes is given in a block that has room for 8; copy the file again, or capture again
    file: damaged at byte 144, after 2 good packets: a length of 1 bytes is given in a block that has room for 0; copy the file again, or capture again
    file: damaged at byte 144, after 2 good packets: a packet is of interface 1, but only interface 0 was described; copy the file again, or capture again
    file: damaged at byte 164, after 2 good packets: a packet is of interface 7, but only 0 to 1 were described; copy the file again, or capture again
    file: damaged at byte 44, before any packet: a packet is of interface 0, but none was described; copy the file again, or capture again
    file: damaged at byte 44, before any packet: a packet is of interface 0, but none was described; copy the file again, or capture again
    ");
}

#[test]
fn interfaces_without_number_are_refused() {
    let mut file = Pcapng::new(Order::Little);
    for _ in 0..65_536 {
        file = file.interface(1, 0, &[]);
    }
    assert!(super::source_built::read(&file.bytes).is_empty());
    insta::assert_snapshot!(error(&file.interface(1, 0, &[]).bytes), @"file: damaged at byte 1310764, before any packet: a section describes more than 65536 interfaces; copy the file again, or capture again");
}

/// Fails when its bytes are read.
struct Failing(Cursor<Vec<u8>>, io::ErrorKind);

impl Read for Failing {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self.0.read(to)? {
            0 => Err(self.1.into()),
            count => Ok(count),
        }
    }
}

#[test]
fn what_fails_while_it_is_read_is_told_behind_what_was_read() {
    let failing = |bytes: &[u8], kind| {
        let got = read_from(Failing(Cursor::new(bytes.to_vec()), kind));
        let packets = got.iter().filter(|got| matches!(got, Got::Packet(..))).count();
        match got.last() {
            Some(Got::Error(words)) => format!("{packets}, {words}"),
            other => panic!("{other:?} is no error"),
        }
    };
    let packed = super::source_packed::gzip(&good().bytes);
    let said = [
        failing(&[], io::ErrorKind::TimedOut),
        failing(&Pcap::plain().bytes[..20], io::ErrorKind::TimedOut),
        failing(&good().bytes, io::ErrorKind::ConnectionReset),
        failing(&cut(good().bytes, 1), io::ErrorKind::WouldBlock),
        failing(&good_blocks().bytes, io::ErrorKind::ConnectionReset),
        failing(&packed[..packed.len() - 8], io::ErrorKind::ConnectionReset),
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    0, file: cannot be read behind byte 0, before any packet: timed out
    0, file: cannot be read behind byte 20, before any packet: timed out
    2, file: cannot be read behind byte 67, after 2 good packets: connection reset
    1, file: cannot be read behind byte 66, after 1 good packet: operation would block
    2, file: cannot be read behind byte 144, after 2 good packets: connection reset
    2, file: cannot be unpacked behind byte 67 of the unpacked data, after 2 good packets: gzip: connection reset; copy the file again, or let the program that packs it end
    ");
}

/// The error at the end of a file.
fn at_its_end(bytes: Vec<u8>) -> SourceError {
    let mut reader = match Reader::new("file", Cursor::new(bytes)) {
        Ok(reader) => reader,
        Err(error) => return error,
    };
    loop {
        match reader.next() {
            Ok(item) => assert!(item.is_some(), "there is an error"),
            Err(error) => return error,
        }
    }
}

#[test]
fn an_error_can_be_asked_for_its_parts() {
    let error = at_its_end(cut(good().bytes, 2));
    assert_eq!((error.file(), error.offset(), error.packets()), (Some("file"), Some(45), 1));
    assert!(error.is_damage());
    let SourceError::Damaged { what, packing: None, .. } = error else { panic!("{error}") };
    assert_eq!(what, Damage::Cut { part: Part::Packet, missing: 2, of: 6 });

    let error = at_its_end(b"hello".to_vec());
    assert_eq!((error.file(), error.offset(), error.packets()), (Some("file"), None, 0));
    assert!(!error.is_damage());
    assert!(matches!(error, SourceError::NotCapture { content: Content::Text, .. }));
}

//! Several files are read as one capture.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use wslab::capture::source::{Merge, Reader, open};

use super::source_built::{Got, Order, Pcap, Pcapng, all, whole};
use super::source_packed::{gzip, zstandard};

const SECOND: i64 = 1_000_000_000;

/// Merges these; each is called after its letter.
fn merged(files: &[&[u8]]) -> Vec<Got> {
    let readers = files.iter().zip("abcdefgh".chars()).map(|(bytes, name)| {
        let bytes = bytes.to_vec();
        Reader::new(&name.to_string(), Cursor::new(bytes)).unwrap()
    });
    all(&mut Merge::new(readers.collect()))
}

/// The packets' bytes, which are letters, and an exclamation mark for an error.
fn letters(got: &[Got]) -> String {
    let letter = |got: &Got| match got {
        Got::Packet(.., data) => String::from_utf8_lossy(data).into_owned(),
        Got::Secrets(_) => "*".into(),
        Got::Error(_) => "!".into(),
    };
    got.iter().map(letter).collect()
}

fn at(packets: &[(u32, &[u8])]) -> Vec<u8> {
    packets.iter().fold(Pcap::plain(), |file, (seconds, data)| file.packet(*seconds, 0, data)).bytes
}

#[test]
fn packets_come_in_the_order_of_their_times() {
    let first = at(&[(1, b"a"), (4, b"d"), (5, b"e")]);
    let second = at(&[(2, b"b"), (3, b"c"), (9, b"g")]);
    let third = at(&[(6, b"f")]);
    assert_eq!(letters(&merged(&[&first, &second, &third])), "abcdefg");
    assert_eq!(letters(&merged(&[&third, &second, &first])), "abcdefg");
}

#[test]
fn of_packets_of_the_same_time_those_of_the_first_file_come_first() {
    let first = at(&[(1, b"a"), (2, b"b"), (2, b"c")]);
    let second = at(&[(1, b"x"), (2, b"y")]);
    assert_eq!(letters(&merged(&[&first, &second])), "axbcy");
    assert_eq!(letters(&merged(&[&second, &first])), "xaybc");
}

#[test]
fn within_a_file_the_order_is_kept_even_if_time_goes_backwards() {
    let first = at(&[(5, b"a"), (1, b"b"), (7, b"c")]);
    let second = at(&[(4, b"x"), (6, b"y"), (8, b"z")]);
    assert_eq!(letters(&merged(&[&first, &second])), "xabycz");
}

#[test]
fn a_packet_without_a_time_goes_with_the_one_before_it() {
    let microseconds = 1_000_000;
    let first = Pcapng::plain()
        .simple(1, b"a")
        .packet(0, 5 * microseconds, b"b")
        .simple(1, b"c")
        .simple(1, b"d")
        .packet(0, 7 * microseconds, b"e");
    let second = at(&[(4, b"x"), (5, b"y"), (6, b"z")]);
    assert_eq!(letters(&merged(&[&first.bytes, &second])), "axbcdyze");
    assert_eq!(letters(&merged(&[&second, &first.bytes])), "axybcdze");
}

#[test]
fn secrets_come_as_soon_as_they_are_met() {
    let tls = 0x544c_534b;
    let first =
        Pcapng::plain().secrets(tls, b"1").packet(0, 5_000_000, b"b").secrets(tls, b"2").packet(0, 9_000_000, b"d");
    let second = at(&[(1, b"a"), (6, b"c")]);
    assert_eq!(letters(&merged(&[&second, &first.bytes])), "*ab*cd");
}

#[test]
fn formats_and_link_types_may_be_mixed() {
    let first = Pcap::new(Order::Big, super::source_built::NANO, 101).packet(1, 5, b"a").packet(3, 0, b"c");
    let second = Pcapng::new(Order::Big).interface(113, 0, &[(9, &[0])]).packet(0, 2, b"b");
    assert_eq!(
        merged(&[&first.bytes, &zstandard(&second.bytes)]),
        [
            Got::Packet(Some(SECOND + 5), 101, 1, b"a".to_vec()),
            Got::Packet(Some(2 * SECOND), 113, 1, b"b".to_vec()),
            Got::Packet(Some(3 * SECOND), 101, 1, b"c".to_vec()),
        ]
    );
}

#[test]
fn files_without_packets_change_nothing() {
    let empty = Pcap::plain().bytes;
    assert_eq!(letters(&merged(&[&empty, &at(&[(1, b"a")]), &empty])), "a");
    assert_eq!(merged(&[&empty, &empty]), []);
    assert_eq!(merged(&[]), []);
}

#[test]
fn damage_of_one_file_is_told_when_the_others_are_read() {
    let mut first = at(&[(1, b"a"), (3, b"c"), (5, b"xx")]);
    first.pop();
    let second = at(&[(2, b"b"), (4, b"d"), (6, b"e")]);
    let mut third = at(&[(5, b"yy")]);
    third.truncate(third.len() - 3);
    let got = merged(&[&first, &second, &third]);
    assert_eq!(letters(&got), "abcde!!");
    let said: Vec<_> =
        got.iter().filter_map(|got| if let Got::Error(words) = got { Some(&words[..]) } else { None }).collect();
    insta::assert_snapshot!(said.join("\n"), @"
    c: damaged at byte 24, before any packet: the file ends in the middle of the head of a packet: 1 of 16 bytes are missing; let the capturing program end before its file is copied
    a: damaged at byte 58, after 2 good packets: the file ends in the middle of a packet: 1 of 2 bytes are missing; let the capturing program end before its file is copied
    ");
}

#[test]
fn what_is_lent_stays_while_it_is_read() {
    // Buffers are filled again while packets of other files are lent.
    let file = |begin: u32| {
        let packets = (0..2000).map(|n| n * 3 + begin);
        packets.fold(Pcap::plain(), |file, n| file.packet(n, 0, &vec![n as u8; 997])).bytes
    };
    let expected: Vec<_> = (0..6000_i64).map(|n| whole(n * SECOND, &vec![n as u8; 997])).collect();
    assert_eq!(merged(&[&file(2), &file(0), &file(1)]), expected);
}

/// A folder of its own for a test's files.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn files_are_opened_by_their_names() {
    let folder = folder("source_opened");
    let files = [("a.gz", at(&[(1, b"a"), (3, b"c")])), ("b", at(&[(2, b"b")]))];
    let paths: Vec<_> = files.iter().map(|(name, _)| folder.join(name)).collect();
    std::fs::write(&paths[0], gzip(&files[0].1)).unwrap();
    std::fs::write(&paths[1], &files[1].1).unwrap();
    assert_eq!(letters(&all(&mut *open(&paths).unwrap())), "abc");
    assert_eq!(letters(&all(&mut *open(&paths[..1]).unwrap())), "ac");
}

#[test]
fn what_cannot_be_opened_is_told() {
    let folder = folder("source_not_opened");
    let good = folder.join("good.pcap");
    let text = folder.join("notes.txt");
    std::fs::write(&good, at(&[(1, b"a")])).unwrap();
    std::fs::write(&text, "Tuesday: captured.").unwrap();
    let failed = |paths: &[&Path]| {
        let paths: Vec<_> = paths.iter().map(|path| path.to_path_buf()).collect();
        // Where others can be opened they are read first.
        let words = match open(&paths) {
            Err(error) => error.to_string(),
            Ok(mut source) => loop {
                match source.next() {
                    Ok(item) => assert!(item.is_some(), "it is never told"),
                    Err(error) => break error.to_string(),
                }
            },
        };
        words.replace(&format!("{}{}", folder.display(), std::path::MAIN_SEPARATOR), "")
    };
    let said = [
        failed(&[]),
        failed(&[Path::new("-"), &good, Path::new("-")]),
        failed(&[&folder.join("missing.pcap")]),
        failed(&[&good, &folder.join("missing.pcap")]),
        failed(&[&folder.join(".")]),
        failed(&[&good, &text]),
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    no capture was named: name a file, or - for standard input
    standard input (-) was named twice, but can be read only once
    missing.pcap: cannot be opened: No such file or directory (os error 2)
    missing.pcap: cannot be opened: No such file or directory (os error 2)
    .: is a folder: name the captures in it
    notes.txt: no capture: it is text; packets are captured by `tcpdump -w FILE`
    ");
}

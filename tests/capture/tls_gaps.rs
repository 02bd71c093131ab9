//! TLS with holes.

#![expect(clippy::single_range_in_vec_init, reason = "a list of holes may have one")]

use std::ops::Range;

use proptest::prelude::*;
use rustls::SupportedCipherSuite;
use rustls::crypto::aws_lc_rs::cipher_suite::{
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS13_AES_128_GCM_SHA256,
    TLS13_CHACHA20_POLY1305_SHA256,
};
use wslab::capture::End;
use wslab::capture::tls::{Tls, Trouble};

use crate::tls_pair::{CLIENT, Pair, SERVER, Setup, Tape, Told, secrets};

const SUITES: [SupportedCipherSuite; 4] = [
    TLS13_AES_128_GCM_SHA256,
    TLS13_CHACHA20_POLY1305_SHA256,
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// A connection that is open, in records, and then what the server sends, in records too.
struct Scene {
    setup: Setup,
    opening: Tape,
    records: Vec<Vec<u8>>,
    /// What is in each of the records.
    lines: Vec<Vec<u8>>,
}

impl Scene {
    /// The server sends lines of so many bytes.
    fn new(suite: SupportedCipherSuite, lengths: &[usize]) -> Self {
        let setup = Setup::of(suite);
        let mut pair = Pair::open(&setup);
        pair.say(CLIENT, b"request");
        let count = pair.so_far().records().wire.len();
        let lines: Vec<_> = lengths.iter().enumerate().map(|(at, length)| vec![at as u8; *length]).collect();
        for line in &lines {
            pair.say(SERVER, line);
        }
        let mut opening = pair.so_far().records();
        let records: Vec<_> = opening.wire.drain(count..).map(|(_, bytes)| bytes).collect();
        assert_eq!(records.len(), lines.len());
        opening.said[1].clear();
        Self { setup, opening, records, lines }
    }

    /// What is told of the server's lines if these bytes of its records are missing, and the rest comes in pieces.
    fn without(&self, missing: &[Range<usize>], size: usize) -> (Told, Tls) {
        let (mut told, mut tls, known) = (Told::default(), Tls::new(CLIENT), secrets(&self.setup.key_log()));
        for (from, bytes) in &self.opening.wire {
            tls.bytes(*from, &mut bytes.clone(), &known, &mut |plain| told.take(plain));
        }
        let wire = self.records.concat();
        let mut at = 0;
        let end = wire.len()..wire.len();
        for hole in missing.iter().chain([&end]) {
            for piece in wire[at..hole.start].chunks(size) {
                tls.bytes(SERVER, &mut piece.to_vec(), &known, &mut |plain| told.take(plain));
            }
            tls.lost(SERVER, hole.len() as u64, &known, &mut |plain| told.take(plain));
            at = hole.end;
        }
        tls.finish(&known, &mut |plain| told.take(plain));
        assert!(told.said[0] == b"request" && told.lost[0].is_empty());
        (told, tls)
    }

    /// Where in what the server sent a record begins.
    fn start(&self, record: usize) -> usize {
        self.records[..record].iter().map(Vec::len).sum()
    }

    /// Exactly the records that are whole are read, and where others were it is said that something is missing.
    #[track_caller]
    fn reads_what_is_whole(&self, missing: &[Range<usize>], size: usize) {
        let (told, _) = self.without(missing, size);
        let mut expected = Vec::new();
        let mut holes = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let record = self.start(at)..self.start(at + 1);
            if missing.iter().any(|hole| hole.start < record.end && hole.end > record.start && !hole.is_empty()) {
                holes.push(expected.len());
            } else {
                expected.extend_from_slice(line);
            }
        }
        assert!(told.said[1] == expected, "{} bytes were told, not {}", told.said[1].len(), expected.len());
        let mut said: Vec<_> = told.lost[1].iter().map(|(at, _)| *at).collect();
        said.dedup();
        holes.dedup();
        assert_eq!(said, holes);
    }
}

#[test]
fn whole_records_may_be_missing() {
    for suite in SUITES {
        let scene = Scene::new(suite, &[10; 20]);
        for first in 0..20 {
            for last in first + 1..20 {
                scene.reads_what_is_whole(&[scene.start(first)..scene.start(last)], 1000);
            }
        }
    }
}

#[test]
fn a_record_with_a_hole_is_missing_alone() {
    for suite in SUITES {
        let scene = Scene::new(suite, &[50; 4]);
        let (start, end) = (scene.start(1), scene.start(2));
        for size in [1, 7, 1000] {
            for at in start..end {
                scene.reads_what_is_whole(&[at..at + 1], size);
                scene.reads_what_is_whole(&[at..end], size);
                scene.reads_what_is_whole(&[start..at], size);
            }
        }
    }
}

#[test]
fn in_tls12_the_length_of_what_a_hole_destroys_is_known() {
    for suite in &SUITES[2..] {
        let scene = Scene::new(*suite, &[50; 4]);
        let (told, _) = scene.without(&[scene.start(1) + 10..scene.start(1) + 20], 1000);
        assert_eq!(told.lost[1], [(50, Some(50))]);
    }
}

#[test]
fn records_begin_anywhere_behind_a_hole() {
    for suite in SUITES {
        let scene = Scene::new(suite, &[5000, 300, 16_384, 1, 2000, 16_384, 10, 700]);
        let wire = scene.start(8);
        for at in (0..wire - 2000).step_by(1333) {
            scene.reads_what_is_whole(&[at..at + 1448], 1448);
        }
    }
}

#[test]
fn a_key_update_may_be_missing() {
    let setup = Setup::of(TLS13_AES_128_GCM_SHA256);
    let mut pair = Pair::open(&setup);
    pair.say(SERVER, b"before");
    let count = pair.so_far().records().wire.len();
    pair.update_keys(SERVER).say(SERVER, b"behind").say(SERVER, b"and on");
    let tape = pair.close().records();
    let (mut told, mut tls, known) = (Told::default(), Tls::new(CLIENT), secrets(&setup.key_log()));
    let mut lost = 0;
    for (at, (from, bytes)) in tape.wire.iter().enumerate() {
        if at >= count && *from == SERVER && lost == 0 {
            lost = bytes.len();
            tls.lost(SERVER, lost as u64, &known, &mut |plain| told.take(plain));
        } else {
            tls.bytes(*from, &mut bytes.clone(), &known, &mut |plain| told.take(plain));
        }
    }
    assert_eq!(told.said[1], b"beforebehindand on");
    assert_eq!(tls.trouble(), None);
}

/// What is told if a record of the handshake is missing, from these that an end sent.
fn without_record(tape: &Tape, setup: &Setup, by: End, number: usize) -> (Told, Tls) {
    let (mut told, mut tls, known) = (Told::default(), Tls::new(CLIENT), secrets(&setup.key_log()));
    let mut seen = 0;
    for (from, bytes) in &tape.wire {
        if *from == by && seen == number {
            tls.lost(by, bytes.len() as u64, &known, &mut |plain| told.take(plain));
        } else {
            tls.bytes(*from, &mut bytes.clone(), &known, &mut |plain| told.take(plain));
        }
        seen += usize::from(*from == by);
    }
    tls.finish(&known, &mut |plain| told.take(plain));
    (told, tls)
}

#[test]
fn of_the_handshake_only_the_hellos_are_indispensable() {
    for suite in SUITES {
        let setup = Setup::of(suite);
        let mut pair = Pair::open(&setup);
        let count = |tape: &Tape, by| tape.wire.iter().filter(|(from, _)| *from == by).count();
        let opening = pair.so_far().records();
        pair.say(CLIENT, b"request").say(SERVER, b"response").say(CLIENT, b"more").say(SERVER, b"and more");
        let tape = pair.close().records();
        for by in [CLIENT, SERVER] {
            for number in 0..count(&opening, by) {
                let (told, tls) = without_record(&tape, &setup, by, number);
                if number == 0 {
                    assert_eq!(told, Told::default());
                    assert_eq!(tls.trouble(), Some(&Trouble::NotCaptured));
                } else {
                    assert_eq!(tls.trouble(), None, "{suite:?} {by:?} {number}");
                    assert_eq!(told.said, tape.said, "{suite:?} {by:?} {number}");
                }
            }
        }
    }
}

#[test]
fn a_capture_that_begins_in_the_middle_cannot_be_read() {
    for suite in SUITES {
        let scene = Scene::new(suite, &[50; 4]);
        let (mut tls, known) = (Tls::new(CLIENT), secrets(&scene.setup.key_log()));
        for record in &scene.records {
            tls.bytes(SERVER, &mut record.clone(), &known, &mut |_| panic!("nothing can be read"));
        }
        assert_eq!(tls.trouble(), Some(&Trouble::NotCaptured));
    }
}

#[test]
fn a_damaged_record_is_missing_alone() {
    for suite in SUITES {
        let mut scene = Scene::new(suite, &[50; 6]);
        scene.records[2][30] ^= 1;
        scene.records[4][30] ^= 1;
        let (told, tls) = scene.without(&[], 1000);
        assert_eq!(told.said[1], [&scene.lines[0][..], &scene.lines[1], &scene.lines[3], &scene.lines[5]].concat());
        assert_eq!(told.lost[1].iter().map(|(at, _)| *at).collect::<Vec<_>>(), [100, 150]);
        assert_eq!(tls.trouble(), None);
    }
}

#[test]
fn the_end_may_be_missing() {
    for suite in SUITES {
        let scene = Scene::new(suite, &[50; 3]);
        let (told, tls) = scene.without(&[scene.start(2)..scene.start(3)], 1000);
        assert_eq!((told.said[1].len(), &told.lost[1], tls.trouble()), (100, &vec![(100, None)], None));
    }
}

#[test]
fn what_never_opens_again_is_given_up() {
    for suite in SUITES {
        let scene = Scene::new(suite, &[1000; 2]);
        let known = secrets(&scene.setup.key_log());
        let mut tls = Tls::new(CLIENT);
        for (from, bytes) in &scene.opening.wire {
            tls.bytes(*from, &mut bytes.clone(), &known, &mut |_| {});
        }
        tls.lost(SERVER, 1 << 40, &known, &mut |_| {});
        for _ in 0..5000 {
            tls.bytes(SERVER, &mut scene.records[0][6..].to_vec(), &known, &mut |_| {});
        }
        assert_eq!((tls.trouble_of(SERVER), tls.trouble_of(CLIENT)), (Some(&Trouble::Lost), None));
    }
}

#[test]
fn what_looks_like_records_everywhere_does_not_take_for_ever() {
    for suite in SUITES {
        let scene = Scene::new(suite, &[1000; 2]);
        let known = secrets(&scene.setup.key_log());
        for head in [&b"\x17\x03\x03\x40\x00"[..], b"\x17\x03\x03\x00\x20", b"\x17\x03\x03\x00\x00"] {
            let mut tls = Tls::new(CLIENT);
            for (from, bytes) in &scene.opening.wire {
                tls.bytes(*from, &mut bytes.clone(), &known, &mut |_| {});
            }
            tls.lost(SERVER, u64::MAX, &known, &mut |_| {});
            for _ in 0..1000 {
                tls.bytes(SERVER, &mut head.repeat(100), &known, &mut |_| {});
            }
            assert_eq!(tls.trouble_of(SERVER), Some(&Trouble::Lost));
        }
    }
}

#[test]
fn a_hole_among_what_waits_for_secrets_is_kept_in_mind() {
    for suite in SUITES {
        let scene = Scene::new(suite, &[50; 6]);
        let (mut told, mut tls, nothing) = (Told::default(), Tls::new(CLIENT), secrets(""));
        for (from, bytes) in &scene.opening.wire {
            tls.bytes(*from, &mut bytes.clone(), &nothing, &mut |_| panic!("nothing can be read"));
        }
        for (at, record) in scene.records.iter().enumerate() {
            if at == 3 {
                tls.lost(SERVER, record.len() as u64, &nothing, &mut |_| panic!("nothing can be read"));
            } else {
                tls.bytes(SERVER, &mut record.clone(), &nothing, &mut |_| panic!("nothing can be read"));
            }
        }
        tls.finish(&secrets(&scene.setup.key_log()), &mut |plain| told.take(plain));
        assert_eq!(told.said[1], [&scene.lines[..3].concat()[..], &scene.lines[4..].concat()].concat());
        assert_eq!(told.lost[1], [(150, None)]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn whatever_is_missing_the_rest_is_read(
        suite in prop::sample::select(&SUITES[..]),
        lengths in prop::collection::vec(prop_oneof![1_usize..40, 1_usize..2000], 2..12),
        holes in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..3000), 1..3),
        size in 1_usize..2000,
    ) {
        let scene = Scene::new(suite, &lengths);
        let wire = scene.start(lengths.len());
        let mut missing: Vec<_> = Vec::<Range<usize>>::new();
        let mut starts: Vec<_> = holes.iter().map(|(at, length)| (at.index(wire), *length)).collect();
        starts.sort_unstable();
        for (at, length) in starts {
            let at = at.max(missing.last().map_or(0, |hole| hole.end + 1));
            if at < wire {
                missing.push(at..(at + length).min(wire));
            }
        }
        scene.reads_what_is_whole(&missing, size);
    }
}

//! TLS as OpenSSL 3.0 speaks it: what rustls does not.
//!
//! `s_client` said three lines, and `s_server -rev` said each of them backwards.

use wslab::capture::tls::{Tls, Trouble};

use crate::tls_pair::{CLIENT, SERVER, Tape, Told, read};

const LINES: [&str; 3] = [
    "Hello, this is a line of some length.\n",
    "x\n",
    "and another one, which is longer, so that it has several blocks of the cipher in it.\n",
];

fn unhex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// The lines of a recording are those of a key log, and what an end sent, in hexadecimal.
fn tape(recording: &str) -> (Tape, String) {
    let (mut tape, mut key_log) = (Tape::default(), String::new());
    for line in recording.lines() {
        match line.split_once(' ').unwrap() {
            ("client", sent) => tape.wire.push((CLIENT, unhex(sent))),
            ("server", sent) => tape.wire.push((SERVER, unhex(sent))),
            _ => key_log += &format!("{line}\n"),
        }
    }
    for line in LINES {
        let backwards = line.trim_end().chars().rev().chain(['\n']).collect::<String>();
        tape.said[CLIENT.index()].extend_from_slice(line.as_bytes());
        tape.said[SERVER.index()].extend_from_slice(backwards.as_bytes());
    }
    (tape, key_log)
}

fn read_recording(recording: &str) -> (Told, Tls) {
    let (tape, key_log) = tape(recording);
    read(&tape, &key_log)
}

#[track_caller]
fn is_read(recording: &str, description: &str) {
    let (tape, key_log) = tape(recording);
    for size in [1, 1448, 60_000] {
        let (told, tls) = read(&tape.chopped(size), &key_log);
        assert_eq!((tls.description().as_deref(), tls.trouble()), (Some(description), None));
        told.is_whole(&tape);
    }
}

macro_rules! recorded {
    ($($test:ident: $description:literal;)*) => {$(
        #[test]
        fn $test() {
            is_read(include_str!(concat!("tls_recorded/", stringify!($test), ".txt")), $description);
        }
    )*};
}

recorded! {
    cbc_aes128_sha: "TLS 1.2, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA";
    cbc_aes256_sha384: "TLS 1.2, TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384";
    cbc_aes128_sha256_mac_then_encrypt: "TLS 1.2, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256";
    cbc_aes256_sha_mac_then_encrypt: "TLS 1.2, TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA";
    ccm_aes128: "TLS 1.2, TLS_ECDHE_ECDSA_WITH_AES_128_CCM";
    ccm8_aes256: "TLS 1.2, TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8";
    tls13_ccm: "TLS 1.3, TLS_AES_128_CCM_SHA256";
    tls13_ccm8: "TLS 1.3, TLS_AES_128_CCM_8_SHA256";
    tls13_padded: "TLS 1.3, TLS_AES_128_GCM_SHA256";
    renegotiated: "TLS 1.2, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
}

#[test]
fn a_damaged_record_is_missing_alone() {
    for recording in [
        include_str!("tls_recorded/cbc_aes128_sha.txt"),
        include_str!("tls_recorded/cbc_aes256_sha384.txt"),
        include_str!("tls_recorded/cbc_aes128_sha256_mac_then_encrypt.txt"),
        include_str!("tls_recorded/cbc_aes256_sha_mac_then_encrypt.txt"),
        include_str!("tls_recorded/ccm_aes128.txt"),
        include_str!("tls_recorded/ccm8_aes256.txt"),
        include_str!("tls_recorded/tls13_ccm8.txt"),
    ] {
        let (tape, key_log) = tape(recording);
        let tape = tape.records();
        let is_data = |(from, bytes): &&(_, Vec<u8>)| *from == CLIENT && bytes[0] == 23;
        // In TLS 1.3 the first is the Finished message, and each has one byte more.
        let (_, second) = tape.wire.iter().filter(is_data).nth(usize::from(recording.contains("TRAFFIC")) + 1).unwrap();
        for at in 5..second.len() {
            let mut damaged = tape.clone();
            damaged.wire.iter_mut().find(|(_, bytes)| bytes == second).unwrap().1[at] ^= 0x40;
            let (told, tls) = read(&damaged, &key_log);
            assert_eq!(told.said, [[LINES[0], LINES[2]].concat().into_bytes(), tape.said[1].clone()]);
            assert_eq!((&told.lost, tls.trouble()), (&[vec![(LINES[0].len(), None)], vec![]], None));
        }
    }
}

#[test]
fn a_suite_that_is_not_supported_is_named() {
    let (told, tls) = read_recording(include_str!("tls_recorded/camellia.txt"));
    assert_eq!(told, Told::default());
    assert_eq!(tls.trouble(), Some(&Trouble::Suite(0xc072)));
    insta::assert_snapshot!(tls.trouble().unwrap(), @"the cipher suite TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256 cannot be decrypted here");
}

#[test]
fn a_version_that_is_not_supported_is_named() {
    let (told, tls) = read_recording(include_str!("tls_recorded/tls10.txt"));
    assert_eq!(told, Told::default());
    insta::assert_snapshot!(tls.trouble().unwrap(), @"TLS 1.0 cannot be decrypted here: only TLS 1.2 and TLS 1.3 can");
}

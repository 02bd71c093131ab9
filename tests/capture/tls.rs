//! TLS, read with the secrets: versions, suites, handshakes of all kinds.

use proptest::prelude::*;
use rustls::HandshakeKind;
use rustls::crypto::aws_lc_rs::cipher_suite::{
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384,
    TLS13_CHACHA20_POLY1305_SHA256,
};
use rustls::crypto::aws_lc_rs::{ALL_CIPHER_SUITES, Ticketer, kx_group};
use wslab::capture::tls::{Secrets, Tls};

use crate::tls_pair::{CLIENT, Pair, SERVER, Setup, Tape, Told, read};

const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\nHost: example.com\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

/// A conversation with small and large writes in both directions.
fn converse(pair: &mut Pair) -> Tape {
    pair.say(CLIENT, REQUEST).say(SERVER, RESPONSE);
    pair.say(CLIENT, &vec![7; 40_000]).say(SERVER, &vec![8; 40_000]).say(SERVER, b"\x81\x02hi");
    pair.close()
}

#[test]
fn every_suite_is_read() {
    for suite in ALL_CIPHER_SUITES {
        let setup = Setup::of(*suite);
        let tape = converse(&mut Pair::open(&setup));
        let (told, tls) = read(&tape, &setup.key_log());
        told.is_whole(&tape);
        let name = format!("{:?}", suite.suite()).replace("TLS13_", "TLS_");
        let version = if name.contains("WITH") { "TLS 1.2" } else { "TLS 1.3" };
        assert_eq!(tls.description().unwrap(), format!("{version}, {name}"));
        assert_eq!((tls.server_name(), tls.alpn()), (Some("example.com"), Some("http/1.1")));
        assert_eq!(tls.trouble(), None);
        assert!(tls.is_closed(CLIENT) && tls.is_closed(SERVER));
    }
}

#[test]
fn chopping_changes_nothing() {
    for suite in [TLS13_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] {
        let setup = Setup::of(suite);
        let tape = converse(&mut Pair::open(&setup));
        for size in [1, 2, 3, 4, 5, 6, 7, 21, 100, 1448, 16_406, 60_000] {
            read(&tape.chopped(size), &setup.key_log()).0.is_whole(&tape);
        }
        read(&tape.records(), &setup.key_log()).0.is_whole(&tape);
    }
}

#[test]
fn handshake_messages_may_span_records() {
    for suite in [TLS13_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] {
        let mut setup = Setup::of(suite);
        setup.client.max_fragment_size = Some(64);
        setup.server.max_fragment_size = Some(64);
        let tape = converse(&mut Pair::open(&setup));
        assert!(tape.records().wire.len() > 1000);
        read(&tape, &setup.key_log()).0.is_whole(&tape);
    }
}

#[test]
fn keys_are_updated_in_either_direction() {
    for suite in [TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256] {
        let setup = Setup::of(suite);
        let mut pair = Pair::open(&setup);
        for round in 0..5 {
            pair.say(CLIENT, &[round; 10]).say(SERVER, &[round; 10]);
            pair.update_keys(if round % 2 == 0 { CLIENT } else { SERVER });
            pair.say(SERVER, &[round; 20]).say(CLIENT, &[round; 20]);
        }
        pair.update_keys(CLIENT).update_keys(CLIENT).update_keys(SERVER);
        let tape = converse(&mut pair);
        read(&tape, &setup.key_log()).0.is_whole(&tape);
    }
}

#[test]
fn sessions_are_resumed() {
    for suite in [TLS13_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] {
        for with_tickets in [false, true] {
            let mut setup = Setup::of(suite);
            if with_tickets {
                setup.server.ticketer = Ticketer::new().unwrap();
            }
            converse(&mut Pair::open(&setup));
            let mut pair = Pair::open(&setup);
            assert_eq!(pair.server.handshake_kind(), Some(HandshakeKind::Resumed));
            let tape = converse(&mut pair);
            read(&tape, &setup.key_log()).0.is_whole(&tape);
        }
    }
}

#[test]
fn a_hello_is_asked_for_again() {
    let setup = Setup::with(TLS13_AES_128_GCM_SHA256, &[kx_group::X25519, kx_group::SECP256R1]);
    let mut pair = Pair::open(&setup);
    assert_eq!(pair.server.handshake_kind(), Some(HandshakeKind::FullWithHelloRetryRequest));
    let tape = converse(&mut pair);
    read(&tape, &setup.key_log()).0.is_whole(&tape);
}

#[test]
fn whoever_sends_the_hello_is_the_client() {
    let setup = Setup::of(TLS13_AES_128_GCM_SHA256);
    let tape = converse(&mut Pair::open(&setup));
    let (mut told, mut tls, secrets) = (Told::default(), Tls::new(CLIENT), crate::tls_pair::secrets(&setup.key_log()));
    for (from, bytes) in &tape.wire {
        tls.bytes(from.other(), &mut bytes.clone(), &secrets, &mut |plain| told.take(plain));
    }
    assert_eq!(tls.client(), SERVER);
    told.said.reverse();
    told.is_whole(&tape);
}

/// A connection with early data: the client's first write goes with its hello.
fn with_early_data(setup: &Setup, accepted: bool) -> Tape {
    let mut pair = Pair::new(setup);
    let early = b"GET /early HTTP/1.1\r\n\r\n";
    std::io::Write::write_all(&mut pair.client.early_data().unwrap(), early).unwrap();
    if accepted {
        pair.note_said(CLIENT, early);
    }
    pair.settle();
    assert_eq!(pair.client.is_early_data_accepted(), accepted);
    converse(&mut pair)
}

#[test]
fn early_data_are_read_if_the_server_takes_them() {
    let mut setup = Setup::of(TLS13_AES_128_GCM_SHA256);
    setup.client.enable_early_data = true;
    setup.server.max_early_data_size = 1000;
    converse(&mut Pair::open(&setup));
    let tape = with_early_data(&setup, true);
    for size in [1, 100, 60_000] {
        read(&tape.chopped(size), &setup.key_log()).0.is_whole(&tape);
    }

    let key_log: Vec<_> = setup.key_log().lines().filter(|line| !line.contains("EARLY")).map(str::to_owned).collect();
    let (told, _) = read(&tape, &key_log.join("\n"));
    assert!(told.said[0].starts_with(REQUEST), "without their secret they are passed over");

    setup.server.max_early_data_size = 0;
    let tape = with_early_data(&setup, false);
    read(&tape, &setup.key_log()).0.is_whole(&tape);
}

#[test]
fn five_bytes_tell_what_begins_as_tls() {
    let hello = b"\x16\x03\x01\x02\x00\x01";
    for length in 0..5 {
        assert_eq!(Tls::begins(&hello[..length]), None);
    }
    assert_eq!(Tls::begins(hello), Some(true));
    for other in [&b"GET / HTTP/1.1"[..], b"\x81\x05Hello", b"\x16\x02", b"\x16\x03\x01\xff\xff", b"\x16\x03\x03\0\0"] {
        assert_eq!(Tls::begins(other), Some(false));
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_survived(
        pieces in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..200), 0_u64..3), 0..20),
        whole in 0_usize..8,
    ) {
        let setup = Setup::of(TLS13_AES_128_GCM_SHA256);
        let tape = converse(&mut Pair::open(&setup)).records();
        let secrets = crate::tls_pair::secrets(&setup.key_log());
        let mut tls = Tls::new(CLIENT);
        for (from, bytes) in &tape.wire[..whole.min(tape.wire.len())] {
            tls.bytes(*from, &mut bytes.clone(), &secrets, &mut |_| {});
        }
        for (by_client, mut bytes, lost) in pieces {
            let from = if by_client { CLIENT } else { SERVER };
            tls.bytes(from, &mut bytes, &secrets, &mut |_| {});
            tls.lost(from, lost, &secrets, &mut |_| {});
        }
        tls.finish(&Secrets::default(), &mut |_| {});
    }
}

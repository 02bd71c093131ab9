//! Key logs, and connections whose secrets are late, missing or wrong.

use rustls::SupportedCipherSuite;
use rustls::crypto::aws_lc_rs::cipher_suite::{TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS13_AES_128_GCM_SHA256};
use wslab::capture::tls::{Label, Secrets, Tls, Trouble};

use crate::tls_pair::{CLIENT, Pair, SERVER, Setup, Tape, Told, read, read_with, secrets};

const BOTH: [SupportedCipherSuite; 2] = [TLS13_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];

fn converse(setup: &Setup, size: usize) -> Tape {
    let mut pair = Pair::open(setup);
    pair.say(CLIENT, b"a request").say(SERVER, b"a response").say(CLIENT, &vec![1; size]).say(SERVER, &vec![2; size]);
    pair.close()
}

/// The first bytes of the client random in a ClientHello.
fn random(tape: &Tape) -> [u8; 32] {
    *tape.wire[0].1[11..].first_chunk().unwrap()
}

#[test]
fn a_key_log_may_hold_more_than_is_needed() {
    let (random, short, long) = ("0A".repeat(32), "bB".repeat(32), "cc".repeat(48));
    let mut secrets = Secrets::default();
    assert!(secrets.is_empty());
    secrets.add(
        format!(
            "# a comment\r\n\r\nCLIENT_RANDOM {random} {long}\r\n  \
             CLIENT_TRAFFIC_SECRET_0 {random}  {short} \nSERVER_TRAFFIC_SECRET_0 {random} {long}\n\
             CLIENT_TRAFFIC_SECRET_1 {random} {short}\nEXPORTER_SECRET {random} {short}\nRSA 0011223344556677 {long}\n\
             RSA Session-ID:00 Master-Key:00\nECH_SECRET {random} {long}"
        )
        .as_bytes(),
    );
    assert_eq!((secrets.len(), secrets.bad_lines()), (1, 0));
}

#[test]
fn bad_lines_are_counted() {
    let (random, short, long) = ("0a".repeat(32), "bb".repeat(32), "cc".repeat(48));
    for line in [
        "CLIENT_RANDOM".to_owned(),
        format!("CLIENT_RANDOM {random}"),
        format!("CLIENT_RANDOM {random} {short}"),
        format!("CLIENT_RANDOM {random} {long} more"),
        format!("CLIENT_RANDOM {random}0 {long}"),
        format!("CLIENT_RANDOM {} {long}", "0a".repeat(31)),
        format!("SERVER_TRAFFIC_SECRET_0 {random} {}", "xx".repeat(32)),
        format!("SERVER_TRAFFIC_SECRET_0 {random} {}", "00".repeat(33)),
        format!("SERVER_TRAFFIC_SECRET_0 {random} {}", "00".repeat(49)),
        "what is this".to_owned(),
        "\u{1f600}".to_owned(),
    ] {
        let mut secrets = Secrets::default();
        secrets.add(format!("{line}\n").as_bytes());
        assert_eq!((secrets.len(), secrets.bad_lines()), (0, 1), "{line}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let mut secrets = Secrets::default();
    secrets.add(format!("CLIENT_RANDOM {} {}", "00".repeat(32), "ab".repeat(48)).as_bytes());
    assert!(!format!("{secrets:?}").contains("ab"));
}

#[test]
fn secrets_may_come_later_than_what_they_encrypt() {
    for suite in BOTH {
        let setup = Setup::of(suite);
        let tape = converse(&setup, 10_000).chopped(500);
        for at in 0..=tape.wire.len() {
            let (mut told, mut tls, mut known) = (Told::default(), Tls::new(CLIENT), Secrets::default());
            for (number, (from, bytes)) in tape.wire.iter().enumerate() {
                if number == at {
                    known = secrets(&setup.key_log());
                }
                tls.bytes(*from, &mut bytes.clone(), &known, &mut |plain| told.take(plain));
            }
            tls.finish(&secrets(&setup.key_log()), &mut |plain| told.take(plain));
            assert_eq!(tls.trouble(), None);
            told.is_whole(&tape);
        }
    }
}

#[test]
fn what_is_kept_is_counted() {
    for suite in BOTH {
        let setup = Setup::of(suite);
        let tape = converse(&setup, 10_000).chopped(500);
        let (mut tls, mut most) = (Tls::new(CLIENT), 0);
        assert_eq!(tls.kept(), 0);
        for (from, bytes) in &tape.wire {
            tls.bytes(*from, &mut bytes.clone(), &Secrets::default(), &mut |_| panic!("nothing can be read"));
            most = most.max(tls.kept());
        }
        assert!((20_000..40_000).contains(&most), "{most}");
        tls.finish(&secrets(&setup.key_log()), &mut |_| {});
        assert_eq!(tls.kept(), 0);

        // With the secrets nothing is kept but a record, or a message of the handshake.
        let (mut tls, all) = (Tls::new(CLIENT), secrets(&setup.key_log()));
        let mut kept = Vec::new();
        for (from, bytes) in &tape.wire {
            tls.bytes(*from, &mut bytes.clone(), &all, &mut |_| {});
            kept.push(tls.kept());
        }
        assert!(kept.iter().all(|kept| *kept < 17_000) && kept.iter().any(|kept| *kept > 500), "{kept:?}");
        assert_eq!(kept.last(), Some(&0));
    }
}

#[test]
fn what_waited_is_told_in_the_order_in_which_it_came() {
    for suite in BOTH {
        let setup = Setup::of(suite);
        let mut pair = Pair::open(&setup);
        for round in 0..20 {
            pair.say(CLIENT, &[round]).say(SERVER, &[round]);
        }
        let tape = pair.close();
        let (mut order, mut tls) = (Vec::new(), Tls::new(CLIENT));
        for (from, bytes) in &tape.wire {
            tls.bytes(*from, &mut bytes.clone(), &Secrets::default(), &mut |_| panic!("nothing can be read"));
        }
        tls.finish(&secrets(&setup.key_log()), &mut |plain| match plain {
            wslab::capture::tls::Plain::Bytes(from, bytes) => order.push((from, bytes[0])),
            wslab::capture::tls::Plain::Lost(..) => panic!("nothing is lost"),
        });
        let expected: Vec<_> = (0..20).flat_map(|round| [(CLIENT, round), (SERVER, round)]).collect();
        assert_eq!(order, expected);
    }
}

#[test]
fn without_secrets_so_much_is_kept_and_then_given_up() {
    for suite in BOTH {
        let setup = Setup::of(suite);
        let tape = converse(&setup, 100_000).chopped(1000);
        let (mut tls, nothing) = (Tls::new(CLIENT), Secrets::default());
        let mut sent = [0, 0];
        for (from, bytes) in &tape.wire {
            let before = sent[from.index()];
            sent[from.index()] += bytes.len();
            tls.bytes(*from, &mut bytes.clone(), &nothing, &mut |_| panic!("nothing can be read"));
            let given_up = tls.trouble_of(*from);
            assert!(before > 50_000 || given_up.is_none());
            assert!(
                before < 90_000 || given_up == Some(&Trouble::NoSecrets { client_random: random(&tape), label: None })
            );
        }
        tls.finish(&secrets(&setup.key_log()), &mut |_| panic!("it was given up"));
    }
}

#[test]
fn nothing_is_kept_if_no_secrets_will_come() {
    for suite in BOTH {
        let setup = Setup::of(suite);
        let tape = converse(&setup, 1000);
        let (mut tls, mut nothing) = (Tls::new(CLIENT), Secrets::default());
        nothing.complete();
        for (from, bytes) in &tape.wire {
            tls.bytes(*from, &mut bytes.clone(), &nothing, &mut |_| panic!("nothing can be read"));
        }
        let trouble = Trouble::NoSecrets { client_random: random(&tape), label: None };
        assert_eq!([tls.trouble_of(CLIENT), tls.trouble_of(SERVER)], [Some(&trouble); 2]);
    }
}

#[test]
fn a_secret_that_is_missing_is_named() {
    let setup = Setup::of(TLS13_AES_128_GCM_SHA256);
    let tape = converse(&setup, 1000);
    let without = |label: Label| {
        let lines: Vec<_> =
            setup.key_log().lines().filter(|line| !line.starts_with(label.name())).map(str::to_owned).collect();
        read(&tape, &lines.join("\n"))
    };
    let (told, tls) = without(Label::ClientTraffic);
    assert_eq!(told.said[1], tape.said[1], "the other direction is read");
    let trouble = Trouble::NoSecrets { client_random: random(&tape), label: Some(Label::ClientTraffic) };
    assert_eq!((tls.trouble_of(CLIENT), tls.trouble_of(SERVER)), (Some(&trouble), None));

    for label in [Label::ClientHandshake, Label::ServerHandshake] {
        without(label).0.is_whole(&tape);
    }
}

#[test]
fn wrong_secrets_are_noticed() {
    for suite in BOTH {
        let setup = Setup::of(suite);
        let tape = converse(&setup, 1000);
        let wrong: Vec<_> =
            setup.key_log().lines().map(|line| format!("{}{}", &line[..line.len() - 64], "00".repeat(32))).collect();
        let (told, tls) = read(&tape, &wrong.join("\n"));
        assert_eq!(told, Told::default());
        assert_eq!([tls.trouble_of(CLIENT), tls.trouble_of(SERVER)], [Some(&Trouble::Damaged); 2]);
    }
}

#[test]
fn trouble_says_what_to_do() {
    let troubles = [
        Trouble::NoSecrets { client_random: [0xab; 32], label: None },
        Trouble::NoSecrets { client_random: [0xab; 32], label: Some(Label::ServerTraffic) },
        Trouble::Suite(0x1306),
        Trouble::Suite(0xfefe),
        Trouble::Version(0x0300),
        Trouble::Version(0x7f1c),
        Trouble::Version(0x0505),
        Trouble::Compression,
        Trouble::NotCaptured,
        Trouble::Incomplete,
        Trouble::Lost,
        Trouble::Damaged,
        Trouble::NotTls,
    ];
    insta::assert_snapshot!(troubles.map(|trouble| trouble.to_string()).join("\n"), @r"
    no secrets are known for its client random abababab…: give the key log (SSLKEYLOGFILE) that its client or its server wrote
    the key log has no SERVER_TRAFFIC_SECRET_0 for its client random abababab…
    the cipher suite TLS_AEGIS_256_SHA512 cannot be decrypted here
    the cipher suite 0xfefe cannot be decrypted here
    SSL 3.0 cannot be decrypted here: only TLS 1.2 and TLS 1.3 can
    draft 28 of TLS 1.3 cannot be decrypted here: only TLS 1.2 and TLS 1.3 can
    TLS version 0x0505 cannot be decrypted here: only TLS 1.2 and TLS 1.3 can
    TLS compression is in use, which is not supported
    its handshake was not captured: start the capture before the connection is opened
    packets of its handshake are missing, without which the rest cannot be decrypted
    bytes of it are missing, and what follows could not be decrypted
    its records do not decrypt: the secrets are wrong, or the capture is damaged
    it does not go on as TLS does
    ");
}

#[test]
fn a_connection_that_is_not_encrypted_yet_is_no_trouble() {
    let setup = Setup::of(TLS13_AES_128_GCM_SHA256);
    let mut tape = converse(&setup, 10);
    tape.wire.truncate(1);
    let (told, tls) = read_with(&tape, &Secrets::default());
    assert_eq!((told, tls.trouble(), tls.description()), (Told::default(), None, None));
    assert_eq!(tls.server_name(), Some("example.com"));
}

//! Connections are kept as captures of their own.

mod made;
mod odd;

use std::path::PathBuf;

use proptest::prelude::*;
use rustls::crypto::aws_lc_rs::cipher_suite::{TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS13_AES_128_GCM_SHA256};
use wslab::capture::source::{Item, Source, SourceError};
use wslab::capture::{Connection, End, Keep};
use wslab::proto::Role;

use self::made::{
    CLOSE, CLOSED, ECHO, HELLO, REFUSAL, REQUEST, RESPONSE, Stage, analysed, kept, kept_with, packets, told,
};
use crate::source_built::{Got, read};
use crate::tls_pair::{CLIENT, Pair, SERVER, Setup};

const ALL: fn(&Connection) -> bool = |_| true;

/// The connections from these ports, less 50,000.
fn from_ports(ports: &[usize]) -> impl FnMut(&Connection) -> bool + Clone + use<> {
    let ports = ports.to_vec();
    move |connection| ports.contains(&(usize::from(connection.client.port()) - 50_000))
}

#[test]
fn the_chosen_connections_are_kept_packet_by_packet() {
    let mut stage = Stage::default();
    for _ in 0..3 {
        stage.open();
    }
    for owner in [1, 0, 2] {
        stage.talks(owner);
    }
    let file = stage.file();
    for owners in [&[1][..], &[0, 2], &[0, 1, 2], &[]] {
        let kept = kept(&file, from_ports(owners));
        assert_eq!(packets(&kept), stage.of(owners));
        let wanted = told(&file, &[], from_ports(owners));
        assert_eq!(wanted.len(), owners.len());
        assert_eq!(told(&kept, &[], ALL), wanted);
    }
}

#[test]
fn what_was_sent_again_and_the_last_acknowledgements_are_kept() {
    let mut stage = Stage::default();
    let owner = stage.open();
    stage.again().says(owner, Role::Client, HELLO).again().says(owner, Role::Server, ECHO);
    stage.ends(owner, Role::Client).ends(owner, Role::Server).again();
    let kept = kept(&stage.file(), ALL);
    assert_eq!(packets(&kept), stage.of(&[owner]));
}

#[test]
fn a_connection_that_is_cut_by_the_end_of_the_capture_is_kept() {
    let mut stage = Stage::default();
    let owner = stage.open();
    stage.says(owner, Role::Client, &HELLO[..7]);
    assert_eq!(packets(&kept(&stage.file(), ALL)), stage.of(&[owner]));
}

#[test]
fn an_attempt_after_another_is_kept_from_its_request_on() {
    let mut stage = Stage::default();
    let owner = stage.connect();
    stage.says(owner, Role::Client, REQUEST).says(owner, Role::Server, REFUSAL);
    let first = stage.packets.len();
    stage.says(owner, Role::Client, REQUEST).says(owner, Role::Server, RESPONSE).talks(owner);
    let file = stage.file();
    let all = stage.of(&[owner]);

    let second = kept(&file, |connection| connection.status == Some(101));
    assert_eq!(packets(&second), all[first..]);
    let numbers = |lines: Vec<Vec<String>>| -> Vec<usize> { lines.iter().map(Vec::len).collect() };
    let wanted = told(&file, &[], |connection| connection.status == Some(101));
    assert_eq!(numbers(told(&second, &[], ALL)), numbers(wanted));

    let refused = kept(&file, |connection| connection.status == Some(401));
    assert_eq!(packets(&refused), all[..first], "what comes then belongs to the next");
}

#[test]
fn what_lies_between_two_attempts_is_kept_with_both() {
    let mut stage = Stage::default();
    let owner = stage.connect();
    stage.says(owner, Role::Client, REQUEST).says(owner, Role::Server, REFUSAL);
    let between = stage.packets.len();
    stage.says(owner, Role::Client, "GET /login HTTP/1.1\r\nHost: example.org\r\n\r\n");
    stage.says(owner, Role::Server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK");
    let second = stage.packets.len();
    stage.says(owner, Role::Client, REQUEST).says(owner, Role::Server, RESPONSE).talks(owner);
    let file = stage.file();
    let all = stage.of(&[owner]);
    assert_eq!(packets(&kept(&file, ALL)), all);
    assert_eq!(packets(&kept(&file, |connection| connection.number == 0)), all[..between]);
    assert_eq!(packets(&kept(&file, |connection| connection.number == 1)), all[second..]);
}

/// A WebSocket in TLS, by `setup`, and what is said on it.
fn encrypted(stage: &mut Stage, setup: &Setup) -> usize {
    let owner = stage.connect();
    let mut pair = Pair::open(setup);
    pair.say(CLIENT, REQUEST.as_bytes()).say(SERVER, RESPONSE.as_bytes());
    pair.say(CLIENT, &HELLO).say(SERVER, &ECHO).say(CLIENT, &CLOSE).say(SERVER, &CLOSED);
    for (from, bytes) in pair.close().wire {
        let from = if from == End::First { Role::Client } else { Role::Server };
        stage.says(owner, from, bytes);
    }
    stage.ends(owner, Role::Server).ends(owner, Role::Client);
    owner
}

#[test]
fn an_encrypted_connection_is_kept_with_its_secrets_and_no_others() {
    for suite in [TLS13_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] {
        let setup = Setup::of(suite);
        let mut stage = Stage::default();
        let one = encrypted(&mut stage, &setup);
        let first_log = setup.key_log();
        let other = encrypted(&mut stage, &setup);
        stage.open();
        let log = setup.key_log();
        let file = stage.file();

        let chosen = from_ports(&[one]);
        let (kept, written) = kept_with(&file, log.as_bytes(), chosen.clone());
        assert_eq!(packets(&kept), stage.of(&[one]));
        let secrets = || read(&kept).into_iter().filter(|got| matches!(got, Got::Secrets(_)));
        assert_eq!(secrets().collect::<Vec<_>>(), [Got::Secrets(first_log.clone())]);
        assert_eq!(written.secrets as usize, first_log.lines().count());
        assert!(matches!(read(&kept)[0], Got::Secrets(_)), "before what they encrypt");
        let wanted = told(&file, log.as_bytes(), chosen);
        assert!(wanted[0].len() > 5, "it was decrypted");
        assert_eq!(told(&kept, &[], ALL), wanted, "without the key log");

        // The secrets are copied on out of the file.
        let both = kept_with(&file, log.as_bytes(), from_ports(&[one, other])).0;
        let again = kept_with(&both, &[], from_ports(&[one])).0;
        assert_eq!(again, kept);
        let plain = kept_with(&both, log.as_bytes(), |connection| connection.tls.is_none()).0;
        assert!(!read(&plain).iter().any(|got| matches!(got, Got::Secrets(_))), "none are needed");
    }
}

/// So many blocks of secrets, each of 1 MiB, and no packets.
struct ManySecrets(usize, Vec<u8>);

impl Source for ManySecrets {
    fn next(&mut self) -> Result<Option<Item<'_>>, SourceError> {
        self.0 = self.0.saturating_sub(1);
        Ok((self.0 > 0).then_some(Item::Secrets(&self.1)))
    }
}

#[test]
fn more_secrets_than_can_be_held_are_an_error_if_some_are_needed() {
    let setup = Setup::of(TLS13_AES_128_GCM_SHA256);
    let mut stage = Stage::default();
    encrypted(&mut stage, &setup);
    let plain = stage.open();
    let (file, log) = (stage.file(), setup.key_log());
    let write = |choose: &dyn Fn(&Connection) -> bool, blocks| {
        let keep = analysed(&file, log.as_bytes(), Keep::new(choose));
        let source = || Ok(Box::new(ManySecrets(blocks, vec![b'#'; 1 << 20])) as Box<dyn Source>);
        keep.write(source, &[], "wslab tests", std::io::sink())
    };
    assert!(write(&ALL, 16).is_ok());
    let error = write(&ALL, 17).expect_err("too many");
    insta::assert_snapshot!(error, @"carries more than 16 MiB of secrets for TLS, too many to copy those that are needed: take them out of the capture and give those that are needed as a key log");
    let is_plain = |connection: &Connection| usize::from(connection.client.port()) - 50_000 == plain;
    assert!(write(&is_plain, 100).is_ok(), "none are needed");
}

#[test]
fn an_attempt_after_another_in_tls_is_kept_with_all_before() {
    let setup = Setup::of(TLS13_AES_128_GCM_SHA256);
    let mut stage = Stage::default();
    stage.open();
    let owner = stage.connect();
    let mut pair = Pair::open(&setup);
    pair.say(CLIENT, REQUEST.as_bytes()).say(SERVER, REFUSAL.as_bytes());
    pair.say(CLIENT, REQUEST.as_bytes()).say(SERVER, RESPONSE.as_bytes()).say(CLIENT, &HELLO);
    for (from, bytes) in pair.so_far().wire {
        stage.says(owner, if from == End::First { Role::Client } else { Role::Server }, bytes);
    }
    let log = setup.key_log();
    let chosen = |connection: &Connection| connection.tls.is_some() && connection.status == Some(101);
    let (kept, written) = kept_with(&stage.file(), log.as_bytes(), chosen);
    assert_eq!((written.connections, written.secrets as usize), (1, log.lines().count()));
    assert_eq!(packets(&kept), stage.of(&[owner]));
    assert_eq!(told(&kept, &[], chosen), told(&stage.file(), log.as_bytes(), chosen));
}

#[test]
fn what_cannot_be_read_again_or_would_be_overwritten_is_told() {
    let folder = std::env::temp_dir().join(format!("wslab-keep-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name);
    std::fs::write(path("a.pcap"), "a").unwrap();
    let said = |captures: &[PathBuf], to: &str| match Keep::check(captures, &path(to)) {
        Ok(()) => "nothing is wrong".to_owned(),
        Err(error) => error.to_string().replace(folder.to_str().unwrap(), "FOLDER"),
    };
    let there = [path("a.pcap")];
    let lines = [
        said(&there, "new.pcapng"),
        said(&["-".into()], "new.pcapng"),
        said(&["/dev/null".into()], "new.pcapng"),
        said(&there, "a.pcap"),
        said(&there, "../a.pcap"),
        said(&[path("none.pcap")], "new.pcapng"),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r"
    nothing is wrong
    standard input cannot be read again to copy packets out of it: write the capture to a file first
    /dev/null is no regular file and cannot be read again to copy packets out of it: write the capture to a file first
    FOLDER/a.pcap is the capture that is read: name another file to write to
    nothing is wrong
    nothing is wrong
    ");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[derive(Clone, Debug)]
enum Deed {
    Says(Role, Vec<u8>),
    Ends(Role),
    Resets(Role),
    Again,
}

fn deed() -> impl Strategy<Value = Deed> {
    let role = || prop_oneof![Just(Role::Client), Just(Role::Server)];
    let frame = prop_oneof![
        Just(HELLO.to_vec()),
        Just(ECHO.to_vec()),
        Just(CLOSE.to_vec()),
        Just(CLOSED.to_vec()),
        Just(REQUEST.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    prop_oneof![
        12 => (role(), frame).prop_map(|(role, bytes)| Deed::Says(role, bytes)),
        2 => role().prop_map(Deed::Ends),
        1 => role().prop_map(Deed::Resets),
        2 => Just(Deed::Again),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever happens on whichever of many connections: those that were chosen are read out of the new file as out of
    /// the old, and kept are their packets alone. Of one that was opened all are.
    #[test]
    fn what_is_kept_is_read_as_before(
        count in 1..6_usize,
        deeds in proptest::collection::vec((any::<prop::sample::Index>(), deed()), 0..60),
        chosen: [bool; 6],
    ) {
        let mut stage = Stage::default();
        for _ in 0..count {
            stage.open();
        }
        for (index, deed) in &deeds {
            let owner = index.index(count);
            match deed {
                Deed::Says(from, bytes) => stage.says(owner, *from, bytes),
                Deed::Ends(from) => stage.ends(owner, *from),
                Deed::Resets(from) => stage.resets(owner, *from),
                Deed::Again => stage.again(),
            };
        }
        let file = stage.file();
        let owners: Vec<usize> = (0..count).filter(|owner| chosen[*owner]).collect();
        let kept = kept(&file, from_ports(&owners));
        prop_assert_eq!(packets(&kept), stage.of(&owners));
        prop_assert_eq!(told(&kept, &[], ALL), told(&file, &[], from_ports(&owners)));
    }
}

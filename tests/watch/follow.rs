//! The frames of a connection that is followed are those that really passed, and the rules that were broken are told.

use std::sync::Arc;

use hex_literal::hex;
use proptest::prelude::*;
use wslab::net::SystemKeys;
use wslab::proto::opening::{Ask, Policy};
use wslab::proto::{Config, ConnectionId, Endpoint, Role, Rule, deflate};
use wslab::watch::live::{News, Passed, Tail};
use wslab::watch::{Backlog, Follow, Meter};
use wslab::wire::{Head, Opcode};

use crate::end::{End, NONCE, secs};
use crate::pair::{Network, Pair};
use crate::stage::{Watched, morning, watch};

fn follow(watched: &Watched) -> Follow {
    watched.meter.follow(ConnectionId(0)).unwrap()
}

/// What is told of frames, in short: who, which opcode, how long, and the payload.
fn short(tail: Option<Tail>) -> Vec<(Role, u8, u64, Vec<u8>)> {
    let frames = tail.map(|tail| tail.frames).unwrap_or_default();
    frames.into_iter().map(|frame| (frame.by, frame.opcode.0, frame.len, frame.payload)).collect()
}

#[test]
fn nothing_is_told_of_what_was_before() {
    let mut server = Watched::open(Role::Server);
    server.end.receives(hex!("81 05 48656c6c6f"));
    let follow = follow(&server);
    server.end.ticks();
    assert_eq!(follow.take(), None);
    assert!(server.meter.follow(ConnectionId(1)).is_none());
}

#[test]
fn frames_are_told_unmasked_in_both_directions() {
    for role in [Role::Client, Role::Server] {
        let mut end = Watched::open(role);
        let follow = follow(&end);
        end.end.now += secs(3);
        end.end.receives(hex!("01 03 48656c  89 01 70  80 02 6c6f  82 01 00"));
        end.end.out().send("there").unwrap();
        end.end.ticks();
        let peer = role.peer();
        assert_eq!(
            short(follow.take()),
            [
                (peer, 1, 3, b"Hel".to_vec()),
                (peer, 9, 1, b"p".to_vec()),
                (role, 10, 1, b"p".to_vec()),
                (peer, 0, 2, b"lo".to_vec()),
                (peer, 2, 1, vec![0]),
                (role, 1, 5, b"there".to_vec()),
            ]
        );
        assert_eq!(follow.take(), None, "each is told once");
    }
}

#[test]
fn a_frame_has_its_head_and_the_time_of_its_end() {
    let mut server = Watched::open(Role::Server);
    let follow = follow(&server);
    server.end.ticks();
    let frames = server.end.as_peer_sends(hex!("01 03 48656c"));
    server.end.receives_raw(&frames[..7]);
    assert_eq!(follow.take(), None);
    server.end.now += secs(2);
    server.end.receives_raw(&frames[7..]);
    let frame = Passed {
        at: morning().checked_add(jiff::SignedDuration::from_secs(2)).unwrap(),
        by: Role::Client,
        opcode: Opcode::TEXT,
        fin: false,
        rsv: 0,
        len: 3,
        payload: b"Hel".to_vec(),
        inflated: None,
    };
    assert_eq!(follow.take(), Some(Tail { connection: ConnectionId(0), missed: 0, frames: vec![frame] }));
}

#[test]
fn what_is_sent_between_turns_is_told_too() {
    let mut server = Watched::open(Role::Server);
    let follow = follow(&server);
    // Nothing has come since: the endpoint has had no turn.
    server.end.out().send("first").unwrap();
    server.end.ticks();
    assert_eq!(short(follow.take()), [(Role::Server, 1, 5, b"first".to_vec())]);
}

#[test]
fn nobody_is_told_when_nobody_follows_any_more_and_each_who_does() {
    let mut server = Watched::open(Role::Server);
    let (one, two) = (follow(&server), follow(&server));
    server.end.receives(hex!("81 01 61"));
    assert_eq!(short(one.take()).len(), 1);
    drop(one);
    server.end.receives(hex!("81 01 62"));
    assert_eq!(short(two.take()).len(), 2);
    drop(two);
    server.end.receives(hex!("81 01 63"));
    let again = follow(&server);
    server.end.receives(hex!("81 01 64"));
    assert_eq!(short(again.take()), [(Role::Client, 1, 1, b"d".to_vec())]);
}

#[test]
fn of_a_long_payload_the_beginning_is_kept() {
    let mut server = Watched::open(Role::Server);
    let follow = follow(&server);
    let payload: Vec<u8> = (0..100_000_u32).map(|at| at as u8).collect();
    let mut frame = Vec::new();
    Head::new(Opcode::BINARY, 100_000).write(&mut frame);
    frame.extend(&payload);
    server.end.receives_chopped(&frame);
    server.end.out().send(&*payload).unwrap();
    server.end.ticks();
    let kept = payload[..Passed::KEPT].to_vec();
    assert_eq!(short(follow.take()), [(Role::Client, 2, 100_000, kept.clone()), (Role::Server, 2, 100_000, kept)]);
}

#[test]
fn what_comes_too_fast_is_passed_over_and_counted() {
    let mut server = Watched::open(Role::Server);
    let follow = follow(&server);
    let frames: Vec<u8> = (0..2500_u32).flat_map(|at| [vec![0x82, 4], at.to_be_bytes().to_vec()].concat()).collect();
    server.end.receives(&frames);
    let tail = follow.take().unwrap();
    assert_eq!((tail.missed, tail.frames.len()), (1500, Backlog::FRAMES));
    assert_eq!(tail.frames[0].payload, 1500_u32.to_be_bytes());
    assert_eq!(tail.frames[999].payload, 2499_u32.to_be_bytes());
    assert_eq!(follow.take(), None);
}

#[test]
fn many_long_payloads_stay_bounded() {
    let mut backlog = Backlog::default();
    let head = Head::new(Opcode::BINARY, 1 << 20);
    for _ in 0..10_000 {
        backlog.push(Passed::new(morning(), Role::Client, &head, &[7; 1 << 14]));
    }
    let tail = backlog.take(ConnectionId(3)).unwrap();
    let bytes: usize = tail.frames.iter().map(|frame| frame.payload.len()).sum();
    assert_eq!(bytes, Backlog::BYTES);
    assert_eq!(tail.missed + tail.frames.len() as u64, 10_000);
}

#[test]
fn tokens_are_hidden() {
    let mut server = Watched::open(Role::Server);
    let follow = follow(&server);
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl";
    let message = format!("{{\"token\":\"{token}\"}}");
    server.end.receives([&[0x81, message.len() as u8][..], message.as_bytes()].concat());
    let hidden = message.replace(token, &"*".repeat(token.len()));
    assert_eq!(short(follow.take()), [(Role::Client, 1, message.len() as u64, hidden.into_bytes())]);
}

/// Two ends that compress, of which the server is watched.
fn compressing(takeover: bool, fragment: Option<usize>) -> (Pair, Arc<Meter>, Follow) {
    let agreed = if takeover { deflate::Config::with_takeover() } else { deflate::Config::default() };
    let config = Config { deflate: Some(deflate::Config { threshold: 0, ..agreed }), fragment, ..Config::default() };
    let mut pair = Pair::new(config.clone(), config.clone(), Network::IDEAL);
    let mut ask = Ask::new("example.com", "/chat", NONCE);
    ask.extensions.push(agreed.offer().into());
    let now = pair.client.now;
    let client = Endpoint::client(ask, SystemKeys::new(), Arc::new(config), now).unwrap();
    pair.client = End::new(client, now);
    pair.client.ticks();
    pair.server.policy = None;
    pair.run();
    let (_, asked) = pair.server.endpoint.asked().unwrap();
    let answer = Policy { deflate: Some(agreed), ..Policy::default() }.answer(asked);
    pair.server.endpoint.answer(answer);
    pair.server.ticks();
    pair.run();
    assert!(pair.client.endpoint.agreed().unwrap().deflate().is_some());
    let meter = Meter::beginning(pair.server.now, morning());
    watch(&meter, &mut pair.server, 0);
    let follow = meter.follow(ConnectionId(0)).unwrap();
    (pair, meter, follow)
}

#[test]
fn compressed_messages_are_told_as_they_are() {
    for (takeover, fragment) in [(false, None), (true, None), (true, Some(10)), (false, Some(10))] {
        let (mut pair, _meter, follow) = compressing(takeover, fragment);
        let message = "A message that is said twice, twice, twice. ".repeat(200);
        for role in [Role::Client, Role::Server, Role::Client, Role::Server] {
            pair.end(role).out().send(message.as_str()).unwrap();
            // What is sent between turns is told when the next one is over.
            pair.end(role).ticks();
            let outgoing = pair.end(role).endpoint.outgoing().to_vec();
            pair.run();
            let frames = follow.take().unwrap().frames;
            let mut rest = &outgoing[..];
            for frame in &frames {
                let (head, size) = Head::parse(rest).unwrap();
                assert_eq!((frame.by, frame.opcode, frame.fin, frame.rsv), (role, head.opcode, head.fin, head.rsv));
                assert_eq!((frame.len, &frame.payload[..]), (head.len, &b""[..]), "{role} {takeover} {fragment:?}");
                rest = &rest[size + head.len as usize..];
            }
            assert!(rest.is_empty() && frames[0].rsv == Head::RSV1);
            let (last, first) = frames.split_last().unwrap();
            assert_eq!(last.inflated.as_deref(), Some(&message.as_bytes()[..Passed::KEPT]), "{role} {takeover}");
            assert!(first.iter().all(|frame| frame.inflated.is_none()));
        }
    }
}

#[test]
fn a_token_is_seen_in_no_compressed_message() {
    const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJlb2Z0aGV0b2tlbg";
    let (mut pair, _meter, follow) = compressing(false, None);
    for role in [Role::Client, Role::Server] {
        let said = |token: &str| format!(r#"{{"token":"{token}","padding":"{}"}}"#, "x".repeat(500));
        pair.end(role).out().send(said(TOKEN).as_str()).unwrap();
        pair.end(role).ticks();
        pair.run();
        let [frame] = &follow.take().unwrap().frames[..] else { panic!("one frame") };
        assert_eq!((frame.rsv, frame.payload.len()), (Head::RSV1, 0));
        let inflated = String::from_utf8(frame.inflated.clone().unwrap()).unwrap();
        assert_eq!(inflated, said(&"*".repeat(TOKEN.len())));
    }
}

#[test]
fn rules_that_are_broken_are_told_with_who_and_when() {
    let mut server = Watched::open(Role::Server);
    server.end.now += secs(5);
    server.end.receives(hex!("c1 00"));
    let (violations, next) = server.meter.violations(0);
    let [violation] = &violations[..] else { panic!("{violations:?}") };
    assert_eq!((violation.rule, violation.by), (Rule::ReservedBit, Some(Role::Client)));
    assert_eq!(violation.connection, Some(ConnectionId(0)));
    assert_eq!(violation.at, morning().checked_add(jiff::SignedDuration::from_secs(5)).unwrap());
    assert_eq!((server.meter.violations(next), next), ((vec![], 1), 1));
}

#[test]
fn of_very_many_violations_the_last_are_remembered() {
    let meter = Meter::new();
    let mut rules = wslab::proto::Rules::NONE;
    rules.insert(Rule::ReservedBit);
    (0..Meter::VIOLATIONS + 5).for_each(|_| meter.violated(Role::Client, rules));
    let (violations, next) = meter.violations(0);
    assert_eq!((violations.len(), next), (Meter::VIOLATIONS, Meter::VIOLATIONS as u64 + 5));
    assert_eq!(meter.violations(next - 1).0.len(), 1);
    assert_eq!(meter.violations(next + 9).0.len(), 0);
}

proptest! {
    #[test]
    fn news_are_read_as_they_were_written(
        payload: Vec<u8>, inflated: Option<Vec<u8>>, missed: u64, id: u64, opcode in 0_u8..16, rsv in 0_u8..8, fin: bool
    ) {
        let frame = Passed {
            at: morning(), by: Role::Server, opcode: Opcode(opcode), fin, rsv, len: payload.len() as u64, payload, inflated
        };
        let news = News::Frames(Tail { connection: ConnectionId(id), missed, frames: vec![frame] });
        let text = serde_json::to_string(&news).unwrap();
        prop_assert_eq!(serde_json::from_str::<News>(&text).unwrap(), news);
    }
}

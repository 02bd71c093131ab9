//! What is counted of one connection.

use std::sync::Arc;
use std::time::Duration;

use hex_literal::hex;
use wslab::proto::deflate;
use wslab::proto::opening::{Extension, Policy, answer};
use wslab::proto::{Config, Endpoint, Role, Rule};
use wslab::watch::Counts;
use wslab::wire::CloseCode;

use crate::end::{End, REQUEST, read_request, secs};
use crate::stage::{Watched, about};

const NOTHING: Counts = Counts {
    text: 0,
    binary: 0,
    continuation: 0,
    ping: 0,
    pong: 0,
    close: 0,
    other: 0,
    heads: 0,
    payload: 0,
    text_messages: 0,
    binary_messages: 0,
    message_bytes: 0,
    compressed: 0,
    deflated: 0,
    inflated: 0,
};

#[test]
fn a_message_that_comes_is_a_frame_and_a_message() {
    let mut client = Watched::open(Role::Client);
    client.end.receives(hex!("81 05 48656c6c6f"));
    let counts = Counts { text: 1, text_messages: 1, message_bytes: 5, payload: 5, heads: 2, ..NOTHING };
    assert_eq!(client.row().received, counts);
    assert_eq!(client.row().sent, NOTHING);
    client.end.receives(hex!("82 01 00"));
    let counts = Counts { binary: 1, binary_messages: 1, message_bytes: 6, payload: 6, heads: 4, ..counts };
    assert_eq!(client.row().received, counts);
}

#[test]
fn masking_keys_and_long_lengths_are_part_of_the_head() {
    let mut server = Watched::open(Role::Server);
    server.end.receives([&hex!("82 7e 0100")[..], &[0; 256]].concat());
    assert_eq!(server.row().received.heads, 2 + 2 + 4);
    let mut client = Watched::open(Role::Client);
    client.end.out().send(&[0; 65_536][..]).unwrap();
    client.end.ticks();
    assert_eq!(client.row().sent.heads, 2 + 8 + 4);
    assert_eq!(client.row().sent.bytes(), client.end.takes_outgoing().len() as u64);
}

#[test]
fn how_the_bytes_are_cut_does_not_matter() {
    let frames = hex!("01 03 48656c  89 01 70  80 02 6c6f  82 01 00  8a 00  81 00");
    let mut whole = Watched::open(Role::Client);
    whole.end.receives(frames);
    let mut chopped = Watched::open(Role::Client);
    chopped.end.receives_chopped(frames);
    let counts = Counts {
        text: 2,
        binary: 1,
        continuation: 1,
        ping: 1,
        pong: 1,
        heads: 12,
        payload: 7,
        text_messages: 2,
        binary_messages: 1,
        message_bytes: 6,
        ..NOTHING
    };
    assert_eq!(whole.row().received, counts);
    assert_eq!(chopped.row().received, counts);
    let pong = Counts { pong: 1, heads: 6, payload: 1, ..NOTHING };
    assert_eq!((whole.row().sent, chopped.row().sent), (pong, pong));
}

#[test]
fn fragments_that_are_sent_are_one_message() {
    let mut server = Watched::open_with(Role::Server, Config { fragment: Some(3), ..Config::default() });
    server.end.out().send("Hello, you").unwrap();
    server.end.ticks();
    let counts =
        Counts { text: 1, continuation: 3, text_messages: 1, message_bytes: 10, payload: 10, heads: 8, ..NOTHING };
    assert_eq!(server.row().sent, counts);
    let sizes = server.meter.snapshot_at(server.end.now).spreads.sent;
    assert_eq!((sizes.count, sizes.sum, sizes.max), (1, 10, 10));
}

/// A server whose client agreed on compression, with no threshold.
fn compressing() -> Watched {
    let deflate = deflate::Config { threshold: 0, ..deflate::Config::default() };
    let config = Config { deflate: Some(deflate), ..Config::default() };
    let now = std::time::Instant::now();
    let mut end = End::new(Endpoint::server(Arc::new(config), now), now);
    end.policy = None;
    let extension = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    end.receives_raw(REQUEST.replace("\r\n\r\n", &format!("\r\nSec-WebSocket-Extensions: {extension}\r\n\r\n")));
    let mut answer = answer(&read_request(REQUEST), &Policy::default());
    answer.agreed.as_mut().unwrap().extensions = Extension::parse_list(extension.as_bytes()).unwrap();
    end.endpoint.answer(answer);
    end.ticks();
    end.takes_outgoing();
    Watched::of(end)
}

#[test]
fn compressed_messages_are_counted_as_they_travel_and_as_they_are() {
    let mut server = compressing();
    // RFC 7692, section 7.2.3.2: "Hello" in two fragments, with a ping between them.
    server.end.receives(hex!("41 03 f248cd  89 00  80 04 c9c90700"));
    server.end.receives(hex!("81 02 6869"));
    let Counts { compressed, deflated, inflated, message_bytes, payload, text_messages, .. } = server.row().received;
    assert_eq!((compressed, deflated, inflated), (1, 7, 5));
    assert_eq!((message_bytes, payload, text_messages), (7, 9, 2));
    server.end.out().send("a".repeat(1000)).unwrap();
    server.end.ticks();
    let sent = server.row().sent;
    assert_eq!((sent.compressed, sent.text_messages), (1, 1));
    assert!(sent.deflated < 100 && sent.deflated == sent.message_bytes);
    assert_eq!(sent.inflated, 1000);
    let ratios = (server.row().received.compression(), sent.compression());
    assert_eq!(ratios, (Some(5.0 / 7.0), Some(1000.0 / sent.deflated as f64)));
}

#[test]
fn broken_rules_are_counted_by_name() {
    let mut server = Watched::open(Role::Server);
    for _ in 0..3 {
        server.end.receives_raw(hex!("8a 80 01020304"));
    }
    assert_eq!(server.row().faults.into_iter().collect::<Vec<_>>(), [(Rule::MaskingKeyRepeated, 2)]);
    server.end.receives_raw(hex!("c1 80 01020305"));
    let row = server.row();
    assert_eq!(row.last_fault, Some(Rule::ReservedBit));
    assert_eq!(row.faults.len(), 2);
    assert_eq!(server.meter.snapshot_at(server.end.now).totals.faults, row.faults);
}

#[test]
fn a_frame_of_a_reserved_opcode_is_another() {
    let mut client = Watched::open(Role::Client);
    client.end.receives(hex!("83 02 6161"));
    assert_eq!(client.row().received, Counts { other: 1, heads: 2, payload: 2, ..NOTHING });
}

#[test]
fn times_are_those_of_the_turns() {
    let mut client = Watched::open_with(Role::Client, Config { ping_interval: Some(secs(5)), ..Config::default() });
    client.end.waits(secs(5));
    client.end.now += Duration::from_millis(1500);
    client.end.receives(hex!("8a 04 00000001"));
    client.end.now += secs(2);
    let row = client.row();
    assert_eq!(row.round_trip, Some(Duration::from_millis(1500)));
    assert_eq!((row.age, row.idle), (Duration::from_millis(8500), secs(2)));
    assert_eq!(row.opened.to_string(), "2026-11-22T07:00:00Z");
    let spread = client.meter.summary_at(client.end.now).spreads.round_trips;
    assert_eq!((spread.count, spread.sum), (1, 1_500_000_000));
    assert!((1_498_000_000..=1_500_000_000).contains(&spread.p50), "{}", spread.p50);
}

#[test]
fn intervals_are_those_between_messages_and_nothing_within_a_read() {
    let mut client = Watched::open(Role::Client);
    client.end.receives(hex!("81 00  81 00"));
    client.end.now += Duration::from_millis(20);
    client.end.receives(hex!("89 00"));
    client.end.now += Duration::from_millis(20);
    client.end.receives(hex!("81 00  82 00  01 00"));
    let spread = client.meter.summary_at(client.end.now).spreads.intervals;
    assert_eq!((spread.count, spread.sum), (3, 40_000_000));
    assert_eq!(spread.min, 0);
    let bars: Vec<_> = spread.bars.iter().filter(|bar| bar.count > 0).map(|bar| (bar.to, bar.count)).collect();
    assert_eq!(bars, [(0, 2), (50_000_000, 1)]);
}

#[test]
fn how_it_ended_is_kept() {
    let mut client = Watched::open(Role::Client);
    client.end.receives(hex!("88 05 03e9 627965"));
    client.end.now += secs(1);
    client.end.receives_eof();
    let end = client.row().end.unwrap();
    assert_eq!((end.code, end.reason.as_str()), (CloseCode::GOING_AWAY, "bye"));
    assert_eq!((end.sent, end.clean), (Some(CloseCode::GOING_AWAY), true));
    assert_eq!(end.cause, "closed by the closing handshake");
    let row = client.row();
    assert_eq!((row.age, row.idle, row.received.close, row.sent.close), (secs(1), secs(1), 1, 1));
}

#[test]
fn what_is_shown_has_no_secrets_and_is_not_long() {
    let (meter, now) = crate::stage::meter();
    let mut secret = about(7);
    secret.resource = "/feed?token=abcdef&room=1".into();
    secret.subprotocol = Some("chat".into());
    let mut long = about(8);
    long.resource = format!("/{}", "ü".repeat(1000));
    let _observers = [meter.observe_at(secret, now), meter.observe_at(long, now)];
    let rows = meter.snapshot_at(now).rows;
    assert_eq!(rows[0].resource, "/feed?token=…&room=1");
    assert_eq!(rows[0].subprotocol.as_deref(), Some("chat"));
    assert!(rows[1].resource.len() <= 512 && rows[1].resource.ends_with("ü…"));
}

#[test]
fn an_echo_is_the_next_that_is_sent_of_the_same_kind_and_length() {
    let mut client = Watched::open(Role::Client);
    client.end.receives(hex!("81 01 61"));
    let echoes = |client: &Watched| client.meter.summary_at(client.end.now).spreads.echoes;
    for other in ["", "ab"] {
        client.end.out().send(other).unwrap();
    }
    client.end.out().send(&b"b"[..]).unwrap();
    client.end.now += Duration::from_millis(50);
    client.end.ticks();
    assert_eq!(echoes(&client).count, 0);
    client.end.out().send("b").unwrap();
    let spread = echoes(&client);
    assert_eq!(spread.count, 1);
    assert!(spread.sum >= 50_000_000, "{}", spread.sum);
}

#[test]
fn of_many_echoes_some_are_timed_and_of_what_does_not_echo_none() {
    let (mut echoing, mut mute) = (Watched::open(Role::Client), Watched::open(Role::Client));
    for _ in 0..160 {
        for client in [&mut echoing, &mut mute] {
            client.end.receives(hex!("81 01 61  81 01 61"));
        }
        echoing.end.out().send("b").unwrap();
        mute.end.out().send("longer").unwrap();
    }
    let echoes = |client: &Watched| client.meter.summary_at(client.end.now).spreads.echoes.count;
    assert_eq!((echoes(&echoing), echoes(&mute)), (10, 0));
}

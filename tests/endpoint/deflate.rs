//! Compressed messages (RFC 7692, sections 6 and 7.2).

use std::sync::Arc;
use std::time::Instant;

use hex_literal::hex;
use proptest::collection::vec;
use proptest::prelude::*;
use wslab::proto::deflate::{self, Deflater, Direction};
use wslab::proto::opening::{Ask, Extension, Policy, answer};
use wslab::proto::{Cause, Config, Endpoint, Kind, Message, Role, Rule};

use crate::end::{
    End, NONCE, REQUEST, RESPONSE, Told, binary, closed_abnormally, failed_by, farewell, frame, keys, ping,
    read_request, text,
};
use crate::mirrored;

/// Compression in every direction, of every message.
const ALWAYS: deflate::Config = deflate::Config {
    level: 6,
    threshold: 0,
    server_takeover: true,
    client_takeover: true,
    server_window_bits: 15,
    client_window_bits: 15,
};

/// An open end whose handshake agreed on this.
fn agreed_on(role: Role, params: &str, config: Config) -> End {
    let extensions = format!("permessage-deflate{params}");
    let head = |head: &str| head.replace("\r\n\r\n", &format!("\r\nSec-WebSocket-Extensions: {extensions}\r\n\r\n"));
    let now = Instant::now();
    let mut end = match role {
        Role::Client => {
            let mut ask = Ask::new("example.com", "/chat", NONCE);
            ask.extensions = vec![Extension::new(deflate::NAME).with("client_max_window_bits")];
            let mut end = End::new(Endpoint::client(ask, keys(), Arc::new(config), now).unwrap(), now);
            end.takes_outgoing();
            end.receives_raw(head(RESPONSE));
            end
        }
        Role::Server => {
            let mut end = End::server(config, now);
            end.policy = None;
            end.receives_raw(head(REQUEST));
            let mut answer = answer(&read_request(REQUEST), &Policy::default());
            answer.agreed.as_mut().unwrap().extensions = Extension::parse_list(extensions.as_bytes()).unwrap();
            end.endpoint.answer(answer);
            end.ticks();
            end.takes_outgoing();
            end
        }
    };
    assert!(matches!(end.told.pop(), Some(Told::Open(agreed)) if agreed.deflate().is_some()), "{:?}", end.told);
    end.told.clear();
    end
}

fn config() -> Config {
    Config { deflate: Some(ALWAYS), ..Config::default() }
}

fn compressing(role: Role, params: &str) -> End {
    agreed_on(role, params, config())
}

/// The parameters with which neither end takes anything over.
const NO_TAKEOVER: &str = "; server_no_context_takeover; client_no_context_takeover";

fn fails(mut end: End, rule: Rule, frames: &[u8]) {
    assert_eq!(end.receives_chopped(frames), [failed_by(rule)[0].clone()], "{frames:02x?}");
    assert_eq!(end.sends(), farewell(rule.close_code().unwrap().0, rule.words()));
    assert_eq!(end.endpoint.gathered(), 0);
    assert_eq!(end.receives_eof(), [failed_by(rule)[1].clone()]);
}

mirrored! {
    fn a_compressed_message_is_told_as_any_other(end) {
        let mut end = compressing(end.role(), "");
        assert_eq!(end.receives(hex!("c1 07 f248cdc9c90700")), [text("Hello")]);
        assert_eq!(end.receives(hex!("c2 05 f200110000")), [binary("Hello")]);
        assert_eq!(end.receives(hex!("c1 01 00")), [text("")]);
        assert_eq!(end.endpoint.gathered(), 0, "nothing is kept");
    }

    /// Section 7.2.3.1.
    fn a_compressed_message_comes_in_fragments_with_control_frames_between(end) {
        let frames = hex!("41 03 f248cd  89 00  00 00  00 03 c9c907  8a 00  80 01 00  c1 05 f200110000");
        let mut end = compressing(end.role(), "");
        let told = [ping(""), crate::end::pong(""), text("Hello"), text("Hello")];
        assert_eq!(end.receives(frames), told);
        let mut end = compressing(end.role(), "");
        assert_eq!(end.receives_chopped(frames), told);
    }

    /// Section 6: what is not marked is not compressed.
    fn messages_come_uncompressed_as_well(end) {
        let mut end = compressing(end.role(), "");
        let frames = hex!("c1 07 f248cdc9c90700  81 02 6869  01 01 68  80 01 69  82 01 ff  c1 05 f200110000");
        assert_eq!(end.receives(frames), [text("Hello"), text("hi"), text("hi"), binary([0xff]), text("Hello")]);
    }

    /// Section 7.2.3.2.
    fn a_message_refers_to_another_only_if_that_was_agreed(end) {
        let both = hex!("c1 07 f248cdc9c90700  c1 05 f200110000");
        let rule = Rule::CompressedDataInvalid;
        let mut end = compressing(end.role(), NO_TAKEOVER);
        assert_eq!(end.receives(both), [text("Hello"), failed_by(rule)[0].clone()]);
        assert_eq!(end.sends(), farewell(1007, rule.words()));
    }

    /// Section 6.1: only on the first frame of a message of data.
    fn the_bit_is_allowed_nowhere_else(end) {
        for frames in [
            &hex!("41 03 f248cd  c0")[..],
            &hex!("01 01 61  c0"),
            &hex!("c9"),
            &hex!("c8"),
            &hex!("e1"),
            &hex!("91"),
        ] {
            let frames = [frames, &hex!("01 00")].concat();
            fails(compressing(end.role(), ""), Rule::ReservedBit, &frames);
        }
        fails(end, Rule::ReservedBit, &hex!("c1 07 f248cdc9c90700"));
    }

    fn bad_data_fails_the_connection(end) {
        for frames in [
            &hex!("c1 01 ff")[..],
            &hex!("c2 05 48656c6c6f"),
            &hex!("c1 03 f248cd"),
            &hex!("c2 05 f200110000"),
            &hex!("41 01 06"),
            &hex!("41 03 f248cd  80 00"),
        ] {
            fails(compressing(end.role(), ""), Rule::CompressedDataInvalid, frames);
        }
    }

    /// RFC 6455, section 8.1, of what comes out.
    fn compressed_text_is_judged_as_it_is_inflated(end) {
        for frames in [
            // The fault shows before the message is complete.
            &hex!("41 06 00 0100feff ff")[..],
            &hex!("c1 07 00 0200fdff c328"),
            // The end cuts a code point.
            &hex!("c1 07 00 0100feff c3 00"),
        ] {
            fails(compressing(end.role(), ""), Rule::InvalidUtf8, frames);
        }
        let mut end = compressing(end.role(), "");
        assert_eq!(end.receives(hex!("c2 07 00 0100feff ff 00")), [binary([0xff])]);
        assert_eq!(end.receives_chopped(hex!("c1 08 00 0200fdff c3bc 00")), [text("ü")]);
    }

    fn a_message_is_held_to_the_limit_while_it_inflates(end) {
        let limited = |limit| agreed_on(end.role(), "", Config { max_message: limit, ..config() });
        assert_eq!(limited(5).receives(hex!("c1 07 f248cdc9c90700")), [text("Hello")], "7 bytes make 5");
        for cut in [false, true] {
            let mut end = limited(4);
            let cause = Cause::TooBig { limit: 4 };
            let frames = hex!("c1 07 f248cdc9c90700");
            let told = if cut { end.receives_chopped(frames) } else { end.receives(frames) };
            assert_eq!(told, [Told::Failed(cause.clone())]);
            assert_eq!(end.sends(), farewell(1009, "the message is too big"));
            assert_eq!(end.receives_eof(), [closed_abnormally(1009, cause)]);
        }
    }

    fn a_bomb_is_refused_while_it_inflates(end) {
        let mut bomb = Vec::new();
        let direction = Direction { context_takeover: false, window_bits: 15 };
        Deflater::new(9, direction).unwrap().deflate(&vec![0; 10 << 20], &mut bomb);
        let mut end = agreed_on(end.role(), "", Config { max_message: 1 << 20, ..config() });
        let mut frames = frame(Kind::Binary, &bomb);
        frames[0] |= 0x40;
        let bytes = end.as_peer_sends(&frames);
        for piece in bytes.chunks(100) {
            end.receives_raw(piece);
            assert!(end.endpoint.gathered() <= 1 << 20);
        }
        assert_eq!(end.told, [Told::Failed(Cause::TooBig { limit: 1 << 20 })]);
    }

    fn messages_are_sent_compressed(end) {
        let mut end = compressing(end.role(), "");
        end.out().send("Hello").unwrap();
        end.out().send("Hello").unwrap();
        end.out().send(&b""[..]).unwrap();
        assert_eq!(end.sends(), hex!("c1 07 f248cdc9c90700  c1 05 f200110000  c2 01 00"));
    }

    fn control_frames_are_never_compressed(end) {
        let mut end = compressing(end.role(), "");
        end.out().ping(b"aaaaaaaaaaaa").unwrap();
        end.receives(hex!("89 03 616161"));
        assert_eq!(end.sends(), hex!("89 0c 616161616161616161616161  8a 03 616161"));
    }

    /// Section 6.1: a message is compressed first and fragmented then, and its first frame has the bit.
    fn compressed_messages_are_sent_in_fragments(end) {
        let mut end = agreed_on(end.role(), NO_TAKEOVER, Config { fragment: Some(4), ..config() });
        end.out().send("aaaaaaaaaaaaaaaaaaaa").unwrap();
        let frames = end.sends();
        assert_eq!(frames[..2], hex!("41 04"));
        assert_eq!(frames[6..8], hex!("80 02"), "{frames:02x?}");
        end.out().send("abcde").unwrap();
        assert_eq!(end.sends(), hex!("01 04 61626364  80 01 65"), "it would not get smaller");
    }

    fn small_messages_are_sent_as_they_are(end) {
        let config = Config { deflate: Some(deflate::Config { threshold: 20, ..ALWAYS }), ..config() };
        let mut end = agreed_on(end.role(), "", config);
        end.out().send("aaaaaaaaaaaaaaaaaaa").unwrap();
        assert_eq!(end.sends(), frame(Kind::Text, b"aaaaaaaaaaaaaaaaaaa"));
        end.out().send("aaaaaaaaaaaaaaaaaaaa").unwrap();
        assert_eq!(end.sends()[0], 0xc1);
    }

    fn what_does_not_get_smaller_is_sent_as_it_is_unless_others_refer_to_it(end) {
        let mut one = compressing(end.role(), NO_TAKEOVER);
        one.out().send("Hello").unwrap();
        assert_eq!(one.sends(), hex!("81 05 48656c6c6f"));
        let mut other = compressing(end.role(), "");
        other.out().send("Hello").unwrap();
        assert_eq!(other.sends()[0], 0xc1);
    }

    /// With 8 bits nothing can be compressed here, which no peer can object to.
    fn with_the_smallest_window_messages_are_sent_as_they_are(end) {
        let mut end = compressing(end.role(), "; server_max_window_bits=8; client_max_window_bits=8");
        let hello = "Hello".repeat(20);
        end.out().send(hello.as_str()).unwrap();
        assert_eq!(end.sends(), frame(Kind::Text, hello.as_bytes()));
        assert_eq!(end.receives(hex!("c1 07 f248cdc9c90700  c1 05 f200110000")), [text("Hello"), text("Hello")]);
    }

    /// Sections 7.1.1 and 7.1.2: who sends may take less than was agreed.
    fn an_end_takes_nothing_over_that_does_not_want_to(end) {
        let sparing = deflate::Config { threshold: 0, ..deflate::Config::default() };
        let mut end = agreed_on(end.role(), "", Config { deflate: Some(sparing), ..config() });
        let hello = "Hello".repeat(20);
        end.out().send(hello.as_str()).unwrap();
        let first = end.sends();
        end.out().send(hello.as_str()).unwrap();
        assert_eq!(end.sends(), first);
        assert_eq!(first[0], 0xc1);
    }

    fn what_was_agreed_is_done_by_an_end_that_is_not_set_to_compress(end) {
        let mut end = agreed_on(end.role(), "", Config { deflate: None, ..config() });
        assert_eq!(end.receives(hex!("c1 07 f248cdc9c90700")), [text("Hello")]);
    }
}

#[test]
fn what_a_client_did_not_offer_fails_the_connection() {
    let mut ask = Ask::new("example.com", "/chat", NONCE);
    ask.extensions = vec![Extension::new(deflate::NAME)];
    for (params, rule) in [
        ("; client_max_window_bits=10", Rule::ResponseDeflateUnoffered),
        ("; client_max_window_bits", Rule::ResponseDeflateInvalid),
        ("; unknown", Rule::ResponseDeflateInvalid),
    ] {
        let now = Instant::now();
        let endpoint = Endpoint::client(ask.clone(), keys(), Arc::default(), now).unwrap();
        let mut end = End::new(endpoint, now);
        let extra = format!("\r\nSec-WebSocket-Extensions: permessage-deflate{params}\r\n\r\n");
        let told = end.receives_raw(RESPONSE.replace("\r\n\r\n", &extra));
        let [Told::Failed(Cause::OpeningInvalid(rules, _))] = told.as_slice() else { panic!("{params}: {told:?}") };
        assert_eq!(rules.into_iter().collect::<Vec<_>>(), [rule], "{params}");
    }
}

fn configs() -> impl Strategy<Value = Config> {
    (0u8..=9, any::<[bool; 2]>(), 8u8..=15, 8u8..=15, prop::option::of(1usize..300)).prop_map(
        |(level, takeover, server_window_bits, client_window_bits, fragment)| Config {
            fragment,
            deflate: Some(deflate::Config {
                level,
                threshold: 30,
                server_takeover: takeover[0],
                client_takeover: takeover[1],
                server_window_bits,
                client_window_bits,
            }),
            ..Config::default()
        },
    )
}

fn messages() -> impl Strategy<Value = Vec<String>> {
    vec((".{0,40}", 0usize..100).prop_map(|(words, times)| words.repeat(times)), 1..6)
}

proptest! {
    /// Whatever two ends want, and however the network cuts it, each gets what the other has sent.
    #[test]
    fn what_is_sent_is_what_comes(client in configs(), server in configs(), sent in messages(), cut in 1usize..2000) {
        let now = Instant::now();
        let mut ask = Ask::new("example.com", "/chat", NONCE);
        ask.extensions.extend(client.deflate.map(|deflate| deflate.offer().into()));
        let policy = Policy { deflate: server.deflate, ..Policy::default() };
        let answer = answer(&ask.request().unwrap(), &policy);
        let mut client = End::new(Endpoint::client(ask, keys(), Arc::new(client), now).unwrap(), now);
        let mut server = End::server(server, now);
        server.policy = None;
        server.receives_raw(client.takes_outgoing());
        server.endpoint.answer(answer);
        server.ticks();
        client.receives_raw(server.takes_outgoing());
        let expected: Vec<_> = sent.iter().map(|words| text(words)).collect();
        let mut ends = [client, server];
        for (from, to) in [(0, 1), (1, 0)] {
            for words in &sent {
                ends[from].out().send(Message::text(words.as_str())).unwrap();
            }
            ends[from].ticks();
            let bytes = ends[from].takes_outgoing();
            ends[to].told.clear();
            for piece in bytes.chunks(cut) {
                ends[to].receives_raw(piece);
            }
            prop_assert_eq!(&ends[to].told, &expected);
        }
    }
}

//! What is sent (sections 5.2 to 5.4, and 6.1).

use std::sync::Arc;

use hex_literal::hex;
use wslab::proto::opening::Ask;
use wslab::proto::{Config, Endpoint, Kind, Message, Role, SendError};
use wslab::wire::CloseCode;

use crate::end::{End, NONCE, RESPONSE, frame, without_masks};
use crate::mirrored;

fn fragmenting(role: Role, size: usize) -> End {
    End::open_with(role, Config { fragment: Some(size), ..Config::default() })
}

mirrored! {
    fn messages_are_sent_whole(end) {
        end.out().send("Hello").unwrap();
        end.out().send(&[0xff, 0][..]).unwrap();
        end.out().send(String::new()).unwrap();
        end.out().send(Message::text("ü")).unwrap();
        assert_eq!(end.ticks(), []);
        assert_eq!(end.sends(), hex!("81 05 48656c6c6f  82 02 ff00  81 00  81 02 c3bc"));
    }

    fn lengths_are_written_in_the_shortest_form(end) {
        for len in [0, 125, 126, 65535, 65536, 100_000] {
            let payload = vec![b'*'; len];
            end.out().send(payload.as_slice()).unwrap();
            assert_eq!(end.sends(), frame(Kind::Binary, &payload));
        }
    }

    fn large_messages_are_sent_in_fragments(end) {
        let mut end = fragmenting(end.role(), 3);
        end.out().send("abcdefgh").unwrap();
        assert_eq!(end.sends(), hex!("01 03 616263  00 03 646566  80 02 6768"));
        end.out().send(&hex!("010203040506")[..]).unwrap();
        assert_eq!(end.sends(), hex!("02 03 010203  80 03 040506"));
    }

    fn messages_that_fit_into_one_fragment_are_sent_whole(end) {
        let mut end = fragmenting(end.role(), 3);
        end.out().send("abc").unwrap();
        end.out().send("").unwrap();
        assert_eq!(end.sends(), hex!("81 03 616263  81 00"));
    }

    fn fragments_have_at_least_a_byte(end) {
        let mut end = fragmenting(end.role(), 0);
        end.out().send("ab").unwrap();
        end.out().send("").unwrap();
        assert_eq!(end.sends(), hex!("01 01 61  80 01 62  81 00"));
    }

    fn control_frames_are_never_fragmented(end) {
        let mut end = fragmenting(end.role(), 1);
        end.out().ping(b"abc").unwrap();
        end.out().close(CloseCode::NORMAL, "bye").unwrap();
        assert_eq!(end.sends(), hex!("89 03 616263  88 05 03e8 627965"));
    }

    fn control_frames_of_more_than_125_bytes_are_refused(end) {
        assert_eq!(end.out().ping(&[0; 126]), Err(SendError::ControlTooLong));
        assert_eq!(end.out().pong(&[0; 126]), Err(SendError::ControlTooLong));
        assert!(end.sends().is_empty());
        end.out().ping(&[0; 125]).unwrap();
        end.out().pong(&[0; 125]).unwrap();
        assert_eq!(end.sends().len(), 254);
    }

    fn what_is_sent_in_parts_is_the_same(end) {
        let script = |end: &mut End| {
            end.out().send("Hello").unwrap();
            end.receives(hex!("89 03 616263"));
            end.out().send(&[7; 300][..]).unwrap();
        };
        script(&mut end);
        let whole = end.takes_outgoing();
        for part in 1..whole.len() {
            let mut end = End::open(end.role());
            script(&mut end);
            let mut sent = Vec::new();
            while !end.endpoint.outgoing().is_empty() {
                let count = part.min(end.endpoint.outgoing().len());
                sent.extend_from_slice(&end.endpoint.outgoing()[..count]);
                end.endpoint.sent(count);
                assert_eq!(end.out().queued(), whole.len() - sent.len());
                end.endpoint.sent(0);
            }
            assert_eq!(sent, whole, "in parts of {part}");
        }
    }

    fn what_is_queued_behind_a_partial_send_follows_it(end) {
        for cut in 0..=12 {
            let mut end = End::open(end.role());
            end.out().send("Hello").unwrap();
            let cut = cut.min(end.endpoint.outgoing().len());
            let mut sent = end.endpoint.outgoing()[..cut].to_vec();
            end.endpoint.sent(cut);
            end.out().send("you").unwrap();
            sent.extend(end.takes_outgoing());
            assert_eq!(without_masks(&sent, end.role()), hex!("81 05 48656c6c6f  81 03 796f75"));
        }
    }

    fn a_tick_says_that_there_are_bytes_as_long_as_there_are(end) {
        end.out().send("Hello").unwrap();
        // Each turn checks that it says `Transmit` exactly if something is outgoing.
        end.ticks();
        end.endpoint.sent(3);
        end.ticks();
        end.takes_outgoing();
        end.ticks();
    }
}

#[test]
#[should_panic(expected = "more was sent than was queued")]
fn more_cannot_be_sent_than_is_queued() {
    let mut server = End::open(Role::Server);
    server.out().send("a").unwrap();
    server.endpoint.sent(4);
}

#[test]
fn a_server_does_not_mask() {
    let mut server = End::open(Role::Server);
    server.out().send("Hello").unwrap();
    assert_eq!(server.takes_outgoing(), hex!("81 05 48656c6c6f"));
}

#[test]
fn a_client_masks_every_frame_with_a_key_of_its_own() {
    let mut keys = [hex!("37fa213d"), hex!("00000000"), hex!("01020304")].into_iter();
    let ask = Ask::new("example.com", "/chat", NONCE);
    let now = std::time::Instant::now();
    let config = Arc::new(Config { fragment: Some(5), ..Config::default() });
    let endpoint = Endpoint::client(ask, move || keys.next().expect("a key a frame"), config, now).unwrap();
    let mut client = End::new(endpoint, now);
    client.receives_raw(RESPONSE);
    client.takes_outgoing();
    client.out().send("Hello!").unwrap();
    client.out().close(CloseCode::NORMAL, "").unwrap();
    // The first is the example of section 5.7.
    assert_eq!(client.takes_outgoing(), hex!("01 85 37fa213d 7f9f4d5158  80 81 00000000 21  88 82 01020304 02ea"));
}

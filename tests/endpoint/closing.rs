//! The closing handshake (sections 5.5.1, 7.1 and 7.4).

use std::time::Duration;

use hex_literal::hex;
use wslab::proto::{Cause, Event, ReadyState, Role, SendError};
use wslab::wire::CloseCode;

use crate::end::{End, Told, close, closed_abnormally, closed_cleanly, secs, text};
use crate::mirrored;
use crate::pair::{Act, Network, Pair};

mirrored! {
    fn a_close_frame_is_answered_with_its_code(end) {
        assert_eq!(end.receives(hex!("88 02 03e8")), [close(1000, "")]);
        assert_eq!(end.state(), ReadyState::Closing);
        assert_eq!(end.sends(), hex!("88 02 03e8"));
        assert_eq!(end.receives_eof(), [closed_cleanly(1000, "", 1000)]);
        assert_eq!(end.state(), ReadyState::Closed);
    }

    fn a_close_frame_without_code_is_answered_without_code(end) {
        assert_eq!(end.receives(hex!("88 00")), [close(None, "")]);
        assert_eq!(end.sends(), hex!("88 00"));
        assert_eq!(end.receives_eof(), [closed_cleanly(1005, "", 1005)]);
    }

    fn the_reason_of_the_peer_is_told(end) {
        assert_eq!(end.receives(hex!("88 09 0fa0 62796520c3bc2e")), [close(4000, "bye ü.")]);
        assert_eq!(end.sends(), hex!("88 02 0fa0"), "the code is echoed");
        assert_eq!(end.receives_eof(), [closed_cleanly(4000, "bye ü.", 4000)]);
    }

    fn a_close_frame_that_comes_byte_by_byte_is_told_once(end) {
        assert_eq!(end.receives_chopped(hex!("88 05 03e9 627965")), [close(1001, "bye")]);
        assert_eq!(end.sends(), hex!("88 02 03e9"));
        assert_eq!(end.receives_eof(), [closed_cleanly(1001, "bye", 1001)]);
    }

    fn the_longest_reason_is_taken(end) {
        let reason = "r".repeat(123);
        let frame = [&hex!("88 7d 03e8")[..], reason.as_bytes()].concat();
        assert_eq!(end.receives(frame), [close(1000, &reason)]);
        assert_eq!(end.receives_eof(), [closed_cleanly(1000, &reason, 1000)]);
    }

    fn every_code_that_may_be_sent_is_taken(end) {
        for code in (0..=u16::MAX).filter(|&code| CloseCode(code).may_be_sent()) {
            let mut end = End::open(end.role());
            let [high, low] = code.to_be_bytes();
            assert_eq!(end.receives([0x88, 2, high, low]), [close(code, "")]);
            assert_eq!(end.sends(), [0x88, 2, high, low]);
            assert_eq!(end.receives_eof(), [closed_cleanly(code, "", code)]);
        }
    }

    fn who_closes_first_waits_for_the_answer(end) {
        end.out().close(CloseCode::GOING_AWAY, "bye").unwrap();
        assert_eq!(end.state(), ReadyState::Closing);
        assert_eq!(end.ticks(), []);
        assert!(!end.shutdown);
        assert_eq!(end.sends(), hex!("88 05 03e9 627965"));
        assert_eq!(end.receives(hex!("88 02 03e9")), [close(1001, "")]);
        assert!(end.sends().is_empty(), "one close frame each");
        assert_eq!(end.receives_eof(), [closed_cleanly(1001, "", 1001)]);
    }

    fn closing_without_a_code_sends_an_empty_close_frame(end) {
        end.out().close_without_code().unwrap();
        end.ticks();
        assert_eq!(end.sends(), hex!("88 00"));
        assert_eq!(end.receives(hex!("88 00")), [close(None, "")]);
        assert_eq!(end.receives_eof(), [closed_cleanly(1005, "", 1005)]);
    }

    fn the_code_of_a_close_frame_is_the_peers_whoever_was_first(end) {
        end.out().close(CloseCode(3000), "ours").unwrap();
        end.ticks();
        assert_eq!(end.receives(hex!("88 08 0fa0 746865697273")), [close(4000, "theirs")]);
        assert_eq!(end.receives_eof(), [closed_cleanly(4000, "theirs", 3000)]);
    }

    fn messages_that_come_before_the_answer_are_told(end) {
        end.out().close(CloseCode::NORMAL, "").unwrap();
        end.ticks();
        assert_eq!(end.receives(hex!("81 01 61  88 02 03e8")), [text("a"), close(1000, "")]);
    }

    fn nothing_is_processed_behind_the_close_frame_of_the_peer(end) {
        assert_eq!(end.receives(hex!("88 02 03e8  81 01 61  88 02 03e9  ff ff")), [close(1000, "")]);
        assert_eq!(end.receives(hex!("81 01 61")), []);
        assert_eq!(end.receives_eof(), [closed_cleanly(1000, "", 1000)]);
    }

    fn a_close_frame_between_fragments_closes(end) {
        assert_eq!(end.receives(hex!("01 01 61  88 02 03e8")), [close(1000, "")]);
        assert_eq!(end.receives_eof(), [closed_cleanly(1000, "", 1000)]);
    }

    fn nothing_is_sent_behind_a_close_frame(end) {
        end.out().send("before").unwrap();
        end.out().close(CloseCode::NORMAL, "").unwrap();
        assert_eq!(end.out().send("after"), Err(SendError::NotOpen));
        assert_eq!(end.out().ping(b""), Err(SendError::NotOpen));
        assert_eq!(end.out().pong(b""), Err(SendError::NotOpen));
        assert_eq!(end.out().close(CloseCode::NORMAL, ""), Err(SendError::NotOpen));
        assert_eq!(end.out().close_without_code(), Err(SendError::NotOpen));
        end.ticks();
        assert_eq!(end.sends(), hex!("81 06 6265666f7265  88 02 03e8"));
    }

    fn nothing_is_sent_behind_the_answer_to_a_close_frame(end) {
        end.receives(hex!("88 02 03e8"));
        assert_eq!(end.out().send("after"), Err(SendError::NotOpen));
        assert_eq!(end.out().close(CloseCode::NORMAL, ""), Err(SendError::NotOpen));
        assert_eq!(end.sends(), hex!("88 02 03e8"));
        end.receives_eof();
        assert_eq!(end.out().send("after"), Err(SendError::NotOpen));
        assert_eq!(end.out().close(CloseCode::NORMAL, ""), Err(SendError::NotOpen));
        assert!(end.sends().is_empty());
    }

    fn the_application_may_close_upon_a_message(end) {
        let mut end = end.reacting(|event, out| {
            if matches!(event, Event::Message(_)) && out.ready_state() == ReadyState::Open {
                out.close(CloseCode::POLICY, "enough").unwrap();
            }
        });
        assert_eq!(end.receives(hex!("81 01 61  89 01 70")).len(), 2);
        assert_eq!(end.sends(), hex!("88 08 03f0 656e6f756768"), "the ping behind it is not answered");
        assert_eq!(end.patience(), Some(secs(10)));
    }

    fn the_answer_is_queued_before_the_application_can_send(end) {
        let mut end = end.reacting(|event, out| {
            if matches!(event, Event::Close(..)) {
                assert_eq!(out.send("too late"), Err(SendError::NotOpen));
            }
        });
        assert_eq!(end.receives(hex!("88 02 03e8")), [close(1000, "")]);
        assert_eq!(end.sends(), hex!("88 02 03e8"));
    }

    fn codes_that_must_not_be_sent_are_refused(end) {
        for code in (0..=u16::MAX).map(CloseCode).filter(|code| !code.may_be_sent()) {
            assert_eq!(end.out().close(code, ""), Err(SendError::CloseCode(code)));
        }
        assert_eq!(end.state(), ReadyState::Open);
        assert!(end.sends().is_empty());
        end.out().send("still open").unwrap();
    }

    fn a_reason_of_more_than_123_bytes_is_refused(end) {
        assert_eq!(end.out().close(CloseCode::NORMAL, &"ü".repeat(62)), Err(SendError::ControlTooLong));
        assert_eq!(end.state(), ReadyState::Open);
        assert!(end.sends().is_empty());
        end.out().close(CloseCode::NORMAL, &"r".repeat(123)).unwrap();
        assert_eq!(end.sends().len(), 127);
    }

    fn an_end_without_any_close_frame_is_a_loss(end) {
        let told = end.receives_eof();
        assert_eq!(told, [Told::Failed(Cause::Lost), closed_abnormally(None, Cause::Lost)]);
        assert!(end.sends().is_empty());
    }

    fn an_end_inside_of_a_frame_is_a_loss(end) {
        let frame = end.as_peer_sends(hex!("81 05 48656c6c6f"));
        for cut in 1..frame.len() {
            let mut end = End::open(end.role());
            assert_eq!(end.receives_raw(&frame[..cut]), []);
            assert_eq!(end.receives_eof().last(), Some(&closed_abnormally(None, Cause::Lost)), "cut at {cut}");
            assert_eq!(end.endpoint.gathered(), 0);
        }
    }

    fn an_end_between_fragments_is_a_loss(end) {
        assert_eq!(end.receives(hex!("01 01 61")), []);
        assert_eq!(end.receives_eof().last(), Some(&closed_abnormally(None, Cause::Lost)));
    }

    fn an_end_instead_of_the_answer_is_a_loss(end) {
        end.out().close(CloseCode::NORMAL, "").unwrap();
        end.ticks();
        let told = end.receives_eof();
        assert_eq!(told, [Told::Failed(Cause::Lost), closed_abnormally(1000, Cause::Lost)]);
    }

    fn nothing_follows_the_end(end) {
        end.receives_eof();
        assert_eq!(end.receives_eof(), []);
        assert_eq!(end.receives(hex!("81 01 61")), []);
        assert_eq!(end.waits(secs(1000)), []);
        assert_eq!(end.patience(), None);
    }
}

#[test]
fn a_server_ends_tcp_after_the_handshake_that_the_client_began() {
    let mut server = End::open(Role::Server);
    server.receives(hex!("88 02 03e8"));
    assert!(server.shutdown);
    assert_eq!(server.patience(), Some(secs(10)), "for the client to end its direction too");
}

#[test]
fn a_server_ends_tcp_after_the_handshake_that_it_began() {
    let mut server = End::open(Role::Server);
    server.out().close(CloseCode::NORMAL, "").unwrap();
    server.ticks();
    assert!(!server.shutdown);
    server.receives(hex!("88 02 03e8"));
    assert!(server.shutdown);
}

#[test]
fn a_client_waits_for_the_server_to_end_tcp() {
    let mut client = End::open(Role::Client);
    client.receives(hex!("88 02 03e8"));
    assert!(!client.shutdown);
    assert_eq!(client.patience(), Some(secs(10)));
    assert_eq!(client.waits(secs(9)), []);
    assert!(!client.shutdown);
    client.receives_eof();
    assert!(client.shutdown);
}

#[test]
fn a_client_that_began_waits_for_the_server_to_end_tcp() {
    let mut client = End::open(Role::Client);
    client.out().close(CloseCode::NORMAL, "").unwrap();
    client.ticks();
    client.receives(hex!("88 02 03e8"));
    assert!(!client.shutdown);
}

/// A pair 20 ms apart in which these ends close at once, one after the other without hearing of it.
fn closed_by(closing: &[(Role, Act)]) -> Pair {
    let mut pair = Pair::open(Network::delayed(Duration::from_millis(20)));
    for (role, act) in closing {
        pair.act(*role, act).expect("it is open");
    }
    pair
}

fn by(role: Role, code: u16, reason: &str) -> (Role, Act) {
    (role, Act::Close(code, reason.into()))
}

#[test]
fn the_client_closes_first() {
    let mut pair = closed_by(&[by(Role::Client, 1000, "bye")]);
    pair.finish();
    assert_eq!(pair.client.told, [close(1000, ""), closed_cleanly(1000, "", 1000)]);
    assert_eq!(pair.server.told, [close(1000, "bye"), closed_cleanly(1000, "bye", 1000)]);
    // To open: there and back. To close: there, back, and the end of TCP there.
    assert_eq!(pair.elapsed(), Duration::from_millis(100));
}

#[test]
fn the_server_closes_first() {
    let mut pair = closed_by(&[by(Role::Server, 1001, "restart")]);
    pair.finish();
    assert_eq!(pair.server.told, [close(1001, ""), closed_cleanly(1001, "", 1001)]);
    assert_eq!(pair.client.told, [close(1001, "restart"), closed_cleanly(1001, "restart", 1001)]);
    // There, back, the end of TCP there, and back.
    assert_eq!(pair.elapsed(), Duration::from_millis(120));
}

#[test]
fn both_close_at_once() {
    let mut pair = closed_by(&[by(Role::Client, 1000, "bye"), by(Role::Server, 1001, "restart")]);
    pair.finish();
    assert_eq!(pair.client.told, [close(1001, "restart"), closed_cleanly(1001, "restart", 1000)]);
    assert_eq!(pair.server.told, [close(1000, "bye"), closed_cleanly(1000, "bye", 1001)]);
}

#[test]
fn one_closes_without_a_code_and_the_other_with_one_at_once() {
    let mut pair = closed_by(&[(Role::Client, Act::CloseWithoutCode), by(Role::Server, 4000, "")]);
    pair.finish();
    assert_eq!(pair.client.told, [close(4000, ""), closed_cleanly(4000, "", 1005)]);
    assert_eq!(pair.server.told, [close(None, ""), closed_cleanly(1005, "", 4000)]);
}

#[test]
fn messages_that_cross_a_close_frame_are_delivered() {
    let mut pair = closed_by(&[(Role::Client, Act::Text("crossing".into())), by(Role::Server, 1000, "")]);
    pair.finish();
    assert_eq!(pair.server.told, [text("crossing"), close(1000, ""), closed_cleanly(1000, "", 1000)]);
}

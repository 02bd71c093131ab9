//! Pings and pongs (sections 5.5.2 and 5.5.3).

use hex_literal::hex;
use wslab::proto::ReadyState;
use wslab::wire::CloseCode;

use crate::end::{close, ping, pong, text};
use crate::mirrored;

mirrored! {
    fn a_ping_is_answered_with_its_data(end) {
        assert_eq!(end.receives(hex!("89 05 48656c6c6f")), [ping("Hello")]);
        assert_eq!(end.sends(), hex!("8a 05 48656c6c6f"));
    }

    fn a_ping_without_data_is_answered_without_data(end) {
        assert_eq!(end.receives(hex!("89 00")), [ping("")]);
        assert_eq!(end.sends(), hex!("8a 00"));
    }

    fn a_ping_of_125_bytes_is_answered(end) {
        let data = [0xfe; 125];
        assert_eq!(end.receives([&hex!("89 7d")[..], &data].concat()), [ping(data)]);
        assert_eq!(end.sends(), [&hex!("8a 7d")[..], &data].concat());
    }

    fn a_ping_that_is_cut_is_answered_once_it_is_whole(end) {
        let bytes = end.as_peer_sends(hex!("89 05 48656c6c6f"));
        let (beginning, last) = bytes.split_at(bytes.len() - 1);
        assert_eq!(end.receives_raw(beginning), []);
        assert!(end.sends().is_empty());
        assert_eq!(end.receives_raw(last), [ping("Hello")]);
        assert_eq!(end.sends(), hex!("8a 05 48656c6c6f"));
    }

    fn every_ping_is_answered_in_order(end) {
        assert_eq!(end.receives(hex!("89 01 61  89 01 62  89 01 63")), [ping("a"), ping("b"), ping("c")]);
        assert_eq!(end.sends(), hex!("8a 01 61  8a 01 62  8a 01 63"));
    }

    fn a_ping_between_fragments_is_answered_at_once(end) {
        assert_eq!(end.receives(hex!("01 03 48656c  89 01 70")), [ping("p")]);
        assert_eq!(end.sends(), hex!("8a 01 70"));
        assert_eq!(end.receives(hex!("80 02 6c6f")), [text("Hello")]);
    }

    fn a_pong_is_told_and_not_answered(end) {
        assert_eq!(end.receives(hex!("8a 03 616263")), [pong("abc")]);
        assert!(end.sends().is_empty());
    }

    fn a_ping_is_told_but_not_answered_once_a_close_frame_was_sent(end) {
        end.out().close(CloseCode::NORMAL, "").unwrap();
        end.ticks();
        assert_eq!(end.sends(), hex!("88 02 03e8"));
        assert_eq!(end.receives(hex!("89 01 70")), [ping("p")]);
        assert!(end.sends().is_empty());
    }

    fn a_ping_behind_a_close_frame_is_not_processed(end) {
        assert_eq!(end.receives(hex!("88 02 03e8  89 01 70")), [close(1000, "")]);
        assert_eq!(end.sends(), hex!("88 02 03e8"));
        assert_eq!(end.receives(hex!("89 01 70")), []);
        assert!(end.sends().is_empty());
        assert_eq!(end.state(), ReadyState::Closing);
    }

    fn a_ping_of_the_application_is_sent_and_its_pong_told(end) {
        end.out().ping(b"app").unwrap();
        end.ticks();
        assert_eq!(end.sends(), hex!("89 03 617070"));
        assert_eq!(end.receives(hex!("8a 03 617070")), [pong("app")]);
    }

    fn a_pong_may_be_sent_without_being_asked_for(end) {
        end.out().pong(b"alive").unwrap();
        end.ticks();
        assert_eq!(end.sends(), hex!("8a 05 616c697665"));
    }
}

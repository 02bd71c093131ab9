//! Frames and messages that are larger than they may be (section 10.4).

use hex_literal::hex;
use wslab::proto::{Cause, Config, Kind, Role, Rule};

use crate::end::{End, Told, binary, closed_abnormally, failed_by, farewell, frame, ping};
use crate::mirrored;

fn limited(role: Role, max_frame: u64, max_message: usize) -> End {
    End::open_with(role, Config { max_frame, max_message, ..Config::default() })
}

/// Gives `end` these frames: it has to fail the connection because more than `limit` bytes are too much.
fn is_too_big(mut end: End, limit: usize, frames: &[u8]) {
    let cause = Cause::TooBig { limit };
    assert_eq!(end.receives(frames), [Told::Failed(cause.clone())]);
    assert_eq!(end.sends(), farewell(1009, "the message is too big"));
    assert!(end.shutdown);
    assert_eq!(end.endpoint.gathered(), 0);
    assert_eq!(end.receives(hex!("89 00")), []);
    assert_eq!(end.receives_eof(), [closed_abnormally(1009, cause)]);
}

mirrored! {
    fn a_frame_of_the_largest_size_is_taken(end) {
        let mut end = limited(end.role(), 200, 1000);
        assert_eq!(end.receives(frame(Kind::Binary, &[7; 200])), [binary([7; 200])]);
        assert_eq!(end.receives_chopped(frame(Kind::Binary, &[7; 200])), [binary([7; 200])]);
    }

    fn a_larger_frame_is_refused_at_its_head(end) {
        is_too_big(limited(end.role(), 200, 1000), 200, &hex!("82 7e 00c9"));
        is_too_big(limited(end.role(), 200, 1000), 200, &hex!("82 7f 7fffffffffffffff"));
    }

    fn a_message_of_the_largest_size_is_taken(end) {
        let mut end = limited(end.role(), 1000, 5);
        assert_eq!(end.receives(hex!("82 05 0102030405")), [binary(hex!("0102030405"))]);
        assert_eq!(end.receives(hex!("02 03 010203  00 00  80 02 0405")), [binary(hex!("0102030405"))]);
        assert_eq!(end.receives(hex!("02 05 0102030405  80 00")), [binary(hex!("0102030405"))]);
    }

    fn a_larger_message_is_refused_at_the_head_that_says_so(end) {
        is_too_big(limited(end.role(), 1000, 5), 5, &hex!("82 06"));
        is_too_big(limited(end.role(), 1000, 5), 5, &hex!("02 03 010203  80 03"));
        is_too_big(limited(end.role(), 1000, 5), 5, &hex!("02 05 0102030405  00 00  00 01"));
    }

    fn the_size_of_one_message_does_not_count_for_the_next(end) {
        let mut end = limited(end.role(), 1000, 5);
        for _ in 0..3 {
            assert_eq!(end.receives(hex!("02 02 0102  80 03 030405  82 05 0102030405")).len(), 2);
        }
    }

    fn control_frames_do_not_count(end) {
        let mut end = limited(end.role(), 1, 1);
        assert_eq!(end.receives(hex!("02 01 01  89 03 616263  80 00")), [ping("abc"), binary([1])]);
    }

    fn messages_may_be_forbidden_but_for_empty_ones(end) {
        assert_eq!(limited(end.role(), 0, 0).receives(hex!("82 00")), [binary("")]);
        is_too_big(limited(end.role(), 0, 0), 0, &hex!("82 01 61"));
    }

    fn a_frame_that_is_too_big_and_broken_is_broken(end) {
        for (rule, frame) in [
            (Rule::LengthTopBit, &hex!("82 7f 8000000000000000")[..]),
            (Rule::ReservedBit, &hex!("c2 7e 1000")),
            (Rule::NothingToContinue, &hex!("80 7e 1000")),
            (Rule::MessageUnfinished, &hex!("01 01 61  82 7e 1000")),
        ] {
            let mut end = limited(end.role(), 200, 200);
            assert_eq!(end.receives(frame), [failed_by(rule)[0].clone()]);
            assert_eq!(end.sends(), farewell(1002, rule.words()));
        }
    }

    fn what_is_declared_is_not_reserved(end) {
        // 64 MiB are allowed by default.
        assert_eq!(end.receives(hex!("82 7f 0000000004000000 00")), []);
        assert_eq!(end.endpoint.gathered(), 1);
    }
}

//! Failing the connection (section 7.1.7): why, with which code and words, and that nothing is processed after it.

use hex_literal::hex;
use wslab::proto::{Cause, ReadyState, Role, Rule, SendError};
use wslab::wire::CloseCode;

use crate::end::{End, Told, closed_abnormally, closed_cleanly, failed_by, farewell, ping, secs, text};
use crate::mirrored;

/// Gives an open `end` these bytes: it has to fail the connection upon `rule`, with that code and those words.
fn fails(mut end: End, rule: Rule, bytes: &[u8]) {
    let [failed, closed] = failed_by(rule);
    let code = rule.close_code().expect("this rule calls for failing").0;
    assert_eq!(end.receives_raw(bytes), [failed], "{rule:?}");
    assert_eq!(end.state(), ReadyState::Closing);
    assert_eq!(end.sends(), farewell(code, rule.words()), "{rule:?}");
    assert!(end.shutdown);
    assert_eq!(end.endpoint.gathered(), 0);
    assert_eq!(end.out().send("after"), Err(SendError::NotOpen));
    assert_eq!(end.receives(hex!("89 00  81 01 61  88 02 03e8")), [], "nothing is processed any more");
    assert!(end.sends().is_empty());
    assert_eq!(end.patience(), Some(secs(10)));
    assert_eq!(end.receives_eof(), [closed], "{rule:?}");
}

/// Frames that break a rule by themselves, written without a mask.
const BROKEN: &[(Rule, &[u8])] = &[
    (Rule::ReservedBit, &hex!("c1 01 61")),
    (Rule::ReservedBit, &hex!("a1 01 61")),
    (Rule::ReservedBit, &hex!("91 01 61")),
    (Rule::ReservedBit, &hex!("c9 00")),
    (Rule::ReservedOpcode, &hex!("83 00")),
    (Rule::ReservedOpcode, &hex!("87 01 61")),
    (Rule::ReservedOpcode, &hex!("8b 00")),
    (Rule::ReservedOpcode, &hex!("8f 01 61")),
    (Rule::LengthNotMinimal, &hex!("81 7e 0001 61")),
    (Rule::LengthNotMinimal, &hex!("82 7f 000000000000ffff")),
    (Rule::LengthTopBit, &hex!("82 7f 8000000000000000")),
    (Rule::LengthTopBit, &hex!("82 7f ffffffffffffffff")),
    (Rule::ControlTooLong, &hex!("89 7e 007e")),
    (Rule::ControlTooLong, &hex!("88 7f 0000000100000000")),
    (Rule::ControlFragmented, &hex!("09 00")),
    (Rule::ControlFragmented, &hex!("08 02 03e8")),
    (Rule::NothingToContinue, &hex!("80 01 61")),
    (Rule::NothingToContinue, &hex!("00 00")),
    (Rule::MessageUnfinished, &hex!("01 01 61  81 01 61")),
    (Rule::MessageUnfinished, &hex!("02 01 61  01 00")),
    (Rule::InvalidUtf8, &hex!("81 01 ff")),
    (Rule::InvalidUtf8, &hex!("81 02 c3 28")),
    (Rule::InvalidUtf8, &hex!("81 01 c3")),
    (Rule::InvalidUtf8, &hex!("01 01 61  80 01 ff")),
    (Rule::InvalidUtf8, &hex!("01 01 c3  80 00")),
    (Rule::InvalidUtf8, &hex!("81 03 eda080")),
    (Rule::CloseBodyStub, &hex!("88 01 03")),
    (Rule::CloseCodeInvalid, &hex!("88 02 0000")),
    (Rule::CloseCodeInvalid, &hex!("88 02 03e7")),
    (Rule::CloseCodeInvalid, &hex!("88 02 1388")),
    (Rule::CloseCodeInvalid, &hex!("88 02 ffff")),
    (Rule::CloseCodeReserved, &hex!("88 02 03ec")),
    (Rule::CloseCodeReserved, &hex!("88 02 03ed")),
    (Rule::CloseCodeReserved, &hex!("88 02 03ee")),
    (Rule::CloseCodeReserved, &hex!("88 02 03f7")),
    (Rule::CloseCodeUnassigned, &hex!("88 02 03f8")),
    (Rule::CloseCodeUnassigned, &hex!("88 02 0bb7")),
    (Rule::CloseReasonNotUtf8, &hex!("88 03 03e8 ff")),
    (Rule::CloseReasonNotUtf8, &hex!("88 03 03e8 c3")),
];

mirrored! {
    fn a_broken_frame_fails_the_connection(end) {
        for &(rule, frames) in BROKEN {
            let bytes = end.as_peer_sends(frames);
            fails(End::open(end.role()), rule, &bytes);
        }
    }

    fn a_broken_frame_fails_the_connection_however_it_is_cut(end) {
        for &(rule, frames) in BROKEN {
            let mut end = End::open(end.role());
            assert_eq!(end.receives_chopped(frames), [failed_by(rule)[0].clone()], "{rule:?}");
            assert_eq!(end.receives_eof(), [failed_by(rule)[1].clone()], "{rule:?}");
        }
    }

    fn what_came_before_the_fault_is_told_and_answered(end) {
        let rule = Rule::ReservedOpcode;
        let told = end.receives(hex!("81 01 61  89 01 70  83 00  81 01 62"));
        assert_eq!(told, [text("a"), ping("p"), failed_by(rule)[0].clone()]);
        assert_eq!(end.sends(), [&hex!("8a 01 70")[..], &farewell(1002, rule.words())].concat());
    }

    fn text_is_refused_before_the_frame_is_complete(end) {
        let rule = Rule::InvalidUtf8;
        assert_eq!(end.receives(hex!("81 05 61ff")), [failed_by(rule)[0].clone()]);
    }

    fn a_fault_after_our_close_frame_fails_the_connection_without_a_second_one(end) {
        end.out().close(CloseCode::NORMAL, "").unwrap();
        end.ticks();
        assert_eq!(end.sends(), hex!("88 02 03e8"));
        let cause = Cause::Rule(Rule::ReservedBit);
        assert_eq!(end.receives(hex!("c1 00")), [Told::Failed(cause.clone())]);
        assert!(end.sends().is_empty());
        assert_eq!(end.receives_eof(), [closed_abnormally(1000, cause)]);
    }

    fn an_answer_to_the_failing_close_frame_is_not_waited_for(end) {
        end.receives(hex!("c1 00"));
        assert!(end.shutdown);
        assert_eq!(end.waits(secs(10)), [failed_by(Rule::ReservedBit)[1].clone()]);
    }
}

#[test]
fn a_masked_frame_of_a_server_fails_the_connection() {
    fails(End::open(Role::Client), Rule::Masked, &hex!("81 85 37fa213d 7f9f4d5158"));
    fails(End::open(Role::Client), Rule::Masked, &hex!("89 80 37fa213d"));
}

#[test]
fn an_unmasked_frame_of_a_client_fails_the_connection() {
    fails(End::open(Role::Server), Rule::Unmasked, &hex!("81 05 48656c6c6f"));
    fails(End::open(Role::Server), Rule::Unmasked, &hex!("88 00"));
}

#[test]
fn masking_keys_that_repeat_do_not_fail_the_connection() {
    let mut server = End::open(Role::Server);
    let frame = hex!("81 85 37fa213d 7f9f4d5158");
    assert_eq!(server.receives_raw([frame, frame].concat()), [text("Hello"), text("Hello")]);
    assert_eq!(server.state(), ReadyState::Open);
    assert_eq!(server.receives_raw(hex!("88 82 37fa213d 3412")), [crate::end::close(1000, "")]);
    assert_eq!(server.receives_eof(), [closed_cleanly(1000, "", 1000)]);
}

#[test]
fn the_words_of_every_rule_fit_into_a_close_frame() {
    for rule in Rule::ALL {
        assert!(rule.words().len() <= 123, "{rule:?}");
    }
}

#[test]
fn every_rule_with_a_code_is_tested_here() {
    for rule in Rule::ALL.iter().filter(|rule| rule.close_code().is_some()) {
        // Of compressed messages `deflate` is about.
        let elsewhere = matches!(rule, Rule::Masked | Rule::Unmasked | Rule::CompressedDataInvalid);
        assert!(elsewhere || BROKEN.iter().any(|(tested, _)| tested == rule), "{rule:?}");
    }
}

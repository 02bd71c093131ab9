//! Sections 5.5.1 and 7.4: the close frame, and what follows it.

use wslab::proto::{Flow, Role, Rule};

use crate::support::direction::{Sight, each_sender, from, sights};
use crate::support::frame::{Frame, binary, close, close_with, continuation, ping, text};

/// Sends a close frame alone and gives back the rules that it breaks, having checked that nothing else is seen.
fn faults(sender: Role, frame: Frame, expected: &[Rule]) {
    let mut it = from(sender);
    let len = frame.payload().len();
    let mut words = vec![format!("close {len}")];
    if len > 0 {
        words.push(format!("'{}'", frame.payload().escape_ascii()));
    }
    words.extend(expected.iter().map(|rule| rule.name().to_owned()));
    words.push("end".to_owned());
    it.sends(frame);
    it.is_seen_as(&words.join(", "));
    assert_eq!(it.ends(), []);
}

#[test]
fn a_close_frame_may_be_empty() {
    each_sender(|it| faults(it.sender(), close(""), &[]));
}

#[test]
fn a_close_frame_may_have_a_code_and_a_reason() {
    each_sender(|it| {
        faults(it.sender(), close_with(1000, ""), &[]);
        faults(it.sender(), close_with(1001, "the server restarts"), &[]);
        faults(it.sender(), close_with(4999, "ß€😀"), &[]);
        faults(it.sender(), close_with(3000, "x".repeat(123)), &[]);
    });
}

/// 5.5.1: "the first two bytes of the body MUST be a 2-byte unsigned integer".
#[test]
fn close_body_stub() {
    each_sender(|it| {
        faults(it.sender(), close([0x03]), &[Rule::CloseBodyStub]);
        faults(it.sender(), close([0xff]), &[Rule::CloseBodyStub]);
    });
}

/// 7.4, all 65,536 codes.
#[test]
fn every_close_code() {
    each_sender(|mut it| {
        for code in 0..=u16::MAX {
            let expected: &[Rule] = match code {
                0..=999 => &[Rule::CloseCodeInvalid],
                1000..=1003 | 1007..=1014 => &[],
                1004..=1006 | 1015 => &[Rule::CloseCodeReserved],
                1016..=2999 => &[Rule::CloseCodeUnassigned],
                3000..=4999 => &[],
                5000.. => &[Rule::CloseCodeInvalid],
            };
            let mut bytes = it.encode(&close_with(code, ""));
            let seen = sights(&mut Flow::new(it.sender()), &mut bytes);
            let after_the_data: Vec<_> = expected.iter().map(|rule| Sight::Fault(*rule)).chain([Sight::End]).collect();
            assert_eq!(seen[2..], after_the_data, "{code}");
        }
    });
}

/// 5.5.1: the reason is UTF-8.
#[test]
fn close_reason_not_utf8() {
    each_sender(|it| {
        faults(it.sender(), close_with(1000, [0xff]), &[Rule::CloseReasonNotUtf8]);
        faults(it.sender(), close_with(1000, [b'a', 0xff, 0xff]), &[Rule::CloseReasonNotUtf8]);
        faults(it.sender(), close_with(1000, [0xe2, 0x82]), &[Rule::CloseReasonNotUtf8]);
        faults(it.sender(), close_with(1000, "\u{feff}"), &[]);
    });
}

/// The code is no part of the text: its bytes and the reason's are judged apart.
#[test]
fn the_code_is_not_text() {
    each_sender(|it| {
        faults(it.sender(), close_with(0x0fc3, [0x9f]), &[Rule::CloseReasonNotUtf8]);
        faults(it.sender(), close_with(0x0fff, "bye"), &[]);
    });
}

#[test]
fn a_close_frame_may_be_wrong_twice() {
    each_sender(|it| {
        faults(it.sender(), close_with(1005, [0xff]), &[Rule::CloseCodeReserved, Rule::CloseReasonNotUtf8]);
        faults(it.sender(), close_with(999, [0xc3]), &[Rule::CloseCodeInvalid, Rule::CloseReasonNotUtf8]);
    });
}

/// 5.5.1: "the application MUST NOT send any more data frames after sending a Close frame"; 1.4: "after sending a
/// control frame indicating the connection should be closed, a peer does not send any further data".
#[test]
fn frame_after_close() {
    each_sender(|mut it| {
        it.sends(close_with(1000, ""));
        it.is_seen_as(r"close 2, '\x03\xe8', end");
        it.sends(text("Hello"));
        it.is_seen_as("text 5, FrameAfterClose, 'Hello', end");
        it.sends(ping(""));
        it.is_seen_as("ping 0, FrameAfterClose, end");
        it.sends(continuation(""));
        it.is_seen_as("continuation 0, NothingToContinue, FrameAfterClose, end");
        it.sends(close([0x03]));
        it.is_seen_as(r"close 1, FrameAfterClose, '\x03', CloseBodyStub, end");
        it.sends(close(""));
        it.is_seen_as("close 0, FrameAfterClose, end");
    });
}

/// Wrong or not, a close frame is the last one.
#[test]
fn frame_after_a_close_frame_that_breaks_rules() {
    each_sender(|mut it| {
        it.sends(close([0xff]).rsv(1).unfinished());
        it.is_seen_as(r"close+unfinished+rsv3 1, ReservedBit, ControlFragmented, '\xff', CloseBodyStub, end");
        it.sends(ping(""));
        it.is_seen_as("ping 0, FrameAfterClose, end");
    });
}

#[test]
fn text_after_close_is_judged_too() {
    each_sender(|mut it| {
        it.sends(close(""));
        it.sends(text([0xff]));
        it.is_seen_as(r"close 0, end, text 1, FrameAfterClose, '\xff', InvalidUtf8, end");
    });
}

/// 5.5.1 and 5.4: a close frame is a control frame, so it may come between fragments.
#[test]
fn a_close_frame_between_fragments() {
    each_sender(|mut it| {
        it.sends(binary("a").unfinished());
        it.sends(close(""));
        it.sends(continuation("b"));
        it.is_seen_as("binary+unfinished 1, 'a', end, close 0, end, continuation 1, FrameAfterClose, 'b', end");
    });
}

#[test]
fn a_close_frame_that_is_cut_is_truncated() {
    each_sender(|mut it| {
        it.sends(close([0x03]).declaring(2));
        it.is_seen_as(r"close 2, '\x03'");
        assert_eq!(it.ends(), [Rule::TruncatedFrame]);
    });
}

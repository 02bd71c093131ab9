//! Bytes that nobody will ever see: within a payload, to its end, beyond it; and a beginning that was missed.

use hex_literal::hex;
use wslab::proto::{Flow, Role, Rule};
use wslab::wire::{Form, Head, Opcode};

use crate::support::direction::{Sight, each_sender, each_sender_adrift, from, sights};
use crate::support::frame::{Frame, binary, close, close_with, continuation, frame, ping, text};

#[test]
fn losing_nothing_is_nothing() {
    each_sender(|mut it| {
        it.loses(0);
        it.sends_without(2..2, binary("Hello"));
        it.loses(0);
        it.is_seen_as("binary 5, 'He', 'llo', end");
    });
}

#[test]
fn a_loss_inside_a_payload_is_stepped_over() {
    each_sender(|mut it| {
        it.sends_without(2..4, binary("Hello, world"));
        it.is_seen_as("binary 12, 'He', lost 2, 'o, world', end");
        it.sends_without(0..1, ping("Hello"));
        it.is_seen_as("ping 5, lost 1, 'ello', end");
        it.sends(text("read on"));
        it.is_seen_as("text 7, 'read on', end");
        assert_eq!(it.ends(), []);
    });
}

#[test]
fn a_loss_exactly_to_the_end_of_a_payload_ends_the_frame() {
    each_sender(|mut it| {
        it.sends_without(2..5, binary("Hello"));
        it.is_seen_as("binary 5, 'He', lost 3, end");
        it.sends_without(0..5, text("Hello"));
        it.is_seen_as("text 5, lost 5, end");
        assert!(it.flow().is_between_frames());
        it.sends(text("read on"));
        it.is_seen_as("text 7, 'read on', end");
    });
}

#[test]
fn two_losses_in_a_payload() {
    each_sender(|mut it| {
        let bytes = it.encode(&binary("Hello, world"));
        let at = bytes.len() - 12;
        it.sends_bytes(&bytes[..at + 1]);
        it.loses(2);
        it.loses(3);
        it.sends_bytes(&bytes[at + 6..at + 7]);
        it.loses(5);
        it.is_seen_as("binary 12, 'H', lost 2, lost 3, ' ', lost 5, end");
    });
}

/// Section 5.3: which byte of the key is next depends on the place in the payload, lost or not.
#[test]
fn the_mask_is_right_after_a_loss() {
    each_sender(|mut it| {
        let payload = "0123456789abcdef";
        for start in 0..payload.len() {
            for end in start + 1..payload.len() {
                it.sends_without(start..end, binary(payload));
                let before = if start == 0 { String::new() } else { format!("'{}', ", &payload[..start]) };
                it.is_seen_as(&format!("binary 16, {before}lost {}, '{}', end", end - start, &payload[end..]));
            }
        }
    });
    let mut it = from(Role::Client);
    it.sends(binary("").key(hex!("00010203")).declaring(1 << 62));
    it.loses((1 << 62) - 3);
    it.sends_bytes([b'a' ^ 1, b'b' ^ 2, b'c' ^ 3]);
    it.is_seen_as("binary 4611686018427387904, lost 4611686018427387901, 'abc', end");
}

#[test]
fn a_loss_beyond_a_payload_sets_the_flow_adrift() {
    each_sender(|mut it| {
        it.sends_without(2..6, binary("Hello"));
        it.is_seen_as("binary 5, 'He', lost 4, adrift");
        assert_eq!(it.flow().remaining(), 0);
        assert!(!it.flow().is_between_frames());
        assert_eq!(it.ends(), [], "what was in the loss nobody knows");
    });
}

#[test]
fn a_loss_between_frames_sets_the_flow_adrift() {
    each_sender(|mut it| {
        it.sends(binary("Hello"));
        it.loses(1);
        it.is_seen_as("binary 5, 'Hello', end, lost 1, adrift");
    });
}

/// The bytes of the head that did come are passed over, and said.
#[test]
fn a_loss_inside_a_head_sets_the_flow_adrift() {
    each_sender(|mut it| {
        it.sends_bytes([0x82, 0xfe, 0x00]);
        it.loses(10);
        it.is_seen_as("lost 13, adrift");
        assert_eq!((it.flow().position(), it.ends()), (13, vec![]));
        it.sends(text("Hello"));
        it.is_seen_as("resumed, text 5, 'Hello', end");
    });
}

#[test]
fn a_loss_while_adrift_is_one_more_loss() {
    each_sender(|mut it| {
        it.loses(1);
        it.loses(2);
        it.sends_bytes([0xff; 5]);
        it.loses(3);
        it.is_seen_as("lost 1, adrift, lost 2, lost 5, lost 3");
        it.sends_bytes("");
        it.is_seen_as("");
    });
}

#[test]
fn a_flow_resumes_where_a_segment_begins_like_a_frame() {
    each_sender(|mut it| {
        it.loses(100);
        it.sends_bytes([0xff; 20]);
        it.sends(text("Hello"));
        it.sends(text("read on"));
        it.is_seen_as("lost 100, adrift, lost 20, resumed, text 5, 'Hello', end, text 7, 'read on', end");
        assert!(it.flow().is_between_frames());
    });
}

#[test]
fn a_beginning_that_was_missed() {
    each_sender_adrift(0, |mut it| {
        assert!(!it.flow().is_between_frames());
        it.sends_bytes([0xff; 20]);
        it.sends(text("Hello"));
        it.is_seen_as("lost 20, resumed, text 5, 'Hello', end");
        assert_eq!(it.flow().position(), 20 + 2 + if it.sender() == Role::Client { 4 } else { 0 } + 5);
    });
    each_sender_adrift(0, |mut it| {
        it.sends(binary("Hello"));
        it.is_seen_as("resumed, binary 5, 'Hello', end");
    });
    each_sender_adrift(0, |mut it| {
        it.loses(3);
        it.is_seen_as("lost 3");
        assert_eq!(it.ends(), []);
    });
}

/// What no conforming sender begins a frame with is not taken for a head.
#[test]
fn what_is_not_plausible() {
    let implausible: [Frame; 8] = [
        text("Hello").rsv(Head::RSV1),
        text("Hello").rsv(Head::RSV2),
        frame(Opcode(0x3), "Hello"),
        text("Hello").wrongly_masked(),
        text("Hello").form(Form::Bits16),
        binary("").declaring(1 << 63),
        ping("x".repeat(126)),
        ping("").unfinished(),
    ];
    for frame in implausible {
        each_sender_adrift(0, |mut it| {
            let bytes = it.encode(&frame);
            it.sends_bytes(&bytes);
            it.is_seen_as(&format!("lost {}", bytes.len()));
            let bytes = [it.encode(&text("Hello")), it.encode(&frame)].concat();
            it.sends_bytes(&bytes);
            it.is_seen_as(&format!("lost {}", bytes.len()));
        });
    }
}

#[test]
fn a_reserved_bit_with_a_meaning_is_plausible() {
    each_sender_adrift(Head::RSV1, |mut it| {
        it.sends(continuation("Hello").rsv(Head::RSV1));
        it.sends(text([0xff]).rsv(Head::RSV1));
        it.sends(text([0xff]));
        let head = if it.sender() == Role::Client { 6 } else { 2 };
        it.is_seen_as(&format!(
            r"lost {}, resumed, text+rsv1 1, '\xff', end, text 1, '\xff', InvalidUtf8, end",
            head + 5
        ));
    });
}

/// A whole head is needed, but not a whole payload; and a next head that is cut tells nothing.
#[test]
fn how_much_is_needed_to_resume() {
    each_sender_adrift(0, |mut it| {
        let bytes = it.encode(&binary("x".repeat(300)));
        let head = bytes.len() - 300;
        for cut in 1..head {
            it.sends_bytes(&bytes[..cut]);
            it.is_seen_as(&format!("lost {cut}"));
        }
        it.sends_bytes(&bytes[..head]);
        it.sends_bytes(&bytes[head..]);
        it.is_seen_as(&format!("resumed, binary 300, '{}', end", "x".repeat(300)));
    });
    each_sender_adrift(0, |mut it| {
        let bytes = [it.encode(&ping("")), vec![0x82]].concat();
        it.sends_bytes(bytes);
        it.is_seen_as("resumed, ping 0, end");
        assert_eq!(it.ends(), [Rule::TruncatedFrame]);
    });
}

/// Whether a message was open in the dark nobody knows, so neither beginning nor continuing one is a fault.
#[test]
fn after_a_loss_a_message_may_be_open_or_not() {
    each_sender(|mut it| {
        it.sends(binary("a").unfinished());
        it.loses(1);
        it.sends(text("b"));
        it.is_seen_as("binary+unfinished 1, 'a', end, lost 1, adrift, resumed, text 1, 'b', end");
        it.sends(continuation("c"));
        it.is_seen_as("continuation 1, NothingToContinue, 'c', end");
    });
    each_sender(|mut it| {
        it.loses(1);
        it.sends(continuation([0xff]).unfinished());
        it.sends(ping(""));
        it.sends(continuation([0xff]));
        it.is_seen_as(
            r"lost 1, adrift, resumed, continuation+unfinished 1, '\xff', end, ping 0, end,
            continuation 1, '\xff', end",
        );
        it.sends(continuation("c"));
        it.is_seen_as("continuation 1, NothingToContinue, 'c', end");
        it.sends(text("d").unfinished());
        it.sends(text("e"));
        it.is_seen_as("text+unfinished 1, 'd', end, text 1, MessageUnfinished, 'e', end");
    });
    each_sender(|mut it| {
        it.sends(binary("a").unfinished());
        it.loses(1);
        assert_eq!(it.ends(), [], "the message may have ended in the dark");
    });
}

/// Section 8.1, as far as the text was there.
#[test]
fn torn_text_is_not_judged() {
    each_sender(|mut it| {
        it.sends_without(0..1, text([0xc3, 0x9f]));
        it.is_seen_as(r"text 2, lost 1, '\x9f', end");
        it.sends_without(1..2, text([0xc3, 0x9f]));
        it.is_seen_as(r"text 2, '\xc3', lost 1, end");
        it.sends_without(1..2, text([0xc3, 0x9f, 0xff]).unfinished());
        it.sends(continuation([0xff]));
        it.is_seen_as(r"text+unfinished 3, '\xc3', lost 1, '\xff', end, continuation 1, '\xff', end");
        it.sends(text("a").unfinished());
        it.sends_without(0..1, continuation([0xff, 0xff]).unfinished());
        it.sends(continuation([0xff]));
        it.is_seen_as(
            r"text+unfinished 1, 'a', end, continuation+unfinished 2, lost 1, '\xff', end,
            continuation 1, '\xff', end",
        );
    });
}

#[test]
fn a_fault_before_the_tear_stands() {
    each_sender(|mut it| {
        it.sends_without(1..2, text([0xff, b'a', 0xff]));
        it.is_seen_as(r"text 3, '\xff', InvalidUtf8, lost 1, '\xff', end");
        it.sends_without(3..5, close_with(1005, [0xff, b'a', b'b']));
        it.is_seen_as(r"close 5, '\x03\xed\xff', CloseCodeReserved, CloseReasonNotUtf8, lost 2, end");
    });
}

#[test]
fn the_text_after_a_torn_one_is_judged() {
    each_sender(|mut it| {
        it.sends_without(0..1, text("ab"));
        it.sends(text([0xff]));
        it.is_seen_as(r"text 2, lost 1, 'b', end, text 1, '\xff', InvalidUtf8, end");
    });
    each_sender(|mut it| {
        it.loses(1);
        it.sends(text([0xff]));
        it.is_seen_as(r"lost 1, adrift, resumed, text 1, '\xff', InvalidUtf8, end");
    });
}

/// What is torn between the fragments of a text is none of it.
#[test]
fn text_is_judged_across_a_torn_frame_that_is_none_of_it() {
    for (stranger, words) in [
        (ping("xy"), "ping 2, 'x', lost 1, end"),
        (frame(Opcode(0x3), "xy"), "opcode 0x3 2, ReservedOpcode, 'x', lost 1, end"),
        (frame(Opcode(0xb), "xy"), "opcode 0xb 2, ReservedOpcode, 'x', lost 1, end"),
    ] {
        each_sender(|mut it| {
            it.sends(text([0xc3]).unfinished());
            it.sends_without(1..2, stranger.clone());
            it.sends(continuation([0xc3]));
            it.is_seen_as(&format!(
                r"text+unfinished 1, '\xc3', end, {words}, continuation 1, '\xc3', InvalidUtf8, end"
            ));
        });
    }
}

/// A torn message is a message: it is open until it ends.
#[test]
fn a_torn_message_is_still_one() {
    each_sender(|mut it| {
        it.sends_without(0..1, text("ab").unfinished());
        it.sends(binary("c"));
        it.is_seen_as("text+unfinished 2, lost 1, 'b', end, binary 1, MessageUnfinished, 'c', end");
        it.sends_without(0..2, text("ab").unfinished());
        it.is_seen_as("text+unfinished 2, lost 2, end");
        assert_eq!(it.ends(), [Rule::TruncatedMessage]);
    });
    each_sender(|mut it| {
        it.sends(binary("").declaring(5));
        it.loses(4);
        it.is_seen_as("binary 5, lost 4");
        assert_eq!(it.ends(), [Rule::TruncatedFrame]);
    });
}

/// Sections 5.5.1 and 7.4: a close body with a hole is not judged, but it is the last frame.
#[test]
fn a_torn_close_frame_is_not_judged_and_still_closes() {
    for (lost, body, words) in [
        (0..1, &[0x03, 0xed][..], r"lost 1, '\xed', end"),
        (1..2, &[0x03, 0xed], r"'\x03', lost 1, end"),
        (0..2, &[0x03, 0xed], "lost 2, end"),
        (0..1, &[0x03], "lost 1, end"),
        (2..3, &[0x03, 0xe8, 0xc3, 0xff], r"'\x03\xe8', lost 1, '\xff', end"),
        (3..4, &[0x03, 0xe8, 0xc3, 0x9f], r"'\x03\xe8\xc3', lost 1, end"),
    ] {
        each_sender(|mut it| {
            it.sends_without(lost.clone(), close(body));
            it.is_seen_as(&format!("close {}, {words}", body.len()));
            it.sends(ping(""));
            it.is_seen_as("ping 0, FrameAfterClose, end");
        });
    }
}

#[test]
fn a_close_frame_after_a_torn_frame_is_judged() {
    each_sender(|mut it| {
        it.sends_without(0..1, ping("xy"));
        it.sends(close_with(1005, [0xff]));
        it.is_seen_as(r"ping 2, lost 1, 'y', end, close 3, '\x03\xed\xff', CloseCodeReserved, CloseReasonNotUtf8, end");
    });
}

#[test]
fn a_close_frame_before_a_loss_was_still_the_last_frame() {
    each_sender(|mut it| {
        it.sends(close(""));
        it.loses(1);
        it.sends(ping(""));
        it.is_seen_as("close 0, end, lost 1, adrift, resumed, ping 0, FrameAfterClose, end");
    });
}

/// Section 5.3: keys are compared with the frame before, if it was there.
#[test]
fn masking_keys_are_compared_across_a_tear_and_not_across_the_dark() {
    let key = hex!("37fa213d");
    let mut it = from(Role::Client);
    it.sends_without(0..1, binary("ab").key(key));
    it.sends(ping("").key(key));
    it.is_seen_as("binary 2, lost 1, 'b', end, ping 0, MaskingKeyRepeated, end");
    it.loses(1);
    it.sends(ping("").key(key));
    it.is_seen_as("lost 1, adrift, resumed, ping 0, end");
}

/// Nobody loses so much, but a number in a damaged capture may say so.
#[test]
fn no_loss_is_too_large() {
    each_sender(|it| {
        let mut flow = Flow::new(it.sender());
        for _ in 0..2 {
            flow.skip(u64::MAX).for_each(drop);
        }
        flow.skip(1 << 63).for_each(drop);
        assert_eq!(sights(&mut flow, &mut [0xff; 3]), [Sight::Lost(3)]);
    });
}

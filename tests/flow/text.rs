//! Sections 5.6 and 8.1: text is UTF-8, the message as a whole.

use hex_literal::hex;
use wslab::proto::{Flow, Rule, Seen};
use wslab::wire::{Head, Opcode};

use crate::support::direction::{each_sender, each_sender_with_reserved};
use crate::support::frame::{Frame, binary, close_with, continuation, frame, ping, text};

#[test]
fn text_of_every_length_of_code_points() {
    each_sender(|mut it| {
        it.sends(text("aß€😀"));
        it.is_seen_as(r"text 10, 'a\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80', end");
    });
}

/// 5.6: "a particular text frame might include a partial UTF-8 sequence; however, the whole message MUST contain
/// valid UTF-8". Cut inside each code point, with control frames between.
#[test]
fn a_code_point_may_be_cut_by_frames() {
    each_sender(|mut it| {
        for byte in "aß€😀".bytes() {
            it.sends(if byte == b'a' { text([byte]).unfinished() } else { continuation([byte]).unfinished() });
            it.sends(ping([0xff]));
        }
        it.sends(continuation(""));
        it.is_seen_as(
            r"text+unfinished 1, 'a', end, ping 1, '\xff', end, continuation+unfinished 1, '\xc3', end,
            ping 1, '\xff', end, continuation+unfinished 1, '\x9f', end, ping 1, '\xff', end,
            continuation+unfinished 1, '\xe2', end, ping 1, '\xff', end, continuation+unfinished 1, '\x82', end,
            ping 1, '\xff', end, continuation+unfinished 1, '\xac', end, ping 1, '\xff', end,
            continuation+unfinished 1, '\xf0', end, ping 1, '\xff', end, continuation+unfinished 1, '\x9f', end,
            ping 1, '\xff', end, continuation+unfinished 1, '\x98', end, ping 1, '\xff', end,
            continuation+unfinished 1, '\x80', end, ping 1, '\xff', end, continuation 0, end",
        );
    });
}

/// 8.1: a stream that is not UTF-8. Data, then the fault, then the end; the next text is judged by itself.
#[test]
fn invalid_utf8() {
    each_sender(|mut it| {
        it.sends(text([b'a', 0xff, b'b']));
        it.is_seen_as(r"text 3, 'a\xffb', InvalidUtf8, end");
        it.sends(text("read on"));
        it.is_seen_as("text 7, 'read on', end");
        it.sends(text([0xed, 0xa0, 0x80]));
        it.is_seen_as(r"text 3, '\xed\xa0\x80', InvalidUtf8, end");
    });
}

/// A text that ends inside a code point is certainly wrong with its last frame, not before.
#[test]
fn text_that_ends_inside_a_code_point() {
    each_sender(|mut it| {
        it.sends(text([0xe2, 0x82]));
        it.is_seen_as(r"text 2, '\xe2\x82', InvalidUtf8, end");
        it.sends(text([0xe2, 0x82]).unfinished());
        it.is_seen_as(r"text+unfinished 2, '\xe2\x82', end");
        it.sends(continuation(""));
        it.is_seen_as("continuation 0, InvalidUtf8, end");
        it.sends(text("").unfinished());
        it.sends(continuation([0xf0]));
        it.is_seen_as(r"text+unfinished 0, end, continuation 1, '\xf0', InvalidUtf8, end");
        it.sends(text([0xac]));
        it.is_seen_as(r"text 1, '\xac', InvalidUtf8, end");
    });
}

#[test]
fn it_is_said_once_a_message() {
    each_sender(|mut it| {
        it.sends(text([0xff]).unfinished());
        it.sends(continuation([0xff, 0xc3]).unfinished());
        it.sends(ping([0xff]));
        it.sends(continuation([0xff]));
        it.is_seen_as(
            r"text+unfinished 1, '\xff', InvalidUtf8, end, continuation+unfinished 2, '\xff\xc3', end,
            ping 1, '\xff', end, continuation 1, '\xff', end",
        );
        it.sends(text([0xff]));
        it.is_seen_as(r"text 1, '\xff', InvalidUtf8, end");
    });
}

#[test]
fn the_fault_belongs_to_the_fragment_that_spoils_the_text() {
    each_sender(|mut it| {
        it.sends(text([0xce]).unfinished());
        it.sends(continuation([0xba]).unfinished());
        it.sends(continuation([0xf4]).unfinished());
        it.sends(continuation([0x90]).unfinished());
        it.sends(continuation("edited"));
        it.is_seen_as(
            r"text+unfinished 1, '\xce', end, continuation+unfinished 1, '\xba', end,
            continuation+unfinished 1, '\xf4', end, continuation+unfinished 1, '\x90', InvalidUtf8, end,
            continuation 6, 'edited', end",
        );
    });
}

/// Autobahn's 6.4: the fault is said with the byte that makes it certain, though the frame goes on.
#[test]
fn it_fails_fast() {
    each_sender(|mut it| {
        let mut bytes = it.encode(&text(hex!("ce ba f4 90 80 80 61")));
        let at = bytes.len() - 7;
        let mut flow = Flow::new(it.sender());
        flow.read(&mut bytes[..at]).for_each(drop);
        for index in at..bytes.len() {
            let faults: Vec<_> =
                flow.read(&mut bytes[index..=index]).filter(|seen| matches!(seen, Seen::Fault(_))).collect();
            let certain = index == at + 3;
            assert_eq!(faults, if certain { vec![Seen::Fault(Rule::InvalidUtf8)] } else { vec![] }, "byte {index}");
        }
    });
}

#[test]
fn binary_is_not_judged() {
    each_sender(|mut it| {
        it.sends(binary([0xff]));
        it.sends(binary([0xc3]).unfinished());
        it.sends(continuation([0xff]));
        it.is_seen_as(r"binary 1, '\xff', end, binary+unfinished 1, '\xc3', end, continuation 1, '\xff', end");
    });
}

/// What continues nothing, and what is neither text nor binary, is no text.
#[test]
fn what_is_no_message_is_not_judged() {
    each_sender(|mut it| {
        it.sends(continuation([0xff]));
        it.sends(frame(Opcode(0x3), [0xff]));
        it.is_seen_as(r"continuation 1, NothingToContinue, '\xff', end, opcode 0x3 1, ReservedOpcode, '\xff', end");
    });
}

/// A reserved opcode in between is no part of the text, and the text is judged on.
#[test]
fn text_is_judged_across_a_frame_that_is_none_of_it() {
    let seen_with = |stranger: Frame, words: &str| {
        each_sender(|mut it| {
            it.sends(text([0xc3]).unfinished());
            it.sends(stranger.clone());
            it.sends(continuation([0x9f]).unfinished());
            it.sends(continuation([0x9f]));
            it.is_seen_as(&format!(
                r"text+unfinished 1, '\xc3', end, {words}, continuation+unfinished 1, '\x9f', end,
                continuation 1, '\x9f', InvalidUtf8, end"
            ));
        });
    };
    seen_with(frame(Opcode(0x3), [0xff]), r"opcode 0x3 1, ReservedOpcode, '\xff', end");
    seen_with(frame(Opcode(0xb), [0xff]), r"opcode 0xb 1, ReservedOpcode, '\xff', end");
}

/// A close frame has text of its own.
#[test]
fn text_is_judged_across_the_reason_of_a_close_frame() {
    each_sender(|mut it| {
        it.sends(text([0xc3]).unfinished());
        it.sends(close_with(1000, "ß"));
        it.sends(continuation([0x9f, 0x9f]));
        it.is_seen_as(
            r"text+unfinished 1, '\xc3', end, close 4, '\x03\xe8\xc3\x9f', end,
            continuation 2, FrameAfterClose, '\x9f\x9f', InvalidUtf8, end",
        );
    });
}

/// A new message in the middle of another is judged from its own beginning.
#[test]
fn text_that_interrupts_text_is_judged_by_itself() {
    each_sender(|mut it| {
        it.sends(text([0xc3]).unfinished());
        it.sends(text([0x9f]));
        it.sends(text([0xc3]).unfinished());
        it.sends(text("ß"));
        it.is_seen_as(
            r"text+unfinished 1, '\xc3', end, text 1, MessageUnfinished, '\x9f', InvalidUtf8, end,
            text+unfinished 1, '\xc3', end, text 2, MessageUnfinished, '\xc3\x9f', end",
        );
    });
}

/// RFC 7692, section 6: with RSV1 the payload is compressed; only inflating makes it text.
#[test]
fn compressed_text_is_not_judged() {
    each_sender_with_reserved(Head::RSV1, |mut it| {
        it.sends(text([0xff]).rsv(Head::RSV1));
        it.sends(text([0xff]).rsv(Head::RSV1).unfinished());
        it.sends(continuation([0xff]).unfinished());
        it.sends(continuation([0xff]));
        it.is_seen_as(
            r"text+rsv1 1, '\xff', end, text+unfinished+rsv1 1, '\xff', end, continuation+unfinished 1, '\xff', end,
            continuation 1, '\xff', end",
        );
        it.sends(text([0xff]));
        it.is_seen_as(r"text 1, '\xff', InvalidUtf8, end");
    });
}

/// A bit that nobody gave a meaning does not make text compressed.
#[test]
fn text_with_a_reserved_bit_is_judged() {
    each_sender(|mut it| {
        it.sends(text([0xff]).rsv(Head::RSV1));
        it.is_seen_as(r"text+rsv1 1, ReservedBit, '\xff', InvalidUtf8, end");
    });
}

//! Section 5.4, fragmentation: one frame after another.

use wslab::proto::Rule;
use wslab::wire::{Form, Opcode};

use crate::support::direction::each_sender;
use crate::support::frame::{binary, close_with, continuation, frame, ping, pong, text};

#[test]
fn a_message_in_fragments() {
    each_sender(|mut it| {
        it.sends(text("a").unfinished());
        it.sends(continuation("b").unfinished());
        it.sends(continuation("c"));
        it.is_seen_as("text+unfinished 1, 'a', end, continuation+unfinished 1, 'b', end, continuation 1, 'c', end");
        it.sends(binary("d").unfinished());
        it.sends(continuation("e"));
        it.is_seen_as("binary+unfinished 1, 'd', end, continuation 1, 'e', end");
        assert_eq!(it.ends(), []);
    });
}

/// 5.4: the fragments of a message may be empty, all of them.
#[test]
fn empty_fragments() {
    each_sender(|mut it| {
        it.sends(text("").unfinished());
        it.sends(continuation("").unfinished());
        it.sends(continuation(""));
        it.is_seen_as("text+unfinished 0, end, continuation+unfinished 0, end, continuation 0, end");
        assert_eq!(it.ends(), []);
    });
}

/// 5.4: "control frames MAY be injected in the middle of a fragmented message".
#[test]
fn control_frames_between_fragments() {
    each_sender(|mut it| {
        it.sends(binary("a").unfinished());
        it.sends(ping("p"));
        it.sends(continuation("b").unfinished());
        it.sends(pong(""));
        it.sends(ping(""));
        it.sends(continuation("c"));
        it.is_seen_as(
            "binary+unfinished 1, 'a', end, ping 1, 'p', end, continuation+unfinished 1, 'b', end, pong 0, end, \
             ping 0, end, continuation 1, 'c', end",
        );
    });
}

/// 5.4: a continuation frame continues a message, so there has to be one.
#[test]
fn nothing_to_continue() {
    each_sender(|mut it| {
        it.sends(continuation("a"));
        it.is_seen_as("continuation 1, NothingToContinue, 'a', end");
        it.sends(continuation("b").unfinished());
        it.sends(continuation(""));
        it.is_seen_as("continuation+unfinished 1, NothingToContinue, 'b', end, continuation 0, NothingToContinue, end");
        it.sends(text("read on"));
        it.is_seen_as("text 7, 'read on', end");
        it.sends(continuation("c"));
        it.is_seen_as("continuation 1, NothingToContinue, 'c', end");
        assert_eq!(it.ends(), []);
    });
}

/// Autobahn's 5.15.
#[test]
fn nothing_to_continue_after_a_message_in_fragments() {
    each_sender(|mut it| {
        it.sends(text("fragment1").unfinished());
        it.sends(continuation("fragment2"));
        it.sends(continuation("fragment3").unfinished());
        it.sends(text("fragment4"));
        it.is_seen_as(
            "text+unfinished 9, 'fragment1', end, continuation 9, 'fragment2', end, \
             continuation+unfinished 9, NothingToContinue, 'fragment3', end, text 9, 'fragment4', end",
        );
    });
}

/// 5.4: "the fragments of one message MUST NOT be interleaved between the fragments of another message".
#[test]
fn message_unfinished() {
    each_sender(|mut it| {
        it.sends(text("a").unfinished());
        it.sends(text("b"));
        it.is_seen_as("text+unfinished 1, 'a', end, text 1, MessageUnfinished, 'b', end");
        it.sends(continuation("c"));
        it.is_seen_as("continuation 1, NothingToContinue, 'c', end");

        it.sends(binary("d").unfinished());
        it.sends(text("e").unfinished());
        it.sends(binary("f").unfinished());
        it.is_seen_as(
            "binary+unfinished 1, 'd', end, text+unfinished 1, MessageUnfinished, 'e', end, \
             binary+unfinished 1, MessageUnfinished, 'f', end",
        );
        it.sends(continuation("g"));
        it.is_seen_as("continuation 1, 'g', end");
        assert_eq!(it.ends(), []);
    });
}

/// A frame that is none of the message leaves the message open.
#[test]
fn a_reserved_opcode_between_fragments() {
    each_sender(|mut it| {
        for opcode in [0x3, 0x7, 0xb, 0xf] {
            it.sends(text("a").unfinished());
            it.sends(frame(Opcode(opcode), "x"));
            it.sends(continuation("b"));
            it.is_seen_as(&format!(
                "text+unfinished 1, 'a', end, opcode {opcode:#x} 1, ReservedOpcode, 'x', end, continuation 1, 'b', end"
            ));
        }
    });
}

/// A wrong fragment is a fragment all the same.
#[test]
fn a_fragment_that_breaks_a_rule_continues_the_message() {
    each_sender(|mut it| {
        it.sends(text("a").unfinished());
        it.sends(continuation("b").unfinished().form(Form::Bits16));
        it.sends(continuation("c").rsv(1));
        it.is_seen_as(
            "text+unfinished 1, 'a', end, continuation+unfinished+16bit 1, LengthNotMinimal, 'b', end, \
             continuation+rsv3 1, ReservedBit, 'c', end",
        );
        assert_eq!(it.ends(), []);
    });
}

#[test]
fn truncated_message() {
    each_sender(|mut it| {
        it.sends(binary("a").unfinished());
        assert_eq!(it.ends(), [Rule::TruncatedMessage]);
        it.sends(continuation("b").unfinished());
        it.sends(ping(""));
        assert_eq!(it.ends(), [Rule::TruncatedMessage]);
        it.sends(continuation("c"));
        assert_eq!(it.ends(), []);
        it.sends(text("").unfinished());
        assert_eq!(it.ends(), [Rule::TruncatedMessage]);
    });
}

#[test]
fn a_frame_that_is_cut_says_enough_about_its_message() {
    each_sender(|mut it| {
        it.sends(binary("a").unfinished());
        it.sends(continuation("b").declaring(2));
        assert_eq!(it.ends(), [Rule::TruncatedFrame]);
    });
}

/// 5.5.1: after a close frame nothing more comes, so the close frame gives the message up.
#[test]
fn a_message_given_up_by_a_close_frame_is_not_truncated() {
    each_sender(|mut it| {
        it.sends(binary("a").unfinished());
        it.sends(close_with(1000, ""));
        it.is_seen_as(r"binary+unfinished 1, 'a', end, close 2, '\x03\xe8', end");
        assert_eq!(it.ends(), []);
    });
}

//! Section 5.5, control frames.

use wslab::wire::{Form, Opcode};

use crate::support::direction::each_sender;
use crate::support::frame::{close, close_with, continuation, frame, ping, pong, text};

#[test]
fn pings_and_pongs_up_to_125_bytes() {
    each_sender(|mut it| {
        for len in [0, 1, 124, 125] {
            let payload = vec![b'*'; len];
            let data = if len == 0 { String::new() } else { format!(" '{}',", payload.escape_ascii()) };
            it.sends(ping(&payload));
            it.is_seen_as(&format!("ping {len},{data} end"));
            it.sends(pong(&payload));
            it.is_seen_as(&format!("pong {len},{data} end"));
        }
    });
}

/// The data of a ping is any bytes.
#[test]
fn a_ping_is_not_text() {
    each_sender(|mut it| {
        it.sends(ping([0xff, 0xfe]));
        it.is_seen_as(r"ping 2, '\xff\xfe', end");
    });
}

/// 5.5: "all control frames MUST have a payload length of 125 bytes or less".
#[test]
fn control_too_long() {
    each_sender(|mut it| {
        let payload = "x".repeat(126);
        it.sends(ping(&payload));
        it.is_seen_as(&format!("ping 126, ControlTooLong, '{payload}', end"));
        it.sends(pong(&payload));
        it.is_seen_as(&format!("pong 126, ControlTooLong, '{payload}', end"));
        it.sends(frame(Opcode(0xf), &payload));
        it.is_seen_as(&format!("opcode 0xf 126, ReservedOpcode, ControlTooLong, '{payload}', end"));
        it.sends(text("read on"));
        it.is_seen_as("text 7, 'read on', end");
        it.sends(close_with(1000, "x".repeat(124)));
        it.is_seen_as(&format!(r"close 126, ControlTooLong, '\x03\xe8{}', end", "x".repeat(124)));
    });
}

/// The length counts, not how it is written.
#[test]
fn a_short_control_frame_in_a_long_form_is_not_too_long() {
    each_sender(|mut it| {
        it.sends(ping("").form(Form::Bits64));
        it.is_seen_as("ping+64bit 0, LengthNotMinimal, end");
    });
}

/// 5.5: control frames "MUST NOT be fragmented".
#[test]
fn control_fragmented() {
    each_sender(|mut it| {
        it.sends(ping("a").unfinished());
        it.is_seen_as("ping+unfinished 1, ControlFragmented, 'a', end");
        it.sends(pong("").unfinished());
        it.is_seen_as("pong+unfinished 0, ControlFragmented, end");
        it.sends(continuation("b"));
        it.is_seen_as("continuation 1, NothingToContinue, 'b', end");
        it.sends(close("").unfinished());
        it.is_seen_as("close+unfinished 0, ControlFragmented, end");
    });
}

#[test]
fn a_fragmented_control_frame_leaves_the_message_open() {
    each_sender(|mut it| {
        it.sends(text("a").unfinished());
        it.sends(ping("").unfinished());
        it.sends(continuation("b"));
        it.is_seen_as(
            "text+unfinished 1, 'a', end, ping+unfinished 0, ControlFragmented, end, continuation 1, 'b', end",
        );
        assert_eq!(it.ends(), []);
    });
}

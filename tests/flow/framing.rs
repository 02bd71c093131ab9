//! Section 5.2, base framing; 5.1 and 5.3, masking: one frame by itself.

use hex_literal::hex;
use wslab::proto::{Flow, Role, Rule, Seen};
use wslab::wire::{Form, Head, Opcode};

use crate::support::direction::{each_sender, each_sender_with_reserved, from};
use crate::support::frame::{binary, close_with, continuation, frame, ping, pong, text};

/// Section 5.7, example by example, as a client has to send them.
#[test]
fn the_examples_of_the_specification_from_a_client() {
    let mut it = from(Role::Client);
    it.sends_bytes(hex!("81 85 37fa213d 7f9f4d5158"));
    it.is_seen_as("text 5, 'Hello', end");
    it.sends_bytes(hex!("8a 85 37fa213e 7f9f4d5258"));
    it.is_seen_as("pong 5, 'Hello', end");
}

/// Section 5.7, example by example, as a server has to send them.
#[test]
fn the_examples_of_the_specification_from_a_server() {
    let mut it = from(Role::Server);
    it.sends_bytes(hex!("81 05 48656c6c6f"));
    it.is_seen_as("text 5, 'Hello', end");
    it.sends_bytes(hex!("01 03 48656c 80 02 6c6f"));
    it.is_seen_as("text+unfinished 3, 'Hel', end, continuation 2, 'lo', end");
    it.sends_bytes(hex!("89 05 48656c6c6f"));
    it.is_seen_as("ping 5, 'Hello', end");
}

/// The head is lent as it stands, and the payload is lent unmasked from the very bytes that were given.
#[test]
fn nothing_is_copied() {
    let mut flow = Flow::new(Role::Client);
    let mut bytes = hex!("81 85 37fa213d 7f9f4d5158");
    let place = bytes[6..].as_ptr();
    let head = Head { mask: Some(hex!("37fa213d")), ..Head::new(Opcode::TEXT, 5) };
    let mut reading = flow.read(&mut bytes);
    assert_eq!(reading.next(), Some(Seen::Head(head)));
    let Some(Seen::Data(data)) = reading.next() else { panic!("data follows the head") };
    assert_eq!((data, data.as_ptr()), (&b"Hello"[..], place));
    assert_eq!(reading.next(), Some(Seen::End));
    assert_eq!(reading.next(), None);
}

#[test]
fn an_empty_frame_has_no_data() {
    each_sender(|mut it| {
        it.sends(text(""));
        it.sends(binary(""));
        it.sends(ping(""));
        it.is_seen_as("text 0, end, binary 0, end, ping 0, end");
        assert_eq!(it.ends(), []);
    });
}

/// Each form of the length, at its borders.
#[test]
fn every_length_has_its_shortest_form() {
    each_sender(|mut it| {
        for len in [1, 125, 126, 127, 65535, 65536, 70000] {
            let payload = vec![b'*'; len];
            it.sends(binary(&payload));
            it.is_seen_as(&format!("binary {len}, '{}', end", payload.escape_ascii()));
        }
        assert_eq!(it.ends(), []);
    });
}

#[test]
fn many_frames_in_one_read() {
    each_sender(|mut it| {
        let bytes = [text("a"), ping(""), binary("bc"), pong("d"), text("")].map(|frame| it.encode(&frame)).concat();
        it.sends_bytes(bytes);
        it.is_seen_as("text 1, 'a', end, ping 0, end, binary 2, 'bc', end, pong 1, 'd', end, text 0, end");
    });
}

/// 5.2: RSV1, RSV2, RSV3 "MUST be 0 unless an extension is negotiated that defines meanings".
#[test]
fn reserved_bit() {
    each_sender(|mut it| {
        it.sends(text("Hello").rsv(Head::RSV1));
        it.is_seen_as("text+rsv1 5, ReservedBit, 'Hello', end");
        it.sends(binary("Hello").rsv(Head::RSV2));
        it.is_seen_as("binary+rsv2 5, ReservedBit, 'Hello', end");
        it.sends(ping("").rsv(Head::RSV3));
        it.is_seen_as("ping+rsv3 0, ReservedBit, end");
        it.sends(pong("Hello").rsv(7));
        it.is_seen_as("pong+rsv1+rsv2+rsv3 5, ReservedBit, 'Hello', end");
        it.sends(text("read on"));
        it.is_seen_as("text 7, 'read on', end");
        it.sends(close_with(1000, "").rsv(Head::RSV2));
        it.is_seen_as(r"close+rsv2 2, ReservedBit, '\x03\xe8', end");
    });
}

/// 5.2 and RFC 7692, section 6: permessage-deflate uses RSV1 on the first frame of a message alone.
#[test]
fn a_reserved_bit_with_a_meaning() {
    each_sender_with_reserved(Head::RSV1, |mut it| {
        it.sends(text("Hello").rsv(Head::RSV1));
        it.sends(binary("Hello").rsv(Head::RSV1));
        it.is_seen_as("text+rsv1 5, 'Hello', end, binary+rsv1 5, 'Hello', end");

        it.sends(text("Hello").rsv(Head::RSV1).unfinished());
        it.sends(ping("").rsv(Head::RSV1));
        it.sends(continuation("a").rsv(Head::RSV1).unfinished());
        it.sends(continuation("b"));
        it.is_seen_as(
            "text+unfinished+rsv1 5, 'Hello', end, ping+rsv1 0, ReservedBit, end, \
             continuation+unfinished+rsv1 1, ReservedBit, 'a', end, continuation 1, 'b', end",
        );

        it.sends(text("Hello").rsv(Head::RSV2));
        it.sends(text("Hello").rsv(Head::RSV1 | Head::RSV3));
        it.is_seen_as("text+rsv2 5, ReservedBit, 'Hello', end, text+rsv1+rsv3 5, ReservedBit, 'Hello', end");
        it.sends(frame(Opcode(0x3), "").rsv(Head::RSV1));
        it.is_seen_as("opcode 0x3+rsv1 0, ReservedOpcode, end");
    });
}

/// 5.2: 0x3 to 0x7 and 0xB to 0xF are reserved; "if an unknown opcode is received, the receiving endpoint MUST fail".
#[test]
fn reserved_opcode() {
    each_sender(|mut it| {
        for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf] {
            it.sends(frame(Opcode(opcode), "Hello"));
            it.is_seen_as(&format!("opcode {opcode:#x} 5, ReservedOpcode, 'Hello', end"));
        }
        it.sends(text("read on"));
        it.is_seen_as("text 7, 'read on', end");
        assert_eq!(it.ends(), []);
    });
}

/// 5.1: "a client MUST mask all frames that it sends to the server".
#[test]
fn a_client_that_does_not_mask() {
    let mut it = from(Role::Client);
    it.sends_bytes(hex!("81 05 48656c6c6f"));
    it.is_seen_as("text+unmasked 5, Unmasked, 'Hello', end");
    it.sends(ping("").wrongly_masked());
    it.is_seen_as("ping+unmasked 0, Unmasked, end");
    it.sends(text("read on"));
    it.is_seen_as("text 7, 'read on', end");
}

/// 5.1: "a server MUST NOT mask any frames that it sends to the client".
#[test]
fn a_server_that_masks() {
    let mut it = from(Role::Server);
    it.sends_bytes(hex!("81 85 37fa213d 7f9f4d5158"));
    it.is_seen_as("text+masked 5, Masked, 'Hello', end");
    it.sends(ping("").wrongly_masked());
    it.is_seen_as("ping+masked 0, Masked, end");
    it.sends(text("read on"));
    it.is_seen_as("text 7, 'read on', end");
}

/// 5.2: "the minimal number of bytes MUST be used to encode the length".
#[test]
fn length_not_minimal() {
    each_sender(|mut it| {
        it.sends(text("Hello").form(Form::Bits16));
        it.is_seen_as("text+16bit 5, LengthNotMinimal, 'Hello', end");
        it.sends(text("Hello").form(Form::Bits64));
        it.is_seen_as("text+64bit 5, LengthNotMinimal, 'Hello', end");
        it.sends(ping("").form(Form::Bits16));
        it.is_seen_as("ping+16bit 0, LengthNotMinimal, end");
        let payload = "x".repeat(126);
        it.sends(binary(&payload).form(Form::Bits64));
        it.is_seen_as(&format!("binary+64bit 126, LengthNotMinimal, '{payload}', end"));
        it.sends(binary(&payload));
        it.is_seen_as(&format!("binary 126, '{payload}', end"));
    });
}

/// 5.2: of a 64-bit length "the most significant bit MUST be 0".
#[test]
fn length_top_bit() {
    each_sender(|mut it| {
        it.sends(binary("as much as comes").declaring(1 << 63));
        it.is_seen_as("binary 9223372036854775808, LengthTopBit, 'as much as comes'");
        assert_eq!(it.flow().remaining(), (1 << 63) - 16);
        assert_eq!(it.ends(), [Rule::TruncatedFrame]);
    });
    each_sender(|mut it| {
        it.sends(binary("").declaring((1 << 63) - 1));
        it.is_seen_as("binary 9223372036854775807");
    });
    each_sender(|mut it| {
        it.sends(ping("").declaring(u64::MAX));
        it.is_seen_as("ping 18446744073709551615, LengthTopBit, ControlTooLong");
    });
}

/// 5.3: "the masking key needs to be unpredictable", so it is not the one of the frame before.
#[test]
fn masking_key_repeated() {
    let mut it = from(Role::Client);
    let key = hex!("37fa213d");
    it.sends(text("Hello").key(key));
    it.sends(text("Hello").key(key));
    it.is_seen_as("text 5, 'Hello', end, text 5, MaskingKeyRepeated, 'Hello', end");
    it.sends(ping("").key(key));
    it.is_seen_as("ping 0, MaskingKeyRepeated, end");
    it.sends(text("Hello"));
    it.sends(text("Hello").key(key));
    it.is_seen_as("text 5, 'Hello', end, text 5, 'Hello', end");
}

#[test]
fn a_server_that_masks_with_one_key_breaks_two_rules() {
    let mut it = from(Role::Server);
    let key = hex!("37fa213d");
    it.sends(text("Hello").key(key));
    it.sends(text("Hello").key(key));
    it.is_seen_as("text+masked 5, Masked, 'Hello', end, text+masked 5, Masked, MaskingKeyRepeated, 'Hello', end");
}

#[test]
fn a_server_that_does_not_mask_repeats_no_key() {
    let mut it = from(Role::Server);
    it.sends(text(""));
    it.sends(text(""));
    it.is_seen_as("text 0, end, text 0, end");
}

/// Every fault of a head is said, in the order of the table of rules.
#[test]
fn all_that_is_wrong_with_a_head() {
    each_sender(|mut it| {
        it.sends(close_with(1000, ""));
        it.is_seen_as(r"close 2, '\x03\xe8', end");
        it.sends(frame(Opcode(0xb), "x".repeat(126)).rsv(7).unfinished().wrongly_masked().form(Form::Bits64));
        let (mark, rule) = match it.sender() {
            Role::Client => ("unmasked", "Unmasked"),
            Role::Server => ("masked", "Masked"),
        };
        it.is_seen_as(&format!(
            "opcode 0xb+unfinished+rsv1+rsv2+rsv3+{mark}+64bit 126, ReservedBit, ReservedOpcode, {rule}, \
             LengthNotMinimal, ControlTooLong, ControlFragmented, FrameAfterClose, '{}', end",
            "x".repeat(126)
        ));
    });
}

/// The connection ends at each place inside a frame, and at both of its ends.
#[test]
fn truncated_frame() {
    each_sender(|mut it| {
        let bytes = it.encode(&binary("x".repeat(200)));
        for cut in 0..=bytes.len() {
            let mut it = from(it.sender());
            it.sends_bytes(&bytes[..cut]);
            let whole = cut == 0 || cut == bytes.len();
            assert_eq!(it.ends(), if whole { vec![] } else { vec![Rule::TruncatedFrame] }, "after {cut} bytes");
            assert_eq!(it.flow().is_between_frames(), whole, "after {cut} bytes");
        }
    });
}

#[test]
fn what_remains_of_a_frame_is_known() {
    each_sender(|mut it| {
        let bytes = it.encode(&binary("Hello"));
        let (head, payload) = bytes.split_at(bytes.len() - 5);
        it.sends_bytes(head);
        assert_eq!(it.flow().remaining(), 5);
        it.sends_bytes(&payload[..2]);
        assert_eq!(it.flow().remaining(), 3);
        it.sends_bytes(&payload[2..]);
        assert_eq!(it.flow().remaining(), 0);
        assert_eq!(it.flow().position(), bytes.len() as u64);
    });
}

/// A reading that is dropped gives back what it did not read, and the flow goes on from there.
#[test]
fn a_reading_that_is_dropped_early() {
    each_sender(|mut it| {
        let bytes = [text("ab").rsv(Head::RSV1), ping("")].map(|frame| it.encode(&frame)).concat();
        let expected = it.sender();
        let mut whole = bytes.clone();
        let mut flow = Flow::new(expected);
        let whole: Vec<_> = flow.read(&mut whole).collect();
        for stop in 0..=whole.len() {
            let mut flow = Flow::new(expected);
            let mut first = bytes.clone();
            let mut reading = flow.read(&mut first);
            let mut seen: Vec<_> = reading.by_ref().take(stop).collect();
            let unread = reading.unread();
            assert_eq!(reading.position(), (bytes.len() - unread) as u64);
            let mut second = bytes[bytes.len() - unread..].to_vec();
            seen.extend(flow.read(&mut second));
            assert_eq!(seen, whole, "stopped after {stop}");
        }
    });
}

#[test]
fn reading_step_by_step_is_reading() {
    each_sender(|mut it| {
        let bytes = [text("ab"), ping("").rsv(1), binary("cde")].map(|frame| it.encode(&frame)).concat();
        let (mut one, mut other) = (bytes.clone(), bytes);
        let mut flow = Flow::new(it.sender());
        let mut rest = &mut one[..];
        let mut seen = Vec::new();
        while let Some(sight) = flow.next(&mut rest) {
            seen.push(sight);
        }
        assert!(rest.is_empty(), "it is used up");
        let mut flow = Flow::new(it.sender());
        assert_eq!(seen, flow.read(&mut other).collect::<Vec<_>>());
    });
}

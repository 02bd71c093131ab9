//! The head of a frame (RFC 6455, section 5.2).

use hex_literal::hex;
use proptest::array::uniform4;
use proptest::option;
use proptest::prelude::*;
use wslab::wire::{Form, Head, Opcode};

fn parsed(bytes: &[u8]) -> Head {
    let (head, size) = Head::parse(bytes).expect("a whole head");
    assert_eq!(size, bytes.len(), "the head takes all of {bytes:02x?}");
    assert_eq!(*head.encode(), *bytes, "encoding gives the same bytes back");
    head
}

/// The heads of the examples of section 5.7.
#[test]
fn the_examples_of_the_specification() {
    let text = Head::new(Opcode::TEXT, 5);
    assert_eq!(parsed(&hex!("81 05")), text);
    assert_eq!(parsed(&hex!("81 85 37fa213d")), Head { mask: Some(hex!("37fa213d")), ..text });
    assert_eq!(parsed(&hex!("01 03")), Head { fin: false, ..Head::new(Opcode::TEXT, 3) });
    assert_eq!(parsed(&hex!("80 02")), Head::new(Opcode::CONTINUATION, 2));
    assert_eq!(parsed(&hex!("89 05")), Head::new(Opcode::PING, 5));
    assert_eq!(parsed(&hex!("8a 85 37fa213d")), Head { mask: Some(hex!("37fa213d")), ..Head::new(Opcode::PONG, 5) });
    assert_eq!(parsed(&hex!("82 7e 0100")), Head::new(Opcode::BINARY, 256));
    assert_eq!(parsed(&hex!("82 7f 0000000000010000")), Head::new(Opcode::BINARY, 65536));
}

#[test]
fn the_shortest_form_changes_at_126_and_at_65536() {
    for (len, form) in [
        (0, Form::Bits7),
        (125, Form::Bits7),
        (126, Form::Bits16),
        (127, Form::Bits16),
        (65535, Form::Bits16),
        (65536, Form::Bits64),
        (u64::MAX, Form::Bits64),
    ] {
        assert_eq!(Form::minimal(len), form, "{len}");
        let head = Head::new(Opcode::BINARY, len);
        assert_eq!(head.encode().len(), 2 + form.extra(), "{len}");
        assert_eq!(parsed(&head.encode()), head);
    }
}

#[test]
fn longer_forms_than_needed_round_trip() {
    for bytes in [
        &hex!("81 7e 0000")[..],
        &hex!("81 7e 007d"),
        &hex!("81 7f 0000000000000000"),
        &hex!("81 7f 000000000000007d"),
        &hex!("81 7f 000000000000ffff"),
        &hex!("81 fe 0005 01020304"),
    ] {
        assert_ne!(parsed(bytes).form, Form::minimal(parsed(bytes).len));
    }
}

#[test]
fn the_top_bit_of_a_64_bit_length_round_trips() {
    assert_eq!(parsed(&hex!("82 7f 8000000000000000")).len, 1 << 63);
    assert_eq!(parsed(&hex!("82 ff ffffffffffffffff 00000000")).len, u64::MAX);
}

#[test]
fn a_form_that_cannot_hold_the_length_is_widened() {
    for (len, form, encoded) in [
        (126, Form::Bits7, &hex!("82 7e 007e")[..]),
        (65536, Form::Bits7, &hex!("82 7f 0000000000010000")),
        (65536, Form::Bits16, &hex!("82 7f 0000000000010000")),
    ] {
        assert_eq!(*Head { form, ..Head::new(Opcode::BINARY, len) }.encode(), *encoded);
    }
}

#[test]
fn each_reserved_bit_has_its_place() {
    for (rsv, first) in [(0, 0x82), (Head::RSV1, 0xc2), (Head::RSV2, 0xa2), (Head::RSV3, 0x92), (7, 0xf2)] {
        let head = Head { rsv, ..Head::new(Opcode::BINARY, 0) };
        assert_eq!(*head.encode(), [first, 0]);
        assert_eq!(parsed(&[first, 0]), head);
    }
}

#[test]
fn bits_beyond_a_field_do_not_reach_the_wire() {
    let head = Head { fin: false, rsv: 0xf8, ..Head::new(Opcode(0xf1), 0) };
    assert_eq!(*head.encode(), hex!("01 00"));
}

#[test]
fn opcodes_are_data_or_control_assigned_or_reserved() {
    let assigned = [0x0, 0x1, 0x2, 0x8, 0x9, 0xa];
    for value in 0..16 {
        let opcode = Opcode(value);
        assert_eq!(opcode.is_control(), value >= 8, "{opcode}");
        assert_eq!(opcode.is_reserved(), !assigned.contains(&value), "{opcode}");
        assert_eq!(opcode.name().is_none(), opcode.is_reserved(), "{opcode}");
    }
    assert_eq!(Opcode::CONTINUATION.to_string(), "continuation");
    assert_eq!(Opcode(0xb).to_string(), "opcode 0xb");
}

/// Two bytes at the least, so that half of the cases are not spent on nothing.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![Just(0x7e_u8), Just(0x7f), Just(0xfe), Just(0xff), any::<u8>()];
    (any::<u8>(), first, prop::collection::vec(any::<u8>(), 0..=12)).prop_map(|(first, second, rest)| {
        let mut bytes = vec![first, second];
        bytes.extend(rest);
        bytes
    })
}

fn head() -> impl Strategy<Value = Head> {
    let len = prop_oneof![0..=130_u64, 65530..=65540_u64, any::<u64>()];
    let form = prop_oneof![Just(Form::Bits7), Just(Form::Bits16), Just(Form::Bits64)];
    (any::<bool>(), 0..8_u8, 0..16_u8, option::of(uniform4(any::<u8>())), len, form)
        .prop_map(|(fin, rsv, opcode, mask, len, form)| Head { fin, rsv, opcode: Opcode(opcode), mask, len, form })
}

proptest! {
    #[test]
    fn parsing_and_encoding_give_the_same_bytes(bytes in bytes()) {
        match Head::parse(&bytes) {
            Some((head, size)) => prop_assert_eq!(&*head.encode(), &bytes[..size]),
            None => prop_assert!(bytes.len() < Head::MAX_LEN),
        }
    }

    #[test]
    fn encoding_and_parsing_give_the_same_head(head in head(), after in prop::collection::vec(any::<u8>(), 0..4)) {
        let mut bytes = head.encode().to_vec();
        let size = bytes.len();
        bytes.extend(after);
        let written = Head { form: head.form.max(Form::minimal(head.len)), ..head };
        prop_assert_eq!(Head::parse(&bytes), Some((written, size)));
    }

    #[test]
    fn a_head_that_is_cut_wants_more(head in head()) {
        let bytes = head.encode();
        for cut in 0..bytes.len() {
            prop_assert_eq!(Head::parse(&bytes[..cut]), None, "cut at {}", cut);
        }
    }
}

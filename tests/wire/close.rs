//! Close bodies and status codes (RFC 6455, sections 5.5.1 and 7.4; the IANA registry).

use hex_literal::hex;
use proptest::prelude::*;
use wslab::wire::{CloseBody, CloseCode};

#[test]
fn a_body_is_empty_a_stub_or_a_status() {
    assert_eq!(CloseBody::parse(&[]), CloseBody::Empty);
    assert_eq!(CloseBody::parse(&hex!("03")), CloseBody::Stub(3));
    assert_eq!(CloseBody::parse(&hex!("03e8")), CloseBody::Status(CloseCode::NORMAL, &[]));
    assert_eq!(CloseBody::parse(&hex!("03e8 627965")), CloseBody::Status(CloseCode::NORMAL, b"bye"));
    assert_eq!(CloseBody::parse(&hex!("ffff ff")), CloseBody::Status(CloseCode(0xffff), &[0xff]));
}

#[test]
fn only_a_status_has_a_code_and_a_reason() {
    for body in [CloseBody::Empty, CloseBody::Stub(3)] {
        assert_eq!((body.code(), body.reason()), (None, &[][..]));
    }
    let body = CloseBody::Status(CloseCode::GOING_AWAY, b"bye");
    assert_eq!((body.code(), body.reason()), (Some(CloseCode::GOING_AWAY), &b"bye"[..]));
}

#[test]
fn every_shape_is_written_as_it_was_read() {
    for payload in [&[][..], &hex!("03"), &hex!("03e8"), &hex!("03e8 627965"), &hex!("0000 ff")] {
        let mut written = Vec::new();
        CloseBody::parse(payload).write(&mut written);
        assert_eq!(written, payload);
    }
}

#[test]
fn the_longest_reason_fills_a_control_frame() {
    let mut payload = Vec::new();
    CloseBody::Status(CloseCode::NORMAL, &[b'x'; CloseBody::MAX_REASON]).write(&mut payload);
    assert_eq!(payload.len(), 125);
}

/// Section 7.4.1 and the registry: what a code means and whether it is only local.
fn assigned(code: u16) -> Option<bool> {
    match code {
        1000 | 1001 | 1002 | 1003 | 1007 | 1008 | 1009 | 1010 | 1011 => Some(true),
        // The registry added these after the RFC.
        1012..=1014 => Some(true),
        1005 | 1006 | 1015 => Some(false),
        // 1004 is reserved: its meaning might be defined in the future.
        _ => None,
    }
}

/// Sections 7.4.1 and 7.4.2, for each of the 65,536 codes.
#[test]
fn codes_that_may_be_sent() {
    for value in 0..=u16::MAX {
        let code = CloseCode(value);
        let may = match value {
            // "0-999: not used."
            0..1000 => false,
            // "1000-2999: reserved for definition by this protocol": those that are defined.
            1000..3000 => assigned(value) == Some(true),
            // "3000-3999: libraries, frameworks and applications", "4000-4999: private use".
            3000..5000 => true,
            // Not mentioned: no range that may be used.
            5000.. => false,
        };
        assert_eq!(code.may_be_sent(), may, "{code}");
        assert_eq!(code.is_only_local(), assigned(value) == Some(false), "{code}");
        assert_eq!(code.words().is_some(), assigned(value).is_some(), "{code}");
    }
}

#[test]
fn a_code_is_said_with_its_meaning() {
    assert_eq!(CloseCode::PROTOCOL_ERROR.to_string(), "1002 (protocol error)");
    assert_eq!(CloseCode(4000).to_string(), "4000");
}

proptest! {
    #[test]
    fn a_body_round_trips(payload in prop::collection::vec(any::<u8>(), 0..=130)) {
        let mut written = vec![0xaa];
        CloseBody::parse(&payload).write(&mut written);
        prop_assert_eq!(written[0], 0xaa, "it is appended");
        prop_assert_eq!(&written[1..], &payload);
    }
}

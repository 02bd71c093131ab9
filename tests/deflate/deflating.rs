//! RFC 7692, section 7.2.1: messages compressed.

use hex_literal::hex;
use wslab::proto::deflate::{Deflater, Inflater};

use crate::{deflate, inflate, no_takeover, takeover};

/// Section 7.2.3.1.
#[test]
fn the_end_of_the_empty_block_is_not_sent() {
    let mut deflater = Deflater::new(6, no_takeover(15)).unwrap();
    assert_eq!(deflate(&mut deflater, b"Hello"), hex!("f2 48 cd c9 c9 07 00"));
}

/// Section 7.2.3.2.
#[test]
fn a_message_refers_to_earlier_ones_if_contexts_are_taken_over() {
    let mut deflater = Deflater::new(6, takeover(15)).unwrap();
    assert!(deflater.takes_over());
    assert_eq!(deflate(&mut deflater, b"Hello"), hex!("f2 48 cd c9 c9 07 00"));
    let again = deflate(&mut deflater, b"Hello");
    assert_eq!(again, hex!("f2 00 11 00 00"));
}

#[test]
fn every_message_stands_for_itself_if_contexts_are_not_taken_over() {
    for bits in 9..=15 {
        let mut deflater = Deflater::new(6, no_takeover(bits)).unwrap();
        assert!(!deflater.takes_over());
        for _ in 0..3 {
            assert_eq!(deflate(&mut deflater, b"Hello"), hex!("f2 48 cd c9 c9 07 00"), "{bits}");
        }
    }
}

/// Section 7.2.3.6.
#[test]
fn an_empty_message_is_an_empty_block() {
    let mut deflater = Deflater::new(6, takeover(15)).unwrap();
    assert_eq!(deflate(&mut deflater, b""), hex!("00"));
    assert_eq!(deflate(&mut deflater, b"Hello"), hex!("f2 48 cd c9 c9 07 00"));
    assert_eq!(deflate(&mut deflater, b""), hex!("00"));
    assert_eq!(deflate(&mut deflater, b"Hello"), hex!("f2 00 11 00 00"));
}

#[test]
fn a_window_of_8_bits_is_not_to_be_had() {
    assert!(Deflater::new(6, takeover(8)).is_none());
    assert!(Deflater::new(6, no_takeover(8)).is_none());
    assert!(Deflater::new(6, no_takeover(16)).is_none());
    // Others have it.
    let mut inflater = Inflater::new(takeover(8));
    assert_eq!(inflate(&mut inflater, &hex!("f2 48 cd c9 c9 07 00")).unwrap(), b"Hello");
    assert_eq!(inflate(&mut inflater, &hex!("f2 00 11 00 00")).unwrap(), b"Hello");
}

#[test]
fn a_level_beyond_9_is_9() {
    let payload = b"abcabdabeabfabc".repeat(50);
    let of = |level| deflate(&mut Deflater::new(level, no_takeover(15)).unwrap(), &payload);
    assert_eq!(of(200), of(9));
    assert!(of(9).len() < of(0).len());
}

/// Streams of one connection are lent to another, in between and at its end.
#[test]
fn what_one_connection_said_no_other_is_told() {
    for direction in [takeover(15), no_takeover(15), takeover(9)] {
        let expected = deflate(&mut Deflater::new(6, direction).unwrap(), b"secret secret");
        for _ in 0..10 {
            let mut one = Deflater::new(6, direction).unwrap();
            let mut other = Deflater::new(6, direction).unwrap();
            assert_eq!(deflate(&mut one, b"secret secret"), expected);
            assert_eq!(deflate(&mut other, b"secret secret"), expected);
        }
        let mut one = Inflater::new(takeover(15));
        assert_eq!(inflate(&mut one, &expected).unwrap(), b"secret secret");
        drop(one);
        let mut other = Inflater::new(takeover(15));
        assert!(inflate(&mut other, &hex!("f2 00 11 00 00")).is_err());
    }
}

#[test]
fn what_is_compressed_is_appended() {
    let mut out = b"head".to_vec();
    Deflater::new(6, no_takeover(15)).unwrap().deflate(b"Hello", &mut out);
    assert_eq!(out, [&b"head"[..], &hex!("f2 48 cd c9 c9 07 00")].concat());
}

//! RFC 7692, section 7.2.2: messages inflated.

use hex_literal::hex;
use wslab::proto::deflate::{Deflater, InflateError, Inflater};

use crate::{inflate, no_takeover, takeover};

/// What this is inflated to as the first message, the same with and without takeover, and however it is cut.
fn first(compressed: &[u8]) -> Result<Vec<u8>, InflateError> {
    let whole = inflate(&mut Inflater::new(takeover(15)), compressed);
    assert_eq!(inflate(&mut Inflater::new(no_takeover(15)), compressed), whole);
    for size in 1..compressed.len() {
        let mut inflater = Inflater::new(takeover(15));
        let mut out = Vec::new();
        let pieces = compressed.chunks(size).try_for_each(|piece| inflater.inflate(piece, false, &mut out, 1 << 20));
        let end = pieces.and_then(|()| inflater.inflate(&[], true, &mut out, 1 << 20));
        assert_eq!(end.map(|()| out), whole, "in pieces of {size}");
    }
    whole
}

/// Section 7.2.3.1.
#[test]
fn one_compressed_block() {
    assert_eq!(first(&hex!("f2 48 cd c9 c9 07 00")).unwrap(), b"Hello");
}

/// Section 7.2.3.1: the same in two fragments.
#[test]
fn one_compressed_block_in_two_fragments() {
    let mut inflater = Inflater::new(no_takeover(15));
    let mut out = Vec::new();
    inflater.inflate(&hex!("f2 48 cd"), false, &mut out, 5).unwrap();
    inflater.inflate(&hex!("c9 c9 07 00"), true, &mut out, 5).unwrap();
    assert_eq!(out, b"Hello");
}

/// Section 7.2.3.2.
#[test]
fn the_window_is_shared_if_contexts_are_taken_over() {
    let mut inflater = Inflater::new(takeover(15));
    assert_eq!(inflate(&mut inflater, &hex!("f2 48 cd c9 c9 07 00")).unwrap(), b"Hello");
    assert_eq!(inflate(&mut inflater, &hex!("f2 00 11 00 00")).unwrap(), b"Hello");
    let mut inflater = Inflater::new(no_takeover(15));
    assert_eq!(inflate(&mut inflater, &hex!("f2 48 cd c9 c9 07 00")).unwrap(), b"Hello");
    assert_eq!(inflate(&mut inflater, &hex!("f2 00 11 00 00")), Err(InflateError::BadData));
}

/// Section 7.2.3.3.
#[test]
fn what_is_taken_before_a_message_is_complete_is_remembered() {
    let mut deflater = Deflater::new(6, takeover(15)).expect("a window that is served");
    let texts = ["the same words, ".repeat(50), "the same words, ".repeat(60)];
    let mut inflater = Inflater::new(takeover(15));
    for text in texts {
        let mut compressed = Vec::new();
        deflater.deflate(text.as_bytes(), &mut compressed);
        let (mut out, mut all) = (Vec::new(), Vec::new());
        for piece in compressed.chunks(3) {
            inflater.inflate(piece, false, &mut out, 1 << 20).expect("it is DEFLATE");
            all.extend_from_slice(&out);
            inflater.empty(&mut out);
        }
        inflater.inflate(&[], true, &mut out, 1 << 20).expect("it ends where it has to");
        assert_eq!(all, text.as_bytes());
    }
}

#[test]
fn a_block_without_compression() {
    assert_eq!(first(&hex!("00 05 00 fa ff 48 65 6c 6c 6f 00")).unwrap(), b"Hello");
}

/// Section 7.2.3.4.
#[test]
fn a_block_that_is_final() {
    assert_eq!(first(&hex!("f3 48 cd c9 c9 07 00 00")).unwrap(), b"Hello");
}

#[test]
fn a_final_block_without_the_empty_one_behind_it() {
    assert_eq!(first(&hex!("f3 48 cd c9 c9 07 00")).unwrap(), b"Hello");
}

/// RFC 7692 has a message refer to earlier ones wherever their blocks were final.
#[test]
fn a_message_refers_to_one_that_ended_with_a_final_block() {
    let mut inflater = Inflater::new(takeover(15));
    assert_eq!(inflate(&mut inflater, &hex!("f3 48 cd c9 c9 07 00 00")).unwrap(), b"Hello");
    assert_eq!(inflate(&mut inflater, &hex!("f2 00 11 00 00")).unwrap(), b"Hello");
}

/// Section 7.2.3.5.
#[test]
fn two_blocks_in_a_message() {
    assert_eq!(first(&hex!("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")).unwrap(), b"Hello");
    assert_eq!(first(&hex!("f3 48 cd c9 c9 07 00  f3 48 cd c9 c9 07 00  00")).unwrap(), b"HelloHello");
}

/// Section 7.2.3.6.
#[test]
fn an_empty_message() {
    assert_eq!(first(&hex!("00")).unwrap(), b"");
    assert_eq!(first(&hex!("02 00")).unwrap(), b"");
    assert_eq!(first(&[]).unwrap(), b"");
    let mut inflater = Inflater::new(takeover(15));
    assert_eq!(inflate(&mut inflater, &hex!("f2 48 cd c9 c9 07 00")).unwrap(), b"Hello");
    assert_eq!(inflate(&mut inflater, &hex!("00")).unwrap(), b"");
    assert_eq!(inflate(&mut inflater, &hex!("f2 00 11 00 00")).unwrap(), b"Hello");
}

#[test]
fn what_is_not_deflate_is_bad() {
    for bad in [
        &hex!("ff")[..],
        b"Hello",
        // A block of the type that is reserved.
        &hex!("06"),
        // A length whose complement is wrong.
        &hex!("00 05 00 fa fe 48 65 6c 6c 6f 00"),
        // A distance beyond the beginning.
        &hex!("f2 00 11 00 00"),
        // Cut short.
        &hex!("f2 48 cd"),
        &hex!("f2 48 cd c9 c9 07"),
        &hex!("00 05 00 fa ff 48 65"),
        &hex!("00 05 00 fa ff 48 65 6c 6c 6f"),
        // The empty block at the end is not left out, so there is half of another.
        &hex!("f2 48 cd c9 c9 07 00 00 00 ff"),
        // Behind a final block.
        &hex!("f3 48 cd c9 c9 07 00 06"),
        &hex!("f3 48 cd c9 c9 07 00 f2"),
    ] {
        assert_eq!(first(bad), Err(InflateError::BadData), "{bad:02x?}");
    }
}

#[test]
fn a_whole_empty_block_at_the_end_is_but_another_block() {
    assert_eq!(first(&hex!("f2 48 cd c9 c9 07 00 00 00 ff ff 00")).unwrap(), b"Hello");
}

#[test]
fn a_message_may_be_as_large_as_the_limit_and_no_larger() {
    for cut in [1, 2, 3, 7] {
        for (limit, expected) in
            [(5, Ok(5)), (6, Ok(5)), (4, Err(InflateError::TooBig)), (0, Err(InflateError::TooBig))]
        {
            let mut inflater = Inflater::new(takeover(15));
            let mut out = Vec::new();
            let compressed = hex!("f2 48 cd c9 c9 07 00");
            let pieces = compressed.chunks(cut).try_for_each(|piece| inflater.inflate(piece, false, &mut out, limit));
            let end = pieces.and_then(|()| inflater.inflate(&[], true, &mut out, limit));
            assert_eq!(end.map(|()| out.len()), expected, "{limit} bytes, cut into {cut}");
        }
    }
}

#[test]
fn an_inflater_that_restarts_knows_nothing() {
    let mut inflater = Inflater::new(takeover(15));
    assert_eq!(inflate(&mut inflater, &hex!("f2 48 cd c9 c9 07 00")).unwrap(), b"Hello");
    inflater.restart();
    assert_eq!(inflate(&mut inflater, &hex!("f2 00 11 00 00")), Err(InflateError::BadData));
    inflater.restart();
    assert_eq!(inflate(&mut inflater, &hex!("f2 48 cd c9 c9 07 00")).unwrap(), b"Hello");
}

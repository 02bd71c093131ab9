//! Properties of compression, over all parameters.

use std::ops::ControlFlow;

use flate2::{Decompress, FlushDecompress, Status};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use wslab::proto::deflate::{Deflater, Direction, InflateError, Inflater};

use crate::{deflate, inflate};

fn directions(least: u8) -> impl Strategy<Value = Direction> {
    (any::<bool>(), least..=15).prop_map(|(context_takeover, window_bits)| Direction { context_takeover, window_bits })
}

/// Payloads with something in them to refer back to, near and far.
fn payloads() -> impl Strategy<Value = Vec<u8>> {
    let word = select(vec!["", "a", "WebSocket", "{\"id\":", "\u{fffd}", "0123456789abcdef0123456789abcdef"]);
    let words = vec((word, 1usize..400), 0..12)
        .prop_map(|parts| parts.into_iter().flat_map(|(word, times)| word.repeat(times).into_bytes()).collect());
    prop_oneof![words, vec(any::<u8>(), 0..2000), (vec(any::<u8>(), 1..900), 1usize..40).prop_map(|(p, n)| p.repeat(n))]
}

/// Inflates in pieces of these sizes, then the rest.
fn in_pieces(
    inflater: &mut Inflater,
    compressed: &[u8],
    sizes: &[usize],
    limit: usize,
) -> Result<Vec<u8>, InflateError> {
    let mut out = Vec::new();
    let mut rest = compressed;
    for &size in sizes {
        let (piece, left) = rest.split_at(size.min(rest.len()));
        rest = left;
        inflater.inflate(piece, false, &mut out, limit)?;
        assert!(out.capacity() <= limit.max(out.len()), "{} bytes of memory with a limit of {limit}", out.capacity());
    }
    inflater.inflate(rest, true, &mut out, limit)?;
    Ok(out)
}

/// Inflates a direction with no more window than was agreed: byte by byte, so that nothing else can be referred to.
fn with_window(bits: u8, messages: &[Vec<u8>]) -> ControlFlow<String, Vec<u8>> {
    let mut strict = Decompress::new_with_window_bits(false, bits);
    let mut out = Vec::new();
    for message in messages {
        let mut input = [message.as_slice(), &[0, 0, 0xff, 0xff]].concat();
        loop {
            let mut byte = [0];
            let (taken, produced) = (strict.total_in(), strict.total_out());
            match strict.decompress(&input, &mut byte, FlushDecompress::Sync) {
                Ok(Status::Ok | Status::BufError) => {}
                other => return ControlFlow::Break(format!("{other:?} at {}", out.len())),
            }
            input.drain(..(strict.total_in() - taken) as usize);
            if strict.total_out() > produced {
                out.push(byte[0]);
            } else if input.is_empty() {
                break;
            }
        }
    }
    ControlFlow::Continue(out)
}

proptest! {
    #[test]
    fn what_was_compressed_is_inflated_to_the_same(
        direction in directions(9), level in 0u8..=9, messages in vec(payloads(), 1..6), sizes in vec(0usize..200, 0..8),
    ) {
        let mut deflater = Deflater::new(level, direction).unwrap();
        let mut inflater = Inflater::new(direction);
        for message in messages {
            let compressed = deflate(&mut deflater, &message);
            let inflated = in_pieces(&mut inflater, &compressed, &sizes, message.len());
            prop_assert_eq!(inflated, Ok(message));
            let most = if direction.context_takeover { 1 << direction.window_bits } else { 0 };
            prop_assert!(inflater.kept() <= most);
        }
    }

    #[test]
    fn no_message_refers_further_back_than_was_agreed(
        window_bits in 9u8..=15, level in 0u8..=9, messages in vec(payloads(), 1..4),
    ) {
        let mut deflater = Deflater::new(level, Direction { context_takeover: true, window_bits }).unwrap();
        let compressed: Vec<_> = messages.iter().map(|message| deflate(&mut deflater, message)).collect();
        prop_assert_eq!(with_window(window_bits, &compressed), ControlFlow::Continue(messages.concat()));
    }

    #[test]
    fn how_compressed_bytes_are_cut_changes_nothing(
        direction in directions(8), bytes in vec(any::<u8>(), 0..300), sizes in vec(0usize..40, 0..20), limit in 0usize..2000,
    ) {
        let whole = in_pieces(&mut Inflater::new(direction), &bytes, &[], limit);
        prop_assert_eq!(in_pieces(&mut Inflater::new(direction), &bytes, &sizes, limit), whole);
    }

    #[test]
    fn how_damaged_messages_are_cut_changes_nothing(
        payload in payloads(), at in any::<prop::sample::Index>(), xor in 0u8.., sizes in vec(0usize..40, 0..20),
        limit in 0usize..20_000,
    ) {
        let direction = Direction { context_takeover: true, window_bits: 15 };
        let mut compressed = deflate(&mut Deflater::new(6, direction).unwrap(), &payload);
        let at = at.index(compressed.len());
        compressed[at] ^= xor;
        let whole = in_pieces(&mut Inflater::new(direction), &compressed, &[], limit);
        prop_assert_eq!(in_pieces(&mut Inflater::new(direction), &compressed, &sizes, limit), whole);
    }

    #[test]
    fn arbitrary_bytes_inflate_within_the_limit_or_not_at_all(
        direction in directions(8), messages in vec(vec(any::<u8>(), 0..200), 0..5), limit in 0usize..3000,
    ) {
        let mut inflater = Inflater::new(direction);
        for message in messages {
            let mut out = Vec::new();
            if inflater.inflate(&message, true, &mut out, limit).is_err() {
                inflater.restart();
            }
            prop_assert!(out.len() <= limit);
            prop_assert!(out.capacity() <= limit, "{} bytes with a limit of {limit}", out.capacity());
        }
    }
}

#[test]
fn a_bomb_never_takes_more_memory_than_the_limit() {
    let direction = Direction { context_takeover: true, window_bits: 15 };
    let bomb = deflate(&mut Deflater::new(9, direction).unwrap(), &vec![0; 16 << 20]);
    assert!(bomb.len() < 17 << 10, "1:1000");
    for limit in [0, 1, 511, 512, 513, 100_000, (16 << 20) - 1] {
        let mut out = Vec::new();
        let result = Inflater::new(direction).inflate(&bomb, true, &mut out, limit);
        assert_eq!(result, Err(InflateError::TooBig), "{limit}");
        assert!(out.capacity() <= limit, "{} bytes with a limit of {limit}", out.capacity());
    }
    assert_eq!(inflate(&mut Inflater::new(direction), &bomb).unwrap().len(), 16 << 20);
}

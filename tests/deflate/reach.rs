//! How far back messages refer: what [`Reach`] says is held against what an inflater needs to know.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use hex_literal::hex;
use proptest::prelude::*;
use wslab::proto::deflate::{Reach, Reached};

/// What a message of these bytes reaches.
fn reached(compressed: &[u8]) -> Reached {
    let mut reach = Reach::new();
    reach.walk(compressed);
    reach.finish()
}

const fn reaching(distance: u32, before: u32) -> Reached {
    Reached { distance, before }
}

/// Whether a message can be inflated by somebody who knows these bytes.
fn can_be_inflated(compressed: &[u8], known: &[u8]) -> bool {
    let mut stream = Decompress::new(false);
    if !known.is_empty() {
        stream.set_dictionary(known).unwrap();
    }
    let mut out = Vec::with_capacity(1 << 20);
    stream.decompress_vec(compressed, &mut out, FlushDecompress::None).is_ok()
}

/// Both texts as messages of one sender, who keeps a window of so many bits.
fn two_messages(level: u32, window_bits: u8, texts: [&[u8]; 2]) -> [Vec<u8>; 2] {
    let mut stream = Compress::new_with_window_bits(Compression::new(level), false, window_bits);
    texts.map(|text| {
        let mut out = Vec::with_capacity(text.len() * 2 + 1000);
        stream.compress_vec(text, &mut out, FlushCompress::Sync).unwrap();
        assert!(out.ends_with(&[0, 0, 0xff, 0xff]), "the flush is complete");
        out.truncate(out.len() - 4);
        out
    })
}

/// Bytes with something to refer to: words of a few letters, and parts of what was there before.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => proptest::collection::vec(any::<u8>(), 1..200),
        1 => proptest::collection::vec(b'a'..b'd', 1..200),
    ];
    (proptest::collection::vec(piece, 1..20), proptest::collection::vec(any::<proptest::sample::Index>(), 1..60))
        .prop_map(|(pieces, order)| order.iter().flat_map(|index| index.get(&pieces).clone()).collect())
}

#[test]
fn blocks_of_every_type_are_walked() {
    // Hello, fixed, stored and dynamic.
    assert_eq!(reached(&hex!("f248cdc9c90700")), reaching(0, 0));
    assert_eq!(reached(&hex!("000500faff48656c6c6f00")), reaching(0, 0));
    assert_eq!(reached(&hex!("0480b10900000082def31137a1ffb7c0da01")), reaching(0, 0));
    // a and four more of it, by the one distance code of a dynamic block.
    assert_eq!(reached(&hex!("14c0010900000080a0adfe3f116901")), reaching(1, 0));
    // Hello_, stored, and then Hello by a reference into it.
    assert_eq!(reached(&hex!("000600f9ff48656c6c6f2002930000")), reaching(6, 0));
}

#[test]
fn what_follows_a_final_block_is_walked() {
    // a, final and fixed; then abc three times more by a reference.
    assert_eq!(reached(&hex!("4b0400 4a4c4a86230000")), reaching(3, 0));
    assert_eq!(reached(&hex!("010100feff61 4a4c4a86230000")), reaching(3, 0));
}

#[test]
fn the_furthest_reference_counts() {
    // 258 bytes from 32768 back, with nothing before.
    assert_eq!(reached(&hex!("1abdff1f00")), reaching(32768, 32768));
    // 5 bytes from 20 back.
    assert_eq!(reached(&hex!("028b0100")), reaching(20, 20));
}

#[test]
fn a_message_begins_anew() {
    let mut reach = Reach::new();
    reach.walk(&hex!("f248cdc9c9"));
    assert_eq!(reach.finish(), reaching(0, 0));
    reach.walk(&hex!("f200110000"));
    assert_eq!(reach.reached(), reaching(5, 4));
    assert_eq!(reach.finish(), reaching(5, 4));
    assert_eq!(reach.finish(), reaching(0, 0));
}

#[test]
fn what_is_not_deflate_is_not_walked() {
    // A block of type 3, a wrong NLEN, too many codes of one bit; behind each the reference of 20.
    for broken in [&hex!("06028b0100")[..], &hex!("000500fbff028b0100"), &hex!("04e093244992244992028b0100")] {
        assert_eq!(reached(broken), reaching(0, 0), "{broken:02x?}");
    }
}

proptest! {
    #[test]
    fn a_message_needs_just_what_it_reaches(
        level in 1..=9_u32, window_bits in 9..=15_u8, first in texts(), second in texts(), shared: bool,
    ) {
        let second = if shared { [&first[first.len() / 2..], &second].concat() } else { second };
        let [_, message] = two_messages(level, window_bits, [&first, &second]);
        let reached = reached(&message);
        prop_assert!(reached.distance <= 1 << window_bits, "{reached:?}");
        prop_assert!(reached.before <= reached.distance);
        let before = reached.before as usize;
        prop_assert!(before <= first.len());
        let known = |size: usize| &first[first.len() - size..];
        prop_assert!(can_be_inflated(&message, known(before)), "{reached:?} is too little");
        prop_assert!(before == 0 || !can_be_inflated(&message, known(before - 1)), "{reached:?} is too much");
    }

    #[test]
    fn what_was_said_before_shows_in_the_distance(
        seed: u64, len in 300..30_000_usize,
    ) {
        // Bytes that do not repeat, then the same again: the reference goes just so far back.
        let mut state = seed ^ 0x9e37_79b9_7f4a_7c15 | 1;
        let text: Vec<u8> = (0..len).map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 24) as u8
        }).collect();
        let [first, again] = two_messages(9, 15, [&text, &text]);
        prop_assert!(reached(&first).before == 0);
        prop_assert_eq!(reached(&again).distance, len as u32);
    }

    #[test]
    fn chopping_changes_nothing(text in texts(), cuts in proptest::collection::vec(1..40_usize, 1..200)) {
        let [first, second] = two_messages(6, 15, [&text, &text]);
        for message in [first, second] {
            let mut reach = Reach::new();
            let mut rest = &message[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, more) = rest.split_at((*cut).min(rest.len()));
                reach.walk(piece);
                rest = more;
            }
            prop_assert_eq!(reach.finish(), reached(&message));
        }
    }

    #[test]
    fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let reached = reached(&bytes);
        prop_assert!(reached.distance <= 32768);
    }
}

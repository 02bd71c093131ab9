//! Masking (RFC 6455, section 5.3).

use hex_literal::hex;
use proptest::prelude::*;
use wslab::wire::{mask, mask_at};

/// What section 5.3 says, byte by byte: octet i of the payload is combined with octet i modulo 4 of the key.
fn by_the_book(data: &[u8], key: [u8; 4], offset: u64) -> Vec<u8> {
    (offset..).zip(data).map(|(i, byte)| byte ^ key[(i % 4) as usize]).collect()
}

const KEY: [u8; 4] = hex!("37fa213d");

/// The masked example of section 5.7.
#[test]
fn the_example_of_the_specification() {
    let mut data = hex!("7f9f4d5158");
    mask(&mut data, KEY);
    assert_eq!(&data, b"Hello");
}

#[test]
fn every_length_up_to_70_at_every_offset_is_as_the_book_says() {
    let payload: Vec<u8> = (0..70_u8).map(|i| i.wrapping_mul(37)).collect();
    for len in 0..=payload.len() {
        for offset in (0..=8).chain([u64::from(u32::MAX), u64::MAX - 100]) {
            let mut data = payload[..len].to_vec();
            mask_at(&mut data, KEY, offset);
            assert_eq!(data, by_the_book(&payload[..len], KEY, offset), "{len} bytes at {offset}");
        }
        let mut data = payload[..len].to_vec();
        mask(&mut data, KEY);
        assert_eq!(data, by_the_book(&payload[..len], KEY, 0), "{len} bytes");
    }
}

/// A vectorised loop may treat an unaligned beginning differently.
#[test]
fn where_the_bytes_lie_in_memory_changes_nothing() {
    let payload: Vec<u8> = (0..200).collect();
    for start in 0..32 {
        for end in [start, start + 1, start + 31, start + 100, payload.len()] {
            let mut data = payload.clone();
            mask_at(&mut data[start..end], KEY, 3);
            assert_eq!(data[start..end], by_the_book(&payload[start..end], KEY, 3), "{start}..{end}");
            assert_eq!(data[..start], payload[..start], "nothing before {start}..{end} is touched");
            assert_eq!(data[end..], payload[end..], "nothing after {start}..{end} is touched");
        }
    }
}

proptest! {
    #[test]
    fn cutting_anywhere_equals_the_whole(
        payload in prop::collection::vec(any::<u8>(), 0..400),
        key: [u8; 4],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
        cuts.extend([0, payload.len()]);
        cuts.sort_unstable();
        let mut pieces = payload.clone();
        for pair in cuts.windows(2) {
            mask_at(&mut pieces[pair[0]..pair[1]], key, pair[0] as u64);
        }
        let mut whole = payload;
        mask(&mut whole, key);
        prop_assert_eq!(pieces, whole);
    }

    #[test]
    fn masking_twice_gives_the_payload_back(
        payload in prop::collection::vec(any::<u8>(), 0..400),
        key: [u8; 4],
        offset: u64,
    ) {
        let mut data = payload.clone();
        mask_at(&mut data, key, offset);
        mask_at(&mut data, key, offset);
        prop_assert_eq!(data, payload);
    }
}

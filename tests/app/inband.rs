//! Compression of messages by the application itself.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use hex_literal::hex;
use insta::assert_snapshot;
use proptest::prelude::*;
use wslab::net::{Inband, UnpackError};

use Inband::{Deflate, Gzip};

const ANY: usize = 1 << 20;

/// Without the frame of zlib (RFC 1951).
fn raw(payload: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(payload).unwrap();
    encoder.finish().unwrap()
}

fn zeros(size: usize) -> Vec<u8> {
    vec![0; size]
}

#[test]
fn they_have_names() {
    assert_eq!(Inband::ALL.map(|inband| inband.to_string()), ["gzip", "deflate"]);
    assert_eq!(["gzip", "deflate"].map(str::parse), [Ok(Gzip), Ok(Deflate)]);
    for other in ["", "GZIP", "br", "gzip ", "x-gzip"] {
        other.parse::<Inband>().unwrap_err();
    }
    assert_snapshot!("br".parse::<Inband>().unwrap_err(), @"messages are packed by gzip or by deflate");
    assert_eq!(Inband::THRESHOLD, 1024);
}

#[test]
fn what_others_pack_is_unpacked() {
    // Python: gzip.compress(b"Hello", mtime=0), zlib.compress(b"Hello"), and the latter without its frame.
    let gzip = hex!("1f8b 08 00 00000000 02ff f348cdc9c907 00 8289d1f7 05000000");
    assert_eq!(Gzip.unpack(&gzip, ANY).unwrap(), b"Hello");
    // With a name, a comment, something more and the checksum of all that (RFC 1952, section 2.3).
    let named = hex!("1f8b 08 08 00000000 0003 6100 f348cdc9c907 00 8289d1f7 05000000");
    assert_eq!(Gzip.unpack(&named, ANY).unwrap(), b"Hello");
    assert_eq!(Deflate.unpack(&hex!("789c f348cdc9c90700 058c01f5"), ANY).unwrap(), b"Hello");
    assert_eq!(Deflate.unpack(&hex!("f348cdc9c90700"), ANY).unwrap(), b"Hello");
    // Stored, not compressed.
    assert_eq!(Deflate.unpack(&hex!("01 0500 faff 48656c6c6f"), ANY).unwrap(), b"Hello");
}

#[test]
fn it_is_packed_as_it_is_called() {
    assert!(Gzip.pack(b"Hello").starts_with(&hex!("1f8b 08")));
    assert!(Deflate.pack(b"Hello").starts_with(&hex!("78")));
    for inband in Inband::ALL {
        assert!(inband.pack(&zeros(100_000)).len() < 1000);
        assert_eq!(inband.unpack(&inband.pack(b""), 0).unwrap(), b"");
    }
}

#[test]
fn there_is_never_more_than_the_limit() {
    for packed in [Gzip.pack(&zeros(5000)), Deflate.pack(&zeros(5000)), raw(&zeros(5000), 6), raw(&zeros(5000), 0)] {
        let inband = if packed.starts_with(&[0x1f]) { Gzip } else { Deflate };
        assert_eq!(inband.unpack(&packed, 5000).unwrap(), zeros(5000));
        for limit in [0, 1, 4095, 4096, 4999] {
            assert_eq!(inband.unpack(&packed, limit), Err(UnpackError::TooBig), "{limit}");
        }
    }
    // A thousand times as much as comes in: the memory is that of the limit.
    let bomb = Gzip.pack(&zeros(50 << 20));
    assert!(bomb.len() < 60_000);
    assert_eq!(Gzip.unpack(&bomb, 1 << 20), Err(UnpackError::TooBig));
    let out = Gzip.unpack(&bomb, 50 << 20).unwrap();
    assert!(out.capacity() <= 2 * (50 << 20));
}

#[test]
fn what_is_cut_off_is_refused() {
    let text = b"a text that is long enough to be compressed, compressed, compressed";
    for (inband, packed) in [(Gzip, Gzip.pack(text)), (Deflate, Deflate.pack(text)), (Deflate, raw(text, 6))] {
        for end in 0..packed.len() {
            assert_eq!(inband.unpack(&packed[..end], ANY), Err(UnpackError::Truncated), "{inband} {end}");
        }
    }
}

#[test]
fn what_stands_behind_the_end_is_refused() {
    for (inband, packed) in
        [(Gzip, Gzip.pack(b"Hello")), (Deflate, Deflate.pack(b"Hello")), (Deflate, raw(b"Hello", 6))]
    {
        for more in [&b"\0"[..], b"x", b"\x1f", b"\x1f\x8c", &inband.pack(b"Hello")] {
            let trailing = [&packed, more].concat();
            let unpacked = inband.unpack(&trailing, ANY);
            if inband == Gzip && more.len() > 2 {
                assert_eq!(unpacked.unwrap(), b"HelloHello");
            } else {
                assert_eq!(unpacked, Err(UnpackError::Trailing));
            }
        }
    }
}

#[test]
fn deflate_has_no_members() {
    let trailing = [Deflate.pack(b"Hello"), Gzip.pack(b"Hello")].concat();
    assert_eq!(Deflate.unpack(&trailing, ANY), Err(UnpackError::Trailing));
}

/// RFC 1952, section 2.2.
#[test]
fn a_gzip_file_may_have_several_members_but_not_any_number() {
    let members = |count: usize| Gzip.pack(b"Hello").repeat(count);
    assert_eq!(Gzip.unpack(&members(16), ANY).unwrap(), b"Hello".repeat(16));
    assert_eq!(Gzip.unpack(&members(17), ANY), Err(UnpackError::Members));
    assert_eq!(Gzip.unpack(&members(3), 15).unwrap().len(), 15);
    assert_eq!(Gzip.unpack(&members(3), 14), Err(UnpackError::TooBig));
    let cut = members(2);
    assert_eq!(Gzip.unpack(&cut[..cut.len() - 1], ANY), Err(UnpackError::Truncated));
}

#[test]
fn what_is_damaged_is_refused() {
    // The checksum, and the length behind it.
    for at in [15, 16, 17, 18, 19] {
        let mut packed = Gzip.pack(b"Hello").clone();
        let end = packed.len();
        packed[end - 20 + at] ^= 1;
        assert_eq!(Gzip.unpack(&packed, ANY), Err(UnpackError::Invalid), "{at}");
    }
    let mut packed = Deflate.pack(b"Hello");
    *packed.last_mut().unwrap() ^= 1;
    assert_eq!(Deflate.unpack(&packed, ANY), Err(UnpackError::Invalid));
    // A dictionary that nobody has (RFC 1950, section 2.2).
    assert_eq!(Deflate.unpack(&hex!("78bb 00000001 f348cdc9c90700"), ANY), Err(UnpackError::Invalid));
    assert_eq!(Gzip.unpack(&Deflate.pack(b"Hello"), ANY), Err(UnpackError::Invalid));
    assert_eq!(Deflate.unpack(&Gzip.pack(b"Hello"), ANY), Err(UnpackError::Invalid));
    assert_eq!(Gzip.unpack(br#"{"type":"chat"}"#, ANY), Err(UnpackError::Invalid));
    assert_eq!(Deflate.unpack(br#"{"type":"chat"}"#, ANY), Err(UnpackError::Invalid));
}

#[test]
fn errors_are_for_people() {
    use UnpackError::{Invalid, Members, TooBig, Trailing, Truncated};
    let all = [TooBig, Truncated, Invalid, Trailing, Members].map(|error| error.to_string());
    assert_snapshot!(all.join("\n"), @r"
    the message is larger than allowed when unpacked
    the packed message is cut off
    the packed message is damaged, or packed otherwise
    something stands behind the end of the packed message
    the packed message has more than 16 members
    ");
}

fn inband() -> impl Strategy<Value = Inband> {
    prop::sample::select(&Inband::ALL[..])
}

/// Some that compresses, and some that does not.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..3000),
        prop::collection::vec(0..3_u8, 0..20_000),
        (any::<u8>(), 0..100_000_usize).prop_map(|(byte, size)| vec![byte; size]),
    ]
}

proptest! {
    #[test]
    fn what_is_packed_is_unpacked(inband in inband(), payload in payload()) {
        let packed = inband.pack(&payload);
        prop_assert_eq!(&inband.unpack(&packed, payload.len()), &Ok(payload.clone()));
        if let Some(less) = payload.len().checked_sub(1) {
            prop_assert_eq!(inband.unpack(&packed, less), Err(UnpackError::TooBig));
        }
    }

    #[test]
    fn without_a_frame_it_is_unpacked_too(payload in payload(), level in 0..=9_u32) {
        prop_assert_eq!(&Deflate.unpack(&raw(&payload, level), payload.len()), &Ok(payload.clone()));
    }

    #[test]
    fn any_bytes_are_unpacked_without_panic(
        inband in inband(), front in prop::sample::select(vec![&b""[..], &hex!("1f8b08"), &hex!("789c")]),
        bytes in prop::collection::vec(any::<u8>(), 0..300), limit in 0..2000_usize,
    ) {
        if let Ok(out) = inband.unpack(&[front, &bytes].concat(), limit) {
            prop_assert!(out.len() <= limit);
        }
    }

    #[test]
    fn damage_never_makes_more_than_the_limit(
        inband in inband(), payload in payload(), at in any::<prop::sample::Index>(), by in 1..=255_u8, limit in 0..5000_usize,
    ) {
        let mut packed = inband.pack(&payload);
        let at = at.index(packed.len());
        packed[at] ^= by;
        if let Ok(out) = inband.unpack(&packed, limit) {
            prop_assert!(out.len() <= limit);
        }
    }
}

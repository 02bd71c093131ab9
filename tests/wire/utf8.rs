//! UTF-8 that arrives in pieces (RFC 6455, section 8.1; RFC 3629, sections 3 and 4).

use hex_literal::hex;
use proptest::prelude::*;
use wslab::wire::{InvalidUtf8, Utf8};

/// Whether some continuation makes `text` valid.
fn can_become_text(text: &[u8]) -> bool {
    match std::str::from_utf8(text) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

/// Feeds the pieces and gives the verdict, having checked the promises after each.
fn verdict<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<(), InvalidUtf8> {
    let mut utf8 = Utf8::new();
    let mut so_far = Vec::new();
    for piece in pieces {
        so_far.extend_from_slice(piece);
        let fed = utf8.feed(piece);
        assert_eq!(fed.is_ok(), can_become_text(&so_far), "it fails fast, and not too fast: {so_far:02x?}");
        if fed.is_err() {
            assert_eq!((utf8.is_whole(), utf8.finish()), (true, Ok(())), "at the start of a new text");
            return fed;
        }
        assert_eq!(utf8.is_whole(), std::str::from_utf8(&so_far).is_ok(), "{so_far:02x?}");
    }
    let finished = utf8.finish();
    assert_eq!((utf8.is_whole(), utf8.finish()), (true, Ok(())), "at the start of a new text");
    finished
}

/// The verdict over `text`, which must be the same however it is cut in two or three, whatever is around it.
fn verdict_however_cut(text: &[u8]) -> Result<(), InvalidUtf8> {
    let whole = verdict([text]);
    assert_eq!(verdict(text.chunks(1)), whole, "{text:02x?} byte by byte");
    for first in 0..=text.len() {
        for second in first..=text.len() {
            let pieces = [&text[..first], &text[first..second], &text[second..]];
            assert_eq!(verdict(pieces), whole, "{text:02x?} cut at {first} and {second}");
        }
    }
    // Long enough on both sides that a vectorised check sees it.
    for (before, after) in [(0, 70), (70, 0), (61, 70), (62, 70), (63, 70), (64, 70), (128, 130)] {
        let surrounded = [&vec![b'a'; before], text, &vec![b'z'; after]].concat();
        let can = std::str::from_utf8(&surrounded).map(drop).map_err(|_| InvalidUtf8);
        assert_eq!(verdict([&surrounded[..]]), can, "{text:02x?} between {before} and {after} bytes");
        for cut in before..=before + text.len() {
            assert_eq!(verdict([&surrounded[..cut], &surrounded[cut..]]), can, "{text:02x?} cut at {cut}");
        }
    }
    whole
}

#[test]
fn nothing_is_text() {
    assert_eq!(verdict([]), Ok(()));
    assert_eq!(verdict([&[][..], &[], &[]]), Ok(()));
}

/// The first and the last of each row of the grammar (RFC 3629, section 4).
#[test]
fn the_borders_of_every_length_are_valid() {
    for text in [
        &hex!("00")[..],
        &hex!("7f"),
        &hex!("c280"),
        &hex!("dfbf"),
        &hex!("e0a080"),
        &hex!("e0bfbf"),
        &hex!("e18080"),
        &hex!("ecbfbf"),
        &hex!("ed8080"),
        // U+D7FF, the last before the surrogates.
        &hex!("ed9fbf"),
        // U+E000, the first after them.
        &hex!("ee8080"),
        // U+FFFD to U+FFFF: no characters, and yet code points.
        &hex!("efbfbd"),
        &hex!("efbfbe"),
        &hex!("efbfbf"),
        &hex!("f0908080"),
        &hex!("f0bfbfbf"),
        &hex!("f1808080"),
        &hex!("f3bfbfbf"),
        &hex!("f4808080"),
        // U+10FFFF, the last of all.
        &hex!("f48fbfbf"),
    ] {
        assert_eq!(verdict_however_cut(text), Ok(()), "{text:02x?}");
        for cut in 1..text.len() {
            assert_eq!(verdict_however_cut(&text[..cut]), Err(InvalidUtf8), "{text:02x?} ends after {cut}");
        }
    }
}

/// Each sequence, and the count of bytes after which nothing can save it.
fn refused(sequences: &[(&[u8], usize)]) {
    for &(text, certain) in sequences {
        assert_eq!(verdict_however_cut(text), Err(InvalidUtf8), "{text:02x?}");
        let mut utf8 = Utf8::new();
        for (index, byte) in text.iter().enumerate().take(certain) {
            assert_eq!(utf8.feed(&[*byte]).is_err(), index + 1 == certain, "{text:02x?} after {}", index + 1);
        }
    }
}

/// RFC 3629, section 3: "implementations MUST protect against decoding invalid sequences", such as C0 80.
#[test]
fn overlong_forms_are_refused_at_the_first_impossible_byte() {
    refused(&[
        (&hex!("c080"), 1),
        (&hex!("c0af"), 1),
        (&hex!("c1bf"), 1),
        (&hex!("e08080"), 2),
        (&hex!("e080af"), 2),
        (&hex!("e09fbf"), 2),
        (&hex!("f0808080"), 2),
        (&hex!("f08080af"), 2),
        (&hex!("f08fbfbf"), 2),
        (&hex!("f888808080"), 1),
        (&hex!("fc8480808080"), 1),
    ]);
}

/// RFC 3629, section 3: U+D800 to U+DFFF are prohibited.
#[test]
fn surrogates_are_refused_at_their_second_byte() {
    refused(&[
        (&hex!("eda080"), 2),
        (&hex!("edadbf"), 2),
        (&hex!("edae80"), 2),
        (&hex!("edafbf"), 2),
        (&hex!("edb080"), 2),
        (&hex!("edbe80"), 2),
        (&hex!("edbfbf"), 2),
        (&hex!("eda080 edb080"), 2),
    ]);
}

/// RFC 3629, section 3: the range ends with U+10FFFF.
#[test]
fn code_points_beyond_the_last_are_refused_as_soon_as_they_are_certain() {
    refused(&[
        (&hex!("f4908080"), 2),
        (&hex!("f4bfbfbf"), 2),
        (&hex!("f5808080"), 1),
        (&hex!("f7bfbfbf"), 1),
        (&hex!("fbbfbfbfbf"), 1),
        (&hex!("fdbfbfbfbfbf"), 1),
        (&hex!("fe"), 1),
        (&hex!("ff"), 1),
    ]);
}

#[test]
fn bytes_out_of_place_are_refused() {
    refused(&[
        (&hex!("80"), 1),
        (&hex!("bf"), 1),
        (&hex!("41 80"), 2),
        (&hex!("c3 28"), 2),
        (&hex!("c3 c3"), 2),
        (&hex!("e2 28 a1"), 2),
        (&hex!("e282 28"), 3),
        (&hex!("e282 e282ac"), 3),
        (&hex!("f0 28 8cbc"), 2),
        (&hex!("f090 28 bc"), 3),
        (&hex!("f0908c 28"), 4),
        (&hex!("f0908c f0"), 4),
    ]);
}

/// Autobahn's 6.4.1: "κόσμε", then a code point beyond the last, then "edited".
#[test]
fn a_text_is_refused_within_the_piece_that_spoils_it() {
    let mut utf8 = Utf8::new();
    assert_eq!(utf8.feed(&hex!("cebae1bdb9cf83cebcceb5 f4")), Ok(()));
    assert_eq!(utf8.feed(&hex!("90")), Err(InvalidUtf8));
    assert_eq!(utf8.feed(b"edited"), Ok(()), "the next text is judged by itself");
}

#[test]
fn every_pair_of_bytes_is_as_the_standard_library_says() {
    for first in 0..=255 {
        for second in 0..=255 {
            let text = [first, second];
            let whole = std::str::from_utf8(&text).is_ok();
            assert_eq!(verdict([&text[..]]).is_ok(), whole, "{text:02x?}");
            assert_eq!(verdict(text.chunks(1)).is_ok(), whole, "{text:02x?}");
        }
    }
}

/// Bytes that are nearly text: random ones hardly ever get past the first.
fn nearly_text() -> impl Strategy<Value = Vec<u8>> {
    let flaw = (any::<prop::sample::Index>(), any::<u8>(), 0..4_u8);
    (any::<String>(), prop::collection::vec(flaw, 0..3)).prop_map(|(text, flaws)| {
        let mut bytes = text.into_bytes();
        for (place, byte, kind) in flaws {
            let place = place.index(bytes.len() + 1);
            match kind {
                0 => bytes.insert(place, byte),
                1 => bytes.truncate(place),
                _ if place < bytes.len() => bytes[place] = byte,
                _ => {}
            }
        }
        bytes
    })
}

fn check_chopped(text: &[u8], sizes: &[usize]) -> Result<(), TestCaseError> {
    let mut rest = text;
    let mut pieces = Vec::new();
    for size in sizes {
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    prop_assert_eq!(verdict(pieces).is_ok(), std::str::from_utf8(text).is_ok());
    prop_assert_eq!(verdict([text]).is_ok(), std::str::from_utf8(text).is_ok());
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_chopped_anyhow(
        text in prop::collection::vec(any::<u8>(), 0..200),
        sizes in prop::collection::vec(0..80_usize, 0..8),
    ) {
        check_chopped(&text, &sizes)?;
    }

    #[test]
    fn nearly_text_chopped_anyhow(text in nearly_text(), sizes in prop::collection::vec(0..80_usize, 0..8)) {
        check_chopped(&text, &sizes)?;
    }
}

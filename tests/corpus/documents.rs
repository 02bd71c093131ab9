//! The documents are what they are said to be, on every machine.

use std::ops::Range;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::Write as _;
use wslab::conform::{Document, Payload, Unit};
use wslab::watch::Content;

/// A factor by which gzip makes them smaller, in tenths.
fn factor(bytes: &[u8]) -> u64 {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    let compressed = encoder.finish().expect("memory").len();
    (bytes.len() * 10 / compressed) as u64
}

#[test]
fn no_byte_of_them_ever_changes() {
    let hashes = Document::ALL.iter().map(|document| {
        let Content { len, hash, .. } = Content::of(document.bytes());
        format!("{} {len} {hash:032x}\n", document.name())
    });
    insta::assert_snapshot!(hashes.collect::<String>());
}

#[test]
fn they_are_as_long_as_those_of_autobahn() {
    let bytes = [194_056, 263_222, 222_218, 263_516, 1_042_328];
    let chars = [194_056, 0, 219_019, 263_500, 0];
    for ((document, bytes), chars) in Document::ALL.iter().zip(bytes).zip(chars) {
        assert_eq!((document.len(Unit::Bytes), document.len(Unit::Chars)), (bytes, chars), "{document:?}");
        assert_eq!(document.bytes().len(), bytes);
        let text = std::str::from_utf8(document.bytes()).ok();
        assert_eq!(text.is_some(), document.is_text(), "{document:?}");
        assert_eq!(text.map_or(0, |text| text.chars().count()), chars, "{document:?}");
    }
}

#[test]
fn they_are_as_redundant_as_such_files_are() {
    let wanted: [Range<u64>; 5] = [60..100, 13..18, 24..29, 50..80, 11..12];
    for (document, wanted) in Document::ALL.iter().zip(wanted) {
        let factor = factor(document.bytes());
        assert!(wanted.contains(&factor), "{document:?}: {factor} tenths");
    }
}

#[test]
fn they_are_what_their_names_say() {
    serde_json::from_slice::<serde_json::Value>(Document::Json.bytes()).expect("JSON");
    assert!(Document::Json.bytes().is_ascii());
    let bitmap = Document::Bitmap.bytes();
    assert_eq!((&bitmap[..2], &bitmap[2..6]), (&b"BM"[..], &(bitmap.len() as u32).to_le_bytes()[..]));
    assert!(Document::Html.bytes().starts_with(b"<!DOCTYPE html>") && Document::Html.bytes().ends_with(b"</html>\n"));
    assert!(Document::Pdf.bytes().starts_with(b"%PDF-") && Document::Pdf.bytes().ends_with(b"%%EOF\n"));
    let beyond = Document::Prose.bytes().iter().filter(|byte| !byte.is_ascii()).count();
    assert!((25..32).contains(&(beyond * 1000 / Document::Prose.bytes().len())), "{beyond} bytes beyond ASCII");
}

fn document() -> impl Strategy<Value = (Document, Unit)> {
    prop::sample::select(vec![
        (Document::Json, Unit::Bytes),
        (Document::Json, Unit::Chars),
        (Document::Bitmap, Unit::Bytes),
        (Document::Prose, Unit::Bytes),
        (Document::Prose, Unit::Chars),
        (Document::Html, Unit::Chars),
        (Document::Pdf, Unit::Bytes),
    ])
}

/// The same part by counting from the start.
fn counted(document: Document, unit: Unit, at: usize, len: usize) -> Vec<u8> {
    let bytes = document.bytes();
    match (unit, std::str::from_utf8(bytes)) {
        (Unit::Chars, Ok(text)) => text.chars().cycle().skip(at).take(len).collect::<String>().into_bytes(),
        _ => bytes.iter().copied().cycle().skip(at).take(len).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_part_is_the_same_however_it_is_read(
        (document, unit) in document(), at in any::<prop::sample::Index>(), len in 0..5000usize, cut in 0..5000usize,
    ) {
        let at = at.index(document.len(unit));
        let part = document.part(at, len, unit);
        prop_assert_eq!(&part[..], &counted(document, unit, at, len)[..]);
        let (first, second) = (document.part(at, cut.min(len), unit), document.part(at + cut.min(len), len - cut.min(len), unit));
        prop_assert_eq!(&part[..], &[first, second].concat()[..], "in two parts");
        let payload = Payload::Part { document, at, len, unit };
        prop_assert_eq!(&payload.bytes()[..], &part[..]);
        prop_assert!(payload.is(&part));
        prop_assert!(unit == Unit::Bytes || std::str::from_utf8(&part).is_ok());
    }

    #[test]
    fn rounds_walk_through_a_document_and_begin_again(
        (document, unit) in document(), len in 1..200_000usize, round in 0..100_000u64,
    ) {
        let len = len.min(document.len(unit));
        let first = Payload::Part { document, at: 3, len, unit };
        let at = (3 + round as u128 * len as u128) % document.len(unit) as u128;
        let wanted = Payload::Part { document, at: at as usize, len, unit };
        prop_assert_eq!(first.in_round(round), wanted);
        prop_assert_eq!(&first.in_round(0).bytes()[..], &first.bytes()[..]);
    }
}

#[test]
fn the_last_part_goes_on_at_the_start() {
    for document in Document::ALL {
        let whole = document.len(Unit::Bytes);
        let part = document.part(whole - 3, 8, Unit::Bytes);
        assert_eq!(part[..], [&document.bytes()[whole - 3..], &document.bytes()[..5]].concat());
        assert_eq!(document.part(whole, 8, Unit::Bytes), document.part(0, 8, Unit::Bytes));
        assert_eq!(document.part(5, whole * 3, Unit::Bytes).len(), whole, "no part is longer than all of it");
    }
}

#[test]
fn other_payloads_are_the_same_in_every_round() {
    let payload = Payload::Seed { seed: 1, len: 9 };
    assert_eq!(payload.in_round(7), payload);
}

//! What messages say.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::conform::Payload;
use crate::wire::Opcode;

/// A kind of message and its content, often one that came before if they are to be `alike`.
pub(super) fn content(alike: bool) -> impl Strategy<Value = (Opcode, Payload)> {
    prop_oneof![
        3 => text(alike).prop_map(|text| (Opcode::TEXT, text)),
        2 => binary().prop_map(|bytes| (Opcode::BINARY, bytes)),
    ]
}

/// The same, short enough to be written down.
pub(super) fn short() -> impl Strategy<Value = (Opcode, Bytes)> {
    prop_oneof![
        3 => words(0..24).prop_map(|text| (Opcode::TEXT, Bytes::from(text))),
        2 => vec(any::<u8>(), 0..40).prop_map(|bytes| (Opcode::BINARY, Bytes::from(bytes))),
    ]
}

fn text(alike: bool) -> impl Strategy<Value = Payload> {
    let weight = if alike { 6 } else { 1 };
    let pattern = select(vec!["*", "Ab", "é", "€", "𝄞", "κόσμε"]);
    prop_oneof![
        12 => words(0..40).prop_map(|text| Payload::Bytes(text.into())),
        1 => Just(Payload::EMPTY),
        3 => (pattern, length()).prop_map(|(pattern, len)| {
            let len = len / pattern.len() * pattern.len();
            Payload::Fill { pattern: Bytes::from_static(pattern.as_bytes()), len }
        }),
        2 => (0..100u64, length()).prop_map(|(seed, len)| Payload::Text { seed, len }),
        // What refers to an earlier message is often the same.
        2 * weight => select(SENTENCES.to_vec()).prop_map(Payload::from),
        weight => far().prop_map(|(pattern, len)| Payload::Fill { pattern, len }),
    ]
}

/// Texts that come again.
const SENTENCES: [&str; 3] = [
    "The quick brown fox jumps over the lazy dog, and the lazy dog sleeps on.",
    "A message of some length that is worth to be compressed, and a message that is the same as one before.",
    "{\"jsonrpc\":\"2.0\",\"method\":\"subscribe\",\"params\":[\"newHeads\"],\"id\":1}",
];

/// Text that comes again after hundreds of bytes: how far back a compressor refers, and a decompressor can.
fn far() -> impl Strategy<Value = (Bytes, usize)> {
    (0..3u64, prop_oneof![Just(700usize), Just(1400usize), Just(3000usize)], 1..3usize)
        .prop_map(|(seed, len, times)| (Payload::Text { seed, len }.bytes(), len * times))
}

fn binary() -> impl Strategy<Value = Payload> {
    prop_oneof![
        12 => vec(any::<u8>(), 0..60).prop_map(|bytes| Payload::Bytes(bytes.into())),
        2 => (any::<u8>(), length())
            .prop_map(|(byte, len)| Payload::Fill { pattern: Bytes::copy_from_slice(&[byte]), len }),
        2 => (0..100u64, length()).prop_map(|(seed, len)| Payload::Seed { seed, len }),
    ]
}

/// Text of so many characters.
pub(super) fn words(count: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    vec(character(), count).prop_map(|characters| characters.into_iter().collect())
}

/// Characters of every length, and those beside the borders.
fn character() -> impl Strategy<Value = char> {
    let borders = "\0\u{7f}\u{80}\u{7ff}\u{800}\u{fff}\u{1000}\u{cfff}\u{d000}\u{d7ff}\u{e000}\u{fdd0}\u{feff}\u{fffd}\
        \u{fffe}\u{ffff}\u{10000}\u{1f600}\u{3ffff}\u{40000}\u{fffff}\u{100000}\u{10ffff}";
    prop_oneof![
        4 => prop::char::range('a', 'z'),
        3 => select(borders.chars().collect::<Vec<_>>()),
        1 => any::<char>(),
    ]
}

/// Lengths, mostly small, and those at the borders of the three forms.
pub(super) fn length() -> impl Strategy<Value = usize> {
    let borders =
        vec![0, 1, 124, 125, 126, 127, 128, 255, 256, 1023, 4096, 4097, 32767, 32768, 65534, 65535, 65536, 65537];
    prop_oneof![
        24 => 0..300usize,
        12 => select(borders),
        3 => 0..66_000usize,
        // Beyond the first sizes of buffers that people choose.
        1 => prop_oneof![1 => Just(66_000usize), 1 => Just(140_000usize)],
    ]
}

/// The data of a control frame.
pub(super) fn data() -> impl Strategy<Value = Bytes> {
    let byte = || prop_oneof![prop::char::range('a', 'z').prop_map(|letter| letter as u8), any::<u8>()];
    prop_oneof![
        6 => vec(byte(), 0..20).prop_map(Bytes::from),
        1 => vec(byte(), 124..=125).prop_map(Bytes::from),
    ]
}

/// UTF-8 that is none, at a place from which on nothing mends it.
pub(super) fn not_utf8() -> impl Strategy<Value = &'static [u8]> {
    let bad: Vec<&'static [u8]> = vec![
        b"\xff",
        b"\x80",
        b"\xbf",
        b"\xfe",
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xc2",
        b"\xdf\x41",
        b"\xe0\x80\x80",
        b"\xe0\x9f\xbf",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xed\xa0\x80\xed\xb0\x80",
        b"\xef\xbf",
        b"\xf0\x80\x80\x80",
        b"\xf0\x8f\xbf\xbf",
        b"\xf0\x9f\x98",
        b"\xf4\x8f\xbf",
        b"\xf4\x90\x80\x80",
        b"\xf5\x80\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xfc\x84\x80\x80\x80\x80",
    ];
    select(bad)
}

//! Frames for which a connection has to be failed.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::content::{data, not_utf8, short, words};
use super::deflate::{Spoilt, spoilt, written};
use super::message::{close_body, cut, form, frame};
use super::{Compression, Steps};
use crate::conform::{Frame, Mask, Payload, Step};
use crate::wire::{Form, Head, Opcode};

/// A fault, with what has to be around it.
pub(super) fn fault(compression: Compression, strict: bool) -> BoxedStrategy<Steps> {
    let mut faults = vec![
        (3, single(reserved_bit(compression))),
        (2, continuation()),
        (3, single(reserved_opcode())),
        (2, single(unmasked())),
        (2, single(long_control())),
        (2, cut_control()),
        (2, single(nothing_to_continue())),
        (2, unfinished_message()),
        (1, top_bit()),
        (7, not_text(compression)),
        (6, single(bad_close())),
    ];
    if strict {
        faults.push((3, single(long_form())));
        faults.push((1, single(beyond())));
    }
    if matches!(compression, Compression::Written { .. }) {
        faults.push((8, not_deflate(strict)));
    }
    proptest::strategy::Union::new_weighted(faults).boxed()
}

/// The frame by itself, or between the fragments of a message if it is a control frame.
fn single(fault: BoxedStrategy<Frame>) -> BoxedStrategy<Steps> {
    (fault, weighted(0.25, short()))
        .prop_map(|(fault, around)| {
            let inside = fault.opcode.is_control() || fault.opcode.is_reserved();
            match around.filter(|_| inside) {
                Some((opcode, content)) => {
                    let first = Frame { fin: false, ..frame(opcode, Payload::Bytes(content)) };
                    let last = frame(Opcode::CONTINUATION, "end");
                    vec![Step::Frame(first), Step::Frame(fault), Step::Frame(last)]
                }
                None => vec![Step::Frame(fault)],
            }
        })
        .boxed()
}

fn opcode() -> impl Strategy<Value = Opcode> {
    select(vec![Opcode::TEXT, Opcode::BINARY, Opcode::PING, Opcode::PONG, Opcode::CLOSE])
}

fn literal(bytes: Bytes) -> Payload {
    Payload::Bytes(bytes)
}

/// A payload that is right for the opcode.
fn fitting(opcode: Opcode, words: &str) -> Payload {
    match opcode {
        Opcode::CLOSE => literal(close_body(1000, words.as_bytes())),
        _ => literal(Bytes::copy_from_slice(words.as_bytes())),
    }
}

fn reserved_bit(compression: Compression) -> BoxedStrategy<Frame> {
    // Mostly one alone.
    (opcode(), prop_oneof![3 => select(vec![1u8, 2, Head::RSV1]), 1 => 1..8u8], words(0..10))
        .prop_map(move |(opcode, rsv, words)| {
            let given = compression != Compression::None && !opcode.is_control();
            let rsv = if given && rsv & !Head::RSV1 == 0 { 2 } else { rsv };
            Frame { rsv, ..frame(opcode, fitting(opcode, &words)) }
        })
        .boxed()
}

/// A continuation frame with a reserved bit, or without a mask.
fn continuation() -> BoxedStrategy<Steps> {
    let rsv = prop_oneof![Just(Head::RSV1), 1..8u8, Just(0u8)];
    (short(), rsv, words(0..10))
        .prop_map(|((opcode, content), rsv, words)| {
            let first = Frame { fin: false, ..frame(opcode, literal(content)) };
            let mask = if rsv == 0 { Mask::Off } else { Mask::ByRole };
            let second = Frame { rsv, mask, ..frame(Opcode::CONTINUATION, literal(words.into())) };
            vec![Step::Frame(first), Step::Frame(second)]
        })
        .boxed()
}

fn reserved_opcode() -> BoxedStrategy<Frame> {
    let opcodes = vec![3, 4, 5, 6, 7, 11, 12, 13, 14, 15];
    (select(opcodes), data(), weighted(0.1, Just(())))
        .prop_map(|(opcode, data, cut)| Frame { fin: cut.is_none(), ..frame(Opcode(opcode), literal(data)) })
        .boxed()
}

fn unmasked() -> BoxedStrategy<Frame> {
    (opcode(), words(0..10))
        .prop_map(|(opcode, words)| Frame { mask: Mask::Off, ..frame(opcode, fitting(opcode, &words)) })
        .boxed()
}

fn long_control() -> BoxedStrategy<Frame> {
    let opcode = select(vec![Opcode::PING, Opcode::PONG, Opcode::CLOSE]);
    let len = prop_oneof![Just(126usize), 126..300usize, Just(65536usize)];
    (opcode, len)
        .prop_map(|(opcode, len)| {
            let payload = match opcode {
                Opcode::CLOSE => {
                    let mut body = 1000_u16.to_be_bytes().to_vec();
                    body.resize(len, b'*');
                    literal(body.into())
                }
                _ => Payload::Fill { pattern: Bytes::from_static(b"*"), len },
            };
            frame(opcode, payload)
        })
        .boxed()
}

/// A control frame without FIN, and what would be its end.
fn cut_control() -> BoxedStrategy<Steps> {
    let opcode = select(vec![Opcode::PING, Opcode::PONG, Opcode::CLOSE]);
    (opcode, words(0..10), any::<bool>())
        .prop_map(|(opcode, words, end)| {
            let first = Frame { fin: false, ..frame(opcode, fitting(opcode, &words)) };
            let rest = end.then(|| Step::Frame(frame(Opcode::CONTINUATION, "end")));
            [Step::Frame(first)].into_iter().chain(rest).collect()
        })
        .boxed()
}

fn nothing_to_continue() -> BoxedStrategy<Frame> {
    (words(0..10), any::<bool>())
        .prop_map(|(words, fin)| Frame { fin, ..frame(Opcode::CONTINUATION, literal(words.into())) })
        .boxed()
}

fn unfinished_message() -> BoxedStrategy<Steps> {
    (short(), short(), any::<bool>())
        .prop_map(|((one, first), (other, second), fin)| {
            let first = Frame { fin: false, ..frame(one, literal(first)) };
            let second = Frame { fin, ..frame(other, literal(second)) };
            vec![Step::Frame(first), Step::Frame(second), Step::Frame(frame(Opcode::CONTINUATION, "end"))]
        })
        .boxed()
}

fn top_bit() -> BoxedStrategy<Steps> {
    let lengths = vec![1 << 63, (1 << 63) + 5, u64::MAX];
    (select(vec![Opcode::TEXT, Opcode::BINARY]), select(lengths), words(0..10))
        .prop_map(|(opcode, len, words)| {
            vec![Step::Frame(Frame {
                len: Some(len),
                form: Some(Form::Bits64),
                ..frame(opcode, literal(words.into()))
            })]
        })
        .boxed()
}

/// A length that is not written in the shortest form.
fn long_form() -> BoxedStrategy<Frame> {
    let lens = prop_oneof![0..126usize, Just(125usize)];
    let sixteen = (opcode(), lens.clone()).prop_map(|(opcode, len)| (opcode, len, Form::Bits16));
    let more = prop_oneof![3 => lens, 1 => Just(126usize), 1 => Just(65535usize)];
    let sixty_four = (opcode(), more).prop_map(|(opcode, len)| (opcode, len, Form::Bits64));
    prop_oneof![sixteen, sixty_four]
        .prop_map(|(opcode, len, form)| {
            let len = if opcode.is_control() { len.min(125) } else { len };
            let payload = match opcode {
                Opcode::CLOSE => Payload::EMPTY,
                _ => Payload::Fill { pattern: Bytes::from_static(b"*"), len },
            };
            Frame { form: Some(form), ..frame(opcode, payload) }
        })
        .boxed()
}

/// A close code beyond all ranges.
fn beyond() -> BoxedStrategy<Frame> {
    prop_oneof![Just(5000u16), 5000..=u16::MAX]
        .prop_map(|code| frame(Opcode::CLOSE, literal(close_body(code, b""))))
        .boxed()
}

/// Text that is not UTF-8, cut anywhere.
fn not_text(compression: Compression) -> BoxedStrategy<Steps> {
    // Validators look at whole blocks, and go fast through what is ASCII.
    let ascii = prop_oneof![2 => Just(0usize), 1 => 0..70usize];
    let before = (words(0..12), ascii).prop_map(|(words, ascii)| words + &"a".repeat(ascii));
    let cuts = prop_oneof![vec(any::<Index>(), 0..1), vec(any::<Index>(), 0..4)];
    // What is cut off at the end of the text is seen only there.
    let behind = weighted(0.7, words(0..12)).prop_map(Option::unwrap_or_default);
    (before, not_utf8(), behind, cuts, weighted(0.7, form(compression)))
        .prop_map(move |(before, bad, behind, cuts, how)| {
            let content: Bytes = [before.as_bytes(), bad, behind.as_bytes()].concat().into();
            match (compression, how) {
                (Compression::Ours, Some(_)) => {
                    vec![Step::Frame(Frame { compressed: true, ..frame(Opcode::TEXT, literal(content)) })]
                }
                (Compression::Written { .. }, Some(how)) => {
                    let payload = written(&content, how);
                    cut(Opcode::TEXT, &payload, &cuts, Head::RSV1).into_iter().map(Step::Frame).collect()
                }
                _ => cut(Opcode::TEXT, &content, &cuts, 0).into_iter().map(Step::Frame).collect(),
            }
        })
        .boxed()
}

/// A compressed message that cannot be inflated.
fn not_deflate(strict: bool) -> BoxedStrategy<Steps> {
    let mut ways = vec![Spoilt::Reserved, Spoilt::Length, Spoilt::TooFar, Spoilt::Code];
    if strict {
        ways.extend([Spoilt::Cut; 2]);
    }
    let how = select(ways);
    (short(), how, vec(any::<Index>(), 0..3))
        .prop_map(|((opcode, content), how, cuts)| {
            cut(opcode, &spoilt(&content, how), &cuts, Head::RSV1).into_iter().map(Step::Frame).collect()
        })
        .boxed()
}

fn bad_close() -> BoxedStrategy<Frame> {
    let codes = vec![0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999];
    let body = prop_oneof![
        2 => any::<u8>().prop_map(|byte| Bytes::copy_from_slice(&[byte])),
        6 => (prop_oneof![5 => select(codes), 1 => 0..1000u16], words(0..10))
            .prop_map(|(code, reason)| close_body(code, reason.as_bytes())),
        3 => (words(0..8), not_utf8(), words(0..8)).prop_map(|(before, bad, behind)| {
            let reason = [before.as_bytes(), bad, behind.as_bytes()].concat();
            close_body(1000, &reason)
        }),
    ];
    body.prop_map(|body| frame(Opcode::CLOSE, literal(body))).boxed()
}

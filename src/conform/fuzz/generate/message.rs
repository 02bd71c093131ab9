//! What a conforming client may send: messages cut and compressed in every way, control frames anywhere, a close.

use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::content::{content, data, length, short, words};
use super::deflate::{Written, written};
use super::{Compression, Steps};
use crate::conform::{Await, Fragments, Frame, Mask, Payload, Step};
use crate::wire::{CloseBody, CloseCode, Head, Opcode, mask};

/// Longer frames are not written in pieces.
const CHOPPED: usize = 200;

/// A frame that says this.
pub(super) fn frame(opcode: Opcode, payload: impl Into<Payload>) -> Frame {
    Frame::new(opcode, payload)
}

/// A legal piece of a session.
pub(super) fn piece(compression: Compression) -> BoxedStrategy<Steps> {
    prop_oneof![
        8 => message(compression),
        4 => mixed(compression),
        3 => control().prop_map(|(step, wait)| with(step, wait)),
        1 => pings(),
        1 => split(),
        1 => halved(),
        1 => (1..4u64).prop_map(|time| vec![Step::Wait { time: Duration::from_millis(time), tag: None }]),
    ]
    .boxed()
}

fn with(step: Step, wait: Option<Await>) -> Steps {
    [step].into_iter().chain(wait.map(Step::Await)).collect()
}

/// A message from one step.
fn message(compression: Compression) -> BoxedStrategy<Steps> {
    let fragments = weighted(0.3, (prop_oneof![1..20usize, length()], any::<bool>()));
    let chop = weighted(0.08, 1..30usize);
    let key = prop_oneof![
        18 => Just(Mask::ByRole),
        1 => Just(Mask::Key([0; 4])),
        1 => any::<[u8; 4]>().prop_map(Mask::Key),
    ];
    let awaits = any::<bool>();
    let how = weighted(0.75, form(compression));
    (content(compression != Compression::None), fragments, chop, key, awaits, how)
        .prop_map(move |((opcode, content), cut, chop, key, awaits, how)| {
            let (payload, rsv, compressed) = match (compression, how) {
                (Compression::Written { .. }, Some(how)) => {
                    (written(&content.bytes(), how).into_payload(), Head::RSV1, false)
                }
                (Compression::Ours, Some(_)) => (content, 0, true),
                _ => (content, 0, false),
            };
            let len = payload.len();
            let step = Frame {
                mask: key,
                rsv,
                compressed,
                // Not thousands of frames: that is what cases are for.
                fragments: cut.map(|(size, empty_last)| Fragments { size: size.max(len / 250).max(1), empty_last }),
                chop: chop.filter(|_| len <= CHOPPED && !compressed),
                ..frame(opcode, payload)
            };
            with(Step::Frame(step), awaits.then_some(Await::Message))
        })
        .boxed()
}

/// How a message is compressed.
pub(super) fn form(compression: Compression) -> BoxedStrategy<Written> {
    let usual = prop_oneof![
        Just(Written::Stored),
        (1..40usize).prop_map(Written::InBlocks),
        Just(Written::Fixed),
        (1..40usize).prop_map(Written::Mixed),
        any::<bool>().prop_map(Written::Final),
        (0..=9u8).prop_map(Written::Zlib),
    ];
    match compression {
        Compression::Written { finals: true } => {
            prop_oneof![6 => usual, 1 => (1..40usize).prop_map(Written::Finals)].boxed()
        }
        _ => usual.boxed(),
    }
}

trait IntoPayload {
    fn into_payload(self) -> Payload;
}

impl IntoPayload for Bytes {
    fn into_payload(self) -> Payload {
        Payload::Bytes(self)
    }
}

/// A message cut anywhere, with control frames between its fragments.
fn mixed(compression: Compression) -> BoxedStrategy<Steps> {
    let between = vec((any::<Index>(), control()), 0..3);
    (short(), vec(any::<Index>(), 1..5), between, weighted(0.75, form(compression)), any::<bool>())
        .prop_map(move |((opcode, content), cuts, between, how, awaits)| {
            let (payload, rsv) = match (compression, how) {
                (Compression::Written { .. }, Some(how)) => (written(&content, how), Head::RSV1),
                _ => (content, 0),
            };
            let frames = cut(opcode, &payload, &cuts, rsv);
            let mut steps = Vec::new();
            let last = frames.len() - 1;
            for (number, frame) in frames.into_iter().enumerate() {
                steps.push(Step::Frame(frame));
                if number < last {
                    let here = between.iter().filter(|(place, _)| place.index(last) == number);
                    here.for_each(|(_, (step, wait))| steps.extend(with(step.clone(), *wait)));
                }
            }
            steps.extend(awaits.then_some(Step::Await(Await::Message)));
            steps
        })
        .boxed()
}

/// The frames of a message that is cut at these places.
pub(super) fn cut(opcode: Opcode, payload: &Bytes, cuts: &[Index], rsv: u8) -> Vec<Frame> {
    let mut places: Vec<usize> = cuts.iter().map(|place| place.index(payload.len() + 1)).collect();
    places.sort_unstable();
    places.push(payload.len());
    let mut from = 0;
    let count = places.len();
    let piece = |(number, to): (usize, usize)| {
        let opcode = if number == 0 { opcode } else { Opcode::CONTINUATION };
        let piece = Payload::Bytes(payload.slice(from..to));
        from = to;
        Frame { fin: number + 1 == count, rsv: if number == 0 { rsv } else { 0 }, ..frame(opcode, piece) }
    };
    places.into_iter().enumerate().map(piece).collect()
}

/// A ping or a pong, and what to wait for behind it.
fn control() -> impl Strategy<Value = (Step, Option<Await>)> {
    let chop = weighted(0.05, 1..10usize);
    prop_oneof![
        3 => (data(), weighted(0.85, Just(Await::Pong)), chop).prop_map(|(data, wait, chop)| {
            (Step::Frame(Frame { chop, ..frame(Opcode::PING, Payload::Bytes(data)) }), wait)
        }),
        1 => data().prop_map(|data| (Step::Frame(frame(Opcode::PONG, Payload::Bytes(data))), None)),
    ]
}

/// Pings at once, of which a target may answer the last alone.
fn pings() -> BoxedStrategy<Steps> {
    vec(data(), 2..4)
        .prop_map(|all| {
            let ping = |data| Step::Frame(frame(Opcode::PING, Payload::Bytes(data)));
            all.into_iter().map(ping).chain([Step::Await(Await::Pong)]).collect()
        })
        .boxed()
}

/// A frame whose payload comes later than its head.
fn split() -> BoxedStrategy<Steps> {
    (short(), any::<Index>(), weighted(0.5, 1..3u64))
        .prop_map(|((opcode, content), place, pause)| {
            let at = place.index(content.len() + 1);
            let head = Frame { len: Some(content.len() as u64), ..frame(opcode, Payload::Bytes(content.slice(..at))) };
            let mut steps = vec![Step::Frame(head)];
            steps.extend(pause.map(|time| Step::Wait { time: Duration::from_millis(time), tag: None }));
            if at < content.len() {
                steps.push(Step::More(Payload::Bytes(content.slice(at..))));
            }
            steps.push(Step::Await(Await::Message));
            steps
        })
        .boxed()
}

/// A frame that is cut anywhere, mostly in its head.
fn halved() -> BoxedStrategy<Steps> {
    let len = prop_oneof![0..20usize, 126..200usize];
    (len, 1..14usize, any::<[u8; 4]>())
        .prop_map(|(len, at, key)| {
            let head = Head { mask: Some(key), ..Head::new(Opcode::BINARY, len as u64) };
            let mut bytes = head.encode().to_vec();
            let begin = bytes.len();
            bytes.resize(begin + len, b'*');
            mask(&mut bytes[begin..], key);
            let bytes = Bytes::from(bytes);
            let raw = |bytes| Step::Raw { bytes: Payload::Bytes(bytes), chop: None };
            let at = at.min(bytes.len() - 1);
            vec![
                raw(bytes.slice(..at)),
                Step::Wait { time: Duration::from_millis(2), tag: None },
                raw(bytes.slice(at..)),
                Step::Await(Await::Message),
            ]
        })
        .boxed()
}

/// A close frame that may be sent, and perhaps a frame behind it, which is to be discarded. To the `strict` also with codes
/// that IANA registered later, since no clause of RFC 6455 says that a receiver has to know them; and between the
/// fragments of a message, since the code of the answer is "typically" the same (section 5.5.1), and 1002 with some.
pub(super) fn close(strict: bool) -> BoxedStrategy<Steps> {
    let mut codes = vec![1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    if strict {
        codes.extend([1012, 1013, 1014]);
    }
    let body = prop_oneof![
        1 => Just(Bytes::new()),
        5 => (select(codes.clone()), words(0..50)).prop_map(|(code, reason)| close_body(code, reason.as_bytes())),
        1 => (select(codes), 115..=123usize).prop_map(|(code, len)| close_body(code, &vec![b'*'; len])),
    ];
    let behind = weighted(0.15, prop_oneof![Just(Opcode::TEXT), Just(Opcode::PING)]);
    (body, behind, weighted(0.15, words(0..5)))
        .prop_map(move |(body, behind, inside)| {
            let inside = inside.filter(|_| strict);
            let begun = inside
                .map(|words| Step::Frame(Frame { fin: false, ..frame(Opcode::TEXT, Payload::Bytes(words.into())) }));
            let close = Step::Frame(frame(Opcode::CLOSE, Payload::Bytes(body)));
            begun.into_iter().chain([close]).chain(behind.map(|opcode| Step::Frame(frame(opcode, "late")))).collect()
        })
        .boxed()
}

/// The end of TCP without a close frame, perhaps inside a message or a frame.
pub(super) fn leave() -> BoxedStrategy<Steps> {
    let begun = prop_oneof![
        short().prop_map(|(opcode, content)| Frame { fin: false, ..frame(opcode, Payload::Bytes(content)) }),
        (short(), prop_oneof![3 => 1..9u64, 1 => Just(1 << 32), 1 => Just(1 << 40)]).prop_map(
            |((opcode, content), more)| {
                let len = Some(content.len() as u64 + more);
                Frame { len, ..frame(opcode, Payload::Bytes(content)) }
            }
        ),
    ];
    weighted(0.8, begun).prop_map(|begun| begun.map(Step::Frame).into_iter().chain([Step::HalfClose]).collect()).boxed()
}

/// A reset of TCP, perhaps inside a message or a frame. It is no fault of a server, and no other connection may suffer.
pub(super) fn reset() -> BoxedStrategy<Steps> {
    let begun = prop_oneof![
        short().prop_map(|(opcode, content)| Frame { fin: false, ..frame(opcode, Payload::Bytes(content)) }),
        (short(), 1..9u64).prop_map(|((opcode, content), more)| {
            let len = Some(content.len() as u64 + more);
            Frame { len, ..frame(opcode, Payload::Bytes(content)) }
        }),
    ];
    // What is reset at once may never be read.
    (weighted(0.7, begun), 0..3u64)
        .prop_map(|(begun, pause)| {
            let pause = Step::Wait { time: Duration::from_millis(pause), tag: None };
            begun.map(Step::Frame).into_iter().chain([pause, Step::Reset]).collect()
        })
        .boxed()
}

/// The body of a close frame.
pub(super) fn close_body(code: u16, reason: &[u8]) -> Bytes {
    let mut body = Vec::new();
    CloseBody::Status(CloseCode(code), reason).write(&mut body);
    // A character more or less: the reason was text, and still is.
    while body.len() > 125 || std::str::from_utf8(&body[2..]).is_err() && std::str::from_utf8(reason).is_ok() {
        body.pop();
    }
    body.into()
}

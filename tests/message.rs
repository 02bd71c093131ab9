//! `proto::Joiner`: messages joined from frames, lent or gathered, within their limits.

use std::borrow::Cow;

use proptest::collection::vec;
use proptest::prelude::*;
use wslab::proto::{Flow, Joined, Joiner, Kind, Message, Role, Seen, TooBig};
use wslab::wire::{Head, Opcode};

#[path = "support/mod.rs"]
mod support;

use support::frame::{Frame, binary, close, close_with, continuation, frame, ping, pong, text};

/// What a joiner made of a direction.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Got {
    Message { kind: Kind, compressed: bool, payload: Vec<u8>, lent: bool },
    Control(Joined, Vec<u8>),
    TooBig(usize),
}

impl Got {
    fn lent(self) -> Self {
        match self {
            Self::Message { kind, compressed, payload, .. } => Self::Message { kind, compressed, payload, lent: true },
            other => other,
        }
    }

    fn compressed(self) -> Self {
        match self {
            Self::Message { kind, payload, lent, .. } => Self::Message { kind, compressed: true, payload, lent },
            other => other,
        }
    }
}

fn message(kind: Kind, payload: impl AsRef<[u8]>) -> Got {
    Got::Message { kind, compressed: false, payload: payload.as_ref().to_vec(), lent: false }
}

fn text_message(payload: &str) -> Got {
    message(Kind::Text, payload)
}

fn binary_message(payload: impl AsRef<[u8]>) -> Got {
    message(Kind::Binary, payload)
}

fn pinged(payload: &str) -> Got {
    Got::Control(Joined::Ping, payload.into())
}

/// A server's direction and the joiner that is told of it.
struct Told {
    flow: Flow,
    joiner: Joiner,
}

impl Told {
    fn new(max_frame: u64, max_message: usize) -> Self {
        Self { flow: Flow::new(Role::Server).with_reserved(Head::RSV1), joiner: Joiner::new(max_frame, max_message) }
    }

    /// What comes of these bytes, given in one read.
    fn reads(&mut self, bytes: &[u8]) -> Vec<Got> {
        let mut bytes = bytes.to_vec();
        let range = bytes.as_ptr_range();
        let mut got = Vec::new();
        let mut last = &[][..];
        for seen in self.flow.read(&mut bytes) {
            match seen {
                Seen::Head(head) => {
                    last = &[];
                    if let Err(TooBig { limit }) = self.joiner.head(&head) {
                        got.push(Got::TooBig(limit));
                    }
                }
                Seen::Data(data) => {
                    self.joiner.data(data).expect("nothing is inflated");
                    last = data;
                }
                Seen::End => match self.joiner.end().expect("nothing is inflated") {
                    Some(Joined::Message { kind, compressed }) => {
                        let payload = self.joiner.payload(last);
                        let lent = range.contains(&payload.as_ptr());
                        got.push(Got::Message { kind, compressed, payload: payload.to_vec(), lent });
                        self.joiner.release();
                    }
                    Some(control) => got.push(Got::Control(control, self.joiner.payload(last).to_vec())),
                    None => {}
                },
                Seen::Fault(_) => {}
                other => panic!("{other:?} where nothing was lost"),
            }
        }
        got
    }

    /// What comes of these frames, given in one read.
    fn reads_frames(&mut self, frames: impl AsRef<[Frame]>) -> Vec<Got> {
        self.reads(&encode(frames.as_ref()))
    }
}

fn unlimited() -> Told {
    Told::new(u64::MAX, usize::MAX)
}

fn encode(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(|frame| frame.encode(Role::Server, [0; 4])).collect()
}

#[test]
fn a_message_that_is_whole_in_one_read_is_lent() {
    let mut told = unlimited();
    assert_eq!(
        told.reads_frames([text("Hello"), binary("world"), text("again")]),
        [text_message("Hello").lent(), binary_message("world").lent(), text_message("again").lent()]
    );
    assert_eq!(told.joiner.gathered(), 0);
}

#[test]
fn an_empty_message_is_empty() {
    let mut told = unlimited();
    assert_eq!(told.reads_frames([text(""), binary("")]), [text_message(""), binary_message("")]);
    told.reads_frames([text("before").unfinished(), continuation("")]);
    assert_eq!(told.reads_frames([text(""), binary("")]), [text_message(""), binary_message("")]);
}

#[test]
fn a_message_that_is_cut_by_reads_is_gathered() {
    let bytes = encode(&[text("Hello")]);
    for cut in 1..bytes.len() {
        let mut told = unlimited();
        assert_eq!(told.reads(&bytes[..cut]), []);
        assert_eq!(told.joiner.gathered(), cut.saturating_sub(2), "cut at {cut}");
        let whole = text_message("Hello");
        let whole = if cut <= 2 { whole.lent() } else { whole };
        assert_eq!(told.reads(&bytes[cut..]), [whole], "cut at {cut}");
    }
}

#[test]
fn a_message_that_is_cut_by_fragments_is_gathered() {
    let mut told = unlimited();
    assert_eq!(told.reads_frames([text("Hel").unfinished(), continuation("lo")]), [text_message("Hello")]);
    assert_eq!(
        told.reads_frames([
            binary("a").unfinished(),
            continuation("").unfinished(),
            continuation("b").unfinished(),
            continuation(""),
        ]),
        [binary_message("ab")]
    );
}

#[test]
fn fragments_of_which_only_the_last_has_bytes_are_lent() {
    let mut told = unlimited();
    assert_eq!(
        told.reads_frames([text("").unfinished(), continuation("").unfinished(), continuation("Hello")]),
        [text_message("Hello").lent()]
    );
}

/// RFC 6455, section 5.4: control frames may come between fragments, and within them by reads.
#[test]
fn control_frames_between_fragments_are_apart() {
    let frames = [
        text("Hel").unfinished(),
        ping("p"),
        continuation("l").unfinished(),
        pong(""),
        ping(""),
        continuation("o"),
        close_with(1000, "bye"),
    ];
    let expected = [
        pinged("p"),
        Got::Control(Joined::Pong, vec![]),
        pinged(""),
        text_message("Hello"),
        Got::Control(Joined::Close, b"\x03\xe8bye".to_vec()),
    ];
    assert_eq!(unlimited().reads_frames(&frames), expected);

    let mut told = unlimited();
    let bytewise: Vec<_> = encode(&frames).chunks(1).flat_map(|byte| told.reads(byte)).collect();
    assert_eq!(bytewise, expected);
}

#[test]
fn a_control_frame_that_is_cut_is_gathered_and_forgotten() {
    let mut told = unlimited();
    let bytes = encode(&[ping("ping"), pong(""), ping("x"), close("")]);
    let got: Vec<_> = bytes.chunks(1).flat_map(|byte| told.reads(byte)).collect();
    let control = |joined, payload: &str| Got::Control(joined, payload.into());
    assert_eq!(
        got,
        [
            control(Joined::Ping, "ping"),
            control(Joined::Pong, ""),
            control(Joined::Ping, "x"),
            control(Joined::Close, "")
        ]
    );
}

/// A control frame that is too long is a fault; of one that is cut, no more is kept than one may have.
#[test]
fn of_a_control_frame_at_most_125_bytes_are_kept() {
    let mut told = unlimited();
    let got: Vec<_> = encode(&[ping("x".repeat(300))]).chunks(70).flat_map(|bytes| told.reads(bytes)).collect();
    assert_eq!(got, [pinged(&"x".repeat(125))]);
}

#[test]
fn compression_is_of_the_first_frame() {
    let mut told = unlimited();
    assert_eq!(
        told.reads_frames([
            text("a").rsv(Head::RSV1).unfinished(),
            ping(""),
            continuation("b"),
            binary("c").rsv(Head::RSV1),
            binary("d")
        ]),
        [
            pinged(""),
            text_message("ab").compressed(),
            binary_message("c").compressed().lent(),
            binary_message("d").lent()
        ]
    );
}

/// What is no message gives none, and does not touch the one that is open.
#[test]
fn what_is_no_message_is_passed_over() {
    let mut told = unlimited();
    assert_eq!(told.reads_frames([continuation("a"), frame(Opcode(0x3), "b"), frame(Opcode(0xb), "c")]), []);
    assert_eq!(
        told.reads_frames([text("a").unfinished(), frame(Opcode(0xb), "x"), continuation("b")]),
        [text_message("ab")]
    );
}

#[test]
fn a_message_that_interrupts_another_is_by_itself() {
    let mut told = unlimited();
    assert_eq!(
        told.reads_frames([text("abc").unfinished(), binary("d").unfinished(), continuation("e")]),
        [binary_message("de")]
    );
    assert_eq!(told.reads_frames([text("abc").unfinished(), binary("d")]), [binary_message("d").lent()]);
}

#[test]
fn a_message_of_the_limit_is_taken_and_one_byte_more_is_not() {
    for limit in [0, 1, 5, 126, 1000] {
        let payload = vec![b'x'; limit];
        let more = vec![b'x'; limit + 1];
        for (max_frame, max_message) in [(u64::MAX, limit), (limit as u64, usize::MAX), (limit as u64, limit)] {
            let mut told = Told::new(max_frame, max_message);
            let taken = if limit == 0 { binary_message("") } else { binary_message(&payload).lent() };
            assert_eq!(told.reads_frames([binary(&payload)]), [taken]);
            assert_eq!(told.reads_frames([binary(&more)]), [Got::TooBig(limit)]);
        }
    }
}

/// The head alone says it: no byte of the payload has to come.
#[test]
fn too_big_is_known_with_the_head() {
    for head in [Head::new(Opcode::TEXT, 6), Head::new(Opcode::BINARY, u64::MAX)] {
        let mut told = Told::new(u64::MAX, 5);
        assert_eq!(told.reads(&head.encode()), [Got::TooBig(5)]);
        assert_eq!(told.joiner.gathered(), 0);
    }
}

#[test]
fn fragments_count_together_against_the_limit() {
    let mut told = Told::new(u64::MAX, 5);
    let two = [text("abc").unfinished(), continuation("de")];
    assert_eq!(told.reads_frames(&two), [text_message("abcde")]);
    assert_eq!(told.reads_frames(&two), [text_message("abcde")], "the next one starts at nothing");
    assert_eq!(told.reads_frames([text("abc").unfinished(), continuation("def")]), [Got::TooBig(5)]);
    let mut told = Told::new(u64::MAX, 5);
    assert_eq!(
        told.reads_frames([text("abcde").unfinished(), continuation("").unfinished(), continuation("")]),
        [text_message("abcde")]
    );
    assert_eq!(told.reads_frames([text("abcde").unfinished(), continuation("f").unfinished()]), [Got::TooBig(5)]);
}

#[test]
fn the_limit_holds_when_the_bytes_trickle() {
    let mut told = Told::new(u64::MAX, 5);
    let bytes = encode(&[text("abc").unfinished(), ping("a long one"), continuation("de")]);
    let got: Vec<_> = bytes.chunks(1).flat_map(|byte| told.reads(byte)).collect();
    assert_eq!(got, [pinged("a long one"), text_message("abcde")]);
    let bytes = encode(&[text("abc").unfinished(), continuation("def")]);
    let got: Vec<_> = bytes.chunks(1).flat_map(|byte| told.reads(byte)).collect();
    assert_eq!(got, [Got::TooBig(5)]);
}

#[test]
fn each_fragment_is_held_to_the_limit_of_frames() {
    let mut told = Told::new(2, 5);
    let frames = [text("ab").unfinished(), continuation("cd").unfinished(), continuation("e")];
    assert_eq!(told.reads_frames(frames), [text_message("abcde")]);
    assert_eq!(told.reads_frames([text("ab").unfinished(), continuation("cde")]), [Got::TooBig(2)]);
}

/// RFC 6455, section 5.5: control frames have a limit of their own.
#[test]
fn control_frames_are_not_held_to_the_limits() {
    let mut told = Told::new(1, 1);
    assert_eq!(told.reads_frames([ping("Hello")]), [pinged("Hello")]);
}

/// Who goes on after a message that is too big gets nothing of it, keeps nothing of it, and gets the next one.
#[test]
fn nothing_is_kept_of_a_message_that_is_too_big() {
    let bytes = encode(&[text("abc").unfinished(), continuation("def").unfinished(), continuation("g"), binary("hi")]);
    for size in [1, 2, 3, 5, bytes.len()] {
        let mut told = Told::new(u64::MAX, 5);
        let mut got = Vec::new();
        for piece in bytes.chunks(size) {
            got.extend(told.reads(piece).into_iter().map(Got::lent));
            assert!(told.joiner.gathered() <= 5, "{} bytes are kept", told.joiner.gathered());
        }
        assert_eq!(got, [Got::TooBig(5), binary_message("hi").lent()], "in pieces of {size}");
    }
}

#[test]
fn it_says_in_words_what_is_too_big() {
    assert_eq!(TooBig { limit: 5 }.to_string(), "the message is larger than 5 bytes");
}

#[test]
fn messages_say_what_they_are() {
    assert_eq!(Message::from("ß"), Message::text("ß".to_owned()));
    assert_eq!(Message::from(String::from("ß")), Message::text("ß"));
    assert_eq!(Message::from(&b"\xff"[..]), Message::binary(vec![0xff]));
    assert_eq!(Message::from(vec![0xff]), Message { kind: Kind::Binary, payload: Cow::Borrowed(&[0xff]) });
    assert_eq!((Message::text("ß").is_text(), Message::text("ß").as_text()), (true, Some("ß")));
    assert_eq!((Message::binary(&b"a"[..]).is_text(), Message::binary(&b"a"[..]).as_text()), (false, None));
    assert_eq!(Message { kind: Kind::Text, payload: Cow::Borrowed(&[0xff]) }.as_text(), None);
    assert_eq!((Kind::Text.opcode(), Kind::Binary.opcode()), (Opcode::TEXT, Opcode::BINARY));
    let owned: Message<'static> = Message::from(String::from("a").as_str()).into_owned();
    assert_eq!(owned, Message::text("a"));
}

#[test]
fn a_frame_that_is_no_message_adds_nothing_to_the_one_that_is_open() {
    let reserved = frame(Opcode(3), [b'x'; 50]).fin(false);
    let frames = [text("ab").unfinished(), reserved, continuation("cd")];
    let mut told = Told::new(u64::MAX, 5);
    let got: Vec<_> = encode(&frames).chunks(3).flat_map(|piece| told.reads(piece)).map(Got::lent).collect();
    assert_eq!(got, [text_message("abcd").lent()]);
}

proptest! {
    /// However a message is cut, by fragments and by reads, the same message comes.
    #[test]
    fn cutting_changes_nothing(
        messages in vec((any::<bool>(), vec(vec(any::<u8>(), 0..200), 1..5)), 0..5),
        sizes in vec(0..100_usize, 0..40),
        limit in prop_oneof![Just(usize::MAX), 0..300_usize],
    ) {
        let mut frames = Vec::new();
        let mut expected = Vec::new();
        for (is_text, fragments) in &messages {
            let kind = if *is_text { Kind::Text } else { Kind::Binary };
            let mut opcode = kind.opcode();
            for (index, fragment) in fragments.iter().enumerate() {
                frames.push(frame(opcode, fragment).fin(index + 1 == fragments.len()));
                opcode = Opcode::CONTINUATION;
            }
            let whole = fragments.concat();
            expected.push(if whole.len() > limit { Got::TooBig(limit) } else { message(kind, whole).lent() });
        }
        let bytes = encode(&frames);
        let mut told = Told::new(u64::MAX, limit);
        let mut rest = &bytes[..];
        let mut got = Vec::new();
        for size in sizes.into_iter().chain([usize::MAX]) {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            got.extend(told.reads(piece).into_iter().map(Got::lent));
            prop_assert!(told.joiner.gathered() <= limit);
            rest = after;
        }
        prop_assert_eq!(got, expected);
    }
}

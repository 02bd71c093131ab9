//! `Joiner::inflating`: the compressed messages of a direction, also where some of it was never seen.

use hex_literal::hex;
use proptest::collection::vec;
use proptest::prelude::*;
use wslab::proto::deflate::{Deflater, Direction};
use wslab::proto::{Flow, JoinFault, Joined, Joiner, Kind, Role, Rule, Seen, TooBig};
use wslab::wire::{Head, Opcode};

use crate::{deflate, no_takeover, takeover};

/// What came of a direction.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Got {
    Message(Kind, Vec<u8>),
    /// A message that cannot be inflated.
    Opaque(Kind),
    Fault(Rule),
    TooBig,
}

fn text(text: &str) -> Got {
    Got::Message(Kind::Text, text.into())
}

/// A server's direction as a capture sees it, which goes on whatever it sees.
struct Captured {
    flow: Flow,
    joiner: Joiner,
    got: Vec<Got>,
}

impl Captured {
    fn new(direction: Direction) -> Self {
        Self {
            flow: Flow::new(Role::Server).with_reserved(Head::RSV1),
            joiner: Joiner::new(1 << 20, 1 << 16).inflating(direction),
            got: Vec::new(),
        }
    }

    fn sees(&mut self, bytes: impl AsRef<[u8]>) -> Vec<Got> {
        let mut bytes = bytes.as_ref().to_vec();
        let mut last = &[][..];
        for seen in self.flow.read(&mut bytes) {
            take(&mut self.joiner, &mut self.got, seen, &mut last);
        }
        std::mem::take(&mut self.got)
    }

    fn misses(&mut self, lost: u64) -> Vec<Got> {
        let mut last = &[][..];
        for seen in self.flow.skip(lost) {
            take(&mut self.joiner, &mut self.got, seen, &mut last);
        }
        std::mem::take(&mut self.got)
    }
}

fn take<'a>(joiner: &mut Joiner, got: &mut Vec<Got>, seen: Seen<'a>, last: &mut &'a [u8]) {
    let mut fault = |fault: JoinFault| match fault {
        JoinFault::Rule(rule) => got.push(Got::Fault(rule)),
        JoinFault::TooBig(_) => got.push(Got::TooBig),
    };
    match seen {
        Seen::Head(head) => {
            *last = &[];
            if let Err(TooBig { .. }) = joiner.head(&head) {
                got.push(Got::TooBig);
            }
        }
        Seen::Data(data) => {
            *last = data;
            joiner.data(data).unwrap_or_else(fault);
        }
        Seen::End => match joiner.end() {
            Ok(Some(Joined::Message { kind, compressed: false })) => {
                got.push(Got::Message(kind, joiner.payload(last).to_vec()));
                joiner.release();
            }
            Ok(Some(Joined::Message { kind, compressed: true })) => {
                assert_eq!(joiner.payload(last), b"", "nothing is handed out that is not the message");
                got.push(Got::Opaque(kind));
            }
            Ok(_) => {}
            Err(error) => fault(error),
        },
        Seen::Fault(rule) => got.push(Got::Fault(rule)),
        Seen::Lost(_) => joiner.lost(),
        Seen::Adrift => joiner.adrift(),
        Seen::Resumed => {}
    }
}

/// Section 7.2.3.2: the second refers to the first.
const HELLO: [u8; 9] = hex!("c1 07 f248cdc9c90700");
const AGAIN: [u8; 7] = hex!("c1 05 f200110000");

#[test]
fn compressed_messages_are_inflated() {
    let mut captured = Captured::new(takeover(15));
    assert_eq!(captured.sees(HELLO), [text("Hello")]);
    assert_eq!(captured.sees(AGAIN), [text("Hello")]);
    assert_eq!(captured.sees(hex!("81 02 6869")), [text("hi")]);
}

#[test]
fn a_message_that_misses_some_is_opaque() {
    let mut captured = Captured::new(no_takeover(15));
    assert_eq!(captured.sees(&HELLO[..4]), []);
    assert_eq!(captured.misses(2), []);
    assert_eq!(captured.sees(&HELLO[6..]), [Got::Opaque(Kind::Text)]);
    assert_eq!(captured.sees(HELLO), [text("Hello")], "without takeover that is all");
}

#[test]
fn with_takeover_so_is_every_later_one() {
    let mut captured = Captured::new(takeover(15));
    captured.sees(&HELLO[..4]);
    assert_eq!(captured.misses(5), [Got::Opaque(Kind::Text)]);
    assert_eq!(captured.sees(AGAIN), [Got::Opaque(Kind::Text)]);
    assert_eq!(captured.sees(HELLO), [Got::Opaque(Kind::Text)]);
    assert_eq!(captured.sees(hex!("81 02 6869  42 01 00  80 00")), [text("hi"), Got::Opaque(Kind::Binary)]);
}

#[test]
fn what_is_lost_of_others_harms_no_compressed_message() {
    let mut captured = Captured::new(takeover(15));
    assert_eq!(captured.sees(HELLO), [text("Hello")]);
    // Of a ping, also between two fragments, and of text that is not compressed.
    captured.sees(hex!("89 03"));
    captured.misses(3);
    assert_eq!(captured.sees(hex!("41 02 f200  89 03 61")), []);
    captured.misses(2);
    assert_eq!(captured.sees(hex!("80 03 110000")), [text("Hello")]);
    captured.sees(hex!("81 03"));
    assert_eq!(captured.misses(3).len(), 1);
    assert_eq!(captured.sees(AGAIN), [text("Hello")]);
}

#[test]
fn behind_a_loss_of_unknown_extent_messages_are_opaque_only_with_takeover() {
    for (direction, expected) in [(takeover(15), Got::Opaque(Kind::Text)), (no_takeover(15), text("Hello"))] {
        let mut captured = Captured::new(direction);
        captured.sees(hex!("41 02 f248"));
        captured.misses(100);
        assert_eq!(captured.sees(HELLO), std::slice::from_ref(&expected));

        let mut captured = Captured { flow: Flow::adrift(Role::Server).with_reserved(Head::RSV1), ..captured };
        captured.joiner = Joiner::new(1 << 20, 1 << 16).inflating(direction);
        captured.joiner.adrift();
        assert_eq!(captured.sees(HELLO), [expected], "of a connection whose beginning was not seen");
    }
}

#[test]
fn a_fault_is_said_once_and_later_messages_go_on_where_they_can() {
    let bad = hex!("c1 03 0600ff");
    let fault = Got::Fault(Rule::CompressedDataInvalid);
    let mut captured = Captured::new(no_takeover(15));
    assert_eq!(captured.sees(bad), [fault.clone(), Got::Opaque(Kind::Text)]);
    assert_eq!(captured.sees(HELLO), [text("Hello")]);
    let mut captured = Captured::new(takeover(15));
    assert_eq!(captured.sees(bad), [fault, Got::Opaque(Kind::Text)]);
    assert_eq!(captured.sees(HELLO), [Got::Opaque(Kind::Text)]);
}

#[test]
fn text_that_is_not_utf8_is_a_fault_and_a_message_all_the_same() {
    let mut captured = Captured::new(takeover(15));
    let got = captured.sees(hex!("c1 08 00 0200fdff c328 00"));
    assert_eq!(got, [Got::Fault(Rule::InvalidUtf8), Got::Message(Kind::Text, hex!("c328").to_vec())]);
    assert_eq!(captured.sees(hex!("c1 07 00 0100feff c3 00")), [Got::Fault(Rule::InvalidUtf8)]);
    assert_eq!(captured.sees(HELLO), [text("Hello")]);
}

#[test]
fn a_message_that_another_interrupts_is_not_whole() {
    for (direction, expected) in [(takeover(15), Got::Opaque(Kind::Text)), (no_takeover(15), text("Hello"))] {
        let mut captured = Captured::new(direction);
        captured.sees(hex!("41 02 f248"));
        assert_eq!(captured.sees(HELLO), [Got::Fault(Rule::MessageUnfinished), expected.clone()]);
        captured.sees(hex!("41 02 f248"));
        let got = captured.sees(hex!("81 02 6869"));
        assert_eq!(got, [Got::Fault(Rule::MessageUnfinished), text("hi")]);
        assert_eq!(captured.sees(HELLO), [expected]);
    }
}

#[test]
fn a_message_that_gets_too_big_is_not_handed_out() {
    let big = deflate(&mut Deflater::new(6, no_takeover(15)).unwrap(), &[0; (1 << 16) + 1]);
    let frame = [&Head { rsv: Head::RSV1, ..Head::new(Opcode::BINARY, big.len() as u64) }.encode(), &big[..]].concat();
    let mut captured = Captured::new(no_takeover(15));
    assert_eq!(captured.sees(&frame), [Got::TooBig, Got::Opaque(Kind::Binary)]);
    assert_eq!(captured.sees(HELLO), [text("Hello")]);
    let mut captured = Captured::new(takeover(15));
    captured.sees(&frame);
    assert_eq!(captured.sees(HELLO), [Got::Opaque(Kind::Text)]);
    // One that is not compressed harms nobody.
    let mut captured = Captured::new(takeover(15));
    assert_eq!(captured.sees(HELLO), [text("Hello")]);
    let large = [&Head::new(Opcode::BINARY, (1 << 16) + 1).encode(), &[0; (1 << 16) + 1][..]].concat();
    assert_eq!(captured.sees(large), [Got::TooBig]);
    assert_eq!(captured.sees(AGAIN), [text("Hello")]);
}

proptest! {
    /// What is said to be a message is one that was sent; nothing is made up, whatever was lost.
    #[test]
    fn a_message_is_what_was_sent_or_opaque(
        context_takeover: bool, sent in vec(("[a-z]{1,9}", 1usize..60), 1..8), at in any::<prop::sample::Index>(),
        lost in 1usize..40,
    ) {
        let direction = Direction { context_takeover, window_bits: 15 };
        let mut deflater = Deflater::new(6, direction).unwrap();
        let sent: Vec<_> = sent.into_iter().map(|(word, times)| word.repeat(times)).collect();
        let bytes: Vec<u8> = sent.iter().flat_map(|words| {
            let packed = deflate(&mut deflater, words.as_bytes());
            let head = Head { rsv: Head::RSV1, ..Head::new(Opcode::TEXT, packed.len() as u64) };
            [&head.encode(), &packed[..]].concat()
        }).collect();
        let mut captured = Captured::new(direction);
        let at = at.index(bytes.len());
        let mut got = captured.sees(&bytes[..at]);
        let end = (at + lost).min(bytes.len());
        got.extend(captured.misses((end - at) as u64));
        let whole = got.len();
        got.extend(captured.sees(&bytes[end..]));
        for (index, message) in got.iter().enumerate() {
            if let Got::Message(_, payload) = message {
                // Behind a loss the inside of a compressed message may look like a frame that is not compressed.
                if index >= whole && bytes.windows(payload.len().max(1)).any(|window| window == payload) {
                    continue;
                }
                prop_assert!(sent.iter().any(|words| words.as_bytes() == payload), "{message:?}");
                prop_assert!(index < whole || !context_takeover, "{message:?} refers to what was lost");
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic_nor_gather_beyond_the_limit(
        context_takeover: bool, pieces in vec((vec(any::<u8>(), 0..60), 0u64..4), 0..20),
    ) {
        let mut captured = Captured::new(Direction { context_takeover, window_bits: 9 });
        captured.joiner = Joiner::new(1 << 20, 300).inflating(Direction { context_takeover, window_bits: 9 });
        for (bytes, lost) in pieces {
            captured.sees(bytes);
            captured.misses(lost);
            prop_assert!(captured.joiner.gathered() <= 300);
        }
    }
}

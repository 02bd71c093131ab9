//! Compressed messages, against targets that compress, do not, and do it wrong.

use std::time::Duration;

use hex_literal::hex;
use proptest::prelude::*;
use wslab::conform::{
    Await, Case, Document, Expected, Fragments, Frame, Own, Patience, Payload, Step, Terms, Then, Unit, Verdict, Why,
};
use wslab::proto::deflate::{Agreed, Deflater, Inflater};
use wslab::proto::opening::Extension;
use wslab::proto::{Role, Rule};
use wslab::watch::{Happening, Timeout};
use wslab::wire::{CloseBody, CloseCode, Head, Opcode};

use crate::stage::{self, Deed, Played, Target, case, closes, ms, mute, once, play, play_agreed, text};

const PLAIN: &str = "permessage-deflate";

/// A case that needs compression, as sections 12 and 13 have it: so many parts of a document, one after another.
fn walk(times: u32, document: Document, len: usize, unit: Unit) -> Case {
    let payload = Payload::Part { document, at: 0, len, unit };
    let opcode = if unit == Unit::Chars { Opcode::TEXT } else { Opcode::BINARY };
    let frame = Frame { compressed: true, ..Frame::new(opcode, payload.clone()) };
    let event = if unit == Unit::Chars { Expected::Text(payload) } else { Expected::Binary(payload) };
    let step = Step::Repeat { times, steps: vec![Step::Frame(frame), Step::Await(Await::Message)] };
    let patience = Patience { time: Duration::from_secs(480), then: Then::Close };
    let deflate = vec![Terms { takeover: true, window: None, own: Own::default() }];
    Case { deflate, patience, ..case([step], &[Expected::Repeat(times, vec![event])]) }
}

fn agreed(extensions: &str) -> Agreed {
    let list = Extension::parse_list(extensions.as_bytes()).unwrap();
    Agreed::parse(&list[0]).unwrap()
}

/// A server frame of a compressed message.
fn deflated(opcode: Opcode, payload: &[u8]) -> Deed {
    let head = Head { rsv: Head::RSV1, ..Head::new(opcode, payload.len() as u64) };
    Deed::Send([&head.encode()[..], payload].concat())
}

/// A server that inflates messages, and sends them back compressed.
fn echo(extensions: &str) -> Target {
    echo_of(extensions, |message| message)
}

/// The same, with something done to the messages between.
fn echo_of(extensions: &str, mut change: impl FnMut(Vec<u8>) -> Vec<u8> + Send + 'static) -> Target {
    let agreed = agreed(extensions);
    let mut inflater = Inflater::new(agreed.direction(Role::Client));
    let mut deflater = Deflater::new(6, agreed.direction(Role::Server));
    let mut message: Option<(Opcode, bool, Vec<u8>)> = None;
    Box::new(move |head, payload| match head.opcode {
        Opcode::CLOSE => {
            let code = CloseBody::parse(payload).code().unwrap_or(CloseCode::NORMAL);
            vec![(Duration::ZERO, closes(code.0)), (Duration::ZERO, Deed::End)]
        }
        _ => {
            let (opcode, compressed, mut all) =
                message.take().unwrap_or((head.opcode, head.rsv == Head::RSV1, Vec::new()));
            if compressed {
                inflater.inflate(payload, head.fin, &mut all, 1 << 24).unwrap();
            } else {
                all.extend_from_slice(payload);
            }
            if !head.fin {
                message = Some((opcode, compressed, all));
                return Vec::new();
            }
            let all = change(all);
            let deed = match &mut deflater {
                Some(deflater) => {
                    let mut out = Vec::new();
                    deflater.deflate(&all, &mut out);
                    deflated(opcode, &out)
                }
                None => stage::says(opcode, &all),
            };
            vec![(ms(1), deed)]
        }
    })
}

fn whys(played: &Played) -> &[Why] {
    match &played.judgement.verdict {
        Verdict::Failed(whys) => whys,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_document_comes_back_whatever_was_agreed() {
    let terms = [
        PLAIN,
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9",
        "permessage-deflate; client_no_context_takeover; client_max_window_bits=10",
        "permessage-deflate; server_max_window_bits=8; client_max_window_bits=8",
    ];
    for extensions in terms {
        for &document in Document::ALL {
            let unit = if document.is_text() { Unit::Chars } else { Unit::Bytes };
            for len in [0, 1, 16, 4000, 131_072] {
                let played = play_agreed(&walk(4, document, len, unit), echo(extensions), extensions);
                assert_eq!(played.verdicts(), ("ok", "ok"), "{extensions} {document:?} {len}: {:?}", played.judgement);
                assert_eq!(played.transcript.heard.len(), 4);
            }
        }
    }
}

#[test]
fn every_round_sends_the_next_part() {
    let played = play_agreed(&walk(3, Document::Json, 100_000, Unit::Bytes), echo(PLAIN), PLAIN);
    let sent =
        |index: u64| Payload::Part { document: Document::Json, at: 0, len: 100_000, unit: Unit::Bytes }.in_round(index);
    let wanted: Vec<_> =
        (0..3).map(|index| Happening::Binary(wslab::watch::Content::of(&sent(index).bytes()))).collect();
    let heard: Vec<_> = played.transcript.heard.iter().map(|heard| heard.what.clone()).collect();
    assert_eq!(heard, wanted);
    assert_ne!(heard[0], heard[1]);
}

#[test]
fn the_traffic_is_counted_before_and_after_compressing() {
    let played = play_agreed(&walk(10, Document::Json, 20_000, Unit::Bytes), echo(PLAIN), PLAIN);
    let (sent, received) = (&played.transcript.sent, &played.transcript.received);
    for traffic in [sent, received] {
        assert_eq!((traffic.messages, traffic.content), (10, 200_000));
        assert!((20_000..50_000).contains(&traffic.payload), "{traffic:?}");
        assert!(traffic.bytes > traffic.payload && traffic.bytes < traffic.payload + 200);
    }
    let plain = play(&case([text("Hello"), text("you")], &[stage::hears("Hello"), stage::hears("you")]), stage::echo());
    for traffic in [&plain.transcript.sent, &plain.transcript.received] {
        assert_eq!((traffic.messages, traffic.content, traffic.payload), (2, 8, 8));
    }
}

#[test]
fn context_is_taken_over_where_that_was_agreed_and_only_there() {
    let size = |extensions: &str| {
        play_agreed(&walk(50, Document::Html, 300, Unit::Bytes), echo(extensions), extensions).transcript.sent.payload
    };
    let (with, without) = (size(PLAIN), size("permessage-deflate; client_no_context_takeover"));
    assert!(with * 3 < without * 2, "{with} and {without} bytes");
}

#[test]
fn nothing_refers_back_further_than_agreed() {
    // With a window of 2^9 bytes what is 3000 bytes back cannot be referred to, so the second message is no shorter.
    let payload = Payload::Seed { seed: 7, len: 3000 };
    let frame = || Step::Frame(Frame { compressed: true, ..Frame::new(Opcode::BINARY, payload.clone()) });
    let events = [Expected::Binary(payload.clone()), Expected::Binary(payload.clone())];
    let deflate = vec![Terms { takeover: true, window: None, own: Own::default() }];
    let case = Case { deflate, ..case([frame(), Step::Await(Await::Message), frame()], &events) };
    let second = |extensions: &str| {
        let played = play_agreed(&case, echo(extensions), extensions);
        assert_eq!(played.verdicts(), ("ok", "ok"));
        played.frames[1].1.len()
    };
    assert!(second(PLAIN) < 100, "it is a copy of the first");
    assert!(second("permessage-deflate; client_max_window_bits=9") > 2900);
}

#[test]
fn fragments_are_cut_from_the_compressed_bytes() {
    let mut case = walk(1, Document::Pdf, 1000, Unit::Bytes);
    let Step::Repeat { steps, .. } = &mut case.send[0] else { panic!("a repetition") };
    let Step::Frame(frame) = &mut steps[0] else { panic!("a frame") };
    frame.fragments = Some(Fragments { size: 100, empty_last: true });
    let mut heads = Vec::new();
    let mut inner = echo(PLAIN);
    let (tell, told) = std::sync::mpsc::channel();
    let target: Target = Box::new(move |head, payload| {
        tell.send((head.opcode, head.rsv, head.fin, head.len)).unwrap();
        inner(head, payload)
    });
    let played = play_agreed(&case, target, PLAIN);
    assert_eq!(played.verdicts(), ("ok", "ok"));
    heads.extend(told.try_iter());
    let (close, message) = heads.split_last().unwrap();
    assert_eq!(close.0, Opcode::CLOSE);
    assert_eq!(message[0], (Opcode::BINARY, Head::RSV1, false, 100));
    let (last, middle) = message[1..].split_last().unwrap();
    assert!(middle.iter().all(|head| *head == (Opcode::CONTINUATION, 0, false, 100)), "{middle:?}");
    assert!(last.2 && last.1 == 0 && last.3 < 100);
}

#[test]
fn plain_messages_may_come_between_compressed_ones() {
    let plain = |payload: &'static str| Step::Frame(Frame::new(Opcode::TEXT, payload));
    let small = |payload: &'static str| Step::Frame(Frame { compressed: true, ..Frame::new(Opcode::TEXT, payload) });
    let hears = stage::hears;
    let mut case =
        case([small("Hello"), plain("Hello"), small("Hello")], &[hears("Hello"), hears("Hello"), hears("Hello")]);
    case.deflate = vec![Terms { takeover: true, window: None, own: Own::default() }];
    let played = play_agreed(&case, echo(PLAIN), PLAIN);
    assert_eq!(played.verdicts(), ("ok", "ok"));
    assert_eq!(played.frames[1].1, b"Hello");
    assert!(played.frames[2].1.len() < played.frames[0].1.len(), "the third refers to the first");
}

#[test]
fn a_message_refers_to_what_was_sent_and_not_to_what_other_cases_send() {
    // Each part goes out twice, with another document behind it or not: neither is the walk that other cases make.
    let part = |document| Payload::Part { document, at: 0, len: 700, unit: Unit::Bytes };
    let step = |document| {
        let frame = Frame { compressed: true, ..Frame::new(Opcode::BINARY, part(document)) };
        [Step::Frame(frame), Step::Await(Await::Message)]
    };
    for documents in [&[Document::Html, Document::Html][..], &[Document::Html, Document::Html, Document::Json]] {
        let events = documents.iter().map(|document| Expected::Binary(part(*document))).collect();
        let steps = documents.iter().flat_map(|document| step(*document)).collect();
        let twice = case([Step::Repeat { times: 6, steps }], &[Expected::Repeat(6, events)]);
        let twice = Case { deflate: vec![Terms { takeover: true, window: None, own: Own::default() }], ..twice };
        for case in [&twice, &walk(6, Document::Html, 700, Unit::Bytes), &twice] {
            let played = play_agreed(case, echo(PLAIN), PLAIN);
            assert_eq!(played.verdicts(), ("ok", "ok"), "{:?}", played.judgement);
        }
    }
}

#[test]
fn a_target_that_does_not_agree_lacks_the_extension() {
    let played = play(&walk(1000, Document::Json, 16, Unit::Chars), stage::echo());
    assert_eq!(played.verdicts(), ("unimplemented", "ok"));
    assert_eq!(played.frames, [(Opcode::CLOSE, hex!("03e8").to_vec())], "nothing is sent but a close frame");
    assert_eq!(played.transcript.duration, Duration::ZERO);
}

#[test]
fn a_target_that_lacks_the_extension_still_has_to_close() {
    let played = play(&walk(1000, Document::Json, 16, Unit::Chars), mute());
    assert_eq!(played.verdicts(), ("unimplemented", "unclean"));
    assert_eq!(played.transcript.closing.timeouts, [Timeout::CloseHandshake]);
}

#[test]
fn data_that_is_not_deflate_breaks_a_rule() {
    // A block of the reserved type, and one that ends too early.
    for bad in [&hex!("07 07")[..], &hex!("f2 48")] {
        let played =
            play_agreed(&walk(3, Document::Json, 16, Unit::Chars), once(vec![(1, deflated(Opcode::TEXT, bad))]), PLAIN);
        assert!(whys(&played).contains(&Why::Broke(Rule::CompressedDataInvalid)), "{:?}", played.judgement);
        assert_eq!(&played.our_close().unwrap()[..2], hex!("03ef"));
        assert_eq!(played.opcodes(), [Opcode::TEXT, Opcode::CLOSE], "no further round is made");
        assert!(played.transcript.heard.is_empty());
    }
}

#[test]
fn a_message_beyond_the_window_is_told_and_says_nothing_of_the_next() {
    let extensions = "permessage-deflate; server_max_window_bits=9";
    let once_more = Payload::Seed { seed: 7, len: 3000 }.bytes().repeat(2);
    // Compressed as if nothing had been agreed of the window.
    let mut deflater = Deflater::new(6, agreed(PLAIN).direction(Role::Server)).expect("a deflater");
    let mut far = Vec::new();
    deflater.deflate(&once_more, &mut far);
    assert!(far.len() < 3200, "the second half is a reference to the first");
    let hello = hex!("f2 48 cd c9 c9 07 00");
    let deeds = vec![(1, deflated(Opcode::BINARY, &far)), (1, deflated(Opcode::TEXT, &hello))];
    let terms = vec![Terms { takeover: true, window: Some(9), own: Own::default() }];
    let case = Case { deflate: terms, ..case([text("Hello")], &[]) };
    let played = play_agreed(&case, once(deeds), extensions);
    assert_eq!(whys(&played)[..1], [Why::Broke(Rule::CompressedBeyondWindow)]);
    let broken: Vec<_> = played.transcript.faults.iter().map(|fault| fault.rule).collect();
    assert_eq!(broken, [Rule::CompressedBeyondWindow]);
    let events: Vec<_> = played.transcript.heard.iter().map(|heard| &heard.what).collect();
    assert!(matches!(events[..], [Happening::Binary(_), Happening::Text(_)]), "{events:?}");
}

#[test]
fn text_is_judged_when_it_is_inflated() {
    // "a" and the first byte of a letter of two, in a stored block.
    let half = hex!("00 02 00 fd ff 61 c3 00");
    for (bad, last) in [(&hex!("00 01 00 fe ff ff 00")[..], true), (&half, true), (&half, false)] {
        let mut deeds = vec![(1, deflated(Opcode::TEXT, bad))];
        if !last {
            // A second fragment completes the letter.
            let head = Head { rsv: Head::RSV1, fin: false, ..Head::new(Opcode::TEXT, 8) };
            let rest = stage::says(Opcode::CONTINUATION, &hex!("00 01 00 fe ff a4 00"));
            deeds = vec![(1, Deed::Send([&head.encode()[..], bad].concat())), (2, rest)];
        }
        let played = play_agreed(&walk(3, Document::Json, 16, Unit::Chars), once(deeds), PLAIN);
        let broken = whys(&played).contains(&Why::Broke(Rule::InvalidUtf8));
        assert_eq!(broken, last, "{:?}", played.judgement);
    }
}

#[test]
fn rsv1_without_the_extension_is_still_a_fault() {
    let played =
        play(&case([text("Hello")], &[stage::hears("Hello")]), once(vec![(1, deflated(Opcode::TEXT, &hex!("f2 48")))]));
    assert!(whys(&played).contains(&Why::Broke(Rule::ReservedBit)));
}

#[test]
fn an_echo_that_is_not_compressed_is_one_too() {
    let mut inner = echo(PLAIN);
    let mut inflater = Inflater::new(agreed(PLAIN).direction(Role::Server));
    let target: Target = Box::new(move |head, payload| {
        let plain = |(at, deed): (Duration, Deed)| match deed {
            Deed::Send(bytes) => {
                let (head, size) = Head::parse(&bytes).unwrap();
                let mut message = Vec::new();
                if head.rsv == 0 {
                    return (at, Deed::Send(bytes));
                }
                inflater.inflate(&bytes[size..], true, &mut message, 1 << 20).unwrap();
                (at, stage::says(head.opcode, &message))
            }
            other => (at, other),
        };
        inner(head, payload).into_iter().map(plain).collect()
    });
    let played = play_agreed(&walk(5, Document::Prose, 900, Unit::Bytes), target, PLAIN);
    assert_eq!(played.verdicts(), ("ok", "ok"));
    assert_eq!(played.transcript.received.payload, 4500);
}

#[test]
fn a_wrong_echo_ends_the_case_soon_and_is_told() {
    let mut rounds = 0;
    let wrong = echo_of(PLAIN, move |mut message| {
        rounds += 1;
        if rounds == 700 {
            message[3] ^= 1;
        }
        message
    });
    let played = play_agreed(&walk(1000, Document::Json, 32, Unit::Chars), wrong, PLAIN);
    assert_eq!(played.verdicts(), ("failed", "ok"));
    assert_eq!(played.transcript.sent.messages, 700);
    assert_eq!(played.transcript.duration, ms(1700), "a second shows what else comes");
    let [Why::Differs(difference)] = whys(&played) else { panic!("{:?}", played.judgement) };
    assert_eq!(difference.at, 699);
    let words = difference.to_string();
    assert!(words.contains("from byte 3 on they differ"), "{words}");
}

#[test]
fn a_target_that_falls_silent_is_given_up_long_before_the_patience_ends() {
    let mut inner = echo(PLAIN);
    let mut rounds = 0;
    let tired: Target = Box::new(move |head, payload| {
        rounds += 1;
        if rounds > 10 { Vec::new() } else { inner(head, payload) }
    });
    let played = play_agreed(&walk(1000, Document::Json, 131_072, Unit::Chars), tired, PLAIN);
    assert_eq!(played.verdicts(), ("failed", "unclean"));
    assert_eq!(played.transcript.closing.timeouts, [Timeout::Patience, Timeout::CloseHandshake]);
    assert_eq!(played.transcript.duration, ms(10 + 10_000 + 10_000));
}

#[test]
fn a_slow_target_is_given_all_its_patience() {
    let mut inner = echo(PLAIN);
    let slow: Target = Box::new(move |head, payload| {
        let later = |(_, deed)| (Duration::from_secs(9), deed);
        inner(head, payload).into_iter().map(later).collect()
    });
    let played = play_agreed(&walk(40, Document::Json, 64, Unit::Chars), slow, PLAIN);
    assert_eq!(played.verdicts(), ("ok", "ok"));
    assert_eq!(played.transcript.duration, Duration::from_secs(40 * 9 + 9));
}

#[test]
fn a_message_that_inflates_without_end_is_a_flood() {
    // 256 MiB of zeros, a thousandth of that on the wire.
    let mut bomb = Vec::new();
    let mut deflater = Deflater::new(9, agreed(PLAIN).direction(Role::Server)).unwrap();
    deflater.deflate(&vec![0; 64 << 20], &mut bomb);
    let target = once((1..5).map(|at| (at, deflated(Opcode::BINARY, &bomb))).collect());
    let played = play_agreed(&walk(3, Document::Pdf, 16, Unit::Bytes), target, PLAIN);
    assert!(matches!(whys(&played)[0], Why::Flooded(_)), "{:?}", played.judgement);
}

#[test]
fn a_thousand_echoes_are_told_by_their_hashes() {
    let played = play_agreed(&walk(1000, Document::Json, 300, Unit::Chars), echo(PLAIN), PLAIN);
    assert_eq!(played.verdicts(), ("ok", "ok"));
    let starts = played.transcript.heard.iter().map(|heard| match &heard.what {
        Happening::Text(content) => content.start.len(),
        other => panic!("{other:?}"),
    });
    let starts: Vec<_> = starts.collect();
    assert_eq!((starts[0], starts[31], starts[500], starts[999]), (256, 256, 16, 256));
    assert!(serde_json::to_string(&played.transcript).unwrap().len() < 300_000);
}

#[test]
fn cases_of_one_walk_send_the_same_however_often_and_in_whatever_order_they_run() {
    let sent = |times, len| {
        let played = play_agreed(&walk(times, Document::Bitmap, len, Unit::Bytes), echo(PLAIN), PLAIN);
        assert_eq!(played.verdicts(), ("ok", "ok"));
        played.frames
    };
    let first = sent(3, 5000);
    let other = sent(5, 5000);
    assert_eq!(first[..3], other[..3]);
    assert_eq!(sent(5, 5000), other);
    assert_ne!(sent(1, 5001)[0], first[0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn cutting_what_comes_changes_nothing(cut in 1..3000usize, len in 0..3000usize, at in 0..200_000usize) {
        let payload = Payload::Part { document: Document::Prose, at, len, unit: Unit::Chars };
        let mut case = walk(2, Document::Prose, len, Unit::Chars);
        case.expect[0].events = vec![Expected::Repeat(2, vec![Expected::Text(payload.clone())])];
        let Step::Repeat { steps, .. } = &mut case.send[0] else { panic!("a repetition") };
        let Step::Frame(frame) = &mut steps[0] else { panic!("a frame") };
        frame.payload = payload;
        let mut inner = echo(PLAIN);
        let chopped: Target = Box::new(move |head, payload| {
            let deeds = inner(head, payload).into_iter().flat_map(|(at, deed)| match deed {
                Deed::Send(bytes) => bytes.chunks(cut).map(|piece| (at, Deed::Send(piece.to_vec()))).collect(),
                other => vec![(at, other)],
            });
            deeds.collect()
        });
        let played = play_agreed(&case, chopped, PLAIN);
        prop_assert_eq!(played.verdicts(), ("ok", "ok"));
    }

    #[test]
    fn no_compressed_bytes_make_us_panic_or_hang(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let played = play_agreed(&walk(3, Document::Json, 16, Unit::Chars), once(vec![(1, deflated(Opcode::TEXT, &bytes))]), PLAIN);
        prop_assert_eq!(played.verdicts().0, "failed");
    }
}

//! Sections 12 and 13 have the parameters of Autobahn's cases.

use std::time::Duration;

use wslab::conform::{
    Await, Closer, Corpus, Document, Expected, Fragments, Grade, Own, Payload, Step, Terms, Then, Unit,
};
use wslab::proto::deflate::{Agreed, Offer};
use wslab::proto::opening::Extension;
use wslab::wire::{CloseCode, Opcode};

/// Of the cases of a part in their order: units of a message, compressed bytes of a frame, seconds of patience.
const SHAPES: [(usize, Option<usize>, u64); 18] = [
    (16, None, 60),
    (64, None, 60),
    (256, None, 120),
    (1024, None, 240),
    (4096, None, 480),
    (8192, None, 480),
    (16384, None, 480),
    (32768, None, 480),
    (65536, None, 480),
    (131_072, None, 480),
    (8192, Some(256), 480),
    (16384, Some(256), 480),
    (32768, Some(256), 480),
    (65536, Some(256), 480),
    (131_072, Some(256), 480),
    (131_072, Some(1024), 480),
    (131_072, Some(4096), 480),
    (131_072, Some(32768), 480),
];

/// Of each part: the document, what it is sent as, what is counted, and what is asked of the target's direction: no
/// context takeover, and a window.
type Part = (&'static str, Document, Opcode, Unit, &'static [(bool, Option<u8>)]);

const PARTS: [Part; 12] = [
    ("12.1", Document::Json, Opcode::TEXT, Unit::Chars, &[(false, None)]),
    ("12.2", Document::Bitmap, Opcode::BINARY, Unit::Bytes, &[(false, None)]),
    ("12.3", Document::Prose, Opcode::BINARY, Unit::Bytes, &[(false, None)]),
    ("12.4", Document::Html, Opcode::TEXT, Unit::Chars, &[(false, None)]),
    ("12.5", Document::Pdf, Opcode::BINARY, Unit::Bytes, &[(false, None)]),
    ("13.1", Document::Json, Opcode::TEXT, Unit::Chars, &[(false, None)]),
    ("13.2", Document::Json, Opcode::TEXT, Unit::Chars, &[(true, None)]),
    ("13.3", Document::Json, Opcode::TEXT, Unit::Chars, &[(false, Some(9))]),
    ("13.4", Document::Json, Opcode::TEXT, Unit::Chars, &[(false, Some(15))]),
    ("13.5", Document::Json, Opcode::TEXT, Unit::Chars, &[(true, Some(9))]),
    ("13.6", Document::Json, Opcode::TEXT, Unit::Chars, &[(true, Some(15))]),
    ("13.7", Document::Json, Opcode::TEXT, Unit::Chars, &[(true, Some(9)), (true, None), (false, None)]),
];

#[test]
fn every_case_is_that_of_autobahn() {
    let corpus = Corpus::embedded();
    for (part, document, opcode, unit, asked) in PARTS {
        for ((len, cut, patience), number) in SHAPES.into_iter().zip(1..) {
            let id = format!("{part}.{number}");
            let case = corpus.case(&id).expect("a case");
            let payload = Payload::Part { document, at: 0, len, unit };

            let [Step::Repeat { times: 1000, steps }] = &case.send[..] else { panic!("{id}: {:?}", case.send) };
            let [Step::Frame(frame), Step::Await(Await::Message)] = &steps[..] else { panic!("{id}: {steps:?}") };
            assert_eq!((frame.opcode, &frame.payload, frame.compressed), (opcode, &payload, true), "{id}");
            assert_eq!(frame.fragments, cut.map(|size| Fragments { size, empty_last: true }), "{id}");

            let [only] = &case.expect[..] else { panic!("{id} has alternatives") };
            let event = if opcode == Opcode::TEXT { Expected::Text(payload) } else { Expected::Binary(payload) };
            assert_eq!(
                (only.verdict, &only.events[..]),
                (Grade::Ok, &[Expected::Repeat(1000, vec![event])][..]),
                "{id}"
            );

            let terms: Vec<_> = asked
                .iter()
                .map(|&(no_takeover, window)| Terms { takeover: !no_takeover, window, own: Own::default() })
                .collect();
            assert_eq!(case.deflate, terms, "{id}");
            assert_eq!((case.patience.time, case.patience.then), (Duration::from_secs(patience), Then::Close), "{id}");
            assert_eq!((case.close.by, &case.close.codes[..]), (Closer::Us, &[CloseCode::NORMAL][..]), "{id}");
            assert!(case.close.clean && !case.close.wrong_end_fails && case.target.is_none(), "{id}");
        }
    }
}

fn offers(id: &str) -> String {
    Extension::list(&Corpus::embedded().case(id).expect("a case").offers())
}

#[test]
fn a_client_offers_what_autobahn_offers() {
    assert_eq!(offers("5.1"), "");
    assert_eq!(offers("12.1.1"), "permessage-deflate; client_no_context_takeover; client_max_window_bits");
    insta::assert_snapshot!(
        offers("13.7.1").replace(", ", "\n"),
        @r"
    permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits
    permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits
    permessage-deflate; client_no_context_takeover; client_max_window_bits
    "
    );
    for (part, _, _, _, asked) in PARTS {
        let offered = Corpus::embedded().case(&format!("{part}.1")).expect("a case").offers();
        let read: Vec<_> = offered.iter().map(|offer| Offer::read(offer).expect("an offer")).collect();
        let asks: Vec<_> =
            read.iter().map(|offer| (offer.server_no_context_takeover, offer.server_max_window_bits)).collect();
        assert_eq!(asks, asked, "{part}");
    }
}

/// What a server answers a client that offers this, in the case.
fn answer(id: &str, offers: &str) -> String {
    let corpus = Corpus::embedded();
    let offers = Extension::parse_list(offers.as_bytes()).expect("a list");
    let agreed = corpus.case(id).expect("a case").accept(&offers);
    agreed.inspect(|agreed| {
        let answer = [Extension::from(*agreed)];
        assert_eq!(Agreed::read(&answer, &offers), Ok(Some(*agreed)), "the client may take it");
    });
    agreed.map_or_else(|| "nothing".to_owned(), |agreed| Extension::from(agreed).to_string())
}

#[test]
fn a_server_asks_the_same_of_clients_and_says_what_it_was_asked() {
    assert_eq!(answer("12.1.1", "permessage-deflate"), "permessage-deflate");
    assert_eq!(answer("12.1.1", "x-unknown, permessage-deflate; foo"), "nothing");
    assert_eq!(answer("5.1", "permessage-deflate"), "nothing", "only where a case needs it");
    assert_eq!(
        answer(
            "12.1.1",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits"
        ),
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=10"
    );
    assert_eq!(answer("13.2.1", "permessage-deflate"), "permessage-deflate; client_no_context_takeover");
    assert_eq!(answer("13.3.1", "permessage-deflate"), "nothing", "it cannot be limited");
    let limitable = "permessage-deflate; client_max_window_bits";
    assert_eq!(answer("13.3.1", limitable), "permessage-deflate; client_max_window_bits=9");
    assert_eq!(answer("13.4.1", limitable), "permessage-deflate; client_max_window_bits=15");
    assert_eq!(
        answer("13.4.1", "permessage-deflate; client_max_window_bits=12"),
        "permessage-deflate; client_max_window_bits=12"
    );
    assert_eq!(
        answer("13.3.1", &format!("permessage-deflate, {limitable}")),
        "permessage-deflate; client_max_window_bits=9"
    );
    assert_eq!(answer("13.7.1", limitable), "permessage-deflate; client_no_context_takeover; client_max_window_bits=9");
    assert_eq!(answer("13.7.1", "permessage-deflate"), "permessage-deflate; client_no_context_takeover");
}

//! Compressed messages of captured connections.

use wslab::proto::Role::{Client, Server};
use wslab::proto::deflate::{Deflater, Direction};
use wslab::wire::{Head, Opcode};

use crate::session::{Capture, frame, response};

const TAKEOVER: Option<(&str, &str)> = Some(("permessage-deflate", "permessage-deflate"));
const NO_TAKEOVER: Option<(&str, &str)> =
    Some(("permessage-deflate", "permessage-deflate; server_no_context_takeover; client_no_context_takeover"));

/// The server's messages, compressed.
fn messages(context_takeover: bool, texts: &[&str]) -> Vec<Vec<u8>> {
    let mut deflater = Deflater::new(6, Direction { context_takeover, window_bits: 15 }).unwrap();
    let compress = |text: &&str| {
        let mut payload = Vec::new();
        deflater.deflate(text.as_bytes(), &mut payload);
        frame(Server, Head { rsv: Head::RSV1, ..Head::new(Opcode::TEXT, 0) }, &payload)
    };
    texts.iter().map(compress).collect()
}

fn said(capture: Capture) -> Vec<String> {
    let told = capture.told();
    let broken: Vec<&String> = told.iter().filter(|line| line.contains("broke")).collect();
    assert!(broken.is_empty(), "{broken:?}");
    told.iter().filter_map(|line| line.split_once(" says ").map(|(_, what)| what.to_owned())).collect()
}

const TEXTS: [&str; 4] = ["a message, a message, a message", "a message, another one", "", "and a message again"];

#[test]
fn messages_are_inflated_as_it_was_agreed() {
    for (agreed, takeover) in [(TAKEOVER, true), (NO_TAKEOVER, false)] {
        let capture =
            messages(takeover, &TEXTS).into_iter().fold(Capture::open(agreed), |it, message| it.says(Server, message));
        assert_eq!(said(capture), TEXTS.map(|text| format!("{text:?}")));
    }
}

#[test]
fn after_a_loss_messages_are_opaque_if_they_refer_to_what_was_lost() {
    let why = "opaque: it is compressed with reference to what was not captured".to_owned();
    let quoted = |text: &str| format!("{text:?}");
    for (agreed, takeover, rest) in
        [(TAKEOVER, true, [why.clone(), why.clone()]), (NO_TAKEOVER, false, [quoted(TEXTS[2]), quoted(TEXTS[3])])]
    {
        let all = messages(takeover, &TEXTS);
        let capture = Capture::open(agreed).says(Server, &all[0]).misses(Server, &all[1]);
        let capture = capture.says(Server, &all[2]).says(Server, &all[3]);
        assert_eq!(said(capture), [vec![quoted(TEXTS[0])], rest.to_vec()].concat(), "{agreed:?}");
    }
}

#[test]
fn without_the_opening_messages_are_tried_and_nobody_is_accused() {
    let all = messages(false, &TEXTS);
    let capture = all.iter().fold(Capture::late(), |it, message| it.says(Server, message));
    assert_eq!(said(capture), TEXTS.map(|text| format!("{text:?}")));
    let capture = messages(true, &TEXTS)[1..].iter().fold(Capture::late(), |it, message| it.says(Server, message));
    assert!(said(capture).iter().any(|message| message.starts_with("opaque")));
}

#[test]
fn what_is_not_deflate_is_a_fault_where_compression_was_agreed() {
    let bad = frame(Server, Head { rsv: Head::RSV1, ..Head::new(Opcode::TEXT, 0) }, b"\xff\xff\xff\xff");
    Capture::open(TAKEOVER).says(Server, bad).says(Client, b"").tells(&[
        "0 opened /chat 101 permessage-deflate",
        "0 server text 4",
        "0 server broke CompressedDataInvalid",
        "0 server says opaque: its compressed data are invalid",
        "0 closed Open",
    ]);
    assert!(response(None).starts_with("HTTP/1.1 101"));
}

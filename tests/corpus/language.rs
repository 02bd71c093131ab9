//! What the words of a case file mean.

use std::time::Duration;

use bytes::Bytes;
use hex_literal::hex;
use wslab::conform::{
    Alternative, Await, Case, Close, Closer, Document, Expected, Fragments, Frame, Grade, Mask, Own, Patience, Payload,
    Step, Terms, Then, Unit,
};
use wslab::proto::{Clause, Level, Role, Rule};
use wslab::wire::{CloseCode, Form, Opcode};

use crate::read;

fn cases(text: &str) -> Vec<Case> {
    read(text).unwrap_or_else(|errors| panic!("{errors}")).cases
}

/// The case with these lines, and what every case has to have.
fn case(lines: &str) -> Case {
    let has = |key: &str| lines.lines().any(|line| line.starts_with(key));
    let mut text = "[[case]]\nid = \"1\"\ntitle = \"A case\"\n".to_owned();
    for (key, line) in
        [("clauses", "clauses = [\"6455#5.2\"]\n"), ("send", "send = []\n"), ("expect", "expect = [{ ok = [] }]\n")]
    {
        text += if has(key) { "" } else { line };
    }
    cases(&(text + lines)).remove(0)
}

fn step(step: &str) -> Step {
    case(&format!("send = [{{ {step} }}]")).send.remove(0)
}

fn frame(text: &str) -> Frame {
    match step(text) {
        Step::Frame(frame) => frame,
        other => panic!("{other:?} is no frame"),
    }
}

fn bytes(payload: &str) -> Bytes {
    frame(&format!("text = {payload}")).payload.bytes()
}

#[test]
fn a_frame_is_whole_and_right_unless_it_says_otherwise() {
    let plain = frame("text = \"Hello\"");
    assert_eq!((plain.opcode, plain.fin, plain.rsv, plain.mask), (Opcode::TEXT, true, 0, Mask::ByRole));
    assert_eq!((plain.len, plain.form, plain.fragments, plain.chop, plain.pause), (None, None, None, None, None));
    assert_eq!(plain.payload.bytes(), "Hello");
    for (verb, opcode) in [("binary", 2), ("cont", 0), ("ping", 9), ("pong", 10)] {
        assert_eq!(frame(&format!("{verb} = \"\"")).opcode, Opcode(opcode));
    }
    assert_eq!(frame("frame = 0xb").opcode, Opcode(11));
    assert_eq!(frame("frame = 3, payload = \"x\"").payload.bytes(), "x");
}

#[test]
fn a_frame_can_be_wrong_in_every_way() {
    let odd = frame(
        "text = \"ab\", fin = false, rsv = 5, mask = \"37 fa 21 3d\", len = 9223372036854775808, form = 64, chop = 3, \
         pause = \"20ms\"",
    );
    assert_eq!((odd.fin, odd.rsv, odd.mask), (false, 5, Mask::Key(hex!("37 fa 21 3d"))));
    assert_eq!((odd.len, odd.form), (Some(1 << 63), Some(Form::Bits64)));
    assert_eq!((odd.chop, odd.pause), (Some(3), Some(Duration::from_millis(20))));
    assert_eq!(frame("text = \"\", mask = false").mask, Mask::Off);
    assert_eq!(frame("text = \"\", mask = true").mask, Mask::Random);
    assert_eq!(frame("text = \"\", fragments = 64").fragments, Some(Fragments { size: 64, empty_last: false }));
    let cut = frame("text = \"\", fragments = { size = 1, empty-last = true }").fragments;
    assert_eq!(cut, Some(Fragments { size: 1, empty_last: true }));
}

#[test]
fn false_leaves_a_modifier_out() {
    let plain = frame("text = \"\", len = false, form = false, fragments = false, chop = false, pause = false");
    assert_eq!((plain.len, plain.form, plain.fragments, plain.chop, plain.pause), (None, None, None, None, None));
}

#[test]
fn a_close_frame_has_a_code_and_a_reason_or_neither() {
    assert_eq!(frame("close = 1000").payload.bytes()[..], hex!("03e8"));
    assert_eq!(frame("close = {}").payload.bytes()[..], hex!(""));
    assert_eq!(frame("close = { code = 1001, reason = \"bye\" }").payload.bytes()[..], hex!("03e9 627965"));
    let long = frame("close = { code = 0, reason = { fill = \"*\", len = 200 } }, rsv = 7");
    assert_eq!((long.payload.len(), long.rsv, long.opcode), (202, 7, Opcode::CLOSE));
}

#[test]
fn payloads_are_literal_or_made() {
    assert_eq!(bytes("\"grün\"")[..], hex!("6772c3bc6e"));
    assert_eq!(bytes("{ hex = \"00 FF\\nfe\" }")[..], hex!("00fffe"));
    assert_eq!(bytes("{ fill = \"abc\", len = 5 }"), "abcab");
    assert_eq!(bytes("{ fill = { hex = \"fe\" }, len = 2 }")[..], hex!("fefe"));
    assert_eq!(bytes("{ fill = \"\", len = 0 }"), "");
    assert_eq!(bytes("{ file = \"alphabet\" }").len(), 26);
    assert_eq!(bytes("{ file = \"alphabet\", at = 3, len = 2 }"), "de");
    assert_eq!(frame("binary = { seed = 7, len = 9 }").payload, Payload::Seed { seed: 7, len: 9 });
    assert_eq!(frame("text = { seed = 7, len = 9, text = true }").payload, Payload::Text { seed: 7, len: 9 });
}

#[test]
fn a_part_of_a_document_is_counted_in_bytes_or_in_characters() {
    let payload = |text: &str| frame(&format!("binary = {text}")).payload;
    let part = |at, unit| Payload::Part { document: Document::Prose, at, len: 9, unit };
    assert_eq!(payload("{ document = \"prose\", len = 9 }"), part(0, Unit::Bytes));
    assert_eq!(payload("{ document = \"prose\", at = 7, len = 9, text = true }"), part(7, Unit::Chars));
}

#[test]
fn a_message_is_compressed_on_the_terms_of_its_case() {
    let case_of = case(
        "deflate = [{ takeover = false, window = 9 }, {}]\nsend = [{ text = \"a\", compressed = true }, { text = \"b\" }, \
         { text = \"c\", compressed = false }]",
    );
    let terms = [
        Terms { takeover: false, window: Some(9), own: Own::default() },
        Terms { takeover: true, window: None, own: Own::default() },
    ];
    assert_eq!(case_of.deflate, terms);
    let compressed: Vec<_> =
        case_of.send.iter().map(|step| matches!(step, Step::Frame(frame) if frame.compressed)).collect();
    assert_eq!(compressed, [true, false, false]);
    assert!(case("").deflate.is_empty());
}

#[test]
fn steps_that_are_no_frames() {
    assert!(matches!(step("half-close = true"), Step::HalfClose));
    assert!(matches!(step("reset = true"), Step::Reset));
    assert!(matches!(step("await = \"message\""), Step::Await(Await::Message)));
    assert!(matches!(step("await = \"pong\""), Step::Await(Await::Pong)));
    assert!(matches!(step("wait = \"500ms\""), Step::Wait { tag: None, .. }));
    let Step::Wait { time, tag } = step("wait = \"1s\", tag = \"A\"") else { panic!("a wait") };
    assert_eq!((time, tag.as_deref()), (Duration::from_secs(1), Some("A")));
    let Step::Raw { bytes, chop } = step("raw = { hex = \"81 00\" }, chop = 1") else { panic!("raw bytes") };
    assert_eq!((&bytes.bytes()[..], chop), (&hex!("8100")[..], Some(1)));
    let Step::Repeat { times, steps } = step("repeat = 3, steps = [{ ping = \"\" }, { await = \"pong\" }]") else {
        panic!("a repetition")
    };
    assert_eq!((times, steps.len()), (3, 2));
}

#[test]
fn more_fills_a_frame_that_promised_it() {
    let send =
        "send = [{ text = \"a\", len = 4 }, { wait = \"1s\" }, { more = \"bc\" }, { more = \"d\" }, { cont = \"\" }]";
    assert_eq!(case(send).send.len(), 5);
    let errors = read(&format!(
        "[[case]]\nid = \"1\"\ntitle = \"A\"\nclauses = [\"6455#5.2\"]\nexpect = [{{ ok = [] }}]\n{}",
        send.replace("{ more = \"d\" }", "{ more = \"de\" }")
    ));
    assert!(errors.is_err(), "more came than was promised");
}

#[test]
fn alternatives_keep_their_order() {
    let case = case(
        "send = [{ wait = \"1s\", tag = \"A\" }]\nexpect = [{ ok = [{ text = \"a\" }, { wait = \"A\" }] }, \
         { non-strict = [{ repeat = 2, events = [{ binary = \"\" }, { pong = \"p\" }] }] }, { informational = [] }]",
    );
    let [ok, non_strict, informational] = &case.expect[..] else { panic!("three") };
    let verdicts = [ok, non_strict, informational].map(|alternative: &Alternative| alternative.verdict);
    assert_eq!(verdicts, [Grade::Ok, Grade::NonStrict, Grade::Informational]);
    assert_eq!(ok.events, [Expected::Text("a".into()), Expected::Wait("A".to_owned())]);
    let repeated = vec![Expected::Binary("".into()), Expected::Pong("p".into())];
    assert_eq!(non_strict.events, [Expected::Repeat(2, repeated)]);
    assert!(informational.events.is_empty());
}

#[test]
fn we_close_with_1000_unless_it_says_otherwise() {
    let ours = Close {
        by: Closer::Us,
        codes: vec![CloseCode::NORMAL],
        clean: true,
        wrong_end_fails: false,
        wrong_code_fails: false,
        may_be_bare: false,
    };
    assert_eq!(case("").close, ours);
    assert_eq!(case("close = { by = \"us\" }").close, ours);
    let codes = case("close = { code = [1000, 4000, 1000] }").close.codes;
    assert_eq!(codes, [CloseCode(1000), CloseCode(4000)]);
    let strict = case("close = { wrong-end = \"fails\", wrong-code = \"fails\", clean = false }").close;
    assert!(strict.wrong_end_fails && strict.wrong_code_fails && !strict.clean);
}

#[test]
fn a_target_closes_with_the_code_of_the_rules_and_need_not_be_clean() {
    let close = case("rules = [\"InvalidUtf8\", \"ReservedBit\", \"Masked\"]\nclose = { by = \"target\" }").close;
    assert_eq!((close.by, close.clean), (Closer::Target, false));
    assert_eq!(close.codes, [CloseCode::INVALID_DATA, CloseCode::PROTOCOL_ERROR]);
    assert_eq!(case("close = { by = \"target\", code = 1009 }").close.codes, [CloseCode::TOO_BIG]);
}

#[test]
fn a_case_has_the_clauses_and_the_level_of_its_rules() {
    let case_of =
        case("rules = [\"NoCloseFrame\", \"ReservedBit\"]\nclauses = [\"6455#5.2\", \"6455#5.8\", \"9110#5.6.1\"]");
    let clauses = ["6455#7.1.7", "6455#5.2", "6455#5.8", "9110#5.6.1"].map(Clause);
    assert_eq!(case_of.clauses, clauses);
    assert_eq!(case_of.rules, [Rule::NoCloseFrame, Rule::ReservedBit]);
    assert_eq!(case_of.level, Level::Must);
    assert_eq!(case("rules = [\"NoCloseFrame\"]").level, Level::Should);
    assert_eq!(case("").level, Level::Must);
    assert_eq!(case("level = \"should\"").level, Level::Should);
}

#[test]
fn patience_is_a_second_and_then_we_fail() {
    assert_eq!(case("").patience, Patience { time: Duration::from_secs(1), then: Then::Fail });
    let patient = case("patience = \"2min\"\nthen = \"close\"").patience;
    assert_eq!(patient, Patience { time: Duration::from_secs(120), then: Then::Close });
}

#[test]
fn the_rest_of_a_case() {
    let case_of = case("note = \"N\"\ntags = [\"slow\"]\ntarget = \"client\"\ninformational = true");
    assert_eq!((case_of.note.as_deref(), case_of.target, case_of.informational), (Some("N"), Some(Role::Client), true));
    assert_eq!(case_of.tags, ["slow"]);
    let plain = case("");
    assert_eq!((plain.note, plain.target, plain.informational), (None, None, false));
}

/// Titles of the cases of a loop.
fn titles(loops: &str) -> Vec<String> {
    let text =
        format!("[[case]]\nid = \"1.{{n}}\"\n{loops}\nclauses = [\"6455#5.2\"]\nsend = []\nexpect = [{{ ok = [] }}]");
    cases(&text).iter().map(|case| format!("{} {}", case.id, case.title)).collect()
}

#[test]
fn each_runs_over_every_combination_and_the_first_varies_slowest() {
    let titles = titles("title = \"{b}{a}\"\neach = { b = [1, 2], a = [\"x\", \"y\"] }");
    assert_eq!(titles, ["1.1 1x", "1.2 1y", "1.3 2x", "1.4 2y"]);
}

#[test]
fn rows_run_over_tuples_and_outside_of_each() {
    let titles =
        titles("title = \"{a}{b}{c}\"\neach = { c = [true, false] }\nrows = [[\"a\", \"b\"], [1, \"x\"], [2, \"y\"]]");
    assert_eq!(titles, ["1.1 1xtrue", "1.2 1xfalse", "1.3 2ytrue", "1.4 2yfalse"]);
}

#[test]
fn counting_can_start_elsewhere() {
    assert_eq!(titles("title = \"a{a}\"\nstart = 7\neach = { a = [0, 0] }"), ["1.7 a0", "1.8 a0"]);
}

#[test]
fn a_string_that_is_all_name_becomes_the_value() {
    let text = "[[case]]\nid = \"{n}\"\ntitle = \"A {what} of {size}\"\nclauses = [\"6455#5.2\"]\n\
        rows = [[\"size\", \"what\", \"payload\"], [3, \"fill\", { fill = \"{n}\", len = 3 }], [2, \"text\", \"ab\"]]\n\
        send = [{ text = \"{payload}\" }, { close = \"{size}\" }]\nexpect = [{ ok = [] }]";
    let cases = cases(text);
    let [Step::Frame(text), Step::Frame(close)] = &cases[0].send[..] else { panic!("two frames") };
    // What a loop runs over is taken as it stands: nothing is replaced in it.
    assert_eq!((text.payload.bytes(), &close.payload.bytes()[..]), (Bytes::from("{n}"), &hex!("0003")[..]));
    assert_eq!(cases[1].title, "A text of 2");
}

#[test]
fn braces_are_braces_where_they_name_nothing() {
    let case = case("note = '{\"a\": {n}} {n}'");
    assert_eq!(case.note.as_deref(), Some("{\"a\": {n}} {n}"));
    assert_eq!(titles("title = '{\"a\": {}} {a} { } {A}'\neach = { a = [1] }"), ["1.1 {\"a\": {}} 1 { } {A}"]);
}

#[test]
fn defaults_are_for_every_case_and_tags_and_clauses_add_up() {
    let cases = cases(
        "[defaults]\ntags = [\"a\"]\nclauses = [\"6455#5.4\"]\npatience = \"3s\"\nsend = []\nexpect = [{ ok = [] }]\n\
         [[case]]\nid = \"1\"\ntitle = \"A\"\n\
         [[case]]\nid = \"2\"\ntitle = \"B\"\ntags = [\"b\"]\nclauses = [\"6455#5.2\"]\npatience = \"1s\"",
    );
    assert_eq!((&cases[0].tags[..], cases[0].patience.time.as_secs()), (&["a".to_owned()][..], 3));
    assert_eq!(cases[1].tags, ["a", "b"]);
    assert_eq!(cases[1].clauses, ["6455#5.4", "6455#5.2"].map(Clause));
    assert_eq!(cases[1].patience.time.as_secs(), 1);
}

#[test]
fn loops_may_be_defaults_too() {
    let cases = cases(
        "[defaults]\nclauses = [\"6455#5.4\"]\nsend = []\nexpect = [{ ok = [] }]\nrows = [[\"a\"], [\"x\"], [\"y\"]]\n\
         [[case]]\nid = \"1.{n}\"\ntitle = \"{a}\"\n[[case]]\nid = \"2.{n}\"\ntitle = \"{a}\"\nrows = [[\"a\"], [\"z\"]]",
    );
    let titles: Vec<_> = cases.iter().map(|case| format!("{} {}", case.id, case.title)).collect();
    assert_eq!(titles, ["1.1 x", "1.2 y", "2.1 z"]);
}

#[test]
fn a_file_names_its_section_and_its_parts() {
    let file = read("[section]\nid = \"9\"\ntitle = \"Limits\"\nparts = { \"9.10\" = \"Last\", \"9.2\" = \"First\" }");
    let sections = file.expect("a file").sections;
    let titles: Vec<_> = sections.iter().map(|section| format!("{} {}", section.id, section.title)).collect();
    assert_eq!(titles, ["9 Limits", "9.10 Last", "9.2 First"]);
}

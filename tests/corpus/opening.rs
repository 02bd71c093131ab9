//! What a case file says of the opening handshake, and of what goes beside the steps.

use std::time::Duration;

use wslab::conform::{Answer, Beside, Case, Closer, Expected, Handshake, Manners, Own, Step, Terms};
use wslab::proto::{Level, Role};
use wslab::wire::CloseCode;

use crate::read;

/// The case with these lines, and what every case has to have.
fn case(lines: &str) -> Case {
    let has = |key: &str| lines.lines().any(|line| line.starts_with(key));
    let mut text = "[[case]]\nid = \"1\"\ntitle = \"A case\"\nclauses = [\"6455#4.1\"]\n".to_owned();
    for (key, line) in [("send", "send = []\n"), ("expect", "expect = [{ ok = [] }]\n")] {
        text += if has(key) { "" } else { line };
    }
    read(&(text + lines)).unwrap_or_else(|errors| panic!("{errors}")).cases.remove(0)
}

fn handshake(keys: &str) -> Handshake {
    case(&format!("target = \"server\"\nopening = {{ {keys} }}")).opening.expect("a handshake")
}

fn strings(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn a_plain_handshake_says_nothing() {
    assert_eq!(case("").opening, None);
    assert_eq!(handshake(""), Handshake::default());
    for target in [Role::Client, Role::Server] {
        let word = if target == Role::Client { "client" } else { "server" };
        let case = case(&format!("target = \"{word}\"\nopening = {{}}"));
        assert_eq!((case.target, case.opening), (Some(target), Some(Handshake::default())));
    }
}

#[test]
fn each_key_of_a_handshake_is_read() {
    assert_eq!(handshake("line = \"GET <path> HTTP/1.0\"").line.as_deref(), Some("GET <path> HTTP/1.0"));
    let set = handshake("set = { Host = \"<host>:1\", Upgrade = [\"a\", \"b\"], \"X\" = [] }").set;
    let wanted = [("Host", &["<host>:1"][..]), ("Upgrade", &["a", "b"]), ("X", &[])];
    assert_eq!(set, wanted.map(|(name, values)| (name.to_owned(), strings(values))));
    assert_eq!(handshake("drop = [\"Host\", \"Upgrade\"]").drop, strings(&["Host", "Upgrade"]));
    assert_eq!(handshake("add = [\"Host : a\", \" folded\"]").add, strings(&["Host : a", " folded"]));
    assert_eq!(handshake("raw = { hex = \"16 03 01\" }").raw.expect("bytes").bytes()[..], [0x16, 3, 1]);
    assert_eq!(handshake("behind = { fill = \"ab\", len = 3 }").behind.expect("bytes").bytes(), "aba");
    let chopped = handshake("chop = 1, pause = \"20ms\"");
    assert_eq!((chopped.chop, chopped.pause), (Some(1), Some(Duration::from_millis(20))));
    assert!(handshake("unfinished = true").unfinished && !handshake("unfinished = false").unfinished);
    let offer =
        handshake("offer = { with = [\"client_max_window_bits\"], without = [\"a\", \"b\"] }").offer.expect("it");
    assert_eq!((offer.with, offer.without), (strings(&["client_max_window_bits"]), strings(&["a", "b"])));
    let offer = handshake("offer = {}").offer.expect("an offer of any kind");
    assert!(offer.with.is_empty() && offer.without.is_empty());
}

/// What is raw may be followed, chopped and delayed as well.
#[test]
fn raw_goes_with_how_it_is_written() {
    let raw = handshake("raw = \"GET\", behind = \"x\", chop = 1, pause = \"1ms\"");
    assert!(raw.raw.is_some() && raw.behind.is_some() && raw.chop == Some(1) && raw.pause.is_some());
}

#[test]
fn loops_fill_a_handshake() {
    let text = "[[case]]\nid = \"1.{n}\"\ntitle = \"{name}: {value}\"\nclauses = [\"6455#4.1\"]\ntarget = \"server\"\n\
        rows = [[\"name\", \"value\"], [\"Host\", \"a\"], [\"Host\", [\"b\", \"c\"]]]\nsend = []\n\
        opening = { set = { Host = \"{value}\" } }\nexpect = [{ ok = [{ answer = \"4xx\" }] }]";
    let text = text.replace("{name}: {value}", "Host {n}");
    let cases = read(&text).unwrap_or_else(|errors| panic!("{errors}")).cases;
    let values: Vec<_> = cases.iter().map(|case| &case.opening.as_ref().expect("one").set[0].1).collect();
    assert_eq!(values, [&strings(&["a"]), &strings(&["b", "c"])]);
}

#[test]
fn manners_are_all_done_unless_it_says_otherwise() {
    let all = Manners { pong: true, close: true, end: true, stop: true };
    assert_eq!(case("").manners, all);
    assert_eq!(case("manners = {}").manners, all);
    assert_eq!(case("manners = { pong = false }").manners, Manners { pong: false, ..all });
    assert_eq!(case("manners = { close = false, end = true }").manners, Manners { close: false, ..all });
    assert_eq!(case("manners = { end = false }").manners, Manners { end: false, ..all });
    assert_eq!(case("manners = { stop = false }").manners, Manners { stop: false, ..all });
}

#[test]
fn connections_beside_a_case_are_open_or_asking() {
    assert_eq!(case("").beside, None);
    assert_eq!(case("beside = { open = 100 }").beside, Some(Beside::Open(100)));
    assert_eq!(case("beside = { asking = 1000 }").beside, Some(Beside::Asking(1000)));
}

#[test]
fn nothing_is_read_for_a_while() {
    let steps = case("send = [{ unread = \"1s 500ms\" }]").send;
    assert!(matches!(&steps[..], [Step::Unread(time)] if *time == Duration::from_millis(1500)));
}

fn events(events: &str) -> Vec<Expected> {
    case(&format!("expect = [{{ ok = {events} }}]")).expect.remove(0).events
}

#[test]
fn an_answer_is_a_status_a_class_or_some_of_both() {
    let answer = |text: &str| {
        let asks = format!("target = \"server\"\nopening = {{}}\nexpect = [{{ ok = [{{ answer = {text} }}] }}]");
        match case(&asks).expect.remove(0).events.remove(0) {
            Expected::Answer(answer) => answer,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(answer("101"), Answer { statuses: vec![101..=101], headers: vec![] });
    assert_eq!(answer("\"4xx\"").statuses, [400..=499]);
    assert_eq!(answer("[400, \"5xx\", 426]").statuses, [400..=400, 500..=599, 426..=426]);
    let headers = answer("426, headers = { Sec-WebSocket-Version = \"13\", Upgrade = false }").headers;
    let wanted = [("Sec-WebSocket-Version", Some("13")), ("Upgrade", None)];
    assert_eq!(headers, wanted.map(|(name, value)| (name.to_owned(), value.map(str::to_owned))));
}

#[test]
fn the_end_of_tcp_is_an_event_and_the_rest_is_the_last_one() {
    assert_eq!(events("[{ end = true }]"), [Expected::End]);
    assert_eq!(events("\"*\""), [Expected::Rest]);
    assert_eq!(events("[\"*\"]"), [Expected::Rest]);
    assert_eq!(events("[{ text = \"a\" }, \"*\"]"), [Expected::Text("a".into()), Expected::Rest]);
}

#[test]
fn a_level_can_be_may() {
    assert_eq!(case("level = \"may\"").level, Level::May);
    assert_eq!(case("rules = [\"ReservedBit\"]\nlevel = \"may\"").level, Level::May, "what it says counts");
}

#[test]
fn either_end_may_close_with_a_limit_of_its_own() {
    let close = case("close = { by = \"either\" }").close;
    assert_eq!((close.by, close.clean), (Closer::Either, true));
    assert_eq!(close.codes, [CloseCode::NORMAL, CloseCode::TOO_BIG, CloseCode::POLICY]);
    let close = case("rules = [\"InvalidUtf8\"]\nclose = { by = \"either\" }").close;
    assert!(close.codes.contains(&CloseCode::INVALID_DATA) && close.codes[0] == CloseCode::NORMAL);
    let close = case("close = { by = \"either\", code = [1000, 1009] }").close;
    assert_eq!(close.codes, [CloseCode::NORMAL, CloseCode::TOO_BIG]);
}

#[test]
fn a_bare_end_is_allowed_only_where_it_says_so() {
    let bare = |text: &str| case(&format!("close = {{ by = \"target\", code = 1002{text} }}")).close.may_be_bare;
    assert_eq!([bare(""), bare(", bare = \"ok\""), bare(", bare = \"non-strict\"")], [false, true, false]);
}

#[test]
fn terms_may_speak_of_our_own_direction() {
    let own = |text: &str| case(&format!("deflate = [{{ own = {{ {text} }} }}]")).deflate[0].own;
    assert_eq!(own(""), Own::default());
    assert_eq!(own("takeover = true"), Own { takeover: Some(true), window: None });
    assert_eq!(own("takeover = false, window = 8"), Own { takeover: Some(false), window: Some(8) });
    let both = &case("deflate = [{ takeover = false, window = 9, own = { window = 15 } }]").deflate;
    let wanted = Terms { takeover: false, window: Some(9), own: Own { takeover: None, window: Some(15) } };
    assert_eq!(both[..], [wanted]);
    assert!(case("deflate = false").deflate.is_empty(), "as if it were left out");
}

//! Autobahn's files, from runs made by hand: the keys are all there, and what they hold is of the right shape.

use std::time::Duration;

use serde_json::Value;
use wslab::conform::Corpus;
use wslab::proto::Role;
use wslab::report::{Autobahn, LeftOut, Report};
use wslab::watch::{
    CloseVerdict, Content, Ending, Event, Happening, Heading, Item, Kind, Log, Outcome, Plan, Reason, Said, Timeout,
    Timestamp, Traffic, Transcript, Trouble, Verdict, Why,
};
use wslab::wire::CloseCode;

use crate::made::{case, head, heard, ms, open, outcome, sent, text};

/// The keys of a file of a case, as Autobahn 0.8.2 writes them.
const KEYS: [&str; 39] = [
    "agent",
    "behavior",
    "behaviorClose",
    "case",
    "closedByMe",
    "createStats",
    "createWirelog",
    "description",
    "droppedByMe",
    "duration",
    "expectation",
    "expected",
    "expectedClose",
    "failedByMe",
    "httpRequest",
    "httpResponse",
    "id",
    "isServer",
    "localCloseCode",
    "localCloseReason",
    "received",
    "remoteCloseCode",
    "remoteCloseReason",
    "reportCompressionRatio",
    "reportTime",
    "result",
    "resultClose",
    "rxFrameStats",
    "rxOctetStats",
    "started",
    "trafficStats",
    "txFrameStats",
    "txOctetStats",
    "wasClean",
    "wasCloseHandshakeTimeout",
    "wasNotCleanReason",
    "wasOpenHandshakeTimeout",
    "wasServerConnectionDropTimeout",
    "wirelog",
];

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_700_000_000_000 + ms).unwrap()
}

/// A run of these cases by an agent, or by nobody who has a name.
fn run(agent: Option<&str>, outcomes: &[Outcome]) -> Vec<Event> {
    let event = |ms, kind| Event { at: at(ms), agent: agent.map(str::to_owned), connection: None, kind };
    let cases = outcomes.iter().map(|outcome| case(&outcome.case)).collect();
    let plan = Plan { target: "ws://localhost:9001/".into(), role: Role::Server, heading: Heading::default(), cases };
    let mut events = vec![event(0, Kind::RunStarted(plan))];
    for outcome in outcomes {
        events.push(event(1, Kind::CaseStarted { case: outcome.case.clone(), attempt: 1 }));
        events.push(event(2, Kind::CaseFinished(Box::new(outcome.clone()))));
    }
    events
}

fn said(code: u16, reason: &str) -> Option<Said> {
    Some(Said { at: ms(2), code: Some(CloseCode(code)), reason: reason.into() })
}

/// An echo of a text, and a close by us.
fn echoed() -> Transcript {
    let mut transcript = open();
    let opening = transcript.opening.as_mut().unwrap();
    opening.request = b"GET / HTTP/1.1\r\nHost: localhost:9001\r\n\r\n".to_vec();
    opening.response = b"HTTP/1.1 101 Switching Protocols\r\nserver:  Echo/1.0 \r\n\r\n".to_vec();
    transcript.heard = vec![heard(1, text(b"Hello"))];
    transcript.closing.by_us = true;
    transcript.closing.clean = true;
    transcript.closing.local = said(1000, "");
    transcript.closing.remote = said(1000, "bye");
    transcript.closing.ending = Ending::ByPeer;
    transcript.duration = Duration::from_micros(2_900);
    transcript.log.push(sent(0, head(true, 0, 1, 5), b"Hello"));
    let came =
        Item::Frame { head: wslab::wire::Head { mask: None, ..head(true, 0, 1, 5) }, start: b"Hello".to_vec(), len: 5 };
    transcript.log.push(wslab::watch::Entry { at: ms(1), side: wslab::watch::Side::Target, item: came });
    transcript.sent = traffic(&[(1, 1), (8, 1)], 11);
    transcript.received = traffic(&[(1, 1), (8, 1)], 7);
    transcript
}

fn traffic(frames: &[(u8, u64)], bytes: u64) -> Traffic {
    let octets = [(10, 2), (9, 1)].into();
    Traffic { bytes, frames: frames.iter().copied().collect(), messages: 1, payload: 5, content: 10, octets }
}

/// All files, the index first.
fn files(events: &[Event]) -> Vec<(String, Value)> {
    let report = Report::of(events);
    let autobahn = Autobahn::of(&report);
    let index = ("index.json".to_owned(), serde_json::from_str(&autobahn.index()).unwrap());
    let cases = autobahn.files().map(|(name, text)| (name.to_owned(), serde_json::from_str(&text).unwrap()));
    std::iter::once(index).chain(cases).collect()
}

/// The file of the only case.
#[track_caller]
fn only(outcome: Outcome) -> Value {
    let mut files = files(&run(Some("x"), &[outcome]));
    assert_eq!(files.len(), 2);
    files.pop().unwrap().1
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn is_sorted(value: &Value) -> bool {
    match value {
        Value::Object(map) => {
            let keys = map.keys().map(|key| (key.parse::<u64>().ok(), key));
            keys.is_sorted() && map.values().all(is_sorted)
        }
        Value::Array(list) => list.iter().all(is_sorted),
        _ => true,
    }
}

#[test]
fn the_files_of_a_run() {
    let mut failed = echoed();
    failed.closing.clean = false;
    failed.closing.failed_by_us = true;
    failed.closing.timeouts = vec![Timeout::Patience, Timeout::CloseHandshake];
    failed.log = Log::default();
    failed.log.push(sent(0, head(false, 4, 1, 300), &[0xff; 128]));
    failed.log.left_out = 7;
    for item in [Item::Wait(Some("A".into())), Item::Timeout(Timeout::Patience), Item::HalfClose] {
        failed.log.last.push_back(wslab::watch::Entry { at: ms(3), side: wslab::watch::Side::Us, item });
    }
    let failed = Outcome {
        close: CloseVerdict::WrongCode,
        close_why: Some(Why::WrongCode { wanted: vec![CloseCode::PROTOCOL_ERROR], got: CloseCode::NORMAL }),
        ..outcome("5.15", Verdict::Failed(vec![Why::Lost, Why::Unclean]), Some(failed))
    };
    let report = Report::of(&run(Some("My Server/1.0"), &[outcome("1.1.2", Verdict::Ok, Some(echoed())), failed]));
    let autobahn = Autobahn::of(&report);
    let mut shown = format!("== index.json\n{}\n", autobahn.index());
    for (name, text) in autobahn.files() {
        shown.push_str(&format!("== {name}\n{text}\n"));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_case_has_autobahns_keys_in_order() {
    let file = only(outcome("1.1.2", Verdict::Ok, Some(echoed())));
    assert_eq!(keys(&file), KEYS);
    assert!(is_sorted(&file));
    let close = keys(&file["expectedClose"]);
    assert_eq!(close, ["closeCode", "closedByMe", "requireClean"]);
    let fatal = only(outcome("6.3.1", Verdict::Ok, Some(echoed())));
    let close = keys(&fatal["expectedClose"]);
    assert_eq!(close, ["closeCode", "closedByMe", "closedByWrongEndpointIsFatal", "requireClean"]);
}

#[test]
fn every_case_of_the_corpus_can_be_told() {
    let ids: Vec<String> = Corpus::embedded().cases.iter().map(|case| case.id.to_string()).collect();
    let outcomes: Vec<Outcome> = ids.iter().map(|id| outcome(id, Verdict::Ok, Some(echoed()))).collect();
    let files = files(&run(Some("x"), &outcomes));
    assert_eq!(files.len(), ids.len() + 1);
    let rows = files[0].1["x"].as_object().unwrap();
    assert_eq!(rows.len(), ids.len());
    for (name, file) in &files[1..] {
        assert_eq!(keys(file).len(), KEYS.len(), "{name}");
        assert!(is_sorted(file), "{name}");
        let row = &rows[file["id"].as_str().unwrap()];
        assert_eq!(row["reportfile"], name.as_str());
        assert_eq!(keys(row), ["behavior", "behaviorClose", "duration", "remoteCloseCode", "reportfile"]);
        for key in ["description", "expectation", "result", "resultClose", "started", "httpRequest"] {
            assert!(file[key].is_string(), "{name}: {key}");
        }
        for events in file["expected"].as_object().unwrap().values() {
            let events = events.as_array().unwrap();
            assert!(events.len() <= 128 && events.iter().all(is_event), "{name}: {events:?}");
        }
    }
    let wanted = &files.iter().find(|(_, file)| file["id"] == "6.4.1").unwrap().1["expected"];
    assert_eq!(wanted.to_string(), r#"{"NON-STRICT":[["timeout","A"],["timeout","B"]],"OK":[["timeout","A"]]}"#);
    let throughput = &files.iter().find(|(_, file)| file["id"] == "9.7.1").unwrap().1["expected"];
    assert_eq!(throughput.to_string(), "{}", "a thousand messages are not listed");
}

fn is_event(event: &Value) -> bool {
    let event = event.as_array().unwrap();
    match event[0].as_str() {
        Some("message") => event.len() == 3 && event[1].is_string() && event[2].is_boolean(),
        Some("pong" | "timeout") => event.len() == 2 && event[1].is_string(),
        // Autobahn has no such event, and none of its cases has.
        Some("end") => event.len() == 1,
        _ => false,
    }
}

#[test]
fn verdicts_are_autobahns_words() {
    for (verdict, close, words) in [
        (Verdict::Ok, CloseVerdict::Ok, ["OK", "OK"]),
        (Verdict::NonStrict, CloseVerdict::Unclean, ["NON-STRICT", "UNCLEAN"]),
        (Verdict::Informational, CloseVerdict::Informational, ["INFORMATIONAL", "INFORMATIONAL"]),
        (Verdict::Unimplemented, CloseVerdict::FailedByClient, ["UNIMPLEMENTED", "FAILED BY CLIENT"]),
        (Verdict::Failed(vec![Why::Lost]), CloseVerdict::WrongCode, ["FAILED", "WRONG CODE"]),
        (Verdict::Ok, CloseVerdict::Failed, ["OK", "FAILED"]),
    ] {
        let files = files(&run(Some("x"), &[Outcome { close, ..outcome("1.1.1", verdict, Some(echoed())) }]));
        let row = &files[0].1["x"]["1.1.1"];
        assert_eq!([row["behavior"].as_str().unwrap(), row["behaviorClose"].as_str().unwrap()], words);
        assert_eq!([files[1].1["behavior"].as_str().unwrap(), files[1].1["behaviorClose"].as_str().unwrap()], words);
    }
}

#[test]
fn what_autobahn_has_no_word_for_is_left_out_and_counted() {
    let outcomes = [
        outcome("1.1.1", Verdict::Ok, Some(echoed())),
        outcome("1.1.2", Verdict::Broken(Trouble::Refused), None),
        outcome("1.1.3", Verdict::NotRun(Reason::MaxFail), None),
        outcome("1.1.4", Verdict::NotRun(Reason::MaxFail), None),
    ];
    let events = [run(Some("a"), &outcomes), run(Some("b"), &outcomes[..1])].concat();
    let report = Report::of(&events);
    let autobahn = Autobahn::of(&report);
    assert_eq!(autobahn.files().count(), 2);
    assert_eq!(autobahn.left_out().collect::<Vec<_>>(), [("a", LeftOut { broken: 1, not_run: 2 })]);
    assert_eq!(keys(&files(&events)[0].1["a"]), ["1.1.1"]);
}

#[test]
fn an_agent_without_a_name_is_what_the_server_says() {
    let ok = |transcript| vec![outcome("1.1.1", Verdict::Ok, Some(transcript))];
    assert_eq!(keys(&files(&run(None, &ok(echoed())))[0].1), ["Echo/1.0"]);
    assert_eq!(keys(&files(&run(None, &ok(open())))[0].1), ["UnknownServer"]);
    assert_eq!(files(&run(None, &ok(open())))[1].0, "unknownserver_case_1_1_1.json");
}

#[test]
fn files_of_different_agents_have_different_names() {
    let names = |agents: &[&str]| -> Vec<String> {
        let ok = [outcome("1.1.1", Verdict::Ok, Some(echoed()))];
        let events: Vec<Event> = agents.iter().flat_map(|agent| run(Some(agent), &ok)).collect();
        files(&events).into_iter().skip(1).map(|(name, _)| name).collect()
    };
    assert_eq!(names(&[" A b/1 "]), ["a_b_1_case_1_1_1.json"]);
    assert_eq!(names(&["a b", "a_b"]), ["a_b_case_1_1_1.json", "a_b_case_1_1_1_2.json"]);
    assert_eq!(names(&["a", "a"]), ["a_case_1_1_1.json"], "the last run counts");
    assert_eq!(names(&["../../etc/ß"]), ["______etc___case_1_1_1.json"]);
    assert!(names(&[&"x".repeat(10_000)])[0].len() < 250);
}

#[test]
fn traffic_is_told_of_compressed_cases_that_passed() {
    let mut brief = case("1.1.1");
    brief.id = "12.1.1".into();
    let event = |kind| Event { at: at(0), agent: Some("x".into()), connection: None, kind };
    for (verdict, told) in [(Verdict::Ok, true), (Verdict::Unimplemented, false), (Verdict::Failed(vec![]), false)] {
        let plan =
            Plan { target: "x".into(), role: Role::Server, heading: Heading::default(), cases: vec![brief.clone()] };
        let finished = Kind::CaseFinished(Box::new(outcome("12.1.1", verdict, Some(echoed()))));
        let file = &files(&[event(Kind::RunStarted(plan)), event(finished)])[1].1;
        assert_eq!(file["reportCompressionRatio"], true);
        assert_eq!(file["trafficStats"].is_object(), told);
        if told {
            insta::assert_snapshot!(serde_json::to_string_pretty(&file["trafficStats"]).unwrap());
        }
    }
    assert!(only(outcome("1.1.1", Verdict::Ok, Some(echoed())))["trafficStats"].is_null());
}

#[test]
fn long_records_are_bounded() {
    let mut transcript = echoed();
    transcript.heard = (0..1000).map(|_| heard(1, Happening::Pong(Content::of(&[0xff; 100])))).collect();
    let file = only(outcome("1.1.1", Verdict::Ok, Some(transcript)));
    let received = file["received"].as_array().unwrap();
    assert_eq!(received.len(), 128);
    assert_eq!(received[0][1], format!("0x{} ...", "ff".repeat(64)));
}

#[test]
fn a_connection_that_was_never_open_is_told() {
    let mut transcript = Transcript::new(Role::Client);
    transcript.opening = Some(wslab::watch::Opening { timed_out: true, ..Default::default() });
    let why = Why::Handshake { faults: vec![], status: None, timed_out: true, response: vec![] };
    let failed =
        Outcome { close: CloseVerdict::Failed, ..outcome("1.1.1", Verdict::Failed(vec![why]), Some(transcript)) };
    let file = only(failed);
    assert_eq!(file["wasOpenHandshakeTimeout"], true);
    assert_eq!(file["wasNotCleanReason"], "the opening handshake failed");
    assert_eq!(file["duration"], 1, "how long the attempt took");
    assert_eq!(file["remoteCloseCode"], Value::Null);
}

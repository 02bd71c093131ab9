//! Runs made by hand: what happened, in order.

use std::time::Duration;

use wslab::proto::{Role, Rule};
use wslab::report::{Fold, Report};
use wslab::watch::{
    Brief, CloseVerdict, Content, Entry, Event, Fault, Happening, Heading, Item, Kind, Opening, Outcome, Plan, Reason,
    Said, Side, Summary, Timestamp, Trouble, Verdict, Why,
};
use wslab::wire::CloseCode;

use crate::made::{case, head, heard, ms, open, outcome, sent, text};

/// What nobody may act on: markup, controls, formulas, workflow commands, a text that runs backwards.
pub(crate) const HOSTILE: &str = "</script><img src=x onerror=alert(1)>&amp;'\"`|*_[x](y)@all #1\u{1b}[2J\u{0}\u{202e}\u{fffe}\r\n::error::%0A\n=1+1 ]]> κόσμε";

/// So many seconds after the beginning.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a time")
}

pub(crate) fn event(second: i64, kind: Kind) -> Event {
    Event { at: at(second), agent: None, connection: None, kind }
}

pub(crate) fn plan(cases: &[Brief]) -> Plan {
    let sections = [("1", "Framing"), ("5", "Fragmentation"), ("7", "Closing")];
    Plan {
        target: "ws://target/chat?token=…".into(),
        role: Role::Server,
        heading: Heading {
            version: "0.1.0".into(),
            command: "wslab conform 'ws://target/chat?token=…' {case}".into(),
            strict: false,
            shard: None,
            sections: sections.map(|(id, title)| (id.to_owned(), title.to_owned())).into(),
        },
        cases: cases.to_vec(),
    }
}

pub(crate) fn finished(second: i64, outcome: Outcome) -> Event {
    event(second, Kind::CaseFinished(Box::new(outcome)))
}

pub(crate) fn started(second: i64, case: &str, attempt: u32) -> Event {
    event(second, Kind::CaseStarted { case: case.into(), attempt })
}

/// A case that is started and comes to this.
pub(crate) fn tested(second: i64, outcome: Outcome) -> [Event; 2] {
    [started(second, &outcome.case.clone(), 1), finished(second, outcome)]
}

pub(crate) fn fold(events: &[Event]) -> Report {
    let mut fold = Fold::default();
    events.iter().for_each(|event| fold.add(event));
    fold.finish()
}

/// A case that failed in every way, with all that a target can write.
fn failed() -> Outcome {
    let mut transcript = open();
    transcript.opening = Some(Opening {
        request: b"GET /chat?token=sesame HTTP/1.1\r\nHost: target\r\nAuthorization: Bearer sesame\r\n\r\n".to_vec(),
        response: [
            b"HTTP/1.1 101 ok\r\nSet-Cookie: id=sesame\r\nX-Odd: ",
            HOSTILE.replace('\n', " ").as_bytes(),
            b"\r\n\r\n",
        ]
        .concat(),
        status: Some(101),
        done: true,
        duration: ms(3),
        ..Opening::default()
    });
    transcript.log.push(sent(1, head(true, 4, 1, 5), b"hello"));
    transcript.log.push(Entry { at: ms(2), side: Side::Target, item: Item::Fault(Rule::ReservedBit) });
    let came = Item::Frame { head: head(true, 0, 1, 300), start: HOSTILE.as_bytes().to_vec(), len: 300 };
    transcript.log.push(Entry { at: ms(2), side: Side::Target, item: came });
    transcript.heard = vec![heard(2, text(HOSTILE.as_bytes()))];
    transcript.faults.push(Fault { rule: Rule::ReservedBit, at: ms(2), times: 1 });
    transcript.closing.remote = Some(Said { at: ms(4), code: Some(CloseCode(4999)), reason: HOSTILE.into() });
    (transcript.sent.bytes, transcript.sent.messages, transcript.sent.payload, transcript.sent.content) =
        (2000, 2, 1500, 6000);
    transcript.sent.frames.insert(1, 2);
    (transcript.received.bytes, transcript.received.messages) = (306, 1);
    (transcript.received.payload, transcript.received.content) = (300, 300);
    transcript.received.frames.insert(1, 1);
    transcript.duration = ms(5);
    let differs = wslab::watch::Difference {
        at: 0,
        wanted: vec![Some(wslab::watch::Due::One(Happening::Text(Content::of(b"hello"))))],
        got: Some(text(HOSTILE.as_bytes())),
    };
    Outcome {
        close: CloseVerdict::WrongCode,
        close_why: Some(Why::WrongCode { wanted: vec![CloseCode::NORMAL], got: CloseCode(4999) }),
        ..outcome(
            "1.1.2",
            Verdict::Failed(vec![Why::Differs(differs), Why::Broke(Rule::ReservedBit)]),
            Some(transcript),
        )
    }
}

/// A run with every verdict, and with hostile text wherever somebody else writes it.
pub(crate) fn every_verdict() -> Vec<Event> {
    let ids = ["1.1.1", "1.1.2", "1.1.3", "5.1", "5.2", "5.3", "7.1.1", "7.1.2", "7.13.1"];
    let mut cases = ids.map(case);
    cases[0].title = format!("A title {HOSTILE}");
    cases[0].note = Some(format!("A note {HOSTILE}"));
    let mut events = vec![event(0, Kind::RunStarted(plan(&cases)))];
    events.extend(tested(1, outcome("1.1.1", Verdict::Ok, Some(open()))));
    events.extend(tested(2, failed()));
    events.extend([
        started(3, "1.1.3", 1),
        event(3, Kind::CaseRetried(Box::new(outcome("1.1.3", Verdict::Failed(vec![Why::Lost]), Some(open()))))),
        started(4, "1.1.3", 2),
        finished(4, Outcome { attempts: 2, ..outcome("1.1.3", Verdict::Ok, Some(open())) }),
    ]);
    events.extend(tested(5, outcome("5.1", Verdict::NonStrict, Some(open()))));
    events.extend(tested(6, outcome("5.2", Verdict::Broken(Trouble::Io(HOSTILE.into())), None)));
    events.extend(tested(7, outcome("5.3", Verdict::Unimplemented, Some(open()))));
    let unclean = Outcome {
        close: CloseVerdict::Unclean,
        close_why: Some(Why::Unclean),
        duration: Duration::from_millis(2500),
        ..outcome("7.1.1", Verdict::Ok, Some(open()))
    };
    events.extend(tested(8, unclean));
    events.push(finished(9, outcome("7.1.2", Verdict::NotRun(Reason::MaxFail), None)));
    events.extend(tested(9, outcome("7.13.1", Verdict::Informational, Some(open()))));
    let summary = Summary { stopped: Some(Reason::MaxFail), duration: ms(9500), ..Summary::default() };
    events.push(event(10, Kind::RunFinished(summary)));
    events
}

/// An earlier run of the same target, that came to something else.
pub(crate) fn earlier() -> Vec<Event> {
    let ids = ["1.1.1", "1.1.2", "5.1", "5.2", "7.1.1", "7.13.1", "10.1.1"];
    let mut events = vec![event(-1000, Kind::RunStarted(plan(&ids.map(case))))];
    events.extend(tested(-999, outcome("1.1.1", Verdict::Failed(vec![Why::Lost]), None)));
    events.extend(tested(-998, outcome("1.1.2", Verdict::Ok, None)));
    events.extend(tested(-997, outcome("5.1", Verdict::Ok, None)));
    events.extend(tested(-996, outcome("5.2", Verdict::Failed(vec![Why::Lost]), None)));
    let dropped = Outcome { close: CloseVerdict::FailedByClient, ..outcome("7.1.1", Verdict::Ok, None) };
    events.extend(tested(-995, dropped));
    events.extend(tested(-994, outcome("7.13.1", Verdict::Informational, None)));
    events.extend(tested(-993, outcome("10.1.1", Verdict::Ok, None)));
    events.push(event(-992, Kind::RunFinished(Summary { duration: ms(8000), ..Summary::default() })));
    events
}

//! All that Autobahn's file of a case tells, key for key.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::cut::cut;
use super::{behaviour, behaviour_close, counts, duration, traffic, wirelog};
use crate::report::failure::{alternatives, requirement};
use crate::report::run::Case;
use crate::watch::{Brief, CloseVerdict, Due, Ending, Happening, Outcome, Side, Timeout, Transcript, Verdict, Why};

/// Courses and records of more events are not listed event by event: Autobahn has no such ones.
const MOST: usize = 128;

/// The file of a case. `number` is its place among the cases of the run.
pub(super) fn details(agent: &str, number: usize, case: &Case<'_>, transcript: &Transcript) -> Value {
    let (brief, outcome) = (case.brief, case.outcome());
    let closing = &transcript.closing;
    let opening = transcript.opening.as_ref();
    let http = |head: Option<&[u8]>| String::from_utf8_lossy(head.unwrap_or_default()).into_owned();
    let code = |said: Option<&crate::watch::Said>| said.and_then(|said| said.code).map(|code| code.0);
    let reason =
        |said: Option<&crate::watch::Said>| said.map(|said| said.reason.clone()).filter(|reason| !reason.is_empty());
    let fired = |timeout: Timeout| closing.timeouts.contains(&timeout);
    let is_bulk = matches!(case.section(), "9" | "12" | "13");
    let is_compressed = matches!(case.section(), "12" | "13");
    let passed = matches!(outcome.verdict, Verdict::Ok);
    json!({
        "agent": agent,
        "behavior": behaviour(&outcome.verdict),
        "behaviorClose": behaviour_close(outcome.close),
        "case": number,
        "closedByMe": closing.by_us,
        "createStats": true,
        "createWirelog": transcript.log.left_out == 0,
        "description": brief.title,
        "droppedByMe": closing.dropped_by_us,
        "duration": duration(outcome),
        "expectation": expectation(brief),
        "expected": expected(brief),
        "expectedClose": expected_close(brief),
        "failedByMe": closing.failed_by_us,
        "httpRequest": http(opening.map(|opening| opening.request.as_slice())),
        "httpResponse": http(opening.map(|opening| opening.response.as_slice())),
        "id": brief.id,
        "isServer": transcript.is_of_client(),
        "localCloseCode": code(closing.local.as_ref()),
        "localCloseReason": reason(closing.local.as_ref()),
        "received": transcript.heard.iter().take(MOST).map(|heard| event(&heard.what)).collect::<Vec<_>>(),
        "remoteCloseCode": code(closing.remote.as_ref()),
        "remoteCloseReason": reason(closing.remote.as_ref()),
        "reportCompressionRatio": is_compressed,
        "reportTime": is_bulk,
        "result": result(outcome),
        "resultClose": result_close(outcome),
        "rxFrameStats": counts(&transcript.received.frames),
        "rxOctetStats": counts(&transcript.received.octets),
        "started": case.test.begun.map(|begun| format!("{begun:.3}")).unwrap_or_default(),
        "trafficStats": (is_compressed && passed).then(|| traffic::stats(transcript)),
        "txFrameStats": counts(&transcript.sent.frames),
        "txOctetStats": counts(&transcript.sent.octets),
        "wasClean": closing.clean,
        "wasCloseHandshakeTimeout": fired(Timeout::CloseHandshake),
        "wasNotCleanReason": not_clean(transcript),
        "wasOpenHandshakeTimeout": opening.is_some_and(|opening| opening.timed_out),
        "wasServerConnectionDropTimeout": fired(Timeout::ServerDrop),
        "wirelog": wirelog::rows(&transcript.log, closing),
    })
}

/// The code of the target's close frame.
pub(super) fn remote_code(outcome: &Outcome) -> Option<u16> {
    outcome.remote_close_code().map(|code| code.0)
}

/// What has to come, in a sentence or two.
fn expectation(brief: &Brief) -> String {
    let requirement = requirement(brief);
    let alternatives = alternatives(brief).join("; ");
    format!("{}. {}.", sentence(&requirement), sentence(&alternatives))
}

/// What may come, by what it is worth: the first course of each kind.
fn expected(brief: &Brief) -> Map<String, Value> {
    let mut courses: BTreeMap<String, Value> = BTreeMap::new();
    for course in &brief.courses {
        let mut events = Vec::new();
        if spread(&course.events, &mut events) {
            courses.entry(behaviour(&course.verdict)).or_insert(events.into());
        }
    }
    courses.into_iter().collect()
}

/// Adds the events one by one. Gives whether there was room for all.
fn spread(dues: &[Due], events: &mut Vec<Value>) -> bool {
    dues.iter().all(|due| match due {
        Due::One(happening) => {
            events.push(event(happening));
            events.len() <= MOST
        }
        // Autobahn has no such cases.
        Due::Some(_) | Due::Rest => false,
        Due::Times(times, dues) => {
            for _ in 0..*times {
                let before = events.len();
                if !spread(dues, events) {
                    return false;
                }
                if events.len() == before {
                    break;
                }
            }
            true
        }
    })
}

fn event(happening: &Happening) -> Value {
    match happening {
        Happening::Text(content) => json!(["message", cut(content.len, &content.start), false]),
        Happening::Binary(content) => json!(["message", cut(content.len, &content.start), true]),
        Happening::Pong(content) => json!(["pong", cut(content.len, &content.start)]),
        Happening::Wait(tag) => json!(["timeout", tag]),
        Happening::Answer(answer) => json!(["answer", answer.status]),
        Happening::End => json!(["end"]),
    }
}

fn expected_close(brief: &Brief) -> Map<String, Value> {
    let close = &brief.close;
    let codes: Vec<u16> = close.codes.iter().map(|code| code.0).collect();
    let mut keys = Map::new();
    keys.insert("closeCode".to_owned(), codes.into());
    keys.insert("closedByMe".to_owned(), (close.by == Side::Us).into());
    if close.wrong_end_fails {
        keys.insert("closedByWrongEndpointIsFatal".to_owned(), true.into());
    }
    keys.insert("requireClean".to_owned(), close.clean.into());
    keys
}

/// What the verdict says, and why.
fn result(outcome: &Outcome) -> String {
    match &outcome.verdict {
        Verdict::Ok => "What came is what the RFC wants.".to_owned(),
        Verdict::NonStrict => "What came is acceptable, though not what the RFC wants.".to_owned(),
        Verdict::Informational => "The case only records what comes.".to_owned(),
        Verdict::Unimplemented => "The target did not agree to the extension that the case needs.".to_owned(),
        Verdict::Failed(whys) => {
            let whys: Vec<String> = whys.iter().map(ToString::to_string).collect();
            format!("{}.", sentence(&whys.join("; ")))
        }
        Verdict::Broken(trouble) => format!("{}.", sentence(&trouble.to_string())),
        Verdict::NotRun(reason) => format!("The case was not run: {reason}."),
    }
}

fn result_close(outcome: &Outcome) -> String {
    match (outcome.close, &outcome.close_why) {
        (_, Some(why)) => format!("{}.", sentence(&why.to_string())),
        (CloseVerdict::Ok, None) => "The connection ended as it should.".to_owned(),
        (CloseVerdict::Informational, None) => "The case only records how the connection ends.".to_owned(),
        (_, None) => "The connection did not end as it should.".to_owned(),
    }
}

/// Why the connection did not end cleanly, if it did not.
fn not_clean(transcript: &Transcript) -> Option<String> {
    let closing = &transcript.closing;
    if closing.clean {
        return None;
    }
    let timer = closing.timeouts.iter().rfind(|timeout| **timeout != Timeout::Patience);
    let why = match (timer, closing.ending) {
        _ if !transcript.is_open() => "the opening handshake failed".to_owned(),
        (Some(timer), _) => Why::TimedOut(*timer).to_string(),
        (None, Ending::ByPeer | Ending::Reset) => Why::Lost.to_string(),
        (None, _) => Why::Unclean.to_string(),
    };
    Some(why)
}

/// With a capital at its beginning.
fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

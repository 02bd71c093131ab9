//! A failed case, as a person reads it: requirement, what was sent, expected and got, and how to repeat it.

use std::fmt::Write as _;

use crate::conform::{Alternative, Case, Closer, Expected, Grade, Payload};
use crate::proto::Level;
use crate::watch::{Entry, Happening, Item, Log, Outcome, Side, Transcript, Verdict};
use crate::wire::{CloseBody, Head, Opcode};

/// Rows of one kind that are shown at most.
const ROWS: usize = 8;
/// Bytes of a payload that are shown at most.
const BYTES: usize = 40;

/// Everything about a case that failed, or did not pass strictly. `repeat` is the command that runs it again.
pub fn failure(case: &Case, outcome: &Outcome, repeat: &str) -> String {
    let mut text = format!("{}  {}\n", case.id.as_str(), case.title);
    row(&mut text, "requirement", &requirement(case));
    if let Some(note) = &case.note {
        row(&mut text, "note", note.trim());
    }
    if let Some(transcript) = &outcome.transcript {
        rows(&mut text, "sent", &frames(&transcript.log, Side::Us));
    }
    let mut expected: Vec<String> = case.expect.iter().map(alternative).collect();
    expected.push(format!("then {}", close(case)));
    rows(&mut text, "expected", &expected);
    match (&outcome.verdict, &outcome.transcript) {
        (Verdict::Broken(trouble), _) => row(&mut text, "got", &trouble.to_string()),
        (_, Some(transcript)) => rows(&mut text, "got", &got(transcript)),
        (_, None) => {}
    }
    let why: Vec<String> = outcome.why().map(ToString::to_string).collect();
    rows(&mut text, "why", &why);
    if outcome.attempts > 1 {
        row(&mut text, "attempts", &outcome.attempts.to_string());
    }
    row(&mut text, "repeat", repeat);
    text
}

fn row(text: &mut String, name: &str, line: &str) {
    let _infallible = writeln!(text, "  {name:<12} {line}");
}

fn rows(text: &mut String, name: &str, lines: &[String]) {
    for (index, line) in lines.iter().enumerate() {
        row(text, if index == 0 { name } else { "" }, line);
    }
}

fn requirement(case: &Case) -> String {
    let clauses: Vec<String> = case.clauses.iter().map(ToString::to_string).collect();
    let words: Vec<&str> = case.rules.iter().map(|rule| rule.words()).collect();
    let clauses = clauses.join("; ");
    match (words.is_empty(), case.close.by, case.level) {
        (true, ..) => format!("{} ({clauses})", case.level),
        (false, Closer::Target, Level::Must) => {
            format!("the connection MUST be failed when {} ({clauses})", words.join(", or "))
        }
        (false, _, level) => format!("{level}: not {} ({clauses})", words.join(", or ")),
    }
}

fn alternative(alternative: &Alternative) -> String {
    let grade = match alternative.verdict {
        Grade::Ok => "ok",
        Grade::NonStrict => "non-strict",
        Grade::Informational => "informational",
    };
    let mut events: Vec<String> = alternative.events.iter().take(ROWS).map(expected).collect();
    if alternative.events.len() > ROWS {
        events.push(format!("and {} more", alternative.events.len() - ROWS));
    }
    if events.is_empty() {
        events.push("no message and no pong".to_owned());
    }
    format!("{grade}: {}", events.join(", "))
}

fn expected(event: &Expected) -> String {
    match event {
        Expected::Text(content) => format!("text {}", payload(content)),
        Expected::Binary(content) => format!("binary {}", payload(content)),
        Expected::Pong(content) => format!("pong {}", payload(content)),
        Expected::Wait(tag) => format!("nothing until wait {tag} is over"),
        Expected::Repeat(times, events) => {
            let events: Vec<String> = events.iter().map(expected).collect();
            format!("{times} times {}", events.join(", "))
        }
    }
}

fn payload(payload: &Payload) -> String {
    let mut start = vec![0; BYTES];
    let size = payload.copy_to(0, &mut start);
    bytes(&start[..size], payload.len() as u64)
}

fn close(case: &Case) -> String {
    let codes: Vec<String> = case.close.codes.iter().map(ToString::to_string).collect();
    let codes = codes.join(" or ");
    match case.close.by {
        Closer::Us => format!("the tester closes, and the target answers with {codes}"),
        Closer::Target => format!("the target fails the connection with {codes}"),
    }
}

/// The frames of one side.
fn frames(log: &Log, side: Side) -> Vec<String> {
    let lines: Vec<String> = log.iter().filter(|entry| entry.side == side).filter_map(entry_line).collect();
    let hidden = lines.len().saturating_sub(ROWS) as u64 + log.left_out;
    let mut shown: Vec<String> = lines.into_iter().take(ROWS).collect();
    if hidden > 0 {
        shown.push(format!("… and {hidden} more"));
    }
    shown
}

fn entry_line(entry: &Entry) -> Option<String> {
    Some(match &entry.item {
        Item::Frame { head, start, len } => frame(head, start, *len),
        Item::Fault(rule) => format!("broken rule: {rule} ({})", rule.clause()),
        Item::HalfClose => "end of TCP".to_owned(),
        Item::Reset => "reset of TCP".to_owned(),
        Item::Wait(_) | Item::Timeout(_) => return None,
    })
}

fn frame(head: &Head, start: &[u8], len: u64) -> String {
    let mut text = head.opcode.to_string();
    if !head.fin {
        text.push_str(", not final");
    }
    for (bit, name) in [(Head::RSV1, "RSV1"), (Head::RSV2, "RSV2"), (Head::RSV3, "RSV3")] {
        if head.rsv & bit != 0 {
            let _infallible = write!(text, ", {name}");
        }
    }
    if len < head.len {
        let _infallible = write!(text, ", {len} of {} bytes", head.len);
    }
    let content = match (head.opcode, CloseBody::parse(start)) {
        (Opcode::CLOSE, CloseBody::Empty) => "without a code".to_owned(),
        (Opcode::CLOSE, CloseBody::Status(code, [])) => code.to_string(),
        (Opcode::CLOSE, CloseBody::Status(code, reason)) => format!("{code}, {}", quoted(reason)),
        _ => bytes(start, head.len),
    };
    format!("{text} {content}")
}

/// What came, and how it ended.
fn got(transcript: &Transcript) -> Vec<String> {
    let mut lines: Vec<String> = transcript
        .heard
        .iter()
        .take(ROWS)
        .map(|heard| match &heard.what {
            Happening::Text(content) => format!("text {}", bytes(&content.start, content.len)),
            Happening::Binary(content) => format!("binary {}", bytes(&content.start, content.len)),
            Happening::Pong(content) => format!("pong {}", bytes(&content.start, content.len)),
            Happening::Wait(tag) => format!("nothing until wait {tag} was over"),
        })
        .collect();
    let more = transcript.heard.len().saturating_sub(ROWS) as u64 + transcript.unheard;
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    if lines.is_empty() && transcript.is_open() {
        lines.push("no message and no pong".to_owned());
    }
    lines.extend(frames(&transcript.log, Side::Target).into_iter().filter(|line| line.starts_with("close")));
    if let Some(opening) = transcript.opening.as_ref().filter(|opening| !opening.done) {
        let start = &opening.response[..opening.response.len().min(BYTES * 2)];
        lines.push(if start.is_empty() {
            "no answer to the opening handshake".to_owned()
        } else {
            format!("instead of an opening handshake: {}", quoted(start))
        });
    }
    lines
}

/// A payload: its size, and how it begins.
fn bytes(start: &[u8], len: u64) -> String {
    let shown = &start[..start.len().min(BYTES)];
    let dots = if (shown.len() as u64) < len { "…" } else { "" };
    match len {
        0 => "of 0 bytes".to_owned(),
        _ => format!("of {len} bytes {}{dots}", quoted(shown)),
    }
}

/// Bytes as text in quotes if they are printable, as hex otherwise.
fn quoted(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|character| character.is_control() && !character.is_ascii_whitespace()) => {
            format!("{text:?}")
        }
        _ => bytes.iter().fold("0x".to_owned(), |mut hex, byte| {
            let _infallible = write!(hex, "{byte:02x}");
            hex
        }),
    }
}

//! A failed case, as a person reads it: requirement, what was sent, expected and got, and how to repeat it.

use std::fmt::Write as _;
use std::time::Duration;

use super::plain;
use crate::watch::{
    Brief, CloseDue, Course, Due, Ending, Entry, Happening, Item, Opening, Outcome, Quoted, Side, Transcript, Verdict,
    line_of_head,
};

/// Rows of one kind that are shown at most: the first ones, and the last ones.
const FIRST: usize = 6;
const LAST: usize = 2;

/// The opcode of a ping, by which frames are counted.
const PING: u8 = 9;

/// Everything about a case that failed, or did not pass strictly. `repeat` is the command that runs it again.
pub fn failure(case: &Brief, outcome: &Outcome, repeat: &str) -> String {
    let mut text = format!("{}  {}\n", plain::line(&case.id), plain::line(&case.title));
    row(&mut text, "requirement", &requirement(case));
    if let Some(note) = &case.note {
        rows(&mut text, "note", &note.trim().lines().map(str::to_owned).collect::<Vec<_>>());
    }
    match (&outcome.verdict, &outcome.transcript) {
        (Verdict::Broken(trouble), _) => row(&mut text, "got", &trouble.to_string()),
        (_, Some(transcript)) if transcript.is_open() => {
            rows(&mut text, "sent", &sent(transcript));
            rows(&mut text, "expected", &alternatives(case));
            rows(&mut text, "got", &got(transcript));
        }
        (_, Some(transcript @ Transcript { opening: Some(opening), .. })) if is_of_opening(case) => {
            let ours = if transcript.is_of_client() { &opening.response } else { &opening.request };
            rows(&mut text, "sent", &head(ours, |_| true));
            rows(&mut text, "expected", &alternatives(case));
            let got = if transcript.is_of_client() { got(transcript) } else { answer(opening) };
            rows(&mut text, "got", &got);
        }
        (_, Some(transcript @ Transcript { opening: Some(opening), .. })) => {
            let tell = if transcript.is_of_client() { not_asked } else { not_opened };
            tell(&mut text, opening);
        }
        (_, _) => rows(&mut text, "expected", &alternatives(case)),
    }
    let why: Vec<String> = outcome.why().map(ToString::to_string).collect();
    rows(&mut text, "why", &why);
    if let Some(reason) = &outcome.known {
        row(&mut text, "known", reason);
    }
    rows(&mut text, "stderr", &stderr(&outcome.stderr));
    if outcome.attempts > 1 {
        row(&mut text, "attempts", &outcome.attempts.to_string());
    }
    row(&mut text, "repeat", repeat);
    text
}

fn row(text: &mut String, name: &str, line: &str) {
    // A recording may be somebody else's.
    let line = plain::line(line);
    // Of a log GitHub obeys each line that begins, after blanks, with two colons.
    let guard = if name.is_empty() && line.trim_start().starts_with("::") { "| " } else { "" };
    let _infallible = writeln!(text, "  {name:<12} {guard}{line}");
}

fn rows(text: &mut String, name: &str, lines: &[String]) {
    for (index, line) in lines.iter().enumerate() {
        row(text, if index == 0 { name } else { "" }, line);
    }
}

/// What the case asks of the target.
pub(super) fn requirement(case: &Brief) -> String {
    let level = case.level;
    let words: Vec<&str> = case.rules.iter().map(|rule| rule.words()).collect();
    let words = words.join(", or ");
    let clauses = clauses(&case.clauses);
    match case.close.by {
        _ if words.is_empty() => format!("the answer {level} be as expected below ({clauses})"),
        Side::Target => format!("the connection {level} be failed when {words} ({clauses})"),
        Side::Us => format!("{level} NOT happen: {words} ({clauses})"),
    }
}

/// `RFC 6455, sections 5.2 and 5.6; RFC 7692, section 7`.
fn clauses(clauses: &[String]) -> String {
    let mut rfcs: Vec<(&str, Vec<&str>)> = Vec::new();
    for clause in clauses {
        let (rfc, section) = clause.split_once('#').unwrap_or((clause, ""));
        match rfcs.iter_mut().find(|(name, _)| *name == rfc) {
            Some((_, sections)) => sections.push(section),
            None => rfcs.push((rfc, vec![section])),
        }
    }
    let words = rfcs.iter().map(|(rfc, sections)| match sections.as_slice() {
        [section] => format!("RFC {rfc}, section {section}"),
        [first @ .., last] => format!("RFC {rfc}, sections {} and {last}", first.join(", ")),
        [] => format!("RFC {rfc}"),
    });
    words.collect::<Vec<_>>().join("; ")
}

/// What may come, and how the connection has to end.
pub(super) fn alternatives(case: &Brief) -> Vec<String> {
    let end = may_open(case).then(|| format!("then {}", close(&case.close)));
    case.courses.iter().map(course).chain(end).collect()
}

/// Whether the case is about the opening handshake: what may come begins with its answer or its failure.
fn is_of_opening(case: &Brief) -> bool {
    let first = |course: &Course| {
        matches!(course.events.first(), Some(Due::Some(_) | Due::One(Happening::Answer(_) | Happening::End)))
    };
    case.courses.iter().any(first)
}

/// Whether any of what may come is an open connection.
fn may_open(case: &Brief) -> bool {
    let refused = |course: &Course| match course.events.first() {
        Some(Due::Some(words)) => !words.contains("101"),
        Some(Due::One(Happening::Answer(answer))) => answer.status != 101,
        Some(Due::One(Happening::End)) => true,
        _ => false,
    };
    !case.courses.iter().all(refused)
}

fn course(course: &Course) -> String {
    format!("{}: {}", course.verdict, sequence(&course.events))
}

fn sequence(events: &[Due]) -> String {
    let mut words: Vec<String> = events.iter().take(FIRST + LAST).map(due).collect();
    if let more @ 1.. = events.len().saturating_sub(FIRST + LAST) {
        words.push(format!("and {more} more"));
    }
    if words.is_empty() { "no message and no pong".to_owned() } else { words.join(", ") }
}

fn due(event: &Due) -> String {
    match event {
        Due::One(Happening::Wait(tag)) => format!("nothing until wait {tag} is over"),
        Due::One(happening) => happening.to_string(),
        Due::Times(times, events) => format!("{times} times {}", sequence(events)),
        other @ (Due::Some(_) | Due::Rest) => other.to_string(),
    }
}

fn close(close: &CloseDue) -> String {
    let mut codes: Vec<String> = Vec::new();
    for code in close.codes.iter().map(ToString::to_string) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    let codes = codes.join(" or ");
    match close.by {
        _ if close.either => format!("either end closes, the target with {codes}"),
        Side::Us => format!("the tester closes, and the target answers with {codes}"),
        Side::Target => format!("the target fails the connection with {codes}"),
    }
}

/// A row with its time.
fn timed(at: Duration, what: &dyn std::fmt::Display) -> String {
    format!("{:>11}  {what}", milliseconds(at))
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", plain::milliseconds(time))
}

/// The first and the last of some rows, and how many there are between them; there may be more than are at hand.
fn shortened(rows: Vec<String>, total: u64) -> Vec<String> {
    let total = total.max(rows.len() as u64);
    if total <= (FIRST + LAST) as u64 {
        return rows;
    }
    let end = rows.len().saturating_sub(LAST).max(FIRST.min(rows.len()));
    let start = &rows[..FIRST.min(rows.len())];
    let shown = (start.len() + rows[end..].len()) as u64;
    let between = match (start.is_empty(), total - shown) {
        (_, 0) => None,
        (true, all) => Some(format!("{all} frames")),
        (false, more) => Some(format!("… and {more} more")),
    };
    start.iter().cloned().chain(between).chain(rows[end..].iter().cloned()).collect()
}

/// What we sent.
fn sent(transcript: &Transcript) -> Vec<String> {
    let is_ours = |entry: &&Entry| {
        entry.side == Side::Us && matches!(entry.item, Item::Frame { .. } | Item::HalfClose | Item::Reset)
    };
    let rows: Vec<String> = transcript.log.iter().filter(is_ours).map(|entry| timed(entry.at, &entry.item)).collect();
    let total = transcript.sent.frames.values().sum();
    let rows = shortened(rows, total);
    if rows.is_empty() { vec!["nothing".to_owned()] } else { rows }
}

/// What came, and how it ended.
pub(super) fn got(transcript: &Transcript) -> Vec<String> {
    let heard: Vec<String> = transcript.heard.iter().map(|heard| timed(heard.at, &heard.what)).collect();
    let total = heard.len() as u64 + transcript.unheard;
    let mut rows = shortened(heard, total);
    if rows.is_empty() {
        rows.push("no message and no pong".to_owned());
    }
    match transcript.received.frames.get(&PING) {
        None | Some(0) => {}
        Some(1) => rows.push("a ping".to_owned()),
        Some(pings) => rows.push(format!("{pings} pings")),
    }
    if let Some(said) = &transcript.closing.remote {
        let code = said.code.map_or("without a code".to_owned(), |code| code.to_string());
        let reason =
            if said.reason.is_empty() { String::new() } else { format!(", {}", Quoted(said.reason.as_bytes())) };
        rows.push(timed(said.at, &format_args!("close {code}{reason}")));
    }
    match transcript.closing.ending {
        Ending::ByPeer => rows.push(timed(transcript.duration, &Item::HalfClose)),
        Ending::Reset => rows.push(timed(transcript.duration, &Item::Reset)),
        Ending::Open | Ending::ByUs | Ending::Flooded | Ending::Cancelled => {}
    }
    rows
}

/// The last lines of what the target wrote to its standard error.
fn stderr(written: &str) -> Vec<String> {
    let lines: Vec<&str> = written.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(FIRST + LAST)..].iter().map(|line| line_of_head(line.as_bytes())).collect()
}

/// A connection that was never open, because a client asked for it in the wrong way.
fn not_asked(text: &mut String, opening: &Opening) {
    row(text, "expected", "ok: a request that opens the connection");
    let of_opening =
        |name: &str| ["host", "upgrade", "connection", "origin"].contains(&name) || name.starts_with("sec-websocket-");
    rows(text, "got", &head(&opening.request, of_opening));
    rows(text, "answered", &head(&opening.response, |_| true));
}

/// A connection that was never open.
fn not_opened(text: &mut String, opening: &Opening) {
    let ours = head(&opening.request, |name| name.starts_with("sec-websocket-"));
    rows(text, "sent", &ours);
    row(text, "expected", "ok: status 101, which opens the connection");
    rows(text, "got", &answer(opening));
}

/// What a server answered, and when.
fn answer(opening: &Opening) -> Vec<String> {
    let response = &opening.response;
    let answer = match response.len() {
        0 if opening.timed_out => vec!["no answer".to_owned()],
        0 => vec!["the end of the connection".to_owned()],
        _ if response.starts_with(b"HTTP/") => head(response, |name| name != "set-cookie"),
        1 => vec![format!("1 byte: {}", Quoted(response))],
        size => vec![format!("{size} bytes: {}", Quoted(response))],
    };
    let times = std::iter::once(milliseconds(opening.duration)).chain(std::iter::repeat(String::new()));
    times.zip(answer).map(|(time, line)| format!("{time:>11}  {line}")).collect()
}

/// The lines of a head, those headers alone that are `wanted` by their name in lower case.
fn head(bytes: &[u8], wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).take_while(|line| !line.is_empty());
    let first = lines.next().map(line_of_head);
    let headers = lines.map(line_of_head).filter(|line| {
        let name = line.split(':').next().unwrap_or_default();
        wanted(&name.to_ascii_lowercase())
    });
    let rows: Vec<String> = first.into_iter().chain(headers).collect();
    let total = rows.len() as u64;
    shortened(rows, total)
}

//! One connection: what is known of it, its frames as they pass, and what one of them says.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{bordered, payload, put, put_all};
use crate::proto::Role;
use crate::tui::model::{Detail, Line, Model, Speeds};
use crate::tui::theme::Tint;
use crate::tui::update::first_in_sight;
use crate::tui::words::{age, bytes, count, exact_time, harmless, span, thousands};
use crate::watch::live::State;
use crate::watch::{Counts, Row};

pub(super) fn render(frame: &mut Frame<'_>, [about, frames, said]: [Rect; 3], model: &Model) {
    let Some(detail) = &model.detail else { return };
    if about.height > 0 {
        of_connection(frame, about, detail, model);
        of_frames(frame, frames, detail, model);
    }
    of_payload(frame, said, detail, model);
}

fn of_connection(frame: &mut Frame<'_>, area: Rect, detail: &Detail, model: &Model) {
    let title = format!("Connection {}", detail.id.0);
    let inside = bordered(frame, area, &title, false, model);
    let theme = model.theme;
    let buffer = frame.buffer_mut();
    let Some(row) = &detail.row else {
        put(buffer, inside.x, inside.y, "nothing is known of it any more", inside.width, theme.style(Tint::Faint));
        return;
    };
    let told = model.seen().find(detail.id).map(|line| line.speed);
    let (faint, text) = (theme.style(Tint::Faint), theme.style(Tint::Text));
    for (y, line) in (inside.y..inside.bottom()).zip(facts(row, told)) {
        let pieces: Vec<(&str, Style)> = line
            .iter()
            .flat_map(|(name, value)| [(*name, faint), (" ", faint), (value.as_str(), text), ("  ", faint)])
            .collect();
        put_all(buffer, Rect { y, height: 1, ..inside }, &pieces);
    }
}

/// What is known, on lines, the most important first.
fn facts(row: &Row, told: Option<Speeds>) -> Vec<Vec<(&'static str, String)>> {
    let speed = told.unwrap_or_default();
    let line = Line { row, speed };
    let state = if told.is_some() { line.condition().word() } else { "no longer told" };
    let known = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let mut facts = vec![
        vec![("peer", known(row.peer.map(|peer| peer.to_string()))), ("url", harmless(&row.resource).into_owned())],
        vec![
            ("state", state.to_owned()),
            ("age", age(row.age)),
            ("last", age(row.idle)),
            ("rtt", known(row.round_trip.map(span))),
            ("subprotocol", known(row.subprotocol.as_deref().map(|name| harmless(name).into_owned()))),
            ("deflate", if row.compressed { "yes" } else { "no" }.to_owned()),
        ],
    ];
    if let Some(end) = &row.end {
        let mut ended = vec![("closed with", end.code.to_string()), ("because", harmless(&end.cause).into_owned())];
        if !end.reason.is_empty() {
            ended.push(("reason", format!("\"{}\"", harmless(&end.reason))));
        }
        facts.push(ended);
    }
    if !row.faults.is_empty() {
        let faults = row.faults.iter().map(|(rule, count)| format!("{count} × {rule}"));
        facts.push(vec![("faults", faults.collect::<Vec<_>>().join(", "))]);
    }
    facts.push(counts("in", &row.received, [speed.messages_in, speed.bytes_in]));
    let mut out = counts("out", &row.sent, [speed.messages_out, speed.bytes_out]);
    out.insert(2, ("waiting", bytes(row.queued as f64)));
    facts.push(out);
    facts
}

fn counts(way: &'static str, counts: &Counts, [messages, each]: [f64; 2]) -> Vec<(&'static str, String)> {
    let mut line = vec![
        (way, format!("{} messages, {}", thousands(counts.messages()), bytes(counts.bytes() as f64))),
        ("now", format!("{} msg/s, {}/s", count(messages), bytes(each))),
        ("frames", thousands(counts.frames())),
        ("ping", thousands(counts.ping)),
        ("pong", thousands(counts.pong)),
    ];
    if let Some(factor) = counts.compression() {
        line.push(("compression", format!("{factor:.1}×")));
    }
    line
}

/// Why there are no frames.
fn nothing(detail: &Detail, model: &Model) -> &'static str {
    let is_closed = detail.row.as_ref().is_some_and(|row| row.end.is_some());
    match &model.state {
        _ if is_closed => "it is closed: frames are shown only as they pass",
        _ if model.seen().find(detail.id).is_none() => "nothing more is told of it",
        Some(State::Over { .. }) => "everything has been told: frames are shown only as they pass",
        Some(State::Lost { .. }) => "waiting for the server",
        _ => "waiting for frames",
    }
}

fn of_frames(frame: &mut Frame<'_>, area: Rect, detail: &Detail, model: &Model) {
    let frames = &detail.frames;
    let mut title = format!("Frames {}", thousands(frames.before + frames.len() as u64));
    if frames.follows() {
        title.push_str(" · live");
    }
    if frames.missed > 0 {
        title.push_str(&format!(" · {} passed over", thousands(frames.missed)));
    }
    let inside = bordered(frame, area, &title, !model.zoom, model);
    let theme = model.theme;
    let buffer = frame.buffer_mut();
    if frames.len() == 0 {
        put(buffer, inside.x, inside.y, nothing(detail, model), inside.width, theme.style(Tint::Faint));
        return;
    }
    let selected = frames.place();
    let top = first_in_sight(selected, inside.height.into());
    for row in 0..inside.height {
        let at = top + usize::from(row);
        let Some(passed) = frames.at(at) else { break };
        let is_selected = at == selected;
        let line = Rect::new(inside.x, inside.y + row, inside.width, 1);
        let style = |tint| theme.style(if is_selected { Tint::Selected } else { tint });
        if is_selected {
            buffer.set_style(line, theme.style(Tint::Selected));
        }
        let way = if passed.by == Role::Client { Tint::In } else { Tint::Out };
        let kind = if passed.opcode.is_control() { Tint::Odd } else { Tint::Text };
        put_all(
            buffer,
            line,
            &[
                (&format!("{} ", exact_time(passed.at)), style(Tint::Faint)),
                (&format!("{} ", payload::way(passed.by)), style(way)),
                (&format!("{:<13}", payload::kind(passed)), style(kind)),
                (&format!("{:>8}  ", bytes(passed.len as f64)), style(Tint::Faint)),
                (&payload::line(passed, model.as_bytes), style(Tint::Text)),
            ],
        );
    }
}

fn of_payload(frame: &mut Frame<'_>, area: Rect, detail: &Detail, model: &Model) {
    let frames = &detail.frames;
    let passed = frames.at(frames.place());
    let title = passed.map_or_else(
        || "Payload".to_owned(),
        |passed| format!("{} of the {}, {} bytes", payload::kind(passed), passed.by, thousands(passed.len)),
    );
    let inside = bordered(frame, area, &title, model.zoom, model);
    let Some(passed) = passed else { return };
    let lines = payload::lines(passed, model.as_bytes, inside.width.into());
    // The last line stays in sight, however far one scrolls.
    let top = usize::from(detail.scroll).min(lines.len().saturating_sub(1));
    let style = model.theme.style(Tint::Text);
    for (y, line) in (inside.y..inside.bottom()).zip(&lines[top..]) {
        put(frame.buffer_mut(), inside.x, y, line, inside.width, style);
    }
}

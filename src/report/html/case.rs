//! One case, folded to a line: requirement, expected and actual, wire log, and how to repeat it.

use maud::{Markup, html};

use super::super::failure::{alternatives, got, requirement};
use super::super::plain::time;
use super::super::run::{Case, Run};
use super::super::text::reasons;
use super::super::volume::Volumes;
use super::overview::row;
use super::words::{Look, safe};
use crate::watch::{Entry, Item, Log, Opening, Outcome, Side, Transcript, Verdict, lines_of_head};

/// Rows of a wire log that are shown, of its start and of its end: of a case that failed, and of one that did not.
const FAILED: (usize, usize) = (48, 16);
const PASSED: (usize, usize) = (12, 4);

/// Bytes of a payload that are shown.
const BYTES: usize = 32;

/// A case, its id behind `prefix`.
pub(super) fn case(case: &Case<'_>, run: &Run, prefix: &str) -> Markup {
    let (brief, outcome) = (case.brief, case.outcome());
    let look = Look::of(case);
    let before = run.comparison.as_ref().and_then(|comparison| comparison.change(case.id()));
    let mut words = look.words.clone();
    words.extend(before.is_some().then_some("changed"));
    let mut search = brief.clauses.clone();
    search.extend(brief.rules.iter().chain(&outcome.broken()).map(|rule| rule.name().to_owned()));
    search.extend(brief.tags.iter().cloned());
    html! {
        details class={ "case " (look.class) } data-f=(words.join(" ")) data-k=(safe(&search.join(" "))) {
            summary {
                span class={ "badge " (look.class) } { span aria-hidden="true" { (look.sign) } " " (look.word) }
                span.id { (safe(&brief.id)) }
                span.title {
                    (safe(&brief.title))
                    @if case.was_run() && !outcome.close.is_good() { " " span.tag.bad-close { "close " (outcome.close) } }
                    @if case.known().is_some() { " " span.tag.known { "known" } }
                    @if case.is_flaky() { " " span.tag.flaky { "flaky" } }
                    @if let Some(before) = before { " " span.tag.changed { "before: " (before) } }
                }
                span.time { @if case.was_run() { (time(outcome.duration)) } }
            }
            div.body id={ (prefix) (brief.id) } { (body(case, prefix)) }
        }
    }
}

fn body(case: &Case<'_>, prefix: &str) -> Markup {
    let (brief, outcome) = (case.brief, case.outcome());
    html! {
        dl {
            div { dt { "requirement" } dd { (requirement(brief)) } }
            @if let Some(note) = &brief.note { div { dt { "note" } dd.note { (safe(note.trim())) } } }
            div { dt { "expected" } dd { ul { @for line in alternatives(brief) { li { (safe(&line)) } } } } }
            (actual(case))
            div { dt { "repeat" } dd { code.command { (safe(&case.repeat())) } } }
            @if !brief.rules.is_empty() {
                div { dt { "rules" } dd { @for rule in &brief.rules { code { (rule.name()) } " " } } }
            }
            div { dt { "link" } dd { a href={ "#" (prefix) (brief.id) } { "#" (prefix) (safe(&brief.id)) } } }
        }
        @if let Some(transcript) = &outcome.transcript { (on_the_wire(outcome, transcript)) }
        @for (index, earlier) in case.test.retried.iter().enumerate() {
            details.earlier {
                summary { "Attempt " (index + 1) ": " (earlier.verdict) }
                ul { @for why in reasons(earlier) { li { (safe(&why)) } } }
                @if let Some(transcript) = &earlier.transcript { (on_the_wire(earlier, transcript)) }
            }
        }
    }
}

fn actual(case: &Case<'_>) -> Markup {
    let outcome = case.outcome();
    if let Verdict::NotRun(reason) = outcome.verdict {
        return html! { div { dt { "actual" } dd { "not run, because " (reason) } } };
    }
    let has_why = outcome.why().next().is_some() || matches!(outcome.verdict, Verdict::Broken(_));
    html! {
        @if let Some(transcript) = outcome.transcript.as_ref().filter(|transcript| transcript.is_open()) {
            div { dt { "actual" } dd { ul.actual { @for line in got(transcript) { li { (safe(line.trim())) } } } } }
        }
        div { dt { "verdict" } dd { (outcome.verdict) ", close " (outcome.close) } }
        @if has_why { div.why { dt { "why" } dd { ul { @for why in reasons(outcome) { li { (safe(&why)) } } } } } }
        @if let Some(reason) = case.known() { div { dt { "known" } dd { (safe(reason)) } } }
        div { dt { "took" } dd {
            (time(outcome.duration)) ", tester's own CPU time " (time(outcome.cpu))
            @if outcome.attempts > 1 { ", in attempt " (outcome.attempts) }
        } }
    }
}

fn on_the_wire(outcome: &Outcome, transcript: &Transcript) -> Markup {
    let (first, last) = if outcome.verdict.is_failure() || !outcome.close.is_good() { FAILED } else { PASSED };
    let volumes = Volumes::of(outcome);
    html! {
        @if let Some(opening) = &transcript.opening { (heads(opening)) }
        (wire_log(&transcript.log, first, last))
        @if volumes.sent.bytes + volumes.received.bytes > 0 {
            div.wide { table.traffic {
                caption { "Traffic" }
                thead { tr {
                    th {} th.number { "on the wire" } th.number { "frames" } th.number { "messages" }
                    th.number { "payload" } th.number { "content" } th.number { "ratio" }
                } }
                tbody { (row("sent", volumes.sent)) (row("received", volumes.received)) }
            } }
        }
    }
}

fn heads(opening: &Opening) -> Markup {
    let head = |bytes: &[u8]| safe(&lines_of_head(bytes).join("\n")).into_owned();
    if opening.request.is_empty() && opening.response.is_empty() {
        return html! {};
    }
    html! {
        details.opening open[!opening.done] {
            summary { "Opening handshake"
                @if let Some(status) = opening.status { ", status " (status) }
                @if !opening.extensions.is_empty() { ", " (safe(&opening.extensions)) }
                @if !opening.done { ", failed" }
                " (" (time(opening.duration)) ")" }
            div.heads {
                figure { figcaption { "request" } pre { (head(&opening.request)) } }
                figure { figcaption { "response" }
                    @if opening.response.is_empty() { p { "none" } } @else { pre { (head(&opening.response)) } } }
            }
        }
    }
}

fn wire_log(all: &Log, first: usize, last: usize) -> Markup {
    let rows: Vec<&Entry> = all.iter().collect();
    if rows.is_empty() {
        return html! {};
    }
    let (start, end) = if rows.len() <= first + last { (rows.len(), rows.len()) } else { (first, rows.len() - last) };
    let left_out = all.left_out + (end - start) as u64;
    html! {
        div.wide { table.wire {
            caption { "Wire log" }
            thead { tr { th.number { "time" } th { "by" } th { "what" } th { "bytes in hex" } } }
            tbody {
                @for entry in &rows[..start] { (wire(entry)) }
                @if left_out > 0 { tr.gap { td colspan="4" { "… " (left_out) " more" } } }
                @for entry in &rows[end..] { (wire(entry)) }
            }
        } }
    }
}

fn wire(entry: &Entry) -> Markup {
    let class = match (&entry.item, entry.side) {
        (Item::Fault(_) | Item::Timeout(_), _) => "fault",
        (_, Side::Us) => "us",
        (_, Side::Target) => "target",
    };
    html! {
        tr class=(class) {
            td.number { (time(entry.at)) }
            td { @match entry.side { Side::Us => "→ tester", Side::Target => "← target" } }
            td { (safe(&entry.item.to_string())) }
            td { @if let Item::Frame { head, start, len } = &entry.item {
                code { b { (hex(&head.encode())) } " " (hex(&start[..start.len().min(BYTES)]))
                    @if *len > start.len().min(BYTES) as u64 { " …" } }
            } }
        }
    }
}

/// Bytes in hex, in pairs that a narrow screen can break.
fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

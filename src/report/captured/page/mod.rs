//! `index.html` of a capture: one file that holds all it needs, readable on a telephone, in the dark and on paper.
//!
//! Without scripts everything can be read and unfolded; only filtering and sorting need them. Nothing of what is in a
//! capture can become markup, and the page loads nothing from anywhere.

mod charts;
mod connections;

use maud::{Markup, html};

use self::connections::connections;
use super::super::html::{page, safe};
use super::figures::{SPREAD, spreads, traffic};
use super::summary::{Noted, Spot, Summary, Violated};
use super::words::{agreements, count_of, headline, noted, span, times};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The most agreements that are told.
const AGREEMENTS: usize = 8;

/// The page of a capture, which `name` names: its file, or its files.
pub fn html(summary: &Summary, name: &str) -> String {
    let title = if name.is_empty() { "WebSocket capture".to_owned() } else { format!("WebSocket capture {name}") };
    let body = html! {
        header {
            h1 { "WebSocket capture" }
            (overview(summary, name))
        }
        main {
            (violations(summary))
            (refusals(summary))
            (notes(summary))
            (charts::rates(&summary.rates))
            (numbers(summary))
            (connections(summary))
        }
        footer {
            p { "Times are those of the capture, in UTC. Packets count from 1 over all files, connections and frames from 0. "
                code { "wslab analyze --follow N" } " tells what was said on a connection, "
                code { "--table messages" } " lists all messages." }
        }
    };
    page(&title, STYLE, SCRIPT, &body)
}

fn overview(summary: &Summary, name: &str) -> Markup {
    let (class, sign) = match () {
        () if summary.faults() > 0 => ("wrong", "✗"),
        () if summary.connections == 0 || summary.refused > 0 || !summary.notes.is_empty() => ("open", "○"),
        () => ("good", "✓"),
    };
    let agreements = agreements(summary);
    html! {
        p class={ "conclusion " (class) } { span.sign aria-hidden="true" { (sign) } " " (safe(&headline(summary))) }
        dl {
            @if !name.is_empty() { div { dt { "capture" } dd { (safe(name)) } } }
            @if let Some(time) = summary.first.and_then(|first| first.time) {
                div { dt { "begins" } dd { (when(&time.to_string())) } }
            }
            @if let Some(duration) = summary.duration() { div { dt { "lasts" } dd { (span(duration)) } } }
            @if !agreements.is_empty() {
                div { dt { "agreed" } dd { ul {
                    @for (number, words) in agreements.iter().take(AGREEMENTS) {
                        li { (safe(words)) ": " (count_of(*number as u64, "connection")) }
                    }
                    @if agreements.len() > AGREEMENTS { li { "… and " (agreements.len() - AGREEMENTS) " more" } }
                } } }
            }
        }
    }
}

/// `2026-11-22 07:00:00.123456 UTC`.
fn when(time: &str) -> String {
    let (day, clock) = time.split_once('T').unwrap_or((time, ""));
    let clock = clock.trim_end_matches('Z');
    format!("{day} {} UTC", &clock[..clock.floor_char_boundary(15)])
}

fn violations(summary: &Summary) -> Markup {
    let violations = summary.violations();
    if violations.is_empty() {
        return html! {};
    }
    html! {
        section id="rules" {
            h2 { "Broken rules" }
            @for violated in violations {
                details.trouble.failed open[summary.faults() <= 50] {
                    summary { span.badge.failed { span aria-hidden="true" { "✗" } " " (violated.rule) } " "
                        span { "by the " (violated.by) ", " (times(violated.count)) (of(violated)) } }
                    p { (violated.words) " (" (violated.level) ", " (violated.clause) ")" }
                    (spots(violated.spots(), violated.count))
                }
            }
        }
    }
}

fn of(violated: &Violated) -> String {
    match violated.connections() {
        0 | 1 => String::new(),
        several => format!(" on {several} connections"),
    }
}

fn refusals(summary: &Summary) -> Markup {
    if summary.refusals.is_empty() {
        return html! {};
    }
    html! {
        section id="refused" {
            h2 { "Refused openings" }
            ul { @for (status, refused) in &summary.refusals {
                li { (status) " " (safe(&refused.reason)) ", " (times(refused.count)) ": "
                    @for (index, (packet, number)) in refused.first.iter().enumerate() {
                        @if index > 0 { ", " } "packet " (packet) " (" a href={ "#c" (number) } { "connection " (number) } ")"
                    }
                    @if refused.count > refused.first.len() as u64 { ", …" }
                }
            } }
        }
    }
}

fn notes(summary: &Summary) -> Markup {
    let of = |kinds: &[&str]| summary.notes.iter().filter(|note| kinds.contains(&note.kind)).collect::<Vec<&Noted>>();
    let groups = [
        ("gaps", "Gaps", of(&["lost", "differs"])),
        ("encrypted", "Not decrypted", of(&["encrypted"])),
        ("not-read", "Known, and not read", of(&["not-read"])),
    ];
    html! {
        @for (id, title, notes) in groups.iter().filter(|(_, _, notes)| !notes.is_empty()) {
            section id=(id) {
                h2 { (title) }
                @for note in notes {
                    details.trouble.weak {
                        summary { (safe(&noted(note))) }
                        (spots(note.spots(), note.count))
                    }
                }
            }
        }
    }
}

/// The first places of a group.
fn spots(spots: &[Spot], count: u64) -> Markup {
    let has_frames = spots.iter().any(|spot| spot.frame.is_some());
    let has_offsets = spots.iter().any(|spot| spot.offset.is_some());
    html! {
        div.wide { table {
            thead { tr { th.number { "packet" } th.number { "connection" } th { "time" }
                @if has_frames { th.number { "frame" } } @if has_offsets { th.number { "at byte" } } th { "from and to" } } }
            tbody {
                @for spot in spots { tr {
                    td.number { (spot.packet) }
                    td.number { @match spot.connection { Some(number) => a href={ "#c" (number) } { (number) }, None => "·" } }
                    td.address { @match spot.time { Some(time) => (when(&time.to_string())), None => "·" } }
                    @if has_frames { td.number { @match spot.frame { Some(frame) => (frame), None => "·" } } }
                    @if has_offsets { td.number { @match spot.offset { Some(offset) => (offset), None => "·" } } }
                    td.address { (spot.from) " → " (spot.to) }
                } }
                @if let more @ 1.. = count.saturating_sub(spots.len() as u64) {
                    tr { td.none colspan="6" { "… and " (more) " more" } }
                }
            }
        } }
    }
}

fn numbers(summary: &Summary) -> Markup {
    let (rows, spreads) = (traffic(summary), spreads(summary));
    if rows.is_empty() {
        return html! {};
    }
    html! {
        section id="traffic" {
            h2 { "Traffic" }
            div.beside {
                div.wide { table {
                    caption { "What both ends sent" }
                    thead { tr { th {} th.number { "client" } th.number { "server" } th.number { "both" } } }
                    tbody { @for (name, numbers) in rows {
                        tr {
                            th scope="row" class=[name.starts_with(' ').then_some("part")] { (name.trim()) }
                            @for number in numbers { td.number { @match number { Some(number) => (number), None => "·" } } }
                        }
                    } }
                } }
                @if !spreads.is_empty() { div.wide { table {
                    caption { "Sizes and times" }
                    thead { tr { th {} @for title in SPREAD { th.number { (title) } } } }
                    tbody { @for (name, numbers) in spreads {
                        tr { th scope="row" { (name) } @for number in numbers { td.number { (number) } } }
                    } }
                } } }
            }
            (charts::histograms(summary))
            p.small { "“Compressed to” is the size on the wire by the size before, of the messages that were compressed and can be
                inflated. Round trips are as they look from where the capture was made." }
        }
    }
}

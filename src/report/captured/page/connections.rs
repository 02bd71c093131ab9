//! All connections in a table, each with what more is known of it.

use maud::{Markup, html};

use super::super::super::html::safe;
use super::super::super::plain::size;
use super::super::summary::{Summary, is_refused};
use super::super::words::{
    agreed, by_interest, count_of, ended, ended_short, ended_well, lasted, opened, span, target,
};
use super::when;
use crate::capture::Connection;

/// The most connections on a page; those that matter most are there.
const MOST: usize = 2000;

/// By what connections can be filtered, with the words for it.
const FILTERS: [(&str, &str); 6] = [
    ("rules", "with broken rules"),
    ("refused", "refused"),
    ("badly", "badly ended"),
    ("still", "open at the end"),
    ("guessed", "without an opening"),
    ("lossy", "with missing bytes"),
];

pub(super) fn connections(summary: &Summary) -> Markup {
    if summary.rows.is_empty() {
        return html! {};
    }
    let mut rows = by_interest(summary, MOST);
    rows.sort_by_key(|row| row.number);
    let marks: Vec<Vec<&str>> = rows.iter().map(|row| marks(row)).collect();
    let kinds =
        FILTERS.iter().map(|(mark, words)| (*mark, *words, marks.iter().filter(|marks| marks.contains(mark)).count()));
    let more = summary.connections - rows.len() as u64;
    html! {
        section id="connections" {
            h2 { "Connections" }
            @if more > 0 { p.remark { "These are the " (rows.len()) " that matter most; " (more)
                " more were counted, and " code { "wslab analyze --table connections" } " lists them." } }
            form id="filter" role="search" hidden {
                label { span { "Text" } input type="search" name="text" placeholder="address, URL, header" autocomplete="off"; }
                label { span { "Which" } select name="which" {
                    option value="" { "all" }
                    @for (mark, words, number) in kinds.filter(|(_, _, number)| *number > 0) {
                        option value=(mark) { (words) " (" (number) ")" }
                    }
                } }
                output name="count" { (count_of(rows.len() as u64, "connection")) }
            }
            div.wide { table.connections id="table" {
                thead { tr {
                    th.number { "#" } th { "client" } th { "asks for" } th { "ended" } th.number { "rules" }
                    th.number { "lasted" } th.number { "messages" } th.number { "on the wire" }
                } }
                tbody { @for (row, marks) in rows.iter().zip(&marks) { (connection(row, &marks.join(" "))) } }
            } }
        }
    }
}

fn marks(row: &Connection) -> Vec<&'static str> {
    let marks = [
        row.violations > 0,
        is_refused(row),
        !is_refused(row) && !ended_well(row),
        ended_short(row) == "open",
        row.guessed,
        row.from_client.lost + row.from_server.lost > 0,
    ];
    FILTERS.iter().zip(marks).filter(|(_, has)| *has).map(|((mark, _), _)| *mark).collect()
}

fn connection(row: &Connection, marks: &str) -> Markup {
    let duration = lasted(row);
    let bytes = row.from_client.bytes.saturating_add(row.from_server.bytes);
    let class = match marks {
        _ if row.violations > 0 => "failed",
        _ if !ended_well(row) => "weak",
        _ => "fine",
    };
    html! {
        tr id={ "c" (row.number) } class=(class) data-f=(marks) {
            td.number { (row.number) }
            td.address { (row.client) }
            td.target { details { summary { (safe(&target(row))) } (more(row)) } }
            td.ended { (ended_short(row)) }
            td.number.rules { @if row.violations > 0 { "✗ " (row.violations) } @else { "·" } }
            td.number data-v=(duration.map_or(0, |time| time.as_nanos())) { @match duration { Some(time) => (span(time)), None => "·" } }
            td.number { (row.from_client.messages + row.from_server.messages) }
            td.number data-v=(bytes) { (size(bytes)) }
        }
    }
}

fn more(row: &Connection) -> Markup {
    let written = [("host", &row.host), ("origin", &row.origin), ("agent", &row.agent), ("inside", &row.tls)];
    let time = row.first.time.map(|time| when(&time.to_string()));
    html! {
        dl {
            div { dt { "server" } dd { (row.server) } }
            @for (name, text) in written {
                @if let Some(text) = text { div { dt { (name) } dd { (safe(text)) } } }
            }
            div { dt { "opened" } dd { (safe(&opened(row))) } }
            @if let Some(agreed) = agreed(row) { div { dt { "agreed" } dd { (safe(&agreed)) } } }
            @if !is_refused(row) { div { dt { "ended" } dd { (safe(&ended(row))) } } }
            div { dt { "packets" } dd { (row.first.packet) " to " (row.last.packet) @if let Some(time) = time { ", from " (time) } } }
            @for (name, sent) in [("client", &row.from_client), ("server", &row.from_server)] {
                div { dt { (name) } dd { (count_of(sent.frames.all(), "frame")) ", " (count_of(sent.messages, "message")) ", "
                    (size(sent.bytes)) " on the wire, " (size(sent.content)) " of content"
                    @if sent.opaque > 0 { ", " (sent.opaque) " not readable" }
                    @if sent.lost > 0 { ", " (size(sent.lost)) " missing" } } }
            }
        }
    }
}

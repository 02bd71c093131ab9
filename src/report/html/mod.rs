//! `index.html`: one file that holds all it needs, readable on a telephone, in the dark and on paper.
//!
//! Without scripts everything can be read and unfolded; only filtering needs them. Nothing of what a target sent can
//! become markup, and the page loads nothing from anywhere.

mod case;
mod overview;
mod words;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::words::Look;
pub(in crate::report) use self::words::safe;
use super::plain::count;
use super::run::{Report, Run};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What the page may do: show what is in it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The page of all runs.
pub fn html(report: &Report) -> String {
    let names: Vec<&str> = report.runs.iter().map(Run::name).collect();
    let title = format!("WebSocket conformance of {}", names.join(", "));
    let body = html! {
        header {
            h1 { "WebSocket conformance" }
            @if report.runs.len() > 1 { (overview::side_by_side(report)) }
            @if report.runs.is_empty() { p { "No run is recorded." } }
        }
        @for (number, run) in report.runs.iter().enumerate() {
            (overview::run(run, number, report.runs.len() > 1))
        }
        @if !report.runs.is_empty() {
            (filter(report))
            main {
                @for (number, run) in report.runs.iter().enumerate() { (cases(run, number, report.runs.len() > 1)) }
            }
        }
        footer {
            p { "Each line of a wire log shows the bytes of the frame's head, then its payload, unmasked. The recording "
                code { "run.jsonl" } " holds more of it; " code { "wslab report run.jsonl" } " renders it again." }
        }
    };
    page(&title, "", SCRIPT, &body)
}

/// A whole page of this body, in the style of all pages and of its own.
pub(in crate::report) fn page(title: &str, style: &str, script: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (safe(title)) }
                style { (PreEscaped(STYLE)) (PreEscaped(style)) }
            }
            body {
                (body)
                script { (PreEscaped(script)) }
            }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}

/// What begins the ids of a run: nothing in the first one, so that `#5.15` is case 5.15.
fn prefix(number: usize) -> String {
    if number == 0 { String::new() } else { format!("{}:", number + 1) }
}

fn filter(report: &Report) -> Markup {
    let cases = || report.runs.iter().flat_map(Run::cases);
    let mut sections: Vec<(&str, &str)> = Vec::new();
    for section in report.runs.iter().flat_map(Run::sections) {
        if !sections.iter().any(|(id, _)| *id == section.id) {
            sections.push((section.id, section.title));
        }
    }
    let kinds = Look::FILTERS
        .iter()
        .map(|(word, words)| (*word, *words, cases().filter(|case| Look::of(case).words.contains(word)).count()));
    html! {
        form id="filter" role="search" hidden {
            label { span { "Text" } input type="search" name="text" placeholder="id, title, rule, clause" autocomplete="off"; }
            label { span { "Verdict" } select name="verdict" {
                option value="" { "all" }
                @for (word, words, number) in kinds.filter(|(_, _, number)| *number > 0) {
                    option value=(word) { (words) " (" (number) ")" }
                }
            } }
            label { span { "Section" } select name="section" {
                option value="" { "all" }
                @for (id, title) in sections { option value=(id) { (safe(id)) " " (safe(title)) } }
            } }
            button type="button" name="fold" { "Unfold" }
            output name="count" { (count(cases().count(), "case")) }
        }
    }
}

fn cases(run: &Run, number: usize, several: bool) -> Markup {
    let prefix = prefix(number);
    html! {
        article.cases {
            @if several { h2 { "Cases of " (safe(run.name())) } } @else { h2 { "Cases" } }
            @for section in run.sections() {
                section data-s=(section.id) {
                    h3 id={ (prefix) "section-" (section.id) } { (safe(section.id)) " " (safe(section.title)) }
                    @for case in &section.cases { (case::case(case, run, &prefix)) }
                }
            }
        }
    }
}

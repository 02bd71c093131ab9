//! The first screen of a run: what it came to, where it failed, what changed, what took long.

use std::time::Duration;

use maud::{Markup, html};

use super::super::mark::Mark;
use super::super::plain::{count, size, time};
use super::super::run::{Case, Report, Run};
use super::super::table::Tally;
use super::super::text::{compared_with, conclusion, lists, remarks};
use super::super::volume::Volume;
use super::super::{Comparison, svg};
use super::prefix;
use super::words::safe;

/// The slowest cases that are listed.
const SLOWEST: usize = 10;

/// All runs in one table: a row for each section, a column for each run.
pub(super) fn side_by_side(report: &Report) -> Markup {
    let mut sections: Vec<(&str, &str)> = Vec::new();
    for section in report.runs.iter().flat_map(Run::sections) {
        if !sections.iter().any(|(id, _)| *id == section.id) {
            sections.push((section.id, section.title));
        }
    }
    let of = |run: &Run, id: &str| {
        run.sections().iter().find(|section| section.id == id).map(|section| {
            let good = section.cases.iter().filter(|case| case.passed()).count();
            (good, section.cases.len(), section.cases.iter().any(Case::failed))
        })
    };
    let cell = |good: usize, all: usize, failed: bool| {
        html! { td class=(if failed { "number wrong" } else { "number" }) { (good) " of " (all) @if failed { " ✗" } } }
    };
    html! {
        div.wide {
            table {
                caption { "Passed cases" }
                thead { tr { th { "section" } @for (number, run) in report.runs.iter().enumerate() {
                    th.number { a href={ "#" (prefix(number)) "run" } { (safe(run.name())) } }
                } } }
                tbody {
                    @for (id, title) in &sections {
                        tr {
                            th scope="row" { (safe(id)) " " (safe(title)) }
                            @for run in &report.runs {
                                @match of(run, id) {
                                    Some((good, all, failed)) => (cell(good, all, failed)),
                                    None => td.number { "·" },
                                }
                            }
                        }
                    }
                    tr.all {
                        th scope="row" { "all" }
                        @for run in &report.runs { (cell(run.passed(), run.tests.len(), run.failed() > 0)) }
                    }
                }
            }
        }
    }
}

/// What one run came to.
pub(super) fn run(run: &Run, number: usize, several: bool) -> Markup {
    let heading = &run.plan.heading;
    let (class, sign) = match run.mark() {
        Mark::Good => ("good", "✓"),
        Mark::Open => ("open", "○"),
        Mark::Bad => ("wrong", "✗"),
    };
    let prefix = prefix(number);
    html! {
        article.overview id={ (prefix) "run" } {
            @if several { h2 { (safe(run.name())) } }
            p class={ "conclusion " (class) } {
                span.sign aria-hidden="true" { (sign) } " " (safe(&conclusion(run)))
            }
            (svg::bar(&parts(&run.tally())))
            p.legend { @for (class, words, number) in parts(&run.tally()).iter().filter(|part| part.2 > 0) {
                span { i class=(class) {} (number) " " (words) } " "
            } }
            @for remark in remarks(run) { p.remark { (safe(&remark)) } }
            dl {
                div { dt { "target" } dd { code { (safe(&run.plan.target)) } " (" (run.plan.role) ")" } }
                div { dt { "begun" } dd { (when(run)) } }
                div { dt { "took" } dd { (time(run.duration())) ", tester's own CPU time " (time(run.cpu())) } }
                div { dt { "wslab" } dd { (safe(&heading.version)) @if heading.strict { ", strict" } } }
            }
            @if let Some(comparison) = &run.comparison { (changes(comparison, &prefix)) }
            (sections(run, &prefix))
            (traffic(run))
            (slowest(run, &prefix))
        }
    }
}

fn when(run: &Run) -> String {
    let at = run.begun.to_string();
    format!("{} UTC", at.split('.').next().unwrap_or_default().trim_end_matches('Z').replace('T', " "))
}

fn parts(tally: &Tally) -> [(&'static str, &'static str, usize); 7] {
    let &Tally { ok, non_strict, informational, unimplemented, failed, closing, not_run, .. } = tally;
    [
        ("ok", "ok", ok),
        ("non-strict", "non-strict", non_strict),
        ("informational", "informational", informational),
        ("unimplemented", "unimplemented", unimplemented),
        ("bad-close", "bad close", closing),
        ("failed", "failed", failed),
        ("not-run", "not run", not_run),
    ]
}

fn sections(run: &Run, prefix: &str) -> Markup {
    let sections = run.sections();
    let all = run.tally();
    let shown: Vec<usize> = (0..7).filter(|&part| part == 0 || parts(&all)[part].2 > 0).collect();
    let longest = sections.iter().map(|section| section.duration()).max().unwrap_or_default();
    let cells = |tally: &Tally| {
        let parts = parts(tally);
        html! { @for &part in &shown {
            @let (class, _, number) = parts[part];
            td class={ "number " (if number > 0 { class } else { "none" }) } { @if number > 0 { (number) } @else { "·" } }
        } }
    };
    html! {
        div.wide {
            table.sections {
                caption { "Sections" }
                thead { tr {
                    th { "section" } th.number { "cases" }
                    @for &part in &shown { th.number { (parts(&all)[part].1) } }
                    th.bars aria-hidden="true" {} th.number { "time" } th.number { "tester's CPU" }
                } }
                tbody {
                    @for section in &sections {
                        @let tally = section.tally();
                        tr {
                            th scope="row" { a href={ "#" (prefix) "section-" (section.id) } { (safe(section.id)) " " (safe(section.title)) } }
                            td.number { (tally.cases) }
                            (cells(&tally))
                            td.bars { (svg::share("time", part_of(section.duration(), longest))) }
                            td.number { (time(section.duration())) }
                            td.number { (time(section.cpu())) }
                        }
                    }
                    tr.all {
                        th scope="row" { "all" }
                        td.number { (all.cases) }
                        (cells(&all))
                        td.bars {}
                        td.number { (time(sections.iter().map(|section| section.duration()).sum())) }
                        td.number { (time(run.cpu())) }
                    }
                }
            }
        }
        p.small { "Times are sums over the cases; many run at the same time." }
    }
}

fn part_of(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 0.0 } else { part.as_secs_f64() / whole.as_secs_f64() }
}

fn traffic(run: &Run) -> Markup {
    let volumes = run.volumes();
    if volumes.sent.bytes + volumes.received.bytes == 0 {
        return html! {};
    }
    html! {
        div.wide {
            table {
                caption { "Traffic" }
                thead { tr {
                    th { "direction" } th.number { "on the wire" } th.number { "frames" } th.number { "messages" }
                    th.number { "payload" } th.number { "content" } th.number { "ratio" }
                } }
                tbody {
                    @for (name, volume) in [("sent by the tester", volumes.sent), ("sent by the target", volumes.received)] {
                        (row(name, volume))
                    }
                }
            }
        }
        p.small { "The ratio is payload, as compressed, by content, as meant." }
    }
}

/// One direction as a row.
pub(super) fn row(name: &str, volume: Volume) -> Markup {
    html! {
        tr {
            th scope="row" { (name) }
            td.number { (size(volume.bytes)) } td.number { (volume.frames) } td.number { (volume.messages) }
            td.number { (size(volume.payload)) } td.number { (size(volume.content)) }
            td.number { @match volume.ratio() { Some(ratio) => (format!("{ratio:.3}")), None => "·" } }
        }
    }
}

fn slowest(run: &Run, prefix: &str) -> Markup {
    let cases = run.slowest(SLOWEST);
    let longest = cases.first().map(|case| case.outcome().duration).unwrap_or_default();
    if longest.is_zero() {
        return html! {};
    }
    html! {
        details.slowest {
            summary { "The slowest cases" }
            div.wide { table {
                thead { tr { th { "case" } th.bars aria-hidden="true" {} th.number { "time" } th.number { "tester's CPU" } } }
                tbody { @for case in cases {
                    @let outcome = case.outcome();
                    tr {
                        th scope="row" { a href={ "#" (prefix) (case.id()) } { (safe(case.id())) } " " (safe(&case.brief.title)) }
                        td.bars { (svg::share("time", part_of(outcome.duration, longest))) }
                        td.number { (time(outcome.duration)) } td.number { (time(outcome.cpu)) }
                    }
                } }
            } }
            p.small { "What is not the tester's own CPU time is the target's, the network's, or a wait that the case asks for." }
        }
    }
}

fn changes(comparison: &Comparison, prefix: &str) -> Markup {
    html! {
        section.comparison {
            h3 { "Compared with " (safe(&compared_with(comparison))) }
            @if comparison.is_empty() { p { "No difference in " (count(comparison.same, "case")) "." } }
            @else { p { (count(comparison.same, "case")) " came to the same." } }
            @for (title, cases) in &lists(comparison) {
                details open[*title == "newly failing"] {
                    summary { (cases.len()) " " (title) }
                    ul { @for (case, change) in cases {
                        li {
                            @if *title == "run only before" { (safe(case)) } @else { a href={ "#" (prefix) (case) } { (safe(case)) } " " (change) }
                        }
                    } }
                }
            }
        }
    }
}

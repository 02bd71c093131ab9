//! `summary.md`: what a run came to, for a page of CI or a pull request.

use std::fmt::Write as _;

use super::failure::failure;
use super::mark::Mark;
use super::plain::{count, plain, size, time};
use super::run::{Case, Report, Run, Section};
use super::text::{compared_with, conclusion, failed_word, lists, remarks, weak_word};
use super::volume::Volume;

/// Failures that are told in full; of any more their ids are. GitHub takes a mebibyte.
const FAILURES: usize = 50;

/// The slowest cases that are listed.
const SLOWEST: usize = 5;

/// Cases of a list of a comparison.
const CHANGES: usize = 100;

/// All runs, one after another.
pub fn markdown(report: &Report) -> String {
    let mut text = String::new();
    for one in &report.runs {
        run(&mut text, one);
    }
    if report.runs.is_empty() {
        text.push_str("No run.\n");
    }
    text
}

macro_rules! put {
    ($text:expr, $($words:tt)*) => {{
        // A string takes everything.
        let _infallible = writeln!($text, $($words)*);
    }};
}

fn run(text: &mut String, run: &Run) {
    let mark = match run.mark() {
        Mark::Good => "✅",
        Mark::Open => "○",
        Mark::Bad => "❌",
    };
    put!(text, "# {mark} WebSocket conformance of {}\n", escape(run.name()));
    put!(text, "**{}**, with wslab {}.\n", escape(&conclusion(run)), escape(&run.plan.heading.version));
    for remark in remarks(run) {
        put!(text, "> {}\n", escape(&remark));
    }
    if run.comparison.is_some() {
        changes(text, run);
    }
    table(text, run);
    failures(text, run);
    traffic(text, run);
    slowest(text, run);
}

fn table(text: &mut String, run: &Run) {
    put!(
        text,
        "| section | cases | ok | non-strict | informational | unimplemented | failed | bad close | not run | time | tester's CPU |"
    );
    put!(text, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut row = |title: &str, tally: super::Tally, duration, cpu| {
        let super::Tally { cases, ok, non_strict, informational, unimplemented, failed, closing, not_run } = tally;
        let cells = [ok, non_strict, informational, unimplemented, failed, closing, not_run].map(|cell| match cell {
            0 => "·".to_owned(),
            cell => cell.to_string(),
        });
        put!(text, "| {title} | {cases} | {} | {} | {} |", cells.join(" | "), time(duration), time(cpu));
    };
    for section in run.sections() {
        let title = format!("{} {}", escape(section.id), escape(section.title));
        row(title.trim_end(), section.tally(), section.duration(), section.cpu());
    }
    let all = run.sections().iter().map(Section::duration).sum();
    row("**all**", run.tally(), all, run.cpu());
    put!(text, "");
}

fn changes(text: &mut String, run: &Run) {
    let Some(comparison) = &run.comparison else { return };
    put!(text, "## Compared with {}\n", escape(&compared_with(comparison)));
    if comparison.is_empty() {
        put!(text, "No difference in {}.\n", count(comparison.same, "case"));
    }
    for (title, cases) in lists(comparison) {
        put!(text, "* **{title}**: {}", cases.len());
        for (case, change) in cases.iter().take(CHANGES).filter(|(_, change)| !change.is_empty()) {
            put!(text, "  * {} {}", escape(case), escape(change));
        }
        if let more @ 1.. = cases.len().saturating_sub(CHANGES) {
            put!(text, "  * … and {more} more");
        }
    }
    put!(text, "");
}

fn failures(text: &mut String, run: &Run) {
    let failed: Vec<Case<'_>> = run.cases().filter(Case::failed).collect();
    let flaky: Vec<Case<'_>> = run.cases().filter(Case::is_flaky).collect();
    if !failed.is_empty() {
        put!(text, "## {} failed\n", count(failed.len(), "case"));
    }
    for case in failed.iter().take(FAILURES) {
        let title = format!("{} {}", case.id(), case.brief.title);
        put!(text, "<details><summary>{} <b>{}</b></summary>\n", failed_word(case.outcome()), html(&title));
        put!(text, "{}\n", fenced(&failure(case.brief, case.outcome(), &case.repeat())));
        put!(text, "</details>\n");
    }
    if failed.len() > FAILURES {
        let ids: Vec<String> = failed[FAILURES..].iter().map(|case| escape(case.id())).collect();
        put!(text, "… and {} more: {}\n", ids.len(), ids.join(", "));
    }
    known(text, run);
    if !flaky.is_empty() {
        let ids: Vec<String> = flaky.iter().map(|case| escape(case.id())).collect();
        put!(text, "Flaky, passed only when repeated: {}\n", ids.join(", "));
    }
}

fn known(text: &mut String, run: &Run) {
    let known: Vec<(Case<'_>, &str)> = run.cases().filter_map(|case| Some((case, case.known()?))).collect();
    if known.is_empty() {
        return;
    }
    put!(text, "<details><summary>{}</summary>\n", count(known.len(), "known deviation"));
    for (case, reason) in &known {
        let word = weak_word(case.outcome());
        put!(text, "* {} {} ({}): {}", escape(case.id()), escape(&case.brief.title), escape(&word), escape(reason));
    }
    put!(text, "\n</details>\n");
}

fn traffic(text: &mut String, run: &Run) {
    let volumes = run.volumes();
    if volumes.sent.bytes + volumes.received.bytes == 0 {
        return;
    }
    put!(text, "| traffic | on the wire | frames | messages | payload | content | ratio |");
    put!(text, "| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (name, volume) in [("sent", volumes.sent), ("received", volumes.received)] {
        let Volume { bytes, frames, messages, payload, content } = volume;
        let ratio = volume.ratio().map_or("–".to_owned(), |ratio| format!("{ratio:.3}"));
        let [bytes, payload, content] = [bytes, payload, content].map(size);
        put!(text, "| {name} | {bytes} | {frames} | {messages} | {payload} | {content} | {ratio} |");
    }
    put!(text, "");
}

fn slowest(text: &mut String, run: &Run) {
    let cases = run.slowest(SLOWEST);
    if cases.is_empty() {
        return;
    }
    put!(text, "| slowest cases | time | tester's CPU |\n| --- | ---: | ---: |");
    for case in cases {
        let outcome = case.outcome();
        let title = format!("{} {}", escape(case.id()), escape(&case.brief.title));
        put!(text, "| {title} | {} | {} |", time(outcome.duration), time(outcome.cpu));
    }
    put!(text, "");
}

/// Text in which nothing is taken for Markdown, on one line.
fn escape(text: &str) -> String {
    let mut open = String::with_capacity(text.len());
    for character in super::plain::line(text).chars() {
        match character {
            // A name behind it would be told, an issue would be linked.
            '@' | '#' => {
                open.push('\\');
                open.push(character);
            }
            // A point, a bracket or a dash does something only at the beginning of a line, and it does not get there.
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '!' | '$' => {
                open.push('\\');
                open.push(character);
            }
            character => open.push(character),
        }
    }
    open
}

/// Text in which nothing is taken for HTML, on one line.
fn html(text: &str) -> String {
    let text = super::plain::line(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "&#64;").replace('`', "&#96;")
}

/// Text as a block that holds whatever is in it.
fn fenced(text: &str) -> String {
    let text = plain(text);
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}", text.trim_end())
}

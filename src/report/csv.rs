//! `cases.csv`: one row per case, for spreadsheets.

use csv::Writer;

use super::plain::{line, milliseconds};
use super::run::{Case, Report, Run};
use super::text::reasons;
use super::volume::Volumes;
use crate::watch::Verdict;

const COLUMNS: [&str; 27] = [
    "agent",
    "target",
    "case",
    "section",
    "title",
    "level",
    "clauses",
    "rules",
    "verdict",
    "close_verdict",
    "passed",
    "flaky",
    "attempts",
    "duration_ms",
    "cpu_ms",
    "remote_close_code",
    "sent_bytes",
    "sent_messages",
    "sent_payload",
    "sent_content",
    "received_bytes",
    "received_messages",
    "received_payload",
    "received_content",
    "broken",
    "why",
    "known",
];

/// The cases of all runs. Lists within a cell are separated by blanks, reasons by semicolons.
pub fn csv(report: &Report) -> String {
    let mut writer = Writer::from_writer(Vec::new());
    // Rows are all of the same length, and a vector takes everything.
    let _infallible = writer.write_record(COLUMNS);
    for run in &report.runs {
        for case in run.cases() {
            let _infallible = writer.write_record(row(run, &case));
        }
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

fn row(run: &Run, case: &Case<'_>) -> [String; 27] {
    let (brief, outcome) = (case.brief, case.outcome());
    let Volumes { sent, received } = Volumes::of(outcome);
    let rules = |rules: &mut dyn Iterator<Item = &'static str>| rules.collect::<Vec<_>>().join(" ");
    let why = match &outcome.verdict {
        Verdict::NotRun(reason) => vec![format!("not run, because {reason}")],
        _ if !case.passed() => reasons(outcome),
        _ => outcome.why().map(ToString::to_string).collect(),
    };
    [
        cell(run.agent.as_deref().unwrap_or_default()),
        cell(&run.plan.target),
        cell(&brief.id),
        cell(case.section()),
        cell(&brief.title),
        brief.level.to_string(),
        cell(&brief.clauses.join(" ")),
        rules(&mut brief.rules.iter().map(|rule| rule.name())),
        outcome.verdict.word().to_owned(),
        outcome.close.word().to_owned(),
        case.passed().to_string(),
        case.is_flaky().to_string(),
        outcome.attempts.to_string(),
        milliseconds(outcome.duration).to_string(),
        milliseconds(outcome.cpu).to_string(),
        outcome.remote_close_code().map(|code| code.0.to_string()).unwrap_or_default(),
        sent.bytes.to_string(),
        sent.messages.to_string(),
        sent.payload.to_string(),
        sent.content.to_string(),
        received.bytes.to_string(),
        received.messages.to_string(),
        received.payload.to_string(),
        received.content.to_string(),
        rules(&mut outcome.broken().iter().map(|rule| rule.name())),
        cell(&why.join("; ")),
        cell(case.known().unwrap_or_default()),
    ]
}

/// Text as a cell. A spreadsheet takes what begins with one of these signs for a formula, and some of it is written by
/// the target.
fn cell(text: &str) -> String {
    let text = line(text);
    if text.trim_start().starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

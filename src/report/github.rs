//! What GitHub shows of a run: annotations. The step summary is the one of [`markdown`](super::markdown).

use std::fmt::Write as _;

use super::plain::{line, plain};
use super::run::{Case, Report};
use super::text::{failed_word, reasons};

/// The most annotations of each kind: GitHub shows no more of a step.
const MOST: usize = 10;

/// Workflow commands, a line each: an error for each case that failed, a warning for each that passed only when it was
/// tried again.
pub fn annotations(report: &Report) -> String {
    let mut text = String::new();
    let (mut errors, mut warnings) = (0, 0);
    for run in &report.runs {
        for case in run.cases().filter(|case| case.was_run()) {
            let who = run.agent.as_deref().map(|agent| format!("{agent}: ")).unwrap_or_default();
            let title = format!("{who}{} {}", case.id(), case.brief.title);
            if case.failed() {
                errors += 1;
                let title = format!("{} {title}", failed_word(case.outcome()));
                annotate(&mut text, "error", errors, &title, &failure(&case));
            } else if case.is_flaky() {
                warnings += 1;
                let words = format!("It failed before it passed in attempt {}.", case.outcome().attempts);
                annotate(&mut text, "warning", warnings, &format!("FLAKY {title}"), &words);
            }
        }
    }
    if let more @ 1.. = errors.saturating_sub(MOST) {
        let _infallible =
            writeln!(text, "::notice title=wslab::… and {more} more cases failed; the summary tells of all");
    }
    text
}

fn failure(case: &Case<'_>) -> String {
    format!("{}\n\nrepeat: {}", reasons(case.outcome()).join("\n"), case.repeat())
}

fn annotate(text: &mut String, kind: &str, number: usize, title: &str, message: &str) {
    if number <= MOST {
        let _infallible = writeln!(text, "::{kind} title={}::{}", property(&line(title)), data(&plain(message)));
    }
}

/// Text as the message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text as the value of a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

//! What a run came to, in the words in which every report says it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::compare::{Change, Comparison};
use super::plain::{count, line, milliseconds};
use super::run::Run;
use crate::watch::{Outcome, Reason, Verdict};

/// Failures that are told in full on a screen.
pub const FAILURES: usize = 25;

/// The word for a case that did not pass: its verdict, or that of its closing.
pub fn failed_word(outcome: &Outcome) -> String {
    if outcome.verdict.is_failure() || outcome.verdict == Verdict::NonStrict {
        outcome.verdict.word().to_uppercase()
    } else {
        format!("CLOSE {}", outcome.close.word()).to_uppercase()
    }
}

/// The word for a case that is told though it does not count as failed.
pub fn weak_word(outcome: &Outcome) -> String {
    match outcome.known {
        Some(_) => format!("known, {}", failed_word(outcome).to_lowercase()),
        None => outcome.verdict.word().to_owned(),
    }
}

/// Why a case did not pass; its verdict if there is no more to say.
pub(super) fn reasons(outcome: &Outcome) -> Vec<String> {
    let mut why: Vec<String> = outcome.why().map(ToString::to_string).collect();
    if let Verdict::Broken(trouble) = &outcome.verdict {
        why.push(trouble.to_string());
    }
    if why.is_empty() {
        why.push(outcome.verdict.word().to_owned());
    }
    why
}

/// What a run came to, in a line: see [`came_to`].
pub fn conclusion(run: &Run) -> String {
    came_to(run.tests.iter().map(|test| &test.outcome), run.plan.heading.strict, run.duration())
}

/// `298 of 301 cases passed in 1.2 s, 1 of them only when repeated, 1 known deviation; 2 not run, because enough cases
/// had failed`.
pub fn came_to<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>, strict: bool, duration: Duration) -> String {
    let (mut all, mut passed, mut flaky, mut known) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut not_run: Vec<(Reason, usize)> = Vec::new();
    for outcome in outcomes {
        all += 1;
        flaky += usize::from(outcome.is_flaky());
        match outcome.verdict {
            Verdict::NotRun(reason) => match not_run.iter_mut().find(|(other, _)| *other == reason) {
                Some((_, cases)) => *cases += 1,
                None => not_run.push((reason, 1)),
            },
            _ if outcome.passes(strict) => passed += 1,
            _ => known += usize::from(outcome.known.is_some()),
        }
    }
    let mut words = format!("{passed} of {all} cases passed in {:.1} s", milliseconds(duration) / 1e3);
    if flaky > 0 {
        words.push_str(&format!(", {flaky} of them only when repeated"));
    }
    if known > 0 {
        words.push_str(&format!(", {}", count(known, "known deviation")));
    }
    for (index, (reason, cases)) in not_run.into_iter().enumerate() {
        let mark = if index == 0 { "; " } else { ", " };
        words.push_str(&format!("{mark}{cases} not run, because {}", reason.words(cases)));
    }
    words
}

/// What stands on a screen for failures beyond [`FAILURES`].
pub fn more_failed(more: usize) -> String {
    format!("… and {more} more failed; --json tells of all")
}

/// What a reader has to know before believing the rest, a sentence each.
pub fn remarks(run: &Run) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(trouble) = &run.unreachable {
        let never = if run.not_run() == run.tests.len() { "was never" } else { "was not always" };
        remarks.push(format!("{} {never} reachable: {trouble}.", run.name()));
    }
    if !run.is_complete() {
        remarks.push("The recording ends before the run does.".to_owned());
    }
    if run.recordings > 1 {
        let overlaps = match run.overlaps {
            0 => String::new(),
            cases => format!(" Of {}, run more than once, the last run counts.", count(cases as usize, "case")),
        };
        remarks.push(format!("Merged from {} recordings.{overlaps}", run.recordings));
    }
    if let Some(shard) = run.plan.heading.shard.as_deref().filter(|shards| !are_all(shards)) {
        remarks.push(format!("Of all selected cases, these are the shares {shard}."));
    }
    remarks
}

/// Whether these shares, such as `1/2, 2/2`, are the whole.
fn are_all(shards: &str) -> bool {
    let shares: Option<BTreeSet<(u64, u64)>> = shards
        .split(", ")
        .map(|shard| {
            let (share, of) = shard.split_once('/')?;
            Some((of.parse().ok()?, share.parse().ok()?))
        })
        .collect();
    let shares = shares.unwrap_or_default();
    shares.first().is_some_and(|&(of, _)| (1..=of).take(shares.len() + 1).all(|share| shares.contains(&(of, share))))
}

/// A comparison, as its lists: each with a title, and the cases with what became of them.
pub(super) fn lists(comparison: &Comparison) -> Vec<(&'static str, Vec<(String, String)>)> {
    let changes = |changes: &[Change]| {
        changes.iter().map(|change| (change.case.clone(), format!("{} → {}", change.before, change.now))).collect()
    };
    let cases = |cases: &[String]| cases.iter().map(|case| (case.clone(), String::new())).collect();
    let all: [(&'static str, Vec<(String, String)>); 6] = [
        ("newly failing", changes(&comparison.newly_failing)),
        ("newly passing", changes(&comparison.newly_passing)),
        ("another verdict", changes(&comparison.other_verdict)),
        ("another close verdict", changes(&comparison.other_close)),
        ("run only now", cases(&comparison.only_now)),
        ("run only before", cases(&comparison.only_before)),
    ];
    all.into_iter().filter(|(_, cases)| !cases.is_empty()).collect()
}

/// With what a run was compared: the earlier one's name, time and version.
pub(super) fn compared_with(comparison: &Comparison) -> String {
    let at = comparison.begun.to_string();
    let at = at.split('.').next().unwrap_or_default().trim_end_matches('Z').replace('T', " ");
    format!("{} at {at} UTC, wslab {}", comparison.name, comparison.version)
}

/// A comparison as text for a terminal.
pub fn comparison(comparison: &Comparison) -> String {
    let mut text = format!("compared with {}: ", line(&compared_with(comparison)));
    if comparison.is_empty() {
        text.push_str(&format!("no difference in {}\n", count(comparison.same, "case")));
        return text;
    }
    text.push_str(&format!("{} as before\n", comparison.same));
    for (title, cases) in lists(comparison) {
        if cases.iter().all(|(_, change)| change.is_empty()) {
            let more = if cases.len() > 8 { ", …" } else { "" };
            let ids: Vec<String> = cases.iter().take(8).map(|(case, _)| line(case)).collect();
            text.push_str(&format!("  {title}: {} ({}{more})\n", cases.len(), ids.join(", ")));
            continue;
        }
        text.push_str(&format!("  {title}: {}\n", cases.len()));
        for (case, change) in cases.iter().take(25) {
            text.push_str(&format!("    {:<10} {change}\n", line(case)));
        }
        if let more @ 1.. = cases.len().saturating_sub(25) {
            text.push_str(&format!("    … and {more} more\n"));
        }
    }
    text
}

//! JSON: the lines that `wslab conform --json` prints, one object per case, and the whole report.

use serde_json::{Value, json};

use super::compare::{Change, Comparison, Standing};
use super::failure::{alternatives, requirement};
use super::plain::milliseconds;
use super::run::{Case, Report, Run, Section};
use super::table::Tally;
use super::volume::{Volume, Volumes};
use crate::watch::{Brief, Outcome, Summary, Verdict};

/// A finished case.
pub fn json_outcome(brief: &Brief, outcome: &Outcome) -> Value {
    json!({
        "id": outcome.case,
        "verdict": outcome.verdict.word(),
        "close_verdict": outcome.close.word(),
        "rules": brief.rules.iter().map(|rule| rule.name()).collect::<Vec<_>>(),
        "level": brief.level.to_string(),
        "duration_ms": milliseconds(outcome.duration),
        "remote_close_code": outcome.remote_close_code().map(|code| code.0),
        "broken": outcome.broken().iter().map(|rule| rule.name()).collect::<Vec<_>>(),
        "why": outcome.why().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// A case that may be run: what `wslab cases --json` prints.
pub fn json_case(brief: &Brief) -> Value {
    json!({
        "id": brief.id,
        "title": brief.title,
        "level": brief.level.to_string(),
        "clauses": brief.clauses,
        "rules": brief.rules.iter().map(|rule| rule.name()).collect::<Vec<_>>(),
        "tags": brief.tags,
        "note": brief.note,
    })
}

/// The last line: how many cases have which verdict.
pub fn json_summary(summary: &Summary) -> Value {
    let counts: serde_json::Map<_, _> =
        Verdict::WORDS.iter().map(|word| ((*word).to_owned(), summary.count(word).into())).collect();
    json!({ "summary": counts })
}

/// `report.json`: the runs with everything that is known of each case but the transcript, which is in the recording.
pub fn json(report: &Report) -> String {
    let runs: Vec<Value> = report.runs.iter().map(run).collect();
    let mut text = format!("{:#}", json!({ "runs": runs }));
    text.push('\n');
    text
}

fn run(run: &Run) -> Value {
    let heading = &run.plan.heading;
    let verdicts = run.verdicts().into_iter().map(|(word, count)| (word.to_owned(), count.into()));
    let volumes = run.volumes();
    json!({
        "agent": run.agent,
        "target": run.plan.target,
        "role": run.plan.role.to_string(),
        "version": heading.version,
        "command": heading.command,
        "strict": heading.strict,
        "shard": heading.shard,
        "recordings": run.recordings,
        "overlaps": run.overlaps,
        "begun": run.begun.to_string(),
        "ended": run.ended.to_string(),
        "duration_ms": milliseconds(run.duration()),
        "cpu_ms": milliseconds(run.cpu()),
        "complete": run.summary.as_ref().is_some_and(|summary| summary.stopped.is_none()),
        "stopped": run.summary.as_ref().and_then(|summary| summary.stopped).map(|reason| reason.to_string()),
        "unreachable": run.unreachable.as_ref().map(ToString::to_string),
        "summary": serde_json::Map::from_iter(verdicts),
        "passed": run.passed(),
        "failed": run.failed(),
        "known": run.known(),
        "not_run": run.not_run(),
        "flaky": run.flaky(),
        "sent": volume(volumes.sent),
        "received": volume(volumes.received),
        "sections": run.sections().iter().map(section).collect::<Vec<_>>(),
        "cases": run.cases().map(|one| case(&one)).collect::<Vec<_>>(),
        "comparison": run.comparison.as_ref().map(comparison),
    })
}

fn section(section: &Section<'_>) -> Value {
    let Tally { cases, ok, non_strict, informational, unimplemented, failed, closing, not_run } = section.tally();
    json!({
        "id": section.id,
        "title": section.title,
        "cases": cases,
        "ok": ok,
        "non_strict": non_strict,
        "informational": informational,
        "unimplemented": unimplemented,
        "failed": failed,
        "bad_close": closing,
        "not_run": not_run,
        "duration_ms": milliseconds(section.duration()),
        "cpu_ms": milliseconds(section.cpu()),
    })
}

fn case(case: &Case<'_>) -> Value {
    let outcome = case.outcome();
    let Value::Object(mut all) = json_outcome(case.brief, outcome) else { return Value::Null };
    let volumes = Volumes::of(outcome);
    let opening = outcome.transcript.as_ref().and_then(|transcript| transcript.opening.as_ref());
    let more = json!({
        "title": case.brief.title,
        "clauses": case.brief.clauses,
        "tags": case.brief.tags,
        "requirement": requirement(case.brief),
        "expected": alternatives(case.brief),
        "not_run": match outcome.verdict {
            Verdict::NotRun(reason) => Some(reason.to_string()),
            _ => None,
        },
        "passed": case.passed(),
        "known": case.known(),
        "flaky": case.is_flaky(),
        "attempts": outcome.attempts,
        "begun": case.test.begun.map(|time| time.to_string()),
        "cpu_ms": milliseconds(outcome.cpu),
        "subprotocol": opening.and_then(|opening| opening.subprotocol.as_deref()),
        "extensions": opening.map(|opening| opening.extensions.as_str()).filter(|words| !words.is_empty()),
        "sent": volume(volumes.sent),
        "received": volume(volumes.received),
        "repeat": case.repeat(),
    });
    if let Value::Object(more) = more {
        all.extend(more);
    }
    Value::Object(all)
}

fn volume(volume: Volume) -> Value {
    let Volume { bytes, frames, messages, payload, content } = volume;
    json!({
        "bytes": bytes,
        "frames": frames,
        "messages": messages,
        "payload": payload,
        "content": content,
        "ratio": volume.ratio(),
    })
}

fn comparison(comparison: &Comparison) -> Value {
    let changes = |changes: &[Change]| -> Vec<Value> {
        let change = |change: &Change| {
            let standing = |standing: Standing| json!({ "verdict": standing.verdict, "close_verdict": standing.close });
            json!({ "id": change.case, "before": standing(change.before), "now": standing(change.now) })
        };
        changes.iter().map(change).collect()
    };
    json!({
        "with": comparison.name,
        "begun": comparison.begun.to_string(),
        "version": comparison.version,
        "newly_failing": changes(&comparison.newly_failing),
        "newly_passing": changes(&comparison.newly_passing),
        "other_verdict": changes(&comparison.other_verdict),
        "other_close_verdict": changes(&comparison.other_close),
        "only_now": comparison.only_now,
        "only_before": comparison.only_before,
        "same": comparison.same,
    })
}

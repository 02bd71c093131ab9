//! One JSON object per case: what `wslab conform --json` prints.

use serde_json::{Value, json};

use crate::watch::{Brief, Outcome, Summary, Transcript, Verdict};

/// A finished case.
pub fn json_outcome(brief: &Brief, outcome: &Outcome) -> Value {
    let remote = outcome.transcript.as_ref().and_then(remote_close_code);
    json!({
        "id": outcome.case,
        "verdict": outcome.verdict.word(),
        "close_verdict": outcome.close.word(),
        "rules": brief.rules.iter().map(|rule| rule.name()).collect::<Vec<_>>(),
        "level": brief.level.to_string(),
        "duration_ms": outcome.duration.as_micros() as f64 / 1e3,
        "remote_close_code": remote,
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

fn remote_close_code(transcript: &Transcript) -> Option<u16> {
    transcript.closing.remote.as_ref()?.code.map(|code| code.0)
}

/// The last line: how many cases have which verdict.
pub fn json_summary(summary: &Summary) -> Value {
    let counts: serde_json::Map<_, _> =
        Verdict::WORDS.iter().map(|word| ((*word).to_owned(), summary.count(word).into())).collect();
    json!({ "summary": counts })
}

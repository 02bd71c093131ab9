//! Cases and outcomes, made by hand.

use std::time::Duration;

use wslab::conform::parse::Payloads;
use wslab::conform::{Baseline, Case, Corpus, Findings};
use wslab::proto::{Role, Rule};
use wslab::watch::{CloseVerdict, Outcome, Reason, Said, Transcript, Trouble, Verdict, Why};
use wslab::wire::CloseCode;

struct NoPayloads;

impl Payloads for NoPayloads {
    fn payload(&self, name: &str) -> Result<bytes::Bytes, String> {
        Err(format!("there is no {name}"))
    }
}

/// Cases of these ids.
pub(crate) fn cases(ids: &[&str]) -> Vec<Case> {
    let case = |id: &&str| {
        format!(
            "[[case]]\nid = \"{id}\"\ntitle = \"x\"\nrules = [\"ReservedBit\"]\nsend = []\nexpect = [{{ ok = [] }}]\nclose = {{ by = \"target\" }}\n"
        )
    };
    let text: String = ids.iter().map(case).collect();
    Corpus::of([("made", text.as_str())], &NoPayloads).unwrap().cases
}

pub(crate) fn baseline(text: &str) -> Baseline {
    Baseline::parse("made.toml", text).unwrap_or_else(|error| panic!("{error}"))
}

/// An entry that lacks nothing.
pub(crate) fn known(cases: &str, verdict: &str) -> String {
    format!("[[known]]\ncases = {cases}\nverdict = \"{verdict}\"\nreason = \"it is so\"\n")
}

pub(crate) fn outcome(case: &str, verdict: Verdict) -> Outcome {
    Outcome {
        case: case.to_owned(),
        verdict,
        close: CloseVerdict::Ok,
        close_why: None,
        known: None,
        attempts: 1,
        duration: Duration::ZERO,
        cpu: Duration::ZERO,
        stderr: String::new(),
        short: Vec::new(),
        transcript: None,
    }
}

pub(crate) fn ok(case: &str) -> Outcome {
    outcome(case, Verdict::Ok)
}

pub(crate) fn non_strict(case: &str) -> Outcome {
    outcome(case, Verdict::NonStrict)
}

pub(crate) fn failed(case: &str) -> Outcome {
    outcome(case, Verdict::Failed(vec![Why::Lost]))
}

pub(crate) fn broke(case: &str, rule: Rule) -> Outcome {
    outcome(case, Verdict::Failed(vec![Why::Broke(rule)]))
}

pub(crate) fn closed(outcome: Outcome, close: CloseVerdict, code: u16) -> Outcome {
    let mut transcript = Transcript::new(Role::Client);
    transcript.closing.remote = Some(Said { at: Duration::ZERO, code: Some(CloseCode(code)), reason: String::new() });
    Outcome { close, transcript: Some(transcript), ..outcome }
}

pub(crate) fn not_run(case: &str) -> Outcome {
    outcome(case, Verdict::NotRun(Reason::MaxFail))
}

pub(crate) fn broken(case: &str) -> Outcome {
    outcome(case, Verdict::Broken(Trouble::Refused))
}

/// What is found when the cases are those of the outcomes.
pub(crate) fn found(text: &str, outcomes: &[Outcome], strict: bool) -> Findings {
    let ids: Vec<&str> = outcomes.iter().map(|outcome| outcome.case.as_str()).collect();
    baseline(text).compare(&cases(&ids), outcomes, strict)
}

/// What is found, as a person reads it.
pub(crate) fn words(findings: &Findings) -> String {
    let known: Vec<&str> = findings.known.iter().map(|(case, _)| case.as_str()).collect();
    let stale: Vec<String> = findings.stale.iter().map(|stale| format!("{}: {stale}", stale.line)).collect();
    let unjudged = findings.unjudged;
    format!("known {known:?}, new {:?}, stale {stale:#?}, not judged {unjudged}", findings.new)
}

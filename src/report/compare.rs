//! Two runs, case by case: what is different now.

use std::collections::BTreeMap;

use super::run::{Case, Report, Run};
use crate::watch::Timestamp;

/// What is different from an earlier run. The cases of each list are in the order of their plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Who was tested earlier.
    pub name: String,
    /// When that was.
    pub begun: Timestamp,
    /// With which version of wslab.
    pub version: String,
    /// What passed and now fails.
    pub newly_failing: Vec<Change>,
    /// What failed and now passes.
    pub newly_passing: Vec<Change>,
    /// What passes or fails as it did, with another verdict.
    pub other_verdict: Vec<Change>,
    /// What has the same verdict, and another one on the end of the connection.
    pub other_close: Vec<Change>,
    /// What was run now and was not run before.
    pub only_now: Vec<String>,
    /// What was run before and was not run now.
    pub only_before: Vec<String>,
    /// How many cases came to the same.
    pub same: usize,
}

/// What a case came to, before and now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The id of the case.
    pub case: String,
    /// Before.
    pub before: Standing,
    /// Now.
    pub now: Standing,
}

/// What a case came to, in the words of the verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The verdict.
    pub verdict: &'static str,
    /// The verdict on the end of the connection.
    pub close: &'static str,
}

impl Standing {
    fn of(case: &Case<'_>) -> Self {
        Self { verdict: case.outcome().verdict.word(), close: case.outcome().close.word() }
    }
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.close {
            "ok" | "informational" => f.write_str(self.verdict),
            close => write!(f, "{}, close {close}", self.verdict),
        }
    }
}

impl Comparison {
    /// Compares `now` with `before`. Whether a case fails is decided as strictly as the run of now was.
    pub fn of(before: &Run, now: &Run) -> Self {
        let strict = now.plan.heading.strict;
        let mut comparison = Self {
            name: before.name().to_owned(),
            begun: before.begun,
            version: before.plan.heading.version.clone(),
            newly_failing: Vec::new(),
            newly_passing: Vec::new(),
            other_verdict: Vec::new(),
            other_close: Vec::new(),
            only_now: Vec::new(),
            only_before: Vec::new(),
            same: 0,
        };
        let mut known: BTreeMap<&str, Case<'_>> =
            before.cases().filter(Case::was_run).map(|case| (case.id(), case)).collect();
        for case in now.cases().filter(Case::was_run) {
            let Some(earlier) = known.remove(case.id()) else {
                comparison.only_now.push(case.id().to_owned());
                continue;
            };
            let change =
                Change { case: case.id().to_owned(), before: Standing::of(&earlier), now: Standing::of(&case) };
            let list = match (earlier.outcome().passes(strict), case.outcome().passes(strict)) {
                (true, false) => &mut comparison.newly_failing,
                (false, true) => &mut comparison.newly_passing,
                _ if change.before.verdict != change.now.verdict => &mut comparison.other_verdict,
                _ if change.before != change.now => &mut comparison.other_close,
                _ => {
                    comparison.same += 1;
                    continue;
                }
            };
            list.push(change);
        }
        let left = before.cases().filter(|case| known.contains_key(case.id()));
        comparison.only_before = left.map(|case| case.id().to_owned()).collect();
        comparison
    }

    /// What a case came to before, if that was something else.
    pub fn change(&self, case: &str) -> Option<Standing> {
        let lists = [&self.newly_failing, &self.newly_passing, &self.other_verdict, &self.other_close];
        lists.into_iter().flatten().find(|change| change.case == case).map(|change| change.before)
    }

    /// Whether there is no difference at all.
    pub const fn is_empty(&self) -> bool {
        self.newly_failing.is_empty()
            && self.newly_passing.is_empty()
            && self.other_verdict.is_empty()
            && self.other_close.is_empty()
            && self.only_now.is_empty()
            && self.only_before.is_empty()
    }
}

impl Report {
    /// Compares each run with the earlier one of the same agent, or of the same target; where both reports have one run
    /// only, those two. Of several that fit, the last counts.
    #[must_use]
    pub fn compared_with(mut self, earlier: &Self) -> Self {
        let alone = self.runs.len() == 1 && earlier.runs.len() == 1;
        for run in &mut self.runs {
            let is_same = |other: &&Run| alone || (other.agent == run.agent && other.name() == run.name());
            run.comparison = earlier.runs.iter().rev().find(is_same).map(|before| Comparison::of(before, run));
        }
        self
    }
}

//! What a run is worth as a whole: the one mark that every report puts on it.

use super::run::{Case, Report, Run};
use crate::watch::Reason;

/// What a run is worth as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// All that can be asked of the target was asked, and nothing counts against it.
    Good,
    /// Nothing counts against the target, but it was not asked everything, by its own choice.
    Open,
    /// Something counts against the target, or nobody knows, for the run did not get that far.
    Bad,
}

impl Run {
    /// What the run is worth as a whole.
    pub fn mark(&self) -> Mark {
        let is_stopped = self.summary.as_ref().is_none_or(|summary| summary.stopped.is_some());
        let reasons = self.reasons();
        let is_for = |wanted: &[Reason]| reasons.iter().any(|(reason, _)| wanted.contains(reason));
        match () {
            () if self.failed() > 0 || is_stopped || self.unreachable.is_some() || is_for(&CUT_SHORT) => Mark::Bad,
            () if is_for(&[Reason::NotAsked]) || !self.cases().any(|case| case.was_run()) => Mark::Open,
            () => Mark::Good,
        }
    }
}

/// Why a case was not run that might have failed.
const CUT_SHORT: [Reason; 6] = [
    Reason::MaxFail,
    Reason::Unreachable,
    Reason::NeverOpened,
    Reason::Cancelled,
    Reason::Unrecorded,
    Reason::Unfinished,
];

impl Report {
    /// Whether nothing counts against a target, and no run was cut short.
    pub fn passes(&self) -> bool {
        self.runs.iter().all(|run| run.mark() != Mark::Bad)
    }

    /// Whether any case of any run was run.
    pub fn was_run(&self) -> bool {
        self.runs.iter().flat_map(Run::cases).any(|case: Case<'_>| case.was_run())
    }
}

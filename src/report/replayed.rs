//! Runs as the events that fold to them: what a merged recording holds.

use super::run::{Report, Run};
use crate::watch::{Event, Kind, Reason, Timestamp, Verdict};

impl Report {
    /// The events that fold to these runs, one run after another. Which recordings a run was merged from is not in them.
    pub fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.runs.iter().flat_map(Run::events)
    }
}

impl Run {
    fn events(&self) -> impl Iterator<Item = Event> + '_ {
        let event = |at: Timestamp, kind| Event { at, agent: self.agent.clone(), connection: None, kind };
        let mut events = vec![event(self.begun, Kind::RunStarted(self.plan.clone()))];
        events.extend(self.unreachable.iter().map(|trouble| event(self.begun, Kind::Unreachable(trouble.clone()))));
        for case in self.cases() {
            let test = case.test;
            let begun = test.begun.unwrap_or(self.begun);
            for earlier in &test.retried {
                events.push(event(begun, Kind::CaseRetried(Box::new(earlier.clone()))));
            }
            if let Some(at) = test.begun {
                let attempt = test.outcome.attempts.max(1);
                events.push(event(at, Kind::CaseStarted { case: case.id().to_owned(), attempt }));
            }
            if !matches!(test.outcome.verdict, Verdict::NotRun(Reason::Unrecorded | Reason::Unfinished)) {
                let at = test.ended.unwrap_or(self.ended);
                events.push(event(at, Kind::CaseFinished(Box::new(test.outcome.clone()))));
            }
        }
        events.extend(self.summary.iter().map(|summary| event(self.ended, Kind::RunFinished(summary.clone()))));
        events.into_iter()
    }
}

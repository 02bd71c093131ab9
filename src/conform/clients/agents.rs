//! The agents of a run: what each has come to.

use std::collections::HashMap;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::resource::Numbered;
use crate::conform::run::not_run;
use crate::conform::{Conclusion, SpecCases};
use crate::watch::{Outcome, Reason, Summary, Verdict};

/// The most agents whose results are kept.
pub(super) const MOST: usize = 64;

/// A client under test, by the name that it gives itself.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) name: String,
    begun: Instant,
    /// What the cases came to, without transcripts.
    outcomes: Vec<Option<Outcome>>,
    /// How often each case is being played.
    running: HashMap<usize, usize>,
    /// What was told at the end of its run, if nothing has begun since.
    summary: Option<Summary>,
    /// Who waits for a result.
    asking: Vec<(usize, oneshot::Sender<String>)>,
    /// Who waits for the end of the run.
    pub(super) finishing: Vec<oneshot::Sender<()>>,
}

impl Agent {
    pub(super) fn new(name: String, numbered: &Numbered) -> Self {
        Self {
            name,
            begun: Instant::now(),
            outcomes: vec![None; numbered.cases.len()],
            running: HashMap::new(),
            summary: None,
            asking: Vec::new(),
            finishing: Vec::new(),
        }
    }

    pub(super) fn begins(&mut self, case: usize) {
        *self.running.entry(case).or_default() += 1;
        self.summary = None;
    }

    /// A case is over; without an outcome if it was broken off.
    pub(super) fn ends(&mut self, case: usize, outcome: Option<Outcome>) {
        if let Some(running) = self.running.get_mut(&case) {
            *running -= 1;
            if *running == 0 {
                self.running.remove(&case);
            }
        }
        if let Some(outcome) = outcome {
            self.outcomes[case] = Some(Outcome { transcript: None, ..outcome });
        }
        self.reply();
    }

    /// Somebody wants to know what a case came to.
    pub(super) fn asks(&mut self, case: usize, reply: oneshot::Sender<String>) {
        self.asking.retain(|(_, reply)| !reply.is_closed());
        self.asking.push((case, reply));
        self.reply();
    }

    /// Tells those who wait for a result that is there, and lets those go who wait for none.
    fn reply(&mut self) {
        for (case, reply) in std::mem::take(&mut self.asking) {
            let ran = |outcome: &&Outcome| !matches!(outcome.verdict, Verdict::NotRun(_));
            match self.outcomes[case].as_ref().filter(ran) {
                Some(outcome) if !self.running.contains_key(&case) => {
                    // Whoever left wants to know no more.
                    let _ = reply.send(outcome.verdict.word().to_uppercase());
                }
                _ if self.running.contains_key(&case) => self.asking.push((case, reply)),
                // Nothing is going on that it could wait for.
                _ => drop(reply),
            }
        }
    }

    /// Whether a case is being played.
    pub(super) fn is_busy(&self) -> bool {
        !self.running.is_empty()
    }

    /// Whether nothing is left to be asked for.
    pub(super) fn is_complete(&self, numbered: &Numbered, excluded: &SpecCases) -> bool {
        let has_run = |index: &usize| {
            self.outcomes[*index].as_ref().is_some_and(|outcome| !matches!(outcome.verdict, Verdict::NotRun(_)))
        };
        let is_excluded = |index: &usize| excluded.excludes(&self.name, &numbered.cases[*index]);
        numbered.indices().iter().all(|index| has_run(index) || is_excluded(index))
    }

    /// Gives every case without an outcome one that says why. Those are returned.
    pub(super) fn fill(&mut self, numbered: &Numbered, excluded: &SpecCases, reason: Reason) -> Vec<Outcome> {
        let mut filled = Vec::new();
        for (index, outcome) in self.outcomes.iter_mut().enumerate().filter(|(_, outcome)| outcome.is_none()) {
            let is_excluded = excluded.excludes(&self.name, &numbered.cases[index]);
            let reason = if is_excluded { Reason::Excluded } else { reason };
            let reason = numbered.playable(index).err().unwrap_or(reason);
            filled.push(outcome.insert(not_run(&numbered.cases[index], reason)).clone());
        }
        filled
    }

    /// Whether the end of its run was told, and nothing has begun since.
    pub(super) const fn is_finished(&self) -> bool {
        self.summary.is_some()
    }

    /// Ends its run.
    pub(super) fn finish(&mut self, stopped: Option<Reason>) -> Summary {
        let mut summary = Summary { stopped, duration: self.begun.elapsed(), ..Summary::default() };
        for outcome in self.outcomes.iter().flatten() {
            *summary.verdicts.entry(outcome.verdict.word().to_owned()).or_default() += 1;
        }
        self.summary.insert(summary).clone()
    }

    /// What its run came to.
    pub(super) fn conclude(self) -> Conclusion {
        let outcomes = self.outcomes.into_iter().flatten().collect();
        Conclusion { summary: self.summary.unwrap_or_default(), outcomes, reached: true, told: Ok(()) }
    }
}

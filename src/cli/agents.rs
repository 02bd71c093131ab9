//! What is shown of several clients that are tested at the same time: each has a screen of its own.

use std::collections::BTreeMap;
use std::io;

use indicatif::MultiProgress;

use super::conform::Conform;
use super::screen::Screen;
use super::{Everywhere, progress};
use crate::conform::{Conclusion, Corpus, Outcome};
use crate::watch::{Event, Kind, Sink};

/// The screens of the agents.
pub(super) struct Agents<'a> {
    conform: &'a Conform,
    everywhere: &'a Everywhere,
    corpus: &'a Corpus,
    bars: MultiProgress,
    shown: BTreeMap<String, Shown<'a>>,
}

/// What is known of one of them.
struct Shown<'a> {
    screen: Screen<'a>,
    /// The ids of its cases, in order.
    cases: Vec<String>,
    /// The last outcome of each case, without its transcript.
    outcomes: BTreeMap<String, Outcome>,
}

impl<'a> Agents<'a> {
    pub(super) fn new(conform: &'a Conform, everywhere: &'a Everywhere, corpus: &'a Corpus) -> Self {
        Self { conform, everywhere, corpus, bars: progress::bars(), shown: BTreeMap::new() }
    }
}

impl Sink for Agents<'_> {
    fn take(&mut self, event: &Event) -> io::Result<()> {
        let Some(agent) = &event.agent else { return Ok(()) };
        if let Kind::RunStarted(plan) = &event.kind {
            let screen = Screen::of_agent(self.conform, self.everywhere, plan.cases.len(), agent, &self.bars);
            let cases = plan.cases.iter().map(|case| case.id.clone()).collect();
            self.shown.insert(agent.clone(), Shown { screen, cases, outcomes: BTreeMap::new() });
        }
        let Some(shown) = self.shown.get_mut(agent) else { return Ok(()) };
        if let Kind::CaseFinished(outcome) = &event.kind {
            let slim = Outcome { transcript: None, ..(**outcome).clone() };
            if let Some(former) = shown.outcomes.insert(outcome.case.clone(), slim) {
                shown.screen.forget(&former);
            }
        }
        shown.screen.take(event)?;
        if let Kind::RunFinished(summary) = &event.kind {
            let outcomes = shown.cases.iter().filter_map(|case| shown.outcomes.get(case).cloned()).collect();
            let conclusion = Conclusion { summary: summary.clone(), outcomes, reached: true, told: Ok(()) };
            shown.screen.finish(self.corpus, &conclusion)?;
        }
        Ok(())
    }
}

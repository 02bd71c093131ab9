//! The one fold: events in, runs out.
//!
//! Every report is rendered from [`Run`]s, and there is one way from events to them, so a live run and its recording
//! give the same reports. Any sequence of events folds: a recording that ends early is a run whose other cases were not
//! run.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::compare::Comparison;
use super::table::Tally;
use super::volume::Volumes;
use crate::watch::{Brief, Event, Heading, Kind, Outcome, Plan, Reason, Sink, Summary, Timestamp, Trouble, Verdict};

/// All that reports are rendered from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The runs, in the order in which they began.
    pub runs: Vec<Run>,
    /// Events that belong to no run: their beginning is missing, or no plan holds their case.
    pub strays: u64,
}

impl Report {
    /// Folds events.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut fold = Fold::default();
        events.into_iter().for_each(|event| fold.add(event));
        fold.finish()
    }
}

/// What was tested in one go: one target, or one agent of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Who was tested, where several were.
    pub agent: Option<String>,
    /// What was to be done.
    pub plan: Plan,
    /// What became of each case of the plan, in its order.
    pub tests: Vec<Test>,
    /// When it began.
    pub begun: Timestamp,
    /// When the last thing happened.
    pub ended: Timestamp,
    /// What it said of itself at its end; `None` if the recording ends before.
    pub summary: Option<Summary>,
    /// Why the target could not be reached, if it could not.
    pub unreachable: Option<Trouble>,
    /// How many recordings it was merged from.
    pub recordings: u64,
    /// How many cases were run in more than one of them.
    pub overlaps: u64,
    /// What is different from an earlier run, if there is one to compare with.
    pub comparison: Option<Comparison>,
}

/// What became of a case of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// When it began, the last time.
    pub begun: Option<Timestamp>,
    /// When it was over.
    pub ended: Option<Timestamp>,
    /// What it came to.
    pub outcome: Outcome,
    /// What it came to before, when it was tried again.
    pub retried: Vec<Outcome>,
}

/// A case and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The case.
    pub brief: &'a Brief,
    /// What became of it.
    pub test: &'a Test,
    heading: &'a Heading,
}

impl<'a> Case<'a> {
    /// Its id.
    pub fn id(&self) -> &'a str {
        &self.brief.id
    }

    /// What it came to.
    pub const fn outcome(&self) -> &'a Outcome {
        &self.test.outcome
    }

    /// The command that runs it again.
    pub fn repeat(&self) -> String {
        self.heading.repeat(&self.brief.id)
    }

    /// Whether it was run.
    pub const fn was_run(&self) -> bool {
        !matches!(self.test.outcome.verdict, Verdict::NotRun(_))
    }

    /// Whether it counts against the target.
    pub fn failed(&self) -> bool {
        self.outcome().fails(self.heading.strict)
    }

    /// Whether it was run and passed.
    pub fn passed(&self) -> bool {
        self.was_run() && self.outcome().passes(self.heading.strict)
    }

    /// Why it was to be expected that it does not pass, if a baseline knows of it.
    pub fn known(&self) -> Option<&'a str> {
        let outcome = self.outcome();
        outcome.known.as_deref().filter(|_| self.was_run() && !outcome.passes(self.heading.strict))
    }

    /// Whether it passed only when it was tried again.
    pub fn is_flaky(&self) -> bool {
        self.outcome().is_flaky()
    }

    /// The section: what stands before the first dot of the id.
    pub fn section(&self) -> &'a str {
        self.id().split('.').next().unwrap_or_default()
    }
}

/// The cases whose ids begin alike.
#[derive(Clone, Debug)]
pub struct Section<'a> {
    /// What they begin with.
    pub id: &'a str,
    /// The title; empty if nobody gave it one.
    pub title: &'a str,
    /// The cases.
    pub cases: Vec<Case<'a>>,
}

impl Section<'_> {
    /// How many cases came to what.
    pub fn tally(&self) -> Tally {
        Tally::of(self.cases.iter().map(Case::outcome))
    }

    /// How long the cases took together; they may have run at the same time.
    pub fn duration(&self) -> Duration {
        self.cases.iter().map(|case| case.outcome().duration).sum()
    }

    /// The tester's own CPU time.
    pub fn cpu(&self) -> Duration {
        self.cases.iter().map(|case| case.outcome().cpu).sum()
    }
}

impl Run {
    fn new(agent: Option<String>, begun: Timestamp, plan: &Plan) -> Self {
        let mut plan = plan.clone();
        let mut known = std::collections::BTreeSet::new();
        plan.cases.retain(|case| known.insert(case.id.clone()));
        let tests = plan.cases.iter().map(|case| Test::awaited(&case.id)).collect();
        Self {
            agent,
            plan,
            tests,
            begun,
            ended: begun,
            summary: None,
            unreachable: None,
            recordings: 1,
            overlaps: 0,
            comparison: None,
        }
    }

    /// Who was tested: the agent's name, or the target.
    pub fn name(&self) -> &str {
        self.agent.as_deref().unwrap_or(&self.plan.target)
    }

    /// The cases, in the order of the plan.
    pub fn cases(&self) -> impl ExactSizeIterator<Item = Case<'_>> {
        let heading = &self.plan.heading;
        self.plan.cases.iter().zip(&self.tests).map(move |(brief, test)| Case { brief, test, heading })
    }

    /// The cases by section, in the order of the plan.
    pub fn sections(&self) -> Vec<Section<'_>> {
        let mut sections: Vec<Section<'_>> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for case in self.cases() {
            let id = case.section();
            let place = *places.entry(id).or_insert_with(|| {
                let title = self.plan.heading.sections.get(id).map(String::as_str).unwrap_or_default();
                sections.push(Section { id, title, cases: Vec::new() });
                sections.len() - 1
            });
            sections[place].cases.push(case);
        }
        sections
    }

    /// Whether the recording holds its end.
    pub const fn is_complete(&self) -> bool {
        self.summary.is_some()
    }

    /// How many cases came to what.
    pub fn tally(&self) -> Tally {
        Tally::of(self.tests.iter().map(|test| &test.outcome))
    }

    /// How many cases have each verdict, by its word, in the order in which summaries list them.
    pub fn verdicts(&self) -> [(&'static str, u64); 7] {
        Verdict::WORDS.map(|word| {
            let same = self.tests.iter().filter(|test| test.outcome.verdict.word() == word);
            (word, same.count() as u64)
        })
    }

    /// How many cases were run and passed.
    pub fn passed(&self) -> usize {
        self.cases().filter(Case::passed).count()
    }

    /// How many cases did not pass as a baseline knows.
    pub fn known(&self) -> usize {
        self.cases().filter(|case| case.known().is_some()).count()
    }

    /// How many cases count against the target.
    pub fn failed(&self) -> usize {
        self.cases().filter(Case::failed).count()
    }

    /// How many cases were not run.
    pub fn not_run(&self) -> usize {
        self.cases().filter(|case| !case.was_run()).count()
    }

    /// How many cases passed only when they were tried again.
    pub fn flaky(&self) -> usize {
        self.cases().filter(Case::is_flaky).count()
    }

    /// How long it took: as it said itself, or from the first to the last thing that is recorded.
    pub fn duration(&self) -> Duration {
        match &self.summary {
            Some(summary) => summary.duration,
            None => Duration::try_from(self.ended.duration_since(self.begun)).unwrap_or_default(),
        }
    }

    /// The tester's own CPU time in all cases.
    pub fn cpu(&self) -> Duration {
        self.tests.iter().map(|test| test.outcome.cpu).sum()
    }

    /// Everything that was on the wire, in numbers.
    pub fn volumes(&self) -> Volumes {
        self.tests.iter().map(|test| Volumes::of(&test.outcome)).sum()
    }

    /// The cases that took the longest, the slowest first.
    pub fn slowest(&self, most: usize) -> Vec<Case<'_>> {
        let mut cases: Vec<Case<'_>> = self.cases().filter(Case::was_run).collect();
        cases.sort_by_key(|case| std::cmp::Reverse(case.outcome().duration));
        cases.truncate(most);
        cases
    }

    /// Why cases were not run: the reasons in the order of the cases, each with how many it was.
    pub fn reasons(&self) -> Vec<(Reason, usize)> {
        let mut reasons: Vec<(Reason, usize)> = Vec::new();
        for test in &self.tests {
            let Verdict::NotRun(reason) = test.outcome.verdict else { continue };
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, count)) => *count += 1,
                None => reasons.push((reason, 1)),
            }
        }
        reasons
    }
}

impl Test {
    /// A test of which nothing is known yet.
    fn awaited(case: &str) -> Self {
        let outcome = Outcome::without_connection(case.to_owned(), Verdict::NotRun(Reason::Unrecorded));
        Self { begun: None, ended: None, outcome, retried: Vec::new() }
    }
}

/// Folds events into runs, one after another.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    report: Report,
    /// Where the run of each agent stands that is going on.
    going: BTreeMap<Option<String>, Going>,
}

#[derive(Clone, Debug)]
struct Going {
    run: usize,
    cases: BTreeMap<String, usize>,
}

impl Fold {
    /// Takes the next event.
    pub fn add(&mut self, event: &Event) {
        if let Kind::RunStarted(plan) = &event.kind {
            let run = Run::new(event.agent.clone(), event.at, plan);
            let cases = run.plan.cases.iter().enumerate().map(|(index, case)| (case.id.clone(), index)).collect();
            self.going.insert(event.agent.clone(), Going { run: self.report.runs.len(), cases });
            self.report.runs.push(run);
            return;
        }
        let Some(going) = self.going.get(&event.agent) else {
            self.report.strays += 1;
            return;
        };
        let run = &mut self.report.runs[going.run];
        run.ended = run.ended.max(event.at);
        let case = match &event.kind {
            Kind::CaseStarted { case, .. } => case,
            Kind::CaseRetried(outcome) | Kind::CaseFinished(outcome) => &outcome.case,
            Kind::Unreachable(trouble) => {
                run.unreachable = Some(trouble.clone());
                return;
            }
            Kind::RunFinished(summary) => {
                run.summary = Some(Summary { duration: micros(summary.duration), ..summary.clone() });
                return;
            }
            Kind::RunStarted(_) => return,
        };
        let Some(test) = going.cases.get(case).and_then(|&index| run.tests.get_mut(index)) else {
            self.report.strays += 1;
            return;
        };
        match &event.kind {
            Kind::CaseRetried(outcome) => test.retried.push(kept(outcome)),
            Kind::CaseFinished(outcome) => {
                test.ended = Some(event.at);
                test.outcome = kept(outcome);
            }
            _ => {
                test.begun = Some(event.at);
                if test.ended.is_none() {
                    test.outcome.verdict = Verdict::NotRun(Reason::Unfinished);
                }
            }
        }
    }

    /// The runs.
    pub fn finish(self) -> Report {
        self.report
    }
}

/// An outcome as its recording keeps it, so that sums of times do not differ between a run and its recording.
fn kept(outcome: &Outcome) -> Outcome {
    Outcome { duration: micros(outcome.duration), cpu: micros(outcome.cpu), ..outcome.clone() }
}

/// Whole microseconds.
fn micros(time: Duration) -> Duration {
    Duration::from_micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

impl Sink for Fold {
    fn take(&mut self, event: &Event) -> io::Result<()> {
        self.add(event);
        Ok(())
    }
}

//! Several recordings of one run, such as the shares of it that several machines did.

use std::collections::BTreeMap;

use super::run::{Report, Run, Test};
use crate::conform::Id;
use crate::watch::{Brief, Reason, Summary, Verdict};

/// By what recordings are known to be of the same run: the agent, the version, the role and the command.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    agent: Option<String>,
    version: String,
    role: String,
    command: String,
}

impl Key {
    fn of(run: &Run) -> Self {
        let heading = &run.plan.heading;
        // The command names the target, but for wslab's own server, which has another port each time.
        let command = if heading.command.is_empty() { run.plan.target.clone() } else { heading.command.clone() };
        Self { agent: run.agent.clone(), version: heading.version.clone(), role: run.plan.role.to_string(), command }
    }
}

impl Report {
    /// Joins what was recorded of the same run: of the same agent, with the same version and the same command. Others
    /// stay runs of their own.
    ///
    /// A case that is in several recordings counts as it was run last; where it was not run, it counts only if it was
    /// run in none of them.
    #[must_use]
    pub fn merged(reports: impl IntoIterator<Item = Self>) -> Self {
        let mut whole = Self::default();
        let mut places: BTreeMap<Key, usize> = BTreeMap::new();
        for report in reports {
            whole.strays += report.strays;
            for run in report.runs {
                match places.get(&Key::of(&run)) {
                    Some(&place) => whole.runs[place].join(run),
                    None => {
                        places.insert(Key::of(&run), whole.runs.len());
                        whole.runs.push(run);
                    }
                }
            }
        }
        whole.runs.sort_by_key(|run| run.begun);
        whole
    }
}

impl Run {
    fn join(&mut self, other: Self) {
        let mut all: BTreeMap<String, (Brief, Test)> = BTreeMap::new();
        let ours = self.plan.cases.drain(..).zip(self.tests.drain(..));
        for (brief, test) in ours.chain(other.plan.cases.into_iter().zip(other.tests)) {
            match all.get_mut(&brief.id) {
                None => {
                    all.insert(brief.id.clone(), (brief, test));
                }
                Some((_, known)) => {
                    self.overlaps += u64::from(was_run(known) && was_run(&test));
                    if rank(&test) >= rank(known) {
                        *known = test;
                    }
                }
            }
        }
        let mut all: Vec<(Brief, Test)> = all.into_values().collect();
        // Ids that are none sort behind those that are.
        all.sort_by_cached_key(|(brief, _)| brief.id.parse::<Id>().map_err(|_| brief.id.clone()));
        (self.plan.cases, self.tests) = all.into_iter().unzip();
        let heading = &mut self.plan.heading;
        heading.sections.extend(other.plan.heading.sections);
        heading.strict |= other.plan.heading.strict;
        heading.shard = match (heading.shard.take(), other.plan.heading.shard) {
            (Some(ours), Some(theirs)) if !ours.split(", ").any(|shard| shard == theirs) => {
                Some(format!("{ours}, {theirs}"))
            }
            (Some(ours), Some(_)) => Some(ours),
            // One of them had all cases.
            _ => None,
        };
        let summary = match (self.summary.take(), other.summary) {
            (Some(ours), Some(theirs)) => Some(Summary {
                stopped: ours.stopped.or(theirs.stopped),
                duration: ours.duration + theirs.duration,
                ..ours
            }),
            _ => None,
        };
        self.begun = self.begun.min(other.begun);
        self.ended = self.ended.max(other.ended);
        self.recordings += other.recordings;
        self.overlaps += other.overlaps;
        self.unreachable = self.unreachable.take().or(other.unreachable);
        // What one recording lacks another may have.
        let left = self.reasons();
        let is_left = |reason: Reason| left.iter().any(|(other, _)| *other == reason);
        self.unreachable = self.unreachable.take().filter(|_| is_left(Reason::Unreachable));
        let summary =
            summary.map(|summary| Summary { stopped: summary.stopped.filter(|&reason| is_left(reason)), ..summary });
        self.summary = summary.map(|summary| self.counted(summary));
    }

    /// The summary with the counts of what the run has now.
    fn counted(&self, summary: Summary) -> Summary {
        let counts = self.verdicts().into_iter().filter(|(_, count)| *count > 0);
        Summary {
            verdicts: counts.map(|(word, count)| (word.to_owned(), count)).collect(),
            flaky: self.flaky() as u64,
            ..summary
        }
    }
}

const fn was_run(test: &Test) -> bool {
    !matches!(test.outcome.verdict, Verdict::NotRun(_))
}

/// Which of two tests of a case counts: one that was run, or else one that could not be, and of those the later.
fn rank(test: &Test) -> (u8, Option<crate::watch::Timestamp>) {
    let known = match test.outcome.verdict {
        Verdict::NotRun(Reason::Unrecorded) => 0,
        Verdict::NotRun(_) => 1,
        _ => 2,
    };
    (known, test.ended)
}

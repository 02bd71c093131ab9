//! How far a conformance run has come.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::live::Progress;
use super::{Event, Kind, Outcome, Sink};

/// Keeps account of a run by its events, one after the other or of several agents together.
#[derive(Clone, Debug, Default)]
pub struct Running {
    progress: Progress,
    began: Option<Timestamp>,
    over: bool,
}

impl Running {
    /// Of a run of which nothing was told yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How far it has come, at this time.
    pub fn progress(&self, now: Timestamp) -> Progress {
        let mut progress = self.progress.clone();
        if !self.over {
            progress.elapsed = self.since_began(now);
        }
        progress
    }

    /// Whether it has ended.
    pub const fn is_over(&self) -> bool {
        self.over
    }

    fn since_began(&self, now: Timestamp) -> Duration {
        let since = self.began.map(|began| now.duration_since(began));
        since.and_then(|since| Duration::try_from(since).ok()).unwrap_or_default()
    }
}

impl Sink for Running {
    fn take(&mut self, event: &Event) -> io::Result<()> {
        self.began.get_or_insert(event.at);
        let progress = &mut self.progress;
        let named = |case: &str| match &event.agent {
            Some(agent) => format!("{agent}: {case}"),
            None => case.to_owned(),
        };
        match &event.kind {
            Kind::RunStarted(plan) => {
                if progress.target.is_empty() {
                    progress.target.clone_from(&plan.target);
                } else {
                    progress.target = format!("{}, {}", progress.target, plan.target);
                }
                progress.cases += plan.cases.len();
                self.over = false;
            }
            Kind::CaseStarted { case, .. } => {
                let case = named(case);
                if !progress.in_flight.contains(&case) {
                    progress.in_flight.push(case);
                }
            }
            Kind::CaseFinished(outcome) => {
                let case = named(&outcome.case);
                progress.in_flight.retain(|other| *other != case);
                // What was said is not for those who watch.
                progress.done.push(Arc::new(outcome.without_transcript()));
            }
            Kind::CaseRetried(_) | Kind::Unreachable(_) => {}
            Kind::RunFinished(_) => {
                self.progress.elapsed = self.since_began(event.at);
                self.over = true;
            }
        }
        Ok(())
    }
}

impl Outcome {
    /// The same without its transcript, which is not copied.
    #[must_use]
    pub fn without_transcript(&self) -> Self {
        Self {
            case: self.case.clone(),
            verdict: self.verdict.clone(),
            close: self.close,
            close_why: self.close_why.clone(),
            known: self.known.clone(),
            attempts: self.attempts,
            duration: self.duration,
            cpu: self.cpu,
            stderr: self.stderr.clone(),
            short: self.short.clone(),
            transcript: None,
        }
    }
}

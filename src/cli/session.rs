//! What goes with a run: its recording and reports, the capture of its traffic, the baseline that it is held against.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use tokio::sync::Notify;

use super::conform::Conform;
use super::gate::{Gate, Gating};
use super::print::Count;
use super::reporting::{Keeper, Reporting};
use super::signal::Interrupts;
use super::{Everywhere, Exit};
use crate::conform::{Baseline, Conclusion, Corpus, Outcome, Reason, Tap};
use crate::watch::Event;

/// What a run leaves behind, and what it is held against.
#[derive(Clone, Debug, Args)]
pub(super) struct Keeping {
    /// Keep the traffic of the run in this file, as it is without TLS: Wireshark and tshark read it
    #[arg(long, env = "WSLAB_RECORD", value_name = "FILE.pcapng")]
    record: Option<PathBuf>,
    #[command(flatten)]
    gating: Gating,
    #[command(flatten)]
    reporting: Reporting,
}

/// A run that is going on, as far as it is not the run itself.
pub(super) struct Session<'a> {
    pub(super) conform: &'a Conform,
    pub(super) everywhere: &'a Everywhere,
    pub(super) corpus: &'a Corpus,
    gate: Option<Gate>,
    keeper: Keeper,
    tap: Option<(Tap, PathBuf)>,
    stop: Arc<Notify>,
}

/// What a run, or the run of one of several agents, came to.
pub(super) struct Came<'a> {
    /// The outcomes.
    pub(super) outcomes: &'a [Outcome],
    /// Whether all cases were given their chance.
    pub(super) complete: bool,
}

impl<'a> Came<'a> {
    /// What a run against a server, or of a client that was started, came to.
    pub(super) fn of(conclusion: &'a Conclusion) -> Self {
        let cut = [Reason::Cancelled, Reason::NeverOpened, Reason::Unreachable];
        let complete = conclusion.summary.stopped.is_none_or(|stopped| !cut.contains(&stopped));
        Self { outcomes: &conclusion.outcomes, complete }
    }
}

impl Keeping {
    /// Autobahn's files go into this folder, unless there is one for all reports.
    pub(super) fn write_autobahn_to(&mut self, folder: PathBuf) {
        self.reporting.write_autobahn_to(folder);
    }

    /// Refuses to update a baseline by a run of so many agents.
    pub(super) fn check_agents(&self, count: usize) -> anyhow::Result<()> {
        if self.gating.is_updated() { check_updated_by(count) } else { Ok(()) }
    }

    /// Begins what goes with a run, before its first event. `target` is for the head of a new baseline.
    ///
    /// # Errors
    /// If a file cannot be read or written: that is known before anything is run.
    pub(super) fn begin<'a>(
        &self,
        conform: &'a Conform,
        everywhere: &'a Everywhere,
        corpus: &'a Corpus,
    ) -> anyhow::Result<Session<'a>> {
        let gate = self.gating.gate(conform.target.as_deref())?;
        let tap = match &self.record {
            Some(path) => {
                let tap = Tap::create(path).with_context(|| format!("failed to create {}", path.display()))?;
                Some((tap, path.clone()))
            }
            None => None,
        };
        let keeper = self.reporting.begin()?;
        Ok(Session { conform, everywhere, corpus, gate, keeper, tap, stop: Arc::default() })
    }
}

impl Session<'_> {
    /// The baseline that the run is held against.
    pub(super) fn baseline(&self) -> Option<Arc<Baseline>> {
        self.gate.as_ref().map(Gate::baseline)
    }

    /// Where the traffic goes.
    pub(super) fn tap(&self) -> Option<Tap> {
        self.tap.as_ref().map(|(tap, _)| tap.clone())
    }

    /// Ends when the user interrupts, or when nobody reads on.
    pub(super) fn cancelled(&self) -> io::Result<impl Future<Output = ()> + use<>> {
        let (mut interrupts, stop) = (Interrupts::new()?, Arc::clone(&self.stop));
        Ok(async move {
            tokio::select! {
                _ = interrupts.next() => {}
                () = stop.notified() => {}
            }
        })
    }

    /// Takes the next event, which `shown` shows. If that fails, nobody reads on, and the run need not go on.
    pub(super) fn take(&mut self, event: &Event, shown: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        self.keeper.keep(event);
        shown().inspect_err(|_| self.stop.notify_one())
    }

    /// Writes what is left to write, and compares with the baseline. Gives whether the runs pass.
    pub(super) fn finish(self, came: &[Came<'_>]) -> anyhow::Result<bool> {
        let (strict, json) = (self.conform.strict, self.conform.json);
        self.keeper.finish(self.everywhere, json)?;
        if let Some((tap, path)) = &self.tap {
            tap.finish().with_context(|| format!("failed to write {}", path.display()))?;
        }
        if self.gate.as_ref().is_some_and(Gate::is_updated) {
            check_updated_by(came.len())?;
        }
        let mut passed = true;
        for came in came {
            passed &= match &self.gate {
                Some(gate) => gate.close(self.corpus, came, strict, json || self.everywhere.quiet)?,
                None => !came.outcomes.iter().any(|outcome| outcome.fails(strict)),
            };
        }
        Ok(passed)
    }

    /// Ends the session of a run: what it came to, as an exit code.
    pub(super) fn end(self, conclusion: Conclusion, shown: io::Result<()>) -> anyhow::Result<Exit> {
        let stopped = conclusion.summary.stopped;
        let came = Came::of(&conclusion);
        let passed = if conclusion.reached { self.finish(&[came])? } else { self.finish(&[])? };
        if is_unread(conclusion.told.and(shown))? {
            return Ok(Exit::Ok);
        }
        Ok(match stopped {
            Some(Reason::Cancelled) => Exit::Interrupted,
            _ if !conclusion.reached => Exit::Unreachable,
            Some(Reason::NeverOpened | Reason::Unreachable) => Exit::Failed,
            _ if passed => Exit::Ok,
            _ => Exit::Failed,
        })
    }
}

fn check_updated_by(agents: usize) -> anyhow::Result<()> {
    anyhow::ensure!(
        agents <= 1,
        "a baseline cannot be updated by {} at once: it lists the deviations of one",
        Count(agents, "agent")
    );
    Ok(())
}

/// Whether what was told could not be because nobody read on, which is no error.
pub(super) fn is_unread(told: io::Result<()>) -> anyhow::Result<bool> {
    match told {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(true),
        other => other.map(|()| false).context("failed to print"),
    }
}

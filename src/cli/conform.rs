//! `wslab conform`: prove that an endpoint conforms.

use std::collections::HashMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use anstyle::{AnsiColor, Reset, Style};
use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::Notify;

use super::request::Asking;
use super::{Everywhere, Exit};
use crate::app;
use crate::conform::{
    self, Case, Conclusion, Corpus, Expression, Options, Outcome, Pace, Reason, Selection, Shard, Verdict,
};
use crate::net::{Listen, Server, ServerConfig, Target};
use crate::report;
use crate::watch::{Brief, Event, Kind, Sink, Summary};

/// Arguments of `wslab conform`.
#[derive(Debug, Args)]
#[command(after_help = "\
Cases are selected by id (5, 5.15), glob (6.4.*), tag:NAME, rule:NAME, rfc:6455#5.4, and not:… to leave some out.

Exit codes: 0 all as expected, 1 a case failed, 2 usage or input error, 3 the target was never reachable, \
4 nothing selected, 130 interrupted.")]
pub(super) struct Conform {
    /// The server to test: ws://host:port/path, wss://…, or unix:/path. Without one, wslab's own echo server is tested
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    /// The cases to run; all of them if none is named
    #[arg(value_name = "CASES")]
    cases: Vec<String>,
    /// Leave out the cases that move much data
    #[arg(long, env = "WSLAB_QUICK")]
    quick: bool,
    /// Run a share of the cases: K/N is the K-th of N
    #[arg(long, env = "WSLAB_SHARD", value_name = "K/N")]
    shard: Option<String>,
    /// Read the cases from this folder instead of those built in
    #[arg(long, env = "WSLAB_CORPUS", value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Fail also where a target is acceptable, but not as the RFC wants it
    #[arg(long, env = "WSLAB_STRICT")]
    strict: bool,
    /// Print one JSON object for each case, and a summary
    #[arg(long, env = "WSLAB_JSON")]
    json: bool,
    /// Connections at the same time
    #[arg(long, env = "WSLAB_JOBS", value_name = "N")]
    jobs: Option<usize>,
    /// Multiply all waiting times, for slow targets
    #[arg(long, env = "WSLAB_TIME_FACTOR", value_name = "F", default_value_t = 1.0)]
    time_factor: f64,
    /// Try a failed case again so many times; that it passed only then is said
    #[arg(long, env = "WSLAB_RETRIES", value_name = "N", default_value_t = 0)]
    retries: u32,
    /// Stop when so many cases have failed
    #[arg(long, env = "WSLAB_MAX_FAIL", value_name = "N")]
    max_fail: Option<u64>,
    /// Wait so long for the target to listen
    #[arg(long, env = "WSLAB_WAIT", value_name = "TIME", value_parser = humantime::parse_duration, default_value = "0s")]
    wait: Duration,
    #[command(flatten)]
    asking: Asking,
}

impl Conform {
    pub(super) async fn run(mut self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        // The first word is a case if it is not a URL.
        if let Some(first) = self.target.take_if(|word| !is_url(word)) {
            self.cases.insert(0, first);
        }
        let corpus = match &self.corpus {
            Some(folder) => Corpus::read(folder)?,
            None => Corpus::embedded(),
        };
        let selection = self.selection()?;
        let cases: Vec<Arc<Case>> = selection.of(&corpus.cases).into_iter().cloned().map(Arc::new).collect();
        if cases.is_empty() {
            anstream::eprintln!("{WRONG}error:{Reset} no case is selected");
            return Ok(Exit::NothingSelected);
        }
        let (target, embedded) = match &self.target {
            Some(url) => (Target::from_str(url)?, false),
            None => (embedded_server()?, true),
        };
        let remote = Arc::new(self.asking.remote(target)?);
        let mut screen = Screen::new(&self, everywhere, &cases, embedded);
        let stop = Arc::new(Notify::new());
        let cancel = {
            let stop = stop.clone();
            async move {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    () = stop.notified() => {}
                }
            }
        };
        let mut sink = |event: &Event| {
            // Nobody reads on: the run need not go on.
            screen.take(event).inspect_err(|_| stop.notify_one())
        };
        let conclusion = conform::run(remote, &cases, self.options(), &mut sink, cancel).await;
        screen.finish(&corpus, &conclusion)?;
        Ok(self.exit(&conclusion))
    }

    fn selection(&self) -> anyhow::Result<Selection> {
        let expressions = self.cases.iter().map(|word| Expression::from_str(word)).collect::<Result<_, _>>()?;
        let shard = self.shard.as_deref().map(Shard::from_str).transpose()?;
        Ok(Selection { expressions, quick: self.quick, shard })
    }

    fn options(&self) -> Options {
        Options {
            jobs: self.jobs,
            pace: Pace::new(self.time_factor),
            retries: self.retries,
            max_fail: self.max_fail,
            wait: self.wait,
            ..Options::default()
        }
    }

    fn exit(&self, conclusion: &Conclusion) -> Exit {
        if conclusion.told.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            return Exit::Ok;
        }
        if conclusion.summary.stopped == Some(Reason::Cancelled) {
            return Exit::Interrupted;
        }
        if !conclusion.reached {
            return Exit::Unreachable;
        }
        if conclusion.outcomes.iter().all(|outcome| outcome.passes(self.strict)) { Exit::Ok } else { Exit::Failed }
    }
}

fn is_url(word: &str) -> bool {
    word.contains("://") || word.starts_with("unix:")
}

/// Starts wslab's own echo server on a free port of the loopback.
fn embedded_server() -> anyhow::Result<Target> {
    let listen = Listen::Tcp(([127, 0, 0, 1], 0).into());
    let server = Server::bind(&listen, ServerConfig::default()).context("failed to start the echo server")?;
    let target = Target::from_str(&server.url())?;
    tokio::spawn(server.run(app::echo));
    Ok(target)
}

const GOOD: Style = AnsiColor::Green.on_default();
const WEAK: Style = AnsiColor::Yellow.on_default();
const WRONG: Style = AnsiColor::Red.on_default().bold();

/// What is shown of a run: progress while it goes on, failures as they come, the table at the end.
struct Screen {
    json: bool,
    quiet: bool,
    verbose: bool,
    strict: bool,
    target: Option<String>,
    cases: HashMap<String, Arc<Case>>,
    briefs: HashMap<String, Brief>,
    bar: ProgressBar,
    failed: u64,
    shown: usize,
    running: Vec<String>,
}

/// Failures that are told in full; of any more the table and `--json` tell.
const FAILURES: usize = 25;

impl Screen {
    fn new(conform: &Conform, everywhere: &Everywhere, cases: &[Arc<Case>], embedded: bool) -> Self {
        let hidden = everywhere.quiet || !io::stderr().is_terminal();
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(cases.len() as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        Self {
            json: conform.json,
            quiet: everywhere.quiet,
            verbose: everywhere.verbose,
            strict: conform.strict,
            target: conform.target.clone().filter(|_| !embedded),
            cases: cases.iter().map(|case| (case.id.to_string(), case.clone())).collect(),
            briefs: HashMap::new(),
            bar,
            failed: 0,
            shown: 0,
            running: Vec::new(),
        }
    }

    /// The command that runs a case again.
    fn repeat(&self, case: &str) -> String {
        match &self.target {
            Some(target) => format!("wslab conform {target} {case}"),
            None => format!("wslab conform {case}"),
        }
    }

    fn finished(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.running.retain(|id| *id != outcome.case);
        self.bar.inc(1);
        if self.json {
            if let Some(brief) = self.briefs.get(&outcome.case) {
                let line = report::json_outcome(brief, outcome);
                writeln!(anstream::stdout().lock(), "{line}")?;
            }
            return Ok(());
        }
        if matches!(outcome.verdict, Verdict::NotRun(_)) {
            return Ok(());
        }
        if !outcome.passes(self.strict) {
            self.failed += 1;
            if self.shown < FAILURES {
                self.shown += 1;
                self.show(WRONG, &failed_word(outcome), outcome)?;
            }
        } else if self.verbose && !outcome.passes(true) {
            self.show(WEAK, outcome.verdict.word(), outcome)?;
        }
        Ok(())
    }

    fn show(&self, style: Style, word: &str, outcome: &Outcome) -> io::Result<()> {
        let Some(case) = self.cases.get(&outcome.case) else { return Ok(()) };
        let text = report::failure(case, outcome, &self.repeat(&outcome.case));
        // The bar must not be drawn into the text.
        self.bar.suspend(|| writeln!(anstream::stdout().lock(), "{style}{word}{Reset} {text}"))
    }

    fn finish(&self, corpus: &Corpus, conclusion: &Conclusion) -> anyhow::Result<()> {
        self.bar.finish_and_clear();
        if !conclusion.reached && conclusion.summary.stopped != Some(Reason::Cancelled) {
            let name = self.target.as_deref().unwrap_or("wslab's own server");
            let why = conclusion.outcomes.iter().find_map(|outcome| match &outcome.verdict {
                Verdict::Broken(trouble) => Some(trouble.to_string()),
                _ => None,
            });
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            anstream::eprintln!("{WRONG}error:{Reset} {name} was never reachable{why}");
        }
        if self.json || self.quiet || !conclusion.reached {
            return Ok(());
        }
        match self.print_end(corpus, conclusion) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => Ok(result?),
        }
    }

    fn print_end(&self, corpus: &Corpus, conclusion: &Conclusion) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        let hidden = self.failed.saturating_sub(self.shown as u64);
        if hidden > 0 {
            writeln!(out, "… and {hidden} more failed; --json tells of all\n")?;
        }
        write!(out, "{}", report::sections(&corpus.sections, &conclusion.outcomes))?;
        let passed = conclusion.outcomes.iter().filter(|outcome| outcome.passes(self.strict)).count();
        let style = if passed == conclusion.outcomes.len() { GOOD } else { WRONG };
        let time = conclusion.summary.duration.as_secs_f64();
        write!(out, "\n{style}{passed} of {} cases passed{Reset} in {time:.1} s", conclusion.outcomes.len())?;
        if conclusion.summary.flaky > 0 {
            write!(out, ", {} of them only when repeated", conclusion.summary.flaky)?;
        }
        if let Some(reason) = conclusion.summary.stopped {
            write!(out, "; stopped, because {reason}")?;
        }
        writeln!(out)?;
        if self.verbose {
            writeln!(out, "{}", counts(&conclusion.summary))?;
        }
        Ok(())
    }
}

/// The word for a case that did not pass: its verdict, or that of its closing.
fn failed_word(outcome: &Outcome) -> String {
    if outcome.verdict.is_failure() || outcome.verdict == Verdict::NonStrict {
        outcome.verdict.word().to_uppercase()
    } else {
        format!("CLOSE {}", outcome.close.word()).to_uppercase()
    }
}

fn counts(summary: &Summary) -> String {
    let words: Vec<String> = summary.verdicts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    words.join(", ")
}

impl Sink for Screen {
    fn take(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            Kind::RunStarted(plan) => {
                self.briefs = plan.cases.iter().map(|brief| (brief.id.clone(), brief.clone())).collect();
                if !self.quiet && !self.json {
                    anstream::eprintln!("testing {} with {} cases", plan.target, plan.cases.len());
                }
                Ok(())
            }
            Kind::CaseStarted { case, .. } => {
                self.running.push(case.clone());
                self.bar.set_message(format!("{} failed, running {}", self.failed, self.running.join(" ")));
                Ok(())
            }
            Kind::CaseRetried(_) | Kind::Unreachable(_) => Ok(()),
            Kind::CaseFinished(outcome) => self.finished(outcome),
            Kind::RunFinished(summary) if self.json => {
                writeln!(anstream::stdout().lock(), "{}", report::json_summary(summary))
            }
            Kind::RunFinished(_) => Ok(()),
        }
    }
}

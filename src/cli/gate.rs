//! The gate of a conformance run: its baseline read, compared, and rewritten.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anstyle::{Reset, Style};
use anyhow::Context as _;
use clap::Args;

use super::print::{self, Count, GOOD, WEAK, WRONG};
use super::session::Came;
use super::value;
use crate::conform::{Baseline, Corpus, Findings, MAX_BASELINE, Outcome, UNEXPLAINED, Verdict};
use crate::wire::http::without_secrets;

/// Cases of one kind that are named; of any more their number is.
const NAMED: usize = 8;

/// What a run is held against.
#[derive(Clone, Debug, Args)]
pub(super) struct Gating {
    /// Hold the run against the known deviations in this file: fail on what is not in it, and on what is in it and no
    /// longer so
    #[arg(long, env = "WSLAB_BASELINE", value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Rewrite the baseline: what is no longer so goes, what is new is added for somebody to explain
    #[arg(long, env = "WSLAB_BASELINE_UPDATE", value_parser = value::flag, requires = "baseline")]
    baseline_update: bool,
}

impl Gating {
    /// Whether the baseline is to be rewritten.
    pub(super) const fn is_updated(&self) -> bool {
        self.baseline_update
    }

    /// The gate, if there is to be one. `target` is for the head of a new baseline.
    pub(super) fn gate(&self, target: Option<&str>) -> anyhow::Result<Option<Gate>> {
        let Some(path) = &self.baseline else { return Ok(None) };
        let name = path.display().to_string();
        let text = match read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.baseline_update => begun(target),
            Err(error) => {
                let hint = if error.kind() == io::ErrorKind::NotFound { "; --baseline-update makes it" } else { "" };
                anyhow::bail!("cannot read the baseline {name}: {error}{hint}");
            }
        };
        let baseline = Baseline::parse(&name, &text)?;
        Ok(Some(Gate { path: path.clone(), text, baseline: Arc::new(baseline), update: self.baseline_update }))
    }
}

/// One byte more than a baseline may have, so that the parser can say that it is too large.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_BASELINE as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

/// How a new baseline begins.
fn begun(target: Option<&str>) -> String {
    let target = target.map_or("wslab's own echo server".into(), without_secrets);
    let target = toml_edit::Value::from(&*target);
    format!(
        "# Known deviations, each with its reason. `wslab conform --baseline` fails on any other.\ntarget = {target}\n"
    )
}

/// A baseline and its file.
#[derive(Debug)]
pub(super) struct Gate {
    path: PathBuf,
    text: String,
    baseline: Arc<Baseline>,
    update: bool,
}

impl Gate {
    pub(super) fn baseline(&self) -> Arc<Baseline> {
        self.baseline.clone()
    }

    /// Whether it is to be rewritten.
    pub(super) const fn is_updated(&self) -> bool {
        self.update
    }

    /// Compares the baseline with what the run came to, tells of it, and rewrites the file if that was asked for.
    /// Gives whether the run passes.
    pub(super) fn close(&self, corpus: &Corpus, came: &Came<'_>, strict: bool, briefly: bool) -> anyhow::Result<bool> {
        let findings = self.baseline.compare(&corpus.cases, came.outcomes, strict);
        if briefly {
            self.stale(&findings).iter().filter(|_| !self.update).for_each(print::error);
        } else {
            self.tell(&findings, came.outcomes).context("failed to print")?;
        }
        if self.update && came.complete {
            return self.rewrite(&findings, came.outcomes);
        }
        self.warn(&self.baseline);
        Ok(findings.holds())
    }

    /// What is stale, with the place in the file.
    fn stale(&self, findings: &Findings) -> Vec<String> {
        let path = self.path.display();
        findings.stale.iter().map(|stale| format!("{path}:{}: {stale}", stale.line)).collect()
    }

    fn tell(&self, findings: &Findings, outcomes: &[Outcome]) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        let mut row = |style: Style, word: &str, words: &str| writeln!(out, "{style}{word:<6}{Reset} {words}");
        for (index, entry) in self.baseline.entries.iter().enumerate() {
            let cases: Vec<&str> =
                findings.known.iter().filter(|(_, entry)| *entry == index).map(|(case, _)| case.as_str()).collect();
            if !cases.is_empty() {
                let issue = entry.issue.as_ref().map(|issue| format!(" ({issue})")).unwrap_or_default();
                row(WEAK, "known", &format!("{}: {}{issue}", named(&cases), entry.reason))?;
            }
        }
        if !findings.new.is_empty() {
            let cases: Vec<&str> = findings.new.iter().map(String::as_str).collect();
            row(WRONG, "new", &named(&cases))?;
        }
        for stale in self.stale(findings) {
            row(WRONG, "stale", &stale)?;
        }
        if findings.holds() {
            let rest = if findings.unjudged > 0 { "; not all that it lists was tried" } else { "" };
            writeln!(out, "{GOOD}the baseline holds{Reset}{rest}")?;
        } else {
            let counts = [(findings.new.len(), "new failure"), (findings.stale.len(), "stale entry")];
            let counts = counts.into_iter().filter(|(count, _)| *count > 0);
            let counts: Vec<String> = counts.map(|(count, what)| plural(count, what)).collect();
            let counts = counts.join(", ");
            if self.update {
                writeln!(out, "{WEAK}the baseline did not hold{Reset}: {counts}")?;
            } else {
                writeln!(out, "{WRONG}the baseline does not hold{Reset}: {counts}; --baseline-update rewrites it")?;
            }
        }
        let broken = outcomes.iter().filter(|outcome| is_unjudged(outcome)).count();
        if broken > 0 {
            let cases = Count(broken, "case");
            writeln!(out, "{cases} had no connection to judge, which no baseline can know of")?;
        }
        Ok(())
    }

    fn rewrite(&self, findings: &Findings, outcomes: &[Outcome]) -> anyhow::Result<bool> {
        let path = self.path.display();
        let text = findings.applied(&self.text, outcomes).with_context(|| format!("failed to rewrite {path}"))?;
        if text != self.text || !self.path.exists() {
            fs::write(&self.path, &text).with_context(|| format!("cannot write the baseline {path}"))?;
            print::tell(format_args!("rewrote {path}"));
        }
        self.warn(&Baseline::parse(&path.to_string(), &text)?);
        // What the rewritten baseline does not know of has no connection, and is not written down.
        Ok(!findings
            .new
            .iter()
            .any(|case| outcomes.iter().any(|outcome| outcome.case == *case && is_unjudged(outcome))))
    }

    /// Names what nobody has explained.
    fn warn(&self, baseline: &Baseline) {
        let cases: Vec<&str> = baseline.unexplained().collect();
        if !cases.is_empty() {
            let path = self.path.display();
            print::warning(format_args!(
                "{path} does not say why {} may fail: replace \"{UNEXPLAINED}\" by the reason",
                named(&cases)
            ));
        }
    }
}

/// Whether there was no connection that could be judged.
fn is_unjudged(outcome: &Outcome) -> bool {
    matches!(outcome.verdict, Verdict::Broken(_)) || outcome.is_unopened()
}

/// `9.3.1, 9.3.2 and 3 more`.
fn named(cases: &[&str]) -> String {
    let shown = if cases.len() == NAMED + 1 { cases.len() } else { cases.len().min(NAMED) };
    let names = cases[..shown].join(", ");
    match cases.len() - shown {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

fn plural(count: usize, what: &str) -> String {
    match what.strip_suffix('y') {
        Some(stem) if count != 1 => format!("{count} {stem}ies"),
        _ => Count(count, what).to_string(),
    }
}

//! `wslab report`: recorded runs, rendered, merged, compared.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anstyle::Reset;
use anyhow::Context as _;
use clap::Args;

use super::autobahn::Formats;
use super::print::{self, Count, GOOD, WEAK, WRONG};
use super::reporting::{print_comparisons, recorded, write_all, write_recording};
use super::{Everywhere, Exit};
use crate::report::{self, Case, Mark, Render, Report, Run};

/// Arguments of `wslab report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without an output the failures and the table of sections are printed. `-` as FILE is standard input, as F standard \
output.

Several recordings of the same target, such as the shares of --shard, become one run; a case that is in several counts \
as it was run last.

Exit codes:
  0    all as expected
  1    a case failed, or a run or its recording was cut short
  2    usage or input error
  3    the target was never reachable")]
pub(super) struct Rendering {
    /// Recordings, or folders of reports
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Write a page
    #[arg(long, env = "WSLAB_REPORT_HTML", value_name = "F")]
    html: Option<PathBuf>,
    /// Write JUnit's XML
    #[arg(long, env = "WSLAB_REPORT_JUNIT", value_name = "F")]
    junit: Option<PathBuf>,
    /// Write JSON
    #[arg(long, env = "WSLAB_REPORT_JSON", value_name = "F")]
    json: Option<PathBuf>,
    /// Write a table, a row for each case
    #[arg(long, env = "WSLAB_REPORT_CSV", value_name = "F")]
    csv: Option<PathBuf>,
    /// Write a summary in Markdown
    #[arg(long, env = "WSLAB_REPORT_MARKDOWN", value_name = "F")]
    markdown: Option<PathBuf>,
    /// Write all of them into this folder
    #[arg(short, long, env = "WSLAB_REPORT_OUTPUT", value_name = "DIR")]
    output: Option<PathBuf>,
    /// Say what is different from an earlier run: its run.jsonl, or the folder of its reports
    #[arg(long, env = "WSLAB_COMPARE", value_name = "FILE")]
    compare: Option<PathBuf>,
    #[command(flatten)]
    formats: Formats,
}

impl Rendering {
    pub(super) fn run(&self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        self.formats.need(self.output.as_deref(), "--output DIR")?;
        let reports = self.files.iter().map(|file| recorded(file)).collect::<anyhow::Result<Vec<_>>>()?;
        let several = reports.len() > 1;
        let mut report = Report::merged(reports);
        if several && report.runs.len() > 1 && report.runs.iter().all(|run| run.agent.is_none()) {
            let runs = Count(report.runs.len(), "different run");
            print::warning(format_args!(
                "these are {runs}: only recordings of the same version and command are merged"
            ));
        }
        if let Some(path) = &self.compare {
            report = report.compared_with(&Report::merged([recorded(path)?]));
        }
        if self.write(&report)? == 0 && !everywhere.quiet {
            report.runs.iter().try_for_each(|run| show(run, everywhere.verbose))?;
            if self.compare.is_some() {
                print_comparisons(&report)?;
            }
        }
        Ok(exit(&report))
    }

    /// Writes what was asked for, and gives how much that was.
    fn write(&self, report: &Report) -> anyhow::Result<usize> {
        let outputs: [(&Option<PathBuf>, Render); 5] = [
            (&self.html, report::html),
            (&self.junit, report::junit),
            (&self.json, report::json),
            (&self.csv, report::csv),
            (&self.markdown, report::markdown),
        ];
        let mut written = 0;
        for (path, render) in outputs {
            let Some(path) = path else { continue };
            written += 1;
            write(path, &render(report))?;
        }
        if let Some(folder) = &self.output {
            written += 1;
            fs::create_dir_all(folder).with_context(|| format!("failed to make the folder {}", folder.display()))?;
            write_all(folder, report)?;
            write_recording(folder, report, &self.files)?;
            self.formats.write(folder, report)?;
        }
        Ok(written)
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if path == Path::new("-") {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        return Ok(out.flush()?);
    }
    fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
}

/// Prints a run as `wslab conform` does.
fn show(run: &Run, verbose: bool) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}, tested with wslab {}\n", print::Harmless(run.name()), run.plan.heading.version)?;
    let failed: Vec<Case<'_>> = run.cases().filter(Case::failed).collect();
    for case in failed.iter().take(report::FAILURES) {
        tell(&mut out, WRONG, &report::failed_word(case.outcome()), case)?;
    }
    if let more @ 1.. = failed.len().saturating_sub(report::FAILURES) {
        writeln!(out, "{}\n", report::more_failed(more))?;
    }
    if verbose {
        for case in run.cases().filter(|case| !case.failed() && !case.outcome().passes(true)) {
            tell(&mut out, WEAK, &report::weak_word(case.outcome()), &case)?;
        }
    }
    writeln!(out, "{}", report::table(run))?;
    let style = match () {
        () if run.mark() == Mark::Bad => WRONG,
        () if run.passed() < run.tests.len() - run.known() => WEAK,
        () => GOOD,
    };
    writeln!(out, "{style}{}{Reset}", report::conclusion(run))?;
    report::remarks(run).iter().try_for_each(|remark| writeln!(out, "{}", print::Harmless(remark)))
}

fn tell(out: &mut impl io::Write, style: anstyle::Style, word: &str, case: &Case<'_>) -> io::Result<()> {
    let text = report::failure(case.brief, case.outcome(), &case.repeat());
    writeln!(out, "{style}{word}{Reset} {text}")
}

fn exit(report: &Report) -> Exit {
    match () {
        () if report.passes() => Exit::Ok,
        () if !report.was_run() && report.runs.iter().any(|run| run.unreachable.is_some()) => Exit::Unreachable,
        // What was not run may have failed.
        () => Exit::Failed,
    }
}

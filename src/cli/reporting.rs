//! The reports of a run: the recording while it goes on, everything else at its end.

use std::fs::{self, File};
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::Everywhere;
use super::autobahn::Formats;
use super::print;
use crate::report::{self, Fold, Recording, Report};
use crate::watch::{Event, Sink};

/// Which reports a run writes.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Reporting {
    /// Write reports into this folder: run.jsonl (the recording), report.json, junit.xml, index.html, cases.csv and
    /// summary.md
    #[arg(long, env = "WSLAB_REPORT", value_name = "DIR")]
    report: Option<PathBuf>,
    /// Say what is different from an earlier run: its run.jsonl, or the folder of its reports
    #[arg(long, env = "WSLAB_COMPARE", value_name = "FILE")]
    compare: Option<PathBuf>,
    #[command(flatten)]
    formats: Formats,
    /// Where Autobahn's files go without a folder for all reports.
    #[arg(skip)]
    outdir: Option<PathBuf>,
}

/// The name of the recording in a folder of reports.
const RECORDING: &str = "run.jsonl";

/// Takes the events of a run for its reports.
pub(super) struct Keeper {
    formats: Formats,
    /// Where Autobahn's files go alone.
    outdir: Option<PathBuf>,
    folder: Option<PathBuf>,
    recording: Option<Recording<File>>,
    /// What was wrong with the recording; the run goes on without it.
    trouble: Option<io::Error>,
    earlier: Option<Report>,
    on_github: bool,
    fold: Option<Fold>,
}

impl Reporting {
    /// Autobahn's files go into this folder, unless there is one for all reports.
    pub(super) fn write_autobahn_to(&mut self, folder: PathBuf) {
        self.outdir = Some(folder);
    }

    /// Begins to keep a run, before its first event.
    ///
    /// # Errors
    /// If the earlier run cannot be read, or the folder cannot be written to: that is known before anything is run.
    pub(super) fn begin(&self) -> anyhow::Result<Keeper> {
        self.formats.need(self.report.as_deref().or(self.outdir.as_deref()), "--report DIR")?;
        let outdir = self.formats.folder(self.outdir.as_deref().filter(|_| self.report.is_none()))?;
        // The folder of the earlier run may be the one that is written to.
        let earlier = self.compare.as_deref().map(recorded).transpose()?;
        let recording = self.report.as_deref().map(recording).transpose()?;
        let on_github = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        let fold = (recording.is_some() || earlier.is_some() || on_github || outdir.is_some()).then(Fold::default);
        Ok(Keeper {
            formats: self.formats.clone(),
            outdir,
            folder: self.report.clone(),
            recording,
            trouble: None,
            earlier,
            on_github,
            fold,
        })
    }
}

fn recording(folder: &Path) -> anyhow::Result<Recording<File>> {
    fs::create_dir_all(folder).with_context(|| format!("failed to make the folder {}", folder.display()))?;
    let path = folder.join(RECORDING);
    let file = File::create(&path).with_context(|| format!("failed to write {}", path.display()))?;
    Ok(Recording::new(file))
}

impl Keeper {
    /// Takes the next event. A recording that cannot be written does not end the run; it is told at the end.
    pub(super) fn keep(&mut self, event: &Event) {
        if let Some(fold) = &mut self.fold {
            fold.add(event);
        }
        if let Some(Err(error)) = self.recording.as_mut().map(|recording| recording.take(event)) {
            (self.recording, self.trouble) = (None, Some(error));
        }
    }

    /// Writes the reports, and tells what is different from the earlier run unless `silent`.
    pub(super) fn finish(self, everywhere: &Everywhere, silent: bool) -> anyhow::Result<()> {
        let Some(fold) = self.fold else { return Ok(()) };
        let mut report = fold.finish();
        if let Some(earlier) = &self.earlier {
            report = report.compared_with(earlier);
        }
        if let Some(folder) = &self.folder {
            write_all(folder, &report)?;
            self.formats.write(folder, &report)?;
            if !everywhere.quiet && !silent {
                print::tell(format_args!("reports are in {}", folder.display()));
            }
        }
        if let Some(folder) = &self.outdir {
            self.formats.write(folder, &report)?;
            if !everywhere.quiet && !silent {
                print::tell(format_args!("reports are in {}", folder.display()));
            }
        }
        if self.on_github {
            tell_github(&report)?;
        }
        if let (Some(error), Some(folder)) = (self.trouble, &self.folder) {
            return Err(error).with_context(|| format!("failed to write {}", folder.join(RECORDING).display()));
        }
        if self.earlier.is_some() && !everywhere.quiet && !silent {
            print_comparisons(&report)?;
        }
        Ok(())
    }
}

/// Writes every report but the recording into a folder.
pub(super) fn write_all(folder: &Path, report: &Report) -> anyhow::Result<()> {
    for (name, render) in report::FILES {
        let path = folder.join(name);
        fs::write(&path, render(report)).with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(())
}

/// Writes the recording of a report into a folder, unless it was rendered from the one that is there.
pub(super) fn write_recording(folder: &Path, report: &Report, files: &[PathBuf]) -> anyhow::Result<()> {
    let path = folder.join(RECORDING);
    let is_there = |file: &PathBuf| {
        let file = if file.is_dir() { file.join(RECORDING) } else { file.clone() };
        matches!((fs::canonicalize(file), fs::canonicalize(&path)), (Ok(file), Ok(path)) if file == path)
    };
    if files.iter().any(is_there) {
        return Ok(());
    }
    let mut recording = recording(folder)?;
    let mut events = report.events();
    events.try_for_each(|event| recording.take(&event)).with_context(|| format!("failed to write {}", path.display()))
}

/// Prints what is different from the earlier run.
pub(super) fn print_comparisons(report: &Report) -> anyhow::Result<()> {
    for run in &report.runs {
        match &run.comparison {
            Some(comparison) => print::result(format_args!("\n{}", report::comparison(comparison).trim_end()))?,
            None => print::warning(format_args!("there is no earlier run of {} to compare with", run.name())),
        }
    }
    Ok(())
}

/// Annotations and the step summary, where GitHub looks for them.
fn tell_github(report: &Report) -> anyhow::Result<()> {
    // Its runner reads both streams, and stdout may be JSON for somebody else.
    let _told = io::stderr().lock().write_all(report::annotations(report).as_bytes());
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Ok(());
    };
    let opened = File::options().append(true).create(true).open(&path);
    opened
        .and_then(|mut file| file.write_all(report::markdown(report).as_bytes()))
        .with_context(|| format!("failed to write the step summary {}", path.display()))
}

/// The runs of a recording, or of the one in a folder of reports; `-` is standard input.
pub(super) fn recorded(path: &Path) -> anyhow::Result<Report> {
    let mut fold = Fold::default();
    let path = if path.is_dir() { path.join(RECORDING) } else { path.to_owned() };
    let name = path.display().to_string();
    let replayed = if name == "-" {
        report::replay("standard input", io::stdin().lock(), &mut fold)?
    } else {
        let file = File::open(&path).with_context(|| format!("failed to read {name}"))?;
        report::replay(&name, BufReader::new(file), &mut fold)?
    };
    let report = fold.finish();
    if report.runs.is_empty() {
        anyhow::bail!("{name} holds no run: a recording is the {RECORDING} that `wslab conform --report DIR` writes");
    }
    if replayed.cut {
        print::warning(format_args!("{name} ends in the middle of an event; all before it counts"));
    }
    if report.strays > 0 {
        let events = print::Count(report.strays as usize, "event");
        print::warning(format_args!("{name} holds {events} of no run that begins in it"));
    }
    Ok(report)
}

//! Autobahn's files among the reports of a run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::print::{self, Count};
use crate::report::{Autobahn, INDEX, Report};

/// In whose formats a run is reported beside our own.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Formats {
    /// Write reports in this format too: autobahn is the Autobahn testsuite's index.json and its JSON file of each case
    #[arg(long = "format", env = "WSLAB_FORMAT", value_name = "FORMAT", value_delimiter = ',')]
    formats: Vec<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Autobahn,
}

impl Formats {
    /// Refuses a format without a folder to write to, of which `option` is the name.
    pub(super) fn need(&self, folder: Option<&Path>, option: &str) -> anyhow::Result<()> {
        anyhow::ensure!(self.formats.is_empty() || folder.is_some(), "--format needs {option}: the files go there");
        Ok(())
    }

    /// Makes a folder for what was asked for; `None` if nothing was, or there is to be no folder.
    pub(super) fn folder(&self, folder: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
        let Some(folder) = folder.filter(|_| !self.formats.is_empty()) else { return Ok(None) };
        fs::create_dir_all(folder).with_context(|| format!("failed to make the folder {}", folder.display()))?;
        Ok(Some(folder.to_owned()))
    }

    /// Writes what was asked for into a folder.
    pub(super) fn write(&self, folder: &Path, report: &Report) -> anyhow::Result<()> {
        if self.formats.contains(&Format::Autobahn) { write(folder, report) } else { Ok(()) }
    }
}

fn write(folder: &Path, report: &Report) -> anyhow::Result<()> {
    let autobahn = Autobahn::of(report);
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))
    };
    for (name, text) in autobahn.files() {
        write(name, text)?;
    }
    // The index comes last: whoever finds it finds all that it names.
    write(INDEX, autobahn.index())?;
    for (agent, left_out) in autobahn.left_out() {
        let kinds = [(left_out.not_run, "not run"), (left_out.broken, "without a connection to judge")];
        let kinds = kinds.into_iter().filter(|(count, _)| *count > 0);
        let words: Vec<String> = kinds.map(|(count, what)| format!("{} {what}", Count(count, "case"))).collect();
        let (words, agent) = (words.join(" and "), print::Harmless(agent));
        print::warning(format_args!("{INDEX} leaves out {words} of {agent}: Autobahn has no word for that"));
    }
    Ok(())
}

//! Findings as case files of a folder: no session twice, no id twice, and nothing that is there is changed.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use crate::conform::fuzz::Finding;
use crate::conform::{Case, Corpus, Id};

/// A finding that is in a file.
#[derive(Debug)]
pub(super) struct Saved {
    pub(super) file: PathBuf,
    /// The finding, with the id that it has there.
    pub(super) finding: Finding,
    /// Whether it was there before.
    pub(super) was_there: bool,
}

/// Writes a finding into a file of its own, unless there is one with the same session.
///
/// # Errors
/// If the folder cannot be read, or the file cannot be written, of which nothing is left then.
pub(super) fn save(folder: &Path, finding: &Finding) -> anyhow::Result<Saved> {
    let cases = cases(folder).with_context(|| format!("failed to read {}", folder.display()))?;
    if let Some((file, case)) = cases.iter().find(|(_, case)| is_alike(case, &finding.case)) {
        return Ok(Saved { file: file.clone(), finding: named(finding, &case.id), was_there: true });
    }
    let finding = named(finding, &free(&finding.case.id, &cases));
    let text = finding.case_file();
    let name = finding.sign.file_name();
    let mut number = 1;
    loop {
        let file = folder.join(if number == 1 { format!("{name}.toml") } else { format!("{name}-{number}.toml") });
        match OpenOptions::new().write(true).create_new(true).open(&file) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            opened => {
                let written = opened.and_then(|mut opened| {
                    // Half a case would spoil the folder.
                    opened.write_all(text.as_bytes()).inspect_err(|_| drop(fs::remove_file(&file)))
                });
                written.with_context(|| format!("failed to write {}", file.display()))?;
                return Ok(Saved { file, finding, was_there: false });
            }
        }
    }
}

/// The cases of a folder, each with its file. What cannot be read is for `wslab cases check` to tell.
fn cases(folder: &Path) -> std::io::Result<Vec<(PathBuf, Case)>> {
    let mut cases = Vec::new();
    for entry in folder.read_dir()? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "toml")
            && let Ok(corpus) = Corpus::read(&file)
        {
            cases.extend(corpus.cases.into_iter().map(|case| (file.clone(), case)));
        }
    }
    cases.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(cases)
}

/// Whether a case has the same session and expects the same of it, whatever it is called.
fn is_alike(there: &Case, found: &Case) -> bool {
    let Case { deflate, send, expect, close, .. } = there.clone();
    Case { deflate, send, expect, close, ..found.clone() }.render() == found.render()
}

fn named(finding: &Finding, id: &Id) -> Finding {
    Finding { case: Arc::new(Case { id: id.clone(), ..(*finding.case).clone() }), ..finding.clone() }
}

/// This id, or one beside it that none of the cases has.
fn free(id: &Id, cases: &[(PathBuf, Case)]) -> Id {
    let mut free = id.clone();
    let mut number = 2_u64;
    while cases.iter().any(|(_, case)| case.id == free) {
        free = Id(Arc::from(format!("{id}-{number}")));
        number += 1;
    }
    free
}

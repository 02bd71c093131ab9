//! The table of sections at the end of a run.

use std::fmt::Write as _;

use super::plain::line;
use super::run::Run;
use crate::conform::parse::Section;
use crate::watch::{Outcome, Verdict};

/// How many cases of a section came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All cases.
    pub cases: usize,
    /// What the RFC wants.
    pub ok: usize,
    /// Acceptable, not what the RFC wants.
    pub non_strict: usize,
    /// Only recorded.
    pub informational: usize,
    /// Not implemented by the target.
    pub unimplemented: usize,
    /// Failed, or without a connection to judge.
    pub failed: usize,
    /// Passed but for the end of the connection.
    pub closing: usize,
    /// Not run.
    pub not_run: usize,
}

impl Tally {
    /// Counts a case.
    pub fn count(&mut self, outcome: &Outcome) {
        self.cases += 1;
        match outcome.verdict {
            Verdict::Failed(_) | Verdict::Broken(_) => self.failed += 1,
            Verdict::NotRun(_) => self.not_run += 1,
            _ if !outcome.close.is_good() => self.closing += 1,
            Verdict::Ok => self.ok += 1,
            Verdict::NonStrict => self.non_strict += 1,
            Verdict::Informational => self.informational += 1,
            Verdict::Unimplemented => self.unimplemented += 1,
        }
    }

    /// The tally of these cases.
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self {
        let mut tally = Self::default();
        outcomes.into_iter().for_each(|outcome| tally.count(outcome));
        tally
    }

    const COLUMNS: [&'static str; 8] =
        ["cases", "ok", "non-strict", "informational", "unimplemented", "failed", "bad close", "not run"];

    const fn cells(&self) -> [usize; 8] {
        [
            self.cases,
            self.ok,
            self.non_strict,
            self.informational,
            self.unimplemented,
            self.failed,
            self.closing,
            self.not_run,
        ]
    }
}

/// A row for each section that has cases among `outcomes`, and one for all of them. Columns without any case are left
/// out.
pub fn sections(sections: &[Section], outcomes: &[Outcome]) -> String {
    let mut rows: Vec<(String, Tally)> = sections
        .iter()
        .filter(|section| !section.id.as_str().contains('.'))
        .map(|section| {
            let of_section = outcomes.iter().filter(|outcome| is_in(&outcome.case, section.id.as_str()));
            (format!("{:<3} {}", section.id.as_str(), section.title), Tally::of(of_section))
        })
        .filter(|(_, tally)| tally.cases > 0)
        .collect();
    rows.push(("    all".to_owned(), Tally::of(outcomes)));
    render(&rows)
}

/// A row for each section of a run, and one for all of them.
pub fn table(run: &Run) -> String {
    let row = |section: &super::run::Section<'_>| {
        (format!("{:<3} {}", line(section.id), line(section.title)), section.tally())
    };
    let mut rows: Vec<(String, Tally)> = run.sections().iter().map(row).collect();
    rows.push(("    all".to_owned(), run.tally()));
    render(&rows)
}

/// Whether a case belongs to the section of this id.
fn is_in(case: &str, section: &str) -> bool {
    case.split('.').next() == Some(section)
}

fn render(rows: &[(String, Tally)]) -> String {
    let total = rows.last().map(|(_, tally)| tally.cells()).unwrap_or_default();
    let shown: Vec<usize> = (0..total.len()).filter(|&column| column < 2 || total[column] > 0).collect();
    let width = rows.iter().map(|(title, _)| title.chars().count()).max().unwrap_or_default();
    let mut text = " ".repeat(width);
    for &column in &shown {
        let _infallible = write!(text, "  {}", Tally::COLUMNS[column]);
    }
    text.push('\n');
    for (title, tally) in rows {
        let _infallible = write!(text, "{title:width$}");
        for &column in &shown {
            let size = Tally::COLUMNS[column].len();
            match tally.cells()[column] {
                0 if column > 0 => text.extend(std::iter::repeat_n(' ', size + 1).chain(['·'])),
                count => {
                    let _infallible = write!(text, "  {count:size$}");
                }
            }
        }
        text.push('\n');
    }
    text
}

//! What is shown of a hunt.

use std::io::{self, IsTerminal as _};
use std::ops::ControlFlow;

use anstyle::Reset;
use anyhow::Context as _;
use indicatif::ProgressBar;
use serde_json::json;

use super::Fuzz;
use super::saving::{Saved, save};
use crate::cli::print::{self, Count, GOOD, Harmless, WEAK, WRONG};
use crate::cli::{Everywhere, Exit, progress};
use crate::conform::fuzz::{Finding, News, Report, Stopped};
use crate::report;

/// What is shown: how far it is, findings as they come, what it came to.
pub(super) struct Screen<'a> {
    fuzz: &'a Fuzz,
    everywhere: &'a Everywhere,
    seed: u64,
    name: &'a str,
    bar: ProgressBar,
    found: u64,
    /// Why something could not be printed, which ends it.
    unprinted: Option<io::Error>,
    /// Why a finding could not be saved, the first time.
    unsaved: Option<anyhow::Error>,
}

impl<'a> Screen<'a> {
    pub(super) fn new(fuzz: &'a Fuzz, everywhere: &'a Everywhere, seed: u64, name: &'a str) -> Self {
        let hidden = everywhere.quiet || !io::stderr().is_terminal();
        let bar = if hidden { ProgressBar::hidden() } else { progress::bar(fuzz.sessions.unwrap_or_default() as u64) };
        Self { fuzz, everywhere, seed, name, bar, found: 0, unprinted: None, unsaved: None }
    }

    pub(super) fn begin(&self) {
        if !self.everywhere.quiet {
            let own = if self.fuzz.target.is_none() { "wslab's own echo server at " } else { "" };
            let (name, seed) = (Harmless(self.name), self.seed);
            print::tell(format_args!("testing {own}{name} with sessions of seed {seed}"));
        }
    }

    /// Shows a piece of news. Breaks it off if what was found cannot be printed: nobody would see what comes.
    pub(super) fn take(&mut self, news: &News<'_>) -> ControlFlow<()> {
        match news {
            News::Played(count) => self.bar.set_position(*count),
            News::Shrinking(sign) => self.bar.set_message(format!("{} found, shrinking: {sign}", self.found)),
            News::Unconfirmed(number, sign) => {
                if self.everywhere.verbose {
                    let words = format_args!("session {number} failed only once: {sign}");
                    self.bar.suspend(|| print::tell(words));
                }
            }
            News::WithoutDeflate => {
                if !self.everywhere.quiet {
                    self.bar.suspend(|| {
                        print::tell(format_args!(
                            "the target does not agree on permessage-deflate: sessions that need it are left out"
                        ));
                    });
                }
            }
            News::Found(finding) => {
                self.found += 1;
                self.bar.set_message(format!("{} found", self.found));
                if let Err(error) = self.show(finding) {
                    self.unprinted = Some(error);
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Saves a finding, if that is asked for, and prints it. It is printed also if it cannot be saved.
    fn show(&mut self, finding: &Finding) -> io::Result<()> {
        let saved = self.fuzz.save.as_deref().map(|folder| save(folder, finding));
        let saved = saved.transpose().unwrap_or_else(|trouble| {
            self.unsaved.get_or_insert(trouble);
            None
        });
        let finding = saved.as_ref().map_or(finding, |saved| &saved.finding);
        let file = saved.as_ref().map(|saved| saved.file.as_path());
        let repeat = self.fuzz.repeat(self.seed, finding, file);
        let why: Vec<String> = finding.outcome.why().map(ToString::to_string).collect();
        let (number, sign, brief) = (self.found, &finding.sign, finding.case.brief());
        self.bar.suspend(|| {
            if self.fuzz.json {
                return print::result(format_args!(
                    "{}",
                    json!({
                        "finding": number, "breaks": sign.breaks, "how": sign.how,
                        "id": brief.id, "session": finding.number, "seed": self.seed,
                        "rules": brief.rules.iter().map(|rule| rule.name()).collect::<Vec<_>>(),
                        "clauses": brief.clauses, "why": why, "runs": finding.runs, "suspects": finding.suspects,
                        "file": file.map(|file| file.display().to_string()), "case": finding.case_file(),
                    })
                ));
            }
            let told = report::failure(&brief, &finding.outcome, &repeat);
            print::result(format_args!("{WRONG}FOUND {number}{Reset} {sign}\n{}", told.trim_end()))?;
            if !finding.suspects.is_empty() {
                print::result(format_args!("  to blame     one of these sessions: {}", listed(&finding.suspects)))?;
            }
            match &saved {
                Some(Saved { file, was_there: true, .. }) => {
                    print::result(format_args!("  saved before {}\n", file.display()))
                }
                Some(Saved { file, .. }) => print::result(format_args!("  saved        {}\n", file.display())),
                None => print::result(format_args!("\n{}", finding.case.render())),
            }
        })
    }

    /// Shows what it came to, also as an exit code.
    pub(super) fn end(self, report: &Report) -> anyhow::Result<Exit> {
        self.bar.finish_and_clear();
        if let Some(trouble) = self.unprinted {
            return Err(trouble).context("failed to print");
        }
        let name = Harmless(self.name);
        match &report.stopped {
            Stopped::Unreachable(trouble) => {
                print::error(format_args!("{name} was never reachable: {trouble}"));
                return Ok(Exit::Unreachable);
            }
            Stopped::NeverOpened => {
                print::error(format_args!("{name} opened no connection: is it a WebSocket server?"))
            }
            Stopped::Gone(trouble, last) => {
                let last = listed(last);
                print::error(format_args!("{name} went away: {trouble}. The sessions played last were {last}"));
            }
            Stopped::Cancelled => print::tell(format_args!("interrupted")),
            Stopped::Done | Stopped::MaxFail | Stopped::Unheard => {}
        }
        let found = report.findings.len();
        if self.fuzz.json {
            print::result(format_args!(
                "{}",
                json!({ "summary": {
                    "seed": self.seed, "sessions": report.played, "found": found, "alike": report.alike,
                    "flaky": report.flaky, "unexamined": report.unexamined, "unforetold": report.unforetold,
                    "duration_ms": report.duration.as_millis() as u64,
                } })
            ))
            .context("failed to print")?;
        } else if !self.everywhere.quiet {
            let style = if found > 0 { WRONG } else { GOOD };
            let (count, seconds) = (Count(report.played as usize, "session"), report.duration.as_secs_f64());
            let what = match found {
                0 => "nothing found".to_owned(),
                1 => "1 finding".to_owned(),
                more => format!("{more} findings"),
            };
            let seed = self.seed;
            print::result(format_args!("{style}{what}{Reset} in {count} of seed {seed}, played in {seconds:.1} s"))
                .context("failed to print")?;
            if report.flaky > 0 {
                let flaky = Count(report.flaky as usize, "session");
                print::result(format_args!("{WEAK}{flaky} failed only once{Reset} and passed when played again"))
                    .context("failed to print")?;
            }
            if report.unexamined > 0 {
                let more = Count(report.unexamined as usize, "session");
                print::result(format_args!(
                    "{WEAK}{more} failed at the end{Reset}, with no time left to play it again"
                ))
                .context("failed to print")?;
            }
        }
        if let Some(trouble) = self.unsaved {
            return Err(trouble);
        }
        Ok(match report.stopped {
            Stopped::Cancelled => Exit::Interrupted,
            _ if found > 0 => Exit::Failed,
            Stopped::NeverOpened | Stopped::Gone(..) => Exit::Failed,
            _ => Exit::Ok,
        })
    }
}

fn listed(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

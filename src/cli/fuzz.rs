//! `wslab fuzz`: play sessions that nobody wrote down, and tell those that a server fails.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use anstyle::Reset;
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde_json::json;

use super::conform::embedded_server;
use super::print::{self, Count, GOOD, Harmless, WEAK, WRONG};
use super::request::Asking;
use super::signal::Interrupts;
use super::{Everywhere, Exit, progress, value};
use crate::conform::Pace;
use crate::conform::fuzz::{Choice, Finding, News, Options, Report, Stopped, hunt};
use crate::net::Target;
use crate::report;
use crate::wire::http::without_secrets;

/// Arguments of `wslab fuzz`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each finding is a session that a server has to take or to fail, made as short as it can be,
with what was expected and what came. It is written as a case: --save keeps it in a folder,
and `wslab conform TARGET --corpus FOLDER` plays it again.

Exit codes:
  0    nothing found
  1    a session failed
  2    usage or input error
  3    the target was never reachable
  130  interrupted")]
pub(super) struct Fuzz {
    /// The server to test: ws://host:port/path, wss://…, or unix:/path; it has to echo. Without one, wslab's own echo
    /// server is tested
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    /// What the sessions are made of: the same number gives the same sessions. Without one it is drawn, and said
    #[arg(long, env = "WSLAB_SEED", value_name = "N")]
    seed: Option<u64>,
    /// Play so many sessions
    #[arg(long, env = "WSLAB_SESSIONS", value_name = "N", value_parser = value::count)]
    sessions: Option<usize>,
    /// Play for so long; 60s, unless the number of sessions is given
    #[arg(long, env = "WSLAB_TIME", value_name = "TIME", value_parser = value::interval)]
    time: Option<Duration>,
    /// Connections at the same time
    #[arg(long, env = "WSLAB_JOBS", value_name = "N", value_parser = value::count, default_value = "32")]
    jobs: usize,
    /// Play only sessions that a server has to take, or only those that it has to fail
    #[arg(long, env = "WSLAB_ONLY", value_name = "KIND")]
    only: Option<Kind>,
    /// Leave permessage-deflate out
    #[arg(long, env = "WSLAB_NO_DEFLATE", value_parser = value::flag)]
    no_deflate: bool,
    /// Hold against a server also what few servers mind: lengths that are not in the shortest form, close codes from
    /// 5000 on, compressed messages that end inside a block or go on behind a final one, clients that just end TCP
    #[arg(long, env = "WSLAB_STRICT", value_parser = value::flag)]
    strict: bool,
    /// Write each finding into this folder, as a case file of its own
    #[arg(long, env = "WSLAB_SAVE", value_name = "DIR")]
    save: Option<PathBuf>,
    /// Stop at so many findings
    #[arg(long, env = "WSLAB_MAX_FAIL", value_name = "N", value_parser = value::count, default_value = "10")]
    max_fail: usize,
    /// Print one JSON object for each finding, and a summary
    #[arg(long, env = "WSLAB_JSON", value_parser = value::flag)]
    json: bool,
    /// Multiply all waiting times, for slow targets
    #[arg(long, env = "WSLAB_TIME_FACTOR", value_name = "F", default_value = "1", value_parser = value::factor,
          allow_negative_numbers = true)]
    time_factor: f64,
    /// Wait for the target no longer than this
    #[arg(long, env = "WSLAB_TIMEOUT", value_name = "TIME", value_parser = value::time)]
    timeout: Option<Duration>,
    /// Wait so long for the target to listen
    #[arg(long, env = "WSLAB_WAIT", value_name = "TIME", value_parser = value::time, default_value = "0s")]
    wait: Duration,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Legal,
    Illegal,
}

/// For so long, unless it is said.
const TIME: Duration = Duration::from_secs(60);

impl Fuzz {
    pub(super) async fn run(self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        let target = match &self.target {
            Some(target) => Target::from_str(target)?,
            None => embedded_server()?,
        };
        let seed = match self.seed {
            Some(seed) => seed,
            // Short enough to be typed again.
            None => u64::from(getrandom::u32().context("failed to draw a seed")?),
        };
        if let Some(folder) = &self.save {
            std::fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
        }
        let name = without_secrets(&target.to_string()).into_owned();
        let remote = self.asking.remote(target)?;
        let mut screen = Screen::new(&self, everywhere, seed, &name);
        screen.begin();
        let mut interrupts = Interrupts::new()?;
        let cancel = async move {
            let _how = interrupts.next().await;
        };
        let report = hunt(Arc::new(remote), self.options(seed), &mut |news| screen.told(&news), cancel).await;
        screen.end(&report)
    }

    fn options(&self, seed: u64) -> Options {
        let pace = Pace::new(self.time_factor);
        Options {
            seed,
            choice: Choice {
                legal: self.only != Some(Kind::Illegal),
                illegal: self.only != Some(Kind::Legal),
                deflate: !self.no_deflate,
                strict: self.strict,
            },
            sessions: self.sessions.map(|count| count as u64),
            time: self.time.or_else(|| self.sessions.is_none().then_some(TIME)),
            jobs: self.jobs,
            max_fail: self.max_fail,
            pace: self.timeout.map_or(pace, |longest| pace.no_longer_than(longest)),
            wait: self.wait,
        }
    }

    /// The options that sessions and verdicts depend on, as they were given.
    fn words(&self) -> Vec<String> {
        let mut words = self.asking.words();
        if self.time_factor != 1.0 {
            words.push(format!("--time-factor {}", self.time_factor));
        }
        if let Some(timeout) = self.timeout {
            words.push(format!("--timeout {}", value::shell(&humantime::format_duration(timeout).to_string())));
        }
        words
    }

    /// The command that plays a finding again.
    fn repeat(&self, seed: u64, finding: &Finding, file: Option<&Path>) -> String {
        let target = self.target.as_deref().map(|target| value::shell(&without_secrets(target)));
        let mut words: Vec<String> = Vec::new();
        match (&self.save, file) {
            (Some(folder), Some(_)) => {
                words.extend(["wslab conform".to_owned()].into_iter().chain(target));
                words.push(finding.case.id.to_string());
                words.push(format!("--corpus {}", value::shell(&folder.display().to_string())));
            }
            _ => {
                words.extend(["wslab fuzz".to_owned()].into_iter().chain(target));
                words.push(format!("--seed {seed} --sessions {}", finding.number + 1));
                words.extend(self.only.map(|only| match only {
                    Kind::Legal => "--only legal".to_owned(),
                    Kind::Illegal => "--only illegal".to_owned(),
                }));
                words.extend(self.no_deflate.then(|| "--no-deflate".to_owned()));
                words.extend(self.strict.then(|| "--strict".to_owned()));
            }
        }
        words.extend(self.words());
        words.join(" ")
    }
}

/// What is shown: how far it is, findings as they come, what it came to.
struct Screen<'a> {
    fuzz: &'a Fuzz,
    everywhere: &'a Everywhere,
    seed: u64,
    name: &'a str,
    bar: ProgressBar,
    played: u64,
    found: u64,
    /// The first time that something could not be written.
    trouble: Option<anyhow::Error>,
}

impl<'a> Screen<'a> {
    fn new(fuzz: &'a Fuzz, everywhere: &'a Everywhere, seed: u64, name: &'a str) -> Self {
        let hidden = everywhere.quiet || !io::stderr().is_terminal();
        let bar = if hidden { ProgressBar::hidden() } else { progress::bar(fuzz.sessions.unwrap_or_default() as u64) };
        Self { fuzz, everywhere, seed, name, bar, played: 0, found: 0, trouble: None }
    }

    fn begin(&self) {
        if !self.everywhere.quiet {
            let own = if self.fuzz.target.is_none() { "wslab's own echo server at " } else { "" };
            let (name, seed) = (Harmless(self.name), self.seed);
            print::tell(format_args!("testing {own}{name} with sessions of seed {seed}"));
        }
    }

    fn told(&mut self, news: &News<'_>) {
        match news {
            News::Played(count) => {
                self.played = *count;
                self.bar.set_position(*count);
            }
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
                    self.trouble.get_or_insert(error);
                }
            }
        }
    }

    fn show(&self, finding: &Finding) -> anyhow::Result<()> {
        let text = finding.case_file();
        let file = match &self.fuzz.save {
            Some(folder) => Some(save(folder, finding, &text)?),
            None => None,
        };
        let repeat = self.fuzz.repeat(self.seed, finding, file.as_deref());
        let why: Vec<String> = finding.outcome.why().map(ToString::to_string).collect();
        let (number, sign, brief) = (self.found, &finding.sign, finding.case.brief());
        let printed = self.bar.suspend(|| {
            if self.fuzz.json {
                return print::result(format_args!(
                    "{}",
                    json!({
                        "finding": number, "breaks": sign.breaks, "how": sign.how,
                        "id": brief.id, "session": finding.number, "seed": self.seed,
                        "rules": brief.rules.iter().map(|rule| rule.name()).collect::<Vec<_>>(),
                        "clauses": brief.clauses, "why": why, "runs": finding.runs,
                        "file": file.as_ref().map(|file| file.display().to_string()), "case": text,
                    })
                ));
            }
            let told = report::failure(&brief, &finding.outcome, &repeat);
            print::result(format_args!("{WRONG}FOUND {number}{Reset} {sign}\n{told}"))?;
            match &file {
                Some(file) => print::result(format_args!("  saved        {}\n", file.display())),
                None => print::result(format_args!("{}", finding.case.render())),
            }
        });
        printed.context("failed to print")
    }

    fn end(self, report: &Report) -> anyhow::Result<Exit> {
        self.bar.finish_and_clear();
        if let Some(trouble) = self.trouble {
            return Err(trouble);
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
                let last: Vec<String> = last.iter().map(u64::to_string).collect();
                let last = last.join(", ");
                print::error(format_args!("{name} went away: {trouble}. The sessions played last were {last}"));
            }
            Stopped::Cancelled => print::tell(format_args!("interrupted")),
            Stopped::Done | Stopped::MaxFail => {}
        }
        let found = report.findings.len();
        if self.fuzz.json {
            print::result(format_args!(
                "{}",
                json!({ "summary": {
                    "seed": self.seed, "sessions": report.played, "found": found, "alike": report.alike,
                    "flaky": report.flaky, "unforetold": report.unforetold,
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
        }
        Ok(match report.stopped {
            Stopped::Cancelled => Exit::Interrupted,
            _ if found > 0 => Exit::Failed,
            Stopped::NeverOpened | Stopped::Gone(..) => Exit::Failed,
            _ => Exit::Ok,
        })
    }
}

/// Writes a finding into a file that is not there yet.
fn save(folder: &Path, finding: &Finding, text: &str) -> anyhow::Result<PathBuf> {
    let name = finding.sign.file_name();
    let mut path = folder.join(format!("{name}.toml"));
    if path.exists() {
        path = folder.join(format!("{name}-{}.toml", finding.case.id.as_str().replace('.', "-")));
    }
    std::fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))?;
    Ok(path)
}

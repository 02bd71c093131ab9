//! `wslab fuzz`: play sessions that nobody wrote down, and tell those that a server fails.

mod saving;
mod screen;

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use self::screen::Screen;
use super::conform::embedded_server;
use super::request::Asking;
use super::signal::Interrupts;
use super::{Everywhere, Exit, value};
use crate::conform::Pace;
use crate::conform::fuzz::{Choice, Finding, Options, hunt};
use crate::net::Target;
use crate::wire::http::without_secrets;

/// Arguments of `wslab fuzz`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each finding is a session that a server has to take or to fail, made as short as it can be,
with what was expected and what came. It is written as a case: --save keeps it in a folder,
and `wslab conform TARGET --corpus FOLDER` plays it again. A session that is there already is
not kept twice, and no file that is there is changed. A target that goes away altogether is
one finding, which names the sessions that were on their way: --jobs 1 tells which it is.

Exit codes:
  0    nothing found
  1    a session failed, or the target went away or opened no connection
  2    usage or input error, or a finding could not be saved
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
    /// Play for so long; 60s, unless the number of sessions is given. What has failed by then is played again and made
    /// short for about 5s more
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
    /// 5000 on, compressed messages that end inside a block or go on behind a final one, clients that just end TCP; and
    /// that it refuses the close codes 1012 to 1014, or close frames between fragments
    #[arg(long, env = "WSLAB_STRICT", value_parser = value::flag)]
    strict: bool,
    /// Write each finding into this folder, as a case file of its own, unless it is there already
    #[arg(long, env = "WSLAB_SAVE", value_name = "DIR")]
    save: Option<PathBuf>,
    /// Stop at so many findings
    #[arg(long, env = "WSLAB_MAX_FAIL", value_name = "N", value_parser = value::count, default_value_t = MAX_FAIL)]
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

/// So many findings end it, unless it is said.
const MAX_FAIL: usize = 10;

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
        let report = hunt(Arc::new(remote), self.options(seed), &mut |news| screen.take(&news), cancel).await;
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
            (Some(folder), Some(_)) if finding.suspects.is_empty() => {
                words.extend(["wslab conform".to_owned()].into_iter().chain(target));
                words.push(finding.case.id.to_string());
                words.push(format!("--corpus {}", value::shell(&folder.display().to_string())));
            }
            _ => {
                words.extend(["wslab fuzz".to_owned()].into_iter().chain(target));
                let last = finding.suspects.iter().copied().max().unwrap_or(finding.number);
                words.push(format!("--seed {seed} --sessions {}", last.saturating_add(1)));
                words.extend(self.only.map(|only| match only {
                    Kind::Legal => "--only legal".to_owned(),
                    Kind::Illegal => "--only illegal".to_owned(),
                }));
                words.extend(self.no_deflate.then(|| "--no-deflate".to_owned()));
                words.extend(self.strict.then(|| "--strict".to_owned()));
                // With fewer it might end before it comes there.
                words.extend((self.max_fail > MAX_FAIL).then(|| format!("--max-fail {}", self.max_fail)));
                // One by one, the one that is to blame is the last.
                words.extend((!finding.suspects.is_empty()).then(|| "--jobs 1".to_owned()));
            }
        }
        words.extend(self.words());
        words.join(" ")
    }
}

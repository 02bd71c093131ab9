//! `wslab conform`: prove that an endpoint conforms.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio::sync::Notify;

use super::listening::Listening;
use super::print;
use super::request::Asking;
use super::screen::Screen;
use super::session::{Keeping, Session};
use super::top::{self, Looks};
use super::{Everywhere, Exit, choice, spec, value};
use crate::app;
use crate::conform::{self, Case, Conclusion, Corpus, Options, Pace, Remote, Selection, Shard, SpecCases, Timers};
use crate::net::{Listen, Server, ServerConfig, Target};
use crate::proto::{self, deflate};
use crate::watch::{Event, Heading, Sink as _};
use crate::wire::http::without_secrets;

/// Arguments of `wslab conform`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Cases:
  5, 5.15          by the beginning of their ids
  6.4.*            by a pattern for their ids
  tag:utf8         by a tag
  rule:ReservedBit by a rule that they are about
  rfc:6455#5.4     by a clause that they cite
  not:9            all but these

Exit codes:
  0    all as expected
  1    a case failed, or the baseline does not hold
  2    usage or input error
  3    the target was never reachable, or no client came
  4    nothing selected
  130  interrupted; with --listen only while no client had come, or one was not finished")]
pub(super) struct Conform {
    /// The server to test: ws://host:port/path, wss://…, or unix:/path. Without one, wslab's own echo server is tested
    #[arg(value_name = "TARGET")]
    pub(super) target: Option<String>,
    /// The cases to run; all of them if none is named
    #[arg(value_name = "CASES")]
    cases: Vec<String>,
    /// Leave out the cases that move much data
    #[arg(long, env = "WSLAB_QUICK", value_parser = value::flag)]
    quick: bool,
    /// Run a share of the cases: K/N is the K-th of N
    #[arg(long, env = "WSLAB_SHARD", value_name = "K/N")]
    shard: Option<Shard>,
    /// Read the cases from this folder instead of those built in
    #[arg(long, env = "WSLAB_CORPUS", value_name = "DIR")]
    pub(super) corpus: Option<PathBuf>,
    /// Do what a configuration of the Autobahn testsuite says: fuzzingclient.json tests servers, fuzzingserver.json
    /// clients. Cases that are named select among its cases
    #[arg(long, env = "WSLAB_SPEC", value_name = "FILE")]
    spec: Option<PathBuf>,
    /// What reports call the target
    #[arg(long, env = "WSLAB_AGENT", value_name = "NAME")]
    pub(super) agent: Option<String>,
    /// Fail also where a target is acceptable, but not as the RFC wants it
    #[arg(long, env = "WSLAB_STRICT", value_parser = value::flag)]
    pub(super) strict: bool,
    /// Print one JSON object for each case, and a summary
    #[arg(long, env = "WSLAB_JSON", value_parser = value::flag)]
    pub(super) json: bool,
    /// Connections at the same time; without it many for cases that mostly wait, and one a core for those that move
    /// much data
    #[arg(long, env = "WSLAB_JOBS", value_name = "N", value_parser = value::count)]
    jobs: Option<usize>,
    /// Multiply all waiting times, for slow targets
    #[arg(long, env = "WSLAB_TIME_FACTOR", value_name = "F", default_value = "1", value_parser = value::factor,
          allow_negative_numbers = true)]
    time_factor: f64,
    /// Wait for the target no longer than this, whatever a case allows
    #[arg(long, env = "WSLAB_TIMEOUT", value_name = "TIME", value_parser = value::time)]
    timeout: Option<Duration>,
    /// The target does not echo: run the cases that can be judged all the same, by pongs and closings
    #[arg(long, env = "WSLAB_NO_ECHO", value_parser = value::flag)]
    no_echo: bool,
    /// Try a failed case again so many times; that it passed only then is said
    #[arg(long, env = "WSLAB_RETRIES", value_name = "N", default_value = "0", value_parser = value::number,
          allow_negative_numbers = true)]
    retries: u32,
    /// Stop when so many cases have failed
    #[arg(long, env = "WSLAB_MAX_FAIL", value_name = "N", value_parser = value::count)]
    max_fail: Option<usize>,
    /// Wait so long for the target to listen, or for the first client to come
    #[arg(long, env = "WSLAB_WAIT", value_name = "TIME", value_parser = value::time, default_value = "0s")]
    pub(super) wait: Duration,
    /// Show the run on a dashboard, as `wslab top` does; leaving it ends the run
    #[arg(long, env = "WSLAB_TOP", value_parser = value::flag, conflicts_with_all = ["json", "spec"])]
    top: bool,
    #[command(flatten)]
    pub(super) keeping: Keeping,
    #[command(flatten)]
    pub(super) asking: Asking,
    #[command(flatten)]
    pub(super) listening: Listening,
    #[arg(skip)]
    pub(super) timers: Timers,
    #[arg(skip)]
    pub(super) excluded: SpecCases,
}

impl Conform {
    pub(super) async fn run(mut self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        self.sort_words()?;
        if let Some(path) = self.spec.take() {
            return spec::run(self, &path, everywhere).await;
        }
        let target = self.target.as_deref().map(Target::from_str).transpose()?;
        let corpus = choice::corpus(self.corpus.as_deref())?;
        let cases = self.chosen(&corpus, |_| true)?;
        self.test(everywhere, &corpus, &cases, target).await
    }

    /// The cases of the command line that are `wanted`. It is said what selects nothing.
    pub(super) fn chosen(&self, corpus: &Corpus, wanted: impl Fn(&Case) -> bool) -> anyhow::Result<Vec<Arc<Case>>> {
        let expressions = choice::expressions(&self.cases)?;
        let useless = choice::useless(&self.cases, &expressions, corpus);
        let selection = Selection { expressions, quick: self.quick, shard: self.shard };
        let offered: Vec<Case> = corpus.cases.iter().filter(|case| wanted(case)).cloned().collect();
        let cases: Vec<Arc<Case>> = selection.of(&offered).into_iter().cloned().map(Arc::new).collect();
        if cases.is_empty() {
            let why = if useless.is_empty() { ": no case is left by all that is asked together" } else { "" };
            print::error(format_args!("no case is selected{why}"));
            useless.iter().for_each(|words| print::tell(format_args!("{words}")));
        } else {
            useless.iter().for_each(print::warning);
        }
        Ok(cases)
    }

    /// Runs these cases against a server, wslab's own if there is no target, or with clients if those are to be tested.
    pub(super) async fn test(
        &self,
        everywhere: &Everywhere,
        corpus: &Corpus,
        cases: &[Arc<Case>],
        target: Option<Target>,
    ) -> anyhow::Result<Exit> {
        if cases.is_empty() {
            return Ok(Exit::NothingSelected);
        }
        if self.listening.is_on() {
            self.check_for_clients()?;
            anyhow::ensure!(!self.top, "--top is for testing servers, and clients are to be tested");
            // A usage error must not empty an earlier recording.
            let entrance = self.listening.entrance()?;
            let session = self.keeping.begin(self, everywhere, corpus)?;
            return entrance.run(cases, session).await;
        }
        let target = match target {
            Some(target) => target,
            None => embedded_server()?,
        };
        anyhow::ensure!(
            !self.top || io::stdout().is_terminal(),
            "--top shows a dashboard on a terminal, and the output is none: leave it out"
        );
        let name = target.to_string();
        let remote = self.asking.remote(target)?;
        let mut session = self.keeping.begin(self, everywhere, corpus)?;
        let (conclusion, shown) = if self.top {
            self.on_a_dashboard(&name, remote, corpus, cases, &mut session).await?
        } else {
            let screen = Screen::new(self, everywhere, cases.len());
            self.against(remote, corpus, cases, &mut session, screen).await?
        };
        session.end(conclusion, shown)
    }

    /// The same as [`Conform::against`], with a dashboard; what is shown without one is shown when its user has left it.
    async fn on_a_dashboard(
        &self,
        name: &str,
        remote: Remote,
        corpus: &Corpus,
        cases: &[Arc<Case>],
        session: &mut Session<'_>,
    ) -> anyhow::Result<(Conclusion, io::Result<()>)> {
        let (everywhere, options, cancelled) =
            (session.everywhere, self.options(corpus, session), session.cancelled()?);
        let (watched, mut told) = top::run(without_secrets(name));
        let left = Arc::new(Notify::new());
        let leaving = left.clone();
        let cancel = async move {
            tokio::select! {
                () = cancelled => {}
                () = leaving.notified() => {}
            }
        };
        let mut screen = Screen::held(self, everywhere);
        let running = async {
            let mut sink = |event: &Event| session.take(event, || screen.take(event).and_then(|()| told.take(event)));
            let conclusion = conform::run(Arc::new(remote), cases, options, &mut sink, cancel).await;
            told.end().await;
            conclusion
        };
        let showing = async {
            let shown = Looks::default().show(watched, everywhere).await;
            left.notify_one();
            shown
        };
        let (conclusion, left) = tokio::join!(running, showing);
        left?;
        let shown = screen.finish(corpus, &conclusion);
        Ok((conclusion, shown))
    }

    /// Runs these cases against a server. Gives also whether the end could be shown.
    pub(super) async fn against(
        &self,
        remote: Remote,
        corpus: &Corpus,
        cases: &[Arc<Case>],
        session: &mut Session<'_>,
        mut screen: Screen<'_>,
    ) -> anyhow::Result<(Conclusion, io::Result<()>)> {
        let (options, cancel) = (self.options(corpus, session), session.cancelled()?);
        let mut sink = |event: &Event| session.take(event, || screen.take(event));
        let conclusion = conform::run(Arc::new(remote), cases, options, &mut sink, cancel).await;
        let shown = screen.finish(corpus, &conclusion);
        Ok((conclusion, shown))
    }

    /// Of the words on the command line, one may be a target and the others are cases, in any order.
    fn sort_words(&mut self) -> anyhow::Result<()> {
        let (mut urls, cases): (Vec<_>, Vec<_>) =
            self.target.take().into_iter().chain(self.cases.drain(..)).partition(|word| choice::is_url(word));
        self.cases = cases;
        self.target = urls.pop();
        match urls.pop() {
            Some(other) => anyhow::bail!(
                "there can be one target, not two: `{other}` and `{}`",
                self.target.as_deref().unwrap_or_default()
            ),
            None => Ok(()),
        }
    }

    pub(super) fn options(&self, corpus: &Corpus, session: &Session<'_>) -> Options {
        Options {
            jobs: self.jobs,
            pace: self.pace(),
            echo: !self.no_echo,
            tap: session.tap(),
            retries: self.retries,
            max_fail: self.max_fail.map(|most| most as u64),
            wait: self.wait,
            baseline: session.baseline(),
            excluded: self.excluded.clone(),
            agent: self.agent.clone(),
            heading: self.heading(corpus),
            ..Options::default()
        }
    }

    fn pace(&self) -> Pace {
        let pace = Pace::new(self.time_factor).with(self.timers);
        self.timeout.map_or(pace, |longest| pace.no_longer_than(longest))
    }

    /// Refuses what has no meaning where clients are tested.
    fn check_for_clients(&self) -> anyhow::Result<()> {
        if let Some(target) = &self.target {
            anyhow::bail!(
                "there is a target, {}, and clients are to be tested: leave one of them out",
                without_secrets(target)
            );
        }
        self.asking.check_for_clients()
    }

    /// Refuses what has no meaning where servers are tested.
    pub(super) fn check_for_servers(&self) -> anyhow::Result<()> {
        anyhow::ensure!(!self.listening.is_on(), "servers are to be tested: leave --listen and --run out");
        Ok(())
    }

    fn heading(&self, corpus: &Corpus) -> Heading {
        Heading {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: self.repeat(Heading::CASE),
            strict: self.strict,
            shard: self.shard.map(|shard| shard.to_string()),
            sections: corpus.titles(),
        }
    }

    /// The command that runs a case again.
    pub(super) fn repeat(&self, case: &str) -> String {
        let mut words = vec!["wslab conform".to_owned()];
        words.extend(self.target.as_deref().map(|target| value::shell(&without_secrets(target))));
        words.push(case.to_owned());
        let mut option = |name: &str, value: &str| words.push(format!("{name} {}", value::shell(value)));
        if let Some(folder) = &self.corpus {
            option("--corpus", &folder.display().to_string());
        }
        if self.time_factor != 1.0 {
            option("--time-factor", &self.time_factor.to_string());
        }
        if let Some(timeout) = self.timeout {
            option("--timeout", &humantime::format_duration(timeout).to_string());
        }
        words.extend(self.no_echo.then(|| "--no-echo".to_owned()));
        words.extend(self.listening.words());
        words.extend(self.asking.words());
        words.extend(self.strict.then(|| "--strict".to_owned()));
        words.join(" ")
    }
}

/// Starts wslab's own echo server on a free port of the loopback.
pub(super) fn embedded_server() -> anyhow::Result<Target> {
    let listen = Listen::Tcp(([127, 0, 0, 1], 0).into());
    // The cases send gigabytes, so the server does not take much time to make them small; and it remembers contexts,
    // since that is the harder part of the protocol.
    let deflate = deflate::Config { level: 1, ..deflate::Config::with_takeover() };
    let endpoint = proto::Config { deflate: Some(deflate), ..proto::Config::default() };
    let config = ServerConfig { endpoint, ..ServerConfig::default() };
    let server = Server::bind(&listen, config).context("failed to start the echo server")?;
    let target = Target::from_str(&server.url())?;
    tokio::spawn(server.run(app::echo));
    Ok(target)
}

//! `wslab conform --listen` and `--run`: prove that clients conform.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;

use super::agents::Agents;
use super::print::{self, Count};
use super::screen::Screen;
use super::serve::{cannot_listen, listen};
use super::session::{Came, Session, is_unread};
use super::{Exit, value};
use crate::conform::clients::{self, Door, Ended, Launch, Visitors};
use crate::conform::{Case, Options};
use crate::net::{Listen, tls};
use crate::proto::Role;
use crate::watch::{Event, Reason, Sink as _};
use crate::wire::http::words_without_secrets;

/// How clients come to be tested.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Testing clients")]
pub(super) struct Listening {
    /// Listen here for clients, on the URLs of Autobahn's fuzzingserver; port 0 takes a free one
    #[arg(long, env = "WSLAB_LISTEN", value_name = "ADDR", value_parser = listen)]
    listen: Option<Listen>,
    /// Start this client for each case, with {url} replaced by the URL to connect to. It has to send back every message
    /// until the connection is closed, and end then
    #[arg(long, env = "WSLAB_RUN", value_name = "COMMAND")]
    run: Option<String>,
    /// Certificate chain in PEM, for clients that speak TLS
    #[arg(long, env = "WSLAB_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Key of the certificate in PEM
    #[arg(long, env = "WSLAB_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

impl Listening {
    /// Whether clients are to be tested.
    pub(super) const fn is_on(&self) -> bool {
        self.listen.is_some() || self.run.is_some()
    }

    /// Listens at a URL with these files for TLS, where the command line does not say.
    ///
    /// # Errors
    /// If that is nowhere.
    pub(super) fn at(&mut self, url: &str, cert: Option<String>, key: Option<String>) -> anyhow::Result<()> {
        if self.listen.is_none() {
            let place =
                url::Url::parse(url).with_context(|| format!("`{url}` is no URL such as ws://127.0.0.1:9001"))?;
            let host = place.host_str().unwrap_or_default();
            let port = place.port_or_known_default().unwrap_or_default();
            let place = listen(&format!("{host}:{port}"));
            self.listen = Some(place.map_err(|words| anyhow::anyhow!("{words}, or name a place with --listen"))?);
        }
        if url.starts_with("wss:") && self.tls_cert.is_none() {
            anyhow::ensure!(
                cert.is_some() && key.is_some(),
                "`wss` needs `cert` and `key`, or --tls-cert and --tls-key"
            );
            (self.tls_cert, self.tls_key) = (cert.map(PathBuf::from), key.map(PathBuf::from));
        }
        Ok(())
    }

    /// The words of a command line that tests the same.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut option = |name: &str, value: &str| words.push(format!("{name} {}", value::shell(value)));
        if let Some(listen) = &self.listen {
            option("--listen", &super::serve::Shown(listen).to_string());
        }
        self.run.iter().for_each(|command| option("--run", &without_secrets(command)));
        self.tls_cert.iter().for_each(|file| option("--tls-cert", &file.display().to_string()));
        self.tls_key.iter().for_each(|file| option("--tls-key", &file.display().to_string()));
        words
    }

    /// Where clients come in, or how they are started.
    ///
    /// # Errors
    /// If that cannot be listened at, or started: that is known before a run begins.
    pub(super) fn entrance(&self) -> anyhow::Result<Entrance> {
        let launch = self.launch()?;
        if launch.is_some() && matches!(self.listen, Some(Listen::Unix(_))) {
            anyhow::bail!("--run needs an address and a port to --listen on: a Unix socket has no URL");
        }
        Ok(Entrance { launch, door: self.door()? })
    }

    fn door(&self) -> anyhow::Result<Door> {
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(chain), Some(key)) => Some(tls::server(chain, key)?),
            _ => None,
        };
        let listen = self.listen.clone().unwrap_or(Listen::Tcp(([127, 0, 0, 1], 0).into()));
        if let Listen::Tcp(address) = &listen
            && !address.ip().is_loopback()
        {
            print::warning(format_args!("whoever reaches {address} can connect there, and can end this run"));
        }
        Door::bind(&listen, tls).map_err(|error| cannot_listen(&listen, &error))
    }

    fn launch(&self) -> anyhow::Result<Option<Launch>> {
        let Some(command) = &self.run else { return Ok(None) };
        let words = shell_words::split(command).with_context(|| format!("--run {command} cannot be read"))?;
        Launch::new(words).map(Some).with_context(|| format!("--run {} cannot be used", value::shell(command)))
    }
}

/// Where clients come in, and how they are started if they do not come by themselves.
pub(super) struct Entrance {
    launch: Option<Launch>,
    door: Door,
}

impl Entrance {
    /// Tests clients.
    pub(super) async fn run(self, cases: &[Arc<Case>], session: Session<'_>) -> anyhow::Result<Exit> {
        let Self { launch, door } = self;
        let door = door.tapped(session.tap());
        match launch {
            Some(launch) => Self::start(launch, door, cases, session).await,
            None => Self::wait(door, cases, session).await,
        }
    }

    /// Starts a client for each case.
    async fn start(launch: Launch, door: Door, cases: &[Arc<Case>], mut session: Session<'_>) -> anyhow::Result<Exit> {
        let Session { conform, everywhere, corpus, .. } = session;
        // A server that listens everywhere is also found here.
        let url = door.url().replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
        let options = Options { target: Role::Client, ..conform.options(corpus, &session) };
        let mut screen = Screen::new(conform, everywhere, cases.len());
        let cancel = session.cancelled()?;
        let mut sink = |event: &Event| session.take(event, || screen.take(event));
        let conclusion = clients::launch(door, &url, launch, cases, options, &mut sink, cancel).await;
        let shown = screen.finish(corpus, &conclusion);
        if !conclusion.reached && conclusion.summary.stopped != Some(Reason::Cancelled) {
            print::error("the client never connected");
        }
        session.end(conclusion, shown)
    }

    /// Waits for clients.
    async fn wait(door: Door, cases: &[Arc<Case>], mut session: Session<'_>) -> anyhow::Result<Exit> {
        let Session { conform, everywhere, corpus, .. } = session;
        let cancel = session.cancelled()?;
        say_where(&door.url(), conform.json, everywhere.quiet)?;
        let mut agents = Agents::new(conform, everywhere, corpus);
        let options = Options { target: Role::Client, ..conform.options(corpus, &session) };
        let protocols = conform.asking.subprotocols().to_vec();
        let mut sink = |event: &Event| session.take(event, || agents.take(event));
        let visitors = clients::listen(door, cases, options, protocols, &mut sink, cancel).await;
        exit(session, visitors)
    }
}

/// A command in which `…` stands for what is secret; as it was written if nothing is.
fn without_secrets(command: &str) -> String {
    let Ok(words) = shell_words::split(command) else { return words_without_secrets([command]).concat() };
    let open = words_without_secrets(words.iter().map(String::as_str));
    if open == words {
        return command.to_owned();
    }
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_-./:=@%+,{}…".contains(character);
    let quoted = open.into_iter().map(|word| if word.chars().all(is_plain) { word } else { value::shell(&word) });
    quoted.collect::<Vec<_>>().join(" ")
}

/// Says where clients are awaited, and what they can ask for, unless `quiet`.
fn say_where(url: &str, json: bool, quiet: bool) -> io::Result<()> {
    let url = url.trim_end_matches('/');
    if json {
        print::tell(format_args!("listening on {url}"));
    } else {
        // On stdout, because with port 0 it is what the caller wants to know.
        print::result(format_args!("listening on {url}"))?;
    }
    if quiet {
        return Ok(());
    }
    print::tell(format_args!("  {url}/getCaseCount                    tells how many cases there are"));
    print::tell(format_args!("  {url}/runCase?case=N&agent=NAME       plays a case; /case/5.15 one by its id"));
    print::tell(format_args!("  {url}/updateReports?agent=NAME        ends the run of a client"));
    print::tell(format_args!("  {url}/stopServer                      ends everything, like ctrl-c"));
    Ok(())
}

fn exit(session: Session<'_>, visitors: Visitors) -> anyhow::Result<Exit> {
    let Visitors { agents, ended, refused, told } = visitors;
    let came: Vec<Came<'_>> =
        agents.iter().map(|agent| Came { outcomes: &agent.conclusion.outcomes, complete: agent.complete }).collect();
    let passed = session.finish(&came)?;
    if is_unread(told)? {
        return Ok(Exit::Ok);
    }
    if refused > 0 {
        let refused = Count(usize::try_from(refused).unwrap_or(usize::MAX), "case");
        let kept = Count(agents.len(), "agent");
        print::warning(format_args!("{refused} of further agents were refused: the results of {kept} are kept"));
    }
    if let Ended::Broken(error) = ended {
        return Err(error).context("failed to listen");
    }
    let interrupted = matches!(ended, Ended::Cancelled);
    if agents.is_empty() && !interrupted {
        print::error("no client came");
        return Ok(Exit::Unreachable);
    }
    Ok(match () {
        // Whoever had finished when it was interrupted has a result, and that is what counts.
        () if interrupted && !came.iter().any(|came| came.complete) => Exit::Interrupted,
        () if interrupted && !came.iter().all(|came| came.complete) => Exit::Interrupted,
        () if passed => Exit::Ok,
        () => Exit::Failed,
    })
}

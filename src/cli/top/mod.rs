//! `wslab top`: watch a server, a capture, an interface or a run.

mod attach;
mod clock;
mod local;
mod play;
mod recorded;
mod running;
mod shown;
mod speed;

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::thread;

use anyhow::Context as _;
use clap::Args;
use tokio::sync::mpsc;

use self::attach::Attaching;
pub(super) use self::local::watched;
pub(super) use self::running::run;
pub(super) use self::shown::Looks;
use self::shown::Once;
use self::speed::Speed;
use super::signal::Interrupts;
use super::{Everywhere, Exit, value};
use crate::capture::source;
use crate::net::Target;
use crate::watch::feed::Remote;
use crate::watch::live::{News, Wish};

/// Arguments of `wslab top`.
#[derive(Debug, Args)]
#[command(after_help = "\
Sources:
  ws://localhost:9001   a server that was started with --watch; /_wslab is where it is watched
  traffic.pcapng        a capture, as if it happened now
  -                     a capture that is being made: tcpdump -i any -U -w - | wslab top -
  reports/run.jsonl     a recorded conformance run")]
pub(super) struct Top {
    /// What to watch: ws://host:port or wss://…, a capture, a recorded run, or `-` for a capture on the standard input
    #[arg(value_name = "SOURCE", required_unless_present = "interface")]
    source: Option<String>,
    /// How fast a capture or a recorded run is played: 10x, 0.5x, or `max`. Without it 1x, and a capture on the standard
    /// input as it comes
    #[arg(long, env = "WSLAB_SPEED", value_name = "SPEED")]
    speed: Option<Speed>,
    /// Watch a network interface; only if wslab was built with the feature `live`
    #[arg(long, env = "WSLAB_INTERFACE", value_name = "IF", conflicts_with_all = ["source", "speed"])]
    interface: Option<String>,
    /// Decrypt TLS with the secrets in this file, which programs write for SSLKEYLOGFILE. Can be given several times
    #[arg(long, env = "WSLAB_KEYLOG", value_name = "FILE")]
    keylog: Vec<PathBuf>,
    /// Print one screen as text, and end: of a capture its end, of a server what happens within a second
    #[arg(long, env = "WSLAB_ONCE", value_parser = value::flag)]
    once: bool,
    /// With --once, print everything as JSON
    #[arg(long, env = "WSLAB_JSON", value_parser = value::flag, requires = "once")]
    json: bool,
    #[command(flatten)]
    looks: Looks,
    #[command(flatten)]
    attaching: Attaching,
}

/// What is watched, as the dashboard has it.
pub(in crate::cli) struct Watched {
    /// Its name.
    pub(super) name: String,
    /// What it tells.
    pub(super) news: mpsc::Receiver<News>,
    /// What is asked of it.
    pub(super) wishes: mpsc::Sender<Wish>,
    /// Whether it goes on by itself, and has no end that could be waited for.
    pub(super) is_going_on: bool,
}

/// What tells a dashboard what it shows.
pub(super) struct Telling {
    pub(super) news: mpsc::Sender<News>,
    pub(super) wishes: mpsc::Receiver<Wish>,
}

/// So much news waits for the dashboard; then its source waits.
const NEWS: usize = 16;

/// A dashboard of this name, and what tells it.
pub(super) fn line(name: impl Into<String>) -> (Watched, Telling) {
    let (news, told) = mpsc::channel(NEWS);
    let (wishes, wished) = mpsc::channel(NEWS);
    (Watched { name: name.into(), news: told, wishes, is_going_on: true }, Telling { news, wishes: wished })
}

/// What a source is.
enum Kind {
    Remote(Target),
    Input,
    Capture(PathBuf),
    Run(PathBuf),
}

fn kind(source: &str) -> anyhow::Result<Kind> {
    if ["ws://", "wss://", "unix:"].iter().any(|scheme| source.starts_with(scheme)) {
        return Ok(Kind::Remote(Target::from_str(source)?));
    }
    if source == "-" {
        return Ok(Kind::Input);
    }
    let path = Path::new(source);
    if !path.exists() && source.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        anyhow::bail!("there is no file {source}; a server is written ws://{source}");
    }
    if recorded::is_run(path)? { Ok(Kind::Run(path.to_owned())) } else { Ok(Kind::Capture(path.to_owned())) }
}

impl Top {
    pub(super) async fn run(self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        let (name, kind) = match (&self.interface, &self.source) {
            (Some(interface), _) => (interface.clone(), None),
            (None, Some(source)) => (source.clone(), Some(kind(source)?)),
            (None, None) => anyhow::bail!("say what to watch: a URL, a capture, or `-`"),
        };
        if !matches!(kind, Some(Kind::Remote(_))) {
            self.attaching.check_for_others()?;
        }
        let mut interrupts = Interrupts::new()?;
        let (watched, telling) = match kind {
            Some(Kind::Remote(target)) => {
                let client = self.attaching.client(target)?;
                let (watched, telling) = line(crate::wire::http::without_secrets(&name));
                let attached = tokio::select! {
                    attached = Remote::attach(client) => attached,
                    _ = interrupts.next() => return Ok(Exit::Interrupted),
                };
                let remote = match attached {
                    Ok(remote) => remote,
                    Err(error) => return attach::failed(error),
                };
                (watched, Playing::Remote(Box::new(remote), telling))
            }
            Some(Kind::Run(path)) => {
                let (mut watched, telling) = line(name);
                watched.is_going_on = false;
                let speed = self.speed(Speed::REAL);
                (watched, Playing::Thread(Box::new(move || recorded::play(&path, speed, telling))))
            }
            other => {
                let (source, usual) = match &other {
                    Some(Kind::Capture(path)) => (source::open(std::slice::from_ref(path))?, Some(Speed::REAL)),
                    Some(_) => (source::open(&["-".into()])?, None),
                    None => (interface(&name)?, None),
                };
                let secrets = self.secrets()?;
                let speed = if other.is_none() { None } else { self.speed.or(usual) };
                let speed = if self.once && usual.is_some() { Some(Speed::Max) } else { speed };
                let shown_name = if name == "-" { "standard input".to_owned() } else { name };
                let (mut watched, telling) = line(shown_name);
                watched.is_going_on = other.is_none();
                (watched, Playing::Thread(Box::new(move || play::play(source, &secrets, speed, telling))))
            }
        };
        telling.begin()?;
        let showing = async {
            match (self.once, self.json) {
                (false, _) => self.looks.show(watched, everywhere).await,
                (true, false) => Once::Screen.look(&self.looks, watched, everywhere).await,
                (true, true) => Once::Json.look(&self.looks, watched, everywhere).await,
            }
        };
        if !self.once {
            // The dashboard hears by itself that it has to end, and gives the terminal back.
            drop(interrupts);
            return showing.await;
        }
        tokio::select! {
            exit = showing => exit,
            _ = interrupts.next() => Ok(Exit::Interrupted),
        }
    }

    fn speed(&self, usual: Speed) -> Speed {
        if self.once { Speed::Max } else { self.speed.unwrap_or(usual) }
    }

    fn secrets(&self) -> anyhow::Result<Vec<Vec<u8>>> {
        let read = |path: &PathBuf| {
            std::fs::read(path).with_context(|| format!("failed to read the secrets in {}", path.display()))
        };
        self.keylog.iter().map(read).collect()
    }
}

/// What tells, before it begins.
enum Playing {
    Remote(Box<Remote>, Telling),
    /// Reads files, and waits between packets.
    Thread(Box<dyn FnOnce() + Send>),
}

impl Playing {
    /// Begins; it ends when nobody listens any more.
    fn begin(self) -> io::Result<()> {
        match self {
            Self::Remote(remote, Telling { news, wishes }) => drop(tokio::spawn(remote.run(news, wishes))),
            Self::Thread(play) => drop(thread::Builder::new().name("source".into()).spawn(play)?),
        }
        Ok(())
    }
}

#[cfg(feature = "live")]
fn interface(name: &str) -> anyhow::Result<Box<dyn source::Source>> {
    Ok(Box::new(source::Live::open(name, None)?))
}

#[cfg(not(feature = "live"))]
fn interface(name: &str) -> anyhow::Result<Box<dyn source::Source>> {
    anyhow::bail!(
        "interfaces are watched only if wslab was built with `--features live`; without it: \
         tcpdump -i {name} -U -w - | wslab top -"
    )
}

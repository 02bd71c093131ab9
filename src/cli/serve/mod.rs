//! `wslab serve`: run a server.

mod guarding;
mod listening;
mod place;

use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};

use self::guarding::{Guarding, Manner};
use self::listening::Listening;
pub(super) use self::place::{Shown, cannot_listen, listen};
use super::{Everywhere, Exit, print, value};
use crate::app;
use crate::app::chat::{self, Chat, ChatConfig};
use crate::app::feed::{self, Activity, Builtin, Feed, LineError, Source};
use crate::app::host::{Application, Host};
use crate::watch::{Meter, Snapshot, Totals};

/// Arguments of `wslab serve`.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(subcommand)]
    app: App,
}

#[derive(Debug, Subcommand)]
enum App {
    /// Send every message back as it came
    Echo(Serving),
    /// Rooms of people who hear each other, with a page for browsers
    #[command(after_help = CHAT)]
    Chat(ServeChat),
    /// Streams of values for whoever subscribes, with a page for browsers
    #[command(after_help = FEED)]
    Feed(ServeFeed),
}

const CHAT: &str = r#"What clients say:
  {"type":"join","room":"lobby","username":"ada"}
  {"type":"chat","message":"hello"}
  {"type":"leave"}
  {"type":"user_info"}, {"type":"rate_limit"}
  {"type":"compression_request","algorithms":["gzip","deflate"]}
Whoever has to be known says {"token":"…"} first, or has the token in the request."#;

const FEED: &str = r#"What clients say:
  {"type":"subscribe","streams":["stocks","system","activity"]}
  {"type":"unsubscribe","streams":["stocks"]}
  {"type":"streams"}
  {"type":"user_info"}, {"type":"rate_limit"}
  {"type":"compression_request","algorithms":["gzip","deflate"]}
Whoever has to be known says {"token":"…"} first, or has the token in the request."#;

/// A chat.
#[derive(Debug, Args)]
struct ServeChat {
    /// The most members of a room
    #[arg(long, env = "WSLAB_MAX_MEMBERS", value_name = "N", default_value = "10000", value_parser = value::count)]
    max_members: usize,
    /// The most rooms at a time
    #[arg(long, env = "WSLAB_MAX_ROOMS", value_name = "N", default_value = "10000", value_parser = value::count)]
    max_rooms: usize,
    #[command(flatten)]
    serving: Serving,
}

/// A feed.
#[derive(Debug, Args)]
struct ServeFeed {
    /// Also publish lines of {"stream":"name","data":…} from this file, and what is appended to it or put in its
    /// place; `-` is the input
    #[arg(long, env = "WSLAB_LINES", value_name = "FILE")]
    lines: Option<String>,
    /// The streams that are there without that; `none` for none of them
    #[arg(
        long,
        env = "WSLAB_STREAMS",
        value_name = "NAME",
        value_delimiter = ',',
        default_value = "stocks,system,activity"
    )]
    streams: Vec<Stream>,
    /// What the made-up market of `stocks` begins with
    #[arg(long, env = "WSLAB_SEED", value_name = "N", default_value = "1")]
    seed: u64,
    #[command(flatten)]
    serving: Serving,
}

/// A stream that is there without anybody publishing to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stream {
    /// Prices of a made-up market, every second
    Stocks,
    /// Processor, memory and disk of this machine, every 2 seconds
    System,
    /// Connections and messages of this server, every 5 seconds
    Activity,
    /// None
    None,
}

/// What every server takes.
#[derive(Debug, Args)]
struct Serving {
    #[command(flatten)]
    listening: Listening,
    #[command(flatten)]
    guarding: Guarding,
}

impl Serve {
    pub(super) async fn run(self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        match self.app {
            App::Echo(serving) => serving.run(Host::new(app::Echo), Manner::Open, everywhere).await,
            App::Chat(chat) => chat.run(everywhere).await,
            App::Feed(feed) => feed.run(everywhere).await,
        }
    }
}

impl ServeChat {
    async fn run(self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        let config = ChatConfig { max_members: self.max_members, max_rooms: self.max_rooms, ..ChatConfig::default() };
        let host = Host::new(Chat::new(config)).page(chat::PAGE);
        self.serving.run(host, Manner::Social, everywhere).await
    }
}

impl ServeFeed {
    async fn run(self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        let feed = Feed::new();
        let meter = Meter::new();
        feed::start(&feed, self.builtin(meter.clone()))?;
        if let Some(name) = &self.lines {
            let told = |error: LineError| print::warning(error);
            feed::follow(&feed, Source::from(name.as_str()), told).with_context(|| format!("failed to read {name}"))?;
        }
        let host = Host::new(feed).page(feed::PAGE).metered(meter);
        self.serving.run(host, Manner::Social, everywhere).await
    }

    fn builtin(&self, meter: Arc<Meter>) -> Builtin {
        let mut builtin = Builtin::new();
        for stream in &self.streams {
            builtin = match stream {
                Stream::Stocks => builtin.stocks(self.seed),
                Stream::System => builtin.system(),
                Stream::Activity => {
                    let meter = meter.clone();
                    builtin.activity(move || activity(&meter.summary()))
                }
                Stream::None => builtin,
            };
        }
        builtin
    }
}

/// What a server has done, in a few figures.
fn activity(snapshot: &Snapshot) -> Activity {
    let Totals { opened, received, sent, .. } = &snapshot.totals;
    Activity {
        connections: snapshot.open,
        opened: *opened,
        messages_received: received.messages(),
        messages_sent: sent.messages(),
        bytes_received: received.bytes(),
        bytes_sent: sent.bytes(),
        uptime: snapshot.uptime.as_secs(),
    }
}

impl Serving {
    async fn run<A: Application>(self, host: Host<A>, manner: Manner, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        let mut host = self.guarding.guard(host, manner)?.unpacking(self.listening.max_message(manner));
        if self.listening.has_metrics() {
            host = host.metrics();
        }
        if self.listening.is_watched() {
            host = host.watched();
        }
        let config = self.listening.config(&self.guarding, manner)?;
        let meter = self.listening.has_top().then(|| host.meter());
        self.listening.run(config, host, meter, everywhere).await
    }
}

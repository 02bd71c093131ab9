//! `wslab connect`: talk to a server by hand, by lines of a pipe, or by a script.

mod auth;
mod backoff;
mod command;
mod editor;
mod history;
mod inbox;
mod json;
mod line;
mod link;
mod play;
mod printer;
mod screen;
mod script;
mod terminal;

use std::future::pending;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use tokio::time::sleep;

use super::print::Harmless;
use super::request::Asking;
use super::signal::Interrupts;
use super::{Everywhere, Exit, value};
use crate::app;
use crate::net::{Client, ConnectError, Session as _, Target};
use crate::proto::{Cause, Config, Event, Outbound, deflate};
use crate::watch::refused;
use crate::wire::CloseCode;
use crate::wire::http::without_secrets;

use backoff::Backoff;
use editor::Editor;
use history::History;
use line::Lines;
use link::Link;
use play::{Played, Player};
use screen::Screen;
use script::Script;
use terminal::{Ended, Talk};

/// Arguments of `wslab connect`.
#[derive(Debug, Args)]
#[command(after_help = "\
Lines of the input are sent as messages; messages that come are printed. With -q into a file or pipe they are printed \
byte for byte (unless --json is given), otherwise without what a terminal would act on.

On a terminal lines are edited, with a history, and /help lists the commands: /ping, /close, /status, /reconnect … In \
a pipe or a file without --script no line is a command.

A script has the same commands, and blank lines and # comments. What has to come: /expect TEXT (the next message \
contains it), /expect-json {\"type\":\"joined\"} (it has these members), /expect-binary HEX, /expect-close 1008 \
[REASON]. /wait 500ms waits, /timeout 5s is how long to wait for what has to come (else --timeout).

Exit codes: 0 closed by the closing handshake and all as a script expects, 1 closed in another way or not as expected, \
2 usage or input error, 3 never connected, 130 interrupted.")]
pub(super) struct Connect {
    /// Where to: ws://host:port/path, wss://…, or unix:/path/of/socket:/path
    url: String,
    /// Send each line as a binary message
    #[arg(long, env = "WSLAB_BINARY", value_parser = value::flag)]
    binary: bool,
    /// Lay out messages that are JSON objects or arrays; with -q into a pipe, too
    #[arg(long, env = "WSLAB_JSON", value_parser = value::flag)]
    json: bool,
    /// Play a script, of the standard input if no file is named
    #[arg(long, env = "WSLAB_SCRIPT", value_name = "FILE", num_args = 0..=1, default_missing_value = "-",
          value_parser = script_file)]
    script: Option<PathBuf>,
    /// How often to ping the server, and say how long the pong took
    #[arg(long, env = "WSLAB_PING", value_name = "TIME", value_parser = value::time)]
    ping: Option<Duration>,
    /// Connect again by itself when the connection is lost: after half a second first, after 30 s at most
    #[arg(long, env = "WSLAB_RECONNECT", value_parser = value::flag, conflicts_with = "script")]
    reconnect: bool,
    /// Send every message back as it came, until the connection is closed; nothing is read from the input
    #[arg(long, env = "WSLAB_ECHO", value_parser = value::flag,
          conflicts_with_all = ["binary", "linger", "json", "script", "reconnect"])]
    echo: bool,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    auth: auth::Auth,
    /// Do not offer to compress messages
    #[arg(long, env = "WSLAB_NO_DEFLATE", value_parser = value::flag)]
    no_deflate: bool,
    /// Neither read nor write the history of lines, which is wslab/history in $XDG_STATE_HOME or ~/.local/state
    #[arg(long, env = "WSLAB_NO_HISTORY", value_parser = value::flag)]
    no_history: bool,
    /// How long opening and closing may take
    #[arg(long, env = "WSLAB_TIMEOUT", value_name = "TIME", value_parser = value::time,
          default_value = "10s")]
    timeout: Duration,
    /// How long to wait for further messages when the input has ended
    #[arg(long, env = "WSLAB_LINGER", value_name = "TIME", value_parser = value::time,
          default_value = "500ms")]
    linger: Duration,
}

/// A file with a script. A URL behind `--script` is one to connect to.
fn script_file(text: &str) -> Result<PathBuf, String> {
    match ["ws://", "wss://", "unix:"].iter().any(|scheme| text.starts_with(scheme)) {
        true => Err("this is no file: write the URL before --script, or --script=-".to_owned()),
        false => Ok(text.into()),
    }
}

/// How the lines come.
enum Input {
    Lines(Lines),
    Script(Player),
    Terminal(Talk, Editor),
}

/// What speaking came to.
enum Spoken {
    Done,
    Played(Played),
    Interrupted,
}

impl Connect {
    fn client(&self, asking: &Asking, target: Target) -> anyhow::Result<Client> {
        let config = Config {
            opening_timeout: self.timeout,
            closing_timeout: self.timeout,
            ping_interval: self.ping,
            deflate: (!self.no_deflate).then(deflate::Config::with_takeover),
            ..Config::default()
        };
        Ok(asking.client(target)?.config(config))
    }

    pub(super) async fn run(self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        let mut target = Target::from_str(&self.url)?;
        let mut asking = self.asking.clone();
        let shown = self.auth.show(&mut asking, &mut target)?;
        let client = self.client(&asking, target)?;
        let script = self.script.as_deref().map(Script::read).transpose()?;
        let screen = Screen::new(everywhere, self.json, self.ping.is_some(), shown.token.clone());
        let url = without_secrets(&self.url);
        let mut interrupts = Interrupts::new()?;
        if self.echo {
            return tokio::select! {
                echoed = echo(&client, &url, shown.message, &screen) => echoed,
                _ = interrupts.next() => Ok(Exit::Interrupted),
            };
        }
        let link = Link::new(&client, &url, shown.message, &screen);
        let opened = tokio::select! {
            opened = link.open() => opened,
            _ = interrupts.next() => return Ok(Exit::Interrupted),
        };
        if let Err(error) = opened {
            return not_connected(error, &screen);
        }
        let mut input = self.input(script, shown.token, &screen)?;
        let exit = self.talk(&link, &mut input, &mut interrupts).await;
        screen.finish();
        exit
    }

    /// Where lines come from: a terminal, if it is one, is edited on from now on.
    fn input(&self, script: Option<Script>, token: Option<String>, screen: &Screen) -> anyhow::Result<Input> {
        let backoff = self.reconnect.then(Backoff::new);
        let (binary, linger, patience) = (self.binary, self.linger, self.timeout);
        if let Some(script) = script {
            return Ok(Input::Script(Player { script, binary, patience, linger }));
        }
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Ok(Input::Lines(Lines { binary, linger, backoff }));
        }
        let history = if self.no_history { History::of_session(token) } else { History::of_user(token) };
        let (editor, printer) = Editor::start(history)?;
        printer.into_iter().for_each(|printer| screen.above(printer));
        Ok(Input::Terminal(Talk { binary, patience, backoff }, editor))
    }

    /// Speaks and listens, then closes what is open.
    async fn talk(&self, link: &Link<'_>, input: &mut Input, interrupts: &mut Interrupts) -> anyhow::Result<Exit> {
        let listening = link.listen();
        tokio::pin!(listening);
        let spoken = tokio::select! {
            listened = &mut listening => match listened? {},
            spoken = input.speak(link) => spoken,
            _ = interrupts.next() => Ok(Spoken::Interrupted),
        };
        let code = if spoken.is_ok() { CloseCode::NORMAL } else { CloseCode::GOING_AWAY };
        let closing = async {
            // It may be over, or closing.
            let _ordered = link.close(code, "").await;
            if link.is_up() {
                link.closed().await;
            }
        };
        let exit = tokio::select! {
            listened = &mut listening => match listened? {},
            () = closing => link.exit(),
            // The closing handshake has its own time, but it does not begin while a server does not read.
            () = sleep(self.timeout.saturating_mul(2)) => {
                link.screen.error("the server does not read: the connection is dropped");
                Exit::Failed
            }
            // Asked twice means now.
            _ = interrupts.next() => return Ok(Exit::Interrupted),
            () = input.interrupt() => return Ok(Exit::Interrupted),
        };
        Ok(match spoken? {
            Spoken::Done | Spoken::Played(Played::Well) => exit,
            Spoken::Played(Played::WellToTheEnd) => Exit::Ok,
            Spoken::Played(Played::Otherwise) => Exit::Failed,
            Spoken::Interrupted => Exit::Interrupted,
        })
    }
}

impl Input {
    /// Until there is nothing more to say.
    async fn speak(&mut self, link: &Link<'_>) -> anyhow::Result<Spoken> {
        Ok(match self {
            Self::Lines(lines) => lines.speak(link).await.map(|()| Spoken::Done)?,
            Self::Script(player) => Spoken::Played(player.play(link).await),
            Self::Terminal(talk, editor) => match talk.speak(link, editor).await {
                Ended::Wanted => Spoken::Done,
                Ended::Interrupted => Spoken::Interrupted,
            },
        })
    }

    /// Waits until Ctrl-C is pressed where that is a key and no signal.
    async fn interrupt(&mut self) {
        match self {
            Self::Terminal(_, editor) => editor.interrupt().await,
            Self::Lines(_) | Self::Script(_) => pending().await,
        }
    }
}

/// There is no connection.
fn not_connected(error: ConnectError, screen: &Screen) -> anyhow::Result<Exit> {
    if hopeless(&error) {
        return Err(error.into());
    }
    screen.error(unreachable(&error));
    Ok(Exit::Unreachable)
}

/// Whether it is no use to try again.
fn hopeless(error: &ConnectError) -> bool {
    matches!(error, ConnectError::Ask(_) | ConnectError::Tls(_))
}

/// Sends back what comes, until the connection is over.
async fn echo(client: &Client, url: &str, greeting: Option<String>, screen: &Screen) -> anyhow::Result<Exit> {
    let connection = match client.start().await {
        Ok(connection) => connection,
        Err(error) => return not_connected(error, screen),
    };
    let mut opened = false;
    let mut echo = app::echo_back();
    let closed = connection
        .run(|event: Event<'_>, out: &mut Outbound| {
            match &event {
                Event::Open(agreed) => {
                    opened = true;
                    screen.opened(url, Some(agreed));
                    // It is open.
                    let _sent = greeting.as_deref().map(|greeting| out.send(greeting));
                }
                Event::Message(message) => screen.echoed(message),
                _ => {}
            }
            echo.event(event, out);
        })
        .await;
    if !opened {
        return not_connected(ConnectError::Opening(Box::new(closed)), screen);
    }
    screen.closed(&closed);
    Ok(if closed.clean { Exit::Ok } else { Exit::Failed })
}

/// Why there is no connection. A server that speaks HTTP only is told by its status.
fn unreachable(error: &ConnectError) -> String {
    let words = match error {
        ConnectError::Opening(closed) => match &closed.cause {
            Cause::OpeningInvalid(_, Some(response)) if response.status != 101 => {
                let mut head = Vec::new();
                response.write(&mut head);
                refused(response.status, &head)
            }
            Cause::Lost => "the server ended the connection before it had answered the opening handshake".to_owned(),
            cause => cause.to_string(),
        },
        error => error.to_string(),
    };
    Harmless(&words).to_string()
}

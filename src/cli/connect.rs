//! `wslab connect`: talk to a server by hand.

use std::io::BufRead as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anstyle::{AnsiColor, Reset, Style};
use anyhow::Context as _;
use clap::Args;
use tokio::sync::mpsc;

use super::{Everywhere, Exit};
use crate::net::{Client, ConnectError, Connection, Happening, Target, Trust};
use crate::proto::opening::Extra;
use crate::proto::{Closed, Config, Message, ReadyState};
use crate::wire::CloseCode;

/// Arguments of `wslab connect`.
#[derive(Debug, Args)]
pub(super) struct Connect {
    /// Where to: ws://host:port/path, wss://…, or unix:/path/of/socket:/path
    url: String,
    /// Send each line as a binary message
    #[arg(long, env = "WSLAB_BINARY")]
    binary: bool,
    /// How often to ping the server, and say how long the pong took
    #[arg(long, env = "WSLAB_PING", value_name = "TIME", value_parser = humantime::parse_duration)]
    ping: Option<Duration>,
    /// A further header of the request, as `Name: value`; repeat it for several
    #[arg(long = "header", short = 'H', env = "WSLAB_HEADER", value_name = "HEADER")]
    headers: Vec<String>,
    /// A subprotocol to ask for; repeat it for several, the preferred one first
    #[arg(long, env = "WSLAB_SUBPROTOCOL", value_name = "NAME", value_delimiter = ',')]
    subprotocol: Vec<String>,
    /// The origin to name
    #[arg(long, env = "WSLAB_ORIGIN", value_name = "ORIGIN")]
    origin: Option<String>,
    /// Trust the certificates of this PEM file instead of the system's
    #[arg(long, env = "WSLAB_CACERT", value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Trust any certificate
    #[arg(long, env = "WSLAB_INSECURE", conflicts_with = "cacert")]
    insecure: bool,
    /// How long opening and closing may take
    #[arg(long, env = "WSLAB_TIMEOUT", value_name = "TIME", value_parser = humantime::parse_duration,
          default_value = "10s")]
    timeout: Duration,
    /// How long to wait for further messages when the input has ended
    #[arg(long, env = "WSLAB_LINGER", value_name = "TIME", value_parser = humantime::parse_duration,
          default_value = "500ms")]
    linger: Duration,
}

impl Connect {
    fn client(&self) -> anyhow::Result<Client> {
        let mut headers = Extra::default();
        for header in &self.headers {
            let (name, value) = header
                .split_once(':')
                .with_context(|| format!("`{header}` is not a header: write it as `Name: value`"))?;
            headers.push(name.trim(), value.trim())?;
        }
        let trust = match (&self.cacert, self.insecure) {
            (Some(roots), _) => Trust::Roots(roots.clone()),
            (None, true) => Trust::Anybody,
            (None, false) => Trust::System,
        };
        let config = Config {
            opening_timeout: self.timeout,
            closing_timeout: self.timeout,
            ping_interval: self.ping,
            ..Config::default()
        };
        let mut client = Client::to(Target::from_str(&self.url)?)
            .config(config)
            .headers(headers)
            .protocols(&self.subprotocol)
            .trust(trust);
        if let Some(origin) = &self.origin {
            client = client.origin(origin);
        }
        Ok(client)
    }

    pub(super) async fn run(self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        let screen = Screen { verbose: everywhere.verbose, quiet: everywhere.quiet, pings: self.ping.is_some() };
        let mut connection = match self.client()?.connect().await {
            Ok(connection) => connection,
            Err(error @ (ConnectError::Ask(_) | ConnectError::Tls(_))) => return Err(error.into()),
            Err(error) => {
                screen.failed(&error.to_string());
                return Ok(Exit::Unreachable);
            }
        };
        screen.opened(&self.url, &connection);
        self.talk(&mut connection, &screen).await
    }

    async fn talk(&self, connection: &mut Connection, screen: &Screen) -> anyhow::Result<Exit> {
        let mut lines = lines();
        let mut reading = true;
        let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
        let mut heard = tokio::time::Instant::now();
        loop {
            tokio::select! {
                event = connection.next_event() => match event {
                    Some(Happening::Closed(closed)) => return Ok(screen.closed(&closed)),
                    Some(event) => {
                        heard = tokio::time::Instant::now();
                        screen.show(&event);
                    }
                    None => return Ok(Exit::Ok),
                },
                line = lines.recv(), if reading => match line {
                    Some(line) => {
                        let line = line.context("failed to read from the input")?;
                        let message = self.message(line)?;
                        screen.sent(&message);
                        // A connection that is closing tells so by its events.
                        let _sent = connection.send(message).await;
                        heard = tokio::time::Instant::now();
                    }
                    None => reading = false,
                },
                _ = &mut interrupt => break,
                () = tokio::time::sleep_until(heard + self.linger),
                    if !reading && connection.ready_state() == ReadyState::Open => break,
            }
        }
        let closed = connection.close(CloseCode::NORMAL, "").await?;
        Ok(screen.closed(&closed))
    }

    fn message(&self, line: Vec<u8>) -> anyhow::Result<Message<'static>> {
        if self.binary {
            return Ok(Message::binary(line));
        }
        String::from_utf8(line).map(Message::text).context("the line is not UTF-8: send it with --binary")
    }
}

/// Lines of the standard input, without their ends.
fn lines() -> mpsc::Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel(64);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().split(b'\n') {
            let line = line.map(|mut line| {
                line.pop_if(|last| *last == b'\r');
                line
            });
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

const INBOUND: Style = AnsiColor::Green.on_default();
const OUTBOUND: Style = AnsiColor::Cyan.on_default();
const CONTROL: Style = AnsiColor::BrightBlack.on_default();
const WRONG: Style = AnsiColor::Red.on_default();

/// What is printed, and how: what came on stdout, everything else on stderr.
struct Screen {
    verbose: bool,
    quiet: bool,
    pings: bool,
}

impl Screen {
    fn opened(&self, url: &str, connection: &Connection) {
        if self.quiet {
            return;
        }
        let protocol = connection.agreed().and_then(|agreed| agreed.protocol.as_deref());
        match protocol {
            Some(protocol) => anstream::eprintln!("connected to {url}, subprotocol {protocol}"),
            None => anstream::eprintln!("connected to {url}"),
        }
    }

    fn failed(&self, words: &str) {
        anstream::eprintln!("{WRONG}error:{Reset} {words}");
    }

    fn sent(&self, message: &Message<'_>) {
        if self.verbose {
            anstream::eprintln!("{} {OUTBOUND}> {}{Reset} {}", now(), kind(message), Shown(&message.payload));
        }
    }

    fn show(&self, event: &Happening) {
        match event {
            Happening::Message(message) if self.quiet => anstream::println!("{}", Shown(&message.payload)),
            Happening::Message(message) => {
                anstream::println!("{} {INBOUND}< {}{Reset} {}", now(), kind(message), Shown(&message.payload));
            }
            Happening::Ping(payload) if self.verbose => {
                anstream::eprintln!("{} {CONTROL}< ping {}{Reset}", now(), Shown(payload));
            }
            Happening::Pong(_, Some(time)) if self.pings || self.verbose => {
                anstream::eprintln!("{} {CONTROL}< pong after {:.3} ms{Reset}", now(), time.as_secs_f64() * 1e3);
            }
            Happening::Pong(payload, None) if self.verbose => {
                anstream::eprintln!("{} {CONTROL}< pong {}{Reset}", now(), Shown(payload));
            }
            Happening::Failed(cause) => anstream::eprintln!("{WRONG}failed:{Reset} {cause}"),
            _ => {}
        }
    }

    fn closed(&self, closed: &Closed) -> Exit {
        if !self.quiet || !closed.clean {
            let reason = if closed.reason.is_empty() { String::new() } else { format!(": {}", closed.reason) };
            let how = if closed.clean { String::new() } else { format!(", {}", closed.cause) };
            anstream::eprintln!("closed with {}{reason}{how}", closed.code);
        }
        if closed.clean { Exit::Ok } else { Exit::Failed }
    }
}

fn kind(message: &Message<'_>) -> &'static str {
    if message.is_text() { "text" } else { "binary" }
}

fn now() -> humantime::Rfc3339Timestamp {
    humantime::format_rfc3339_millis(std::time::SystemTime::now())
}

/// Bytes as a person reads them: text as it is without control characters, anything else as hex.
struct Shown<'a>(&'a [u8]);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Ok(text) = std::str::from_utf8(self.0) else {
            return self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"));
        };
        for character in text.chars() {
            // A terminal must not be told what to do by a server.
            match character {
                '\t' | '\n' => write!(f, "{character}")?,
                character if character.is_control() => write!(f, "{}", character.escape_default())?,
                character => write!(f, "{character}")?,
            }
        }
        Ok(())
    }
}

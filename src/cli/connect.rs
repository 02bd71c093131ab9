//! `wslab connect`: talk to a server by hand.

use std::cell::Cell;
use std::future::pending;
use std::io::{self, BufRead, IsTerminal as _, Read as _, Write as _};
use std::str::FromStr;
use std::time::Duration;

use anstyle::{AnsiColor, Reset, Style};
use anyhow::Context as _;
use clap::Args;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::print::{self, Harmless, Hex, WRONG};
use super::request::Asking;
use super::signal::Interrupts;
use super::{Everywhere, Exit, value};
use crate::app;
use crate::net::{Client, ConnectError, OwnedEvent, Receiver, Sender, Session as _, Target};
use crate::proto::opening::Agreed;
use crate::proto::{Cause, Closed, Config, Event, Message, Outbound, deflate};
use crate::watch::refused;
use crate::wire::CloseCode;
use crate::wire::http::without_secrets;

/// Arguments of `wslab connect`.
#[derive(Debug, Args)]
#[command(after_help = "\
Lines of the input are sent as messages; messages that come are printed. With -q into a file or pipe they are printed \
byte for byte, otherwise without what a terminal would act on.

Exit codes: 0 closed by the closing handshake, 1 closed in another way, 2 usage or input error, 3 never connected, \
130 interrupted.")]
pub(super) struct Connect {
    /// Where to: ws://host:port/path, wss://…, or unix:/path/of/socket:/path
    url: String,
    /// Send each line as a binary message
    #[arg(long, env = "WSLAB_BINARY", value_parser = value::flag)]
    binary: bool,
    /// How often to ping the server, and say how long the pong took
    #[arg(long, env = "WSLAB_PING", value_name = "TIME", value_parser = value::time)]
    ping: Option<Duration>,
    /// Send every message back as it came, until the connection is closed; nothing is read from the input
    #[arg(long, env = "WSLAB_ECHO", value_parser = value::flag, conflicts_with_all = ["binary", "linger"])]
    echo: bool,
    #[command(flatten)]
    asking: Asking,
    /// Do not offer to compress messages
    #[arg(long, env = "WSLAB_NO_DEFLATE", value_parser = value::flag)]
    no_deflate: bool,
    /// How long opening and closing may take
    #[arg(long, env = "WSLAB_TIMEOUT", value_name = "TIME", value_parser = value::time,
          default_value = "10s")]
    timeout: Duration,
    /// How long to wait for further messages when the input has ended
    #[arg(long, env = "WSLAB_LINGER", value_name = "TIME", value_parser = value::time,
          default_value = "500ms")]
    linger: Duration,
}

impl Connect {
    fn client(&self) -> anyhow::Result<Client> {
        let config = Config {
            opening_timeout: self.timeout,
            closing_timeout: self.timeout,
            ping_interval: self.ping,
            deflate: (!self.no_deflate).then(deflate::Config::with_takeover),
            ..Config::default()
        };
        Ok(self.asking.client(Target::from_str(&self.url)?)?.config(config))
    }

    pub(super) async fn run(self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        let screen = Screen::new(everywhere, self.ping.is_some());
        let client = self.client()?;
        let mut interrupts = Interrupts::new()?;
        if self.echo {
            return tokio::select! {
                echoed = echo(&client, &self.url, &screen) => echoed,
                _ = interrupts.next() => Ok(Exit::Interrupted),
            };
        }
        let connected = tokio::select! {
            connected = client.connect() => connected,
            _ = interrupts.next() => return Ok(Exit::Interrupted),
        };
        let connection = match connected {
            Ok(connection) => connection,
            Err(error) => return not_connected(error),
        };
        screen.opened(&self.url, connection.agreed());
        let (sender, mut receiver) = connection.split();
        let heard = Cell::new(Instant::now());
        let spoken = tokio::select! {
            closed = listen(&mut receiver, &screen, &heard) => return closed,
            spoken = self.speak(&sender, &screen, &heard) => spoken.map(|()| None),
            _ = interrupts.next() => Ok(Some(Exit::Interrupted)),
        };
        let code = if spoken.is_ok() { CloseCode::NORMAL } else { CloseCode::GOING_AWAY };
        let closing = async {
            // Fails only if the connection is over, and that is heard.
            let _ordered = sender.close(code, "").await;
            pending().await
        };
        let exit = tokio::select! {
            closed = listen(&mut receiver, &screen, &heard) => closed?,
            () = closing => Exit::Ok,
            // The closing handshake has its own time, but it does not begin while a server does not read.
            () = sleep(self.timeout.saturating_mul(2)) => {
                print::error(format_args!("the server does not read: the connection is dropped"));
                Exit::Failed
            }
            // Asked twice means now.
            _ = interrupts.next() => return Ok(Exit::Interrupted),
        };
        Ok(spoken?.unwrap_or(exit))
    }

    /// Sends what is read, then waits until nothing more is heard.
    async fn speak(&self, sender: &Sender, screen: &Screen, heard: &Cell<Instant>) -> anyhow::Result<()> {
        let mut lines = lines();
        let mut number = 0;
        while let Some(line) = lines.recv().await {
            number += 1;
            let message = self.message(number, line.context("failed to read from the input")?)?;
            screen.sent(&message);
            if sender.send(message).await.is_err() {
                // The connection is over. How, the other half hears.
                return Ok(());
            }
            heard.set(Instant::now());
        }
        while heard.get() + self.linger > Instant::now() {
            sleep_until(heard.get() + self.linger).await;
        }
        Ok(())
    }

    fn message(&self, number: u64, line: Vec<u8>) -> anyhow::Result<Message<'static>> {
        if self.binary {
            return Ok(Message::binary(line));
        }
        String::from_utf8(line).map(Message::text).map_err(|error| {
            let byte = error.utf8_error().valid_up_to() + 1;
            anyhow::anyhow!("line {number} of the input is not UTF-8 from byte {byte} on; --binary sends any bytes")
        })
    }
}

/// There is no connection.
fn not_connected(error: ConnectError) -> anyhow::Result<Exit> {
    if matches!(error, ConnectError::Ask(_) | ConnectError::Tls(_)) {
        return Err(error.into());
    }
    print::error(Harmless(&words(&error)));
    Ok(Exit::Unreachable)
}

/// Sends back what comes, until the connection is over.
async fn echo(client: &Client, url: &str, screen: &Screen) -> anyhow::Result<Exit> {
    let connection = match client.start().await {
        Ok(connection) => connection,
        Err(error) => return not_connected(error),
    };
    let mut opened = false;
    let mut echo = app::echo_back();
    let closed = connection
        .run(|event: Event<'_>, out: &mut Outbound| {
            match &event {
                Event::Open(agreed) => {
                    opened = true;
                    screen.opened(url, Some(agreed));
                }
                Event::Message(message) => screen.echoed(message),
                _ => {}
            }
            echo.event(event, out);
        })
        .await;
    if opened { Ok(screen.closed(&closed)) } else { not_connected(ConnectError::Opening(Box::new(closed))) }
}

/// Shows what comes, until the connection is over.
async fn listen(receiver: &mut Receiver, screen: &Screen, heard: &Cell<Instant>) -> anyhow::Result<Exit> {
    while let Some(event) = receiver.next_event().await {
        match &event {
            OwnedEvent::Closed(closed) => return Ok(screen.closed(closed)),
            // Answers to our own pings are no reason to stay.
            OwnedEvent::Message(_) => heard.set(Instant::now()),
            _ => {}
        }
        screen.show(&event)?;
    }
    Ok(Exit::Ok)
}

/// Why there is no connection. A server that speaks HTTP only is told by its status.
fn words(error: &ConnectError) -> String {
    let ConnectError::Opening(closed) = error else { return error.to_string() };
    match &closed.cause {
        Cause::OpeningInvalid(_, Some(response)) if response.status != 101 => {
            let mut head = Vec::new();
            response.write(&mut head);
            refused(response.status, &head)
        }
        Cause::Lost => "the server ended the connection before it had answered the opening handshake".to_owned(),
        cause => cause.to_string(),
    }
}

/// Lines of the standard input, without their ends.
fn lines() -> mpsc::Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel(64);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        while let Some(line) = line(&mut input).transpose() {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The longest line that is sent, in bytes.
const LINE: u64 = 64 << 20;

/// The next line; `None` at the end of the input.
fn line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if input.take(LINE + 1).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.pop_if(|last| *last == b'\n').is_some() {
        line.pop_if(|last| *last == b'\r');
    }
    if line.len() as u64 > LINE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is longer than 64 MiB"));
    }
    Ok(Some(line))
}

const INBOUND: Style = AnsiColor::Green.on_default();
const OUTBOUND: Style = AnsiColor::Cyan.on_default();
const CONTROL: Style = AnsiColor::BrightBlack.on_default();

/// What is printed, and how: what came on stdout, everything else on stderr.
struct Screen {
    verbose: bool,
    quiet: bool,
    /// Whether messages are printed byte for byte.
    raw: bool,
    pings: bool,
}

impl Screen {
    fn new(everywhere: &Everywhere, pings: bool) -> Self {
        let raw = everywhere.quiet && !io::stdout().is_terminal();
        Self { verbose: everywhere.verbose, quiet: everywhere.quiet, raw, pings }
    }

    fn opened(&self, url: &str, agreed: Option<&Agreed>) {
        if self.quiet {
            return;
        }
        let protocol = agreed.and_then(|agreed| agreed.protocol.as_deref());
        let protocol = protocol.map(|protocol| format!(", subprotocol {}", Harmless(protocol))).unwrap_or_default();
        print::tell(format_args!("connected to {}{protocol}", without_secrets(url)));
    }

    fn sent(&self, message: &Message<'_>) {
        if self.verbose {
            print::tell(format_args!("{} {OUTBOUND}> {}{Reset} {}", now(), kind(message), Shown(&message.payload)));
        }
    }

    fn echoed(&self, message: &Message<'_>) {
        if self.verbose {
            let (kind, size) = (kind(message), message.payload.len());
            print::tell(format_args!("{} {INBOUND}= {kind}{Reset} of {size} bytes", now()));
        }
    }

    fn show(&self, event: &OwnedEvent) -> io::Result<()> {
        match event {
            OwnedEvent::Message(message) if self.raw => {
                let mut out = io::stdout().lock();
                out.write_all(&message.payload)?;
                out.write_all(b"\n")?;
                out.flush()?;
            }
            OwnedEvent::Message(message) if self.quiet => {
                print::result(format_args!("{}", Shown(&message.payload)))?;
            }
            OwnedEvent::Message(message) => {
                print::result(format_args!(
                    "{} {INBOUND}< {}{Reset} {}",
                    now(),
                    kind(message),
                    Shown(&message.payload)
                ))?;
            }
            OwnedEvent::Ping(payload) if self.verbose => {
                print::tell(format_args!("{} {CONTROL}< ping {}{Reset}", now(), Shown(payload)));
            }
            OwnedEvent::Pong(_, Some(time)) if self.pings || self.verbose => {
                let time = time.as_secs_f64() * 1e3;
                print::tell(format_args!("{} {CONTROL}< pong after {time:.3} ms{Reset}", now()));
            }
            OwnedEvent::Pong(payload, None) if self.verbose => {
                print::tell(format_args!("{} {CONTROL}< pong {}{Reset}", now(), Shown(payload)));
            }
            _ => {}
        }
        Ok(())
    }

    /// Says how it ended; only the most ordinary end is not to be said when little is wanted.
    fn closed(&self, closed: &Closed) -> Exit {
        let is_ordinary = closed.clean && closed.code == CloseCode::NORMAL && closed.reason.is_empty();
        if !self.quiet || !is_ordinary {
            let reason = if closed.reason.is_empty() { "" } else { ": " };
            let (style, cause) = match closed.clean {
                true => (Style::new(), String::new()),
                false => (WRONG, format!(": {}", closed.cause)),
            };
            let reason = format_args!("{reason}{}", Harmless(&closed.reason));
            print::tell(format_args!("{style}closed{style:#} with {}{reason}{cause}", closed.code));
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

/// Bytes as a person reads them: text without what a terminal would act on, anything else as hex.
struct Shown<'a>(&'a [u8]);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match std::str::from_utf8(self.0) {
            Ok(text) => Harmless(text).fmt(f),
            Err(_) => Hex(self.0).fmt(f),
        }
    }
}

//! What is printed, and how: what came on stdout, everything else on stderr; on a terminal with a line that is being
//! edited all of it above that line. A token that was shown to the server is never printed.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::AutoStream;
use anstyle::{AnsiColor, Reset, Style};

use super::json;
use super::printer::Printer;
use crate::cli::Everywhere;
use crate::cli::print::{self, Harmless, Hex, WEAK, WRONG};
use crate::net::OwnedEvent;
use crate::proto::opening::Agreed;
use crate::proto::{Closed, Message};
use crate::wire::CloseCode;
use crate::wire::http::subprotocols_without_secrets;

const INBOUND: Style = AnsiColor::Green.on_default();
pub(super) const OUTBOUND: Style = AnsiColor::Cyan.on_default();
pub(super) const CONTROL: Style = AnsiColor::BrightBlack.on_default();

/// What is printed, and how.
pub(super) struct Screen {
    verbose: bool,
    quiet: bool,
    /// Whether messages are printed byte for byte.
    raw: bool,
    /// Whether JSON is laid out.
    json: bool,
    /// Whether it is said how long a pong took.
    pings: AtomicBool,
    /// What is never printed.
    token: Option<String>,
    /// What prints above the line that is being edited, if one is.
    printer: OnceLock<Printer>,
}

impl Screen {
    pub(super) fn new(everywhere: &Everywhere, json: bool, pings: bool, token: Option<String>) -> Self {
        let raw = everywhere.quiet && !json && !io::stdout().is_terminal();
        let (verbose, quiet) = (everywhere.verbose, everywhere.quiet);
        Self { verbose, quiet, raw, json, pings: AtomicBool::new(pings), token, printer: OnceLock::new() }
    }

    /// From now on it is said how long pongs took.
    pub(super) fn say_pongs(&self) {
        self.pings.store(true, Ordering::Relaxed);
    }

    /// From now on everything is printed above the line that is being edited.
    pub(super) fn above(&self, printer: Printer) {
        // There is one editor at most.
        let _first = self.printer.set(printer);
    }

    /// Waits until everything that was printed is on the terminal.
    pub(super) fn finish(&self) {
        self.printer.get().into_iter().for_each(Printer::finish);
    }

    /// The time; while somebody edits lines there is no need for the day.
    fn now(&self) -> String {
        let now = humantime::format_rfc3339_millis(std::time::SystemTime::now()).to_string();
        match now.split_once('T').filter(|_| self.printer.get().is_some()) {
            Some((_, time)) => time.to_owned(),
            None => now,
        }
    }

    /// Text without the token.
    fn open(&self, text: String) -> String {
        match &self.token {
            Some(token) if text.contains(token) => text.replace(token, "…"),
            _ => text,
        }
    }

    fn result(&self, line: fmt::Arguments<'_>) -> io::Result<()> {
        let line = self.open(line.to_string());
        match self.printer.get() {
            Some(printer) => printer.print(styled(line, &io::stdout())),
            None => return print::result(format_args!("{line}")),
        }
        Ok(())
    }

    /// Tells the user something that is no result.
    pub(super) fn tell(&self, line: fmt::Arguments<'_>) {
        let line = self.open(line.to_string());
        match self.printer.get().filter(|_| io::stderr().is_terminal()) {
            Some(printer) => printer.print(styled(line, &io::stderr())),
            None => print::tell(format_args!("{line}")),
        }
    }

    /// Tells what went wrong.
    pub(super) fn error(&self, words: impl fmt::Display) {
        self.tell(format_args!("{WRONG}error:{Reset} {words}"));
    }

    /// Tells what is likely not meant.
    pub(super) fn warning(&self, words: impl fmt::Display) {
        self.tell(format_args!("{WEAK}warning:{Reset} {words}"));
    }

    pub(super) fn opened(&self, url: &str, agreed: Option<&Agreed>) {
        if self.quiet {
            return;
        }
        let protocol = agreed.and_then(|agreed| agreed.protocol.as_deref());
        let protocol = protocol.map(|protocol| format!(", subprotocol {}", self.protocol(protocol)));
        self.tell(format_args!("connected to {url}{}", protocol.unwrap_or_default()));
    }

    /// A subprotocol, as far as it may be seen.
    pub(super) fn protocol(&self, name: &str) -> String {
        Harmless(&subprotocols_without_secrets(name)).to_string()
    }

    pub(super) fn sent(&self, message: &Message<'_>) {
        if self.verbose {
            let now = self.now();
            self.tell(format_args!("{now} {OUTBOUND}> {}{Reset} {}", kind(message), Shown(&message.payload)));
        }
    }

    pub(super) fn echoed(&self, message: &Message<'_>) {
        if self.verbose {
            let (kind, size) = (kind(message), message.payload.len());
            self.tell(format_args!("{} {INBOUND}= {kind}{Reset} of {size} bytes", self.now()));
        }
    }

    pub(super) fn show(&self, event: &OwnedEvent) -> io::Result<()> {
        match event {
            OwnedEvent::Message(message) => return self.message(message),
            OwnedEvent::Ping(payload) if self.verbose => {
                self.tell(format_args!("{} {CONTROL}< ping {}{Reset}", self.now(), Shown(payload)));
            }
            OwnedEvent::Pong(_, Some(time)) if self.pings.load(Ordering::Relaxed) || self.verbose => {
                let time = time.as_secs_f64() * 1e3;
                self.tell(format_args!("{} {CONTROL}< pong after {time:.3} ms{Reset}", self.now()));
            }
            OwnedEvent::Pong(payload, None) if self.verbose => {
                self.tell(format_args!("{} {CONTROL}< pong {}{Reset}", self.now(), Shown(payload)));
            }
            _ => {}
        }
        Ok(())
    }

    fn message(&self, message: &Message<'_>) -> io::Result<()> {
        if self.raw {
            let mut out = io::stdout().lock();
            out.write_all(&message.payload)?;
            out.write_all(b"\n")?;
            return out.flush();
        }
        let laid_out = message.as_text().filter(|_| self.json).and_then(json::pretty);
        let shown = laid_out.unwrap_or_else(|| Shown(&message.payload).to_string());
        if self.quiet {
            return self.result(format_args!("{shown}"));
        }
        self.result(format_args!("{} {INBOUND}< {}{Reset} {shown}", self.now(), kind(message)))
    }

    /// Says how it ended; only the most ordinary end is not to be said when little is wanted.
    pub(super) fn closed(&self, closed: &Closed) {
        let is_ordinary = closed.clean && closed.code == CloseCode::NORMAL && closed.reason.is_empty();
        if !self.quiet || !is_ordinary {
            self.tell(format_args!("{}", End(closed)));
        }
    }
}

/// A line with the colours that a stream may have.
fn styled(line: String, stream: &impl anstream::stream::RawStream) -> String {
    if AutoStream::choice(stream) == anstream::ColorChoice::Never {
        return anstream::adapter::strip_str(&line).to_string();
    }
    line
}

/// How a connection ended, as people read it.
pub(super) struct End<'a>(pub(super) &'a Closed);

impl fmt::Display for End<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let closed = self.0;
        let style = if closed.clean { Style::new() } else { WRONG };
        write!(f, "{style}closed{style:#} with {}", closed.code)?;
        if !closed.reason.is_empty() {
            write!(f, ": {}", Harmless(&closed.reason))?;
        }
        if closed.clean { Ok(()) } else { write!(f, ": {}", closed.cause) }
    }
}

pub(super) fn kind(message: &Message<'_>) -> &'static str {
    if message.is_text() { "text" } else { "binary" }
}

/// Bytes as a person reads them: text without what a terminal would act on, anything else as hex.
pub(super) struct Shown<'a>(pub(super) &'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(self.0) {
            Ok(text) => Harmless(text).fmt(f),
            Err(_) => Hex(self.0).fmt(f),
        }
    }
}

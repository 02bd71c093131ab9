//! One connection, told as people read a conversation, while it is read.
//!
//! Nothing is kept but a few numbers. What was said is shown as it was said: of a message only what acts on a terminal or
//! deceives is written out, and, unless secrets are shown, JSON Web Tokens are masked. Other secrets in messages are
//! known to nobody but their application, and stay.

mod content;

use std::io::{self, Write};

use self::content::{dump, pretty};
use super::super::plain::{count, line, plain, size};
use super::look::{ENDS, Look, PLAIN, SOFT, TITLE, WEAK, WRONG, cut};
use super::summary::is_refused;
use super::words::{agreed, ended, ended_well, opened, span, target};
use crate::capture::{
    Connection, Event, Frame, Message, Note, NoteKind, Place, RoundTrip, Sink, Violation, Wants, tokens,
    without_secrets, without_tokens,
};
use crate::watch::Quoted;

/// The most lines of a text that are shown.
const LINES: usize = 40;
/// The most bytes of a text that are shown.
const BYTES: usize = 4000;
/// The most bytes of binary data that are shown.
const BINARY: usize = 256;
/// The largest text in bytes that is looked at as JSON.
const JSON: usize = 1 << 20;

/// What is followed, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Following {
    /// The number of the connection.
    pub connection: u64,
    /// Whether long messages are shown whole.
    pub whole: bool,
    /// Whether secrets are shown.
    pub show_secrets: bool,
}

/// Writes what happened on one connection, line by line.
#[derive(Debug)]
pub struct Follow<W> {
    out: W,
    look: Look,
    following: Following,
    found: bool,
    /// From where times count.
    begin: Place,
    /// The data frames of both ends that belong to a message which has not ended.
    unfinished: [u64; 2],
}

impl<W: Write> Follow<W> {
    /// Writes to `out`, which is best buffered.
    pub fn new(out: W, look: Look, following: Following) -> Self {
        Self { out, look, following, found: false, begin: Place::default(), unfinished: [0; 2] }
    }

    /// Whether there was such a connection.
    pub const fn is_found(&self) -> bool {
        self.found
    }

    /// What is written to.
    pub const fn get_mut(&mut self) -> &mut W {
        &mut self.out
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn opened(&mut self, connection: &Connection) -> io::Result<()> {
        self.found = true;
        self.begin = connection.opened.unwrap_or(connection.first);
        let open = if self.following.show_secrets { connection.clone() } else { connection.without_secrets() };
        let ends = format!("connection {}  {} → {}", open.number, open.client, open.server);
        writeln!(self.out, "{}", self.look.paint(TITLE, &ends))?;
        let host = open.host.as_deref().map(|host| format!(" of {}", line(host))).unwrap_or_default();
        let origin = open.origin.as_deref().map(|origin| format!(", from {}", line(origin))).unwrap_or_default();
        let refused = is_refused(&open);
        let rows = [
            ("inside", open.tls.as_deref().map(line), PLAIN),
            ("asks for", open.url.as_ref().map(|_| format!("{}{host}{origin}", target(&open))), PLAIN),
            ("agent", open.agent.as_deref().map(line), PLAIN),
            ("opened", Some(opened(&open)), if refused { WEAK } else { PLAIN }),
            ("agreed", agreed(&open), PLAIN),
        ];
        for (name, words, style) in rows {
            if let Some(words) = words {
                self.row(name, &words, style)?;
            }
        }
        writeln!(self.out)
    }

    fn row(&mut self, name: &str, words: &str, style: anstyle::Style) -> io::Result<()> {
        let words = if self.following.whole { words.to_owned() } else { cut(words, BYTES) };
        writeln!(self.out, "  {}  {}", self.look.paint(SOFT, &format!("{name:8}")), self.look.paint(style, &words))
    }

    /// When and where, by whom, and what.
    fn said(&mut self, place: Place, from: usize, style: anstyle::Style, words: &str) -> io::Result<()> {
        let arrow = if from == 0 { "client →" } else { "server ←" };
        let arrow = self.look.paint(ENDS[from], arrow);
        self.at(place)?;
        writeln!(self.out, "{arrow} {}", self.look.paint(style, words))
    }

    /// When and where, and what of neither end.
    fn remark(&mut self, place: Place, style: anstyle::Style, words: &str) -> io::Result<()> {
        self.at(place)?;
        writeln!(self.out, "{}", self.look.paint(style, words))
    }

    fn at(&mut self, place: Place) -> io::Result<()> {
        let after = place.since(self.begin).map(|after| format!("{:.6}", after.as_secs_f64())).unwrap_or_default();
        write!(self.out, "{}  ", self.look.paint(SOFT, &format!("{after:>12} {:>8}", format!("#{}", place.packet))))
    }

    fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let (head, from) = (&frame.head, frame.from as usize);
        if head.opcode.is_control() || head.opcode.is_reserved() {
            return self.control(frame);
        }
        self.unfinished[from] = if head.fin { 0 } else { self.unfinished[from] + 1 };
        Ok(())
    }

    fn control(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let payload = frame.payload.unwrap_or_default();
        // 8 is the opcode of a close frame, the only one with a code.
        let (words, style) = if frame.head.opcode.0 == 8 {
            let code = frame.code.map_or_else(|| " without a code".to_owned(), |code| format!(" with {code}"));
            (format!("close{code}{}", self.quoted(payload.get(2..).unwrap_or_default())), TITLE)
        } else if frame.head.opcode.is_control() {
            (format!("{}{}", frame.head.opcode, self.quoted(payload)), SOFT)
        } else {
            (format!("{}, {}{}", frame.head.opcode, size(frame.head.len), self.quoted(payload)), SOFT)
        };
        self.said(frame.place, frame.from as usize, style, &words)
    }

    /// A few bytes as they are, behind a blank; nothing if there are none.
    fn quoted(&self, bytes: &[u8]) -> String {
        if bytes.is_empty() {
            return String::new();
        }
        let text = String::from_utf8_lossy(bytes);
        let masked = if self.following.show_secrets { text.clone() } else { without_tokens(&text) };
        let shown = if masked == text { Quoted(bytes).to_string() } else { Quoted(masked.as_bytes()).to_string() };
        format!(" {}", line(&shown))
    }

    fn message(&mut self, message: &Message<'_>) -> io::Result<()> {
        let kind = message.kind.opcode();
        let mut words = format!("{kind}, {}", size(message.length.unwrap_or(message.wire)));
        if message.compressed {
            words.push_str(&match message.length {
                Some(_) => format!(", compressed to {}", size(message.wire)),
                None => " compressed".to_owned(),
            });
        }
        if message.frames > 1 {
            words.push_str(&format!(", in {} frames", message.frames));
        }
        if let Some(why) = message.opaque {
            self.said(message.place, message.from as usize, WEAK, &format!("{words}: not readable, {why}"))?;
            return writeln!(self.out);
        }
        self.said(message.place, message.from as usize, ENDS[message.from as usize], &words)?;
        match message.payload {
            None | Some([]) => {}
            Some(bytes) if kind.0 == 1 => self.text(&String::from_utf8_lossy(bytes))?,
            Some(bytes) => self.binary(bytes)?,
        }
        writeln!(self.out)
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        let text = if self.following.show_secrets { text.into() } else { without_tokens(text) };
        let json = if text.len() <= JSON { pretty(&text) } else { None };
        let text = json.as_deref().unwrap_or(&text);
        let end = if self.following.whole { text.len() } else { text.floor_char_boundary(BYTES) };
        let lines = if self.following.whole { usize::MAX } else { LINES };
        let mut shown = 0;
        for line in text[..end].split_inclusive('\n').take(lines) {
            shown += line.len();
            writeln!(self.out, "    {}", plain(line.trim_end_matches(['\n', '\r'])))?;
        }
        self.more(text.len() - shown)
    }

    fn binary(&mut self, bytes: &[u8]) -> io::Result<()> {
        let end = if self.following.whole { bytes.len() } else { bytes.len().min(BINARY) };
        // A token is known as one by its end too.
        let hidden = tokens(bytes).filter(|_| !self.following.show_secrets);
        dump(&bytes[..end], hidden, &mut self.out)?;
        self.more(bytes.len() - end)
    }

    fn more(&mut self, bytes: usize) -> io::Result<()> {
        if bytes == 0 {
            return Ok(());
        }
        let words = format!("… and {} more; --whole shows all", size(bytes as u64));
        writeln!(self.out, "    {}", self.look.paint(SOFT, &words))
    }

    fn round_trip(&mut self, trip: &RoundTrip<'_>) -> io::Result<()> {
        self.remark(trip.place, SOFT, &format!("the {}'s ping was answered after {}", trip.from, span(trip.time)))
    }

    fn violation(&mut self, violation: &Violation<'_>) -> io::Result<()> {
        let Violation { by, rule, .. } = violation;
        let words = format!("✗ {} by the {by}: {rule} ({}, {})", rule.name(), rule.level(), rule.clause());
        self.remark(violation.place, WRONG, &words)
    }

    fn note(&mut self, note: &Note<'_>) -> io::Result<()> {
        let words = match &note.kind {
            NoteKind::Lost { count, why, offset } => {
                format!("{} at byte {offset} from {} {why}", size(*count), note.from)
            }
            NoteKind::Differs { count, offset } => {
                format!(
                    "{} at byte {offset} from {} came again with other bytes; the first count",
                    size(*count),
                    note.from
                )
            }
            NoteKind::Encrypted { why } => format!("cannot be decrypted: {why}"),
            NoteKind::NotRead { what } => format!("known, and not read: {what}"),
        };
        let words = if self.following.show_secrets { words } else { without_secrets(&words).into_owned() };
        self.remark(note.place, WEAK, &format!("… {}", cut(&line(&words), BYTES)))
    }

    fn closed(&mut self, connection: &Connection) -> io::Result<()> {
        let open = if self.following.show_secrets { connection.clone() } else { connection.without_secrets() };
        for (name, frames) in ["client", "server"].into_iter().zip(self.unfinished) {
            if frames > 0 {
                let frames = count(usize::try_from(frames).unwrap_or(usize::MAX), "frame");
                self.remark(connection.last, WEAK, &format!("… a message of the {name} never ended: {frames} of it"))?;
            }
        }
        if !is_refused(&open) {
            self.row("ended", &ended(&open), if ended_well(&open) { PLAIN } else { WEAK })?;
        }
        if open.violations > 0 {
            self.row("rules", &format!("broken {}", super::words::times(open.violations)), WRONG)?;
        }
        self.out.flush()
    }
}

impl<W: Write> Sink for Follow<W> {
    fn wants(&self) -> Wants {
        Wants { frame_payloads: true, messages: true }
    }

    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        let number = match event {
            Event::Opened(connection) | Event::Closed(connection) => Some(connection.number),
            Event::Frame(frame) => Some(frame.connection.number),
            Event::Message(message) => Some(message.connection.number),
            Event::RoundTrip(trip) => Some(trip.connection.number),
            Event::Violation(violation) => Some(violation.connection.number),
            Event::Note(note) => note.connection,
        };
        if number != Some(self.following.connection) {
            return Ok(());
        }
        match event {
            Event::Opened(connection) => self.opened(connection),
            Event::Frame(frame) => self.frame(frame),
            Event::Message(message) => self.message(message),
            Event::RoundTrip(trip) => self.round_trip(trip),
            Event::Violation(violation) => self.violation(violation),
            Event::Note(note) => self.note(note),
            Event::Closed(connection) => self.closed(connection),
        }
    }
}

//! A case, written in the language it is read from.

mod opening;

use std::fmt::Write as _;
use std::time::Duration;

use super::{Alternative, Await, Case, Close, Closer, Expected, Frame, Grade, Mask, Payload, Step, Terms, Then, Unit};
use crate::proto::{Clause, Level};
use crate::wire::{CloseBody, CloseCode, Form, Opcode};

impl Case {
    /// The case as a `[[case]]` of a case file, from which the same case is read. Payloads of files are spelled out.
    pub fn render(&self) -> String {
        let mut out = format!("[[case]]\nid = {}\ntitle = {}\n", quoted(self.id.as_str()), quoted(&self.title));
        let mut line = |key: &str, value: &str| out += &format!("{key} = {value}\n");
        if let Some(note) = &self.note {
            line("note", &quoted(note));
        }
        if !self.rules.is_empty() {
            line("rules", &words(self.rules.iter().map(|rule| rule.name())));
        }
        let implied: Vec<Clause> = self.rules.iter().map(|rule| rule.clause()).collect();
        let own: Vec<&str> =
            self.clauses.iter().filter(|clause| !implied.contains(clause)).map(|clause| clause.0).collect();
        if !own.is_empty() {
            line("clauses", &words(own));
        }
        if self.level != self.rules.iter().map(|rule| rule.level()).min().unwrap_or(Level::Must) {
            line("level", &quoted(&self.level.name().to_lowercase()));
        }
        if !self.tags.is_empty() {
            line("tags", &words(self.tags.iter().map(String::as_str)));
        }
        if let Some(target) = self.target {
            line("target", &quoted(target.name()));
        }
        if !self.deflate.is_empty() {
            line("deflate", &list(&self.deflate, |terms| terms_of(*terms)));
        }
        for (key, value) in opening::keys(self) {
            line(key, &value);
        }
        line("send", &lines(&self.send, "", step));
        line("expect", &lines(&self.expect, "", alternative));
        if let Some(close) = close(&self.close) {
            line("close", &close);
        }
        if self.patience.time != Duration::from_secs(1) {
            line("patience", &duration(self.patience.time));
        }
        if self.patience.then == Then::Close {
            line("then", "\"close\"");
        }
        if self.informational {
            line("informational", "true");
        }
        out
    }
}

/// A list on one line.
fn list<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    format!("[{}]", items.iter().map(write).collect::<Vec<_>>().join(", "))
}

/// A list of one line for each element.
fn lines<T>(items: &[T], indent: &str, write: fn(&T, &str) -> String) -> String {
    if items.is_empty() {
        return "[]".to_owned();
    }
    let inner = format!("{indent}  ");
    let items = items.iter().map(|item| format!("{inner}{},\n", write(item, &inner)));
    format!("[\n{}{indent}]", items.collect::<String>())
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    list(&words.into_iter().collect::<Vec<_>>(), |word| quoted(word))
}

/// A basic string on one line; what cannot be seen in it is escaped.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out += "\\\"",
            '\\' => out += "\\\\",
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            // Marks that change the direction of text, joiners and the like would make the file lie.
            unseen if unseen.is_control() || is_format(unseen) => {
                // Writing into a string does not fail.
                let _ = write!(out, "\\U{:08X}", u32::from(unseen));
            }
            seen => out.push(seen),
        }
    }
    out.push('"');
    out
}

const fn is_format(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn duration(time: Duration) -> String {
    quoted(&humantime::format_duration(time).to_string())
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing into a string does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// How bytes are best read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// As text if they are UTF-8.
    Text,
    /// As text if they are and nothing in it needs escapes but quotes and line feeds.
    Plain,
    /// As digits.
    Hex,
}

fn payload(payload: &Payload, style: Style) -> String {
    match payload {
        Payload::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if style == Style::Text || text.is_empty() || (style == Style::Plain && is_plain(text)) => {
                quoted(text)
            }
            _ => format!("{{ hex = \"{}\" }}", hex(bytes)),
        },
        Payload::Fill { pattern, len } => {
            format!("{{ fill = {}, len = {len} }}", self::payload(&Payload::Bytes(pattern.clone()), Style::Plain))
        }
        Payload::Seed { seed, len } => format!("{{ seed = {seed}, len = {len} }}"),
        Payload::Text { seed, len } => format!("{{ seed = {seed}, len = {len}, text = true }}"),
        Payload::Part { document, at, len, unit } => {
            let text = if *unit == Unit::Chars { ", text = true" } else { "" };
            format!("{{ document = {}, at = {at}, len = {len}{text} }}", quoted(document.name()))
        }
    }
}

fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|character| matches!(character, '\n' | '\r' | '\t') || !(character.is_control() || is_format(character)))
}

fn terms_of(terms: Terms) -> String {
    let takeover = (!terms.takeover).then(|| "takeover = false".to_owned());
    let window = terms.window.map(|window| format!("window = {window}"));
    let own_takeover = terms.own.takeover.map(|takeover| format!("takeover = {takeover}"));
    let own_window = terms.own.window.map(|window| format!("window = {window}"));
    let own: Vec<String> = own_takeover.into_iter().chain(own_window).collect();
    let own = (!own.is_empty()).then(|| format!("own = {}", table(own)));
    table(takeover.into_iter().chain(window).chain(own))
}

fn table(fields: impl IntoIterator<Item = String>) -> String {
    let fields: Vec<String> = fields.into_iter().collect();
    if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
}

fn step(step: &Step, indent: &str) -> String {
    match step {
        Step::Frame(frame) => self::frame(frame),
        Step::More(bytes) => table([format!("more = {}", payload(bytes, Style::Plain))]),
        Step::Raw { bytes, chop } => {
            let raw = format!("raw = {}", payload(bytes, Style::Hex));
            table([raw].into_iter().chain(chop.map(|chop| format!("chop = {chop}"))))
        }
        Step::Wait { time, tag } => {
            let wait = format!("wait = {}", duration(*time));
            table([wait].into_iter().chain(tag.as_ref().map(|tag| format!("tag = {}", quoted(tag)))))
        }
        Step::Await(Await::Message) => "{ await = \"message\" }".to_owned(),
        Step::Await(Await::Pong) => "{ await = \"pong\" }".to_owned(),
        Step::Repeat { times, steps } => match &steps[..] {
            [one] => format!("{{ repeat = {times}, steps = [{}] }}", self::step(one, indent)),
            steps => format!("{{ repeat = {times}, steps = {} }}", lines(steps, indent, self::step)),
        },
        Step::Unread(time) => table([format!("unread = {}", duration(*time))]),
        Step::HalfClose => "{ half-close = true }".to_owned(),
        Step::Reset => "{ reset = true }".to_owned(),
    }
}

fn frame(frame: &Frame) -> String {
    let verb = |verb: &str, style| format!("{verb} = {}", payload(&frame.payload, style));
    let close = (frame.opcode == Opcode::CLOSE).then(|| close_frame(&frame.payload)).flatten();
    let mut fields = match (frame.opcode, close) {
        (Opcode::TEXT, _) => vec![verb("text", Style::Text)],
        (Opcode::BINARY, _) => vec![verb("binary", Style::Hex)],
        (Opcode::CONTINUATION, _) => vec![verb("cont", Style::Plain)],
        (Opcode::PING, _) => vec![verb("ping", Style::Plain)],
        (Opcode::PONG, _) => vec![verb("pong", Style::Plain)],
        (_, Some(close)) => vec![close],
        (other, None) if frame.payload.is_empty() => vec![format!("frame = {}", other.0)],
        (other, None) => vec![format!("frame = {}", other.0), verb("payload", Style::Plain)],
    };
    if !frame.fin {
        fields.push("fin = false".to_owned());
    }
    if frame.rsv != 0 {
        fields.push(format!("rsv = {}", frame.rsv));
    }
    match frame.mask {
        Mask::ByRole => {}
        Mask::Off => fields.push("mask = false".to_owned()),
        Mask::Random => fields.push("mask = true".to_owned()),
        Mask::Key(key) => fields.push(format!("mask = \"{}\"", hex(&key))),
    }
    fields.extend(frame.len.map(|len| format!("len = {len}")));
    fields.extend(frame.form.map(|form| format!("form = {}", bits(form))));
    if frame.compressed {
        fields.push("compressed = true".to_owned());
    }
    fields.extend(frame.fragments.map(|cut| {
        let (size, empty_last) = (cut.size, cut.empty_last);
        if empty_last {
            format!("fragments = {{ size = {size}, empty-last = true }}")
        } else {
            format!("fragments = {size}")
        }
    }));
    fields.extend(frame.chop.map(|chop| format!("chop = {chop}")));
    fields.extend(frame.pause.map(|pause| format!("pause = {}", duration(pause))));
    table(fields)
}

const fn bits(form: Form) -> u8 {
    match form {
        Form::Bits7 => 7,
        Form::Bits16 => 16,
        Form::Bits64 => 64,
    }
}

/// The verb of a close frame; `None` if its body is a single byte.
fn close_frame(body: &Payload) -> Option<String> {
    let bytes = body.bytes();
    match CloseBody::parse(&bytes) {
        CloseBody::Empty => Some("close = {}".to_owned()),
        CloseBody::Status(CloseCode(code), b"") => Some(format!("close = {code}")),
        CloseBody::Status(CloseCode(code), reason) => {
            let reason = payload(&Payload::Bytes(bytes.slice_ref(reason)), Style::Plain);
            Some(format!("close = {{ code = {code}, reason = {reason} }}"))
        }
        _ => None,
    }
}

fn alternative(alternative: &Alternative, indent: &str) -> String {
    let verdict = match alternative.verdict {
        Grade::Ok => "ok",
        Grade::NonStrict => "non-strict",
        Grade::Informational => "informational",
    };
    match &alternative.events[..] {
        [Expected::Rest] => format!("{{ {verdict} = \"*\" }}"),
        events => format!("{{ {verdict} = {} }}", lines(events, indent, event)),
    }
}

fn event(event: &Expected, indent: &str) -> String {
    match event {
        Expected::Text(text) => format!("{{ text = {} }}", payload(text, Style::Text)),
        Expected::Binary(bytes) => format!("{{ binary = {} }}", payload(bytes, Style::Hex)),
        Expected::Pong(bytes) => format!("{{ pong = {} }}", payload(bytes, Style::Plain)),
        Expected::Wait(tag) => format!("{{ wait = {} }}", quoted(tag)),
        Expected::Answer(answer) => opening::answer(answer),
        Expected::End => "{ end = true }".to_owned(),
        Expected::Rest => "\"*\"".to_owned(),
        Expected::Repeat(times, events) => {
            format!("{{ repeat = {times}, events = {} }}", lines(events, indent, self::event))
        }
    }
}

/// How the connection has to end; `None` if nothing has to be said of it.
fn close(close: &Close) -> Option<String> {
    let us = close.by == Closer::Us;
    let mut fields = Vec::new();
    match close.by {
        Closer::Us => {}
        Closer::Target => fields.push("by = \"target\"".to_owned()),
        Closer::Either => fields.push("by = \"either\"".to_owned()),
    }
    match &close.codes[..] {
        [CloseCode(1000)] if us => {}
        [code] => fields.push(format!("code = {}", code.0)),
        codes => fields.push(format!("code = {}", list(codes, |code| code.0.to_string()))),
    }
    if close.clean == (close.by == Closer::Target) {
        fields.push(format!("clean = {}", close.clean));
    }
    if close.wrong_end_fails {
        fields.push("wrong-end = \"fails\"".to_owned());
    }
    if close.wrong_code_fails {
        fields.push("wrong-code = \"fails\"".to_owned());
    }
    if close.may_be_bare && !us {
        fields.push("bare = \"ok\"".to_owned());
    }
    (!fields.is_empty()).then(|| table(fields))
}

//! What happened, in words that people read: of bounded length, and safe to print on a terminal.

use std::fmt;

use super::{Content, Due, Happening, Item};
use crate::wire::http::{head_without_secrets, reason, without_secrets};
use crate::wire::{CloseBody, Head, Opcode};

/// Bytes as text in quotes if they are printable, as hex otherwise; no more than [`Quoted::MOST`] of them.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a [u8]);

impl<'a> Quoted<'a> {
    /// The most bytes that are shown.
    pub const MOST: usize = 40;

    fn shown(self) -> &'a [u8] {
        &self.0[..self.0.len().min(Self::MOST)]
    }

    /// The beginning as text; a character that is cut only because no more is shown does not count.
    fn text(self) -> Option<&'a str> {
        let shown = self.shown();
        let text = match std::str::from_utf8(shown) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() && shown.len() < self.0.len() => {
                std::str::from_utf8(&shown[..error.valid_up_to()]).ok()?
            }
            Err(_) => return None,
        };
        let is_plain = |character: char| !character.is_control() || character.is_ascii_whitespace();
        text.chars().all(is_plain).then_some(text)
    }

    fn hex(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.shown().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = match self.text() {
            // Escapes what a terminal would act on.
            Some(text) => write!(f, "{text:?}").map(|()| text.len()),
            None => self.hex(f).map(|()| self.shown().len()),
        };
        f.write_str(if shown? < self.0.len() { "…" } else { "" })
    }
}

/// How many bytes, and how they begin: `of 125 bytes "****"…`.
struct Sized<'a> {
    len: u64,
    start: &'a [u8],
}

impl fmt::Display for Sized<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { len, start } = *self;
        write!(f, "of {len} byte{}", if len == 1 { "" } else { "s" })?;
        if !start.is_empty() {
            let more = start.len() <= Quoted::MOST && (start.len() as u64) < len;
            write!(f, " {}{}", Quoted(start), if more { "…" } else { "" })?;
        }
        Ok(())
    }
}

/// `of 5 bytes "hello"`.
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Sized { len: self.len, start: &self.start }.fmt(f)
    }
}

/// `text of 5 bytes "hello"`.
impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(content) => write!(f, "text {content}"),
            Self::Binary(content) => write!(f, "binary {content}"),
            Self::Pong(content) => write!(f, "pong {content}"),
            Self::Wait(tag) => write!(f, "nothing until wait {tag} was over"),
            Self::Answer(answer) => {
                write!(f, "an answer with status {}", answer.status)?;
                for (name, value) in answer.headers.iter().filter(|(name, _)| is_negotiated(name)) {
                    write!(f, ", {name}: {}", Quoted(value.as_bytes()))?;
                }
                Ok(())
            }
            Self::End => f.write_str("the end of the connection"),
        }
    }
}

/// Whether a header is something that the two ends agree on.
fn is_negotiated(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("sec-websocket-") && name != "sec-websocket-accept"
}

/// `text 5 bytes "hello"`, `an answer with status 400 or 426`.
impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(happening) => happening.fmt(f),
            Self::Times(times, dues) => {
                write!(f, "{times} times ")?;
                for (index, due) in dues.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { "" })?;
                    due.fmt(f)?;
                }
                Ok(())
            }
            Self::Some(words) => f.write_str(words),
            Self::Rest => f.write_str("whatever else"),
        }
    }
}

/// `text (not final, RSV1) of 5 bytes "hello"`.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame { head, start, len } => frame(f, head, start, *len),
            Self::Fault(rule) => write!(f, "broken rule: {rule} ({})", rule.clause()),
            Self::Wait(None) => f.write_str("a wait is over"),
            Self::Wait(Some(tag)) => write!(f, "wait {tag} is over"),
            Self::Timeout(_) => f.write_str("patience is over"),
            Self::HalfClose => f.write_str("end of TCP"),
            Self::Reset => f.write_str("reset of TCP"),
        }
    }
}

fn frame(f: &mut fmt::Formatter<'_>, head: &Head, start: &[u8], len: u64) -> fmt::Result {
    write!(f, "{}", head.opcode)?;
    let mut remarks: Vec<&str> = Vec::new();
    remarks.extend((!head.fin).then_some("not final"));
    let bits = [(Head::RSV1, "RSV1"), (Head::RSV2, "RSV2"), (Head::RSV3, "RSV3")];
    remarks.extend(bits.iter().filter(|(bit, _)| head.rsv & bit != 0).map(|(_, name)| name));
    if !remarks.is_empty() {
        write!(f, " ({})", remarks.join(", "))?;
    }
    if len < head.len {
        write!(f, " cut after {len} of {} bytes", head.len)?;
        return if start.is_empty() { Ok(()) } else { write!(f, " {}", Quoted(start)) };
    }
    match (head.opcode, CloseBody::parse(start)) {
        (Opcode::CLOSE, CloseBody::Empty) => f.write_str(" without a code"),
        (Opcode::CLOSE, CloseBody::Status(code, [])) => write!(f, " {code}"),
        (Opcode::CLOSE, CloseBody::Status(code, reason)) => write!(f, " {code}, {}", Quoted(reason)),
        _ => write!(f, " {}", Sized { len: head.len, start }),
    }
}

/// What an HTTP status other than 101 means to somebody who wants a WebSocket. `head` is the head of the response, or
/// as much as there is of it.
pub fn refused(status: u16, head: &[u8]) -> String {
    let words = match status {
        301 | 302 | 303 | 307 | 308 => match header(head, "location") {
            Some(place) => format!("it is elsewhere: {}", Quoted(place)),
            None => "it is elsewhere, and where is not said".to_owned(),
        },
        401 | 407 => "the server wants to know who asks: a --header may tell".to_owned(),
        403 => "the server does not allow it: perhaps another --origin or --header is wanted".to_owned(),
        200..=299 | 400 | 404 | 405 | 410 => {
            "an HTTP server answers, but it does not speak WebSocket at this path".to_owned()
        }
        426 => "the server does not speak this version of WebSocket".to_owned(),
        503 => "the server takes no more connections at the moment".to_owned(),
        500..=599 => "the server is in trouble".to_owned(),
        _ => "the server does not open a WebSocket".to_owned(),
    };
    match reason(status) {
        "" => format!("status {status}: {words}"),
        reason => format!("status {status} {reason}: {words}"),
    }
}

/// The value of a header of an unparsed head.
fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    lines.take_while(|line| !line.is_empty()).find_map(|line| {
        let colon = line.iter().position(|&byte| byte == b':')?;
        line[..colon].eq_ignore_ascii_case(name.as_bytes()).then(|| line[colon + 1..].trim_ascii())
    })
}

/// The most bytes that are shown of a line of a head.
const LINE: usize = 80;

/// A line of an HTTP head: cut, without what a terminal would act on, and without secrets in its query.
pub fn line_of_head(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let open = without_secrets(&line);
    let shown = open.floor_char_boundary(LINE);
    let dots = if shown < open.len() { "…" } else { "" };
    let mut text: String = open[..shown].chars().flat_map(harmless).collect();
    text.push_str(dots);
    text
}

/// The lines of an HTTP head, each as [`line_of_head`] shows it, and without the values of secret headers.
pub fn lines_of_head(head: &[u8]) -> Vec<String> {
    let open = head_without_secrets(head);
    let lines = open.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end).take_while(|line| !line.is_empty());
    lines.map(line_of_head).collect()
}

/// A character as it is, or escaped if a terminal would act on it.
fn harmless(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let plain = escaped.is_none().then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

//! What a frame says, for people: JSON on lines of its own, text as text, bytes in hexadecimal, control frames in words.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use crate::proto::Role;
use crate::tui::words::harmless;
use crate::watch::live::Passed;
use crate::wire::{CloseBody, Opcode};

/// What is kept of what a frame says: of the message that it ends, if that was compressed.
fn payload(frame: &Passed) -> &[u8] {
    frame.inflated.as_deref().unwrap_or(&frame.payload)
}

/// Bytes as text, if they are; a character that is cut at the end does not count.
fn text(bytes: &[u8], is_cut: bool) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if is_cut && error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok(),
        Err(_) => None,
    }
}

/// Whether more was sent than is kept.
fn is_cut(frame: &Passed) -> bool {
    match &frame.inflated {
        Some(inflated) => inflated.len() >= Passed::KEPT,
        None => (frame.payload.len() as u64) < frame.len,
    }
}

/// Whether a payload is to be read as text; a continuation is if it looks like it.
fn is_text(frame: &Passed) -> bool {
    match frame.opcode {
        Opcode::TEXT => true,
        Opcode::CONTINUATION => text(payload(frame), true).is_some_and(|text| !text.contains('\0')),
        _ => false,
    }
}

/// Who sent it, as an arrow as the server sees it.
pub(super) const fn way(by: Role) -> &'static str {
    match by {
        Role::Client => "→",
        Role::Server => "←",
    }
}

/// What a frame is: `text`, `text, more follows`, `binary, RSV1`.
pub(super) fn kind(frame: &Passed) -> String {
    let mut words = frame.opcode.to_string();
    if !frame.fin {
        words.push('+');
    }
    let bits = [(4, "RSV1"), (2, "RSV2"), (1, "RSV3")];
    for (_, name) in bits.iter().filter(|(bit, _)| frame.rsv & bit != 0) {
        words.push(' ');
        words.push_str(name);
    }
    words
}

/// A frame on one line.
pub(super) fn line(frame: &Passed, as_bytes: bool) -> String {
    /// No screen is wider.
    const MOST: usize = 600;
    let bytes = payload(frame);
    let start = &bytes[..bytes.len().min(MOST)];
    if frame.opcode == Opcode::CLOSE && !as_bytes {
        return close(&frame.payload);
    }
    let is_cut = is_cut(frame) || start.len() < bytes.len();
    if !as_bytes && (is_text(frame) || frame.opcode.is_control()) {
        if let Some(text) = text(start, is_cut).filter(|text| !text.contains('\0')) {
            return harmless(text).into_owned();
        }
    }
    if frame.rsv & 4 != 0 && frame.inflated.is_none() && !as_bytes {
        return "compressed".to_owned();
    }
    start.iter().take(64).map(|byte| format!("{byte:02x} ")).collect()
}

/// A close frame in words: `1000 (normal closure), "bye"`.
fn close(payload: &[u8]) -> String {
    match CloseBody::parse(payload) {
        CloseBody::Empty => "without a code".to_owned(),
        CloseBody::Status(code, []) => code.to_string(),
        CloseBody::Status(code, reason) => format!("{code}, \"{}\"", harmless(&String::from_utf8_lossy(reason))),
        _ => "half a code: one byte is none".to_owned(),
    }
}

/// A payload on as many lines as it takes, each cut to `width` columns and what is beyond on the next.
pub(super) fn lines(frame: &Passed, as_bytes: bool, width: usize) -> Vec<String> {
    let bytes = payload(frame);
    let is_cut = is_cut(frame);
    let mut lines = if as_bytes {
        hex(bytes, width)
    } else if frame.opcode == Opcode::CLOSE {
        vec![close(&frame.payload)]
    } else if frame.opcode.is_control() || is_text(frame) {
        match text(bytes, is_cut) {
            Some(text) if !text.contains('\0') => wrapped(&pretty(text), width),
            _ if frame.opcode == Opcode::TEXT && frame.rsv == 0 => {
                let mut lines = vec!["not UTF-8:".to_owned()];
                lines.extend(hex(bytes, width));
                lines
            }
            _ => hex(bytes, width),
        }
    } else {
        hex(bytes, width)
    };
    if is_cut {
        lines.push(format!("… no more than the first {} bytes are kept", bytes.len()));
    }
    if bytes.is_empty() && frame.opcode != Opcode::CLOSE {
        lines = vec!["empty".to_owned()];
    }
    lines
}

/// JSON with a line for each value; any other text as it is. Numbers and texts stay as they were sent.
fn pretty(text: &str) -> Cow<'_, str> {
    let is_structure = text.trim_start().starts_with(['{', '[']);
    if !is_structure || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut characters = text
        .chars()
        .filter({
            let (mut quoted, mut escaped) = (false, false);
            move |&character| {
                let keep = quoted || !character.is_ascii_whitespace();
                match character {
                    _ if escaped => escaped = false,
                    '\\' if quoted => escaped = true,
                    '"' => quoted = !quoted,
                    _ => {}
                }
                keep
            }
        })
        .peekable();
    let (mut quoted, mut escaped) = (false, false);
    let break_line = |shown: &mut String, depth: usize| {
        shown.push('\n');
        shown.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(character) = characters.next() {
        if quoted {
            shown.push(character);
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match character {
            '"' => {
                quoted = true;
                shown.push(character);
            }
            '{' | '[' => {
                shown.push(character);
                if matches!(characters.peek(), Some('}' | ']')) {
                    shown.extend(characters.next());
                } else {
                    depth += 1;
                    break_line(&mut shown, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut shown, depth);
                shown.push(character);
            }
            ',' => {
                shown.push(character);
                break_line(&mut shown, depth);
            }
            ':' => shown.push_str(": "),
            character => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

/// Lines no wider than that.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let line = harmless(line.strip_suffix('\r').unwrap_or(line));
        let mut current = String::new();
        let mut taken = 0;
        for character in line.chars() {
            let takes = crate::tui::words::width(character.encode_utf8(&mut [0; 4]));
            if taken + takes > width {
                lines.push(std::mem::take(&mut current));
                taken = 0;
            }
            current.push(character);
            taken += takes;
        }
        lines.push(current);
    }
    lines
}

/// Lines of sixteen bytes, or of eight: where, in hexadecimal, and as far as it is ASCII.
fn hex(bytes: &[u8], width: usize) -> Vec<String> {
    let each = if width >= 74 { 16 } else { 8 };
    let line = |(at, bytes): (usize, &[u8])| {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x} ")).collect();
        let plain = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
        let text: String = bytes.iter().map(plain).collect();
        format!("{:06x}  {digits:<digits_width$} {text}", at * each, digits_width = each * 3)
    };
    bytes.chunks(each).enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stands_on_lines_and_keeps_its_words() {
        let text = r#"{"a": [1.0, 12345678901234567890123, {}], "b {": "x: \"y\", z", "c":[ ]}"#;
        let shown = pretty(text);
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(
            lines,
            [
                "{",
                "  \"a\": [",
                "    1.0,",
                "    12345678901234567890123,",
                "    {}",
                "  ],",
                "  \"b {\": \"x: \\\"y\\\", z\",",
                "  \"c\": []",
                "}"
            ]
        );
        assert_eq!(pretty("{not json"), "{not json");
    }
}

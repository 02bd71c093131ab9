//! What a message holds, laid out.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::ops::Range;

use serde::de::IgnoredAny;

/// JSON with a line for each member and element; `None` if the text is no JSON object or array.
///
/// Only blanks between the tokens change: numbers, escapes and repeated names stay as they were written.
pub(super) fn pretty(text: &str) -> Option<String> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    if !text.starts_with(['{', '[']) || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return None;
    }
    let mut laid = String::with_capacity(text.len() * 2);
    let mut depth = 0;
    let mut characters = text.chars().peekable();
    let mut in_string = false;
    while let Some(character) = characters.next() {
        if in_string {
            laid.push(character);
            match character {
                '\\' => laid.extend(characters.next()),
                '"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match character {
            ' ' | '\t' | '\n' | '\r' => {}
            '{' | '[' => {
                laid.push(character);
                while characters.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    laid.push(end);
                } else {
                    depth += 1;
                    begin_line(&mut laid, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                begin_line(&mut laid, depth);
                laid.push(character);
            }
            ',' => {
                laid.push(character);
                begin_line(&mut laid, depth);
            }
            ':' => laid.push_str(": "),
            _ => {
                in_string = character == '"';
                laid.push(character);
            }
        }
    }
    Some(laid)
}

fn begin_line(laid: &mut String, depth: usize) {
    let _infallible = write!(laid, "\n{:1$}", "", 2 * depth);
}

/// Bytes, sixteen a line: where, in hex, and as ASCII. For those that are hidden, which are in order, stand dots and `…`.
pub(super) fn dump(bytes: &[u8], hidden: impl Iterator<Item = Range<usize>>, out: &mut impl Write) -> io::Result<()> {
    let mut hidden = hidden.peekable();
    let mut is_hidden = |at: usize| {
        while hidden.next_if(|part| part.end <= at).is_some() {}
        hidden.peek().is_some_and(|part| part.contains(&at))
    };
    for (index, row) in bytes.chunks(16).enumerate() {
        let mut hex = String::with_capacity(50);
        let mut ascii = String::with_capacity(16);
        for (at, byte) in row.iter().enumerate() {
            let blank = if at == 8 { "  " } else { " " };
            let is_shown = *byte == b' ' || byte.is_ascii_graphic();
            if is_hidden(index * 16 + at) {
                let _infallible = write!(hex, "{blank}..");
                ascii.push('…');
            } else {
                let _infallible = write!(hex, "{blank}{byte:02x}");
                ascii.push(if is_shown { char::from(*byte) } else { '.' });
            }
        }
        writeln!(out, "    {:08x} {hex:<49}  |{ascii}|", index * 16)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;

    #[test]
    fn only_blanks_change() {
        assert_eq!(
            pretty(" {\"a\" : [1.50, {} , [ ]],\"a\":\"x\\\"{, \\\\\"}").as_deref(),
            Some("{\n  \"a\": [\n    1.50,\n    {},\n    []\n  ],\n  \"a\": \"x\\\"{, \\\\\"\n}")
        );
        assert_eq!(pretty("[12345678901234567890123]").as_deref(), Some("[\n  12345678901234567890123\n]"));
    }

    #[test]
    fn what_is_no_json_stays() {
        for text in ["", "5", "\"text\"", "{", "[1,]", "{\"a\":1} x", "[hello]"] {
            assert_eq!(pretty(text), None, "{text}");
        }
        assert_eq!(pretty(&"[".repeat(100_000)), None);
    }

    #[test]
    fn bytes_stand_in_rows() {
        let mut out = Vec::new();
        dump(b"0123456789abcdef\x00 \xff", iter::empty(), &mut out).expect("memory takes all");
        assert_eq!(
            String::from_utf8_lossy(&out),
            "    00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n    \
             00000010  00 20 ff                                          |. .|\n"
        );
    }
}

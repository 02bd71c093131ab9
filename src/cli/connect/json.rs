//! JSON as people read it.
//!
//! Only its blanks are changed: members keep their order, numbers their digits, strings their escapes. What is no JSON,
//! or long, or would become so for all its depth, stays as it is.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use serde::de::IgnoredAny;

use crate::cli::print::is_harmless;

/// What is longer, in bytes, is not laid out.
const LONG: usize = 256 << 10;

/// What takes more when it is laid out, in bytes, is not. A text may become this many times as large at any rate.
const LONG_LAID_OUT: usize = 1 << 20;
const TIMES: usize = 8;

const NAME: Style = AnsiColor::Blue.on_default();
const STRING: Style = AnsiColor::Green.on_default();
const OTHER: Style = AnsiColor::Yellow.on_default();

/// An object or an array, laid out; `None` for anything else.
pub(super) fn pretty(text: &str) -> Option<String> {
    let is_container = text.trim_start().starts_with(['{', '[']);
    if !is_container || text.len() > LONG || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return None;
    }
    // What stands at depth 1000 has 2000 blanks before it.
    let bound = LONG_LAID_OUT.max(text.len() * TIMES);
    let mut layout = Layout { out: String::with_capacity(text.len() * 2), depth: 0, bound };
    // Writing to a string cannot fail, so this is the bound.
    layout.of(text).ok().map(|()| layout.out)
}

struct Layout {
    out: String,
    depth: usize,
    bound: usize,
}

impl Layout {
    /// Lays out text that is known to be JSON.
    fn of(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.trim_ascii();
        while let Some(&first) = rest.as_bytes().first() {
            let size = match first {
                b'"' => string(rest),
                b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
                _ => rest.find([',', ']', '}', ' ', '\n', '\r', '\t']).unwrap_or(rest.len()),
            };
            let (word, behind) = rest.split_at(size);
            rest = behind.trim_ascii_start();
            match first {
                b'{' | b'[' => {
                    self.out.push_str(word);
                    if rest.starts_with(['}', ']']) {
                        self.out.push_str(&rest[..1]);
                        rest = rest[1..].trim_ascii_start();
                    } else {
                        self.depth += 1;
                        self.line()?;
                    }
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.line()?;
                    self.out.push_str(word);
                }
                b',' => {
                    self.out.push_str(word);
                    self.line()?;
                }
                b':' => self.out.push_str(": "),
                b'"' if rest.starts_with(':') => self.styled(NAME, word)?,
                b'"' => self.styled(STRING, word)?,
                _ => self.styled(OTHER, word)?,
            }
        }
        Ok(())
    }

    /// # Errors
    /// If that is more than may be.
    fn line(&mut self) -> fmt::Result {
        if self.out.len() + 2 * self.depth > self.bound {
            return Err(fmt::Error);
        }
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", self.depth));
        Ok(())
    }

    /// A word in its colour. What a terminal would act on is written as JSON escapes it.
    fn styled(&mut self, style: Style, word: &str) -> fmt::Result {
        write!(self.out, "{style}")?;
        for character in word.chars() {
            match character {
                character if is_harmless(character) => self.out.push(character),
                // All of them are of the basic plane.
                character => write!(self.out, "\\u{:04x}", u32::from(character))?,
            }
        }
        write!(self.out, "{style:#}")
    }
}

/// The size of the string that `text` begins with, in bytes, with its quotation marks.
fn string(text: &str) -> usize {
    let mut escaped = true;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(text: &str) -> Option<String> {
        pretty(text).map(|text| anstream::adapter::strip_str(&text).to_string())
    }

    #[test]
    fn only_blanks_are_changed() {
        let text = r#" {"b":1.10,"a":[12345678901234567890123,{},[ ],"x\"y\\",null],"b" : {"c":true}}"#;
        insta::assert_snapshot!(plain(text).expect("JSON"), @r#"
        {
          "b": 1.10,
          "a": [
            12345678901234567890123,
            {},
            [],
            "x\"y\\",
            null
          ],
          "b": {
            "c": true
          }
        }
        "#);
    }

    #[test]
    fn what_is_no_object_or_array_is_left() {
        for text in ["", "1", "\"a\"", "{", "[1,]", "{\"a\":1}x", "hello"] {
            assert_eq!(pretty(text), None, "{text}");
        }
        assert_eq!(pretty(&"[".repeat(10_000)), None);
        assert_eq!(pretty(&format!("[\"{}\"]", "x".repeat(LONG))), None);
    }

    #[test]
    fn what_is_deep_is_left() {
        let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(plain(&deep(500)).is_some_and(|text| text.len() > 500_000));
        assert_eq!(pretty(&deep(100_000)), None);
        let wide = format!("{}{}0{}", "[".repeat(120), "0,".repeat(100_000), "]".repeat(120));
        assert_eq!(pretty(&wide), None);
        // Depth it is that makes much out of little, not length.
        assert!(pretty(&format!("[{}0]", "0,".repeat(20_000))).is_some());
    }

    #[test]
    fn it_does_not_command_the_terminal() {
        let text = pretty("[\"\u{9b}31m\u{202e}\u{7f}\"]").expect("JSON");
        let text = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(text, "[\n  \"\\u009b31m\\u202e\\u007f\"\n]");
    }

    #[test]
    fn it_has_colours() {
        let text = pretty("{\"a\":\"b\",\"c\":1}").expect("JSON");
        assert!(text.contains("\u{1b}[34m\"a\"\u{1b}[0m: \u{1b}[32m\"b\"\u{1b}[0m"), "{text:?}");
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            ".*".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::vec((".*", inner), 0..6)
                    .prop_map(|members| { serde_json::Value::Object(members.into_iter().collect()) }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_it_says_stays(value in json()) {
            let text = value.to_string();
            if let Some(laid_out) = plain(&text) {
                prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&laid_out).expect("JSON"), value);
            }
        }

        #[test]
        fn nothing_panics(text in "[\\[{}\\]\",:0-9a ]*") {
            pretty(&text);
        }
    }
}

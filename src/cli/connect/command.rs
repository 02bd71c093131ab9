//! What can be ordered by a line that begins with a slash, on a terminal and in a script.
//!
//! One table feeds the help, the completion and the hints.

use std::fmt::Write as _;

use crate::proto::check_close;
use crate::wire::CloseCode;

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Help,
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Close(CloseCode, String),
    Reconnect,
    Status,
    Quit,
}

/// A command as people write it.
pub(super) struct Form {
    pub(super) name: &'static str,
    pub(super) takes: &'static str,
    words: &'static str,
}

const fn form(name: &'static str, takes: &'static str, words: &'static str) -> Form {
    Form { name, takes, words }
}

pub(super) const FORMS: [Form; 8] = [
    form("help", "", "this list"),
    form("text", "[TEXT]", "send text as it stands here, also none"),
    form("binary", "HEX", "send bytes, such as 48 65 6c 6c 6f"),
    form("ping", "[DATA]", "send a ping, and say how long the pong took"),
    form("close", "[CODE [REASON]]", "close, with 1000 unless told otherwise"),
    form("reconnect", "", "connect anew"),
    form("status", "", "say how the connection stands"),
    form("quit", "", "close with 1000 and end"),
];

/// A ping carries so many bytes (RFC 6455, section 5.5).
const MAX_PING: usize = 125;

/// The list for `/help`.
pub(super) fn help() -> String {
    let mut list = String::from("A line is sent as a message, but:\n");
    for Form { name, takes, words } in &FORMS {
        // Writing to a string cannot fail.
        let _written = writeln!(list, "  {:<24} {words}", format!("/{name} {takes}"));
    }
    list.push_str("  //TEXT                   send text that begins with a slash: /TEXT\n");
    list.push_str("Ctrl-C clears the line, twice it ends; Ctrl-D ends; the up arrow brings earlier lines back.");
    list
}

impl Command {
    /// Reads what follows the slash.
    ///
    /// # Errors
    /// Words for whoever wrote it.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let (name, rest) = split(line);
        let alone = |command: Self| match rest {
            "" => Ok(command),
            _ => Err(format!("/{name} takes nothing behind it")),
        };
        match name {
            "help" => alone(Self::Help),
            "reconnect" => alone(Self::Reconnect),
            "status" => alone(Self::Status),
            "quit" => alone(Self::Quit),
            "text" => Ok(Self::Text(rest.to_owned())),
            "binary" => hex(rest).map(Self::Binary),
            "ping" if rest.len() > MAX_PING => Err(format!("a ping carries at most {MAX_PING} bytes")),
            "ping" => Ok(Self::Ping(rest.as_bytes().to_vec())),
            "close" => close(rest),
            _ => Err(unknown(name, FORMS.iter().map(|form| form.name))),
        }
    }
}

/// The name of a command, and what follows it. What a message is made of is not trimmed.
pub(super) fn split(line: &str) -> (&str, &str) {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    match name {
        "text" | "expect" => (name, rest),
        _ => (name, rest.trim()),
    }
}

/// That there is no such command, and which may be meant.
pub(super) fn unknown(name: &str, names: impl Iterator<Item = &'static str>) -> String {
    let near = |other: &&'static str| other.starts_with(name) || strsim::damerau_levenshtein(name, other) <= 2;
    let meant = names.filter(near).min_by_key(|other| strsim::damerau_levenshtein(name, other));
    match meant.filter(|_| !name.is_empty()) {
        Some(meant) => format!("/{name} is no command: /{meant} is; //{name} sends it as text"),
        None => format!("/{name} is no command: /help lists them; //{name} sends it as text"),
    }
}

fn close(rest: &str) -> Result<Command, String> {
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let code = if code.is_empty() { CloseCode::NORMAL } else { self::code(code)? };
    let reason = reason.trim();
    check_close(code, "")
        .map_err(|_| format!("{} must not be sent: 1000 to 1003, 1007 to 1014 and 3000 to 4999 may", code.0))?;
    check_close(code, reason).map_err(|_| format!("a reason has at most 123 bytes, and this has {}", reason.len()))?;
    Ok(Command::Close(code, reason.to_owned()))
}

/// A close code.
pub(super) fn code(word: &str) -> Result<CloseCode, String> {
    word.parse().map(CloseCode).map_err(|_| format!("`{word}` is no close code: write a number such as 1000"))
}

/// Bytes in hex, with blanks between them or without.
pub(super) fn hex(text: &str) -> Result<Vec<u8>, String> {
    let wrong = || "write bytes in hex, such as 48 65 6c 6c 6f".to_owned();
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for word in text.split_ascii_whitespace() {
        let word = word.strip_prefix("0x").unwrap_or(word);
        if !word.len().is_multiple_of(2) || !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        for at in (0..word.len()).step_by(2) {
            bytes.push(u8::from_str_radix(&word[at..at + 2], 16).map_err(|_| wrong())?);
        }
    }
    if bytes.is_empty() { Err(wrong()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_a_command() {
        for Form { name, takes, .. } in &FORMS {
            let line =
                if takes.is_empty() || takes.starts_with('[') { (*name).to_owned() } else { format!("{name} 00") };
            assert!(Command::parse(&line).is_ok(), "{line}");
        }
    }

    #[test]
    fn bytes_are_written_in_hex() {
        assert_eq!(hex("48 65 6c6c 0x6F"), Ok(b"Hello".to_vec()));
        for wrong in ["", "4", "4 8", "hello!", "+1", "é0"] {
            assert!(hex(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn closing_takes_a_code_that_may_be_sent_and_a_reason_that_fits() {
        assert_eq!(Command::parse("close"), Ok(Command::Close(CloseCode::NORMAL, String::new())));
        assert_eq!(Command::parse("close 4000 see you"), Ok(Command::Close(CloseCode(4000), "see you".to_owned())));
        for wrong in ["close 1005", "close 1006 x", "close 70000", "close now", "close 999"] {
            assert!(Command::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Command::parse(&format!("close 1000 {}", "x".repeat(123))).is_ok());
        assert!(Command::parse(&format!("close 1000 {}", "x".repeat(124))).is_err());
    }

    #[test]
    fn what_is_no_command_may_be_near_to_one() {
        insta::assert_snapshot!(Command::parse("stauts").expect_err("no command"), @"/stauts is no command: /status is; //stauts sends it as text");
        insta::assert_snapshot!(Command::parse("").expect_err("no command"), @"/ is no command: /help lists them; // sends it as text");
        insta::assert_snapshot!(Command::parse("subscribe a").expect_err("no command"), @"/subscribe is no command: /help lists them; //subscribe sends it as text");
        insta::assert_snapshot!(Command::parse("quit now").expect_err("too much"), @"/quit takes nothing behind it");
    }

    #[test]
    fn text_is_sent_as_it_stands() {
        assert_eq!(Command::parse("text  a "), Ok(Command::Text(" a ".to_owned())));
        assert_eq!(Command::parse("text"), Ok(Command::Text(String::new())));
        assert_eq!(Command::parse("ping  a "), Ok(Command::Ping(b"a".to_vec())));
    }
}

//! Scripts: lines that are messages, commands, and what has to come.
//!
//! A script is read whole before anything is done: what cannot be read is told with its line.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use super::command::{self, Command, FORMS};
use super::screen::{Shown, kind};
use crate::cli::value;
use crate::proto::{Closed, Message};
use crate::wire::CloseCode;

/// A script, and what it is called.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) name: String,
    /// The steps, with the numbers of their lines.
    pub(super) steps: Vec<(usize, Step)>,
}

/// A line of a script that says something.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Send(String),
    Do(Command),
    Wait(Duration),
    /// How long to wait for what has to come, from here on.
    Timeout(Duration),
    Expect(Expected),
    ExpectClose(Option<CloseCode>, String),
}

/// What the next message has to be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expected {
    Text(String),
    Binary(Vec<u8>),
    Json(Value),
}

/// A longer script is none, in bytes.
const LONGEST: u64 = 64 << 20;

/// The commands that only scripts have.
const OWN: [&str; 6] = ["wait", "timeout", "expect", "expect-binary", "expect-json", "expect-close"];

impl Script {
    /// The script in a file, or on the standard input.
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        let (name, input): (_, Box<dyn Read>) = if file == Path::new("-") {
            ("standard input".to_owned(), Box::new(io::stdin().lock()))
        } else {
            let name = file.display().to_string();
            let file = File::open(file).with_context(|| format!("cannot read the script {name}"))?;
            (name, Box::new(file))
        };
        let mut bytes = Vec::new();
        input.take(LONGEST + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read the script {name}"))?;
        anyhow::ensure!(bytes.len() as u64 <= LONGEST, "{name} is longer than 64 MiB: that is no script");
        Self::parse(name, &bytes)
    }

    fn parse(name: String, bytes: &[u8]) -> anyhow::Result<Self> {
        let mut steps = Vec::new();
        for (number, line) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
            let wrong = |words: String| anyhow::anyhow!("{name}, line {number}: {words}");
            let line = str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line))
                .map_err(|error| wrong(format!("not UTF-8 from byte {} on", error.valid_up_to() + 1)))?;
            steps.extend(step(line).map_err(wrong)?.map(|step| (number, step)));
        }
        Ok(Self { name, steps })
    }

    /// Whether the steps from here on look at messages.
    pub(super) fn expects(&self, from: usize) -> bool {
        self.steps[from.min(self.steps.len())..].iter().any(|(_, step)| matches!(step, Step::Expect(_)))
    }
}

/// What a line says; nothing if it is blank or a comment.
fn step(line: &str) -> Result<Option<Step>, String> {
    let Some(order) = line.strip_prefix('/') else {
        let says_nothing = line.trim().is_empty() || line.starts_with('#');
        return Ok((!says_nothing).then(|| Step::Send(line.to_owned())));
    };
    if order.starts_with('/') {
        return Ok(Some(Step::Send(order.to_owned())));
    }
    let (name, rest) = command::split(order);
    Ok(Some(match name {
        "wait" => Step::Wait(time(name, rest)?),
        "timeout" => Step::Timeout(time(name, rest)?),
        "expect" => Step::Expect(Expected::Text(rest.to_owned())),
        "expect-binary" => Step::Expect(Expected::Binary(command::hex(rest)?)),
        "expect-json" => Step::Expect(Expected::Json(serde_json::from_str(rest).map_err(|error| {
            // It names a line, which is not that of the script.
            let words = error.to_string();
            let words = words.split(" at line ").next().unwrap_or_default();
            format!("what /{name} expects is no JSON: {words} at character {} of it", error.column())
        })?)),
        "expect-close" => {
            let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
            let code = Some(code).filter(|code| !code.is_empty()).map(command::code).transpose()?;
            Step::ExpectClose(code, reason.trim().to_owned())
        }
        name if FORMS.iter().any(|form| form.name == name) => Step::Do(Command::parse(order)?),
        name => return Err(command::unknown(name, FORMS.iter().map(|form| form.name).chain(OWN))),
    }))
}

fn time(name: &str, text: &str) -> Result<Duration, String> {
    value::time(text).map_err(|words| format!("/{name} takes a time: {words}"))
}

impl Expected {
    /// Whether a message is as it has to be.
    pub(super) fn fits(&self, message: &Message<'_>) -> bool {
        match self {
            Self::Text(text) => {
                text.is_empty() || message.payload.windows(text.len()).any(|window| window == text.as_bytes())
            }
            Self::Binary(bytes) => !message.is_text() && *message.payload == **bytes,
            Self::Json(wanted) => serde_json::from_slice(&message.payload).is_ok_and(|is| contains(&is, wanted)),
        }
    }
}

/// Whether a value has everything that is wanted. Objects may have more members, arrays have as many elements.
fn contains(is: &Value, wanted: &Value) -> bool {
    match (is, wanted) {
        (Value::Object(is), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| is.get(name).is_some_and(|is| contains(is, wanted)))
        }
        (Value::Array(is), Value::Array(wanted)) => {
            is.len() == wanted.len() && is.iter().zip(wanted).all(|(is, wanted)| contains(is, wanted))
        }
        _ => is == wanted,
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) if text.is_empty() => f.write_str("a message"),
            Self::Text(text) => write!(f, "a message that contains {text}"),
            Self::Binary(bytes) => write!(f, "binary {}", Cut(&crate::cli::print::Hex(bytes).to_string())),
            Self::Json(value) => write!(f, "JSON that contains {value}"),
        }
    }
}

/// Whether a connection ended as it had to. A reason is part of the whole one.
pub(super) fn ended_as(closed: &Closed, code: Option<CloseCode>, reason: &str) -> bool {
    code.is_none_or(|code| code == closed.code) && closed.reason.contains(reason)
}

/// A message as a line of a report.
pub(super) fn described(message: &Message<'_>) -> String {
    format!("{} {}", kind(message), Cut(&Shown(&message.payload).to_string()))
}

/// Text of which too much is left out.
struct Cut<'a>(&'a str);

impl fmt::Display for Cut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 1000;
        match self.0.char_indices().nth(MOST) {
            Some((end, _)) => write!(f, "{}… ({} bytes more)", &self.0[..end], self.0.len() - end),
            None => f.write_str(self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(usize, Step)> {
        Script::parse("s".to_owned(), text.as_bytes()).expect("a script").steps
    }

    fn refused(text: &[u8]) -> String {
        Script::parse("talk.script".to_owned(), text).expect_err("no script").to_string()
    }

    #[test]
    fn lines_are_messages_commands_and_comments() {
        let text = "# a comment\n\nhello\r\n//slash\n/text # no comment\n/wait 500ms\n/timeout 5s\n/ping\n  indented";
        assert_eq!(
            parsed(text),
            [
                (3, Step::Send("hello".to_owned())),
                (4, Step::Send("/slash".to_owned())),
                (5, Step::Do(Command::Text("# no comment".to_owned()))),
                (6, Step::Wait(Duration::from_millis(500))),
                (7, Step::Timeout(Duration::from_secs(5))),
                (8, Step::Do(Command::Ping(Vec::new()))),
                (9, Step::Send("  indented".to_owned())),
            ]
        );
    }

    #[test]
    fn expectations_are_read() {
        assert_eq!(
            parsed("/expect  a b \n/expect-binary 00ff\n/expect-json {\"a\":1}\n/expect-close 1008 no\n/expect-close"),
            [
                (1, Step::Expect(Expected::Text(" a b ".to_owned()))),
                (2, Step::Expect(Expected::Binary(vec![0, 0xff]))),
                (3, Step::Expect(Expected::Json(serde_json::json!({"a": 1})))),
                (4, Step::ExpectClose(Some(CloseCode(1008)), "no".to_owned())),
                (5, Step::ExpectClose(None, String::new())),
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        let mistakes: [&[u8]; 8] = [
            b"hello\n/expekt x",
            b"/wait",
            b"/wait 5",
            b"\n\n/timeout soon",
            b"/expect-json {\"type\":}",
            b"/expect-close now",
            b"/close 1006",
            b"good\nb\xffd",
        ];
        insta::assert_snapshot!(mistakes.map(refused).join("\n"), @r"
        talk.script, line 2: /expekt is no command: /expect is; //expekt sends it as text
        talk.script, line 1: /wait takes a time: write a number and its unit, such as 30s, 500ms or 2m
        talk.script, line 1: /wait takes a time: the unit is missing: write 5s or 5ms
        talk.script, line 3: /timeout takes a time: write a number and its unit, such as 30s, 500ms or 2m
        talk.script, line 1: what /expect-json expects is no JSON: expected value at character 9 of it
        talk.script, line 1: `now` is no close code: write a number such as 1000
        talk.script, line 1: 1006 must not be sent: 1000 to 1003, 1007 to 1014 and 3000 to 4999 may
        talk.script, line 2: not UTF-8 from byte 2 on
        ");
    }

    #[test]
    fn json_may_have_more_members_but_no_other_ones() {
        let fits = |is: &str, wanted: &str| {
            Expected::Json(serde_json::from_str(wanted).expect("JSON")).fits(&Message::text(is.to_owned()))
        };
        assert!(fits(r#"{"type":"joined","room":"a","n":[1,{"x":1,"y":2}]}"#, r#"{"type":"joined","n":[1,{"y":2}]}"#));
        assert!(!fits(r#"{"type":"left"}"#, r#"{"type":"joined"}"#));
        assert!(!fits(r#"{}"#, r#"{"type":null}"#));
        assert!(!fits(r#"{"n":[1,2]}"#, r#"{"n":[1]}"#));
        assert!(!fits("no JSON", "{}"));
    }

    #[test]
    fn text_is_found_within() {
        let text = |words: &str| Expected::Text(words.to_owned());
        assert!(text("ell").fits(&Message::text("hello")) && text("").fits(&Message::text("")));
        assert!(!text("Ell").fits(&Message::text("hello")) && !text("hello!").fits(&Message::text("hello")));
        assert!(Expected::Binary(vec![1]).fits(&Message::binary(vec![1])));
        assert!(!Expected::Binary(vec![b'a']).fits(&Message::text("a")));
    }
}

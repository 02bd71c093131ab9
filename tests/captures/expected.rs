//! What must be read out of a capture, as its description says it. `corpus/captures/README.md` has the format.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;

/// So many lines are written out; of more there is a digest.
const LINES: usize = 60;

/// A description.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) source: String,
    pub(crate) exit: i32,
    pub(crate) keylog: Option<String>,
    #[serde(default, rename = "connection")]
    pub(crate) connections: Vec<Connection>,
    #[serde(default)]
    pub(crate) notes: BTreeMap<String, u64>,
}

/// A connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Connection {
    pub(crate) client: String,
    pub(crate) server: String,
    pub(crate) url: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) subprotocol: Option<String>,
    pub(crate) extensions: Option<String>,
    pub(crate) guessed: bool,
    pub(crate) tls: Option<String>,
    pub(crate) close: Option<Close>,
    pub(crate) violations: Vec<String>,
    pub(crate) client_sent: Sent,
    pub(crate) server_sent: Sent,
}

/// A close frame.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Close {
    pub(crate) by: String,
    pub(crate) code: Option<u16>,
    #[serde(default)]
    pub(crate) reason: String,
}

/// What an end sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Sent {
    pub(crate) lost: u64,
    pub(crate) frames: Vec<String>,
    pub(crate) messages: Vec<String>,
}

/// SHA-256 in hexadecimal digits, the first `digits` of them.
pub(crate) fn sha256(bytes: &[u8], digits: usize) -> String {
    let mut hex = String::new();
    for byte in digest(&SHA256, bytes).as_ref() {
        let _ = write!(hex, "{byte:02x}");
    }
    hex.truncate(digits);
    hex
}

/// Lines as a description has them.
pub(crate) fn listing(lines: Vec<String>) -> Vec<String> {
    if lines.len() <= LINES {
        return lines;
    }
    vec![format!("{} lines, SHA-256 {}", lines.len(), sha256(lines.join("\n").as_bytes(), 32))]
}

impl Expected {
    /// All that can differ, a line each, so that differences can be shown.
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("exit {}", self.exit)];
        for it in &self.connections {
            lines.push(format!("connection of {} with {}", it.client, it.server));
            for (name, value) in [("url", &it.url), ("subprotocol", &it.subprotocol), ("extensions", &it.extensions)] {
                lines.push(format!("  {name} {value:?}"));
            }
            lines.push(format!("  status {:?}, guessed {}, tls {:?}", it.status, it.guessed, it.tls));
            lines.push(format!("  close {:?}", it.close));
            lines.extend(it.violations.iter().map(|line| format!("  violation: {line}")));
            for (end, sent) in [("client", &it.client_sent), ("server", &it.server_sent)] {
                lines.push(format!("  {end} lost {}", sent.lost));
                lines.extend(sent.frames.iter().map(|line| format!("  {end} frame: {line}")));
                lines.extend(sent.messages.iter().map(|line| format!("  {end} message: {line}")));
            }
        }
        lines.extend(self.notes.iter().map(|(name, count)| format!("{count} notes {name}")));
        lines
    }

    /// Compares with what was found, line by line.
    pub(crate) fn compare(&self, found: &Self) -> Result<(), String> {
        let (expected, found) = (self.lines(), found.lines());
        if expected == found {
            return Ok(());
        }
        let same = expected.iter().zip(&found).take_while(|(expected, found)| expected == found).count();
        let end =
            expected.iter().rev().zip(found.iter().rev()).take_while(|(expected, found)| expected == found).count();
        let end = end.min(expected.len().min(found.len()) - same);
        let part = |lines: &[String], sign: char| {
            let lines = &lines[same..lines.len() - end];
            lines.iter().take(40).map(|line| format!("{sign} {line}\n")).collect::<String>()
        };
        let above =
            expected[..same].iter().rev().find(|line| line.starts_with("connection")).map_or("", String::as_str);
        Err(format!("{above}\n{}{}", part(&expected, '-'), part(&found, '+')))
    }
}

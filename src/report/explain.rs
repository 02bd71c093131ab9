//! A case, explained: what it wants, what it sends byte by byte, what may come back.

use std::fmt::Write as _;

use super::failure::{alternatives, requirement};
use crate::conform::{Case, Part, Spelled, Spelling, Then};

/// Bytes of a line of hex.
const LINE: usize = 16;

/// Explains `case`, whose bytes are spelled in `spelling`.
pub fn explain(case: &Case, spelling: &Spelling) -> String {
    let brief = case.brief();
    let mut text = Text(format!("{}  {}\n", brief.id, brief.title));
    text.row("requirement", &requirement(&brief));
    for rule in &brief.rules {
        text.row("rule", &format!("{}: {rule} ({})", rule.name(), rule.clause()));
    }
    if let Some(note) = &brief.note {
        text.rows("note", note.trim().lines());
    }
    if !brief.tags.is_empty() {
        text.row("tags", &brief.tags.join(", "));
    }
    if let Some(target) = case.target {
        text.row("target", &format!("a {target} alone"));
    }
    text.row("source", &format!("{}:{}", case.source.file, case.source.line));
    text.heading(&format!("the tester sends, as {}", spelling.role));
    if spelling.steps.is_empty() {
        text.line(1, "nothing");
    }
    spelling.steps.iter().for_each(|step| text.step(1, step));
    if spelling.random {
        text.line(1, &format!("({} stands for masking keys that are random in each run)", hex(&Spelling::KEY)));
    }
    text.heading("what may come, the best first");
    alternatives(&brief).iter().for_each(|line| text.line(1, line));
    let then = match case.patience.then {
        Then::Fail => "fails the connection",
        Then::Close => "closes without a code",
    };
    let time = humantime::format_duration(case.patience.time);
    text.line(1, &format!("the tester waits {time} after its last step, then {then}"));
    if case.informational {
        text.line(1, "whatever comes is recorded, and not judged");
    }
    text.0
}

fn hex(bytes: &[u8]) -> String {
    let words: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    words.join(" ")
}

struct Text(String);

impl Text {
    fn row(&mut self, name: &str, line: &str) {
        let _infallible = writeln!(self.0, "  {name:<12} {line}");
    }

    fn rows<'a>(&mut self, name: &str, lines: impl Iterator<Item = &'a str>) {
        for (index, line) in lines.enumerate() {
            self.row(if index == 0 { name } else { "" }, line);
        }
    }

    fn heading(&mut self, line: &str) {
        self.0.push('\n');
        self.line(0, line);
    }

    fn line(&mut self, depth: usize, line: &str) {
        let _infallible = writeln!(self.0, "{:1$}{line}", "", 2 + 2 * depth);
    }

    fn step(&mut self, depth: usize, step: &Spelled) {
        self.line(depth, &step.words);
        step.parts.iter().for_each(|part| self.part(depth + 1, part));
        step.steps.iter().for_each(|step| self.step(depth + 1, step));
    }

    fn part(&mut self, depth: usize, part: &Part) {
        for (index, bytes) in part.bytes.chunks(LINE).enumerate() {
            let meaning = if index == 0 { part.meaning.as_str() } else { "" };
            let width = 3 * LINE;
            self.line(depth, format!("{:<width$}{meaning}", hex(bytes)).trim_end());
        }
        if part.more > 0 {
            self.line(depth, &format!("… and {} bytes more", part.more));
        }
    }
}

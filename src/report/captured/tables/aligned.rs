//! Rows for people: in columns of fixed widths, so that nothing has to be kept until all is known.

use std::fmt::Write as _;
use std::time::Duration;

use super::cells::{Cells, Closing};
use super::layout::Column;
use crate::capture::Time;
use crate::report::plain::line;

/// Between two columns.
const GAP: &str = "  ";

/// Appends the cells of one row that have a column.
pub(super) struct Aligned<'a> {
    out: &'a mut Vec<u8>,
    columns: &'a [Column],
    /// The column that is next.
    next: usize,
    /// Where the row begins.
    start: usize,
    /// What the row is still too long for its columns: a long number takes it of the blanks that follow.
    excess: usize,
}

impl<'a> Aligned<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, columns: &'a [Column]) -> Self {
        let start = out.len();
        Self { out, columns, next: 0, start, excess: 0 }
    }

    /// Ends the row.
    pub(super) fn end(self) {
        while self.out.len() > self.start && self.out.last() == Some(&b' ') {
            self.out.pop();
        }
        self.out.push(b'\n');
    }

    /// The titles.
    pub(super) fn titles(mut self) {
        for column in self.columns {
            self.put(column, column.title);
        }
        self.end();
    }

    fn cell(&mut self, name: &'static str, text: impl FnOnce() -> Option<String>) {
        if let Some(column) = self.columns.get(self.next).filter(|column| column.name == name) {
            let text = text();
            self.put(column, text.as_deref().unwrap_or("-"));
        }
    }

    fn put(&mut self, column: &Column, text: &str) {
        let width = console::measure_text_width(text);
        let blanks = column.width.saturating_sub(width);
        let kept = blanks.saturating_sub(self.excess);
        if self.next > 0 {
            self.out.extend_from_slice(GAP.as_bytes());
        }
        self.next += 1;
        if column.right {
            self.out.resize(self.out.len() + kept, b' ');
            self.out.extend_from_slice(text.as_bytes());
        } else {
            self.out.extend_from_slice(text.as_bytes());
            self.out.resize(self.out.len() + kept, b' ');
        }
        self.excess = (self.excess + width.saturating_sub(column.width)).saturating_sub(blanks);
    }
}

/// Text that somebody else wrote, harmless, on one line, and cut to its column.
fn cut(text: &str, width: usize) -> String {
    // Of a text of megabytes only the beginning is looked at. What is behind it makes it too long all the same.
    let beginning = &text[..text.floor_char_boundary(width.saturating_add(1).saturating_mul(8))];
    console::truncate_str(&line(beginning), width, "…").into_owned()
}

impl Cells for Aligned<'_> {
    fn number(&mut self, name: &'static str, value: Option<u64>) {
        self.cell(name, || Some(value?.to_string()));
    }

    fn word(&mut self, name: &'static str, value: Option<&'static str>) {
        self.cell(name, || Some(value?.to_owned()));
    }

    fn text(&mut self, name: &'static str, value: Option<&str>) {
        let column = self.columns.get(self.next);
        let width = column.filter(|column| column.cut).map_or(usize::MAX, |column| column.width);
        self.cell(name, || Some(cut(value?, width)));
    }

    fn truth(&mut self, name: &'static str, value: bool) {
        self.cell(name, || Some(if value { "yes" } else { "no" }.to_owned()));
    }

    fn time(&mut self, name: &'static str, value: Option<Time>) {
        // To the microsecond, and still fit for a filter.
        self.cell(name, || Some(format!("{:.6}", value?.timestamp())));
    }

    fn seconds(&mut self, name: &'static str, value: Option<Duration>) {
        self.cell(name, || {
            let value = value?;
            let mut text = String::new();
            let _infallible = match value.as_nanos() {
                nanos if nanos >= 1_000_000_000 => write!(text, "{} s", value.as_secs_f64()),
                nanos => write!(text, "{} ms", nanos as f64 / 1e6),
            };
            Some(text)
        });
    }

    fn close(&mut self, value: Option<&Closing<'_>>) {
        self.word("close_by", value.map(|close| close.by));
        self.number("close_code", value.and_then(|close| close.code).map(u64::from));
        self.text("close_reason", value.map(|close| close.reason));
    }
}

//! Rows as CSV (RFC 4180, with a line feed behind each row).

use std::io::Write as _;
use std::time::Duration;

use csv_core::Writer;

use super::cells::{Cells, Closing};
use super::clock::Clock;
use crate::capture::Time;

/// Appends the cells of one row, a comma behind each.
pub(super) struct Csv<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) clock: &'a mut Clock,
    pub(super) quoting: &'a Writer,
}

impl Csv<'_> {
    /// Ends the row.
    #[inline]
    pub(super) fn end(self) {
        if let Some(last) = self.out.last_mut() {
            *last = b'\n';
        }
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        self.out.push(b',');
    }

    fn quoted(&mut self, mut text: &[u8]) {
        self.out.push(b'"');
        while !text.is_empty() {
            let at = self.out.len();
            self.out.resize(at + 2 * text.len(), 0);
            let (_, read, written) = csv_core::quote(text, &mut self.out[at..], b'"', b'"', true);
            self.out.truncate(at + written);
            text = &text[read..];
        }
        self.out.extend_from_slice(b"\",");
    }
}

impl Cells for Csv<'_> {
    #[inline]
    fn number(&mut self, _: &'static str, value: Option<u64>) {
        match value {
            Some(value) => self.bytes(itoa::Buffer::new().format(value).as_bytes()),
            None => self.out.push(b','),
        }
    }

    #[inline]
    fn word(&mut self, _: &'static str, value: Option<&'static str>) {
        self.bytes(value.unwrap_or_default().as_bytes());
    }

    #[inline]
    fn text(&mut self, _: &'static str, value: Option<&str>) {
        match value.map(str::as_bytes) {
            None | Some([]) => self.out.push(b','),
            Some(text) if self.quoting.should_quote(text) => self.quoted(text),
            Some(text) => self.bytes(text),
        }
    }

    #[inline]
    fn truth(&mut self, _: &'static str, value: bool) {
        self.bytes(if value { b"true" } else { b"false" });
    }

    #[inline]
    fn time(&mut self, _: &'static str, value: Option<Time>) {
        if let Some(time) = value {
            self.out.extend_from_slice(self.clock.text(time).as_bytes());
        }
        self.out.push(b',');
    }

    fn seconds(&mut self, _: &'static str, value: Option<Duration>) {
        if let Some(value) = value {
            // A vector takes everything.
            let _infallible = write!(self.out, "{}", value.as_secs_f64());
        }
        self.out.push(b',');
    }

    fn close(&mut self, value: Option<&Closing<'_>>) {
        self.word("close_by", value.map(|close| close.by));
        self.number("close_code", value.and_then(|close| close.code).map(u64::from));
        self.text("close_reason", value.map(|close| close.reason));
    }
}

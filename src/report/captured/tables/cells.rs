//! What rows are made of.

use std::time::Duration;

use crate::capture::Time;

/// Takes the cells of a row, from left to right. `None` is what is not known.
pub(super) trait Cells {
    /// A whole number.
    fn number(&mut self, name: &'static str, value: Option<u64>);
    /// One of a few words without anything in them that a format would have to escape.
    fn word(&mut self, name: &'static str, value: Option<&'static str>);
    /// Any text.
    fn text(&mut self, name: &'static str, value: Option<&str>);
    /// Whether something is so.
    fn truth(&mut self, name: &'static str, value: bool);
    /// An instant.
    fn time(&mut self, name: &'static str, value: Option<Time>);
    /// A time span, in seconds.
    fn seconds(&mut self, name: &'static str, value: Option<Duration>);
    /// A close frame: one cell with parts, or a cell for each part.
    fn close(&mut self, value: Option<&Closing<'_>>);
}

/// A close frame, fit to be shown.
pub(super) struct Closing<'a> {
    pub(super) by: &'static str,
    pub(super) code: Option<u16>,
    pub(super) reason: &'a str,
}

/// A row of a table.
pub(super) trait Row {
    /// Hands out the cells, always the same ones in the same order.
    fn cells(&self, to: &mut impl Cells);
}

//! Tables, written as events come.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use super::aligned::Aligned;
use super::cells::Row;
use super::clock::Clock;
use super::csv::Csv;
use super::json;
use super::layout::{self, Column};
use super::payload::Payload;
use super::rates::{Bucket, Rates};
use super::rows::{OfConnection, OfFrame, OfMessage, OfNote, OfRoundTrip, OfViolation};
use crate::capture::{Event, Filter, Sink, Table, Wants};

/// How a table is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people: in columns, long texts cut, nothing that acts on a terminal.
    #[default]
    Table,
    /// One JSON array of objects.
    Json,
    /// A JSON object a line.
    JsonLines,
    /// CSV (RFC 4180) with a line of names.
    Csv,
}

/// What a table is to be like.
#[derive(Debug)]
pub struct Style {
    /// Of what.
    pub table: Table,
    /// How it is written.
    pub format: Format,
    /// How the payloads of frames and messages are shown.
    pub payload: Payload,
    /// Whether secrets are shown in URLs and other texts of the handshake and of close frames, and JSON Web Tokens in
    /// payloads that are shown as [text](Payload::Text).
    pub show_secrets: bool,
    /// Which records are wanted: an expression over this table.
    pub filter: Option<Filter>,
    /// How long the intervals of [`Table::Rates`] are; if it is not said, as long as makes at most 120 of them.
    pub interval: Option<Duration>,
}

/// Writes a table of what it is told.
///
/// Rows are gathered and written in large pieces: [`CapturedTable::flush`] writes what is there,
/// [`CapturedTable::finish`] what remains.
#[derive(Debug)]
pub struct CapturedTable<W> {
    style: Style,
    page: Page<W>,
    rates: Rates,
    /// Room to write payloads.
    kept: String,
}

impl<W: Write> CapturedTable<W> {
    /// A table that is written to `out`, which need not be buffered.
    pub fn new(style: Style, out: W) -> Self {
        let mut columns = layout::columns(style.table);
        if !style.shows_payloads() && matches!(style.table, Table::Frames | Table::Messages) {
            columns.retain(|column| column.name != "payload");
        }
        let rates = Rates::new(style.interval);
        let mut page = Page::new(style.format, columns, out);
        page.begin(style.table);
        Self { style, page, rates, kept: String::new() }
    }

    /// How many rows there are so far.
    pub const fn rows(&self) -> u64 {
        self.page.rows
    }

    /// How many frames are in no row of [`Table::Rates`], because the capture does not say their times.
    pub const fn untimed(&self) -> u64 {
        self.rates.untimed()
    }

    /// Writes the rows that are gathered.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.page.write()?;
        self.page.out.flush()
    }

    /// Writes what remains, and gives back where it was written.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        for (number, sides) in self.rates.rest() {
            self.rate(number, &sides)?;
        }
        self.page.end();
        self.flush()?;
        Ok(self.page.out)
    }

    fn rate(&mut self, number: i64, sides: &[Bucket; 2]) -> io::Result<()> {
        self.rates.rows(number, sides).try_for_each(|row| self.page.row(&row))
    }
}

impl Style {
    /// Whether payloads are shown where there are any.
    fn shows_payloads(&self) -> bool {
        self.payload != Payload::None && matches!(self.table, Table::Frames | Table::Messages)
    }

    /// A payload as it is shown; `kept` is room to write it.
    fn show<'a>(&self, payload: &'a [u8], kept: &'a mut String) -> Option<Cow<'a, str>> {
        self.payload.show(self.shown(payload), self.show_secrets, kept)
    }

    /// As much of a payload as will be shown.
    fn shown<'a>(&self, payload: &'a [u8]) -> &'a [u8] {
        match self.format {
            Format::Table => self.payload.beginning(payload, layout::LONGEST, self.show_secrets),
            _ => payload,
        }
    }
}

impl<W: Write> Sink for CapturedTable<W> {
    fn wants(&self) -> Wants {
        let table = self.style.table;
        let wants = Wants {
            frame_payloads: table == Table::Frames && self.style.shows_payloads(),
            // Without messages, neither all rules are judged nor everything is counted.
            messages: matches!(table, Table::Connections | Table::Messages | Table::Violations),
        };
        wants.and(self.style.filter.as_ref().map(Filter::needs).unwrap_or_default())
    }

    #[inline]
    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        let Self { style, page, kept, .. } = self;
        if style.filter.as_ref().is_some_and(|filter| !filter.event(event)) {
            return Ok(());
        }
        match (style.table, event) {
            (Table::Frames, Event::Frame(frame)) => {
                let payload = frame.payload.and_then(|payload| style.show(payload, kept));
                page.row(&OfFrame { frame, payload: payload.as_deref() })
            }
            (Table::Messages, Event::Message(message)) => {
                let payload = message.payload.and_then(|payload| style.show(payload, kept));
                page.row(&OfMessage { message, payload: payload.as_deref() })
            }
            (Table::Connections, Event::Closed(connection)) => {
                page.row(&OfConnection { connection, show_secrets: style.show_secrets })
            }
            (Table::Violations, Event::Violation(violation)) => page.row(&OfViolation(violation)),
            (Table::RoundTrips, Event::RoundTrip(trip)) => page.row(&OfRoundTrip(trip)),
            (Table::Notes, Event::Note(note)) => page.row(&OfNote(note)),
            (Table::Rates, Event::Frame(frame)) => {
                if self.rates.count(frame) {
                    while let Some((number, sides)) = self.rates.due() {
                        self.rate(number, &sides)?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Rows in a format, gathered.
#[derive(Debug)]
struct Page<W> {
    format: Format,
    columns: Vec<Column>,
    clock: Clock,
    quoting: csv_core::Writer,
    gathered: Vec<u8>,
    rows: u64,
    out: W,
}

/// So many bytes are written at once, or more.
const PIECE: usize = 64 * 1024;
/// A row that needs more room than this does not keep it.
const ROOM: usize = 1024 * 1024;

impl<W: Write> Page<W> {
    fn new(format: Format, columns: Vec<Column>, out: W) -> Self {
        let gathered = Vec::with_capacity(2 * PIECE);
        Self { format, columns, clock: Clock::new(), quoting: csv_core::Writer::new(), gathered, rows: 0, out }
    }

    /// What stands above all rows.
    fn begin(&mut self, table: Table) {
        match self.format {
            Format::Table => Aligned::new(&mut self.gathered, &self.columns).titles(),
            Format::Json => self.gathered.push(b'['),
            Format::JsonLines => {}
            Format::Csv => {
                self.gathered.extend_from_slice(layout::names(table).join(",").as_bytes());
                self.gathered.push(b'\n');
            }
        }
    }

    #[inline]
    fn row(&mut self, row: &impl Row) -> io::Result<()> {
        let Self { columns, clock, quoting, gathered: out, .. } = self;
        match self.format {
            Format::Csv => {
                let mut cells = Csv { out, clock, quoting };
                row.cells(&mut cells);
                cells.end();
            }
            Format::JsonLines => {
                json::object(row, clock, out);
                out.push(b'\n');
            }
            Format::Json => {
                out.extend_from_slice(if self.rows == 0 { b"\n" } else { b",\n" });
                json::object(row, clock, out);
            }
            Format::Table => {
                let mut cells = Aligned::new(out, columns);
                row.cells(&mut cells);
                cells.end();
            }
        }
        self.rows += 1;
        if self.gathered.len() >= PIECE { self.write() } else { Ok(()) }
    }

    /// What stands below all rows.
    fn end(&mut self) {
        if self.format == Format::Json {
            self.gathered.extend_from_slice(if self.rows == 0 { b"]\n" } else { b"\n]\n" });
        }
    }

    fn write(&mut self) -> io::Result<()> {
        // What could not be written is not tried again.
        let written = self.out.write_all(&self.gathered);
        self.gathered.clear();
        self.gathered.shrink_to(ROOM);
        written
    }
}

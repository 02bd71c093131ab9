//! What is told of a capture, to whom.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write as _};

use super::output::Output;
use crate::capture::{Connection, Event, Filter, Keep, NoteKind, Sink, Table, Totals, Wants};
use crate::cli::print::{Count, Harmless};
use crate::conform::Captured;
use crate::report::captured::{self, CapturedTable, Follow, Look, Summary};

/// So many reasons why something cannot be read are told apart.
const REASONS: usize = 16;

/// What is printed.
pub(super) enum View {
    /// The summary, at the end.
    Summary(Output, Look),
    /// The same for programs.
    Json(Output),
    /// Rows, as they come.
    Table(Box<CapturedTable<Output>>),
    /// A conversation, as it goes.
    Follow(Box<Follow<BufWriter<Output>>>),
    /// A case, at the end, with the name of the capture.
    Case(Output, Box<Captured>, String),
}

/// Connections whose packets are written.
pub(super) type Chosen = Keep<Box<dyn FnMut(&Connection) -> bool + Send>>;

/// What remains when everything was read.
pub(super) struct Rest {
    /// Why what was to be printed is not.
    pub(super) failed: Option<anyhow::Error>,
    pub(super) seen: Seen,
    pub(super) summary: Option<Box<Summary>>,
    pub(super) keep: Option<Chosen>,
}

/// Shows what was asked for, and counts what the exit code and the last words depend on.
pub(super) struct Told {
    view: View,
    /// For the printed summary and for the page.
    summary: Option<Box<Summary>>,
    /// Chooses the connections whose packets are written.
    keep: Option<Chosen>,
    /// Which connections are looked at; none of them if there is a table, whose rows have a filter of their own.
    filter: Option<Filter>,
    connection: Option<u64>,
    check: bool,
    seen: Seen,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) connections: u64,
    /// The largest number of one.
    largest: u64,
    /// Whether the connection is there that was asked for by its number.
    found: bool,
    /// Whether there is something that can be filtered, and whether something was let through.
    any: bool,
    selected: bool,
    /// Violations of what was looked at.
    pub(super) violations: u64,
    /// Frames that are in no row because they have no time.
    untimed: u64,
    /// Why connections cannot be read, and how many.
    unread: BTreeMap<String, usize>,
    /// How many more, for reasons that are not among these.
    unread_else: usize,
}

impl Told {
    pub(super) fn new(
        view: View,
        summary: Option<Summary>,
        keep: Option<Chosen>,
        filter: Option<Filter>,
        connection: Option<u64>,
        check: bool,
    ) -> Self {
        Self { view, summary: summary.map(Box::new), keep, filter, connection, check, seen: Seen::default() }
    }

    /// Writes what is there.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match &mut self.view {
            View::Table(table) => table.flush(),
            View::Follow(follow) => follow.get_mut().flush(),
            View::Summary(..) | View::Json(_) | View::Case(..) => Ok(()),
        }
    }

    /// Writes the rest.
    pub(super) fn finish(mut self) -> anyhow::Result<Rest> {
        let mut failed = None;
        match self.view {
            View::Table(table) => {
                self.seen.untimed = table.untimed();
                table.finish()?;
            }
            View::Follow(follow) => {
                follow.into_inner().flush()?;
            }
            View::Summary(mut out, look) => {
                if let Some(summary) = &self.summary {
                    out.write_all(captured::text(summary, &look).as_bytes())?;
                    out.flush()?;
                }
            }
            View::Json(mut out) => {
                if let Some(summary) = &self.summary {
                    serde_json::to_writer_pretty(&mut out, summary)?;
                    writeln!(out)?;
                    out.flush()?;
                }
            }
            View::Case(mut out, case, name) => {
                match case.case_file(&name) {
                    Ok(text) => {
                        out.write_all(text.as_bytes())?;
                        out.flush()?;
                    }
                    // Who asked for a connection that is not there is told so.
                    Err(_) if self.connection.is_some() && !self.seen.found => {}
                    Err(error) => failed = Some(error.into()),
                }
            }
        }
        Ok(Rest { failed, seen: self.seen, summary: self.summary, keep: self.keep })
    }

    /// Looks whether the filter lets anything through, until it does.
    #[inline]
    fn select(&mut self, event: &Event<'_>) {
        if let Some(filter) = &self.filter
            && !self.seen.selected
            && filter.table().has(event)
        {
            self.seen.any = true;
            self.seen.selected = filter.event(event);
        }
    }

    /// Whether a connection is looked at.
    fn looks_at(&self, connection: &Connection) -> bool {
        self.connection.is_none_or(|number| number == connection.number)
            && self
                .filter
                .as_ref()
                .is_none_or(|filter| filter.table() != Table::Connections || filter.connection(connection))
    }

    /// Whether an event is about what is looked at.
    fn concerns(&self, event: &Event<'_>) -> bool {
        match event {
            Event::Opened(connection) | Event::Closed(connection) => self.looks_at(connection),
            Event::Frame(frame) => self.looks_at(frame.connection),
            Event::Message(message) => self.looks_at(message.connection),
            Event::RoundTrip(trip) => self.looks_at(trip.connection),
            Event::Violation(violation) => {
                self.looks_at(violation.connection)
                    && self
                        .filter
                        .as_ref()
                        .is_none_or(|filter| filter.table() != Table::Violations || filter.violation(violation))
            }
            Event::Note(note) => match (self.connection, note.connection) {
                (Some(wanted), Some(number)) => wanted == number,
                (Some(_), None) => false,
                (None, _) => true,
            },
        }
    }
}

/// There is no connection of this number.
fn missing(number: u64, connections: u64, largest: u64) -> String {
    match connections {
        0 => format!("there is no connection {number}: no WebSocket is in the capture"),
        1 => format!("there is no connection {number}: the only one is {largest}"),
        _ if largest == connections - 1 => format!("there is no connection {number}: they are 0 to {largest}"),
        _ => format!("there is no connection {number}: there are {connections}, the last of which is {largest}"),
    }
}

impl Sink for Told {
    fn wants(&self) -> Wants {
        // All rules are judged only if messages are.
        let own = Wants { messages: self.check, ..Wants::default() };
        let shown = match &self.view {
            View::Table(table) => table.wants(),
            View::Follow(follow) => follow.wants(),
            View::Case(_, case, _) => case.wants(),
            View::Summary(..) | View::Json(_) => Wants::default(),
        };
        own.and(shown).and(self.summary.as_ref().map(|summary| summary.wants()).unwrap_or_default())
    }

    #[inline]
    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Opened(connection) => self.seen.opened(connection.number, self.connection),
            Event::Violation(_) => self.seen.violations += u64::from(self.concerns(event)),
            Event::Note(note) => self.seen.note(&note.kind),
            _ => {}
        }
        self.select(event);
        if let Some(keep) = &mut self.keep {
            keep.take(event)?;
        }
        let concerns = self.summary.is_some() && self.concerns(event);
        if let Some(summary) = self.summary.as_mut().filter(|_| concerns) {
            summary.take(event)?;
        }
        match &mut self.view {
            View::Table(table) => table.take(event),
            View::Follow(follow) => follow.take(event),
            View::Case(_, case, _) => case.take(event),
            View::Summary(..) | View::Json(_) => Ok(()),
        }
    }
}

impl Seen {
    fn opened(&mut self, number: u64, wanted: Option<u64>) {
        self.connections += 1;
        self.largest = self.largest.max(number);
        self.found |= wanted == Some(number);
    }

    /// That nothing was selected, in words: neither by the number of a connection nor by a filter over the table.
    pub(super) fn nothing(&self, connection: Option<u64>, filtered: Option<Table>) -> Option<String> {
        match (connection, filtered) {
            (Some(number), _) if !self.found => Some(missing(number, self.connections, self.largest)),
            (_, Some(table)) if self.any && !self.selected => {
                let rows = if table == Table::Rates { Table::Frames } else { table };
                Some(format!("the filter lets none of the {} through", rows.name()))
            }
            _ => None,
        }
    }

    fn note(&mut self, kind: &NoteKind<'_>) {
        if !matches!(kind, NoteKind::Encrypted { .. } | NoteKind::NotRead { .. }) {
            return;
        }
        let words = kind.group();
        if self.unread.len() < REASONS || self.unread.contains_key(&*words) {
            *self.unread.entry(words.into_owned()).or_default() += 1;
        } else {
            self.unread_else += 1;
        }
    }

    /// What whoever reads the rest has to know.
    ///
    /// The summary says most of it by itself.
    pub(super) fn remarks(&self, totals: &Totals, summary: bool) -> impl Iterator<Item = String> {
        let none = (!summary && self.connections == 0).then(|| "there is no WebSocket in the capture".to_owned());
        let untimed = (self.untimed > 0).then(|| {
            let frames = Count(usize::try_from(self.untimed).unwrap_or(usize::MAX), "frame");
            format!("{frames} without a time: not in the table")
        });
        let unread =
            self.unread.iter().filter(move |_| !summary).map(|(words, connections)| {
                format!("{} not read: {}", Count(*connections, "connection"), Harmless(words))
            });
        let unread_else = (!summary && self.unread_else > 0)
            .then(|| format!("{} more not read, for other reasons", Count(self.unread_else, "connection")));
        let malformed = totals.malformed.iter().map(|(words, (packets, place))| {
            let packets = Count(usize::try_from(*packets).unwrap_or(usize::MAX), "packet");
            format!("{packets} not read, of which the first is {}: {words}", place.packet)
        });
        none.into_iter().chain(untimed).chain(unread).chain(unread_else).chain(malformed)
    }
}

//! What is told of a capture, to whom.

use std::collections::BTreeMap;
use std::io;

use super::output::Output;
use crate::capture::{Event, NoteKind, Sink, Wants};
use crate::cli::print::{Count, Harmless};
use crate::report::captured::CapturedTable;

/// So many reasons why something cannot be read are told apart.
const REASONS: usize = 16;

/// Writes the table that was asked for, and counts what the exit code and the last words depend on.
pub(super) struct Told {
    table: Option<CapturedTable<Output>>,
    check: bool,
    seen: Seen,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) connections: u64,
    pub(super) frames: u64,
    pub(super) violations: u64,
    /// Frames that are in no row because they have no time.
    untimed: u64,
    /// Why connections cannot be read, and how many.
    unread: BTreeMap<String, usize>,
}

impl Told {
    pub(super) fn new(table: Option<CapturedTable<Output>>, check: bool) -> Self {
        Self { table, check, seen: Seen::default() }
    }

    /// Writes what is there.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.table.as_mut().map_or(Ok(()), CapturedTable::flush)
    }

    /// Writes the rest.
    pub(super) fn finish(mut self) -> io::Result<Seen> {
        if let Some(table) = self.table {
            self.seen.untimed = table.untimed();
            table.finish()?;
        }
        Ok(self.seen)
    }
}

impl Sink for Told {
    fn wants(&self) -> Wants {
        // All rules are judged only if messages are.
        let everything = self.check || self.table.is_none();
        let own = Wants { messages: everything, ..Wants::default() };
        own.and(self.table.as_ref().map(Sink::wants).unwrap_or_default())
    }

    #[inline]
    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Frame(_) => self.seen.frames += 1,
            Event::Opened(_) => self.seen.connections += 1,
            Event::Violation(_) => self.seen.violations += 1,
            Event::Note(note) => self.seen.note(&note.kind),
            _ => {}
        }
        self.table.as_mut().map_or(Ok(()), |table| table.take(event))
    }
}

impl Seen {
    fn note(&mut self, kind: &NoteKind<'_>) {
        let (NoteKind::Encrypted { why: words } | NoteKind::NotRead { what: words }) = kind else { return };
        if self.unread.len() < REASONS || self.unread.contains_key(*words) {
            *self.unread.entry((*words).to_owned()).or_default() += 1;
        }
    }

    /// What was seen, in a line.
    pub(super) fn line(&self) -> String {
        let count = |number: u64, word| Count(usize::try_from(number).unwrap_or(usize::MAX), word).to_string();
        let counts = [(self.connections, "connection"), (self.frames, "frame"), (self.violations, "violation")];
        counts.map(|(number, word)| count(number, word)).join(", ")
    }

    /// What whoever reads the rest has to know.
    pub(super) fn remarks(&self) -> impl Iterator<Item = String> {
        let none = (self.connections == 0).then(|| "there is no WebSocket in the capture".to_owned());
        let untimed = (self.untimed > 0).then(|| {
            let frames = Count(usize::try_from(self.untimed).unwrap_or(usize::MAX), "frame");
            format!("{frames} without a time: not in the table")
        });
        let unread = self
            .unread
            .iter()
            .map(|(words, connections)| format!("{} not read: {}", Count(*connections, "connection"), Harmless(words)));
        none.into_iter().chain(untimed).chain(unread)
    }
}

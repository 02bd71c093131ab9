//! What was told, as it stands at one time: it is what freezing keeps.

use std::collections::VecDeque;
use std::sync::Arc;

use super::rows::{Condition, Line, Speedometer, Speeds};
use super::{Column, History};
use crate::capture::FieldFilter;
use crate::proto::ConnectionId;
use crate::watch::live::{Progress, Violation};
use crate::watch::{Rates, Snapshot};

/// What was told.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct Seen {
    pub(in crate::tui) shown: Option<Arc<Shown>>,
    pub(in crate::tui) history: History,
    /// The oldest first.
    pub(in crate::tui) violations: VecDeque<Violation>,
    /// How many more there were than are kept.
    pub(in crate::tui) forgotten: u64,
    pub(in crate::tui) progress: Option<Arc<Progress>>,
}

/// A snapshot with the speeds of its rows.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Shown {
    pub(in crate::tui) snapshot: Snapshot,
    speeds: Vec<Speeds>,
    /// How fast everything was together.
    pub(in crate::tui) rates: Option<Rates>,
    /// How many rows were told and are not kept.
    pub(in crate::tui) left_out: usize,
}

impl Seen {
    /// The most rows that are kept of a snapshot.
    const ROWS: usize = 100_000;
    /// The most violations.
    const VIOLATIONS: usize = 1000;

    pub(super) fn snapshot(&mut self, mut snapshot: Snapshot, speedometer: &mut Speedometer) {
        snapshot.rows.truncate(Self::ROWS);
        // A server leaves some out, too.
        let open = usize::try_from(snapshot.open).unwrap_or(usize::MAX);
        let left_out = open.saturating_sub(snapshot.rows.len());
        snapshot.gone.truncate(Self::ROWS);
        let rates = self.shown.as_ref().and_then(|shown| snapshot.since(&shown.snapshot));
        self.history.feed(&snapshot);
        let speeds = speedometer.feed(&snapshot);
        self.shown = Some(Arc::new(Shown { snapshot, speeds, rates, left_out }));
    }

    pub(super) fn violations(&mut self, violations: Vec<Violation>) {
        let skipped = violations.len().saturating_sub(Self::VIOLATIONS);
        self.forgotten = self.forgotten.saturating_add(skipped as u64);
        for violation in violations.into_iter().skip(skipped) {
            if self.violations.len() == Self::VIOLATIONS {
                self.violations.pop_front();
                self.forgotten = self.forgotten.saturating_add(1);
            }
            self.violations.push_back(violation);
        }
    }

    pub(super) fn forget_violations(&mut self) {
        (self.violations, self.forgotten) = (VecDeque::new(), 0);
    }

    pub(super) fn progress(&mut self, mut progress: Progress) {
        for outcome in &mut progress.done {
            // What a target did is for reports.
            if outcome.transcript.is_some() {
                *outcome = Arc::new(outcome.without_transcript());
            }
        }
        self.progress = Some(Arc::new(progress));
    }

    pub(in crate::tui) fn snapshot_shown(&self) -> Option<&Snapshot> {
        self.shown.as_ref().map(|shown| &shown.snapshot)
    }

    pub(super) fn rows(&self) -> usize {
        self.snapshot_shown().map_or(0, |snapshot| snapshot.rows.len() + snapshot.gone.len())
    }

    /// The row at a place: the open ones come first.
    pub(in crate::tui) fn line(&self, place: u32) -> Option<Line<'_>> {
        let shown = self.shown.as_ref()?;
        let place = place as usize;
        let Snapshot { rows, gone, .. } = &shown.snapshot;
        let row = rows.get(place).or_else(|| gone.get(place.checked_sub(rows.len())?))?;
        Some(Line { row, speed: shown.speeds.get(place).copied().unwrap_or_default() })
    }

    /// The row of a connection.
    pub(in crate::tui) fn find(&self, id: ConnectionId) -> Option<Line<'_>> {
        let snapshot = self.snapshot_shown()?;
        let place = snapshot.rows.iter().chain(&snapshot.gone).position(|row| row.id == id)?;
        self.line(u32::try_from(place).ok()?)
    }

    /// The violation that is so many before the newest.
    pub(in crate::tui) fn violation(&self, back: usize) -> Option<&Violation> {
        self.violations.len().checked_sub(back + 1).and_then(|at| self.violations.get(at))
    }

    /// The places of the rows that a filter wants, in order: open ones before those that are gone.
    pub(super) fn order(&self, filter: Option<&FieldFilter>, (column, falls): (Column, bool)) -> Vec<u32> {
        let lines =
            (0..u32::try_from(self.rows()).unwrap_or(u32::MAX)).filter_map(|place| Some((place, self.line(place)?)));
        let wanted = lines.filter(|(_, line)| filter.is_none_or(|filter| filter.holds(line)));
        let is_gone = |line: Line<'_>| matches!(line.condition(), Condition::Closed | Condition::Lost);
        let turned = |order: std::cmp::Ordering| if falls { order.reverse() } else { order };
        if column.is_text() {
            let mut lines: Vec<_> = wanted.collect();
            lines.sort_by(|(_, one), (_, other)| {
                is_gone(*one).cmp(&is_gone(*other)).then_with(|| turned(column.compare(*one, *other)))
            });
            return lines.into_iter().map(|(place, _)| place).collect();
        }
        let keyed = wanted.map(|(place, line)| (is_gone(line), column.number(line).unwrap_or(-1.0), place));
        let mut keys: Vec<_> = keyed.collect();
        keys.sort_by(|one, other| one.0.cmp(&other.0).then_with(|| turned(one.1.total_cmp(&other.1))));
        keys.into_iter().map(|(_, _, place)| place).collect()
    }
}

//! Connections with their speeds, as a table shows them.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::proto::ConnectionId;
use crate::watch::{Row, Snapshot};

/// What a connection does per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::tui) struct Speeds {
    pub(in crate::tui) messages_in: f64,
    pub(in crate::tui) messages_out: f64,
    pub(in crate::tui) bytes_in: f64,
    pub(in crate::tui) bytes_out: f64,
}

/// A connection with its speeds.
#[derive(Clone, Copy, Debug)]
pub(in crate::tui) struct Line<'a> {
    pub(in crate::tui) row: &'a Row,
    pub(in crate::tui) speed: Speeds,
}

/// How a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Condition {
    /// Something comes or goes.
    Open,
    /// Nothing has for a while.
    Idle,
    /// It ended as it should.
    Closed,
    /// It ended otherwise.
    Lost,
}

impl Condition {
    pub(in crate::tui) const fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }
}

/// After so long without anything a connection is idle.
const IDLE: Duration = Duration::from_secs(60);

impl Line<'_> {
    pub(in crate::tui) fn condition(&self) -> Condition {
        match &self.row.end {
            Some(end) if end.clean => Condition::Closed,
            Some(_) => Condition::Lost,
            None if self.row.idle >= IDLE => Condition::Idle,
            None => Condition::Open,
        }
    }

    pub(in crate::tui) fn faults(&self) -> u64 {
        self.row.faults.values().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// Counts of a connection that speeds are made of: messages in and out, bytes in and out.
type Counted = [u64; 4];

fn counted(row: &Row) -> Counted {
    [row.received.messages(), row.sent.messages(), row.received.bytes(), row.sent.bytes()]
}

/// What was counted at one instant.
#[derive(Clone, Debug)]
struct Mark {
    began: Timestamp,
    uptime: Duration,
    counts: HashMap<ConnectionId, Counted>,
}

impl Mark {
    fn of(snapshot: &Snapshot) -> Self {
        let counts = snapshot.rows.iter().map(|row| (row.id, counted(row))).collect();
        Self { began: snapshot.began, uptime: snapshot.uptime, counts }
    }
}

/// Makes speeds of counts, over the last second or two. It remembers two instants, and no more.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct Speedometer {
    older: Option<Mark>,
    newer: Option<Mark>,
}

impl Speedometer {
    /// Means are over so long at least.
    const OVER: Duration = Duration::from_millis(900);

    /// The speeds of all rows, the open ones first.
    pub(in crate::tui) fn feed(&mut self, snapshot: &Snapshot) -> Vec<Speeds> {
        let fits = |mark: &Mark| mark.began == snapshot.began && mark.uptime <= snapshot.uptime;
        if !self.newer.as_ref().is_none_or(fits) {
            *self = Self::default();
        }
        let marks = [self.older.as_ref(), self.newer.as_ref()];
        let speeds = snapshot.rows.iter().map(|row| speed(row, snapshot.uptime, marks)).collect::<Vec<_>>();
        let is_due = |mark: &Mark| snapshot.uptime.saturating_sub(mark.uptime) >= Self::OVER;
        if self.newer.as_ref().is_none_or(is_due) {
            self.older = self.newer.replace(Mark::of(snapshot));
        }
        let mut speeds = speeds;
        speeds.resize(snapshot.rows.len() + snapshot.gone.len(), Speeds::default());
        speeds
    }
}

fn speed(row: &Row, uptime: Duration, marks: [Option<&Mark>; 2]) -> Speeds {
    let mut marks = marks.into_iter().flatten();
    let Some(first) = marks.clone().next() else { return Speeds::default() };
    let since = |mark: &Mark| uptime.saturating_sub(mark.uptime);
    let base = marks.find_map(|mark| Some((since(mark), *mark.counts.get(&row.id)?)));
    let (over, before) = match base {
        Some(base) => base,
        // What opened since then has done everything since then.
        None if row.age <= since(first) => (since(first), Counted::default()),
        // It was there and was not told: nobody knows what it has done lately.
        None => return Speeds::default(),
    };
    let seconds = over.as_secs_f64();
    if seconds < 0.05 {
        return Speeds::default();
    }
    let now = counted(row);
    let per = |at: usize| now[at].saturating_sub(before[at]) as f64 / seconds;
    Speeds { messages_in: per(0), messages_out: per(1), bytes_in: per(2), bytes_out: per(3) }
}

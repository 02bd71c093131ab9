//! What there is to tell of a meter, to somebody who watches it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::proto::ConnectionId;
use crate::watch::live::{News, State, Wish};
use crate::watch::{Follow, Meter, Snapshot};

/// The most rows of open connections that are told: of more those are left out that have been idle longest.
pub const ROWS: usize = 10_000;

/// How often frames and violations are told, and snapshots at most.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// Knows what one watcher was told, and what he wants to know.
#[derive(Debug)]
pub(super) struct Teller {
    meter: Arc<Meter>,
    every: Duration,
    /// When the next snapshot is due.
    due: Instant,
    /// The number of the first violation that was not told.
    violation: u64,
    follow: Option<Follow>,
}

impl Teller {
    pub(super) fn new(meter: Arc<Meter>) -> Self {
        Self { meter, every: Duration::from_secs(1), due: Instant::now(), violation: 0, follow: None }
    }

    /// What is told first.
    pub(super) const fn first() -> News {
        News::State(State::Live)
    }

    /// Whether a snapshot is to be told now.
    pub(super) fn is_due(&self) -> bool {
        Instant::now() >= self.due
    }

    /// A snapshot is told now.
    pub(super) fn shot(&mut self) {
        self.due = Instant::now() + self.every;
    }

    /// A snapshot to be told, if that is due.
    pub(super) fn snapshot(&mut self) -> Option<News> {
        self.is_due().then(|| {
            self.shot();
            let mut snapshot = self.meter.snapshot();
            trim(&mut snapshot);
            News::Snapshot(Box::new(snapshot))
        })
    }

    /// Does what the watcher wants, where that is possible.
    pub(super) fn wish(&mut self, wish: &Wish) {
        match wish {
            Wish::Frames { connection } => self.follow(*connection),
            Wish::Pace { every_ms } => {
                self.every = Duration::from_millis(*every_ms).clamp(TICK, Duration::from_secs(3600));
                self.due = Instant::now();
            }
            // What is going on cannot be held.
            Wish::Hold { .. } | Wish::Skip => {}
        }
    }

    fn follow(&mut self, connection: Option<ConnectionId>) {
        if self.follow.as_ref().map(Follow::id) != connection {
            self.follow = connection.and_then(|id| self.meter.follow(id));
        }
    }

    /// What is to be told now beside snapshots.
    pub(super) fn news(&mut self) -> Vec<News> {
        let mut news = Vec::new();
        let (violations, next) = self.meter.violations(self.violation);
        self.violation = next;
        if !violations.is_empty() {
            news.push(News::Violations(violations));
        }
        news.extend(self.follow.as_ref().and_then(Follow::take).map(News::Frames));
        news
    }
}

/// Leaves rows out where there are too many.
pub(super) fn trim(snapshot: &mut Snapshot) {
    if snapshot.rows.len() > ROWS {
        snapshot.rows.select_nth_unstable_by_key(ROWS, |row| row.idle);
        snapshot.rows.truncate(ROWS);
        snapshot.rows.sort_unstable_by_key(|row| row.id);
    }
}

//! Snapshots that all watchers of a server share.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::teller::{TICK, trim};
use crate::watch::Meter;
use crate::watch::live::News;

/// Takes snapshots of a meter, and writes each down once, for however many watch.
///
/// Taking one is held off until the last is a tick old, and [`REST`] times as old as it took to take: with ten thousands
/// of connections and a watcher who wants ten a second, the server would be busy with nothing else.
#[derive(Debug)]
pub(super) struct Shots {
    pub(super) meter: Arc<Meter>,
    last: Mutex<Option<Shot>>,
}

/// So much time more than for snapshots there is for everything else.
const REST: u32 = 20;

/// A snapshot, as it is told.
#[derive(Clone, Debug)]
pub(super) struct Shot {
    /// When it was taken.
    pub(super) at: Instant,
    /// When another may be taken.
    next: Instant,
    pub(super) text: Arc<str>,
}

impl Shots {
    pub(super) fn new(meter: Arc<Meter>) -> Self {
        Self { meter, last: Mutex::default() }
    }

    /// The newest: one that was taken now, unless the last was taken only just before.
    pub(super) fn newest(&self) -> Shot {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Instant::now();
        if let Some(shot) = last.as_ref().filter(|shot| at < shot.next) {
            return shot.clone();
        }
        let mut snapshot = self.meter.snapshot();
        trim(&mut snapshot);
        // Fails only for maps whose keys are no strings.
        let text = serde_json::to_string(&News::Snapshot(Box::new(snapshot))).unwrap_or_default().into();
        let rest = at.elapsed().saturating_mul(REST).max(TICK - TICK / 10);
        last.insert(Shot { at, next: at + rest, text }).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_watches_at_the_same_time_shares_one() {
        let shots = Shots::new(Meter::new());
        let first = shots.newest();
        tokio::time::advance(TICK / 2).await;
        assert!(Arc::ptr_eq(&shots.newest().text, &first.text));
        tokio::time::advance(TICK / 2).await;
        let second = shots.newest();
        assert!(!Arc::ptr_eq(&second.text, &first.text) && second.at > first.at);
    }
}

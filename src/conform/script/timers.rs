//! How long a script waits, and for what.

use std::sync::Arc;
use std::time::Duration;

use super::Script;
use crate::conform::transcript::Recorder;
use crate::conform::{Closer, Step};
use crate::watch::Timeout;

/// How long the target may take to answer a close frame, and a server to end TCP after that.
/// A case with much patience moves much data, perhaps beside others, so a tenth of its patience if that is more.
const CLOSING: Duration = Duration::from_secs(1);
const MOST_CLOSING: Duration = Duration::from_secs(10);

/// Small cases may take this long from open, however little patience they have: what counts is silence.
const AT_LEAST: Duration = Duration::from_secs(5);

/// How long a target may be silent where a step awaits its answer, however patient the case is.
const SILENCE: Duration = Duration::from_secs(10);

impl Script {
    /// Which timer runs, and until when.
    pub(super) fn deadline(&mut self, record: &Recorder) -> (Duration, Timeout) {
        let closing = record.closing();
        let from = |at: Duration, time: Duration| self.since.max(at).max(self.unread) + time;
        let (closing_time, drop_time) = (self.pace.closing(self.closing_time()), self.pace.drop(self.closing_time()));
        match (&closing.local, &closing.remote) {
            (Some(local), Some(remote)) => (local.at.max(remote.at) + drop_time, Timeout::ServerDrop),
            (None, Some(remote)) => (from(remote.at, drop_time), Timeout::ServerDrop),
            (Some(local), None) => (from(local.at, closing_time), Timeout::CloseHandshake),
            (None, None) => match self.deaf {
                Some(at) => (from(at, self.pace.patience(self.closing_time())), Timeout::Stall),
                None => (self.patience_ends().min(self.silence_ends(record)), Timeout::Patience),
            },
        }
    }

    /// How long the target usually may take to answer a close frame, and a server to end TCP.
    pub(super) fn closing_time(&self) -> Duration {
        (self.case.patience.time / 10).clamp(CLOSING, MOST_CLOSING)
    }

    pub(super) fn patience_ends(&self) -> Duration {
        let patience = self.pace.patience(self.case.patience.time);
        let end =
            (self.since.max(self.unread) + patience).min(self.paused + patience.max(self.pace.patience(AT_LEAST)));
        match self.lost_at {
            // The verdict is certain; a moment more shows what else the target does.
            Some(at) if self.case.close.by != Closer::Target => end.min(at + self.pace.patience(CLOSING)),
            _ => end,
        }
    }

    /// When a target that is to answer, and sends nothing at all, is given up.
    pub(super) fn silence_ends(&mut self, record: &Recorder) -> Duration {
        let case = Arc::clone(&self.case);
        match self.place.step(&case.send) {
            Some(Step::Await(_)) => self.since.max(record.last()) + self.pace.patience(SILENCE),
            _ => Duration::MAX,
        }
    }
}

//! How long echoes take, of a few messages.
//!
//! An echo is the next message that is sent on the same connection and is of the same kind and as long. Its time is from
//! the turn in which the message came to when the echo is queued, which is what this end takes for it. To ask the clock
//! for each message would cost more than all other counting, so of a connection at most one message in [`EVERY`] turns
//! is timed, the first of its turn; of an application that does not echo, fewer are tried.

use std::time::{Duration, Instant};

use crate::proto::Kind;

/// One message is timed in so many turns with messages at most.
const EVERY: u8 = 16;
/// What does not come among so many messages is no echo.
const TRIES: u8 = 16;
/// What takes longer is none either.
const LONGEST: Duration = Duration::from_secs(60);

/// Times echoes of one connection.
#[derive(Default)]
pub(super) struct Echoes {
    /// So many turns are passed over.
    pause: u8,
    tries: u8,
    awaited: Option<Awaited>,
}

/// A message of which the echo is awaited.
struct Awaited {
    kind: Kind,
    bytes: u64,
    since: Instant,
}

impl Echoes {
    /// Whether one is awaited.
    #[inline]
    pub(super) const fn is_on(&self) -> bool {
        self.awaited.is_some()
    }

    /// Whether the message that comes first in this turn is to be timed.
    #[inline]
    pub(super) fn is_due(&mut self) -> bool {
        let is_due = self.pause == 0;
        self.pause = self.pause.saturating_sub(1);
        is_due
    }

    /// This message came in the turn that began then.
    #[inline(never)]
    pub(super) fn begin(&mut self, kind: Kind, bytes: u64, now: Instant) {
        self.pause = EVERY - 1;
        if self.awaited.as_ref().is_none_or(|awaited| now.saturating_duration_since(awaited.since) > LONGEST) {
            self.tries = TRIES;
            self.awaited = Some(Awaited { kind, bytes, since: now });
        }
    }

    /// This message is sent, in the turn that began at `now` or after it. Gives the nanoseconds that it took, if it is
    /// the echo that is awaited.
    pub(super) fn went(&mut self, kind: Kind, bytes: u64, now: Instant) -> Option<u64> {
        let awaited = self.awaited.as_ref()?;
        let since = awaited.since;
        if awaited.kind != kind || awaited.bytes != bytes {
            self.tries -= 1;
            if self.tries == 0 {
                self.awaited = None;
                self.pause = u8::MAX;
            }
            return None;
        }
        self.awaited = None;
        // The time of turns may be another than that of the clock, where it is made up.
        let took = Instant::now().max(now).saturating_duration_since(since);
        (took <= LONGEST).then(|| u64::try_from(took.as_nanos()).unwrap_or(u64::MAX))
    }
}

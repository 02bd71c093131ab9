//! What a session needs to tell what it found.

use std::io;

use crate::capture::analyze::Options;
use crate::capture::tls::Secrets;
use crate::capture::{Event, Sink, Wants};

/// Where findings go, and what they depend on.
pub(in crate::capture) struct Told<'a> {
    pub(in crate::capture) sink: &'a mut dyn Sink,
    pub(in crate::capture) wants: Wants,
    pub(in crate::capture) options: &'a Options,
    pub(in crate::capture) secrets: &'a Secrets,
    /// How many connections wait for secrets of TLS.
    pub(in crate::capture) waiting: &'a mut usize,
    /// The number of the next connection.
    pub(in crate::capture) next: &'a mut u64,
    /// The first error of the sink; nothing is told after it.
    pub(in crate::capture) failed: &'a mut Option<io::Error>,
}

impl Told<'_> {
    #[inline]
    pub(in crate::capture) fn tell(&mut self, event: &Event<'_>) {
        if self.failed.is_none()
            && let Err(error) = self.sink.take(event)
        {
            *self.failed = Some(error);
        }
    }

    /// Numbers a connection.
    pub(in crate::capture) fn number(&mut self) -> u64 {
        let number = *self.next;
        *self.next += 1;
        number
    }
}

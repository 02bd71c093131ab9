//! What a session needs to tell what it found.

use std::io;

use crate::capture::analyze::Options;
use crate::capture::tls::Secrets;
use crate::capture::{Event, Sink, Wants};

/// The most memory in bytes that is kept for the next message.
const MEMORY: usize = 1024 * 1024;

/// Where findings go, and what they depend on.
pub(in crate::capture) struct Told<'a> {
    pub(in crate::capture) sink: &'a mut dyn Sink,
    pub(in crate::capture) wants: Wants,
    pub(in crate::capture) options: &'a Options,
    pub(in crate::capture) secrets: &'a Secrets,
    /// Memory for messages that are put together.
    pub(in crate::capture) memory: &'a mut Vec<u8>,
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

    /// Keeps only as much memory as most messages need.
    #[inline]
    pub(in crate::capture) fn trim(&mut self) {
        if self.memory.capacity() > MEMORY {
            *self.memory = Vec::new();
        }
    }

    /// Numbers a connection.
    pub(in crate::capture) fn number(&mut self) -> u64 {
        let number = *self.next;
        *self.next += 1;
        number
    }
}

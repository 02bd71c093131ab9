//! What was on the wire, in numbers.

use std::iter::Sum;
use std::ops::AddAssign;

use crate::watch::{Outcome, Traffic};

/// One direction of one connection or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Bytes of frames: heads and payload, without opening handshakes.
    pub bytes: u64,
    /// Frames.
    pub frames: u64,
    /// Text and binary messages.
    pub messages: u64,
    /// Bytes of payload in data frames, as they were sent.
    pub payload: u64,
    /// Bytes of the messages themselves, before they were compressed.
    pub content: u64,
}

impl Volume {
    /// How much of the messages is left when they are compressed: the size on the wire by the size before. 1 where
    /// nothing was compressed; `None` without any content.
    pub fn ratio(&self) -> Option<f64> {
        (self.content > 0).then(|| self.payload as f64 / self.content as f64)
    }
}

impl From<&Traffic> for Volume {
    fn from(traffic: &Traffic) -> Self {
        let &Traffic { bytes, messages, payload, content, .. } = traffic;
        Self { bytes, frames: traffic.frames.values().sum(), messages, payload, content }
    }
}

impl AddAssign for Volume {
    fn add_assign(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.frames = self.frames.saturating_add(other.frames);
        self.messages = self.messages.saturating_add(other.messages);
        self.payload = self.payload.saturating_add(other.payload);
        self.content = self.content.saturating_add(other.content);
    }
}

/// Both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volumes {
    /// What the tester sent.
    pub sent: Volume,
    /// What the target sent.
    pub received: Volume,
}

impl Volumes {
    /// Those of one case.
    pub fn of(outcome: &Outcome) -> Self {
        let Some(transcript) = &outcome.transcript else { return Self::default() };
        Self { sent: (&transcript.sent).into(), received: (&transcript.received).into() }
    }
}

impl Sum for Volumes {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, one| {
            sum.sent += one.sent;
            sum.received += one.received;
            sum
        })
    }
}

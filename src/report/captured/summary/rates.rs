//! What was sent when, in no more buckets than fit on a screen.

use std::time::Duration;

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use crate::capture::Time;

/// What was sent in intervals of the same length. When there are too many, the interval doubles.
#[derive(Clone, Debug)]
pub struct Rates {
    begin: Option<Time>,
    /// In nanoseconds.
    interval: u64,
    buckets: Vec<Bucket>,
}

/// What was sent in an interval, by the client and by the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Messages that ended in it.
    pub messages: [u64; 2],
    /// Bytes of frames that ended in it, heads included, as far as they were captured.
    pub bytes: [u64; 2],
}

impl Bucket {
    fn add(&mut self, other: Self) {
        for end in 0..2 {
            self.messages[end] += other.messages[end];
            self.bytes[end] = self.bytes[end].saturating_add(other.bytes[end]);
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self { begin: None, interval: Self::SHORTEST, buckets: Vec::new() }
    }
}

impl Rates {
    /// The most buckets.
    pub const MOST: usize = 512;

    /// The shortest interval in nanoseconds: doubled nine times it is a second.
    const SHORTEST: u64 = 1_000_000_000 / 512;

    /// The time from which intervals are counted, unless there is one.
    pub(super) fn begin(&mut self, time: Option<Time>) {
        self.begin = self.begin.or(time);
    }

    /// The bucket of this time; what is before the beginning belongs to the first one.
    pub(super) fn at(&mut self, time: Option<Time>) -> Option<&mut Bucket> {
        let begin = *self.begin.get_or_insert(time?);
        let after = u64::try_from(time?.since(begin).as_nanos()).unwrap_or(u64::MAX);
        while after / self.interval >= Self::MOST as u64 {
            self.buckets = merged(&self.buckets, 2);
            self.interval *= 2;
        }
        // Less than `MOST`, as the loop has seen to.
        let index = (after / self.interval) as usize;
        if index >= self.buckets.len() {
            self.buckets.resize(index + 1, Bucket::default());
        }
        self.buckets.get_mut(index)
    }

    /// The buckets, from the beginning to the last in which something was sent.
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// How long each is.
    pub const fn interval(&self) -> Duration {
        Duration::from_nanos(self.interval)
    }

    /// The beginning of the first one.
    pub const fn start(&self) -> Option<Time> {
        self.begin
    }

    /// The same in no more than `most` buckets (at least one), with how long each is.
    pub fn in_columns(&self, most: usize) -> (Duration, Vec<Bucket>) {
        let size = self.buckets.len().div_ceil(most.max(1)).max(1);
        (Duration::from_nanos(self.interval.saturating_mul(size as u64)), merged(&self.buckets, size))
    }
}

/// Each `size` buckets as one.
fn merged(buckets: &[Bucket], size: usize) -> Vec<Bucket> {
    let sum = |several: &[Bucket]| {
        several.iter().fold(Bucket::default(), |mut sum, one| {
            sum.add(*one);
            sum
        })
    };
    buckets.chunks(size).map(sum).collect()
}

impl Serialize for Rates {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let of = |number: fn(&Bucket) -> u64| self.buckets.iter().map(number).collect::<Vec<u64>>();
        let mut rates = to.serialize_struct("Rates", 6)?;
        rates.serialize_field("start", &self.begin.map(|time| time.to_string()))?;
        rates.serialize_field("interval_ns", &self.interval)?;
        rates.serialize_field("client_messages", &of(|bucket| bucket.messages[0]))?;
        rates.serialize_field("server_messages", &of(|bucket| bucket.messages[1]))?;
        rates.serialize_field("client_bytes", &of(|bucket| bucket.bytes[0]))?;
        rates.serialize_field("server_bytes", &of(|bucket| bucket.bytes[1]))?;
        rates.end()
    }
}

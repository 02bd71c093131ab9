//! What was sent in each interval of time.
//!
//! Memory is bounded by the number of intervals in which something was sent. With a given interval, rows are handed out
//! as soon as time has moved on; what comes even later has a row of its own, and rows of the same time add up. Without
//! one, intervals become longer when there are too many of them, and neighbours are joined.

use std::collections::BTreeMap;
use std::time::Duration;

use super::rows::OfRate;
use crate::capture::{Frame, Time};

/// The most intervals that are kept.
const MOST: usize = 4096;
/// The most intervals that are told of if nobody said how long they are to be.
const PLENTY: usize = 120;
const SECOND: i64 = 1_000_000_000;
/// The shortest interval: a millisecond.
const SHORTEST: i64 = SECOND / 1000;
/// The lengths that intervals take by themselves, in milliseconds. Each divides the next.
const LENGTHS: [i64; 18] = [
    1, 2, 10, 20, 100, 200, 1_000, 2_000, 10_000, 20_000, 60_000, 120_000, 600_000, 1_200_000, 3_600_000, 7_200_000,
    43_200_000, 86_400_000,
];

/// What one end sent in an interval, on all connections together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) frames: u64,
    /// Messages whose last frame came.
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) payload: u64,
}

impl Bucket {
    fn add(&mut self, other: Self) {
        self.frames += other.frames;
        self.messages += other.messages;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.payload = self.payload.saturating_add(other.payload);
    }

    fn of(frame: &Frame<'_>) -> Self {
        let head = &frame.head;
        let size = 2 + head.form.extra() as u64 + if head.mask.is_some() { 4 } else { 0 };
        Self {
            frames: 1,
            messages: u64::from(head.fin && !head.opcode.is_control() && !head.opcode.is_reserved()),
            bytes: size.saturating_add(head.len),
            payload: head.len,
        }
    }
}

/// Counts what was sent in intervals.
#[derive(Debug)]
pub(super) struct Rates {
    /// Whether the length of intervals was given.
    given: bool,
    /// In nanoseconds.
    interval: i64,
    /// By the number of the interval since the epoch; the client's, then the server's.
    buckets: BTreeMap<i64, [Bucket; 2]>,
    /// The latest time.
    now: i64,
    /// The interval that was counted last and what is not in `buckets` of it yet, for most frames follow one of the same.
    latest: Option<(i64, [Bucket; 2])>,
    untimed: u64,
}

impl Rates {
    pub(super) fn new(interval: Option<Duration>) -> Self {
        let given = interval.map(|interval| i64::try_from(interval.as_nanos()).unwrap_or(i64::MAX).max(1));
        Self {
            given: given.is_some(),
            interval: given.unwrap_or(SHORTEST),
            buckets: BTreeMap::new(),
            now: i64::MIN,
            latest: None,
            untimed: 0,
        }
    }

    /// Counts a frame, and tells whether rows are due.
    pub(super) fn count(&mut self, frame: &Frame<'_>) -> bool {
        let Some(Time(time)) = frame.place.time else {
            self.untimed += 1;
            return false;
        };
        self.now = self.now.max(time);
        let number = time.div_euclid(self.interval);
        let side = usize::from(frame.from.name() != "client");
        match &mut self.latest {
            Some((latest, sides)) if *latest == number => {
                sides[side].add(Bucket::of(frame));
                return false;
            }
            _ => {}
        }
        self.settle();
        let mut sides = [Bucket::default(); 2];
        sides[side] = Bucket::of(frame);
        self.latest = Some((number, sides));
        if self.given {
            return self.is_due(self.buckets.first_key_value().map(|(&number, _)| number));
        }
        while self.buckets.len() >= MOST {
            self.lengthen();
        }
        false
    }

    /// How many frames have no time.
    pub(super) const fn untimed(&self) -> u64 {
        self.untimed
    }

    /// Puts what is counted apart to the rest.
    fn settle(&mut self) {
        if let Some((number, sides)) = self.latest.take() {
            let kept = self.buckets.entry(number).or_default();
            kept.iter_mut().zip(sides).for_each(|(kept, more)| kept.add(more));
        }
    }

    /// Joins neighbours.
    fn lengthen(&mut self) {
        self.settle();
        let longer = LENGTHS.iter().map(|length| length * SHORTEST).find(|&length| length > self.interval);
        let longer = longer.unwrap_or_else(|| self.interval.saturating_mul(2));
        let shorter = std::mem::replace(&mut self.interval, longer);
        for (number, sides) in std::mem::take(&mut self.buckets) {
            let kept = self.buckets.entry(number.saturating_mul(shorter).div_euclid(longer)).or_default();
            kept.iter_mut().zip(sides).for_each(|(kept, more)| kept.add(more));
        }
    }

    /// Whether an interval is so long over that nothing more is expected of it.
    fn is_due(&self, number: Option<i64>) -> bool {
        let over = |number: i64| number.saturating_add(1).saturating_mul(self.interval);
        self.buckets.len() >= MOST
            || number.is_some_and(|number| over(number).saturating_add(self.interval.max(SECOND)) <= self.now)
    }

    /// Hands out the earliest interval if nothing more is expected of it.
    pub(super) fn due(&mut self) -> Option<(i64, [Bucket; 2])> {
        let first = self.buckets.first_key_value().map(|(&number, _)| number);
        if self.given && self.is_due(first) { self.buckets.pop_first() } else { None }
    }

    /// Nothing comes any more: all that is left, in the order of time.
    pub(super) fn rest(&mut self) -> BTreeMap<i64, [Bucket; 2]> {
        self.settle();
        while !self.given && self.buckets.len() > PLENTY {
            self.lengthen();
        }
        std::mem::take(&mut self.buckets)
    }

    /// The rows of an interval: one for each end that sent something.
    pub(super) fn rows<'a>(&self, number: i64, sides: &'a [Bucket; 2]) -> impl Iterator<Item = OfRate<'a>> + use<'a> {
        let time = Time(number.saturating_mul(self.interval));
        let interval = Duration::from_nanos(self.interval.unsigned_abs());
        let named = ["client", "server"].into_iter().zip(sides);
        named.filter(|(_, bucket)| bucket.frames > 0).map(move |(direction, bucket)| OfRate {
            time,
            interval,
            direction,
            bucket,
        })
    }
}

//! How numbers are spread.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::ser::{Serialize, SerializeStruct as _, Serializer};

/// How many numbers are how large, to three digits; the smallest and the largest are exact.
#[derive(Clone, Debug)]
pub struct Spread {
    histogram: Histogram<u64>,
    min: u64,
    max: u64,
    sum: u128,
}

/// How many numbers are at least one and less than another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Bin {
    /// The smallest number that belongs to it.
    pub from: u64,
    /// The smallest number above it.
    pub to: u64,
    /// How many there are.
    pub count: u64,
}

impl Default for Spread {
    fn default() -> Self {
        // 0 to 5 digits are possible, and 3 are three.
        let histogram = Histogram::new(3).expect("three digits are possible");
        Self { histogram, min: u64::MAX, max: 0, sum: 0 }
    }
}

impl Spread {
    /// Numbers beyond count as this one: 13 days in nanoseconds, a pebibyte.
    const LARGEST: u64 = 1 << 50;

    pub(super) fn record(&mut self, number: u64) {
        // It grows as it has to, and not beyond half a megabyte.
        let _recorded = self.histogram.record(number.min(Self::LARGEST));
        self.min = self.min.min(number);
        self.max = self.max.max(number);
        self.sum += u128::from(number);
    }

    pub(super) fn record_time(&mut self, time: Duration) {
        self.record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// How many numbers there are.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.histogram.is_empty()
    }

    /// The smallest; 0 without any.
    pub fn min(&self) -> u64 {
        if self.is_empty() { 0 } else { self.min }
    }

    /// The largest; 0 without any.
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// The number that this share of all, from 0 to 1, does not exceed; 0 without any.
    pub fn at(&self, share: f64) -> u64 {
        if self.is_empty() { 0 } else { self.histogram.value_at_quantile(share).clamp(self.min, self.max) }
    }

    /// The sum by the count; 0 without any.
    pub fn mean(&self) -> u64 {
        let count = u128::from(self.count());
        self.sum.checked_div(count).map_or(0, |mean| u64::try_from(mean).unwrap_or(u64::MAX))
    }

    /// The numbers in bins whose borders double: 0, 1, 2, 4, … From the first that has any to the last.
    pub fn doubling(&self) -> Vec<Bin> {
        self.bins(std::iter::once(0).chain((0..=51).map(|power| 1 << power)).collect())
    }

    /// The numbers in bins whose borders are 0, 1000, 2000, 5000, 10,000, … From the first that has any to the last.
    pub fn decimal(&self) -> Vec<Bin> {
        let borders = (3..=15).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
        self.bins(std::iter::once(0).chain(borders).collect())
    }

    fn bins(&self, borders: Vec<u64>) -> Vec<Bin> {
        let mut bins: Vec<Bin> = borders.windows(2).map(|two| Bin { from: two[0], to: two[1], count: 0 }).collect();
        for step in self.histogram.iter_recorded() {
            // Both sorted; what is beyond all borders cannot be, for what is recorded is not above `LARGEST`.
            let after = bins.partition_point(|bin| bin.from <= step.value_iterated_to());
            if let Some(bin) = after.checked_sub(1).and_then(|index| bins.get_mut(index)) {
                bin.count += step.count_since_last_iteration();
            }
        }
        let end = bins.iter().rposition(|bin| bin.count > 0).map_or(0, |last| last + 1);
        bins.truncate(end);
        let first = bins.iter().position(|bin| bin.count > 0).unwrap_or(0);
        bins.split_off(first)
    }
}

impl Serialize for Spread {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut spread = to.serialize_struct("Spread", 8)?;
        spread.serialize_field("count", &self.count())?;
        spread.serialize_field("min", &self.min())?;
        spread.serialize_field("median", &self.at(0.5))?;
        spread.serialize_field("p90", &self.at(0.9))?;
        spread.serialize_field("p99", &self.at(0.99))?;
        spread.serialize_field("max", &self.max())?;
        spread.serialize_field("mean", &self.mean())?;
        spread.serialize_field("bins", &self.doubling())?;
        spread.end()
    }
}

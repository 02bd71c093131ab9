//! How numbers are spread.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// How many numbers were how large: the marks that people ask for, and bars for a chart.
///
/// The marks are right to within 2 %; count and sum are exact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// How many numbers there were. The other fields are 0 if there were none.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
    /// The smallest.
    pub min: u64,
    /// Half of them are not larger.
    pub p50: u64,
    /// 90 % of them are not larger.
    pub p90: u64,
    /// 99 % of them are not larger.
    pub p99: u64,
    /// 99.9 % of them are not larger.
    pub p999: u64,
    /// The largest.
    pub max: u64,
    /// The sum by the count.
    pub mean: f64,
    /// How many lie between one bound and the next, in order. Their bounds are always the same for the same kind of
    /// number; what is beyond the last bound is missing.
    pub bars: Vec<Bar>,
}

/// How many numbers are at most one bound, and more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// The largest number that belongs to it.
    pub to: u64,
    /// How many there were.
    pub count: u64,
}

impl Spread {
    /// Bounds for sizes of messages, in bytes.
    pub const SIZES: &[u64] = &[
        0,
        16,
        32,
        64,
        128,
        256,
        512,
        1 << 10,
        1 << 11,
        1 << 12,
        1 << 13,
        1 << 14,
        1 << 15,
        1 << 16,
        1 << 17,
        1 << 18,
        1 << 19,
        1 << 20,
        1 << 22,
        1 << 24,
        1 << 26,
    ];

    /// Bounds for times between messages, in nanoseconds: 0, and 10 µs to a minute.
    pub const INTERVALS: &[u64] = &[
        0,
        10_000,
        25_000,
        50_000,
        100_000,
        250_000,
        500_000,
        1_000_000,
        2_500_000,
        5_000_000,
        10_000_000,
        25_000_000,
        50_000_000,
        100_000_000,
        250_000_000,
        500_000_000,
        1_000_000_000,
        2_500_000_000,
        5_000_000_000,
        10_000_000_000,
        30_000_000_000,
        60_000_000_000,
    ];

    /// Bounds for the times that echoes take, in nanoseconds: 1 µs to a minute.
    pub const ECHOES: &[u64] = &[
        1_000,
        2_500,
        5_000,
        10_000,
        25_000,
        50_000,
        100_000,
        250_000,
        500_000,
        1_000_000,
        2_500_000,
        5_000_000,
        10_000_000,
        25_000_000,
        50_000_000,
        100_000_000,
        250_000_000,
        500_000_000,
        1_000_000_000,
        10_000_000_000,
        60_000_000_000,
    ];

    /// Bounds for short times, in nanoseconds: 10 µs to a minute.
    pub const TIMES: &[u64] = Self::INTERVALS.split_at(1).1;

    /// Bounds for long times, in nanoseconds: 100 ms to a week.
    pub const LIFETIMES: &[u64] = &[
        100_000_000,
        1_000_000_000,
        5_000_000_000,
        10_000_000_000,
        30_000_000_000,
        60_000_000_000,
        300_000_000_000,
        600_000_000_000,
        1_800_000_000_000,
        3_600_000_000_000,
        10_800_000_000_000,
        21_600_000_000_000,
        43_200_000_000_000,
        86_400_000_000_000,
        604_800_000_000_000,
    ];

    /// An empty histogram of three digits.
    pub(in crate::watch) fn histogram() -> Histogram<u64> {
        // 0 to 5 digits are possible, and 3 are three.
        Histogram::new(3).expect("three digits are possible")
    }

    /// What `histogram` holds, whose numbers have this sum, in bars with these bounds.
    pub(in crate::watch) fn of(histogram: &Histogram<u64>, sum: u64, bounds: &[u64]) -> Self {
        let mut bars: Vec<_> = bounds.iter().map(|&to| Bar { to, count: 0 }).collect();
        let count = histogram.len();
        if count == 0 {
            return Self { bars, ..Self::default() };
        }
        for recorded in histogram.iter_recorded() {
            // The smallest number of those that the histogram cannot tell apart: a number that is a bound stays below it.
            let number = histogram.lowest_equivalent(recorded.value_iterated_to());
            if let Some(bar) = bars.iter_mut().find(|bar| number <= bar.to) {
                bar.count += recorded.count_at_value();
            }
        }
        let at = |share| histogram.lowest_equivalent(histogram.value_at_quantile(share));
        Self {
            count,
            sum,
            min: histogram.lowest_equivalent(histogram.min()),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: histogram.lowest_equivalent(histogram.max()),
            mean: sum as f64 / count as f64,
            bars,
        }
    }
}

/// Numbers that are measured, and how they are spread. It takes no more than half a megabyte, however many they are.
#[derive(Clone, Debug)]
pub struct Samples {
    histogram: Histogram<u64>,
    sum: u64,
}

impl Default for Samples {
    fn default() -> Self {
        Self::new()
    }
}

impl Samples {
    /// None yet.
    pub fn new() -> Self {
        Self { histogram: Spread::histogram(), sum: 0 }
    }

    /// One more. Those beyond 2⁵⁰ count as that: 13 days in nanoseconds.
    pub fn record(&mut self, number: u64) {
        // It grows as it has to.
        let _recorded = self.histogram.record(number.min(1 << 50));
        self.sum = self.sum.wrapping_add(number);
    }

    /// How they are spread over bars with these bounds, such as [`Spread::SIZES`].
    pub fn spread(&self, bounds: &[u64]) -> Spread {
        Spread::of(&self.histogram, self.sum, bounds)
    }
}

/// How what was measured is spread, over all connections, living and gone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spreads {
    /// Bytes of received messages, after inflating.
    pub received: Spread,
    /// Bytes of sent messages, as they went over the wire.
    pub sent: Spread,
    /// Nanoseconds from one received message of a connection to its next; 0 within one read.
    pub intervals: Spread,
    /// Nanoseconds from a received message to its echo: the next message that is sent on the same connection, is of the
    /// same kind and as long. Counted from the read that brought it until the echo is queued, of a few messages: one in
    /// 16 reads of a connection at most, and none that is compressed.
    #[serde(default)]
    pub echoes: Spread,
    /// Nanoseconds from a ping to its pong.
    pub round_trips: Spread,
    /// Nanoseconds that opening handshakes took.
    pub handshakes: Spread,
    /// Nanoseconds that connections lasted that are gone.
    pub lifetimes: Spread,
}

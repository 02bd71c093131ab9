//! So many in such a time.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// So many in such a time. Written `100/60s`, `5/1m`, `10/s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How many. 0 lets nothing through.
    pub count: u32,
    /// In which time. In no time, everything is let through.
    pub period: Duration,
}

impl Rate {
    /// The longest time that can be written: a week.
    const MAX_PERIOD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// So many in such a time.
    pub const fn new(count: u32, period: Duration) -> Self {
        Self { count, period }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.period.as_nanos();
        let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];
        // The last one divides everything.
        let (size, unit) = units.into_iter().find(|(size, _)| nanos.is_multiple_of(*size)).unwrap_or((1, "ns"));
        match nanos / size {
            1 => write!(f, "{}/{unit}", self.count),
            many => write!(f, "{}/{many}{unit}", self.count),
        }
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(words: &str) -> Result<Self, Self::Err> {
        let (count, period) = words.split_once('/').ok_or(RateError::Form)?;
        let (count, period) = (count.trim(), period.trim());
        if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(RateError::Count);
        }
        let count: u32 = count.parse().map_err(|_| RateError::TooMany)?;
        if count == 0 {
            return Err(RateError::None);
        }
        let period = if period.starts_with(|first: char| first.is_ascii_digit()) {
            humantime::parse_duration(period)
        } else {
            // `10/s` is ten in one second.
            humantime::parse_duration(&format!("1{period}"))
        };
        match period.map_err(|_| RateError::Period)? {
            Duration::ZERO => Err(RateError::NoTime),
            period if period > Self::MAX_PERIOD => Err(RateError::LongTime),
            period => Ok(Self { count, period }),
        }
    }
}

/// How a rate is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// There is no slash.
    #[error("a rate is written COUNT/TIME: 100/60s is a hundred in sixty seconds")]
    Form,
    /// Before the slash stands no whole number.
    #[error("before the slash of a rate stands how many, a whole number: 100/60s")]
    Count,
    /// The number is larger than any that can be counted.
    #[error("a rate counts to 4294967295 at most")]
    TooMany,
    /// None at all.
    #[error("a rate of none would let nothing through: the least is 1, as in 1/60s")]
    None,
    /// Behind the slash stands no time.
    #[error("behind the slash of a rate stands a time with its unit, ms, s, m or h: 100/60s, 10/s, 5/1m")]
    Period,
    /// No time at all.
    #[error("in no time there is no rate: write a time of at least 1ns, as in 10/s")]
    NoTime,
    /// More than a week.
    #[error("the time of a rate is a week at most: 1000/7d")]
    LongTime,
}

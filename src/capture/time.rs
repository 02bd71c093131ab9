//! The time of packets.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// Nanoseconds since the epoch, as captures count them; from 1677 to 2262.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(pub i64);

impl Time {
    /// How long after `earlier` this is; zero if it is before.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(i128::from(self.0) - i128::from(earlier.0)).unwrap_or(0))
    }

    /// The same, for the calendar.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or_default()
    }
}

/// RFC 3339 in UTC with nine digits: `2026-11-22T07:00:00.123456789Z`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.9}", self.timestamp())
    }
}

/// Where in a capture something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The packet, from 1, over all files.
    pub packet: u64,
    /// Its time, if the capture says it.
    pub time: Option<Time>,
}

impl Place {
    /// How long after `earlier` this is, if both times are known.
    pub fn since(self, earlier: Self) -> Option<Duration> {
        Some(self.time?.since(earlier.time?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_nine_digits() {
        assert_eq!(Time(1_795_333_425_310_618_400).to_string(), "2026-11-22T07:43:45.310618400Z");
        assert_eq!(Time(0).to_string(), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(Time(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn time_that_goes_backwards_is_no_time() {
        assert_eq!(Time(5).since(Time(3)), Duration::from_nanos(2));
        assert_eq!(Time(3).since(Time(5)), Duration::ZERO);
        assert_eq!(Time(i64::MAX).since(Time(i64::MIN)), Duration::from_nanos(u64::MAX));
    }
}

//! Times, written fast.

use crate::capture::Time;

/// Writes times. Those of one second have most of their digits in common, and these are kept.
#[derive(Debug)]
pub(super) struct Clock {
    second: Option<i64>,
    /// `2026-11-22T07:00:00.123456789Z`
    text: [u8; LENGTH],
}

/// Years of captures have four digits, so all times are of the same length.
const LENGTH: usize = 30;
/// Where the digits behind the point begin, and where they end.
const FRACTION: std::ops::Range<usize> = 20..29;

impl Clock {
    pub(super) const fn new() -> Self {
        Self { second: None, text: [b'0'; LENGTH] }
    }

    /// RFC 3339 in UTC with nine digits, as [`Time`] is displayed.
    #[inline]
    pub(super) fn text(&mut self, time: Time) -> &str {
        const NANOS: i64 = 1_000_000_000;
        let second = time.0.div_euclid(NANOS);
        if self.second == Some(second) {
            let mut nanos = time.0.rem_euclid(NANOS);
            for digit in self.text[FRACTION].iter_mut().rev() {
                *digit = b'0' + (nanos % 10) as u8;
                nanos /= 10;
            }
        } else {
            self.begin(second, time);
        }
        // Only ASCII is ever in it.
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    #[cold]
    fn begin(&mut self, second: i64, time: Time) {
        let text = time.to_string();
        if let Ok(text) = text.as_bytes().try_into() {
            self.text = text;
            self.second = Some(second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_it_is_displayed() {
        let mut clock = Clock::new();
        let at = 1_795_333_425_310_618_400;
        let times = [at, at + 1, at - 1, at + 999_999_999, at - 310_618_400, 0, -1, i64::MIN, i64::MAX, at];
        for time in times.map(Time) {
            assert_eq!(clock.text(time), time.to_string());
        }
    }
}

//! How fast something recorded is played.

use std::fmt;
use std::str::FromStr;

/// How fast something recorded is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Speed {
    /// So many times as fast as it was.
    Times(f64),
    /// As fast as it can be read.
    Max,
}

impl Speed {
    /// As fast as it was.
    pub(super) const REAL: Self = Self::Times(1.0);
}

impl FromStr for Speed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.strip_suffix('x').unwrap_or(text).parse() {
            Ok(times) if (0.001..=1e6).contains(&times) => Ok(Self::Times(times)),
            _ => Err("write how many times as fast, from 0.001x to 1000000x, such as 10x, or `max`"),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(times) => write!(f, "{times}x"),
            Self::Max => f.pad("max"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_written_as_people_write_them() {
        for (text, speed) in
            [("10x", Speed::Times(10.0)), ("0.5x", Speed::Times(0.5)), ("2", Speed::Times(2.0)), ("max", Speed::Max)]
        {
            assert_eq!(text.parse(), Ok(speed), "{text}");
        }
        for text in ["", "x", "0", "-1x", "NaN", "inf", "1e9x", "fast"] {
            assert!(text.parse::<Speed>().is_err(), "{text}");
        }
    }
}

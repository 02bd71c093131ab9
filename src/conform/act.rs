//! What a script wants done, and at what pace.

use std::time::Duration;

use bytes::Bytes;

/// What is to be done on the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Write these bytes, all of them, then ask again. The script took note of them already.
    Write(Bytes),
    /// Ask again when something came, or at this time since the connection was open.
    Wait(Duration),
    /// End our direction of TCP, then ask again.
    HalfClose,
    /// Reset the connection; it is over.
    Reset,
    /// The connection is over: end TCP politely.
    Done,
}

/// How patient a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    factor: f64,
    longest: Option<Duration>,
}

impl Pace {
    /// Every time is multiplied by `factor`, which is kept between a thousandth and a thousand.
    pub const fn new(factor: f64) -> Self {
        Self { factor: if factor.is_nan() { 1.0 } else { factor.clamp(0.001, 1000.0) }, longest: None }
    }

    /// Nothing that the target has to do is waited for longer than this.
    pub const fn no_longer_than(self, longest: Duration) -> Self {
        Self { longest: Some(longest), ..self }
    }

    /// A time of a case, as long as it is in this run.
    pub fn scale(self, time: Duration) -> Duration {
        time.mul_f64(self.factor)
    }

    /// How long this run waits where a target may take this time.
    pub fn patience(self, time: Duration) -> Duration {
        let time = self.scale(time);
        self.longest.map_or(time, |longest| time.min(longest))
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new(1.0)
    }
}

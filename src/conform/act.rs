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
    timers: Timers,
}

/// Times that replace the usual ones, where they are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timers {
    /// How long the opening handshake may take.
    pub opening: Option<Duration>,
    /// How long the answer to our close frame may take.
    pub closing: Option<Duration>,
    /// How long a server may take to end TCP after the closing handshake.
    pub drop: Option<Duration>,
}

impl Pace {
    /// Every time is multiplied by `factor`, which is kept between a thousandth and a thousand.
    pub const fn new(factor: f64) -> Self {
        Self {
            factor: if factor.is_nan() { 1.0 } else { factor.clamp(0.001, 1000.0) },
            longest: None,
            timers: Timers { opening: None, closing: None, drop: None },
        }
    }

    /// Nothing that the target has to do is waited for longer than this.
    pub const fn no_longer_than(self, longest: Duration) -> Self {
        Self { longest: Some(longest), ..self }
    }

    /// With timers of one's own.
    pub const fn with(self, timers: Timers) -> Self {
        Self { timers, ..self }
    }

    /// How long an opening handshake may take that usually may take this time.
    pub(super) fn opening(self, usual: Duration) -> Duration {
        self.patience(self.timers.opening.unwrap_or(usual))
    }

    /// How long the answer to a close frame may take that usually may take this time.
    pub(super) fn closing(self, usual: Duration) -> Duration {
        self.patience(self.timers.closing.unwrap_or(usual))
    }

    /// How long a server may take to end TCP that usually may take this time.
    pub(super) fn drop(self, usual: Duration) -> Duration {
        self.patience(self.timers.drop.unwrap_or(usual))
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

//! The timers of an endpoint. Instants come from the driver; nothing here knows what time it is.

use std::time::{Duration, Instant};

use crate::proto::Config;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Opening,
    Closing,
    Pong,
    Ping,
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    opening: Option<Instant>,
    closing: Option<Instant>,
    ping: Option<Instant>,
    /// Until when something has to come after our ping.
    pong: Option<Instant>,
    asked: Option<Instant>,
    count: u32,
}

impl Timers {
    pub(super) fn start_opening(&mut self, now: Instant, config: &Config) {
        self.opening = now.checked_add(config.opening_timeout);
    }

    pub(super) fn start_open(&mut self, now: Instant, config: &Config) {
        self.opening = None;
        self.schedule_ping(now, config);
    }

    /// The first call counts.
    pub(super) fn start_closing(&mut self, now: Instant, config: &Config) {
        if self.closing.is_none() {
            *self = Self { closing: now.checked_add(config.closing_timeout), ..Self::default() };
        }
    }

    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    /// Something came: the peer is alive.
    #[inline]
    pub(super) fn heard(&mut self) {
        self.pong = None;
    }

    /// An interval of no time would make a ping due for ever.
    fn schedule_ping(&mut self, now: Instant, config: &Config) {
        let interval = config.ping_interval.filter(|interval| !interval.is_zero());
        self.ping = interval.and_then(|interval| now.checked_add(interval));
    }

    /// The payload of the next ping.
    pub(super) fn pinged(&mut self, now: Instant, config: &Config) -> [u8; 4] {
        self.schedule_ping(now, config);
        if self.pong.is_none() {
            self.pong = now.checked_add(config.pong_timeout);
        }
        self.asked = Some(now);
        self.count = self.count.wrapping_add(1);
        self.count.to_be_bytes()
    }

    /// How long ago the ping was sent that this pong answers, if it answers the last one.
    pub(super) fn ponged(&mut self, now: Instant, payload: &[u8]) -> Option<Duration> {
        if payload != self.count.to_be_bytes() {
            return None;
        }
        self.asked.take().map(|asked| now.saturating_duration_since(asked))
    }

    #[inline]
    pub(super) fn due(&self, now: Instant) -> Option<Due> {
        // The common case: an open connection without keepalive.
        if self.is_idle() {
            return None;
        }
        let candidates = [
            (self.opening, Due::Opening),
            (self.closing, Due::Closing),
            (self.pong, Due::Pong),
            (self.ping, Due::Ping),
        ];
        candidates.into_iter().find(|(at, _)| at.is_some_and(|at| at <= now)).map(|(_, due)| due)
    }

    #[inline]
    const fn is_idle(&self) -> bool {
        self.opening.is_none() && self.closing.is_none() && self.pong.is_none() && self.ping.is_none()
    }

    #[inline]
    pub(super) fn next(&self) -> Option<Instant> {
        if self.is_idle() {
            return None;
        }
        [self.opening, self.closing, self.pong, self.ping].into_iter().flatten().min()
    }
}

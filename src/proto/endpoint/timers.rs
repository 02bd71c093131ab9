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
        self.ping = config.ping_interval.and_then(|interval| now.checked_add(interval));
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

    /// The payload of the next ping.
    pub(super) fn pinged(&mut self, now: Instant, config: &Config) -> [u8; 4] {
        self.ping = config.ping_interval.and_then(|interval| now.checked_add(interval));
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

    pub(super) fn due(&self, now: Instant) -> Option<Due> {
        let candidates = [
            (self.opening, Due::Opening),
            (self.closing, Due::Closing),
            (self.pong, Due::Pong),
            (self.ping, Due::Ping),
        ];
        candidates.into_iter().find(|(at, _)| at.is_some_and(|at| at <= now)).map(|(_, due)| due)
    }

    #[inline]
    pub(super) fn next(&self) -> Option<Instant> {
        [self.opening, self.closing, self.pong, self.ping].into_iter().flatten().min()
    }
}

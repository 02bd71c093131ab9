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

/// Small, because every connection has them.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// Until when the opening handshake has to be complete, or the closing one.
    limit: Option<Instant>,
    closing: bool,
    /// How many pings were sent.
    count: u32,
    ping: Option<Instant>,
    /// From a ping until its pong.
    waiting: Option<Box<Waiting>>,
}

/// What is waited for after a ping.
#[derive(Debug, Default)]
struct Waiting {
    /// Until when something has to come.
    until: Option<Instant>,
    /// When the last ping was sent.
    asked: Option<Instant>,
}

impl Timers {
    pub(super) fn start_opening(&mut self, now: Instant, config: &Config) {
        self.limit = now.checked_add(config.opening_timeout);
    }

    pub(super) fn start_open(&mut self, now: Instant, config: &Config) {
        self.limit = None;
        self.schedule_ping(now, config);
    }

    /// The first call counts.
    pub(super) fn start_closing(&mut self, now: Instant, config: &Config) {
        if !self.closing {
            *self = Self { limit: now.checked_add(config.closing_timeout), closing: true, ..Self::default() };
        }
    }

    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    /// Something came: the peer is alive.
    #[inline]
    pub(super) fn heard(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            waiting.until = None;
        }
    }

    /// An interval of no time would make a ping due for ever.
    fn schedule_ping(&mut self, now: Instant, config: &Config) {
        let interval = config.ping_interval.filter(|interval| !interval.is_zero());
        self.ping = interval.and_then(|interval| now.checked_add(interval));
    }

    /// The payload of the next ping.
    pub(super) fn pinged(&mut self, now: Instant, config: &Config) -> [u8; 4] {
        self.schedule_ping(now, config);
        let waiting = self.waiting.get_or_insert_default();
        if waiting.until.is_none() {
            waiting.until = now.checked_add(config.pong_timeout);
        }
        waiting.asked = Some(now);
        self.count = self.count.wrapping_add(1);
        self.count.to_be_bytes()
    }

    /// How long ago the ping was sent that this pong answers, if it answers the last one.
    pub(super) fn ponged(&mut self, now: Instant, payload: &[u8]) -> Option<Duration> {
        if payload != self.count.to_be_bytes() {
            return None;
        }
        let asked = self.waiting.take()?.asked;
        asked.map(|asked| now.saturating_duration_since(asked))
    }

    #[inline]
    pub(super) fn due(&self, now: Instant) -> Option<Due> {
        // The common case: an open connection without keepalive.
        if self.is_idle() {
            return None;
        }
        let limit = if self.closing { Due::Closing } else { Due::Opening };
        let candidates = [(self.limit, limit), (self.pong(), Due::Pong), (self.ping, Due::Ping)];
        candidates.into_iter().find(|(at, _)| at.is_some_and(|at| at <= now)).map(|(_, due)| due)
    }

    fn pong(&self) -> Option<Instant> {
        self.waiting.as_ref()?.until
    }

    #[inline]
    const fn is_idle(&self) -> bool {
        self.limit.is_none() && self.ping.is_none() && self.waiting.is_none()
    }

    #[inline]
    pub(super) fn next(&self) -> Option<Instant> {
        if self.is_idle() {
            return None;
        }
        [self.limit, self.pong(), self.ping].into_iter().flatten().min()
    }
}

//! Pings that wait for their pongs.

use std::collections::VecDeque;
use std::time::Duration;

use crate::capture::Place;

/// More than so many pings without an answer are not remembered.
const KEPT: usize = 32;

/// Longer payloads break a rule, and are not remembered whole.
const LONGEST: usize = 125;

/// The pings of one direction that were not answered yet.
#[derive(Debug, Default)]
pub(super) struct Pings {
    waiting: VecDeque<Ping>,
    /// A pong came that answers none of them.
    pub(super) differed: Option<Place>,
}

#[derive(Debug)]
struct Ping {
    payload: Box<[u8]>,
    place: Place,
    /// A pong came that may answer it.
    answered: bool,
}

impl Pings {
    /// A ping was sent.
    pub(super) fn sent(&mut self, payload: &[u8], place: Place) {
        if self.waiting.len() == KEPT {
            self.waiting.pop_front();
        }
        let payload = payload[..payload.len().min(LONGEST)].into();
        self.waiting.push_back(Ping { payload, place, answered: false });
    }

    /// A pong came: how long after its ping, if it answers one and both times are known.
    ///
    /// Earlier pings need no answer any more: only the most recent has to be answered (RFC 6455, section 5.5.3). Among
    /// equal ones it answers the first for the time it took, and every one for who owes an answer.
    pub(super) fn answered(&mut self, payload: &[u8], place: Place) -> Option<Duration> {
        let is_it = |ping: &Ping| *ping.payload == *payload;
        let Some(index) = self.waiting.iter().position(is_it) else {
            // A pong that nobody asked for may say anything; one as long as the ping was meant for it.
            let meant = self.waiting.back().is_some_and(|ping| ping.payload.len() == payload.len());
            if meant && !payload.is_empty() {
                self.differed = Some(place);
            }
            return None;
        };
        let ping = self.waiting.drain(..=index).next_back()?;
        let last = self.waiting.iter().rposition(is_it).map_or(0, |last| last + 1);
        self.waiting.iter_mut().take(last).for_each(|ping| ping.answered = true);
        place.since(ping.place)
    }

    /// The last ping that was not answered.
    pub(super) fn unanswered(&self) -> Option<Place> {
        self.waiting.back().filter(|ping| !ping.answered).map(|ping| ping.place)
    }

    /// Answers may have been missed.
    pub(super) fn forget(&mut self) {
        self.waiting.clear();
        self.differed = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Time;

    fn at(packet: u64) -> Place {
        Place { packet, time: Some(Time(packet as i64 * 1_000)) }
    }

    #[test]
    fn a_pong_answers_its_ping_and_all_before() {
        let mut pings = Pings::default();
        pings.sent(b"a", at(1));
        pings.sent(b"b", at(2));
        pings.sent(b"c", at(4));
        assert_eq!(pings.answered(b"b", at(7)), Some(Duration::from_micros(5)));
        assert_eq!(pings.answered(b"a", at(8)), None, "nobody waits for it");
        assert_eq!(pings.unanswered(), Some(at(4)));
    }

    #[test]
    fn equal_pings_are_answered_one_after_the_other_or_at_once() {
        let mut pings = Pings::default();
        pings.sent(b"", at(1));
        pings.sent(b"", at(3));
        assert_eq!(pings.answered(b"", at(4)), Some(Duration::from_micros(3)));
        assert_eq!(pings.unanswered(), None, "one pong may have been meant for both");
        assert_eq!(pings.answered(b"", at(5)), Some(Duration::from_micros(2)));
    }

    #[test]
    fn a_pong_that_nobody_asked_for_differs_from_nothing() {
        let mut pings = Pings::default();
        pings.sent(b"ping", at(1));
        pings.answered(b"", at(2));
        pings.answered(b"a heartbeat", at(3));
        assert_eq!(pings.differed, None);
        pings.answered(b"pong", at(4));
        assert_eq!(pings.differed, Some(at(4)));
    }

    #[test]
    fn unanswered_pings_do_not_pile_up() {
        let mut pings = Pings::default();
        for packet in 0..1000 {
            pings.sent(b"x", at(packet));
        }
        assert_eq!(pings.waiting.len(), KEPT);
    }
}

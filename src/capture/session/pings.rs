//! Pings that wait for their pongs.

use std::collections::VecDeque;
use std::time::Duration;

use crate::capture::Place;

/// More than so many pings without an answer are not remembered.
const KEPT: usize = 32;

/// The pings of one direction that were not answered yet.
#[derive(Debug, Default)]
pub(super) struct Pings {
    waiting: VecDeque<(Box<[u8]>, Place)>,
    /// A pong came that answers none of them.
    pub(super) differed: Option<Place>,
}

impl Pings {
    /// A ping was sent.
    pub(super) fn sent(&mut self, payload: &[u8], place: Place) {
        if self.waiting.len() == KEPT {
            self.waiting.pop_front();
        }
        self.waiting.push_back((payload.into(), place));
    }

    /// A pong came: how long after its ping, if it answers one and both times are known.
    ///
    /// Earlier pings need no answer any more: only the most recent has to be answered (RFC 6455, section 5.5.3).
    pub(super) fn answered(&mut self, payload: &[u8], place: Place) -> Option<Duration> {
        let Some(index) = self.waiting.iter().rposition(|(sent, _)| **sent == *payload) else {
            if !self.waiting.is_empty() && !payload.is_empty() {
                self.differed.get_or_insert(place);
            }
            return None;
        };
        let (_, sent) = self.waiting.drain(..=index).next_back()?;
        place.since(sent)
    }

    /// The last ping that was not answered.
    pub(super) fn unanswered(&self) -> Option<Place> {
        self.waiting.back().map(|(_, place)| *place)
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
    fn the_last_of_equal_pings_is_answered() {
        let mut pings = Pings::default();
        pings.sent(b"", at(1));
        pings.sent(b"", at(3));
        assert_eq!(pings.answered(b"", at(4)), Some(Duration::from_micros(1)));
        assert_eq!(pings.unanswered(), None);
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

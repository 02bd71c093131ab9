//! What a capture was made of.

use std::collections::BTreeMap;

use crate::capture::segment::Malformed;
use crate::capture::{Packet, Place, Time};

/// Counts over all packets, WebSocket or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Packets.
    pub packets: u64,
    /// Bytes that were captured.
    pub captured: u64,
    /// Bytes that the packets had.
    pub bytes: u64,
    /// TCP segments.
    pub segments: u64,
    /// Fragments of IP packets, less those that completed one.
    pub fragments: u64,
    /// The earliest time.
    pub first: Option<Time>,
    /// The latest time.
    pub last: Option<Time>,
    /// Packets that cannot be read, by the reason in words: how many, and the first.
    pub malformed: BTreeMap<String, (u64, Place)>,
}

/// So many reasons are told apart.
const REASONS: usize = 64;

impl Totals {
    #[inline]
    pub(super) fn packet(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        self.captured += packet.data.len() as u64;
        self.bytes += u64::from(packet.length);
        if let Some(time) = packet.place.time {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
        }
    }

    #[cold]
    pub(super) fn malformed(&mut self, malformed: Malformed, place: Place) {
        let words = malformed.to_string();
        let is_known = self.malformed.len() < REASONS || self.malformed.contains_key(&words);
        let words = if is_known { words } else { "other reasons".to_owned() };
        self.malformed.entry(words).or_insert((0, place)).0 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_reasons_are_counted_when_there_is_no_room_for_others() {
        let mut totals = Totals::default();
        let place = Place { packet: 1, time: None };
        for link in 0..100 {
            totals.malformed(Malformed::Link(link), place);
        }
        totals.malformed(Malformed::Link(7), place);
        let count = |words: &str| totals.malformed.get(words).map(|(count, _)| *count);
        assert_eq!(count("link type 7 is not read"), Some(2));
        assert_eq!(count("other reasons"), Some(36));
        assert_eq!(totals.malformed.len(), REASONS + 1);
    }
}

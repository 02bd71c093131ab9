//! Sets of packets.

use std::collections::BTreeMap;

/// How many packets a page is about, as an exponent of two.
const PAGE: u32 = 9;

/// Numbers of packets: a bit for each, in pages of 64 bytes, of which only those are there that have any.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks(BTreeMap<u64, [u64; 8]>);

impl Marks {
    pub(super) fn insert(&mut self, packet: u64) {
        let (word, bit) = place(packet);
        self.0.entry(packet >> PAGE).or_default()[word] |= bit;
    }

    pub(super) fn contains(&self, packet: u64) -> bool {
        let (word, bit) = place(packet);
        self.0.get(&(packet >> PAGE)).is_some_and(|page| page[word] & bit != 0)
    }

    /// Takes over all of others.
    pub(super) fn take(&mut self, others: &mut Self) {
        for (number, theirs) in std::mem::take(&mut others.0) {
            let own = self.0.entry(number).or_default();
            own.iter_mut().zip(theirs).for_each(|(own, theirs)| *own |= theirs);
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The word of a page, and the bit of it.
const fn place(packet: u64) -> (usize, u64) {
    ((packet >> 6 & 7) as usize, 1 << (packet & 63))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_marked_is_marked_and_nothing_else(
            one in proptest::collection::btree_set(0..3000_u64, 0..100),
            other in proptest::collection::btree_set(1000..5000_u64, 0..100),
            far: u64,
        ) {
            let (mut marks, mut others) = (Marks::default(), Marks::default());
            one.iter().for_each(|packet| marks.insert(*packet));
            other.iter().chain([&far]).for_each(|packet| others.insert(*packet));
            marks.take(&mut others);
            for packet in (0..6000).chain([far, far ^ 1]) {
                let marked = one.contains(&packet) || other.contains(&packet) || packet == far;
                prop_assert_eq!(marks.contains(packet), marked, "packet {}", packet);
                prop_assert!(!others.contains(packet));
            }
        }
    }
}

//! Numbers that are counted by how large they are, one set of counts a thread.
//!
//! A thread counts in a [`Tally`] that no other thread writes at the same time, so counting is a load and a store, without
//! a lock and without a locked instruction. Whoever wants to know adds them all up.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use crate::watch::Spread;

/// Adds to a count that one thread alone writes at a time.
#[inline]
pub(super) fn add(count: &AtomicU64, number: u64) {
    count.store(count.load(Relaxed).wrapping_add(number), Relaxed);
}

/// The first 128 numbers, and then the halves of an octave, of 64 each, are told apart: 1.6 %.
const FINE: u32 = 6;
/// Numbers beyond count as this one: 16 TiB, or 4.8 hours in nanoseconds.
const LARGEST: u64 = 1 << 44;
const SLOTS: usize = slot(LARGEST) + 1;

/// Where a number is counted: one slot for 0, and then so that powers of two are the last of their slot.
#[inline]
pub(super) const fn slot(number: u64) -> usize {
    let number = if number < LARGEST { number } else { LARGEST };
    let below = number.saturating_sub(1);
    let shift = (below | 1 << FINE).ilog2() - FINE;
    ((shift as usize) << FINE) + (below >> shift) as usize + (number != 0) as usize
}

/// The largest number that is counted in `slot`.
const fn largest(slot: usize) -> u64 {
    let Some(slot) = slot.checked_sub(1) else { return 0 };
    let shift = (slot >> FINE).saturating_sub(1);
    ((slot - (shift << FINE)) as u64 + 1) << shift
}

/// How many numbers of one kind were how large.
pub(super) struct Slots(Box<[AtomicU64]>);

impl Slots {
    fn new() -> Self {
        Self((0..SLOTS).map(|_| AtomicU64::new(0)).collect())
    }

    /// The number was there so many times.
    #[inline]
    pub(super) fn record(&self, number: u64, times: u64) {
        self.add(slot(number), times);
    }

    /// So many numbers were of this slot.
    #[inline]
    pub(super) fn add(&self, slot: usize, times: u64) {
        if let Some(count) = self.0.get(slot) {
            add(count, times);
        }
    }
}

/// How many times were how long, in nanoseconds, and their sum.
pub(super) struct Times {
    slots: Slots,
    sum: AtomicU64,
}

impl Times {
    fn new() -> Self {
        Self { slots: Slots::new(), sum: AtomicU64::new(0) }
    }

    #[inline]
    pub(super) fn record(&self, nanos: u64) {
        self.slots.record(nanos, 1);
        add(&self.sum, nanos);
    }

    /// So many took no time.
    #[inline]
    pub(super) fn at_once(&self, times: u64) {
        self.slots.add(0, times);
    }
}

/// What one thread has counted.
pub(super) struct Tally {
    /// Sizes of messages that came.
    pub(super) received: Slots,
    /// Sizes of messages that were sent.
    pub(super) sent: Slots,
    /// Times from one message that came to the next.
    pub(super) intervals: Times,
    /// Times to the echoes of messages.
    pub(super) echoes: Times,
}

impl Tally {
    fn new() -> Self {
        Self { received: Slots::new(), sent: Slots::new(), intervals: Times::new(), echoes: Times::new() }
    }
}

/// What all threads have counted.
#[derive(Default)]
pub(super) struct Tallies(Mutex<Vec<Arc<Tally>>>);

impl Tallies {
    /// The one of the thread that has this seat.
    #[cold]
    pub(super) fn at(&self, seat: usize) -> Arc<Tally> {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tallies.len() <= seat {
            tallies.push(Arc::new(Tally::new()));
        }
        tallies[seat].clone()
    }

    /// Sizes of received and of sent messages, whose sums are these, the times between received ones, and those to echoes.
    pub(super) fn spreads(&self, received: u64, sent: u64) -> [Spread; 4] {
        let tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let spread = |of: fn(&Tally) -> &Slots, sum, bounds| {
            let mut histogram = Spread::histogram();
            for slot in 0..SLOTS {
                let count = tallies.iter().map(|tally| of(tally).0[slot].load(Relaxed)).sum();
                if count > 0 {
                    // It grows as it has to, and not beyond a quarter of a megabyte.
                    let _recorded = histogram.record_n(largest(slot), count);
                }
            }
            Spread::of(&histogram, sum, bounds)
        };
        let sum = |of: fn(&Tally) -> &Times| {
            tallies.iter().fold(0, |sum: u64, tally| sum.wrapping_add(of(tally).sum.load(Relaxed)))
        };
        [
            spread(|tally| &tally.received, received, Spread::SIZES),
            spread(|tally| &tally.sent, sent, Spread::SIZES),
            spread(|tally| &tally.intervals.slots, sum(|tally| &tally.intervals), Spread::INTERVALS),
            spread(|tally| &tally.echoes.slots, sum(|tally| &tally.echoes), Spread::ECHOES),
        ]
    }
}

/// Seats that threads left, and how many there are.
static SEATS: Mutex<(Vec<usize>, usize)> = Mutex::new((Vec::new(), 0));

/// No thread sits here.
pub(super) const NOWHERE: usize = usize::MAX;

thread_local! {
    static SEAT: Cell<usize> = const { Cell::new(NOWHERE) };
    static LEAVING: Leaving = const { Leaving };
}

/// Gives the seat of a thread back when it ends.
struct Leaving;

impl Drop for Leaving {
    fn drop(&mut self) {
        let seat = SEAT.replace(NOWHERE);
        if seat != NOWHERE {
            SEATS.lock().unwrap_or_else(PoisonError::into_inner).0.push(seat);
        }
    }
}

/// A number that no other thread has at the same time, and as small as can be.
#[inline]
pub(super) fn seat() -> usize {
    match SEAT.get() {
        NOWHERE => take_seat(),
        seat => seat,
    }
}

#[cold]
fn take_seat() -> usize {
    let mut seats = SEATS.lock().unwrap_or_else(PoisonError::into_inner);
    let seat = seats.0.pop().unwrap_or_else(|| {
        seats.1 += 1;
        seats.1 - 1
    });
    drop(seats);
    SEAT.set(seat);
    // If the thread is ending already, the seat stays its own for ever.
    let _leaving = LEAVING.try_with(|_| {});
    seat
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_is_counted_where_its_own_size_is(number in (0..=44_u32).prop_flat_map(|bits| 0..=1_u64 << bits)) {
            let slot = slot(number);
            prop_assert!(number <= largest(slot));
            prop_assert!(slot == 0 || number > largest(slot - 1));
            prop_assert!(largest(slot) - number <= number / 64);
        }
    }

    #[test]
    fn powers_of_two_are_the_last_of_their_slot() {
        for bits in 0..=44 {
            assert_eq!(largest(slot(1 << bits)), 1 << bits);
        }
        assert_eq!((slot(0), largest(0), slot(1), slot(u64::MAX)), (0, 0, 1, SLOTS - 1));
    }

    #[test]
    fn no_two_threads_have_the_same_seat() {
        let mine = seat();
        assert_eq!(mine, seat());
        let other = std::thread::spawn(move || assert_ne!(seat(), mine));
        other.join().expect("the other thread ends well");
    }
}

//! Sets of positions.

use std::ops::Range;

/// Ranges in order that do not touch each other.
#[derive(Debug, Default)]
pub(super) struct Ranges(Vec<Range<usize>>);

impl Ranges {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a range; `new` is told what of it was not there before.
    pub(super) fn insert(&mut self, range: Range<usize>, mut new: impl FnMut(Range<usize>)) {
        if range.is_empty() {
            return;
        }
        // All that touch the range become one with it.
        let first = self.0.partition_point(|other| other.end < range.start);
        let last = self.0.partition_point(|other| other.start <= range.end);
        let mut joined = range.clone();
        let mut at = range.start;
        for other in self.0.get(first..last).unwrap_or_default() {
            if at < other.start {
                new(at..other.start);
            }
            at = at.max(other.end);
            joined = joined.start.min(other.start)..joined.end.max(other.end);
        }
        if at < range.end {
            new(at..range.end);
        }
        self.0.splice(first..last, [joined]);
    }

    /// Whether everything below `end` is there.
    pub(super) fn begins_with(&self, end: usize) -> bool {
        self.first_end() >= end
    }

    /// How far it goes from 0 on without a hole.
    pub(super) fn first_end(&self) -> usize {
        self.0.first().map_or(0, |first| if first.start == 0 { first.end } else { 0 })
    }

    /// Behind the last.
    pub(super) fn end(&self) -> usize {
        self.0.last().map_or(0, |last| last.end)
    }
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "a list of ranges may have one")]
mod tests {
    use super::*;

    fn inserted(ranges: &[Range<usize>]) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
        let (mut all, mut new) = (Ranges::new(), Vec::new());
        for range in ranges {
            all.insert(range.clone(), |range| new.push(range));
        }
        (all.0, new)
    }

    #[test]
    fn ranges_that_touch_become_one() {
        assert_eq!(inserted(&[0..8, 16..24, 8..16]), (vec![0..24], vec![0..8, 16..24, 8..16]));
        assert_eq!(inserted(&[8..16, 0..4]), (vec![0..4, 8..16], vec![8..16, 0..4]));
    }

    #[test]
    fn only_what_was_not_there_is_new() {
        assert_eq!(inserted(&[4..8, 12..16, 0..20]), (vec![0..20], vec![4..8, 12..16, 0..4, 8..12, 16..20]));
        assert_eq!(inserted(&[0..8, 2..6]), (vec![0..8], vec![0..8]));
        assert_eq!(inserted(&[4..8, 2..6]), (vec![2..8], vec![4..8, 2..4]));
    }
}

//! The rules that were broken last.

use std::collections::VecDeque;

use super::Meter;
use crate::watch::live::Violation;

/// The last violations, numbered in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// How many are not kept any more.
    before: u64,
    violations: VecDeque<Violation>,
}

impl Recent {
    pub(super) fn push(&mut self, violation: Violation) {
        if self.violations.len() == Meter::VIOLATIONS {
            self.violations.pop_front();
            self.before += 1;
        }
        self.violations.push_back(violation);
    }

    /// Those from this number on, and the number of the next.
    pub(super) fn since(&self, number: u64) -> (Vec<Violation>, u64) {
        let skip = usize::try_from(number.saturating_sub(self.before)).unwrap_or(usize::MAX);
        let next = self.before + self.violations.len() as u64;
        (self.violations.iter().skip(skip).cloned().collect(), next)
    }
}

//! Where in the steps of a case a script stands.

use crate::conform::Step;

/// A path into nested steps: the index on each level, and how many rounds of it are left.
#[derive(Debug)]
pub(super) struct Place(Vec<(usize, u32)>);

impl Place {
    /// At the first step.
    pub(super) fn new() -> Self {
        Self(vec![(0, 1)])
    }

    /// The step at this place of `steps`; closes the rounds that are over.
    pub(super) fn step<'a>(&mut self, steps: &'a [Step]) -> Option<&'a Step> {
        loop {
            let mut level = steps;
            let (last, outer) = self.0.split_last_mut()?;
            for (index, _) in outer.iter() {
                let Some(Step::Repeat { steps, .. }) = level.get(*index) else { return None };
                level = steps;
            }
            if let Some(step) = level.get(last.0) {
                return Some(step);
            }
            if outer.is_empty() {
                return None;
            }
            last.1 -= 1;
            if last.1 > 0 {
                last.0 = 0;
            } else {
                self.0.pop();
                self.advance();
            }
        }
    }

    /// Goes to the next step of the level.
    pub(super) fn advance(&mut self) {
        if let Some((index, _)) = self.0.last_mut() {
            *index += 1;
        }
    }

    /// Goes into the steps of the `Repeat` at this place, of which `times` rounds are to be made; at least one.
    pub(super) fn enter(&mut self, times: u32) {
        self.0.push((0, times.max(1)));
    }
}

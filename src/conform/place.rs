//! Where in the steps of a case a script stands.

use crate::conform::Step;

/// A path into nested steps.
#[derive(Debug)]
pub(super) struct Place(Vec<Level>);

/// The steps of a repetition, or all of them.
#[derive(Debug)]
struct Level {
    index: usize,
    /// The round that is made, from 0.
    round: u32,
    times: u32,
}

impl Place {
    /// At the first step.
    pub(super) fn new() -> Self {
        Self(vec![Level { index: 0, round: 0, times: 1 }])
    }

    /// The step at this place of `steps`; closes the rounds that are over.
    pub(super) fn step<'a>(&mut self, steps: &'a [Step]) -> Option<&'a Step> {
        loop {
            let mut level = steps;
            let (last, outer) = self.0.split_last_mut()?;
            for Level { index, .. } in outer.iter() {
                let Some(Step::Repeat { steps, .. }) = level.get(*index) else { return None };
                level = steps;
            }
            if let Some(step) = level.get(last.index) {
                return Some(step);
            }
            if outer.is_empty() {
                return None;
            }
            last.round += 1;
            if last.round < last.times {
                last.index = 0;
            } else {
                self.0.pop();
                self.advance();
            }
        }
    }

    /// Goes to the next step of the level.
    pub(super) fn advance(&mut self) {
        if let Some(level) = self.0.last_mut() {
            level.index += 1;
        }
    }

    /// How often the steps of this level were gone through before, in all repetitions together.
    pub(super) fn round(&self) -> u64 {
        self.0.iter().fold(0, |rounds: u64, level| {
            rounds.saturating_mul(u64::from(level.times)).saturating_add(u64::from(level.round))
        })
    }

    /// Goes into the steps of the `Repeat` at this place, of which `times` rounds are to be made; at least one.
    pub(super) fn enter(&mut self, times: u32) {
        self.0.push(Level { index: 0, round: 0, times: times.max(1) });
    }
}

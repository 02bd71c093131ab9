//! What is sent on one connection.

use crate::conform::{Await, Step, Terms};

/// The steps of a session, and the compression that they need.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// The terms on which permessage-deflate may be agreed, the preferred first; none for a session without it.
    pub deflate: Vec<Terms>,
    /// What we do, in order.
    pub steps: Vec<Step>,
}

impl Session {
    /// The same without a word of waiting for the target.
    pub(super) fn without_awaits(&self) -> Self {
        let steps = self.steps.iter().filter(|step| !matches!(step, Step::Await(_))).cloned().collect();
        Self { deflate: self.deflate.clone(), steps }
    }

    /// The same, which waits for these answers behind these steps.
    pub(super) fn awaiting(&self, answers: &[(usize, Await)]) -> Self {
        let mut steps = Vec::with_capacity(self.steps.len() + answers.len());
        for (index, step) in self.steps.iter().enumerate() {
            steps.push(step.clone());
            steps.extend(answers.iter().filter(|(behind, _)| *behind == index).map(|(_, what)| Step::Await(*what)));
        }
        Self { deflate: self.deflate.clone(), steps }
    }
}

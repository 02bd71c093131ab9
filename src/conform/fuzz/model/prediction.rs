//! What is foretold: the courses of events, and the end.

use super::reading::{Met, read};
use super::target::{Mark, Model};
use crate::conform::fuzz::Session;
use crate::conform::{Await, Expected, Grade};
use crate::proto::Rule;
use crate::wire::CloseCode;

/// All that a conforming target may do in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// The courses that events may take, the best first.
    pub courses: Vec<Course>,
    /// How it ends.
    pub end: End,
    /// What is still to be waited for if all answers are to be there.
    pub(in crate::conform::fuzz) owed: Vec<Await>,
}

/// One course of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// What it is worth.
    pub grade: Grade,
    /// The messages and pongs.
    pub events: Vec<Expected>,
}

/// How a session ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The connection is open.
    Open,
    /// We closed it; the target answers with one of these codes, or without a code.
    Closed {
        /// The codes.
        codes: Vec<CloseCode>,
        /// Whether anything follows our close frame.
        followed: bool,
    },
    /// We ended TCP without a close frame; the target has to end it too (section 7.1.1).
    Left,
    /// We reset TCP, and the target serves others as before (section 7.2.1).
    Reset,
    /// The target has to fail the connection.
    Failed {
        /// For these rules, the first that was broken first.
        rules: Vec<Rule>,
        /// With one of these codes, the right one first.
        codes: Vec<CloseCode>,
    },
}

/// What may come of `session`. `None` if that cannot be said.
pub fn predict(session: &Session) -> Option<Prediction> {
    read_by_model(session)?.finish()
}

/// The answers that a session asks for, each behind the step that does, up to where the target stops.
pub(in crate::conform::fuzz) fn asked(session: &Session) -> Option<Vec<(usize, Await)>> {
    Some(answers(read_by_model(session)?.marks()))
}

fn read_by_model(session: &Session) -> Option<Model> {
    let mut model = Model::new(!session.deflate.is_empty());
    let met = read(&session.steps)?;
    let count = met.len();
    for (number, Met { step, what }) in met.into_iter().enumerate() {
        model.take(step, what, number + 1 < count)?;
        if model.is_over() {
            break;
        }
    }
    Some(model)
}

/// The answers that are due, each behind the step that asks for it, up to where the target stops.
fn answers(marks: &[(usize, Mark)]) -> Vec<(usize, Await)> {
    let answer = |(step, mark): &(usize, Mark)| match mark {
        Mark::Message(_) => Some((*step, Await::Message)),
        Mark::Ping(_) => Some((*step, Await::Pong)),
        Mark::Await(_) | Mark::Stop => None,
    };
    marks.iter().take_while(|(_, mark)| !matches!(mark, Mark::Stop)).filter_map(answer).collect()
}

//! A case as a report needs to know it, without the case.

use crate::conform::{Alternative, Case, Close, Closer, Expected, Grade, Payload};
use crate::watch::{Brief, CloseDue, Content, Course, Due, Happening, Side, Verdict};

impl Case {
    /// What a recording tells of the case, so that it can be reported without the corpus.
    pub fn brief(&self) -> Brief {
        Brief {
            id: self.id.to_string(),
            title: self.title.clone(),
            note: self.note.clone(),
            level: self.level,
            clauses: self.clauses.iter().map(|clause| clause.0.to_owned()).collect(),
            rules: self.rules.clone(),
            tags: self.tags.clone(),
            courses: self.expect.iter().map(course).collect(),
            close: close(&self.close),
        }
    }
}

fn course(alternative: &Alternative) -> Course {
    let verdict = match alternative.verdict {
        Grade::Ok => Verdict::Ok,
        Grade::NonStrict => Verdict::NonStrict,
        Grade::Informational => Verdict::Informational,
    };
    Course { verdict, events: alternative.events.iter().map(due).collect() }
}

fn due(event: &Expected) -> Due {
    match event {
        Expected::Text(payload) => Due::One(Happening::Text(beginning(payload))),
        Expected::Binary(payload) => Due::One(Happening::Binary(beginning(payload))),
        Expected::Pong(payload) => Due::One(Happening::Pong(beginning(payload))),
        Expected::Wait(tag) => Due::One(Happening::Wait(tag.clone())),
        Expected::Answer(answer) => Due::Some(answer.to_string()),
        Expected::End => Due::One(Happening::End),
        Expected::Rest => Due::Rest,
        Expected::Repeat(times, events) => Due::Times(u64::from(*times), events.iter().map(due).collect()),
    }
}

/// What is told of a payload, without all of it being made.
fn beginning(payload: &Payload) -> Content {
    let mut start = vec![0; Content::START];
    let size = payload.copy_to(0, &mut start);
    start.truncate(size);
    Content::beginning(payload.len() as u64, start)
}

fn close(close: &Close) -> CloseDue {
    let by = match close.by {
        Closer::Us | Closer::Either => Side::Us,
        Closer::Target => Side::Target,
    };
    let either = close.by == Closer::Either;
    CloseDue { either, by, codes: close.codes.clone(), clean: close.clean, wrong_end_fails: close.wrong_end_fails }
}

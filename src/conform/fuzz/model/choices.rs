//! The courses that events may take.
//!
//! Messages come back in the order in which they were sent. Pongs come in the order of their pings, and one may be left
//! out if a later ping was there before it was sent (RFC 6455, section 5.5.3). Nothing says which of a pong and an echo
//! comes first. What we wait for comes before what is asked for behind it.

use std::collections::{BTreeSet, HashSet};

use super::prediction::Course;
use super::target::Mark;
use crate::conform::{Await, Expected, Grade};

/// More courses than this are not written down.
const COURSES: usize = 48;

/// More places than this are not looked at.
const PLACES: usize = 4000;

/// A place in a session: so many marks are passed, and these events have come.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place {
    passed: usize,
    /// Indices of marks.
    came: Vec<usize>,
}

/// All courses, those first in which nothing is missing. `None` if there are too many, or if a target that conforms could
/// leave us waiting.
pub(super) fn choices(marks: &[(usize, Mark)]) -> Option<Vec<Course>> {
    let first_stop = marks.iter().position(|(_, mark)| matches!(mark, Mark::Stop));
    let mut found = BTreeSet::new();
    let mut seen = HashSet::new();
    let mut open = vec![Place { passed: 0, came: Vec::new() }];
    while let Some(place) = open.pop() {
        if !seen.insert(place.clone()) {
            continue;
        }
        if seen.len() > PLACES || found.len() > COURSES {
            return None;
        }
        let stopped = first_stop.is_some_and(|stop| place.passed > stop);
        let next = place.next(marks);
        let full = place.passed == marks.len() && !place.owes(marks, first_stop);
        if full || stopped {
            let lacks = place.owes(marks, first_stop);
            found.insert((lacks, place.came.clone()));
        }
        // Where the target may have stopped, so have we.
        if next.is_empty() && !full && !stopped {
            return None;
        }
        open.extend(next);
    }
    let course = |(lacks, came): (bool, Vec<usize>)| Course {
        grade: if lacks { Grade::NonStrict } else { Grade::Ok },
        events: came.iter().filter_map(|index| event(&marks[*index].1).cloned()).collect(),
    };
    Some(found.into_iter().map(course).collect())
}

const fn event(mark: &Mark) -> Option<&Expected> {
    match mark {
        Mark::Message(event) | Mark::Ping(event) => Some(event),
        Mark::Await(_) | Mark::Stop => None,
    }
}

impl Place {
    /// Whether an answer is missing that was due before the target could stop.
    fn owes(&self, marks: &[(usize, Mark)], stop: Option<usize>) -> bool {
        let due = &marks[..stop.unwrap_or(marks.len())];
        let message = due.iter().rposition(|(_, mark)| matches!(mark, Mark::Message(_)));
        let ping = due.iter().rposition(|(_, mark)| matches!(mark, Mark::Ping(_)));
        let last = |wanted: fn(&Mark) -> bool| self.came.iter().rev().find(|index| wanted(&marks[**index].1)).copied();
        message > last(|mark| matches!(mark, Mark::Message(_))) || ping > last(|mark| matches!(mark, Mark::Ping(_)))
    }

    /// What may happen next.
    fn next(&self, marks: &[(usize, Mark)]) -> Vec<Self> {
        let mut next = Vec::new();
        let came = |wanted: fn(&Mark) -> bool| self.came.iter().filter(move |index| wanted(&marks[**index].1));
        let (echoes, pongs) =
            (came(|mark| matches!(mark, Mark::Message(_))), came(|mark| matches!(mark, Mark::Ping(_))));
        let (last_echo, last_pong) = (echoes.clone().last(), pongs.clone().last());
        let mut answered = false;
        for (index, (_, mark)) in marks[..self.passed].iter().enumerate() {
            let comes = match mark {
                // The next one, in order.
                Mark::Message(_) if !answered && last_echo.is_none_or(|last| *last < index) => {
                    answered = true;
                    true
                }
                Mark::Ping(_) => last_pong.is_none_or(|last| *last < index),
                _ => false,
            };
            if comes {
                let mut place = self.clone();
                place.came.push(index);
                next.push(place);
            }
        }
        let awaited = |what: Await| {
            marks[..self.passed].iter().filter(|(_, mark)| matches!(mark, Mark::Await(other) if *other == what)).count()
        };
        let goes_on = match marks.get(self.passed) {
            None => false,
            Some((_, Mark::Await(Await::Message))) => echoes.count() > awaited(Await::Message),
            Some((_, Mark::Await(Await::Pong))) => pongs.count() > awaited(Await::Pong),
            Some(_) => true,
        };
        if goes_on {
            next.push(Self { passed: self.passed + 1, came: self.came.clone() });
        }
        next
    }
}

//! What a case expects, ready to be compared: contents as hashes, repetitions as they are.

use crate::conform::{Case, Expected, Grade, Payload};
use crate::watch::{Content, Difference, Gather, Happening, Heard};

/// The alternatives of a case.
#[derive(Clone, Debug)]
pub struct Wanted {
    courses: Vec<Course>,
}

/// One alternative.
#[derive(Clone, Debug)]
struct Course {
    verdict: Grade,
    events: Vec<Want>,
    count: u64,
}

#[derive(Clone, Debug)]
enum Want {
    One(Happening),
    Repeat { times: u64, events: Vec<Self>, round: u64 },
}

impl Wanted {
    /// Prepares the alternatives of `case`. Generates every expected payload once, in pieces.
    pub fn of(case: &Case) -> Self {
        let course = |alternative: &crate::conform::Alternative| {
            let events = wants(&alternative.events);
            Course { verdict: alternative.verdict, count: count(&events), events }
        };
        Self { courses: case.expect.iter().map(course).collect() }
    }

    /// How many events the longest alternative has.
    pub fn longest(&self) -> u64 {
        self.courses.iter().map(|course| course.count).max().unwrap_or_default()
    }

    /// Payload bytes of the longest alternative.
    pub fn bytes(&self) -> u64 {
        self.courses.iter().map(|course| bytes(&course.events)).max().unwrap_or_default()
    }

    /// The verdict of the first alternative that equals all that came.
    pub(super) fn verdict(&self, heard: &[Heard], unheard: u64) -> Option<Grade> {
        let equals = |course: &&Course| {
            unheard == 0 && course.count == heard.len() as u64 && course.agreement(heard) == heard.len()
        };
        self.courses.iter().find(equals).map(|course| course.verdict)
    }

    /// Where what came departs from the alternatives that agree the longest.
    pub(super) fn difference(&self, heard: &[Heard]) -> Difference {
        let agreements: Vec<_> = self.courses.iter().map(|course| course.agreement(heard)).collect();
        let at = agreements.iter().copied().max().unwrap_or_default();
        let mut wanted = Vec::new();
        for (course, _) in self.courses.iter().zip(&agreements).filter(|(_, agreement)| **agreement == at) {
            let next = course.get(at as u64).cloned();
            if !wanted.contains(&next) {
                wanted.push(next);
            }
        }
        Difference { at: at as u64, wanted, got: heard.get(at).map(|heard| heard.what.clone()) }
    }
}

impl Course {
    fn get(&self, index: u64) -> Option<&Happening> {
        get(&self.events, index)
    }

    /// How many events agree from the start.
    fn agreement(&self, heard: &[Heard]) -> usize {
        (0..).zip(heard).take_while(|(index, heard)| self.get(*index) == Some(&heard.what)).count()
    }
}

/// Follows what comes, event by event.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    seen: usize,
    agree: Vec<bool>,
}

impl Progress {
    pub(super) fn new(wanted: &Wanted) -> Self {
        Self { seen: 0, agree: vec![true; wanted.courses.len()] }
    }

    /// Takes note of the events that came since the last time.
    pub(super) fn follow(&mut self, wanted: &Wanted, heard: &[Heard]) {
        for event in &heard[self.seen..] {
            for (agree, course) in self.agree.iter_mut().zip(&wanted.courses) {
                *agree &= course.get(self.seen as u64) == Some(&event.what);
            }
            self.seen += 1;
        }
    }

    /// Whether something came, and it is all that every alternative wants.
    pub(super) fn is_complete(&self, wanted: &Wanted) -> bool {
        let mut courses = self.agree.iter().zip(&wanted.courses);
        self.seen > 0 && courses.all(|(agree, course)| *agree && course.count == self.seen as u64)
    }

    /// Whether no alternative can be reached any more.
    pub(super) fn is_lost(&self) -> bool {
        !self.agree.contains(&true)
    }
}

fn wants(events: &[Expected]) -> Vec<Want> {
    let want = |event: &Expected| match event {
        Expected::Text(payload) => Want::One(Happening::Text(content(payload))),
        Expected::Binary(payload) => Want::One(Happening::Binary(content(payload))),
        Expected::Pong(payload) => Want::One(Happening::Pong(content(payload))),
        Expected::Wait(tag) => Want::One(Happening::Wait(tag.clone())),
        Expected::Repeat(times, events) => {
            let events = wants(events);
            Want::Repeat { times: u64::from(*times), round: count(&events), events }
        }
    };
    events.iter().map(want).collect()
}

fn content(payload: &Payload) -> Content {
    let mut gather = Gather::new();
    let mut block = [0; 16 * 1024];
    let mut at = 0;
    loop {
        let size = payload.copy_to(at, &mut block);
        if size == 0 {
            return gather.finish();
        }
        gather.add(&block[..size]);
        at += size;
    }
}

fn count(events: &[Want]) -> u64 {
    events.iter().map(Want::count).fold(0, u64::saturating_add)
}

fn bytes(events: &[Want]) -> u64 {
    let one = |want: &Want| match want {
        Want::One(Happening::Text(content) | Happening::Binary(content) | Happening::Pong(content)) => content.len,
        Want::One(Happening::Wait(_)) => 0,
        Want::Repeat { times, events, .. } => times.saturating_mul(bytes(events)),
    };
    events.iter().map(one).fold(0, u64::saturating_add)
}

fn get(events: &[Want], mut index: u64) -> Option<&Happening> {
    for event in events {
        let count = event.count();
        if index < count {
            return match event {
                Want::One(happening) => Some(happening),
                Want::Repeat { events, round, .. } => get(events, index % round),
            };
        }
        index -= count;
    }
    None
}

impl Want {
    const fn count(&self) -> u64 {
        match self {
            Self::One(_) => 1,
            Self::Repeat { times, round, .. } => times.saturating_mul(*round),
        }
    }
}

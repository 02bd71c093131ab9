//! What a case expects, ready to be compared: contents as hashes, repetitions as they are.
//!
//! What is a part of a document is hashed when it is wanted first, once for all cases.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::conform::{Answer, Case, Expected, Grade, Payload, Unit};
use crate::watch::{Content, Difference, Due, Gather, Happening, Heard};

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
    /// Whatever comes behind the events is as good.
    open: bool,
}

#[derive(Clone, Debug)]
enum Want {
    One(One),
    Repeat { times: u64, events: Vec<Self>, size: u64 },
}

#[derive(Clone, Debug)]
enum One {
    Same(Happening),
    /// A part of a document, which is another one in each round.
    Part {
        what: fn(Content) -> Happening,
        payload: Payload,
    },
    Answer(Answer),
}

impl Wanted {
    /// Prepares the alternatives of `case`. Generates every expected payload once, in pieces; of documents none yet.
    pub fn of(case: &Case) -> Self {
        let course = |alternative: &crate::conform::Alternative| {
            let open = alternative.events.last() == Some(&Expected::Rest);
            let events = wants(&alternative.events);
            Course { verdict: alternative.verdict, count: count(&events), events, open }
        };
        Self { courses: case.expect.iter().map(course).collect() }
    }

    /// Whether one of the alternatives will do for whatever comes.
    pub(super) fn is_open(&self) -> bool {
        self.courses.iter().any(|course| course.open)
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
        self.course(heard, unheard).map(|course| course.verdict)
    }

    /// Whether what gives the verdict is an alternative for which whatever comes in the end will do.
    pub(super) fn is_whatever(&self, heard: &[Heard], unheard: u64) -> bool {
        self.course(heard, unheard).is_some_and(|course| course.open)
    }

    fn course(&self, heard: &[Heard], unheard: u64) -> Option<&Course> {
        let equals = |course: &&Course| match course.open {
            true => course.agreement(heard) as u64 >= course.count,
            false => unheard == 0 && course.count == heard.len() as u64 && course.agreement(heard) == heard.len(),
        };
        self.courses.iter().find(equals)
    }

    /// Where what came departs from the first alternative, which is the best, if it does.
    pub(super) fn best_difference(&self, heard: &[Heard]) -> Option<Difference> {
        let best = self.courses.first()?;
        let at = best.agreement(heard);
        let wanted = best.get(at as u64).map(|(want, round)| want.due(round));
        let got = heard.get(at).map(|heard| heard.what.clone());
        (wanted.is_some() || got.is_some()).then(|| Difference { at: at as u64, wanted: vec![wanted], got })
    }

    /// Where what came departs from the alternatives that agree the longest.
    pub(super) fn difference(&self, heard: &[Heard]) -> Difference {
        let agreements: Vec<_> = self.courses.iter().map(|course| course.agreement(heard)).collect();
        let at = agreements.iter().copied().max().unwrap_or_default();
        let mut wanted = Vec::new();
        for (course, _) in self.courses.iter().zip(&agreements).filter(|(_, agreement)| **agreement == at) {
            let next = match course.get(at as u64) {
                None if course.open => continue,
                next => next.map(|(want, round)| want.due(round)),
            };
            if !wanted.contains(&next) {
                wanted.push(next);
            }
        }
        Difference { at: at as u64, wanted, got: heard.get(at).map(|heard| heard.what.clone()) }
    }
}

impl Course {
    /// The event of this index, and the round in which it comes.
    fn get(&self, index: u64) -> Option<(&One, u64)> {
        get(&self.events, index, 0)
    }

    fn wants(&self, index: u64, what: &Happening) -> bool {
        self.get(index).is_some_and(|(want, round)| want.is(round, what))
    }

    /// How many events agree from the start.
    fn agreement(&self, heard: &[Heard]) -> usize {
        (0..).zip(heard).take_while(|(index, heard)| self.wants(*index, &heard.what)).count()
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
                // What any course will do for is no reason to wait for more.
                *agree = *agree && !(course.open && course.count == 0) && course.wants(self.seen as u64, &event.what);
            }
            self.seen += 1;
        }
    }

    /// Whether something came, and it is all that the alternatives want that can still be reached.
    pub(super) fn is_complete(&self, wanted: &Wanted) -> bool {
        let courses = self.agree.iter().zip(&wanted.courses);
        let mut reachable = courses.filter(|(agree, course)| **agree && !course.open).peekable();
        let some = reachable.peek().is_some();
        some && self.seen > 0 && reachable.all(|(_, course)| course.count == self.seen as u64)
    }

    /// Whether no alternative can be reached any more.
    pub(super) fn is_lost(&self) -> bool {
        !self.agree.contains(&true)
    }
}

fn wants(events: &[Expected]) -> Vec<Want> {
    let want = |event: &Expected| match event {
        Expected::Text(payload) => one(Happening::Text, payload),
        Expected::Binary(payload) => one(Happening::Binary, payload),
        Expected::Pong(payload) => one(Happening::Pong, payload),
        Expected::Wait(tag) => Want::One(One::Same(Happening::Wait(tag.clone()))),
        Expected::Answer(answer) => Want::One(One::Answer(answer.clone())),
        Expected::End => Want::One(One::Same(Happening::End)),
        Expected::Rest => Want::Repeat { times: 0, events: Vec::new(), size: 0 },
        Expected::Repeat(times, events) => {
            let events = wants(events);
            Want::Repeat { times: u64::from(*times), size: count(&events), events }
        }
    };
    events.iter().map(want).collect()
}

fn one(what: fn(Content) -> Happening, payload: &Payload) -> Want {
    Want::One(match payload {
        Payload::Part { .. } => One::Part { what, payload: payload.clone() },
        _ => One::Same(what(content(payload))),
    })
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
    let size = |want: &Want| match want {
        Want::One(One::Same(Happening::Text(content) | Happening::Binary(content) | Happening::Pong(content))) => {
            content.len
        }
        Want::One(One::Same(Happening::Wait(_) | Happening::Answer(_) | Happening::End) | One::Answer(_)) => 0,
        // No character takes more than four bytes.
        Want::One(One::Part { payload: Payload::Part { len, unit: Unit::Chars, .. }, .. }) => *len as u64 * 4,
        Want::One(One::Part { payload, .. }) => payload.len() as u64,
        Want::Repeat { times, events, .. } => times.saturating_mul(bytes(events)),
    };
    events.iter().map(size).fold(0, u64::saturating_add)
}

fn get(events: &[Want], mut index: u64, round: u64) -> Option<(&One, u64)> {
    for event in events {
        let count = event.count();
        if index < count {
            return match event {
                Want::One(one) => Some((one, round)),
                Want::Repeat { times, events, size } => {
                    get(events, index % size, round.saturating_mul(*times).saturating_add(index / size))
                }
            };
        }
        index -= count;
    }
    None
}

/// Parts of documents that are remembered; no corpus that is in the binary has more.
const PARTS: usize = 200_000;

/// The length and hash of a part of a document: many cases want the same ones.
fn part(payload: &Payload) -> (u64, u128) {
    static KNOWN: Mutex<Option<HashMap<Payload, (u64, u128)>>> = Mutex::new(None);
    let lock = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().get_or_insert_default().get(payload) {
        return *known;
    }
    let Content { len, hash, .. } = Content::of(&payload.bytes());
    let mut known = lock();
    let known = known.get_or_insert_default();
    if known.len() >= PARTS {
        known.clear();
    }
    known.insert(payload.clone(), (len, hash));
    (len, hash)
}

impl Want {
    const fn count(&self) -> u64 {
        match self {
            Self::One(_) => 1,
            Self::Repeat { times, size, .. } => times.saturating_mul(*size),
        }
    }
}

impl One {
    /// Whether this is what is wanted in a round.
    fn is(&self, round: u64, what: &Happening) -> bool {
        match self {
            Self::Same(wanted) => wanted == what,
            Self::Part { what: kind, payload } => {
                let (len, hash) = part(&payload.in_round(round));
                *what == kind(Content { len, hash, start: Vec::new() })
            }
            Self::Answer(wanted) => matches!(what, Happening::Answer(answer) if wanted.is(answer)),
        }
    }

    /// What is wanted in a round.
    fn due(&self, round: u64) -> Due {
        match self {
            Self::Same(wanted) => Due::One(wanted.clone()),
            Self::Part { what, payload } => Due::One(what(Content::of(&payload.in_round(round).bytes()))),
            Self::Answer(answer) => Due::Some(answer.to_string()),
        }
    }
}

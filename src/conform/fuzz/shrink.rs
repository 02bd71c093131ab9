//! The shortest session that fails like one that was found.
//!
//! Each candidate is played, and one that fails is played again: what fails by chance leads nowhere. The number of runs
//! and the time are bounded.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::cased::case_of;
use super::finding::Sign;
use super::generate::Grown;
use super::session::Session;
use crate::conform::run::Opponent;
use crate::conform::{Case, Frame, Mask, Outcome, Pace, Payload, Step};
use crate::wire::Opcode;

/// So many sessions are played at most, and for so long.
const RUNS: u64 = 500;
const TIME: Duration = Duration::from_secs(20);

/// Looks for the shortest session that breaks the same.
pub(super) struct Shrinking<'a, O> {
    opponent: &'a O,
    pace: Pace,
    id: String,
    /// What the session breaks.
    breaks: String,
    /// Failures that have been told already: they lead elsewhere.
    known: &'a BTreeSet<Sign>,
    /// Sessions that were played, as cases: they need not be again.
    tried: HashSet<String>,
    until: Instant,
    /// The session that was found has a close frame between fragments. Others must not get one: how that is answered is a
    /// question of its own.
    cuts: bool,
    pub(super) runs: u64,
}

/// A session that failed.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub(super) session: Session,
    pub(super) case: Arc<Case>,
    pub(super) outcome: Outcome,
    /// How it failed: a shorter session may show the same fault otherwise.
    pub(super) sign: Sign,
}

impl<'a, O: Opponent> Shrinking<'a, O> {
    /// It ends `at_most` then, and after [`TIME`] in any case.
    pub(super) fn new(
        opponent: &'a O,
        pace: Pace,
        id: &str,
        sign: &Sign,
        known: &'a BTreeSet<Sign>,
        at_most: Option<Instant>,
    ) -> Self {
        let (until, breaks) = (Instant::now() + TIME, sign.breaks.clone());
        let until = at_most.map_or(until, |at_most| until.min(at_most));
        Self { opponent, pace, id: id.to_owned(), breaks, known, tried: HashSet::new(), until, cuts: false, runs: 0 }
    }

    /// The shortest that can be found, beginning with `best`, which is what `grown` is now.
    pub(super) async fn shortest(&mut self, mut grown: Grown, mut best: Failed) -> Failed {
        self.cuts = cuts_a_message(&best.session);
        let now = Instant::now();
        let half = now + self.until.saturating_duration_since(now) / 2;
        let mut goes_on = grown.simplify();
        while goes_on && !self.is_over() && Instant::now() < half {
            goes_on = match self.fails(grown.session()).await {
                Some(failed) => {
                    best = failed;
                    grown.simplify()
                }
                None => grown.complicate(),
            };
        }
        // What the strategies cannot make simpler: they do not know that a message may as well come in one frame.
        'again: while !self.is_over() {
            for session in simpler(&best.session) {
                if self.is_over() {
                    break;
                }
                if let Some(failed) = self.fails(session).await {
                    best = failed;
                    continue 'again;
                }
            }
            break;
        }
        best
    }

    fn is_over(&self) -> bool {
        self.runs >= RUNS || Instant::now() >= self.until
    }

    /// Whether a session fails in one way, twice.
    async fn fails(&mut self, session: Session) -> Option<Failed> {
        if !self.cuts && cuts_a_message(&session) {
            return None;
        }
        let case = Arc::new(case_of(&session, &self.id)?);
        if !self.tried.insert(case.render()) {
            return None;
        }
        let (sign, _) = self.play(&case).await?;
        let (again, outcome) = self.play(&case).await?;
        (sign == again).then_some(Failed { session, case, outcome, sign })
    }

    async fn play(&mut self, case: &Arc<Case>) -> Option<(Sign, Outcome)> {
        self.runs += 1;
        let outcome = self.opponent.attempt(Arc::clone(case), self.pace).await;
        let sign = Sign::of(case, &outcome)?;
        (sign.breaks == self.breaks && !self.known.contains(&sign)).then_some((sign, outcome))
    }
}

/// Whether a message is open when we close, or at the end, where we would.
fn cuts_a_message(session: &Session) -> bool {
    let mut open = false;
    for step in &session.steps {
        match step {
            Step::Frame(frame) if frame.opcode == Opcode::CLOSE => return open,
            Step::Frame(frame) if !frame.opcode.is_control() => open = !frame.fin,
            Step::HalfClose | Step::Reset => return false,
            _ => {}
        }
    }
    open
}

/// Sessions that are a little simpler, those first that are much simpler.
fn simpler(session: &Session) -> Vec<Session> {
    let mut all = Vec::new();
    let with = |steps: Vec<Step>| Session { deflate: session.deflate.clone(), steps };
    if !session.deflate.is_empty() {
        all.push(Session { deflate: Vec::new(), steps: session.steps.clone() });
        if session.deflate.len() > 1 {
            all.extend(
                session.deflate.iter().map(|terms| Session { deflate: vec![*terms], steps: session.steps.clone() }),
            );
        }
    }
    let steps = &session.steps;
    let mut size = steps.len();
    while size > 0 {
        // Many at once first, and those at the end.
        for from in (0..=steps.len() - size).rev().filter(|from| size < 5 || from % size == 0) {
            let mut rest = steps.clone();
            rest.drain(from..from + size);
            all.push(with(rest));
        }
        size = if size > 5 { size / 2 } else { size - 1 };
    }
    for index in 0..steps.len() {
        if let [Step::Frame(first), Step::Frame(second), ..] = &steps[index..]
            && let Some(joined) = joined(first, second)
        {
            let mut steps = steps.clone();
            steps.splice(index..index + 2, [Step::Frame(joined)]);
            all.push(with(steps));
        }
    }
    for (index, step) in steps.iter().enumerate() {
        let changed = match step {
            Step::Frame(frame) => plainer(frame).into_iter().map(Step::Frame).collect(),
            Step::More(payload) => shorter(payload).into_iter().map(Step::More).collect(),
            _ => Vec::new(),
        };
        for step in changed {
            let mut steps = steps.clone();
            steps[index] = step;
            all.push(with(steps));
        }
    }
    all
}

/// Two frames of a message as one.
fn joined(first: &Frame, second: &Frame) -> Option<Frame> {
    let plain = |frame: &Frame| !frame.compressed && frame.len.is_none() && frame.form.is_none();
    let fits = !first.fin && !first.opcode.is_control() && second.opcode == Opcode::CONTINUATION && second.rsv == 0;
    (fits && plain(first) && plain(second)).then(|| {
        let payload = [first.payload.bytes(), second.payload.bytes()].concat();
        Frame { fin: second.fin, payload: Payload::Bytes(payload.into()), ..first.clone() }
    })
}

/// The frame with one thing less about it.
fn plainer(frame: &Frame) -> Vec<Frame> {
    let mut all = Vec::new();
    if frame.chop.is_some() || frame.pause.is_some() {
        all.push(Frame { chop: None, pause: None, ..frame.clone() });
    }
    if frame.fragments.is_some() {
        all.push(Frame { fragments: None, ..frame.clone() });
    }
    if matches!(frame.mask, Mask::Key(_) | Mask::Random) {
        all.push(Frame { mask: Mask::ByRole, ..frame.clone() });
    }
    if frame.compressed {
        all.push(Frame { compressed: false, ..frame.clone() });
    }
    all.extend(shorter(&frame.payload).into_iter().map(|payload| Frame { payload, ..frame.clone() }));
    all
}

fn shorter(payload: &Payload) -> Vec<Payload> {
    let len = payload.len();
    // In steps that become smaller, so that a border is found after few of them.
    let lens = [0, len / 2, len - len / 4, len - len / 8, len - len / 16, len - len / 32, len.saturating_sub(1)];
    let mut all: Vec<Payload> = match payload {
        Payload::Bytes(bytes) => {
            let halves = [bytes.slice(..0), bytes.slice(..len / 2), bytes.slice(len / 2..)];
            let ends = [bytes.slice(..len.saturating_sub(1)), bytes.slice(len.min(1)..)];
            halves.into_iter().chain(ends).map(Payload::Bytes).collect()
        }
        Payload::Fill { pattern, .. } => {
            let star = Payload::Fill { pattern: "*".into(), len };
            let shorter = lens.map(|len| Payload::Fill { pattern: pattern.clone(), len });
            shorter.into_iter().chain((pattern != "*").then_some(star)).collect()
        }
        Payload::Seed { seed, .. } => lens.map(|len| Payload::Seed { seed: *seed, len }).into(),
        Payload::Text { seed, .. } => lens.map(|len| Payload::Text { seed: *seed, len }).into(),
        _ => Vec::new(),
    };
    all.retain(|other| other != payload);
    all
}

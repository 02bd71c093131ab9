//! A session and its prediction, as a case.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;

use super::model::{End, Prediction, predict};
use super::session::Session;
use crate::conform::parse::{Payloads, parse};
use crate::conform::{Alternative, Case, Close, Closer, Expected, Frame, Id, Patience, Payload, Step};
use crate::proto::{Clause, Level, Role, Rule};
use crate::wire::{CloseCode, Opcode};

/// How long a target may take: more than a case of the corpus, since many play at the same time.
const PATIENCE: Duration = Duration::from_secs(2);

/// Literal payloads from so many bytes on are written as the step that they come from has them.
const LITERAL: usize = 32;

/// What every generated case is besides what is said of it here.
static TEMPLATE: LazyLock<Option<Case>> = LazyLock::new(|| {
    let text = "[[case]]\nid = \"fuzz\"\ntitle = \"-\"\nclauses = [\"6455#5\"]\nsend = []\nexpect = [{ ok = [] }]\n";
    parse("generated", text, &NoFiles).ok()?.cases.pop()
});

struct NoFiles;

impl Payloads for NoFiles {
    fn payload(&self, _: &str) -> Result<Bytes, String> {
        Err("is not there".to_owned())
    }
}

/// The session as a case of this id. `None` if what may come of it cannot be said.
///
/// Where the target has choices, the case waits for its answers, so that there are fewer; where it is not clear when all
/// has come, it closes by itself.
pub fn case_of(session: &Session, id: &str) -> Option<Case> {
    let (session, prediction) = playable(session)?;
    let mut case = TEMPLATE.clone()?;
    let (rules, close) = ending(&prediction.end, &case.close);
    case.clauses = clauses(&session, &rules);
    case.title = title(&session, &prediction.end);
    case.level = match prediction.end {
        End::Left => Level::Should,
        _ => rules.iter().map(|rule| rule.level()).min().unwrap_or(Level::Must),
    };
    case.expect = prediction
        .courses
        .into_iter()
        .map(|course| Alternative {
            verdict: course.grade,
            events: course.events.into_iter().map(|event| as_sent(event, &session.steps)).collect(),
        })
        .collect();
    case.id = Id(Arc::from(id));
    case.rules = rules;
    case.tags = vec!["generated".to_owned()];
    case.target = Some(Role::Server);
    case.deflate = session.deflate;
    case.send = session.steps;
    case.close = close;
    case.patience = Patience { time: PATIENCE, ..case.patience };
    Some(case)
}

/// The session as it is played, and what may come of it.
fn playable(session: &Session) -> Option<(Session, Prediction)> {
    let (mut session, mut prediction) = match predict(session) {
        Some(prediction) => (session.clone(), prediction),
        None => settled(session)?,
    };
    // We close when all has come, which has to be certain.
    let clear = prediction.courses.len() == 1 && prediction.courses.iter().all(|course| !course.events.is_empty());
    if prediction.end == End::Open && !clear {
        session.steps.extend(prediction.owed.iter().map(|what| Step::Await(*what)));
        let code = Payload::Bytes(Bytes::copy_from_slice(&CloseCode::NORMAL.0.to_be_bytes()));
        session.steps.push(Step::Frame(Frame::new(Opcode::CLOSE, code)));
        prediction = predict(&session)?;
    }
    Some((session, prediction))
}

/// The session with a wait for each answer, behind what asks for it.
fn settled(session: &Session) -> Option<(Session, Prediction)> {
    let plain = session.without_awaits();
    let answers = super::model::asked(&plain)?;
    let session = plain.awaiting(&answers);
    let prediction = predict(&session)?;
    Some((session, prediction))
}

fn ending(end: &End, template: &Close) -> (Vec<Rule>, Close) {
    match end {
        End::Open => (Vec::new(), template.clone()),
        End::Closed { codes, followed } => {
            // A server may end TCP with bytes of ours unread, and its close frame is lost by that (section 7.1.1).
            (Vec::new(), Close { codes: codes.clone(), clean: !followed, ..template.clone() })
        }
        End::Reset => (Vec::new(), Close { by: Closer::Us, clean: false, ..template.clone() }),
        End::Left => {
            // It is up to the target what it says, if anything.
            let codes = vec![CloseCode::PROTOCOL_ERROR, CloseCode::NORMAL, CloseCode::GOING_AWAY, CloseCode::TOO_BIG];
            (Vec::new(), Close { by: Closer::Target, codes, clean: false, may_be_bare: true, ..template.clone() })
        }
        End::Failed { rules, codes } => {
            let mut once = Vec::new();
            rules.iter().for_each(|rule| {
                if !once.contains(rule) {
                    once.push(*rule);
                }
            });
            let close = Close { by: Closer::Target, codes: codes.clone(), clean: false, ..template.clone() };
            (once, close)
        }
    }
}

/// The clauses of the rules, or those of what the session does.
fn clauses(session: &Session, rules: &[Rule]) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = rules.iter().map(|rule| rule.clause()).collect();
    if clauses.is_empty() {
        let frames = || {
            session.steps.iter().filter_map(|step| match step {
                Step::Frame(frame) => Some(frame),
                _ => None,
            })
        };
        let has = |opcode| frames().any(|frame| frame.opcode == opcode);
        let cut = frames().any(|frame| !frame.fin || frame.fragments.is_some());
        let all = [
            (has(Opcode::TEXT) || has(Opcode::BINARY), "6455#5.6"),
            (cut, "6455#5.4"),
            (has(Opcode::PING), "6455#5.5.2"),
            (has(Opcode::PONG), "6455#5.5.3"),
            (has(Opcode::CLOSE), "6455#5.5.1"),
            (session.steps.iter().any(|step| matches!(step, Step::HalfClose)), "6455#7.1.1"),
            (session.steps.iter().any(|step| matches!(step, Step::Reset)), "6455#7.2.1"),
            (!session.deflate.is_empty(), "7692#7.2"),
        ];
        clauses.extend(all.into_iter().filter(|(is, _)| *is).map(|(_, clause)| Clause(clause)));
    }
    if clauses.is_empty() {
        clauses.push(Clause("6455#5"));
    }
    let mut seen = Vec::new();
    clauses.retain(|clause| {
        let new = !seen.contains(clause);
        seen.push(*clause);
        new
    });
    clauses
}

fn title(session: &Session, end: &End) -> String {
    let compressed = if session.deflate.is_empty() { "" } else { ", with permessage-deflate" };
    match end {
        End::Open => format!("A legal session{compressed}"),
        End::Closed { .. } => format!("A legal session that we close{compressed}"),
        End::Left => format!("A session that we leave without a close frame{compressed}"),
        End::Reset => format!("A session that we break off by a reset of TCP{compressed}"),
        End::Failed { rules, .. } => match rules.first() {
            Some(rule) => format!("A session in which {}{compressed}", rule.words()),
            None => format!("A session to be failed{compressed}"),
        },
    }
}

/// The event with its content written as the step has it that it comes from, where that is shorter.
fn as_sent(event: Expected, steps: &[Step]) -> Expected {
    let short = |payload: Payload| match &payload {
        Payload::Bytes(bytes) if bytes.len() >= LITERAL => steps
            .iter()
            .find_map(|step| match step {
                Step::Frame(Frame { payload: sent, .. }) if !matches!(sent, Payload::Bytes(_)) && sent.is(bytes) => {
                    Some(sent.clone())
                }
                _ => None,
            })
            .unwrap_or(payload),
        _ => payload,
    };
    match event {
        Expected::Text(payload) => Expected::Text(short(payload)),
        Expected::Binary(payload) => Expected::Binary(short(payload)),
        other => other,
    }
}

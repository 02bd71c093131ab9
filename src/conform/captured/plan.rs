//! What was said, as steps and events.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::ending::{Closes, End, calls_for_failing};
use super::is_of_opening;
use super::said::{Said, Sent, What};
use crate::capture::{Connection, Ending, Time};
use crate::conform::{Alternative, Await, Close, Closer, Expected, Fragments, Frame, Grade, Mask, Payload, Step};
use crate::proto::{Role, Rule};
use crate::wire::{Form, Head, Opcode};

/// What the tester does, what has to come, and what of it is not as it was captured.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) expected: Alternative,
    pub(super) close: Close,
    pub(super) patience: Duration,
    pub(super) informational: bool,
    pub(super) differs: Vec<Differs>,
}

/// Something that the case does otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Differs {
    /// Rules of the opening handshake were broken, which every case does by itself.
    Opening,
    /// What is compressed has other bytes.
    Compressed,
    /// Compressed messages came in frames of other sizes than can be said.
    Fragments,
    /// Control frames stood between the frames of a compressed message.
    Between,
    /// The server broke rules, so it is not known what would have been right.
    Informational,
    /// The server went on where it has to fail the connection.
    NonStrict,
    /// The capture ends before the connection does.
    StillOpen,
    /// It ends inside a frame.
    InFrame,
    /// The server ended TCP without a close frame, which a case cannot ask for.
    NoCloseFrame,
}

/// After so much silence a message is not awaited without a pause before: a tester gives up after ten seconds.
const SILENCE: Duration = Duration::from_secs(8);

/// No pause of a case is longer.
const LONGEST: Duration = Duration::from_secs(86_400);

/// So many equal things to await are written as a repetition.
const REPEATED: usize = 3;

/// Payloads from so many bytes on are written as repetitions, if they are.
const FILL: usize = 64;

/// The longest pattern that is looked for in them.
const PATTERN: usize = 16;

/// What is planned so far.
#[derive(Debug, Default)]
struct Draft {
    steps: Vec<Step>,
    events: Vec<Expected>,
    /// What came from the server and has to be awaited before the client goes on, and the silence before.
    awaits: Vec<(Await, Duration)>,
    /// The pings of the server that the client has not answered.
    pings: VecDeque<Bytes>,
    last: Option<Time>,
    differs: Vec<Differs>,
}

impl Plan {
    pub(super) fn of(connection: &Connection, said: Vec<Said>, broken: &[(Role, Rule)], between: bool) -> Self {
        let closes = Closes::of(&said);
        let begin = connection.opened.and_then(|place| place.time);
        let mut draft = Draft { last: begin, ..Draft::default() };
        if broken.iter().any(|(_, rule)| is_of_opening(*rule)) {
            draft.differ(Differs::Opening);
        }
        for Said { at, what } in said {
            draft.take(at, what, &closes, connection.ending);
        }
        if between {
            draft.differ(Differs::Between);
        }
        let End { close, last, differs } = closes.end(connection, broken);
        if let Some(step) = last {
            draft.flush();
            draft.steps.push(step);
        }
        if let Some(differs) = differs {
            draft.differ(differs);
        }
        let informational = broken.iter().any(|(by, rule)| *by == Role::Server && calls_for_failing(*rule));
        let went_on = closes.stimulus && close.by == Closer::Us && connection.ending != Ending::Open;
        if informational {
            draft.differ(Differs::Informational);
        } else if went_on {
            draft.differ(Differs::NonStrict);
        }
        let took = begin.zip(draft.last).map(|(begin, last)| last.since(begin)).unwrap_or_default();
        let verdict = if went_on { Grade::NonStrict } else { Grade::Ok };
        let Draft { steps, events, differs, .. } = draft;
        let patience = patience(took);
        Self { steps, expected: Alternative { verdict, events }, close, patience, informational, differs }
    }
}

impl Draft {
    fn differ(&mut self, how: Differs) {
        if !self.differs.contains(&how) {
            self.differs.push(how);
        }
    }

    fn take(&mut self, at: Option<Time>, what: What, closes: &Closes, ending: Ending) {
        let silence = self.last.zip(at).map(|(last, now)| now.since(last)).unwrap_or_default();
        self.last = at.or(self.last);
        match what {
            What::Frame(sent) => self.send(sent, closes, ending),
            What::Message { text, content } => {
                let content = payload(content);
                self.events.push(if text { Expected::Text(content) } else { Expected::Binary(content) });
                self.awaits.push((Await::Message, silence));
            }
            What::Pong(content) => {
                self.events.push(Expected::Pong(payload(content)));
                self.awaits.push((Await::Pong, silence));
            }
            What::Ping(content) => self.pings.push_back(content),
            What::Close(_) => {}
        }
    }

    fn send(&mut self, sent: Sent, closes: &Closes, ending: Ending) {
        let Sent { head, .. } = &sent;
        let answered = || self.pings.iter().position(|ping| *ping == sent.payload);
        if let Some(index) = (head.opcode == Opcode::PONG).then(answered).flatten() {
            // The tester answers pings by itself.
            self.pings.drain(..=index);
        } else if sent.fragment || (head.opcode == Opcode::CLOSE && closes.first == Some(Role::Server)) {
            // It was said with the first frame; or it is an answer that the tester gives by itself.
        } else if ending == Ending::Open && (sent.payload.len() as u64) < head.len {
            self.differ(Differs::InFrame);
        } else {
            self.flush();
            if let Some((_, frames)) = &sent.content {
                self.differ(Differs::Compressed);
                if *frames > 1 {
                    self.differ(Differs::Fragments);
                }
            }
            self.steps.push(Step::Frame(frame(sent)));
        }
    }

    /// The client goes on: what came before has to come before again.
    fn flush(&mut self) {
        for run in
            std::mem::take(&mut self.awaits).chunk_by(|(one, _), (other, silence)| one == other && *silence < SILENCE)
        {
            let [(what, silence), ..] = run else { continue };
            if *silence >= SILENCE {
                let time = Duration::from_secs(silence.as_secs()).min(LONGEST);
                self.steps.push(Step::Wait { time, tag: None });
            }
            if run.len() > REPEATED {
                // There are no more than frames.
                let times = run.len() as u32;
                self.steps.push(Step::Repeat { times, steps: vec![Step::Await(*what)] });
            } else {
                self.steps.extend(run.iter().map(|(what, _)| Step::Await(*what)));
            }
        }
    }
}

/// A frame of the client, with what about it is not as a client sends frames.
fn frame(sent: Sent) -> Frame {
    let Sent { head, payload: bytes, faults, content, .. } = sent;
    let mask = match head.mask {
        None => Mask::Off,
        // A key that hides nothing is worth to be told, and so is one that comes again.
        Some(key) if key == [0; 4] || faults.contains(Rule::MaskingKeyRepeated) => Mask::Key(key),
        Some(_) => Mask::ByRole,
    };
    if let Some((content, frames)) = content {
        let size = bytes.len().max(1);
        return Frame {
            rsv: head.rsv & !Head::RSV1,
            mask,
            compressed: true,
            fragments: (frames > 1).then_some(Fragments { size, empty_last: false }),
            ..Frame::new(head.opcode, payload(content))
        };
    }
    let captured = bytes.len() as u64;
    Frame {
        fin: head.fin,
        rsv: head.rsv,
        mask,
        len: (head.len != captured).then_some(head.len),
        form: (head.form != Form::minimal(head.len)).then_some(head.form),
        ..Frame::new(head.opcode, payload(bytes))
    }
}

/// Bytes, told as a repetition if they are a long one.
fn payload(bytes: Bytes) -> Payload {
    let repeats = |size: &usize| bytes.iter().zip(&bytes[*size..]).all(|(one, other)| one == other);
    match (1..=PATTERN).find(|size| bytes.len() >= FILL && repeats(size)) {
        Some(size) => Payload::Fill { pattern: bytes.slice(..size), len: bytes.len() },
        None => Payload::Bytes(bytes),
    }
}

/// How long to wait for an answer, where all of them came in this time.
fn patience(took: Duration) -> Duration {
    let usual = Duration::from_secs(1);
    if took <= usual { usual } else { Duration::from_secs(took.as_secs().saturating_add(2)).min(LONGEST) }
}

//! A conforming target, as far as it is certain what it does: what it makes of frames, one after another.

use bytes::Bytes;

use super::choices::choices;
use super::codes::{codes_for, wrong_code};
use super::prediction::{End, Prediction};
use super::reading::{What, close_parts};
use crate::conform::{Await, Expected, Payload};
use crate::proto::Rule;
use crate::proto::deflate::{Direction, Inflater};
use crate::wire::{CloseCode, Form, Head, Opcode};

/// What matters of what a target meets, in its order.
#[derive(Debug)]
pub(super) enum Mark {
    /// A message to be sent back.
    Message(Expected),
    /// A ping to be answered.
    Ping(Expected),
    /// We go on when an answer came.
    Await(Await),
    /// From here on the target may know that it has to stop.
    Stop,
}

/// What a target knows.
pub(super) struct Model {
    deflate: bool,
    message: Option<Open>,
    /// Inflates what was compressed by the session itself, with all that was compressed before, or without it.
    inflaters: Option<(Inflater, Inflater)>,
    /// Something was compressed by our own compressor, so that what came before is not known here.
    unknown: bool,
    marks: Vec<(usize, Mark)>,
    rules: Vec<Rule>,
    codes: Vec<CloseCode>,
    /// A fault that shows at the end of the message at the latest.
    pending: bool,
    failed: bool,
    /// What a message says was at fault, which shows when somebody looks at it: frames behind it may be read before.
    unread: bool,
    closed: Option<(Vec<CloseCode>, bool)>,
    left: bool,
    /// That was by a reset.
    reset: bool,
}

/// A message on its way.
struct Open {
    opcode: Opcode,
    compressed: bool,
    payload: Vec<u8>,
}

/// Messages are no longer than this when inflated.
const INFLATED: usize = 1 << 20;

impl Model {
    /// One that has just opened a connection, with permessage-deflate or without.
    pub(super) fn new(deflate: bool) -> Self {
        let way = |context_takeover| Inflater::new(Direction { context_takeover, window_bits: 15 });
        Self {
            deflate,
            message: None,
            inflaters: deflate.then(|| (way(true), way(false))),
            unknown: false,
            marks: Vec::new(),
            rules: Vec::new(),
            codes: Vec::new(),
            pending: false,
            failed: false,
            unread: false,
            closed: None,
            left: false,
            reset: false,
        }
    }

    /// What matters of what it met so far, each behind the step that ended it.
    pub(super) fn marks(&self) -> &[(usize, Mark)] {
        &self.marks
    }

    /// Whether it reads no further.
    pub(super) const fn is_over(&self) -> bool {
        self.failed && !self.unread || self.closed.is_some() || self.left
    }

    /// Takes what comes behind a message that is to be failed: section 8.1 says that it is, not that nothing may be read
    /// before it is looked at. So pings may be answered, and whatever ends the connection may be noticed first.
    fn take_behind(&mut self, step: usize, what: What) {
        let (head, payload) = match what {
            What::Frame { head, payload } => (head, payload),
            What::Compressed { head, .. } | What::Unfinished { head } => (head, Vec::new()),
            What::Await(_) => return,
            What::Left | What::Reset => {
                self.unread = false;
                return;
            }
        };
        // Which frames continue what is not known any more.
        let open = |rule: &Rule| !matches!(rule, Rule::NothingToContinue | Rule::MessageUnfinished);
        let rules: Vec<Rule> = self.faults_of(head, &payload).into_iter().filter(open).collect();
        if !rules.is_empty() {
            self.codes.extend(rules.into_iter().flat_map(codes_for));
            self.unread = false;
        } else if head.opcode == Opcode::CLOSE {
            self.codes.extend(close_parts(&payload).map(|(code, _)| code).into_iter().chain([CloseCode::NORMAL]));
            self.unread = false;
        } else if head.opcode == Opcode::PING {
            self.marks.push((step, Mark::Ping(Expected::Pong(literal(payload)))));
        }
    }

    /// Takes what comes next; `more` if anything is behind it. `None` if it cannot be said what comes of it.
    pub(super) fn take(&mut self, step: usize, what: What, more: bool) -> Option<()> {
        if self.failed {
            self.take_behind(step, what);
            return Some(());
        }
        match what {
            What::Await(what) => self.marks.push((step, Mark::Await(what))),
            What::Left | What::Reset => {
                self.marks.push((step, Mark::Stop));
                self.left = true;
                self.reset = matches!(what, What::Reset);
            }
            What::Unfinished { head } => {
                // Only a head that can never be followed by its payload shows by itself.
                if head.len >> 63 == 0 || head.form != Form::Bits64 {
                    return None;
                }
                let rules = self.faults_of(head, &[]);
                self.fail(step, &rules);
            }
            What::Compressed { head, content } => {
                let rules = self.faults_of(head, &[]);
                if !rules.is_empty() {
                    self.fail(step, &rules);
                    return Some(());
                }
                self.unknown = true;
                self.complete(step, head.opcode, true, content);
            }
            What::Frame { head, payload } => {
                let rules = self.faults_of(head, &payload);
                if !rules.is_empty() {
                    self.fail(step, &rules);
                    return Some(());
                }
                match head.opcode {
                    Opcode::PING => self.marks.push((step, Mark::Ping(Expected::Pong(literal(payload))))),
                    // A pong that nobody asked for is not answered (section 5.5.3).
                    Opcode::PONG => {}
                    Opcode::CLOSE => self.close(step, &payload, more),
                    _ => self.data(step, head, &payload)?,
                }
            }
        }
        Some(())
    }

    /// The rules that a frame breaks as such, and by where it comes.
    fn faults_of(&self, head: Head, payload: &[u8]) -> Vec<Rule> {
        let Head { fin, rsv, opcode, mask, len, form } = head;
        let begins = matches!(opcode, Opcode::TEXT | Opcode::BINARY);
        // RFC 7692, section 6: RSV1 stands at the first frame of a message alone.
        let given = if self.deflate && begins { Head::RSV1 } else { 0 };
        let body = (opcode == Opcode::CLOSE).then(|| close_parts(payload)).flatten();
        let checks = [
            (rsv & !given != 0, Rule::ReservedBit),
            (matches!(opcode.0, 3..=7 | 11..=15), Rule::ReservedOpcode),
            (mask.is_none(), Rule::Unmasked),
            (form == Form::Bits64 && len >> 63 != 0, Rule::LengthTopBit),
            (form == Form::Bits64 && len < 0x1_0000 || form == Form::Bits16 && len < 126, Rule::LengthNotMinimal),
            (opcode.0 & 8 != 0 && len > 125, Rule::ControlTooLong),
            (opcode.0 & 8 != 0 && !fin, Rule::ControlFragmented),
            (opcode == Opcode::CONTINUATION && self.message.is_none(), Rule::NothingToContinue),
            (begins && self.message.is_some(), Rule::MessageUnfinished),
            (opcode == Opcode::CLOSE && payload.len() == 1, Rule::CloseBodyStub),
            (body.is_some_and(|(_, reason)| std::str::from_utf8(reason).is_err()), Rule::CloseReasonNotUtf8),
        ];
        let mut rules: Vec<Rule> = checks.into_iter().filter(|(broken, _)| *broken).map(|(_, rule)| rule).collect();
        rules.extend(body.and_then(|(code, _)| wrong_code(code.0)));
        rules
    }

    fn close(&mut self, step: usize, payload: &[u8], more: bool) {
        self.marks.push((step, Mark::Stop));
        let mut codes: Vec<CloseCode> = close_parts(payload).map(|(code, _)| code).into_iter().collect();
        // The code that came is typically sent back (section 5.5.1); to say that all is well is as good.
        codes.push(CloseCode::NORMAL);
        codes.dedup();
        self.closed = Some((codes, more));
    }

    fn data(&mut self, step: usize, head: Head, payload: &[u8]) -> Option<()> {
        let mut open = self.message.take().unwrap_or_else(|| Open {
            opcode: head.opcode,
            compressed: head.rsv & Head::RSV1 != 0,
            payload: Vec::new(),
        });
        open.payload.extend_from_slice(payload);
        if !head.fin {
            // What is wrong with it may be seen from here on, or only at the end of the message.
            let cut = std::str::from_utf8(&open.payload).is_err_and(|error| error.error_len().is_some());
            if open.compressed || open.opcode == Opcode::TEXT && cut {
                self.may_know(step, &open);
            }
            self.message = Some(open);
            return Some(());
        }
        let content = if open.compressed { self.inflated(step, &open.payload)? } else { Some(open.payload.into()) };
        if let Some(content) = content {
            self.complete(step, open.opcode, open.compressed, content);
        }
        Some(())
    }

    /// The message that is open may be known to be bad before it is complete. Of a compressed one that is only said
    /// once it is known to be.
    fn may_know(&mut self, step: usize, open: &Open) {
        if !self.pending {
            self.pending = !open.compressed;
            self.marks.push((step, Mark::Stop));
        }
    }

    /// What a compressed message says. `Some(None)` if it is not DEFLATE, which fails the connection; `None` if that
    /// depends on what is not known.
    fn inflated(&mut self, step: usize, payload: &[u8]) -> Option<Option<Bytes>> {
        let (with, without) = self.inflaters.as_mut()?;
        let (mut known, mut alone) = (Vec::new(), Vec::new());
        let with = with.inflate(payload, true, &mut known, INFLATED);
        let fresh = without.inflate(payload, true, &mut alone, INFLATED);
        if fresh.is_err() {
            without.restart();
        }
        match (with.is_ok(), fresh.is_ok()) {
            (true, true) => Some(Some(alone.into())),
            (false, false) if !self.unknown && known.len() < INFLATED => {
                self.fail(step, &[Rule::CompressedDataInvalid]);
                self.unread = true;
                Some(None)
            }
            // It refers to what may have been forgotten, or to what our compressor sent.
            _ => None,
        }
    }

    /// A message is complete.
    fn complete(&mut self, step: usize, opcode: Opcode, compressed: bool, content: Bytes) {
        if opcode == Opcode::TEXT && std::str::from_utf8(&content).is_err() {
            self.fail(step, &[Rule::InvalidUtf8]);
            self.unread = true;
            if compressed {
                self.codes.push(CloseCode::PROTOCOL_ERROR);
            }
            return;
        }
        // A compressed message that turned out well was no reason to stop.
        let content = Payload::Bytes(content);
        let echo = if opcode == Opcode::TEXT { Expected::Text(content) } else { Expected::Binary(content) };
        if compressed && !self.pending {
            self.marks.retain(|(_, mark)| !matches!(mark, Mark::Stop));
        }
        self.marks.push((step, Mark::Message(echo)));
    }

    fn fail(&mut self, step: usize, rules: &[Rule]) {
        self.marks.push((step, Mark::Stop));
        self.failed = true;
        if self.pending && !rules.contains(&Rule::InvalidUtf8) {
            // Which of the two a target notices first is its own affair.
            self.rules.push(Rule::InvalidUtf8);
            self.codes.extend(codes_for(Rule::InvalidUtf8));
        }
        for rule in rules {
            self.rules.push(*rule);
            self.codes.extend(codes_for(*rule));
        }
    }

    /// What may come of all that it took. `None` if that cannot be said.
    pub(super) fn finish(self) -> Option<Prediction> {
        if self.pending && !self.failed && !self.left {
            // A target need not look at a message before it is complete.
            return None;
        }
        if !self.is_over() && self.message.is_some() && self.marks.iter().any(|(_, mark)| matches!(mark, Mark::Stop)) {
            return None;
        }
        let courses = choices(&self.marks)?;
        let owed = owed(&self.marks);
        let mut codes = Vec::new();
        self.codes.into_iter().for_each(|code| {
            if !codes.contains(&code) {
                codes.push(code);
            }
        });
        let end = match self.closed {
            _ if self.failed => End::Failed { rules: self.rules, codes },
            Some((codes, followed)) => End::Closed { codes, followed },
            None if self.reset => End::Reset,
            None if self.left => End::Left,
            None => End::Open,
        };
        Some(Prediction { courses, end, owed })
    }
}

fn literal(bytes: Vec<u8>) -> Payload {
    Payload::Bytes(bytes.into())
}

/// What is still to be waited for at the end.
fn owed(marks: &[(usize, Mark)]) -> Vec<Await> {
    let count = |wanted: fn(&Mark) -> bool| marks.iter().filter(|(_, mark)| wanted(mark)).count();
    let echoes = count(|mark| matches!(mark, Mark::Message(_)));
    let awaited = count(|mark| matches!(mark, Mark::Await(Await::Message)));
    let mut owed = vec![Await::Message; echoes.saturating_sub(awaited)];
    let ping = marks.iter().rposition(|(_, mark)| matches!(mark, Mark::Ping(_)));
    let pong = marks.iter().rposition(|(_, mark)| matches!(mark, Mark::Await(Await::Pong)));
    // Of several pings only the last need be answered (section 5.5.3), so no more than one answer is certain.
    owed.extend(ping.filter(|ping| pong.is_none_or(|pong| pong < *ping)).map(|_| Await::Pong));
    owed
}

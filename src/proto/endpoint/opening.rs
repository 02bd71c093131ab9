//! The opening handshake as an endpoint goes through it.

use std::mem;

use super::Cause;
use super::turn::Bytes;
use crate::proto::opening::{Agreed, Answer, Ask, Asked, judge_request};
use crate::proto::{Config, Rule};
use crate::wire::http::{HeadError, HeadFault, Limits, Request, Response};

/// Where the opening handshake stands.
#[derive(Debug)]
pub(super) struct Opening {
    /// The peer's half as far as it came; then what came behind it before it was answered.
    kept: Vec<u8>,
    /// More came before the answer than is kept.
    flooded: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// A client waits for the response.
    Waiting(Ask),
    /// A server waits for a request.
    Listening,
    /// A server has to decide.
    Asked(Box<(Request, Asked)>),
    /// It has accepted.
    Accepted,
}

/// The first bytes of a head, which are looked at as they come.
const TELLING: usize = 16;

/// What bytes did for the opening handshake.
pub(super) enum Progress {
    /// All were taken, and more are wanted.
    Wants,
    /// So many completed a request.
    Asked(usize),
    /// So many completed the response.
    Agreed(usize, Box<Agreed>),
    /// The application has accepted; nothing was taken.
    Accepted,
    /// They make no opening handshake. A client may be told why.
    Failed(Cause, Option<Answer>),
}

impl Opening {
    pub(super) const fn client(ask: Ask) -> Self {
        Self::new(Stage::Waiting(ask))
    }

    pub(super) const fn server() -> Self {
        Self::new(Stage::Listening)
    }

    const fn new(stage: Stage) -> Self {
        Self { kept: Vec::new(), flooded: false, stage }
    }

    /// What was asked and waits for an answer.
    pub(super) fn asked(&self) -> Option<(&Request, &Asked)> {
        match &self.stage {
            Stage::Asked(asked) => Some((&asked.0, &asked.1)),
            _ => None,
        }
    }

    /// The application has accepted.
    pub(super) fn accept(&mut self) {
        self.stage = Stage::Accepted;
    }

    /// What is answered where the application has given `answer`.
    pub(super) fn judge_answer(&self, answer: Answer) -> Answer {
        if !self.flooded || answer.agreed.is_none() {
            return answer;
        }
        // Bytes are missing, so there are no frames to be read.
        let rule = Rule::FrameBeforeOpen;
        let mut refusal = Answer::refusal(400, rule.words());
        refusal.faults.insert(rule);
        refusal
    }

    /// The bytes of the next turn: what was kept until the answer comes first.
    pub(super) fn release<'t>(&mut self, bytes: &'t mut [u8]) -> Bytes<'t> {
        if !matches!(self.stage, Stage::Accepted) || self.kept.is_empty() {
            return Bytes::Lent(bytes);
        }
        let mut kept = mem::take(&mut self.kept);
        kept.extend_from_slice(bytes);
        Bytes::Kept(kept)
    }

    /// Keeps what comes before the answer: as much as a head at most, since a client should wait (section 4.1).
    fn keep(&mut self, bytes: &[u8], config: &Config) {
        self.flooded |= bytes.len() > config.max_head.saturating_sub(self.kept.len());
        if self.flooded {
            self.kept = Vec::new();
        } else {
            self.kept.extend_from_slice(bytes);
        }
    }

    /// Takes bytes of the peer.
    pub(super) fn take(&mut self, bytes: &[u8], config: &Config) -> Progress {
        match self.stage {
            Stage::Accepted => return Progress::Accepted,
            Stage::Asked(_) => {
                self.keep(bytes, config);
                return Progress::Wants;
            }
            Stage::Waiting(_) | Stage::Listening if bytes.is_empty() => return Progress::Wants,
            Stage::Waiting(_) | Stage::Listening => {}
        }
        let before = self.kept.len();
        self.kept.extend_from_slice(bytes);
        // Only the end of a line can complete a head, or be one line too many; so a peer that sends byte by byte
        // does not have the head read again for each of them. Whoever does not speak HTTP shows it at the beginning.
        if before >= TELLING && !bytes.contains(&b'\n') && self.kept.len() <= config.max_head {
            return Progress::Wants;
        }
        self.read(before, config)
    }

    /// TCP has ended: what came of a head may be none at all, beside being cut.
    pub(super) fn finish(&mut self, config: &Config) -> Progress {
        match self.stage {
            Stage::Waiting(_) | Stage::Listening => self.read(self.kept.len(), config),
            Stage::Asked(_) | Stage::Accepted => Progress::Wants,
        }
    }

    /// Reads what is kept, of which so many bytes were kept `before`.
    fn read(&mut self, before: usize, config: &Config) -> Progress {
        let limits = Limits { max_bytes: config.max_head, max_headers: config.max_headers };
        let progress = match &self.stage {
            Stage::Waiting(ask) => read_response(ask, &self.kept, before, &limits),
            _ => match Request::parse(&self.kept, &limits) {
                Ok(None) => Progress::Wants,
                Ok(Some((request, size))) => {
                    let asked = judge_request(&request);
                    self.stage = Stage::Asked(Box::new((request, asked)));
                    Progress::Asked(size - before)
                }
                Err(error) => {
                    let answer = Answer::malformed(&error);
                    Progress::Failed(Cause::OpeningUnreadable(error), Some(answer))
                }
            },
        };
        if !matches!(progress, Progress::Wants) {
            self.kept = Vec::new();
        }
        progress
    }
}

fn read_response(ask: &Ask, kept: &[u8], before: usize, limits: &Limits) -> Progress {
    let unreadable = |error: HeadError| Progress::Failed(Cause::OpeningUnreadable(error), None);
    let mut from = 0;
    loop {
        return match Response::parse(&kept[from..], limits) {
            Ok(None) => Progress::Wants,
            Err(error) => unreadable(error),
            // RFC 9110, section 15.2: any number of interim responses may come before the final one.
            Ok(Some((response, size))) if response.is_interim() => {
                from += size;
                if from < limits.max_bytes {
                    continue;
                }
                unreadable(HeadError { fault: HeadFault::TooLarge(limits.max_bytes), at: from })
            }
            Ok(Some((response, size))) => match ask.check(&response) {
                Ok(agreed) => Progress::Agreed(from + size - before, Box::new(agreed)),
                Err(faults) => Progress::Failed(Cause::OpeningInvalid(faults, Some(Box::new(response))), None),
            },
        };
    }
}

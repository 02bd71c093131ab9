//! The opening handshake as an endpoint goes through it.

use std::mem;

use super::Cause;
use super::turn::Bytes;
use crate::proto::Config;
use crate::proto::opening::{Agreed, Answer, Ask, Asked, judge_request};
use crate::wire::http::{HeadError, Limits, Request, Response};

/// Where the opening handshake stands.
#[derive(Debug)]
pub(super) struct Opening {
    /// The peer's half as far as it came; then what came behind it before it was answered.
    kept: Vec<u8>,
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
        Self { kept: Vec::new(), stage: Stage::Waiting(ask) }
    }

    pub(super) const fn server() -> Self {
        Self { kept: Vec::new(), stage: Stage::Listening }
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

    /// The bytes of the next turn: what was kept until the answer comes first.
    pub(super) fn release<'t>(&mut self, bytes: &'t mut [u8]) -> Bytes<'t> {
        if !matches!(self.stage, Stage::Accepted) || self.kept.is_empty() {
            return Bytes::Lent(bytes);
        }
        let mut kept = mem::take(&mut self.kept);
        kept.extend_from_slice(bytes);
        Bytes::Kept(kept)
    }

    /// Takes bytes of the peer.
    pub(super) fn take(&mut self, bytes: &[u8], config: &Config) -> Progress {
        match self.stage {
            Stage::Accepted => return Progress::Accepted,
            Stage::Asked(_) => {
                self.kept.extend_from_slice(bytes);
                return Progress::Wants;
            }
            Stage::Waiting(_) | Stage::Listening if bytes.is_empty() => return Progress::Wants,
            Stage::Waiting(_) | Stage::Listening => {}
        }
        let before = self.kept.len();
        self.kept.extend_from_slice(bytes);
        // Only the end of a line can complete a head, or be one line too many; so a peer that sends byte by byte
        // does not have the head read again for each of them.
        if !bytes.contains(&b'\n') && self.kept.len() <= config.max_head {
            return Progress::Wants;
        }
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
    match Response::parse(kept, limits) {
        Ok(None) => Progress::Wants,
        Err(error) => unreadable(error),
        Ok(Some((response, size))) => match ask.check(&response) {
            Ok(agreed) => Progress::Agreed(size - before, Box::new(agreed)),
            Err(faults) => Progress::Failed(Cause::OpeningInvalid(faults, Some(Box::new(response))), None),
        },
    }
}

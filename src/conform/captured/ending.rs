//! Who ended the connection, and how.

use super::is_of_opening;
use super::plan::Differs;
use super::said::{Said, What};
use crate::capture::{Connection, Ending};
use crate::conform::{Close, Closer, Frame, Payload, Step};
use crate::proto::{Role, Rule, Rules};
use crate::wire::{CloseBody, CloseCode, Opcode};

/// The close frames.
#[derive(Debug, Default)]
pub(super) struct Closes {
    /// Who sent one first.
    pub(super) first: Option<Role>,
    /// The code of the client's.
    client: Option<Option<CloseCode>>,
    /// The code of the server's.
    server: Option<Option<CloseCode>>,
    /// Another frame of the client has to make the server fail the connection.
    pub(super) stimulus: bool,
}

/// How a case ends.
#[derive(Debug)]
pub(super) struct End {
    pub(super) close: Close,
    /// What the client did last.
    pub(super) last: Option<Step>,
    pub(super) differs: Option<Differs>,
}

impl Closes {
    pub(super) fn of(said: &[Said]) -> Self {
        let mut closes = Self::default();
        for Said { what, .. } in said {
            match what {
                What::Frame(sent) if sent.head.opcode == Opcode::CLOSE => {
                    closes.first.get_or_insert(Role::Client);
                    closes.client.get_or_insert(CloseBody::parse(&sent.payload).code());
                }
                What::Frame(sent) => closes.stimulus |= closes.first.is_none() && calls(sent.faults),
                What::Close(code) => {
                    closes.first.get_or_insert(Role::Server);
                    closes.server.get_or_insert(*code);
                }
                What::Message { .. } | What::Ping(_) | What::Pong(_) => {}
            }
        }
        closes
    }

    /// How the case ends, for it to end as the connection did.
    pub(super) fn end(&self, connection: &Connection, broken: &[(Role, Rule)]) -> End {
        let target = |codes, clean| close(Closer::Target, codes, clean);
        let plain = |close| End { close, last: None, differs: None };
        let both = self.client.is_some() && self.server.is_some();
        let code = self.server.flatten();
        match (self.first, connection.ending) {
            (Some(Role::Client), _) => {
                let own = self.client.flatten().filter(|code| code.may_be_sent());
                plain(close(Closer::Us, vec![code.or(own).unwrap_or(CloseCode::NORMAL)], both))
            }
            (Some(Role::Server), _) => {
                // Whoever fails a connection does not have to wait for an answer.
                plain(target(code.map_or_else(|| implied(broken), |code| vec![code]), both && !self.stimulus))
            }
            (None, Ending::Reset(Role::Client)) => {
                let close = close(Closer::Us, vec![CloseCode::NORMAL], false);
                End { last: Some(Step::Reset), ..plain(close) }
            }
            (None, Ending::Finished(Role::Client)) => {
                // Without a close frame of ours it is the target that ends the connection.
                End { last: Some(Step::HalfClose), ..plain(target(implied(broken), false)) }
            }
            (None, Ending::Finished(Role::Server) | Ending::Reset(Role::Server)) => {
                End { differs: Some(Differs::NoCloseFrame), ..plain(target(implied(broken), false)) }
            }
            (None, Ending::Open | Ending::Refused) => {
                let mut body = Vec::new();
                CloseBody::Status(CloseCode::NORMAL, b"").write(&mut body);
                End {
                    last: Some(Step::Frame(Frame::new(Opcode::CLOSE, Payload::Bytes(body.into())))),
                    differs: Some(Differs::StillOpen),
                    ..plain(close(Closer::Us, vec![CloseCode::NORMAL], true))
                }
            }
        }
    }
}

fn close(by: Closer, codes: Vec<CloseCode>, clean: bool) -> Close {
    Close { by, codes, clean, wrong_end_fails: false, wrong_code_fails: false, may_be_bare: true }
}

/// Whether a rule behind the opening handshake is one upon which a connection has to be failed.
pub(super) fn calls_for_failing(rule: Rule) -> bool {
    !is_of_opening(rule) && rule.close_code().is_some()
}

fn calls(mut faults: Rules) -> bool {
    faults.any(calls_for_failing)
}

/// The codes with which a server answers what the client did.
fn implied(broken: &[(Role, Rule)]) -> Vec<CloseCode> {
    let mut codes = Vec::new();
    for code in broken.iter().filter(|(by, _)| *by == Role::Client).filter_map(|(_, rule)| rule.close_code()) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    if codes.is_empty() {
        codes.push(CloseCode::NORMAL);
    }
    codes
}

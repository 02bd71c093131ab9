//! The opening handshake, found on any port and after any other requests.
//!
//! Requests and responses are read as far as they have to be to find the next ones. Where something of them is
//! missing, or the capture began later, frames are looked for beside them.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::attempt::{self, Attempt};
use super::held::Held;
use super::http::{Beginning, Body, beginning};
use super::open::Open;
use super::seek::Seeker;
use super::told::Told;
use super::way::Way;
use crate::capture::{End, Ending, Note, NoteKind, Place};
use crate::proto::deflate::{self, Direction};
use crate::proto::opening::{self, Judged, judge_response};
use crate::proto::{Role, Rules};
use crate::wire::Head;
use crate::wire::http::{Limits, Request, Response};

/// The longest head that is read.
const LIMITS: Limits = Limits { max_bytes: 64 * 1024, max_headers: 256 };

/// What is held while it is not known what the other end said.
const PATIENCE: usize = 64 * 1024;

/// What nobody can read is looked at for so many bytes in a direction.
const UNREAD: u64 = 1024 * 1024;

/// So many requests may wait for their responses.
const MAX_PENDING: usize = 256;

/// How much has to speak for frames where no handshake does: [`Seeker::proof`].
const PROOF: u32 = 4;

/// The same when nothing more comes.
const LAST_PROOF: u32 = 2;

/// What the bytes so far came to.
pub(super) enum Outcome {
    /// It goes on.
    Stay,
    /// This is nothing that is read here.
    Ignore,
    /// A WebSocket.
    Open(Box<Open>),
    /// A tunnel: what follows begins anew.
    Restart(Box<[Held; 2]>),
}

/// A TCP connection, or what is inside TLS, before it is a WebSocket.
#[derive(Debug)]
pub(super) struct Opening {
    addresses: [SocketAddr; 2],
    first: Place,
    /// Whether the beginning was captured.
    whole: bool,
    client: Option<End>,
    ends: [Talker; 2],
    pending: VecDeque<Pending>,
    /// A request came before.
    requests: u64,
    tls: Option<String>,
    /// The target of a request that misses its rest.
    line: Option<String>,
    /// Which end ended the TCP connection first, whether by a reset, and where.
    ended: Option<(End, bool, Place)>,
}

/// What an end said.
#[derive(Debug)]
struct Talker {
    state: State,
    held: Held,
    /// Where in the stream the first byte is that is held, by whomever.
    offset: u64,
}

#[derive(Debug)]
enum State {
    /// A head begins.
    Head,
    Body(Body),
    /// Nobody knows what comes.
    Adrift(Box<Seeker>),
}

/// A request that was not answered yet.
#[derive(Debug)]
struct Pending {
    method: String,
    attempt: Option<Box<Attempt>>,
}

impl Pending {
    /// Whether the client speaks another protocol afterwards if the server agrees.
    fn may_switch(&self) -> bool {
        self.attempt.is_some() || self.method == "CONNECT"
    }
}

impl Opening {
    pub(super) fn new(addresses: [SocketAddr; 2], client: Option<End>, first: Place, offsets: [u64; 2]) -> Self {
        let talker = |offset| Talker { state: State::Head, held: Held::default(), offset };
        Self {
            addresses,
            first,
            whole: client.is_some(),
            client,
            ends: offsets.map(talker),
            pending: VecDeque::new(),
            requests: 0,
            tls: None,
            line: None,
            ended: None,
        }
    }

    /// It is inside TLS.
    pub(super) fn describe(&mut self, tls: Option<String>) {
        self.tls = tls;
    }

    pub(super) const fn is_described(&self) -> bool {
        self.tls.is_some()
    }

    /// A SYN was seen.
    pub(super) fn opened(&mut self, by: End) {
        if self.requests == 0 {
            self.whole = true;
            self.client.get_or_insert(by);
        }
    }

    pub(super) fn bytes(&mut self, from: End, bytes: &mut [u8], place: Place, told: &mut Told<'_>) -> Outcome {
        let talker = &mut self.ends[from.index()];
        let mut rest: &[u8] = bytes;
        if let State::Body(body) = &mut talker.state {
            let (count, over) = body.pass(rest);
            talker.offset += count as u64;
            rest = &rest[count..];
            if over {
                talker.state = State::Head;
            }
        }
        if let State::Adrift(seeker) = &mut talker.state {
            let found = matches!(beginning(rest), Beginning::Request | Beginning::Response);
            if !found || seeker.proof() > 0 {
                talker.offset += seeker.take(rest, place);
                return self.guess(PROOF, told);
            }
            talker.offset += seeker.clear();
            talker.state = State::Head;
        }
        if rest.is_empty() {
            return Outcome::Stay;
        }
        talker.held.push(rest, place);
        self.advance(false, told)
    }

    /// Reads heads as far as they are there. `last`: nothing more comes.
    fn advance(&mut self, last: bool, told: &mut Told<'_>) -> Outcome {
        loop {
            let mut progress = false;
            for end in [End::First, End::Second] {
                let talker = &self.ends[end.index()];
                if !matches!(talker.state, State::Head) || talker.held.is_empty() {
                    continue;
                }
                match beginning(talker.held.bytes()) {
                    Beginning::Http2 => {
                        self.note_not_read(end, "HTTP/2", told);
                        return Outcome::Ignore;
                    }
                    // Whoever waits for the answer to an upgrade may go on with frames.
                    _ if self.client == Some(end) && self.waits() => {
                        if talker.held.len() > PATIENCE || last {
                            return self.without_response(told);
                        }
                        continue;
                    }
                    Beginning::Request if self.client != Some(end.other()) || !self.whole => self.client = Some(end),
                    Beginning::Response if self.client != Some(end) || !self.whole => self.client = Some(end.other()),
                    Beginning::Short if talker.held.len() < LIMITS.max_bytes => continue,
                    _ => match self.stray(end, told) {
                        Outcome::Stay => continue,
                        outcome => return outcome,
                    },
                }
                let step = if self.client == Some(end) { self.request(end, told) } else { self.response(end, last, told) };
                match step {
                    Step::Wait => {}
                    Step::Again => progress = true,
                    Step::Done(outcome) => return outcome,
                }
            }
            if !progress {
                return Outcome::Stay;
            }
        }
    }

    /// Whether a request waits for an answer upon which the protocol may change.
    fn waits(&self) -> bool {
        self.pending.back().is_some_and(Pending::may_switch)
    }

    fn request(&mut self, end: End, told: &mut Told<'_>) -> Step {
        let talker = &mut self.ends[end.index()];
        if !has_empty_line(talker.held.bytes()) && talker.held.len() < LIMITS.max_bytes {
            return Step::Wait;
        }
        let place = |index| talker.held.place(index).unwrap_or_default();
        let parsed = Request::parse(talker.held.bytes(), &LIMITS);
        let first = if self.requests == 0 { self.first } else { place(0) };
        let addresses = [self.addresses[end.index()], self.addresses[end.other().index()]];
        match parsed {
            Ok(None) => Step::Wait,
            Ok(Some((request, size))) => {
                let last = place(size - 1);
                self.requests += 1;
                let attempt = attempt::is_attempt(&request).then(|| {
                    let blank = Attempt::blank(told.number(), addresses, first, last, self.tls.clone());
                    Box::new(blank.asked(&request, talker.offset))
                });
                talker.held.drop_front(size);
                talker.offset += size as u64;
                let body = Body::of_request(&request.headers);
                let switches = attempt.is_some() || request.method == "CONNECT";
                if !switches && !body.is_over() {
                    talker.state = State::Body(body);
                }
                self.pending.push_back(Pending { method: request.method, attempt });
                if self.pending.len() > MAX_PENDING { Step::Done(Outcome::Ignore) } else { Step::Again }
            }
            Err(error) => {
                if attempt::looks_like_one(talker.held.bytes()) {
                    let last = place(talker.held.len() - 1);
                    let blank = Attempt::blank(told.number(), addresses, first, last, self.tls.clone());
                    blank.malformed(&error, talker.held.bytes(), talker.offset).give_up(Ending::Refused, None, told);
                }
                match self.stray(end, told) {
                    Outcome::Stay => Step::Wait,
                    outcome => Step::Done(outcome),
                }
            }
        }
    }

    fn response(&mut self, end: End, last: bool, told: &mut Told<'_>) -> Step {
        let talker = &mut self.ends[end.index()];
        if !has_empty_line(talker.held.bytes()) && talker.held.len() < LIMITS.max_bytes {
            return Step::Wait;
        }
        let (response, size) = match Response::parse(talker.held.bytes(), &LIMITS) {
            Ok(None) => return Step::Wait,
            Ok(Some(parsed)) => parsed,
            Err(error) => {
                if let Some(Pending { attempt: Some(mut attempt), .. }) = self.pending.pop_front() {
                    let place = talker.held.place(talker.held.len() - 1).unwrap_or_default();
                    attempt.not_answered(&error, talker.offset, place);
                    attempt.give_up(Ending::Refused, Some(place), told);
                }
                return match self.stray(end, told) {
                    Outcome::Stay => Step::Wait,
                    outcome => Step::Done(outcome),
                };
            }
        };
        let is_open = response.status == 101 && response.headers.has_token("Upgrade", "websocket");
        let interim = (100..200).contains(&response.status) && response.status != 101;
        let unread = self.ends[end.other().index()].held.len();
        let client_lost = matches!(self.ends[end.other().index()].state, State::Adrift(_));
        let talker = &mut self.ends[end.index()];
        if self.pending.is_empty()
            && !interim
            && self.whole
            && !client_lost
            && !last
            && talker.held.len().max(unread) < PATIENCE
        {
            // Its request may have been captured later.
            return Step::Wait;
        }
        let [begins, ends] = [0, size - 1].map(|index| talker.held.place(index).unwrap_or_default());
        let offset = talker.offset;
        talker.held.drop_front(size);
        talker.offset += size as u64;
        if interim {
            return Step::Again;
        }
        let pending = self.pending.pop_front();
        let method = pending.as_ref().map_or("GET", |pending| pending.method.as_str()).to_owned();
        match pending.and_then(|pending| pending.attempt) {
            Some(mut attempt) if response.status == 101 => {
                let judged = judge_response(&attempt.asked, &response);
                attempt.answered(&response, judged.faults, offset, ends);
                Step::Done(self.open(*attempt, &judged, begins, told))
            }
            Some(mut attempt) => {
                let judged = judge_response(&attempt.asked, &response);
                attempt.answered(&response, judged.faults, offset, ends);
                attempt.give_up(Ending::Refused, Some(ends), told);
                self.pass_body(end, &response, &method);
                Step::Again
            }
            None if is_open => {
                let addresses = [self.addresses[end.other().index()], self.addresses[end.index()]];
                let mut attempt = Attempt::blank(told.number(), addresses, self.first, begins, self.tls.clone());
                // What it should have answered is not known.
                attempt.answered(&response, Rules::NONE, offset, ends);
                let judged = judge_response(&opening::Asked::default(), &response);
                Step::Done(self.open(attempt, &judged, begins, told))
            }
            None if response.status == 101 => Step::Done(Outcome::Ignore),
            None if method == "CONNECT" && (200..300).contains(&response.status) => {
                let [first, second] = &mut self.ends;
                let held = [std::mem::take(&mut first.held), std::mem::take(&mut second.held)];
                Step::Done(Outcome::Restart(Box::new(held)))
            }
            None => {
                self.pass_body(end, &response, &method);
                Step::Again
            }
        }
    }

    /// Where in the stream the next byte of an end is that was not read.
    pub(super) fn offset(&self, end: End) -> u64 {
        self.ends[end.index()].offset
    }

    fn pass_body(&mut self, end: End, response: &Response, method: &str) {
        let talker = &mut self.ends[end.index()];
        let mut body = Body::of_response(response, method);
        if body.is_over() {
            return;
        }
        let (count, over) = body.pass(talker.held.bytes());
        talker.held.drop_front(count);
        talker.offset += count as u64;
        if !over {
            talker.state = State::Body(body);
        }
    }

    /// The server has agreed: what was held are frames.
    fn open(&mut self, attempt: Attempt, judged: &Judged, answered: Place, told: &mut Told<'_>) -> Outcome {
        let deflate = judged.agreed.as_ref().and_then(opening::Agreed::deflate);
        let direction = |role| deflate.as_ref().map(|agreed: &deflate::Agreed| agreed.direction(role));
        let client = self.client.unwrap_or(End::First);
        let ways = [(Role::Client, client), (Role::Server, client.other())].map(|(role, end)| {
            let talker = &self.ends[end.index()];
            let adrift = matches!(talker.state, State::Adrift(_));
            let way = if adrift { Way::adrift } else { Way::new };
            way(role, talker.offset, direction(role), told.options.max_message)
        });
        let early = self.ends[client.index()].held.place(0);
        let early = early.filter(|frame| frame.packet < answered.packet && frame.time < answered.time);
        let mut open = attempt.open(ways, false, told);
        if let Some(place) = early {
            open.too_early(place, told);
        }
        self.hand_over(&mut open, client, told);
        Outcome::Open(Box::new(open))
    }

    /// Gives an open connection what was held for it.
    fn hand_over(&mut self, open: &mut Open, client: End, told: &mut Told<'_>) {
        for (role, end) in [(Role::Client, client), (Role::Server, client.other())] {
            let talker = &mut self.ends[end.index()];
            let state = std::mem::replace(&mut talker.state, State::Head);
            let mut held = match state {
                State::Adrift(seeker) => seeker.into_held(),
                _ => std::mem::take(&mut talker.held),
            };
            let last = held.place(0).unwrap_or(self.first);
            let missing = held.replay(|missing, bytes, place| {
                open.missing(role, missing, place, told);
                open.bytes(role, bytes, place, told);
            });
            open.missing(role, missing, last, told);
        }
    }

    /// Bytes that are no HTTP. If nothing speaks for a WebSocket, the rest is not read.
    fn stray(&mut self, end: End, told: &mut Told<'_>) -> Outcome {
        if self.whole && self.pending.iter().all(|pending| pending.attempt.is_none()) {
            return Outcome::Ignore;
        }
        let role = self.role(end);
        let talker = &mut self.ends[end.index()];
        let mut seeker = Box::new(Seeker::new(role, Head::RSV1));
        let mut given_up = 0;
        talker.held.replay(|_, bytes, place| given_up += seeker.take(bytes, place));
        talker.offset += given_up;
        talker.state = State::Adrift(seeker);
        self.guess(PROOF, told)
    }

    fn role(&self, end: End) -> Option<Role> {
        self.client.filter(|_| self.whole || self.requests > 0).map(|client| match client == end {
            true => Role::Client,
            false => Role::Server,
        })
    }

    /// The server's answer is missing: what its client sent may be frames all the same.
    fn without_response(&mut self, told: &mut Told<'_>) -> Outcome {
        let Some(client) = self.client else { return Outcome::Stay };
        let offset = self.ends[client.index()].offset;
        let mut seeker = Seeker::new(Some(Role::Client), Head::RSV1);
        seeker.take(self.ends[client.index()].held.bytes(), self.first);
        let frames = seeker.proof() > 0 && seeker.passed() == 0;
        let attempt = self.pending.iter_mut().rev().find_map(|pending| pending.attempt.take());
        match attempt {
            Some(attempt) if frames => {
                let offers = attempt.asked.extensions.iter().any(|offer| offer.name == deflate::NAME);
                let whole = Direction { context_takeover: true, window_bits: 15 };
                let after = Direction { context_takeover: false, window_bits: 15 };
                let max = told.options.max_message;
                let ways = [
                    Way::new(Role::Client, offset, offers.then_some(whole), max),
                    Way::adrift(Role::Server, self.ends[client.other().index()].offset, offers.then_some(after), max),
                ];
                let mut open = attempt.open(ways, true, told);
                self.hand_over(&mut open, client, told);
                Outcome::Open(Box::new(open))
            }
            Some(attempt) => {
                attempt.give_up(Ending::Open, None, told);
                Outcome::Ignore
            }
            None => Outcome::Ignore,
        }
    }

    /// Takes what looks like frames for a WebSocket if enough speaks for it.
    fn guess(&mut self, proof: u32, told: &mut Told<'_>) -> Outcome {
        let seekers = [End::First, End::Second].map(|end| match &self.ends[end.index()].state {
            State::Adrift(seeker) => Some(&**seeker),
            _ => None,
        });
        let waits = self.pending.iter().any(|pending| pending.attempt.is_some());
        let enough = if waits { 1 } else { proof };
        let proofs = seekers.map(|seeker| seeker.map_or(0, Seeker::proof));
        let unread = |seeker: &Option<&Seeker>| seeker.is_some_and(|seeker| seeker.passed() > UNREAD);
        if proofs[0] + proofs[1] < enough {
            return if !waits && seekers.iter().any(unread) { Outcome::Ignore } else { Outcome::Stay };
        }
        // The end that proves more says who is who.
        let strong = if proofs[0] >= proofs[1] { End::First } else { End::Second };
        let Some(role) = seekers[strong.index()].and_then(Seeker::sender) else { return Outcome::Stay };
        let client = if role == Role::Client { strong } else { strong.other() };
        self.client = Some(client);
        let frame = match &self.ends[strong.index()].state {
            State::Adrift(seeker) => seeker.first().unwrap_or(self.first),
            _ => self.first,
        };
        let attempt = self.pending.iter_mut().rev().find_map(|pending| pending.attempt.take());
        let offers = attempt
            .as_ref()
            .is_none_or(|attempt| attempt.asked.extensions.iter().any(|offer| offer.name == deflate::NAME));
        let addresses = [self.addresses[client.index()], self.addresses[client.other().index()]];
        let attempt = attempt.map_or_else(
            || Attempt::blank(told.number(), addresses, self.first, frame, self.tls.clone()).at(self.line.take()),
            |attempt| *attempt,
        );
        let ways = [(Role::Client, client), (Role::Server, client.other())].map(|(role, end)| {
            let talker = &self.ends[end.index()];
            let adrift = !(waits && role == Role::Client && matches!(talker.state, State::Head));
            let direction = Direction { context_takeover: !adrift, window_bits: 15 };
            let way = if adrift { Way::adrift } else { Way::new };
            way(role, talker.offset, offers.then_some(direction), told.options.max_message)
        });
        let mut open = attempt.open(ways, true, told);
        self.hand_over(&mut open, client, told);
        Outcome::Open(Box::new(open))
    }

    fn note_not_read(&self, from: End, what: &'static str, told: &mut Told<'_>) {
        let note = Note {
            connection: None,
            from: self.addresses[from.index()],
            to: self.addresses[from.other().index()],
            kind: NoteKind::NotRead { what },
            place: self.first,
        };
        told.tell(&crate::capture::Event::Note(&note));
    }

    /// Bytes of an end are missing.
    pub(super) fn lost(&mut self, from: End, count: u64, told: &mut Told<'_>) -> Outcome {
        let role = self.role(from);
        let talker = &mut self.ends[from.index()];
        if let State::Body(body) = &mut talker.state
            && body.lose(count)
        {
            if body.is_over() {
                talker.state = State::Head;
            }
            talker.offset += count;
            return Outcome::Stay;
        }
        let dropped = match &mut talker.state {
            State::Adrift(seeker) => {
                talker.offset += seeker.lost(count);
                return self.guess(PROOF, told);
            }
            State::Head | State::Body(_) => {
                let dropped = talker.held.len() as u64;
                if self.client.is_none_or(|client| client == from) {
                    self.line = attempt::target(talker.held.bytes()).or(self.line.take());
                }
                talker.held.clear();
                talker.state = State::Adrift(Box::new(Seeker::new(role, Head::RSV1)));
                dropped
            }
        };
        talker.offset += dropped + count;
        if self.pending.is_empty() {
            // Nobody knows what was asked or answered.
            self.whole = false;
        }
        Outcome::Stay
    }

    /// The TCP connection ends in this direction.
    pub(super) fn ended(&mut self, from: End, reset: bool, place: Place) {
        self.ended.get_or_insert((from, reset, place));
    }

    /// Nothing more comes: what is there has to be enough.
    pub(super) fn finish(mut self, told: &mut Told<'_>) -> Option<Box<Open>> {
        let outcome = match self.advance(true, told) {
            Outcome::Stay => self.guess(LAST_PROOF, told),
            outcome => outcome,
        };
        if let Outcome::Open(mut open) = outcome {
            if let Some((end, reset, place)) = self.ended {
                let role = if self.client == Some(end) { Role::Client } else { Role::Server };
                open.ended(role, reset, place, told);
            }
            return Some(open);
        }
        for pending in std::mem::take(&mut self.pending) {
            let Some(attempt) = pending.attempt else { continue };
            let ending = self.ended.map_or(Ending::Open, |(end, reset, _)| {
                let role = if self.client == Some(end) { Role::Client } else { Role::Server };
                if reset { Ending::Reset(role) } else { Ending::Finished(role) }
            });
            attempt.give_up(ending, self.ended.map(|(_, _, place)| place), told);
        }
        None
    }

    /// Whether somebody asked for a WebSocket and was not answered yet.
    pub(super) fn has_attempt(&self) -> bool {
        self.pending.iter().any(|pending| pending.attempt.is_some())
    }

    /// Which end is the client, once that is known.
    pub(super) const fn client(&self) -> Option<End> {
        self.client
    }
}

/// How it goes on after a head was looked at.
enum Step {
    /// More is needed.
    Wait,
    /// The next one may be there.
    Again,
    Done(Outcome),
}

/// Whether an empty line ends a head.
fn has_empty_line(bytes: &[u8]) -> bool {
    let start = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let bytes = &bytes[start..];
    bytes.windows(2).any(|two| two == b"\n\n") || bytes.windows(3).any(|three| three == b"\n\r\n")
}

//! The opening handshake, found on any port and after any other requests.
//!
//! Requests and responses are read as far as they have to be to find the next ones. Where something of them is
//! missing, or the capture began later, frames are looked for beside them.

mod recognise;
mod talker;

use std::collections::VecDeque;
use std::net::SocketAddr;

use self::recognise::{LAST_PROOF, PROOF};
use self::talker::{State, Talker};
use super::attempt::{self, Attempt};
use super::held::Held;
use super::http::{Beginning, Body, beginning};
use super::open::Open;
use super::told::Told;
use crate::capture::{End, Ending, Note, NoteKind, Place};
use crate::proto::opening::{self, judge_response};
use crate::proto::{Role, Rules};
use crate::wire::http::{Limits, Request, Response};

/// The longest head that is read.
const LIMITS: Limits = Limits { max_bytes: 64 * 1024, max_headers: 256 };

/// What is held while it is not known what the other end said.
const PATIENCE: usize = 64 * 1024;

/// What is held of a client that does not wait for the response to its attempt.
const EARLY: usize = 1024 * 1024;

/// How a response begins.
const RESPONSE: &[u8] = b"HTTP/1.";

/// So many requests may wait for their responses.
const MAX_PENDING: usize = 256;

/// What the bytes so far came to.
pub(in crate::capture::session) enum Outcome {
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
pub(in crate::capture::session) struct Opening {
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
    /// The status of a response that misses its rest.
    status: Option<u16>,
    /// Which end ended the TCP connection first, whether by a reset, and where.
    ended: Option<(End, bool, Place)>,
}

/// A request that was not answered yet.
#[derive(Debug)]
struct Pending {
    method: String,
    /// The body, if it was not passed over: it is no body if the protocol changes.
    body: Option<Body>,
    attempt: Option<Box<Attempt>>,
}

impl Pending {
    /// Whether the client speaks another protocol afterwards if the server agrees.
    fn may_switch(&self) -> bool {
        self.attempt.is_some() || self.method == "CONNECT"
    }
}

impl Opening {
    pub(in crate::capture::session) fn new(
        addresses: [SocketAddr; 2],
        client: Option<End>,
        first: Place,
        offsets: [u64; 2],
    ) -> Self {
        let talker = |offset| Talker { state: State::Head, held: Held::default(), offset, searched: 0, begins: None };
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
            status: None,
            ended: None,
        }
    }

    /// It is inside TLS.
    pub(in crate::capture::session) fn describe(&mut self, tls: Option<String>) {
        self.tls = tls;
    }

    pub(in crate::capture::session) const fn is_described(&self) -> bool {
        self.tls.is_some()
    }

    /// A SYN was seen.
    pub(in crate::capture::session) fn opened(&mut self, by: End) {
        if self.requests == 0 {
            self.whole = true;
            self.client.get_or_insert(by);
        }
    }

    pub(in crate::capture::session) fn bytes(
        &mut self,
        from: End,
        bytes: &mut [u8],
        place: Place,
        told: &mut Told<'_>,
    ) -> Outcome {
        let talker = &mut self.ends[from.index()];
        let mut rest: &[u8] = bytes;
        if self.requests == 0 && matches!(talker.state, State::Body(_)) && rest.starts_with(RESPONSE) {
            // Without the request nobody knows whether there was a body at all: to a HEAD there is none.
            talker.state = State::Head;
        }
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
            let waits = self.pending.iter().any(|pending| pending.attempt.is_some());
            if !found || seeker.proof() > 0 && !waits {
                talker.offset += seeker.take(rest, place);
                return self.guess(PROOF, told);
            }
            talker.offset += seeker.clear();
            talker.state = State::Head;
            talker.forget();
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
                let talker = &mut self.ends[end.index()];
                if !matches!(talker.state, State::Head) || talker.held.is_empty() {
                    continue;
                }
                let begins = talker.beginning();
                let held = talker.held.len();
                match begins {
                    Beginning::Http2 => {
                        self.note_not_read(end, "HTTP/2", told);
                        return Outcome::Ignore;
                    }
                    Beginning::Proxy(size) => {
                        self.ends[end.index()].take(size);
                        return self.restart();
                    }
                    // Whoever waits for the answer to an upgrade may go on with frames.
                    _ if self.client == Some(end) && self.waits() => {
                        if held > EARLY || last {
                            return self.without_response(told);
                        }
                        continue;
                    }
                    Beginning::Request if self.client != Some(end.other()) || !self.whole => self.client = Some(end),
                    Beginning::Response if self.client != Some(end) || !self.whole => self.client = Some(end.other()),
                    Beginning::Short if held < LIMITS.max_bytes => continue,
                    _ => match self.stray(end, told) {
                        Outcome::Stay => continue,
                        outcome => return outcome,
                    },
                }
                let step =
                    if self.client == Some(end) { self.request(end, told) } else { self.response(end, last, told) };
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

    /// What was held is not of this.
    fn restart(&mut self) -> Outcome {
        let [first, second] = &mut self.ends;
        let held = [std::mem::take(&mut first.held), std::mem::take(&mut second.held)];
        Outcome::Restart(Box::new(held))
    }

    /// Whether a request waits for an answer upon which the protocol may change.
    fn waits(&self) -> bool {
        self.pending.back().is_some_and(Pending::may_switch)
    }

    fn request(&mut self, end: End, told: &mut Told<'_>) -> Step {
        let talker = &mut self.ends[end.index()];
        if !talker.has_head() {
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
                talker.take(size);
                let body = Body::of_request(&request.headers);
                let switches = attempt.is_some() || request.method == "CONNECT";
                if !switches {
                    talker.begin(body);
                }
                self.pending.push_back(Pending { method: request.method, body: switches.then_some(body), attempt });
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
        if !talker.has_head() {
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
        talker.take(size);
        if interim {
            return Step::Again;
        }
        let pending = self.pending.pop_front();
        if let Some(body) = pending.as_ref().and_then(|pending| pending.body) {
            // Declared it belongs to the request, whatever is answered.
            self.ends[end.other().index()].begin(body);
        }
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
                self.ends[end.index()].begin(Body::of_response(&response, &method));
                Step::Again
            }
            None if is_open => {
                let addresses = [self.addresses[end.other().index()], self.addresses[end.index()]];
                let mut attempt = Attempt::blank(told.number(), addresses, self.first, begins, self.tls.clone());
                attempt = attempt.at(self.line.take(), None);
                // What it should have answered is not known.
                attempt.answered(&response, Rules::NONE, offset, ends);
                let judged = judge_response(&opening::Asked::default(), &response);
                Step::Done(self.open(attempt, &judged, begins, told))
            }
            None if response.status == 101 => Step::Done(Outcome::Ignore),
            None if method == "CONNECT" && (200..300).contains(&response.status) => Step::Done(self.restart()),
            None => {
                let talker = &mut self.ends[end.index()];
                if self.requests > 0 || !talker.held.bytes().starts_with(RESPONSE) {
                    talker.begin(Body::of_response(&response, &method));
                }
                Step::Again
            }
        }
    }

    /// Where in the stream the next byte of an end is that was not read.
    pub(in crate::capture::session) fn offset(&self, end: End) -> u64 {
        self.ends[end.index()].offset
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

    /// The TCP connection ends in this direction.
    pub(in crate::capture::session) fn ended(&mut self, from: End, reset: bool, place: Place) {
        self.ended.get_or_insert((from, reset, place));
    }

    /// Nobody reads on: tells the attempts that were not answered.
    pub(in crate::capture::session) fn abandon(&mut self, told: &mut Told<'_>) {
        for attempt in self.pending.drain(..).filter_map(|pending| pending.attempt) {
            attempt.give_up(Ending::Open, None, told);
        }
    }

    /// Nothing more comes: what is there has to be enough.
    pub(in crate::capture::session) fn finish(mut self, told: &mut Told<'_>) -> Option<Box<Open>> {
        let outcome = match self.advance(true, told) {
            Outcome::Stay => self.guess(LAST_PROOF, told),
            outcome => outcome,
        };
        if let Outcome::Open(mut open) = outcome {
            if let Some((end, reset, place)) = self.ended {
                let role = if self.client == Some(end) { Role::Client } else { Role::Server };
                open.ended(role, reset, place);
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

    /// Memory in bytes that depends on what came.
    pub(in crate::capture::session) fn kept(&self) -> usize {
        let of = |talker: &Talker| match &talker.state {
            State::Adrift(seeker) => seeker.kept(),
            State::Head | State::Body(_) => talker.held.kept(),
        };
        of(&self.ends[0]) + of(&self.ends[1])
    }

    /// Whether somebody asked for a WebSocket and was not answered yet.
    pub(in crate::capture::session) fn has_attempt(&self) -> bool {
        self.pending.iter().any(|pending| pending.attempt.is_some())
    }

    /// Which end is the client, once that is known.
    pub(in crate::capture::session) const fn client(&self) -> Option<End> {
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

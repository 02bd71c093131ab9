//! From an opening to an open connection: by the server's answer, or by what looks like frames.

use std::time::Duration;

use super::{Opening, Outcome, State};
use crate::capture::session::attempt::{self, Attempt};
use crate::capture::session::open::Open;
use crate::capture::session::seek::Seeker;
use crate::capture::session::told::Told;
use crate::capture::session::way::Way;
use crate::capture::{End, Ending, Place};
use crate::proto::Role;
use crate::proto::deflate::{self, Direction};
use crate::proto::opening::{self, Judged};
use crate::wire::Head;

/// What nobody can read is looked at for so many bytes in a direction.
const UNREAD: u64 = 1024 * 1024;

/// How much has to speak for frames where no handshake does: [`Seeker::proof`].
pub(super) const PROOF: u32 = 4;

/// The same when nothing more comes.
pub(super) const LAST_PROOF: u32 = 2;

/// So much packets that were captured in several places may be out of order.
const OUT_OF_ORDER: Duration = Duration::from_millis(2);

/// So many bytes that are no frames speak against frames at the other end.
const STRANGE: u64 = 256;

impl Opening {
    /// The server has agreed: what was held are frames.
    pub(super) fn open(&mut self, attempt: Attempt, judged: &Judged, answered: Place, told: &mut Told<'_>) -> Outcome {
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
        // Where packets were captured out of order a frame may stand shortly before the response it waited for.
        let shortly = |frame: &Place| answered.since(*frame).is_none_or(|time| time < OUT_OF_ORDER);
        let early = early.filter(|frame| frame.packet < answered.packet);
        let early = early.filter(|frame| frame.packet == attempt.asked_in().packet || !shortly(frame));
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
    pub(super) fn stray(&mut self, end: End, told: &mut Told<'_>) -> Outcome {
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
        talker.forget();
        self.guess(PROOF, told)
    }

    fn role(&self, end: End) -> Option<Role> {
        self.client.filter(|_| self.whole || self.requests > 0).map(|client| match client == end {
            true => Role::Client,
            false => Role::Server,
        })
    }

    /// The server's answer is missing: what its client sent may be frames all the same.
    pub(super) fn without_response(&mut self, told: &mut Told<'_>) -> Outcome {
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
    pub(super) fn guess(&mut self, proof: u32, told: &mut Told<'_>) -> Outcome {
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
        // Where one end says much that are no frames, the other end's are hardly any.
        let other =
            |index: usize| seekers[1 - index].is_some_and(|seeker| seeker.proof() == 0 && seeker.passed() > STRANGE);
        let strange = (0..2).any(|index| proofs[index] > 0 && other(index));
        if strange && !waits && proofs[0].max(proofs[1]) < 4 * enough {
            return Outcome::Stay;
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
            || {
                Attempt::blank(told.number(), addresses, self.first, frame, self.tls.clone())
                    .at(self.line.take(), self.status)
            },
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

    /// Bytes of an end are missing.
    pub(in crate::capture::session) fn lost(&mut self, from: End, count: u64, told: &mut Told<'_>) -> Outcome {
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
                self.line = attempt::target(talker.held.bytes()).or(self.line.take());
                self.status = attempt::switched(talker.held.bytes()).or(self.status);
                talker.held.clear();
                talker.state = State::Adrift(Box::new(Seeker::new(role, Head::RSV1)));
                dropped
            }
        };
        talker.offset += dropped + count;
        talker.forget();
        if self.pending.is_empty() {
            // Nobody knows what was asked or answered.
            self.whole = false;
        }
        // A response may have waited for the request that is lost.
        self.advance(false, told)
    }
}

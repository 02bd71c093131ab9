//! A connection of a host: from what comes to what the application is told.

use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::guards::{Guards, Let};
use super::request::{Packing, Request, UserInfo};
use super::service::House;
use super::{Application, Caller, Malformed, Visit, Voice};
use crate::app::auth::Passage;
use crate::app::limit::Remaining;
use crate::net::{Inband, Session};
use crate::proto::{Event, Kind, Message, Outbound, ReadyState};
use crate::wire::CloseCode;

/// With so many bytes of answers that are not sent yet no more messages are answered.
const ENOUGH: usize = 256 << 10;

/// A client of the application of a [`Host`](super::Host).
pub struct Hosted<A: Application> {
    house: Arc<House<A>>,
    caller: Box<Caller>,
    /// Nothing until it is known who it is, where that has to be.
    visit: Option<A::Visit>,
    /// Nothing where there is nothing to guard.
    guards: Option<Box<Guards>>,
    /// A message that is one too many for now; what came behind it is not read yet.
    held: Option<Box<Held>>,
    /// Whether so many answers are not sent yet that no more messages are answered.
    full: bool,
    /// The most bytes that a packed message may have when it is unpacked.
    max_message: usize,
}

/// A message that waits.
struct Held {
    message: Message<'static>,
    until: Instant,
}

impl<A: Application> Hosted<A> {
    pub(super) fn new(house: Arc<House<A>>, caller: Caller, guards: Guards, max_message: usize) -> Self {
        let guards = (!guards.is_empty()).then(|| Box::new(guards));
        Self { house, caller: Box::new(caller), visit: None, guards, held: None, full: false, max_message }
    }

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    /// The connection is open.
    fn begin(&mut self, out: &mut Outbound) {
        let gate = self.guards.as_mut().and_then(|guards| guards.gate.as_mut());
        match gate {
            None => self.visit = Some(self.house.application.open(&self.caller)),
            Some(gate) => {
                if let Some(passage) = gate.open(Self::now()) {
                    self.pass(passage, out);
                }
            }
        }
        self.schedule();
    }

    /// Has the connection woken when there will be something to do.
    fn schedule(&self) {
        let Some(guards) = &self.guards else { return };
        let gate = guards.gate.as_ref().and_then(|gate| gate.gate().deadline());
        let held = self.held.as_ref().map(|held| held.until);
        let at = [gate, held].into_iter().flatten().min();
        self.house.deadlines.set(&self.caller.member, at);
    }

    /// Does what the gate says; whether the message is for somebody else.
    fn pass(&mut self, passage: Passage, out: &mut Outbound) -> bool {
        let (reply, ending) = match passage {
            Passage::Through => return true,
            Passage::Answered(reply) => (Some(reply), None),
            Passage::Shut(reply, ending) => (reply, Some(ending)),
        };
        let Some(guards) = &mut self.guards else { return true };
        let mut renewed = false;
        if let Some(user) = guards.gate.as_ref().and_then(|gate| gate.gate().user())
            && self.caller.user() != Some(user)
        {
            renewed = true;
            if let Some(metered) = &mut guards.meter {
                metered.allotment.set_user(&user.id);
            }
            self.caller.user = Some(Arc::new(user.clone()));
        }
        let mut voice = Voice::new(out, &self.caller);
        if let Some(reply) = reply {
            voice.send(&reply);
        }
        if let Some(ending) = ending {
            voice.close(ending.code(), ending.reason());
        }
        match &mut self.visit {
            Some(visit) if renewed => visit.renewed(&mut Voice::new(out, &self.caller)),
            None if renewed => self.visit = Some(self.house.application.open(&self.caller)),
            _ => {}
        }
        self.schedule();
        false
    }

    /// Whether it is one too many.
    fn judge(&mut self, message: &Message<'_>, out: &mut Outbound) {
        let Some(metered) = self.guards.as_mut().and_then(|guards| guards.meter.as_mut()) else {
            return self.let_in(message, out);
        };
        if self.visit.is_some() && Request::is_for_the_rate(message) {
            // Asking costs nothing: whoever may send nothing more has to be able to ask until when.
            return self.tell_rate(out);
        }
        match metered.judge(Self::now()) {
            Let::Pass => self.let_in(message, out),
            Let::Refuse(exceeded) => Voice::new(out, &self.caller).send(&exceeded),
            Let::Hold(until) => {
                self.held = Some(Box::new(Held { message: owned(message), until }));
                self.schedule();
            }
            Let::Close => Voice::new(out, &self.caller).close(CloseCode::POLICY, "Rate limit exceeded"),
        }
    }

    /// Goes on with the message that waits, if its time has come.
    fn release(&mut self, out: &mut Outbound) {
        if out.ready_state() != ReadyState::Open {
            // Nobody waits for answers any more, and what comes has to be read.
            (self.held, self.full) = (None, false);
        }
        let now = Self::now();
        if let Some(held) = self.held.take_if(|held| !self.full && held.until <= now) {
            self.judge(&held.message, out);
            self.full = out.queued() >= ENOUGH;
        }
    }

    /// The message is not one too many.
    fn let_in(&mut self, message: &Message<'_>, out: &mut Outbound) {
        let packed = self.caller.inband.filter(|_| message.kind == Kind::Binary);
        match packed.map(|inband| unpack(inband, message, self.max_message)) {
            None => self.hear(message, out),
            Some(Ok(message)) => self.hear(&message, out),
            Some(Err(Malformed)) => Voice::new(out, &self.caller).malformed(),
        }
    }

    /// The message is for the gate, or else for the application.
    fn hear(&mut self, message: &Message<'_>, out: &mut Outbound) {
        if let Some(gate) = self.guards.as_mut().and_then(|guards| guards.gate.as_mut()) {
            let passage = gate.hear(message, Self::now());
            if !self.pass(passage, out) {
                return;
            }
        }
        let Some(visit) = &mut self.visit else { return };
        if visit.message(message, &mut Voice::new(out, &self.caller)).is_err() {
            self.answer(message, out);
        }
    }

    /// What the application does not understand may be for the host.
    fn answer(&mut self, message: &Message<'_>, out: &mut Outbound) {
        match Request::read(message) {
            Ok(Request::UserInfo) => Voice::new(out, &self.caller).send(&UserInfo::of(&self.caller)),
            Ok(Request::RateLimit) => self.tell_rate(out),
            Ok(Request::Compression(inband)) => {
                Voice::new(out, &self.caller).send(&Packing::from(inband));
                if inband.is_some() {
                    self.caller.inband = inband;
                    // One that is gone need not be packed for.
                    let _set = self.caller.member.connections.pack(self.caller.id(), inband);
                }
            }
            Err(Malformed) => Voice::new(out, &self.caller).malformed(),
        }
    }

    fn tell_rate(&self, out: &mut Outbound) {
        let metered = self.guards.as_ref().and_then(|guards| guards.meter.as_ref());
        let now = Self::now();
        let allowance = metered.and_then(|metered| metered.allotment.look(now));
        Voice::new(out, &self.caller).send(&Remaining::new(allowance, now, SystemTime::now()));
    }
}

fn owned(message: &Message<'_>) -> Message<'static> {
    Message { kind: message.kind, payload: message.payload.to_vec().into() }
}

fn unpack(inband: Inband, message: &Message<'_>, limit: usize) -> Result<Message<'static>, Malformed> {
    let unpacked = inband.unpack(&message.payload, limit).map_err(|_| Malformed)?;
    String::from_utf8(unpacked).map(Message::text).map_err(|_| Malformed)
}

impl<A: Application> Session for Hosted<A> {
    fn event(&mut self, event: Event<'_>, out: &mut Outbound) {
        match event {
            Event::Open(_) => self.begin(out),
            Event::Message(message) => {
                self.judge(&message, out);
                self.full = out.queued() >= ENOUGH;
            }
            _ => {}
        }
    }

    fn holds(&self) -> bool {
        self.full || self.held.is_some()
    }

    fn drained(&mut self, out: &mut Outbound) {
        self.full = false;
        self.release(out);
    }

    fn woken(&mut self, out: &mut Outbound) {
        let now = Self::now();
        let gate = self.guards.as_mut().and_then(|guards| guards.gate.as_mut());
        if let Some(ending) = gate.and_then(|gate| gate.expire(now)) {
            return Voice::new(out, &self.caller).close(ending.code(), ending.reason());
        }
        self.release(out);
        self.schedule();
    }
}

impl<A: Application> Drop for Hosted<A> {
    fn drop(&mut self) {
        if self.guards.is_some() {
            self.house.deadlines.set(&self.caller.member, None);
        }
    }
}

impl<A: Application> fmt::Debug for Hosted<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosted").field("caller", &self.caller).field("guards", &self.guards).finish_non_exhaustive()
    }
}

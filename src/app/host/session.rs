//! A connection of a host: from what comes to what the application is told.

use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::guards::{Guards, Let};
use super::held::Held;
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

/// A connection of a [`Host`](super::Host).
pub struct Hosted<A: Application> {
    house: Arc<House<A>>,
    caller: Box<Caller>,
    /// Nothing until it is known who it is, where that has to be.
    visit: Option<A::Visit>,
    /// Nothing where there is nothing to guard.
    guards: Option<Box<Guards>>,
    /// Messages that wait; nothing where none do.
    held: Option<Box<Held>>,
    /// The most bytes that a packed message may have when it is unpacked.
    max_message: usize,
}

impl<A: Application> Hosted<A> {
    pub(super) fn new(house: Arc<House<A>>, caller: Caller, guards: Guards, max_message: usize) -> Self {
        let guards = (!guards.is_empty()).then(|| Box::new(guards));
        Self { house, caller: Box::new(caller), visit: None, guards, held: None, max_message }
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
        let held = self.held.as_ref().and_then(|held| held.until);
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
        if let Some(user) = guards.gate.as_ref().and_then(|gate| gate.gate().user()) {
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
        if self.visit.is_none() && self.caller.user.is_some() {
            self.visit = Some(self.house.application.open(&self.caller));
        }
        self.schedule();
        false
    }

    /// A message came.
    fn take(&mut self, message: &Message<'_>, out: &mut Outbound) {
        if self.held.is_none() && out.queued() < ENOUGH {
            self.judge(message, out);
        } else {
            self.hold(message);
        }
    }

    fn hold(&mut self, message: &Message<'_>) {
        self.held.get_or_insert_default().push(message);
    }

    /// Whether it is one too many.
    fn judge(&mut self, message: &Message<'_>, out: &mut Outbound) {
        let Some(metered) = self.guards.as_mut().and_then(|guards| guards.meter.as_mut()) else {
            return self.let_in(message, out);
        };
        let asks = message.as_text().is_some_and(|text| text.contains("\"rate_limit\""));
        if asks && matches!(Voice::read(message), Ok(Request::RateLimit)) && self.visit.is_some() {
            // Asking costs nothing: whoever may send nothing more has to be able to ask until when.
            return self.tell_rate(out);
        }
        match metered.judge(Self::now()) {
            Let::Pass => self.let_in(message, out),
            Let::Refuse(exceeded) => Voice::new(out, &self.caller).send(&exceeded),
            Let::Hold(until) => {
                self.hold_back(message.clone().into_owned(), until);
            }
            Let::Close => Voice::new(out, &self.caller).close(CloseCode::POLICY, "Rate limit exceeded"),
        }
    }

    /// Keeps a message that came before all others that are kept.
    fn hold_back(&mut self, message: Message<'static>, until: Instant) {
        self.held.get_or_insert_default().put_back(message, until);
        self.schedule();
    }

    /// Goes on with those that wait, as far as that is possible.
    fn release(&mut self, out: &mut Outbound) {
        if out.ready_state() != ReadyState::Open {
            // Nobody waits for answers any more, and what comes has to be read.
            self.held = None;
        }
        while out.queued() < ENOUGH {
            let now = Self::now();
            let Some(message) = self.held.as_mut().and_then(|held| held.pop(now)) else { break };
            self.judge(&message, out);
        }
        self.held.take_if(|held| held.is_empty());
    }

    /// The message is not one too many.
    fn let_in(&mut self, message: &Message<'_>, out: &mut Outbound) {
        let gate = self.guards.as_mut().and_then(|guards| guards.gate.as_mut());
        let passes = match gate {
            None => true,
            Some(gate) => {
                let passage = gate.hear(message, Self::now());
                self.pass(passage, out)
            }
        };
        if passes {
            self.tell(message, out);
        }
    }

    /// The message is for the application, or else for the host.
    fn tell(&mut self, message: &Message<'_>, out: &mut Outbound) {
        let Some(visit) = &mut self.visit else { return };
        let packed = self.caller.inband.filter(|_| message.kind == Kind::Binary);
        let unpacked = packed.map(|inband| unpack(inband, message, self.max_message));
        let message = match &unpacked {
            None => message,
            Some(Ok(message)) => message,
            Some(Err(Malformed)) => return Voice::new(out, &self.caller).malformed(),
        };
        if visit.message(message, &mut Voice::new(out, &self.caller)).is_err() {
            self.answer(message, out);
        }
    }

    /// What the application does not understand may be for the host.
    fn answer(&mut self, message: &Message<'_>, out: &mut Outbound) {
        match Voice::read(message) {
            Ok(Request::UserInfo) => Voice::new(out, &self.caller).send(&UserInfo::of(&self.caller)),
            Ok(Request::RateLimit) => self.tell_rate(out),
            Ok(Request::Compression { algorithms }) => {
                let inband = algorithms.iter().find_map(|name| name.parse().ok());
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

fn unpack(inband: Inband, message: &Message<'_>, limit: usize) -> Result<Message<'static>, Malformed> {
    let unpacked = inband.unpack(&message.payload, limit).map_err(|_| Malformed)?;
    String::from_utf8(unpacked).map(Message::text).map_err(|_| Malformed)
}

impl<A: Application> Session for Hosted<A> {
    fn event(&mut self, event: Event<'_>, out: &mut Outbound) {
        match event {
            Event::Open(_) => self.begin(out),
            Event::Message(message) => self.take(&message, out),
            _ => {}
        }
    }

    fn is_ready(&self) -> bool {
        self.held.is_none()
    }

    fn drained(&mut self, out: &mut Outbound) {
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

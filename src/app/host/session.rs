//! A connection of a host.

use super::{Application, Caller, Visit, Voice};
use crate::net::Session;
use crate::proto::{Event, Outbound};

/// A connection of a [`Host`](super::Host).
#[derive(Debug)]
pub struct Hosted<A: Application> {
    caller: Box<Caller>,
    visit: A::Visit,
}

impl<A: Application> Hosted<A> {
    pub(super) fn new(caller: Caller, visit: A::Visit) -> Self {
        Self { caller: Box::new(caller), visit }
    }
}

impl<A: Application> Session for Hosted<A> {
    fn event(&mut self, event: Event<'_>, out: &mut Outbound) {
        if let Event::Message(message) = event {
            let mut voice = Voice::new(out, &self.caller);
            if self.visit.message(&message, &mut voice).is_err() {
                voice.error("Invalid message format");
            }
        }
    }
}

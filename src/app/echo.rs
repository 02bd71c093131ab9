//! The echo, as a server and as a client: what every conformance test talks to.

use crate::app::host::{Application, Caller, Malformed, Visit, Voice};
use crate::net::{Member, Session};
use crate::proto::{Event, Message, Outbound};

/// An [`Application`] that sends every message back as it came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Echo;

impl Application for Echo {
    type Visit = Self;

    fn open(&self, _caller: &Caller) -> Self {
        Self
    }
}

impl Visit for Echo {
    #[inline]
    fn message(&mut self, message: &Message<'_>, voice: &mut Voice<'_>) -> Result<(), Malformed> {
        voice.send_message(Message { kind: message.kind, payload: (&*message.payload).into() });
        Ok(())
    }
}

/// A [`Service`](crate::net::Service) that sends every message back as it came.
pub fn echo(_member: Member) -> impl Session + Unpin + 'static {
    echo_back()
}

/// A [`Session`] that sends every message back as it came, for one connection of a client or a server.
pub fn echo_back() -> impl Session + Unpin + 'static {
    |event: Event<'_>, out: &mut Outbound| {
        if let Event::Message(message) = event {
            // Fails only when the connection is closing, and then nobody waits for the echo.
            let _sent = out.send(message);
        }
    }
}

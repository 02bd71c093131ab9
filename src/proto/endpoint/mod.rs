//! A conforming end of a connection, client or server.
//!
//! An [`Endpoint`] does no I/O and knows no clock. A driver gives it [`Input`]s and does what the [`Output`]s of the
//! [`Turn`] say: tell events to the application, send bytes, end TCP, wait. Everything that the RFC asks of an end is
//! done here: the opening handshake, answers to pings and close frames, failing the connection upon a fault, the
//! closing handshake, keepalive, and the timeouts of all of them.
//!
//! Messages are lent out of the driver's own buffer wherever they lie whole in it, and answers are queued in one
//! buffer that the driver sends once a turn. Where compression was agreed on, messages are inflated as their bytes
//! come, and those that are large enough are sent compressed.

mod ending;
mod event;
mod observed;
mod opening;
mod outbound;
mod packing;
mod timers;
mod turn;

use std::sync::Arc;
use std::time::Instant;

pub use event::{Cause, Closed, Event, Input, Output};
pub(crate) use outbound::check_close;
pub use outbound::{Outbound, ReadyState, SendError};
pub use turn::Turn;

use self::observed::Observed;
use self::opening::Opening;
use self::packing::Packing;
use self::timers::Timers;
use self::turn::Over;
use crate::proto::opening::{Agreed, Answer, Ask, AskError, Asked};
use crate::proto::{Config, Flow, Joiner, MaskingKeys, Observer, Role, deflate};
use crate::wire::http::Request;
use crate::wire::{CloseCode, Head};

/// One end of a connection, which does no I/O and knows no clock: a driver gives it [`Input`]s and does what the
/// [`Output`]s of the [`Turn`] say.
#[derive(Debug)]
pub struct Endpoint {
    phase: Phase,
    flow: Flow,
    joiner: Joiner,
    outbound: Outbound,
    timers: Timers,
    config: Arc<Config>,
    opening: Option<Box<Opening>>,
    agreed: Option<Box<Agreed>>,
    /// The code and reason of the peer's close frame.
    received: Option<Box<(CloseCode, Box<str>)>>,
    failure: Option<Box<Cause>>,
    closed: Option<Box<Closed>>,
    shutdown: bool,
}

/// What is done with bytes that come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// They are the peer's half of the opening handshake.
    Opening,
    /// They are frames.
    Open,
    /// The connection is being failed, and the application does not know yet.
    Failing,
    /// Nothing: the closing handshake is complete or the connection failed.
    Deaf,
    /// Nothing: the connection has ended.
    Over,
}

impl Endpoint {
    /// A client that asks for a connection. Its request waits to be sent.
    ///
    /// # Errors
    /// If what is asked for cannot be written as a request.
    pub fn client(
        ask: Ask,
        keys: impl MaskingKeys + 'static,
        config: Arc<Config>,
        now: Instant,
    ) -> Result<Self, AskError> {
        let request = ask.request()?;
        let mut endpoint = Self::new(Role::Client, Some(Box::new(keys)), config, now);
        endpoint.outbound.raw(|out| request.write(out));
        endpoint.opening = Some(Box::new(Opening::client(ask)));
        Ok(endpoint)
    }

    /// A server that waits for a request.
    pub fn server(config: Arc<Config>, now: Instant) -> Self {
        let mut endpoint = Self::new(Role::Server, None, config, now);
        endpoint.opening = Some(Box::new(Opening::server()));
        endpoint
    }

    fn new(role: Role, keys: Option<Box<dyn MaskingKeys>>, config: Arc<Config>, now: Instant) -> Self {
        let mut timers = Timers::default();
        timers.start_opening(now, &config);
        Self {
            phase: Phase::Opening,
            flow: Flow::new(role.peer()),
            joiner: Joiner::new(config.max_frame, config.max_message),
            outbound: Outbound::new(role, config.fragment, keys),
            timers,
            config,
            opening: None,
            agreed: None,
            received: None,
            failure: None,
            closed: None,
            shutdown: false,
        }
    }

    /// Has `observer` told what this end sees and does from now on.
    pub fn set_observer(&mut self, observer: Box<dyn Observer>) {
        self.outbound.observer = Some(Box::new(Observed::new(observer)));
    }

    /// The peer takes nothing for now, or again: so many bytes wait to be sent.
    pub(crate) fn waits(&mut self, bytes: usize) {
        if let Some(observer) = &mut self.outbound.observer {
            observer.waiting(bytes);
        }
    }

    /// Takes an input. What comes of it is told by the [`Turn`], which has to be asked until it says
    /// [`Output::Wait`].
    #[inline]
    pub fn handle<'t>(&'t mut self, input: Input<'t>, now: Instant) -> Turn<'t> {
        if let Some(observer) = &mut self.outbound.observer {
            observer.turn(now);
        }
        let (bytes, over): (&mut [u8], _) = match input {
            Input::Bytes(bytes) => {
                if !bytes.is_empty() {
                    self.timers.heard();
                }
                (bytes, Over::No)
            }
            Input::Eof => (&mut [], Over::Lost),
            Input::Stalled => (&mut [], Over::Stalled),
            Input::Tick => (&mut [], Over::No),
            Input::Unread => {
                self.timers.heard();
                (&mut [], Over::No)
            }
        };
        let bytes = match &mut self.opening {
            None => turn::Bytes::Lent(bytes),
            Some(opening) => opening.release(bytes),
        };
        Turn::new(self, bytes, over, now)
    }

    /// What a client has asked and nobody has answered yet.
    pub fn asked(&self) -> Option<(&Request, &Asked)> {
        self.opening.as_ref()?.asked()
    }

    /// Answers a client that [`Event::Asked`]. With [`Agreed`] in it the connection is open from the next turn on;
    /// otherwise it ends when the answer is sent.
    ///
    /// A client has to wait for the answer (RFC 6455, section 4.1). Of one that does not, [`Config::max_head`] bytes are
    /// kept; after more than that it is refused with 400, whatever the application answers.
    ///
    /// Without an unanswered request this does nothing.
    pub fn answer(&mut self, answer: Answer) {
        let Some(opening) = self.opening.as_mut().filter(|opening| opening.asked().is_some()) else { return };
        let answer = opening.judge_answer(answer);
        opening.accept();
        self.outbound.raw(|out| answer.write(out));
        match answer.agreed {
            Some(agreed) => self.agreed = Some(Box::new(agreed)),
            None if answer.faults.is_empty() => self.turn_away(Cause::Refused(answer.response.status)),
            None => self.turn_away(Cause::OpeningInvalid(answer.faults, None)),
        }
    }

    /// The sending half, to send without being asked. A turn has to follow: [`Input::Tick`] will do.
    #[inline]
    pub fn outbound(&mut self) -> &mut Outbound {
        &mut self.outbound
    }

    /// Bytes that are queued to be sent.
    #[inline]
    pub fn outgoing(&self) -> &[u8] {
        self.outbound.outgoing()
    }

    /// The first `count` bytes of [`Endpoint::outgoing`] were sent.
    ///
    /// # Panics
    /// If that is more than there were.
    #[inline]
    pub fn sent(&mut self, count: usize) {
        self.outbound.sent(count);
    }

    /// Exchanges the outgoing buffer, if nothing is queued in it, for `other`, whose contents have to be empty. With
    /// this the connections of a thread share one buffer, and an idle connection owns none.
    #[inline]
    pub(crate) fn swap_buffer(&mut self, other: &mut Vec<u8>) {
        self.outbound.swap_buffer(other);
    }

    /// Which end this is.
    pub fn role(&self) -> Role {
        self.outbound.role()
    }

    /// What it is set to.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where the connection stands.
    pub fn ready_state(&self) -> ReadyState {
        self.outbound.state
    }

    /// What the opening handshake agreed on, from [`Event::Open`] on.
    pub fn agreed(&self) -> Option<&Agreed> {
        self.agreed.as_deref()
    }

    /// How the connection ended, from [`Event::Closed`] on.
    pub fn closed(&self) -> Option<&Closed> {
        self.closed.as_deref()
    }

    /// Bytes that are kept for a message that is not complete yet.
    pub fn gathered(&self) -> usize {
        self.joiner.gathered()
    }

    /// The opening handshake is complete.
    fn open(&mut self, now: Instant) {
        self.phase = Phase::Open;
        self.outbound.state = ReadyState::Open;
        self.opening = None;
        self.timers.start_open(now, &self.config);
        if let Some(agreed) = self.agreed.as_deref().and_then(Agreed::deflate) {
            let peer = self.role().peer();
            self.flow = Flow::new(peer).with_reserved(Head::RSV1);
            self.joiner = self.new_joiner().inflating(agreed.direction(peer));
            let config = self.config.deflate.unwrap_or_default();
            self.outbound.pack(self.compresses().and_then(|direction| Packing::new(&config, direction)));
        }
    }

    /// How outgoing messages are compressed, if that is agreed on: as soon as the opening handshake is answered.
    pub(crate) fn compresses(&self) -> Option<deflate::Direction> {
        let agreed = self.agreed.as_deref()?.deflate()?;
        Some(packing::outgoing(&self.config.deflate.unwrap_or_default(), &agreed, self.role()))
    }

    fn new_joiner(&self) -> Joiner {
        Joiner::new(self.config.max_frame, self.config.max_message)
    }
}

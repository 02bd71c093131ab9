//! How connections end: upon a fault, with TCP, by a timeout, by a refusal.

use super::opening::Progress;
use super::timers::Due;
use super::turn::{Found, Over, Turn};
use super::{Cause, Closed, Endpoint, Phase, ReadyState};
use crate::proto::Seen;
use crate::proto::opening::Answer;
use crate::wire::{CloseBody, CloseCode, Opcode};

impl Turn<'_> {
    /// Behind the bytes: the end of the peer's direction, and what is due.
    #[inline]
    pub(super) fn pass_time(&mut self) -> Found {
        if self.endpoint.outbound.state == ReadyState::Closing {
            self.endpoint.timers.start_closing(self.now, &self.endpoint.config);
        }
        match self.over {
            Over::No => self.fire(),
            Over::Lost => self.lost(),
            Over::Stalled => self.give_up(Cause::SendTimeout),
        }
    }

    /// The peer's direction has ended.
    #[cold]
    fn lost(&mut self) -> Found {
        let endpoint = &mut *self.endpoint;
        if let Some(opening) = &mut endpoint.opening
            && let Progress::Failed(cause, answer) = opening.finish(&endpoint.config)
        {
            endpoint.refuse(cause, answer);
            return self.find();
        }
        self.end(Cause::Lost)
    }

    fn fire(&mut self) -> Found {
        let endpoint = &mut *self.endpoint;
        match endpoint.timers.due(self.now) {
            None => Found::Nothing,
            Some(Due::Ping) => {
                let payload = endpoint.timers.pinged(self.now, &endpoint.config);
                endpoint.outbound.frame(Opcode::PING, true, &payload);
                self.fire()
            }
            Some(Due::Opening) => self.give_up(Cause::OpeningTimeout),
            Some(Due::Closing) => self.give_up(Cause::ClosingTimeout),
            Some(Due::Pong) => {
                endpoint.fail(Cause::PongTimeout);
                self.find()
            }
        }
    }

    /// The peer was too slow.
    #[cold]
    fn give_up(&mut self, cause: Cause) -> Found {
        // Who did not answer in time will not read either, and a driver must not wait for it.
        self.endpoint.outbound.discard();
        self.end(cause)
    }

    /// The connection is over: because of `cause`, unless the closing handshake is complete or it failed before.
    #[cold]
    fn end(&mut self, cause: Cause) -> Found {
        let endpoint = &mut *self.endpoint;
        if endpoint.phase == Phase::Open {
            for rule in endpoint.flow.finish() {
                if let Some(observer) = &mut endpoint.outbound.observer {
                    observer.received(&Seen::Fault(rule));
                }
            }
        }
        let cause = match endpoint.failure.take() {
            Some(failure) => *failure,
            None if endpoint.received.is_some() => Cause::Handshake,
            None => {
                // Section 7.2.1: this fails the connection. When that is told, the end of it is due.
                endpoint.lose(cause);
                self.over = Over::Lost;
                return self.find();
            }
        };
        let (code, reason) =
            endpoint.received.take().map_or((CloseCode::ABNORMAL, Box::default()), |received| *received);
        let clean = cause == Cause::Handshake;
        let closed = Closed { code, reason: reason.into(), sent: endpoint.outbound.close_sent, clean, cause };
        endpoint.outbound.state = ReadyState::Closed;
        endpoint.phase = Phase::Over;
        endpoint.timers.stop();
        endpoint.opening = None;
        endpoint.forget_message();
        if let Some(observer) = &mut endpoint.outbound.observer {
            observer.closed(&closed);
        }
        endpoint.closed = Some(Box::new(closed));
        endpoint.shutdown = true;
        Found::Closed
    }
}

impl Endpoint {
    /// Fails the connection (RFC 6455, section 7.1.7): says why, and ends it.
    #[cold]
    pub(super) fn fail(&mut self, cause: Cause) {
        if self.outbound.close_sent.is_none() {
            self.outbound.close_frame(farewell(&cause));
        }
        self.phase = Phase::Failing;
        self.failure = Some(Box::new(cause));
        self.shutdown = true;
        self.forget_message();
    }

    /// Gives the memory of a message back that will never be complete.
    fn forget_message(&mut self) {
        self.joiner = self.new_joiner();
    }

    /// Fails the connection when it is over already.
    #[cold]
    fn lose(&mut self, cause: Cause) {
        self.turn_away(cause);
        self.phase = Phase::Failing;
    }

    /// The peer's half of the opening handshake is not to be had: there is nobody to send a close frame to.
    #[cold]
    pub(super) fn refuse(&mut self, cause: Cause, answer: Option<Answer>) {
        if let Some(answer) = answer {
            self.outbound.raw(|out| answer.write(out));
        }
        self.lose(cause);
    }

    pub(super) fn turn_away(&mut self, cause: Cause) {
        self.outbound.state = ReadyState::Closing;
        self.phase = Phase::Deaf;
        self.opening = None;
        self.failure = Some(Box::new(cause));
        self.shutdown = true;
    }
}

/// The close frame that fails a connection.
fn farewell(cause: &Cause) -> CloseBody<'static> {
    match cause {
        Cause::Rule(rule) => {
            CloseBody::Status(rule.close_code().unwrap_or(CloseCode::PROTOCOL_ERROR), rule.words().as_bytes())
        }
        Cause::TooBig { .. } => CloseBody::Status(CloseCode::TOO_BIG, b"the message is too big"),
        Cause::PongTimeout => CloseBody::Status(CloseCode::PROTOCOL_ERROR, b"Pong timeout"),
        // All others end connections on which no close frame can be sent any more, or not yet.
        _ => CloseBody::Empty,
    }
}

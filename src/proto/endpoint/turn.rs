//! One turn of an endpoint: an input, and everything that comes of it.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::opening::Progress;
use super::timers::Due;
use super::{Cause, Closed, Endpoint, Event, Output, Phase, ReadyState};
use crate::proto::{Joined, Kind, Message, Role, Rule, Seen};
use crate::wire::{CloseBody, CloseCode, Opcode};

/// What comes of one input, as long as [`Turn::next`] is asked.
///
/// The last output is always [`Output::Wait`]. A turn that is dropped before it loses what it had not told.
#[derive(Debug)]
pub struct Turn<'t> {
    endpoint: &'t mut Endpoint,
    now: Instant,
    bytes: Bytes<'t>,
    read: usize,
    eof: bool,
    told: Told,
}

/// The bytes of a turn: the driver's, or those that had to wait for the application's answer as well.
#[derive(Debug)]
pub(super) enum Bytes<'t> {
    Lent(&'t mut [u8]),
    Kept(Vec<u8>),
}

impl Bytes<'_> {
    #[inline]
    fn as_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Lent(bytes) => bytes,
            Self::Kept(bytes) => bytes,
        }
    }

    #[inline]
    fn get(&self, range: Range<usize>) -> &[u8] {
        match self {
            Self::Lent(bytes) => &bytes[range],
            Self::Kept(bytes) => &bytes[range],
        }
    }
}

/// What was told after the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Events,
    Transmit,
    Shutdown,
}

/// What the bytes brought, without borrowing them yet.
enum Found {
    Nothing,
    Asked,
    Open,
    Message(Kind, Range<usize>),
    Ping(Range<usize>),
    Pong(Range<usize>, Option<Duration>),
    Close(Option<CloseCode>, Range<usize>),
    Failed,
    Closed,
}

impl<'t> Turn<'t> {
    pub(super) fn new(endpoint: &'t mut Endpoint, bytes: Bytes<'t>, eof: bool, now: Instant) -> Self {
        Self { endpoint, now, bytes, read: 0, eof, told: Told::Events }
    }

    /// What comes next.
    #[inline]
    pub fn next(&mut self) -> Output<'_> {
        if self.told == Told::Events {
            let found = self.find();
            if !matches!(found, Found::Nothing) {
                return self.tell(found);
            }
        }
        self.wind_up()
    }

    #[inline]
    fn find(&mut self) -> Found {
        loop {
            let found = match self.endpoint.phase {
                Phase::Open => self.read_frames(),
                Phase::Opening => self.read_head(),
                // Section 7.1.7: nothing is processed any more, nor after the closing handshake.
                Phase::Deaf => Found::Nothing,
                Phase::Failing => {
                    self.endpoint.phase = Phase::Deaf;
                    Found::Failed
                }
                Phase::Over => return Found::Nothing,
            };
            if !matches!(found, Found::Nothing) {
                return found;
            }
            if matches!(self.endpoint.phase, Phase::Failing) {
                continue;
            }
            return self.pass_time();
        }
    }

    /// Reads frames until there is something to tell.
    #[inline]
    fn read_frames(&mut self) -> Found {
        let Endpoint { flow, joiner, outbound, .. } = &mut *self.endpoint;
        let all = self.bytes.as_mut();
        let total = all.len();
        let mut rest = &mut all[self.read..];
        let mut last = 0..0;
        let failure = loop {
            let Some(seen) = flow.next(&mut rest) else {
                self.read = total;
                return Found::Nothing;
            };
            let read = total - rest.len();
            self.read = read;
            if let Some(observer) = &mut outbound.observer {
                observer.received(&seen);
            }
            match seen {
                Seen::Head(head) => {
                    if let Err(too_big) = joiner.head(&head) {
                        break Cause::TooBig { limit: too_big.limit };
                    }
                    last = 0..0;
                }
                Seen::Data(data) => {
                    last = read - data.len()..read;
                    joiner.data(data);
                }
                Seen::End => match joiner.end() {
                    None => {}
                    Some(joined) => return self.joined(joined, last),
                },
                Seen::Fault(rule) if rule.close_code().is_some() => break Cause::Rule(rule),
                // Broken, but nothing that calls for failing the connection.
                Seen::Fault(_) | Seen::Lost(_) | Seen::Adrift | Seen::Resumed => {}
            }
        };
        self.endpoint.fail(failure);
        Found::Nothing
    }

    #[inline]
    fn joined(&mut self, joined: Joined, last: Range<usize>) -> Found {
        match joined {
            Joined::Message { kind, .. } => Found::Message(kind, last),
            Joined::Ping => self.ping(last),
            Joined::Pong => self.pong(last),
            Joined::Close => self.close(last),
        }
    }

    fn ping(&mut self, last: Range<usize>) -> Found {
        let Endpoint { joiner, outbound, .. } = &mut *self.endpoint;
        // Section 5.5.2: unless a close frame was sent, a ping is answered with its own data.
        if outbound.state == ReadyState::Open {
            outbound.frame(Opcode::PONG, true, joiner.payload(self.bytes.get(last.clone())));
        }
        Found::Ping(last)
    }

    fn pong(&mut self, last: Range<usize>) -> Found {
        let Endpoint { joiner, outbound, timers, .. } = &mut *self.endpoint;
        let time = timers.ponged(self.now, joiner.payload(self.bytes.get(last.clone())));
        if let (Some(time), Some(observer)) = (time, &mut outbound.observer) {
            observer.round_trip(time);
        }
        Found::Pong(last, time)
    }

    fn close(&mut self, last: Range<usize>) -> Found {
        let endpoint = &mut *self.endpoint;
        let body = CloseBody::parse(endpoint.joiner.payload(self.bytes.get(last.clone())));
        let code = body.code();
        endpoint.received = Some((code.unwrap_or(CloseCode::NO_STATUS), reason(&body).into()));
        if endpoint.outbound.close_sent.is_none() {
            // Section 5.5.1: the answer echoes the code.
            let echo = code.map_or(CloseBody::Empty, |code| CloseBody::Status(code, &[]));
            endpoint.outbound.close_frame(echo);
        }
        endpoint.phase = Phase::Deaf;
        // Section 7.1.1: the server ends TCP first; the client waits for it.
        endpoint.shutdown |= endpoint.outbound.role() == Role::Server;
        Found::Close(code, last)
    }

    #[cold]
    fn read_head(&mut self) -> Found {
        let endpoint = &mut *self.endpoint;
        let Some(opening) = &mut endpoint.opening else { return Found::Nothing };
        let bytes = &self.bytes.as_mut()[self.read..];
        match opening.take(bytes, &endpoint.config) {
            Progress::Wants => {
                self.read += bytes.len();
                Found::Nothing
            }
            Progress::Asked(taken) => {
                self.read += taken;
                Found::Asked
            }
            Progress::Agreed(taken, agreed) => {
                self.read += taken;
                endpoint.agreed = Some(agreed);
                endpoint.open(self.now);
                Found::Open
            }
            Progress::Accepted => {
                endpoint.open(self.now);
                Found::Open
            }
            Progress::Failed(cause, answer) => {
                self.read += bytes.len();
                endpoint.refuse(cause, answer);
                Found::Nothing
            }
        }
    }

    /// Behind the bytes: the end of the peer's direction, and what is due.
    #[inline]
    fn pass_time(&mut self) -> Found {
        if self.endpoint.outbound.state == ReadyState::Closing {
            self.endpoint.timers.start_closing(self.now, &self.endpoint.config);
        }
        if self.eof {
            self.eof = false;
            return self.end();
        }
        self.fire()
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
            Some(Due::Opening) => {
                endpoint.failure = Some(Box::new(Cause::OpeningTimeout));
                self.end()
            }
            Some(Due::Closing) => {
                endpoint.failure.get_or_insert_with(|| Box::new(Cause::ClosingTimeout));
                self.end()
            }
            Some(Due::Pong) => {
                endpoint.fail(Cause::PongTimeout);
                self.find()
            }
        }
    }

    /// The connection is over.
    #[cold]
    fn end(&mut self) -> Found {
        let endpoint = &mut *self.endpoint;
        if endpoint.outbound.state == ReadyState::Closed {
            return Found::Nothing;
        }
        let handshake = endpoint.received.is_some() && endpoint.outbound.close_sent.is_some();
        let truncated = (matches!(endpoint.phase, Phase::Open)).then(|| endpoint.flow.finish()).into_iter().flatten();
        for rule in truncated {
            if let Some(observer) = &mut endpoint.outbound.observer {
                observer.received(&Seen::Fault(rule));
            }
        }
        let timed_out = matches!(endpoint.failure.as_deref(), Some(Cause::ClosingTimeout));
        let cause = match endpoint.failure.take().map(|cause| *cause) {
            // The server did not end TCP in time, but everything was said.
            Some(Cause::ClosingTimeout) if handshake => Cause::Handshake,
            Some(failure) => failure,
            None if handshake => Cause::Handshake,
            None => Cause::Lost,
        };
        let (code, reason) = endpoint.received.take().unwrap_or((CloseCode::ABNORMAL, Box::default()));
        let clean = cause == Cause::Handshake;
        let closed = Closed { code, reason: reason.into(), sent: endpoint.outbound.close_sent, clean, cause };
        endpoint.outbound.state = ReadyState::Closed;
        endpoint.phase = Phase::Over;
        endpoint.timers.stop();
        endpoint.opening = None;
        if timed_out {
            // Who did not answer will not read either.
            endpoint.outbound.discard();
        }
        if let Some(observer) = &mut endpoint.outbound.observer {
            observer.closed(&closed);
        }
        endpoint.closed = Some(Box::new(closed));
        endpoint.shutdown = true;
        Found::Closed
    }

    #[inline]
    fn tell(&mut self, found: Found) -> Output<'_> {
        let endpoint = &mut *self.endpoint;
        let outbound = &mut endpoint.outbound;
        let event = match found {
            Found::Message(kind, last) => {
                let payload = endpoint.joiner.payload(self.bytes.get(last));
                let message = Message { kind, payload: payload.into() };
                if let Some(observer) = &mut outbound.observer {
                    observer.message(&message);
                }
                Event::Message(message)
            }
            Found::Ping(last) => Event::Ping(endpoint.joiner.payload(self.bytes.get(last))),
            Found::Pong(last, time) => Event::Pong(endpoint.joiner.payload(self.bytes.get(last)), time),
            Found::Close(code, last) => {
                let body = CloseBody::parse(endpoint.joiner.payload(self.bytes.get(last)));
                Event::Close(code, reason(&body))
            }
            Found::Asked => match endpoint.opening.as_ref().and_then(|opening| opening.asked()) {
                Some((request, asked)) => Event::Asked(request, asked),
                None => return Output::Wait(None),
            },
            Found::Open => match endpoint.agreed.as_deref() {
                Some(agreed) => Event::Open(agreed),
                None => return Output::Wait(None),
            },
            Found::Failed => match endpoint.failure.as_deref() {
                Some(cause) => {
                    if let (Cause::Rule(rule), Some(observer)) = (cause, &mut outbound.observer) {
                        observer.failed(*rule);
                    }
                    Event::Failed(cause)
                }
                None => return Output::Wait(None),
            },
            Found::Closed => match endpoint.closed.as_deref() {
                Some(closed) => Event::Closed(closed),
                None => return Output::Wait(None),
            },
            Found::Nothing => return Output::Wait(None),
        };
        Output::Event(event, outbound)
    }

    fn wind_up(&mut self) -> Output<'_> {
        let endpoint = &mut *self.endpoint;
        if self.told < Told::Transmit {
            self.told = Told::Transmit;
            endpoint.joiner.release();
            if endpoint.outbound.state == ReadyState::Closing {
                endpoint.timers.start_closing(self.now, &endpoint.config);
            }
            if !endpoint.outgoing().is_empty() {
                return Output::Transmit;
            }
        }
        if self.told < Told::Shutdown {
            self.told = Told::Shutdown;
            if endpoint.shutdown {
                return Output::Shutdown;
            }
        }
        Output::Wait(endpoint.timers.next())
    }
}

/// The reason of a close frame; the flow has judged that it is UTF-8.
fn reason<'a>(body: &CloseBody<'a>) -> &'a str {
    std::str::from_utf8(body.reason()).unwrap_or_default()
}

/// The close frame that fails a connection.
pub(super) fn farewell(cause: &Cause) -> CloseBody<'static> {
    match cause {
        Cause::Rule(rule) => {
            CloseBody::Status(rule.close_code().unwrap_or(CloseCode::PROTOCOL_ERROR), rule.words().as_bytes())
        }
        Cause::TooBig { .. } => CloseBody::Status(CloseCode::TOO_BIG, b"the message is too big"),
        Cause::PongTimeout => CloseBody::Status(CloseCode::INTERNAL_ERROR, b"no answer to a ping"),
        _ => CloseBody::Status(CloseCode::PROTOCOL_ERROR, Rule::NotFailed.words().as_bytes()),
    }
}

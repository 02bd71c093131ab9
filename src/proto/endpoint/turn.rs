//! One turn of an endpoint: an input, and everything that comes of it.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::observed::Observed;
use super::opening::Progress;
use super::{Cause, Endpoint, Event, Outbound, Output, Phase, ReadyState};
use crate::proto::{Flow, JoinFault, Joined, Kind, Message, Role, Rule, Seen};
use crate::wire::{CloseBody, CloseCode, Head, Opcode};

/// What comes of one input, as long as [`Turn::next`] is asked.
///
/// The last output is always [`Output::Wait`]. A turn that is dropped before it loses what it had not told.
#[derive(Debug)]
pub struct Turn<'t> {
    pub(super) endpoint: &'t mut Endpoint,
    pub(super) now: Instant,
    bytes: Bytes<'t>,
    read: usize,
    /// Whether the connection is over once the bytes are read.
    pub(super) over: Over,
    told: Told,
}

/// Whether an input was the last one that the connection can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    No,
    /// The peer's direction has ended.
    Lost,
    /// The peer takes nothing any more.
    Stalled,
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
pub(super) enum Found {
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
    pub(super) fn new(endpoint: &'t mut Endpoint, bytes: Bytes<'t>, over: Over, now: Instant) -> Self {
        Self { endpoint, now, bytes, read: 0, over, told: Told::Events }
    }

    /// What comes next.
    #[inline]
    #[expect(
        clippy::should_implement_trait,
        reason = "what is lent lives until the next call, which no iterator can say"
    )]
    pub fn next(&mut self) -> Output<'_> {
        match self.whole_message() {
            Some((head, payload)) => {
                let kind = if head.opcode == Opcode::TEXT { Kind::Text } else { Kind::Binary };
                let message = Message { kind, payload: self.bytes.get(payload).into() };
                let outbound = &mut self.endpoint.outbound;
                if let Some(observer) = &mut outbound.observer {
                    observer.whole(&head, &message);
                }
                Output::Event(Event::Message(message), outbound)
            }
            None => self.next_other(),
        }
    }

    /// Tells nothing more of the bytes: those that were not read yet are appended to `rest`, to be the input of a later
    /// turn. What else is to be told comes all the same.
    pub fn halt(&mut self, rest: &mut Vec<u8>) {
        rest.extend_from_slice(&self.bytes.as_mut()[self.read..]);
        self.bytes = Bytes::Kept(Vec::new());
        self.read = 0;
    }

    /// What comes next, if it is anything but a message that lies whole in the bytes.
    #[inline(never)]
    fn next_other(&mut self) -> Output<'_> {
        if self.told == Told::Events {
            let found = self.find();
            if !matches!(found, Found::Nothing) {
                return self.tell(found);
            }
        }
        self.wind_up()
    }

    /// Reads a message that lies whole in the bytes, and is all that is to be told of them: most are.
    #[inline(always)]
    fn whole_message(&mut self) -> Option<(Head, Range<usize>)> {
        let Endpoint { phase, flow, joiner, .. } = &mut *self.endpoint;
        if *phase != Phase::Open {
            return None;
        }
        let all = self.bytes.as_mut();
        let total = all.len();
        let mut rest = all.get_mut(self.read..)?;
        let (head, payload) = flow.next_message(&mut rest, joiner.limit())?;
        let read = total - rest.len();
        self.read = read;
        Some((head, read - payload.len()..read))
    }

    pub(super) fn find(&mut self) -> Found {
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
    fn read_frames(&mut self) -> Found {
        let Endpoint { flow, joiner, outbound, .. } = &mut *self.endpoint;
        let all = self.bytes.as_mut();
        let total = all.len();
        if self.read == total {
            return Found::Nothing;
        }
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
                    last = 0..0;
                    if let Err(too_big) = joiner.head(&head) {
                        let fault = fault_of_head(flow, outbound.observer.as_deref_mut());
                        break fault.map_or(Cause::TooBig { limit: too_big.limit }, Cause::Rule);
                    }
                }
                Seen::Data(data) => {
                    last = read - data.len()..read;
                    if let Err(fault) = joiner.data(data) {
                        break cause_of(fault, outbound.observer.as_deref_mut());
                    }
                }
                Seen::End => match joiner.end() {
                    Ok(None) => {}
                    Ok(Some(joined)) => return self.joined(joined, last),
                    Err(fault) => break cause_of(fault, outbound.observer.as_deref_mut()),
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
        endpoint.received = Some(Box::new((code.unwrap_or(CloseCode::NO_STATUS), reason(&body).into())));
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

    fn tell(&mut self, found: Found) -> Output<'_> {
        let endpoint = &mut *self.endpoint;
        let outbound = &mut endpoint.outbound;
        let event = match found {
            Found::Message(kind, last) => message(outbound, kind, endpoint.joiner.payload(self.bytes.get(last))),
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
                    if let Some(observer) = &mut outbound.observer {
                        observer.failed(cause);
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
            if let Some(observer) = &mut endpoint.outbound.observer {
                observer.settled();
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

#[inline]
fn message<'a>(outbound: &mut Outbound, kind: Kind, payload: &'a [u8]) -> Event<'a> {
    let message = Message { kind, payload: payload.into() };
    if let Some(observer) = &mut outbound.observer {
        observer.message(&message);
    }
    Event::Message(message)
}

/// The first fault of the head that was just read that calls for failing the connection. Payload is left alone.
#[cold]
fn fault_of_head(flow: &mut Flow, mut observer: Option<&mut Observed>) -> Option<Rule> {
    while let Some(seen) = flow.next(&mut <&mut [u8]>::default()) {
        if let Some(observer) = &mut observer {
            observer.received(&seen);
        }
        match seen {
            Seen::Fault(rule) if rule.close_code().is_some() => return Some(rule),
            _ => {}
        }
    }
    None
}

/// Why the connection is failed when a compressed message cannot be had. The flow does not know of it.
#[cold]
fn cause_of(fault: JoinFault, observer: Option<&mut Observed>) -> Cause {
    match fault {
        JoinFault::TooBig(too_big) => Cause::TooBig { limit: too_big.limit },
        JoinFault::Rule(rule) => {
            if let Some(observer) = observer {
                observer.received(&Seen::Fault(rule));
            }
            Cause::Rule(rule)
        }
    }
}

/// The reason of a close frame; the flow has judged that it is UTF-8.
fn reason<'a>(body: &CloseBody<'a>) -> &'a str {
    std::str::from_utf8(body.reason()).unwrap_or_default()
}

//! One end of a connection, as a test holds it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wslab::proto::opening::{Agreed, Ask, Policy, answer};
use wslab::proto::{
    Cause, Closed, Config, Endpoint, Event, Input, Kind, Message, Outbound, Output, ReadyState, Role, Rule,
};
use wslab::wire::http::{Limits, Request};
use wslab::wire::{CloseCode, Head, mask};

/// The key of the example in section 1.3, and the answer to it.
pub(crate) const NONCE: [u8; 16] = *b"the sample nonce";
pub(crate) const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
pub(crate) const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// An [`Event`] with bytes of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Asked(String),
    Open(Agreed),
    Message(Message<'static>),
    Ping(Vec<u8>),
    Pong(Vec<u8>, Option<Duration>),
    Close(Option<u16>, String),
    Failed(Cause),
    Closed(Closed),
}

impl Told {
    pub(crate) fn of(event: &Event<'_>) -> Self {
        match event {
            Event::Asked(request, _) => Self::Asked(request.target.clone()),
            Event::Open(agreed) => Self::Open((*agreed).clone()),
            Event::Message(message) => Self::Message(message.clone().into_owned()),
            Event::Ping(payload) => Self::Ping(payload.to_vec()),
            Event::Pong(payload, time) => Self::Pong(payload.to_vec(), *time),
            Event::Close(code, reason) => Self::Close(code.map(|code| code.0), (*reason).to_owned()),
            Event::Failed(cause) => Self::Failed((*cause).clone()),
            Event::Closed(closed) => Self::Closed((*closed).clone()),
        }
    }
}

pub(crate) fn text(text: &str) -> Told {
    Told::Message(Message::text(text).into_owned())
}

pub(crate) fn binary(bytes: impl AsRef<[u8]>) -> Told {
    Told::Message(Message::binary(bytes.as_ref()).into_owned())
}

pub(crate) fn ping(payload: impl AsRef<[u8]>) -> Told {
    Told::Ping(payload.as_ref().to_vec())
}

/// A pong that answers no ping of the endpoint's own.
pub(crate) fn pong(payload: impl AsRef<[u8]>) -> Told {
    Told::Pong(payload.as_ref().to_vec(), None)
}

pub(crate) fn close(code: impl Into<Option<u16>>, reason: &str) -> Told {
    Told::Close(code.into(), reason.to_owned())
}

pub(crate) fn opened() -> Told {
    Told::Open(Agreed::default())
}

pub(crate) fn asked() -> Told {
    Told::Asked("/chat".into())
}

/// The connection ended with the closing handshake.
pub(crate) fn closed_cleanly(code: u16, reason: &str, sent: u16) -> Told {
    let (code, sent) = (CloseCode(code), Some(CloseCode(sent)));
    Told::Closed(Closed { code, reason: reason.to_owned(), sent, clean: true, cause: Cause::Handshake })
}

/// The connection ended without a close frame of the peer.
pub(crate) fn closed_abnormally(sent: impl Into<Option<u16>>, cause: Cause) -> Told {
    let sent = sent.into().map(CloseCode);
    Told::Closed(Closed { code: CloseCode::ABNORMAL, reason: String::new(), sent, clean: false, cause })
}

pub(crate) const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// What an application does upon an event.
type Reaction = Box<dyn FnMut(&Event<'_>, &mut Outbound)>;

/// An endpoint, what time it is there, and what became of it.
///
/// Every turn is checked for what holds of all turns.
pub(crate) struct End {
    pub(crate) endpoint: Endpoint,
    pub(crate) now: Instant,
    /// When a tick is due.
    pub(crate) deadline: Option<Instant>,
    /// Our direction of TCP has to be ended.
    pub(crate) shutdown: bool,
    /// Answers whoever asks; without it nobody does.
    pub(crate) policy: Option<Policy>,
    /// Everything that was told so far.
    pub(crate) told: Vec<Told>,
    reaction: Option<Reaction>,
    masks: u32,
}

impl End {
    /// A client whose request waits to be sent.
    pub(crate) fn client(config: Config, now: Instant) -> Self {
        let ask = Ask::new("example.com", "/chat", NONCE);
        let endpoint = Endpoint::client(ask, keys(), Arc::new(config), now).unwrap();
        Self::new(endpoint, now)
    }

    /// A server that waits for a request.
    pub(crate) fn server(config: Config, now: Instant) -> Self {
        Self::new(Endpoint::server(Arc::new(config), now), now)
    }

    pub(crate) fn new(endpoint: Endpoint, now: Instant) -> Self {
        Self {
            endpoint,
            now,
            deadline: None,
            shutdown: false,
            policy: Some(Policy::default()),
            told: Vec::new(),
            reaction: None,
            masks: 0,
        }
    }

    pub(crate) fn connecting(role: Role, config: Config) -> Self {
        match role {
            Role::Client => Self::client(config, Instant::now()),
            Role::Server => Self::server(config, Instant::now()),
        }
    }

    /// An end behind its opening handshake.
    pub(crate) fn open(role: Role) -> Self {
        Self::open_with(role, Config::default())
    }

    pub(crate) fn open_with(role: Role, config: Config) -> Self {
        let mut end = Self::connecting(role, config);
        end.takes_outgoing();
        end.receives_raw(peers_half(role));
        end.takes_outgoing();
        assert_eq!(end.told.pop(), Some(opened()));
        assert_eq!(end.state(), ReadyState::Open);
        end.told.clear();
        end
    }

    /// Has `reaction` do something upon every event.
    pub(crate) fn reacting(mut self, reaction: impl FnMut(&Event<'_>, &mut Outbound) + 'static) -> Self {
        self.reaction = Some(Box::new(reaction));
        self
    }

    pub(crate) fn role(&self) -> Role {
        self.endpoint.role()
    }

    pub(crate) fn state(&self) -> ReadyState {
        self.endpoint.ready_state()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state() == ReadyState::Closed
    }

    pub(crate) fn out(&mut self) -> &mut Outbound {
        self.endpoint.outbound()
    }

    /// Gives it frames, masked if they come from a client. Says what it tells.
    pub(crate) fn receives(&mut self, frames: impl AsRef<[u8]>) -> Vec<Told> {
        let bytes = self.as_peer_sends(frames);
        self.receives_raw(bytes)
    }

    /// The same, byte by byte.
    pub(crate) fn receives_chopped(&mut self, frames: impl AsRef<[u8]>) -> Vec<Told> {
        let bytes = self.as_peer_sends(frames);
        bytes.chunks(1).flat_map(|byte| self.receives_raw(byte)).collect()
    }

    /// Gives it bytes as they are.
    pub(crate) fn receives_raw(&mut self, bytes: impl AsRef<[u8]>) -> Vec<Told> {
        self.turn(Input::Bytes(&mut bytes.as_ref().to_vec()))
    }

    pub(crate) fn receives_eof(&mut self) -> Vec<Told> {
        self.turn(Input::Eof)
    }

    pub(crate) fn ticks(&mut self) -> Vec<Told> {
        self.turn(Input::Tick)
    }

    /// Lets time pass in which nothing comes.
    pub(crate) fn waits(&mut self, time: Duration) -> Vec<Told> {
        self.now += time;
        self.ticks()
    }

    /// How long it wants to wait at most.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline - self.now)
    }

    /// The frames that it sends, without masks. Those of a client have to have one, those of a server must not.
    pub(crate) fn sends(&mut self) -> Vec<u8> {
        let bytes = self.takes_outgoing();
        without_masks(&bytes, self.role())
    }

    /// The bytes that it sends.
    pub(crate) fn takes_outgoing(&mut self) -> Vec<u8> {
        let bytes = self.endpoint.outgoing().to_vec();
        self.endpoint.sent(bytes.len());
        bytes
    }

    /// `frames` as the peer sends them.
    pub(crate) fn as_peer_sends(&mut self, frames: impl AsRef<[u8]>) -> Vec<u8> {
        match self.role() {
            Role::Client => frames.as_ref().to_vec(),
            Role::Server => with_masks(frames.as_ref(), || {
                self.masks += 1;
                self.masks.wrapping_mul(0x9e37_79b9).to_be_bytes()
            }),
        }
    }

    /// One turn, and if a client asks, the answer and the turn that has to follow. Says what was told.
    pub(crate) fn turn(&mut self, input: Input<'_>) -> Vec<Told> {
        let before = self.told.len();
        self.one_turn(input);
        let asked = self.told[before..].iter().any(|told| matches!(told, Told::Asked(_)));
        if let (true, Some(policy)) = (asked, self.policy.clone()) {
            self.answers(&policy);
        }
        self.told[before..].to_vec()
    }

    /// Answers the request of section 1.3.
    pub(crate) fn answers(&mut self, policy: &Policy) -> Vec<Told> {
        self.endpoint.answer(answer(&request(), policy));
        self.ticks()
    }

    fn one_turn(&mut self, input: Input<'_>) {
        let state = self.endpoint.ready_state();
        let mut turn = self.endpoint.handle(input, self.now);
        let mut transmit = false;
        let mut shutdown = false;
        self.deadline = loop {
            match turn.next() {
                Output::Event(event, out) => {
                    assert!(!transmit && !shutdown, "events come first");
                    assert!(!self.told.iter().any(|told| matches!(told, Told::Closed(_))), "nothing follows Closed");
                    self.told.push(Told::of(&event));
                    if let Some(reaction) = &mut self.reaction {
                        reaction(&event, out);
                    }
                }
                Output::Transmit => {
                    assert!(!transmit && !shutdown, "said once, before the end of the direction");
                    transmit = true;
                }
                Output::Shutdown => {
                    assert!(!shutdown, "said once");
                    shutdown = true;
                }
                Output::Wait(deadline) => break deadline,
            }
        };
        assert!(matches!(turn.next(), Output::Wait(deadline) if deadline == self.deadline), "a turn ends with Wait");
        assert!(shutdown || !self.shutdown, "said in every turn from then on");
        self.shutdown |= shutdown;
        assert_eq!(transmit, !self.endpoint.outgoing().is_empty());
        assert!(self.deadline.is_none_or(|deadline| deadline > self.now), "what is due was done");
        assert!(self.endpoint.ready_state() >= state, "no way back");
        let failed = self.told.iter().filter(|told| matches!(told, Told::Failed(_))).count();
        assert!(failed <= 1, "said once");
        match self.told.last() {
            Some(Told::Closed(closed)) => {
                assert!(self.is_closed());
                assert_eq!(self.endpoint.closed(), Some(closed));
                assert_eq!(self.deadline, None, "an end has no timers");
                assert!(self.shutdown);
                assert!(!(closed.clean && failed > 0), "a clean end is no failure");
            }
            _ => assert!(!self.is_closed()),
        }
    }
}

/// The request of section 1.3.
pub(crate) fn request() -> Request {
    read_request(REQUEST)
}

pub(crate) fn read_request(head: &str) -> Request {
    Request::parse(head.as_bytes(), &Limits::default()).unwrap().unwrap().0
}

/// What an end of `role` needs to be open.
pub(crate) fn peers_half(role: Role) -> &'static str {
    match role {
        Role::Client => RESPONSE,
        Role::Server => REQUEST,
    }
}

/// Masking keys: the first is 00000001.
pub(crate) fn keys() -> impl FnMut() -> [u8; 4] + Send + 'static {
    let mut count: u32 = 0;
    move || {
        count += 1;
        count.to_be_bytes()
    }
}

/// Masks frames; the last may be cut.
pub(crate) fn with_masks(mut frames: &[u8], mut key: impl FnMut() -> [u8; 4]) -> Vec<u8> {
    let mut masked = Vec::new();
    while let Some((head, size)) = Head::parse(frames) {
        assert_eq!(head.mask, None, "frames are written without a mask");
        let (payload, rest) = split(&frames[size..], head.len);
        let key = key();
        masked.extend_from_slice(&Head { mask: Some(key), ..head }.encode());
        let at = masked.len();
        masked.extend_from_slice(payload);
        mask(&mut masked[at..], key);
        frames = rest;
    }
    masked.extend_from_slice(frames);
    masked
}

/// Takes the masks out of the frames of `sender`, who has to do it right.
pub(crate) fn without_masks(mut frames: &[u8], sender: Role) -> Vec<u8> {
    let mut plain = Vec::new();
    while let Some((head, size)) = Head::parse(frames) {
        assert_eq!(head.mask.is_some(), sender == Role::Client, "section 5.1: clients mask, servers do not");
        let (payload, rest) = split(&frames[size..], head.len);
        plain.extend_from_slice(&Head { mask: None, ..head }.encode());
        let at = plain.len();
        plain.extend_from_slice(payload);
        mask(&mut plain[at..], head.mask.unwrap_or_default());
        frames = rest;
    }
    assert!(frames.is_empty(), "frames are sent whole");
    plain
}

/// The frames of a message: its head in the shortest form, and its payload.
pub(crate) fn frame(kind: Kind, payload: &[u8]) -> Vec<u8> {
    [&Head::new(kind.opcode(), payload.len() as u64).encode(), payload].concat()
}

/// A close frame that says which rule was broken.
pub(crate) fn farewell(code: u16, words: &str) -> Vec<u8> {
    let body = [&code.to_be_bytes(), words.as_bytes()].concat();
    [&[0x88, body.len() as u8], body.as_slice()].concat()
}

/// What an end tells that fails its connection upon `rule`, and then sees TCP end.
pub(crate) fn failed_by(rule: Rule) -> [Told; 2] {
    let cause = Cause::Rule(rule);
    [Told::Failed(cause.clone()), closed_abnormally(rule.close_code().map(|code| code.0), cause)]
}

fn split(bytes: &[u8], len: u64) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.len().min(usize::try_from(len).unwrap_or(usize::MAX)))
}

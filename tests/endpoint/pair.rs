//! Two ends, a clock and a network that chops and delays; all of them virtual.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use wslab::proto::{Closed, Config, Message, Role, SendError};
use wslab::wire::CloseCode;

use crate::end::{End, Told};

/// A client, a server, and what is on its way between them.
pub(crate) struct Pair {
    pub(crate) client: End,
    pub(crate) server: End,
    start: Instant,
    now: Instant,
    to_client: Pipe,
    to_server: Pipe,
    network: Network,
}

/// How bytes get through.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    /// The sizes of the pieces that arrive, over and over; none for whole writes.
    pub(crate) chops: Vec<usize>,
    /// How long the pieces take, over and over; none for no time. No piece overtakes another.
    pub(crate) delays: Vec<Duration>,
    /// Nothing gets through any more.
    pub(crate) dead: bool,
}

impl Network {
    pub(crate) const IDEAL: Self = Self { chops: Vec::new(), delays: Vec::new(), dead: false };

    pub(crate) fn delayed(delay: Duration) -> Self {
        Self { delays: vec![delay], ..Self::IDEAL }
    }
}

/// One direction. `None` is the end of it.
#[derive(Default)]
struct Pipe {
    queue: VecDeque<(Instant, Option<Vec<u8>>)>,
    count: usize,
    ended: bool,
}

/// What an application does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, String),
    CloseWithoutCode,
}

impl Act {
    /// Does it, and says what the peer will be told.
    pub(crate) fn done_by(&self, end: &mut End) -> Result<Told, SendError> {
        let out = end.out();
        match self {
            Self::Text(text) => out.send(text.as_str())?,
            Self::Binary(bytes) => out.send(bytes.as_slice())?,
            Self::Ping(data) => out.ping(data)?,
            Self::Pong(data) => out.pong(data)?,
            Self::Close(code, reason) => out.close(CloseCode(*code), reason)?,
            Self::CloseWithoutCode => out.close_without_code()?,
        }
        Ok(match self.clone() {
            Self::Text(text) => Told::Message(Message::text(text)),
            Self::Binary(bytes) => Told::Message(Message::binary(bytes)),
            Self::Ping(data) => Told::Ping(data),
            Self::Pong(data) => Told::Pong(data, None),
            Self::Close(code, reason) => Told::Close(Some(code), reason),
            Self::CloseWithoutCode => Told::Close(None, String::new()),
        })
    }
}

impl Pair {
    /// Two ends that have not begun.
    pub(crate) fn new(client: Config, server: Config, network: Network) -> Self {
        let now = Instant::now();
        let mut pair = Self {
            client: End::client(client, now),
            server: End::server(server, now),
            start: now,
            now,
            to_client: Pipe::default(),
            to_server: Pipe::default(),
            network,
        };
        pair.client.ticks();
        pair.server.ticks();
        pair
    }

    /// Two ends behind their opening handshake.
    pub(crate) fn open(network: Network) -> Self {
        let mut pair = Self::new(Config::default(), Config::default(), network);
        pair.run();
        assert_eq!(pair.client.told, [crate::end::opened()]);
        assert_eq!(pair.server.told, [crate::end::asked(), crate::end::opened()]);
        pair.client.told.clear();
        pair.server.told.clear();
        pair
    }

    /// How much time has passed.
    pub(crate) fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    pub(crate) fn end(&mut self, role: Role) -> &mut End {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }

    /// Nothing gets through from now on.
    pub(crate) fn cut(&mut self) {
        self.network.dead = true;
        self.to_client.queue.clear();
        self.to_server.queue.clear();
    }

    /// Has an application do something, and the ends and the network what comes of it at once.
    pub(crate) fn act(&mut self, role: Role, act: &Act) -> Result<Told, SendError> {
        let end = self.end(role);
        let told = act.done_by(end);
        end.ticks();
        told
    }

    /// Goes on until nothing is on its way and nobody waits for anything but timers beyond a second.
    pub(crate) fn run(&mut self) {
        while self.next().is_some_and(|next| next <= self.now + Duration::from_secs(1)) {
            self.step();
        }
    }

    /// Goes on for so long.
    pub(crate) fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        while self.next().is_some_and(|next| next <= until) {
            self.step();
        }
        self.pass(until);
    }

    /// Goes on until nothing will ever happen, and says how both ended.
    pub(crate) fn finish(&mut self) -> [Closed; 2] {
        let mut steps = 0;
        while self.next().is_some() {
            self.step();
            steps += 1;
            assert!(steps < 1_000_000, "it does not end");
        }
        [&self.client, &self.server].map(|end| end.endpoint.closed().cloned().expect("both ends are closed"))
    }

    /// When something will happen.
    fn next(&mut self) -> Option<Instant> {
        self.flush();
        let arrivals = [&self.to_client, &self.to_server].map(|pipe| pipe.queue.front().map(|(at, _)| *at));
        let deadlines = [self.client.deadline, self.server.deadline];
        arrivals.into_iter().chain(deadlines).flatten().min()
    }

    fn step(&mut self) {
        let Some(next) = self.next() else { return };
        self.pass(next);
        for (pipe, end) in [(&mut self.to_client, &mut self.client), (&mut self.to_server, &mut self.server)] {
            if pipe.queue.front().is_some_and(|(at, _)| *at <= next) {
                match pipe.queue.pop_front() {
                    Some((_, Some(bytes))) => end.receives_raw(bytes),
                    _ => end.receives_eof(),
                };
            } else if end.deadline.is_some_and(|deadline| deadline <= next) {
                end.ticks();
            }
        }
    }

    fn pass(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.client.now = self.now;
        self.server.now = self.now;
    }

    /// Brings what the ends want to send on its way.
    fn flush(&mut self) {
        for (end, pipe) in [(&mut self.client, &mut self.to_server), (&mut self.server, &mut self.to_client)] {
            while !end.endpoint.outgoing().is_empty() {
                let outgoing = end.endpoint.outgoing();
                let chop = pick(&self.network.chops, pipe.count).unwrap_or(usize::MAX);
                let piece = outgoing[..chop.clamp(1, outgoing.len())].to_vec();
                end.endpoint.sent(piece.len());
                pipe.carry(Some(piece), self.now, &self.network);
            }
            if end.shutdown && !pipe.ended {
                pipe.ended = true;
                pipe.carry(None, self.now, &self.network);
            }
        }
    }
}

impl Pipe {
    fn carry(&mut self, piece: Option<Vec<u8>>, now: Instant, network: &Network) {
        if network.dead {
            return;
        }
        let at = now + pick(&network.delays, self.count).unwrap_or_default();
        let last = self.queue.back().map_or(at, |(last, _)| *last);
        self.queue.push_back((at.max(last), piece));
        self.count += 1;
    }
}

fn pick<T: Copy>(values: &[T], index: usize) -> Option<T> {
    (!values.is_empty()).then(|| values[index % values.len()])
}

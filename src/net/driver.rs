//! Drives an endpoint over a byte stream.
//!
//! One large read buffer serves all connections of a thread, and so does one write buffer: an idle connection owns
//! neither. Every read is one turn of the endpoint, and every turn at most one write. While more than
//! [`HIGH_WATER`] bytes wait to be sent nothing is read, so a peer that does not read cannot make us remember much.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;
use tokio::time::Sleep;

use crate::proto::opening::Answer;
use crate::proto::{Endpoint, Event, Input, Outbound, Output, ReadyState};

/// Bytes read at once.
const READ: usize = 256 << 10;
/// So many bytes take as much of the time that a task may use as any operation does, of which tokio allows 128 at once.
const OPERATION: usize = 1 << 10;
/// With so many bytes to be sent that answer what was read, nothing is read.
pub(super) const HIGH_WATER: usize = 256 << 10;
/// A thread's write buffer that grew beyond this is given back.
const KEPT: usize = 1 << 20;

thread_local! {
    static READ_BUFFER: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
    static WRITE_BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Runs `f` with this thread's read buffer.
fn with_read_buffer<T>(f: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut buffer = READ_BUFFER.take().unwrap_or_else(|| vec![0; READ].into_boxed_slice());
    let result = f(&mut buffer);
    READ_BUFFER.set(Some(buffer));
    result
}

/// Takes what reading so many bytes costs from what the task may do at once: when that is used up, streams are pending,
/// and others get their turn. A read may bring ten thousands of messages.
fn spend(cx: &mut Context<'_>, bytes: usize) {
    for _ in 0..bytes / OPERATION {
        match coop::poll_proceed(cx) {
            Poll::Ready(operation) => operation.made_progress(),
            Poll::Pending => break,
        }
    }
}

/// Who is told the events of a connection, and answers them.
pub trait Session: Send {
    /// Something happened. What is sent through `out` goes out together when everything that came is told.
    fn event(&mut self, event: Event<'_>, out: &mut Outbound);

    /// Whether to be told more at once; what was not told waits. Only [`Event::Asked`] is waited for in any case.
    fn is_ready(&self) -> bool {
        true
    }

    /// Whether to be told nothing more for now, not even of what was read already. That is kept, and up to 256 KiB of
    /// what follows, so that the end of the connection does not go unnoticed; when the connection ends it is dropped.
    ///
    /// Asked after each event, and whenever something happens that may change it.
    fn holds(&self) -> bool {
        false
    }

    /// Whether the connection is none of those that [`Connections`](super::Connections) counts, names and broadcasts to,
    /// such as that of somebody who only watches. It is reached by its number, and ended with the others. Asked once.
    fn is_aside(&self) -> bool {
        false
    }

    /// Everything that was queued is sent, while the session [holds](Session::holds).
    fn drained(&mut self, _out: &mut Outbound) {}

    /// Somebody has called [`Connections::wake`](super::Connections::wake).
    fn woken(&mut self, _out: &mut Outbound) {}
}

impl<F: FnMut(Event<'_>, &mut Outbound) + Send> Session for F {
    #[inline]
    fn event(&mut self, event: Event<'_>, out: &mut Outbound) {
        self(event, out);
    }
}

/// A connection: its stream, its endpoint, and what is pending between the two.
#[derive(Debug)]
pub(crate) struct Driver<S> {
    stream: S,
    pub(crate) endpoint: Endpoint,
    deadline: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
    shutdown: Shutdown,
    /// Something was queued outside of a turn.
    pub(crate) stirred: bool,
    eof: bool,
    /// Nothing can be sent any more.
    pub(crate) broken: bool,
    /// With so many bytes to be sent, or more, nothing is read.
    mark: u32,
    /// Until when the peer has to take some of what is to be sent.
    stalls: Option<Instant>,
    /// What was read while the session held.
    #[expect(clippy::box_collection, reason = "an idle connection has none")]
    rest: Option<Box<Vec<u8>>>,
}

/// The end of our direction of TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shutdown {
    No,
    Wanted,
    Done,
}

/// Why [`Driver::poll`] is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The client waits for [`Endpoint::answer`].
    Asked,
    /// The connection is over and everything sent that could be.
    Over,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    pub(crate) fn new(stream: S, endpoint: Endpoint) -> Self {
        Self {
            stream,
            endpoint,
            deadline: None,
            sleep: None,
            shutdown: Shutdown::No,
            stirred: true,
            eof: false,
            broken: false,
            mark: HIGH_WATER as u32,
            stalls: None,
            rest: None,
        }
    }

    pub(crate) fn stream(&self) -> &S {
        &self.stream
    }

    /// Answers the client; goes out with the next poll.
    pub(crate) fn answer(&mut self, answer: Answer) {
        self.endpoint.answer(answer);
        self.stirred = true;
    }

    /// The application has queued something outside of a turn. It does not count as answers to what was read do: two
    /// ends that send much at the same time would wait for each other.
    pub(crate) fn queued(&mut self) {
        self.stirred = true;
        self.mark = u32::try_from(self.endpoint.outgoing().len() + HIGH_WATER).unwrap_or(u32::MAX);
    }

    /// Tells `session` what is due without input, such as that the connection is open now.
    pub(crate) fn tick(&mut self, session: &mut impl Session) {
        self.turn(Input::Tick, session);
    }

    /// Does what there is to do. `Pending` when only the peer, time or the application can bring more.
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, session: &mut impl Session) -> Poll<Stop> {
        loop {
            let flushed = self.poll_flush(cx).is_ready();
            if self.endpoint.ready_state() == ReadyState::Closed {
                // Whoever has only ended his own direction may still read what is queued. When time has run out
                // nobody does.
                if !flushed && self.eof {
                    ready!(self.poll_deadline(cx));
                }
                return Poll::Ready(Stop::Over);
            }
            if session.holds() {
                if flushed {
                    session.drained(self.endpoint.outbound());
                    if !self.endpoint.outgoing().is_empty() {
                        self.stirred = true;
                        continue;
                    }
                }
                if session.holds() && self.poll_read_ahead(cx, session).is_ready() {
                    continue;
                }
            }
            let holds = session.holds();
            let reads =
                !holds && session.is_ready() && (flushed || self.endpoint.outgoing().len() < self.mark as usize);
            if reads {
                if let Some(mut rest) = self.rest.take() {
                    spend(cx, rest.len());
                    if self.turn(Input::Bytes(&mut rest), session) {
                        return Poll::Ready(Stop::Asked);
                    }
                    continue;
                }
                // Before the endpoint is told how late it is, so that nobody is held for dead whose pong lies there.
                match self.poll_read(cx, session) {
                    Poll::Ready(true) => return Poll::Ready(Stop::Asked),
                    Poll::Ready(false) => continue,
                    Poll::Pending => {}
                }
            }
            if std::mem::take(&mut self.stirred) {
                if self.turn(if reads { Input::Tick } else { Input::Unread }, session) {
                    return Poll::Ready(Stop::Asked);
                }
                continue;
            }
            ready!(self.poll_deadline(cx));
            self.stirred = true;
            if self.stalls.is_some_and(|at| at <= tokio::time::Instant::now().into_std()) {
                self.stalls = None;
                self.turn(Input::Stalled, session);
            }
        }
    }

    /// Reads once for later, while there is room. What was read is dropped at the end: whoever is gone gets no answers.
    #[cold]
    fn poll_read_ahead(&mut self, cx: &mut Context<'_>, session: &mut impl Session) -> Poll<()> {
        let kept = self.rest.as_ref().map_or(0, |rest| rest.len());
        if kept >= READ || self.eof {
            return Poll::Pending;
        }
        with_read_buffer(|buffer| {
            let mut space = ReadBuf::new(&mut buffer[..READ - kept]);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut space)) {
                Ok(()) if !space.filled().is_empty() => {
                    self.rest.get_or_insert_default().extend_from_slice(space.filled());
                }
                _ => {
                    self.rest = None;
                    self.end(session);
                }
            }
            Poll::Ready(())
        })
    }

    /// The peer's direction has ended; says whether a client waits for an answer.
    #[cold]
    fn end(&mut self, session: &mut impl Session) -> bool {
        self.eof = true;
        let asked = self.turn(Input::Eof, session);
        let timeout = self.endpoint.config().closing_timeout;
        self.deadline = tokio::time::Instant::now().into_std().checked_add(timeout);
        asked
    }

    /// Reads once and has the endpoint handle it; says whether a client waits for an answer.
    #[inline]
    fn poll_read(&mut self, cx: &mut Context<'_>, session: &mut impl Session) -> Poll<bool> {
        with_read_buffer(|buffer| {
            let mut space = ReadBuf::new(buffer);
            let count = match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut space)) {
                Ok(()) => space.filled().len(),
                // A broken connection is one that ended; how, its closing handshake or the lack of one tells.
                Err(_) => 0,
            };
            if count == 0 {
                return Poll::Ready(self.end(session));
            }
            spend(cx, count);
            Poll::Ready(self.turn(Input::Bytes(&mut buffer[..count]), session))
        })
    }

    #[inline]
    fn turn(&mut self, input: Input<'_>, session: &mut impl Session) -> bool {
        let mut buffer = WRITE_BUFFER.take();
        self.endpoint.swap_buffer(&mut buffer);
        WRITE_BUFFER.set(buffer);
        let mut asked = false;
        let mut turn = self.endpoint.handle(input, tokio::time::Instant::now().into_std());
        self.deadline = loop {
            match turn.next() {
                Output::Event(event, out) => {
                    asked |= matches!(event, Event::Asked(..));
                    session.event(event, out);
                    if session.holds() {
                        turn.halt(self.rest.get_or_insert_default());
                    }
                }
                Output::Transmit => {}
                Output::Shutdown => {
                    if self.shutdown == Shutdown::No {
                        self.shutdown = Shutdown::Wanted;
                    }
                }
                Output::Wait(deadline) => break deadline,
            }
        };
        asked
    }

    /// Sends what is queued, then ends our direction of TCP if that is wanted.
    #[inline]
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let stalled = self.stalls.is_some();
        while !self.endpoint.outgoing().is_empty() {
            let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write(cx, self.endpoint.outgoing()) else {
                self.wait_for_the_peer();
                return Poll::Pending;
            };
            self.stalls = None;
            match written {
                Ok(count) if count > 0 => self.endpoint.sent(count),
                _ => {
                    // Nobody takes it. What the peer sent before may still be read.
                    let count = self.endpoint.outgoing().len();
                    self.endpoint.sent(count);
                    self.shutdown = Shutdown::Done;
                    self.broken = true;
                }
            }
        }
        self.mark = HIGH_WATER as u32;
        self.give_buffer_back();
        // TLS keeps bytes of its own.
        let Poll::Ready(flushed) = Pin::new(&mut self.stream).poll_flush(cx) else {
            self.wait_for_the_peer();
            return Poll::Pending;
        };
        self.stalls = None;
        if stalled {
            self.endpoint.waits(0);
        }
        self.broken |= flushed.is_err();
        if self.shutdown == Shutdown::Wanted {
            let _ended = ready!(Pin::new(&mut self.stream).poll_shutdown(cx));
            self.shutdown = Shutdown::Done;
        }
        Poll::Ready(())
    }

    /// The peer takes nothing at the moment: from the first time on it has only so long.
    #[cold]
    fn wait_for_the_peer(&mut self) {
        self.endpoint.waits(self.endpoint.outgoing().len());
        if self.stalls.is_none() {
            let timeout = self.endpoint.config().send_timeout;
            self.stalls = tokio::time::Instant::now().into_std().checked_add(timeout);
        }
    }

    #[inline]
    fn give_buffer_back(&mut self) {
        let mut buffer = WRITE_BUFFER.take();
        if buffer.capacity() == 0 {
            self.endpoint.swap_buffer(&mut buffer);
            if buffer.capacity() > KEPT {
                buffer = Vec::new();
            }
        } else {
            self.endpoint.swap_buffer(&mut Vec::new());
        }
        WRITE_BUFFER.set(buffer);
    }

    /// Ready when the endpoint's deadline has passed, or the peer's for taking what is sent.
    #[inline]
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = [self.deadline, self.stalls].into_iter().flatten().min() else {
            self.sleep = None;
            return Poll::Pending;
        };
        let deadline = tokio::time::Instant::from_std(deadline);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod fairness;
#[cfg(test)]
mod tests;

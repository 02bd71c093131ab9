//! A connection that may end and come again, and what is known of it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::inbox::Inbox;
use super::screen::Screen;
use crate::cli::Exit;
use crate::net::{Client, ConnectError, OwnedEvent, Receiver, Sender};
use crate::proto::opening::{Agreed, Extension};
use crate::proto::{Cause, Closed, Message, SendError};
use crate::wire::CloseCode;

/// A connection that may end and come again. One future [listens](Link::listen), another speaks.
pub(super) struct Link<'a> {
    client: &'a Client,
    /// As it may be seen.
    url: String,
    /// What is sent first on each connection.
    greeting: Option<String>,
    pub(super) screen: &'a Screen,
    state: RefCell<State>,
    /// Of a connection that nobody listens to yet.
    unheard: RefCell<Option<Receiver>>,
    changed: Notify,
    /// When a message was sent or came.
    pub(super) heard: Cell<Instant>,
    tally: RefCell<Tally>,
    /// What a script has still to look at.
    pub(super) inbox: Inbox,
}

enum State {
    Connecting,
    Open {
        sender: Sender,
        agreed: Option<Agreed>,
        since: Instant,
        closing: bool,
    },
    Closed {
        how: Closed,
        by_us: bool,
    },
    /// There was one, and there is none again.
    Failed,
}

/// What went over all connections.
#[derive(Default)]
struct Tally {
    sent: (u64, u64),
    came: (u64, u64),
    round_trip: Option<Duration>,
    /// Pings that were asked for and not answered yet, with their payloads.
    pinged: VecDeque<(Vec<u8>, Instant)>,
}

/// So many pings may wait for an answer; the time of older ones is not told.
const PINGS: usize = 64;

impl<'a> Link<'a> {
    pub(super) fn new(client: &'a Client, url: &str, greeting: Option<String>, screen: &'a Screen) -> Self {
        Self {
            client,
            url: url.to_owned(),
            greeting,
            screen,
            state: RefCell::new(State::Connecting),
            unheard: RefCell::new(None),
            changed: Notify::new(),
            heard: Cell::new(Instant::now()),
            tally: RefCell::default(),
            inbox: Inbox::default(),
        }
    }

    fn turn(&self, state: State) {
        self.state.replace(state);
        self.changed.notify_waiters();
    }

    /// Connects.
    pub(super) async fn open(&self) -> Result<(), ConnectError> {
        self.turn(State::Connecting);
        let connection = self.client.connect().await.inspect_err(|_| self.turn(State::Failed))?;
        let agreed = connection.agreed().cloned();
        self.screen.opened(&self.url, agreed.as_ref());
        let (sender, receiver) = connection.split();
        self.unheard.replace(Some(receiver));
        self.heard.set(Instant::now());
        self.turn(State::Open { sender, agreed, since: Instant::now(), closing: false });
        if let Some(greeting) = &self.greeting {
            // If the connection is over, that is heard.
            let _sent = self.send(Message::text(greeting.clone())).await;
        }
        Ok(())
    }

    /// Connects anew; what is open is closed first, which may take as long as `limit`.
    pub(super) async fn again(&self, limit: Duration) -> Result<(), ConnectError> {
        if self.close(CloseCode::NORMAL, "").await.is_ok() {
            let _in_time = timeout(limit, self.closed()).await;
        }
        self.open().await
    }

    /// Shows what comes, over all connections.
    ///
    /// # Errors
    /// If it cannot be printed.
    pub(super) async fn listen(&self) -> anyhow::Result<Infallible> {
        loop {
            let mut receiver = self.receiver().await;
            let mut told = false;
            while let Some(event) = receiver.next_event().await {
                let event = self.timed(event);
                self.screen.show(&event)?;
                match event {
                    OwnedEvent::Message(message) => {
                        // Answers to our own pings are no reason to stay.
                        self.heard.set(Instant::now());
                        add(&mut self.tally.borrow_mut().came, message.payload.len());
                        self.inbox.push(message);
                    }
                    OwnedEvent::Pong(_, Some(time)) => self.tally.borrow_mut().round_trip = Some(time),
                    OwnedEvent::Closed(closed) => {
                        self.over(closed);
                        told = true;
                    }
                    _ => {}
                }
            }
            if !told {
                let (code, reason) = (CloseCode::ABNORMAL, String::new());
                self.over(Closed { code, reason, sent: None, clean: false, cause: Cause::Lost });
            }
        }
    }

    /// A pong with the time that it took, if it answers a ping that was asked for.
    fn timed(&self, event: OwnedEvent) -> OwnedEvent {
        let OwnedEvent::Pong(payload, None) = event else { return event };
        let pinged = &mut self.tally.borrow_mut().pinged;
        // An answer to a ping may stand for those before it, too (RFC 6455, section 5.5.3).
        let answered = pinged.iter().position(|(sent, _)| *sent == payload);
        let at = answered.and_then(|at| pinged.drain(..=at).next_back()).map(|(_, at)| at);
        OwnedEvent::Pong(payload, at.map(|at| at.elapsed()))
    }

    async fn receiver(&self) -> Receiver {
        loop {
            let changed = self.changed.notified();
            if let Some(receiver) = self.unheard.take() {
                return receiver;
            }
            changed.await;
        }
    }

    fn over(&self, how: Closed) {
        self.screen.closed(&how);
        self.tally.borrow_mut().pinged.clear();
        let by_us = matches!(&*self.state.borrow(), State::Open { closing: true, .. });
        self.turn(State::Closed { how, by_us });
        self.inbox.woken.notify_waiters();
    }

    /// Waits until the connection is over; says how it ended.
    pub(super) async fn closed(&self) -> Closed {
        loop {
            let changed = self.changed.notified();
            if let Some(how) = self.end() {
                return how;
            }
            changed.await;
        }
    }

    /// How the connection ended, if it did.
    pub(super) fn end(&self) -> Option<Closed> {
        match &*self.state.borrow() {
            State::Closed { how, .. } => Some(how.clone()),
            _ => None,
        }
    }

    /// Whether it ended because we wanted it to.
    pub(super) fn was_closed_by_us(&self) -> bool {
        matches!(&*self.state.borrow(), State::Closed { by_us: true, .. })
    }

    /// Whether it is open and not being closed.
    pub(super) fn is_open(&self) -> bool {
        matches!(&*self.state.borrow(), State::Open { closing: false, .. })
    }

    /// Whether it is open or being closed.
    pub(super) fn is_up(&self) -> bool {
        matches!(&*self.state.borrow(), State::Open { .. })
    }

    fn sender(&self) -> Result<Sender, SendError> {
        match &*self.state.borrow() {
            State::Open { sender, closing: false, .. } => Ok(sender.clone()),
            _ => Err(SendError::NotOpen),
        }
    }

    pub(super) async fn send(&self, message: Message<'static>) -> Result<(), SendError> {
        let sender = self.sender()?;
        self.screen.sent(&message);
        let size = message.payload.len();
        sender.send(message).await?;
        add(&mut self.tally.borrow_mut().sent, size);
        self.heard.set(Instant::now());
        Ok(())
    }

    /// Sends a ping; how long its pong took is said from now on.
    pub(super) async fn ping(&self, payload: &[u8]) -> Result<(), SendError> {
        self.screen.say_pongs();
        let sender = self.sender()?;
        self.expect_pong(payload);
        sender.ping(payload).await
    }

    fn expect_pong(&self, payload: &[u8]) {
        let pinged = &mut self.tally.borrow_mut().pinged;
        if pinged.len() >= PINGS {
            pinged.pop_front();
        }
        pinged.push_back((payload.to_vec(), Instant::now()));
    }

    /// Starts the closing handshake; [`Link::closed`] waits for its end.
    pub(super) async fn close(&self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        let sender = self.sender()?;
        if let State::Open { closing, .. } = &mut *self.state.borrow_mut() {
            *closing = true;
        }
        sender.close(code, reason).await
    }

    /// How it went, for those who ask for the exit code.
    pub(super) fn exit(&self) -> Exit {
        match &*self.state.borrow() {
            State::Closed { how, .. } if !how.clean => Exit::Failed,
            State::Failed => Exit::Failed,
            _ => Exit::Ok,
        }
    }
}

fn add((count, bytes): &mut (u64, u64), size: usize) {
    *count += 1;
    *bytes += size as u64;
}

/// How the connection stands.
impl fmt::Display for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "URL          {}", self.url)?;
        match &*self.state.borrow() {
            State::Connecting => writeln!(f, "state        connecting")?,
            State::Closed { how, .. } => writeln!(f, "state        {}", super::screen::End(how))?,
            State::Failed => writeln!(f, "state        not connected")?,
            State::Open { agreed, since, closing, .. } => {
                let since = Duration::from_secs(since.elapsed().as_secs());
                let state = if *closing { "closing" } else { "open" };
                writeln!(f, "state        {state} for {}", humantime::format_duration(since))?;
                let protocol = agreed.as_ref().and_then(|agreed| agreed.protocol.as_deref());
                let protocol = protocol.map_or_else(|| "none".to_owned(), |name| self.screen.protocol(name));
                writeln!(f, "subprotocol  {protocol}")?;
                let extensions = agreed.as_ref().map(|agreed| Extension::list(&agreed.extensions));
                let extensions = extensions.filter(|list| !list.is_empty());
                writeln!(f, "extensions   {}", extensions.as_deref().unwrap_or("none"))?;
            }
        }
        let tally = self.tally.borrow();
        for (words, (count, bytes)) in [("sent", tally.sent), ("came", tally.came)] {
            let s = if count == 1 { "" } else { "s" };
            writeln!(f, "{words:<12} {count} message{s}, {bytes} bytes")?;
        }
        match tally.round_trip {
            Some(time) => write!(f, "round trip   {:.3} ms", time.as_secs_f64() * 1e3),
            None => write!(f, "round trip   not known: /ping measures it"),
        }
    }
}

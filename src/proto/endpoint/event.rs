//! What goes into an endpoint and what comes out.

use std::time::{Duration, Instant};

use super::Outbound;
use crate::proto::opening::{Agreed, Asked};
use crate::proto::{Message, Rule, Rules};
use crate::wire::CloseCode;
use crate::wire::http::{Request, Response};

/// What happened to a connection.
#[derive(Debug)]
pub enum Input<'a> {
    /// Bytes came. They are unmasked in place.
    Bytes(&'a mut [u8]),
    /// The peer ended its direction of TCP, or the connection is broken.
    Eof,
    /// Time passed, or something was queued to be sent.
    Tick,
    /// The same, from a driver that reads nothing at the moment: that nothing came says nothing about the peer.
    Unread,
    /// The peer took nothing of what is queued for as long as [`Config::send_timeout`](crate::proto::Config) says.
    Stalled,
}

/// What an endpoint wants from its driver.
#[derive(Debug)]
pub enum Output<'a> {
    /// Something the application wants to know, and where it can answer at once.
    Event(Event<'a>, &'a mut Outbound),
    /// There are bytes to be sent: [`Endpoint::outgoing`](super::Endpoint::outgoing). Said once a turn, behind the
    /// events, so that one write takes the answers to all of them.
    Transmit,
    /// When everything is sent, our direction of TCP has to be ended; what comes is still to be read. Said in every
    /// turn from then on.
    Shutdown,
    /// Nothing more for now. Without input until this instant a [`Input::Tick`] is due.
    Wait(Option<Instant>),
}

/// What an application learns of its connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A client asks for a connection, conforming or not, or for something else. A server has to decide with
    /// [`Endpoint::answer`](super::Endpoint::answer), as a [`Policy`](crate::proto::opening::Policy) does; what comes
    /// until then waits.
    Asked(&'a Request, &'a Asked),
    /// The connection is open.
    Open(&'a Agreed),
    /// A message came.
    Message(Message<'a>),
    /// A ping came, and is answered unless a close frame was sent.
    Ping(&'a [u8]),
    /// A pong came. If it answers our last ping, after this time.
    Pong(&'a [u8], Option<Duration>),
    /// The peer's close frame came, and is answered.
    Close(Option<CloseCode>, &'a str),
    /// The connection is being failed: browsers call this `error`. It comes before every [`Event::Closed`] that tells
    /// of an unclean end, unless the application itself refused the connection.
    Failed(&'a Cause),
    /// It is over. Nothing follows.
    Closed(&'a Closed),
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The closing handshake was completed.
    #[error("closed by the closing handshake")]
    Handshake,
    /// The peer broke a rule.
    #[error("the peer broke a rule: {} ({})", .0.words(), .0.clause())]
    Rule(Rule),
    /// The peer sent more than we take.
    #[error("the peer sent a message larger than {limit} bytes")]
    TooBig {
        /// The limit in bytes.
        limit: usize,
    },
    /// The peer's half of the opening handshake is not HTTP, or too long.
    #[error("the opening handshake cannot be read: {0}")]
    OpeningUnreadable(crate::wire::http::HeadError),
    /// The peer's half of the opening handshake breaks rules.
    #[error("the opening handshake breaks a rule: {}", .0.map(|rule| rule.to_string()).collect::<Vec<_>>().join("; "))]
    OpeningInvalid(Rules, Option<Box<Response>>),
    /// The application did not want the connection.
    #[error("the opening handshake was refused with status {0}")]
    Refused(u16),
    /// The opening handshake took too long.
    #[error("the opening handshake was not completed in time")]
    OpeningTimeout,
    /// The closing handshake took too long.
    #[error("the closing handshake was not completed in time")]
    ClosingTimeout,
    /// Nothing came after a ping.
    #[error("the peer did not answer a ping in time")]
    PongTimeout,
    /// The peer did not read what was sent.
    #[error("the peer does not read what is sent")]
    SendTimeout,
    /// The peer ended the connection without a close frame.
    #[error("the peer ended the connection without a closing handshake")]
    Lost,
}

/// How a connection ended: what browsers tell in their `close` event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The code of the peer's close frame, [`CloseCode::NO_STATUS`] if that had none, [`CloseCode::ABNORMAL`] if there
    /// was no such frame (RFC 6455, section 7.1.5).
    pub code: CloseCode,
    /// The reason that the peer gave (section 7.1.6).
    pub reason: String,
    /// The code that we sent; [`CloseCode::NO_STATUS`] for a close frame without one.
    pub sent: Option<CloseCode>,
    /// Whether the closing handshake was completed (section 7.1.4).
    pub clean: bool,
    /// Why it ended.
    pub cause: Cause,
}

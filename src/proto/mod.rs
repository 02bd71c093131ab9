//! The protocol without I/O, clock or chance.
//!
//! Reading, judging and reacting are three different things. [`Flow`] judges one direction of a connection: bytes in,
//! what was [`Seen`] out, broken [`Rule`]s among it; it never reacts. [`Joiner`] turns what was seen into messages, and
//! inflates them where [`deflate`] was agreed on. [`Endpoint`] reacts, as a conforming client or server. [`opening`]
//! asks, answers and checks the opening handshake.
//!
//! Time comes in as an argument, and so do masking keys: the same input always gives the same output.

mod config;
pub mod deflate;
mod endpoint;
mod flow;
mod keys;
mod message;
mod observer;
pub mod opening;
mod rule;

pub use config::Config;
pub(crate) use endpoint::check_close;
pub use endpoint::{Cause, Closed, Endpoint, Event, Input, Outbound, Output, ReadyState, SendError, Turn};
pub use flow::{Flow, Reading, Seen};
pub use keys::MaskingKeys;
pub use message::{JoinFault, Joined, Joiner, Kind, Message, TooBig};
pub use observer::{Alike, Observer};
pub use rule::{Clause, Level, Rule, Rules, UnknownRule};

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Asks for the connection, and masks what it sends.
    Client,
    /// Answers, and sends unmasked.
    Server,
}

impl Role {
    /// The other end.
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// The specification's word for this end.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Numbers connections, from 0, in the order in which they came: those of a server, of a capture, or of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

//! The opening handshake as an endpoint goes through it.

use super::turn::Bytes;
use super::Cause;
use crate::proto::opening::{Agreed, Answer, Ask};
use crate::proto::Config;
use crate::wire::http::Request;

/// Where the opening handshake stands.
#[derive(Debug)]
pub(super) struct Opening {
    /// The peer's half, as far as it came, or what came behind a request that is not answered yet.
    kept: Vec<u8>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// A client waits for the response.
    Waiting(Ask),
    /// A server waits for a request.
    Listening,
    /// A server has to decide.
    Asked(Box<Request>),
    /// It has accepted.
    Answered,
}

/// What bytes did for the opening handshake.
pub(super) enum Progress {
    /// All were taken, and more are wanted.
    Wants,
    /// So many completed a request.
    Asked(usize),
    /// So many completed the response.
    Agreed(usize, Box<Agreed>),
    /// The application accepted; nothing was taken.
    Answered,
    /// They make no opening handshake. The client may be told why.
    Failed(Cause, Option<Answer>),
}

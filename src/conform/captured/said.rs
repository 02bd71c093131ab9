//! What was said on a connection, as far as a case can tell it.

use bytes::Bytes;

use crate::capture::Time;
use crate::proto::Rules;
use crate::wire::{CloseCode, Head};

/// Something that was said, and when.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) at: Option<Time>,
    pub(super) what: What,
}

/// Something that was said: frames of the client, messages of the server.
#[derive(Debug)]
pub(super) enum What {
    /// A frame of the client.
    Frame(Sent),
    /// A message of the server.
    Message {
        /// Whether it is one of text.
        text: bool,
        /// After inflating.
        content: Bytes,
    },
    /// A ping of the server.
    Ping(Bytes),
    /// A pong of the server.
    Pong(Bytes),
    /// A close frame of the server, and its code.
    Close(Option<CloseCode>),
}

/// A frame of the client.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) head: Head,
    /// As sent, unmasked, as far as it came.
    pub(super) payload: Bytes,
    pub(super) faults: Rules,
    /// Of the first frame of a compressed message: what it says, and in how many frames.
    pub(super) content: Option<(Bytes, usize)>,
    /// It is another frame of a compressed message.
    pub(super) fragment: bool,
}

//! What an endpoint is set to: limits, timers, compression.

use std::time::Duration;

use crate::proto::deflate;

/// Limits, timers and compression of an [`Endpoint`](super::Endpoint).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The largest frame that is taken, in payload bytes; a larger one fails the connection with 1009.
    pub max_frame: u64,
    /// The largest message that is taken, in bytes; a larger one fails the connection with 1009.
    pub max_message: usize,
    /// Outgoing messages above this many bytes are sent in fragments of this size; `None` sends any message whole.
    pub fragment: Option<usize>,
    /// Largest size in bytes of the peer's half of the opening handshake.
    pub max_head: usize,
    /// The most header lines in it.
    pub max_headers: usize,
    /// How long the opening handshake may take.
    pub opening_timeout: Duration,
    /// How long the closing handshake may take, from the first close frame to the end of TCP.
    pub closing_timeout: Duration,
    /// How long bytes may wait to be sent without the peer taking any of them. Then the connection is dropped.
    pub send_timeout: Duration,
    /// How often a ping asks whether the peer is alive; `None` and no time ask never.
    pub ping_interval: Option<Duration>,
    /// How long after a ping nothing at all may come from the peer before it is held for dead, and failed with 1002.
    ///
    /// Any byte is a sign of life, not the pong alone: a pong stands behind all that its sender had queued before it,
    /// and whoever is in the middle of a large message cannot send one.
    pub pong_timeout: Duration,
    /// How messages are compressed where that is agreed on; `None` to neither offer nor accept it.
    ///
    /// An endpoint goes by what the opening handshake agreed on. What is offered and accepted there is up to
    /// [`Ask::extensions`](super::opening::Ask::extensions) and [`Policy::deflate`](super::opening::Policy::deflate),
    /// which the clients and servers of [`net`](crate::net) take from here.
    pub deflate: Option<deflate::Config>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_frame: 64 << 20,
            max_message: 64 << 20,
            fragment: None,
            max_head: 16 << 10,
            max_headers: 100,
            opening_timeout: Duration::from_secs(10),
            closing_timeout: Duration::from_secs(10),
            send_timeout: Duration::from_secs(60),
            ping_interval: None,
            pong_timeout: Duration::from_secs(20),
            deflate: Some(deflate::Config::default()),
        }
    }
}

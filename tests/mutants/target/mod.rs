//! The target: an echo server and an echo client, written from RFC 6455 and RFC 7692 for this test alone.
//!
//! Without a fault it conforms. It shares nothing with the library, so that no fault of the one is hidden by the same
//! fault of the other. Memory and time are bounded: messages to [`MOST`] bytes, heads to [`http::HEAD`].

pub(crate) mod ask;
pub(crate) mod client;
mod control;
mod deflate;
mod drive;
mod extension;
mod frame;
mod heads;
mod http;
mod opening;
mod sending;
pub(crate) mod server;
mod session;
mod utf8;
mod world;

/// The largest message, in bytes, inflated.
const MOST: usize = 8 << 20;

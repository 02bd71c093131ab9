//! Captures of network traffic.
//!
//! Nothing here opens a socket or asks what time it is.

mod conversation;
mod write;

pub use conversation::Conversation;
pub use write::Writer;

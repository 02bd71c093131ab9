//! Captures of network traffic.
//!
//! Nothing here opens a socket or asks what time it is. Reading goes in steps, each usable alone: a source gives
//! [`Packet`]s, out of which come [`Segment`]s, out of those ordered bytes and gaps, out of those openings, frames and
//! messages, told as [`Event`]s to a [`Sink`].

mod conversation;
mod event;
mod packet;
mod time;
pub mod tls;
mod write;

pub use conversation::Conversation;
pub use event::{
    Close, Connection, Ending, Event, Frame, Frames, Loss, Message, Note, NoteKind, Opaque, RoundTrip, Sent, Sink,
    Violation, Wants,
};
pub use packet::{End, Flags, LinkType, Packet, Segment};
pub use time::{Place, Time};
pub use write::Writer;

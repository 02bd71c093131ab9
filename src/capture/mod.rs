//! Captures of network traffic.
//!
//! Nothing here opens a socket or asks what time it is. Reading goes in steps, each usable alone: a source gives
//! [`Packet`]s, out of which come [`Segment`]s, out of those ordered bytes and gaps, out of those openings, frames and
//! messages, told as [`Event`]s to a [`Sink`].

mod conversation;
mod counts;
mod event;
mod filter;
mod packet;
mod secret;
mod time;
mod write;

pub use conversation::Conversation;
pub use counts::Count;
pub use event::{
    Close, Connection, Ending, Event, Frame, Frames, Loss, Message, Note, NoteKind, Opaque, RoundTrip, Sent, Sink,
    Violation, Wants,
};
pub use filter::{Filter, FilterError, Table};
pub use packet::{End, Flags, LinkType, Packet, Segment};
pub use secret::without_secrets;
pub use time::{Place, Time};
pub use write::Writer;

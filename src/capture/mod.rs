//! Captures of network traffic.
//!
//! Nothing here opens a socket or asks what time it is. Reading goes in steps, each usable alone: a source gives
//! [`Packet`]s, out of which come [`Segment`]s, out of those ordered bytes and gaps, out of those openings, frames and
//! messages, told as [`Event`]s to a [`Sink`].

pub mod analyze;
mod conversation;
mod counts;
mod digits;
mod event;
mod filter;
mod keep;
mod masked;
mod packet;
mod replay;
pub mod segment;
mod session;
pub mod source;
pub mod stream;
mod time;
pub mod tls;
mod write;

pub use analyze::{Analyzer, Options, Totals};
pub use conversation::Conversation;
pub use counts::Count;
pub use event::{
    Close, Connection, Ending, Event, Frame, Frames, Loss, Message, Note, NoteKind, Opaque, RoundTrip, Sent, Sink,
    Violation, Wants,
};
pub use filter::{FieldDefinition, FieldFilter, FieldKind, Fielded, Fields, Filter, FilterError, Table};
pub(crate) use keep::is_same;
pub use keep::{Keep, KeepError, Written};
pub use masked::{subprotocols_without_secrets, tokens, without_secrets, without_tokens};
pub use packet::{End, Flags, LinkType, Packet, Segment};
pub use replay::Replay;
pub use time::{Place, Time};
pub use write::Writer;

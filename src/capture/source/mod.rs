//! Where packets come from: capture files, streams and interfaces.
//!
//! Packets are lent out of one buffer that is used again and again: nothing is copied or allocated for a packet. Memory
//! is bounded by the largest record that is really there. A packet is given as soon as its bytes are: nothing waits for a
//! buffer to fill. Nothing that a file holds can cause a panic or a hang, and what came before damage is always given
//! before the damage is told.
//!
//! Read are pcap (times in micro- and nanoseconds, both byte orders) and pcapng (draft-ietf-opsawg-pcapng), also packed by
//! gzip or Zstandard, which is told from the bytes and not from the name.

mod buffer;
mod content;
mod error;
mod field;
mod interface;
mod item;
#[cfg(feature = "live")]
mod live;
mod merge;
mod open;
mod packing;
mod pcap;
mod pcapng;
mod reader;
#[cfg(unix)]
mod stdin;

pub use content::Content;
pub use error::{Damage, Part, SourceError};
pub use item::{Item, Source};
#[cfg(feature = "live")]
pub use live::{Live, LiveError};
pub use merge::Merge;
pub use open::open;
pub use packing::Packing;
pub use reader::Reader;

//! What the targets share: everything that can be told of a capture, made-up packets, and the form of made-up talk.

mod acts;
mod everything;
mod packets;

pub use acts::{Act, Acts, write_act};
pub use everything::{Everything, OPTIONS, read};
pub use packets::{Line, TcpFlags, segment};

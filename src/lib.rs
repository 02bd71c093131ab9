//! wslab: everything one does to a WebSocket implementation.

pub mod conform;
pub mod proto;
pub mod watch;
pub mod wire;

//! wslab: everything one does to a WebSocket implementation.

pub mod app;
pub mod cli;
pub mod conform;
pub mod net;
pub mod proto;
pub mod wire;

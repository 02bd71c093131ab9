//! What people and programs read of a capture, rendered from its events.

mod tables;

pub use tables::{CapturedTable, Format, Payload, Style};

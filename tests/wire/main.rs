//! `wire`: any bits round-trip, and text is judged as it arrives.

mod close;
mod head;
mod mask;
mod utf8;

//! Servers and clients that people run, built on [`net`](crate::net).

pub mod chat;
mod echo;
pub mod host;

pub use echo::{echo, echo_back};

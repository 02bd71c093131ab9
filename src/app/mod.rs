//! Servers and clients that people run, built on [`net`](crate::net).

pub mod auth;
pub mod chat;
mod clock;
mod echo;
pub mod feed;
pub mod host;
pub mod limit;

pub use echo::{Echo, echo, echo_back};

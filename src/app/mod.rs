//! Servers and clients that people run, built on [`net`](crate::net).

pub mod auth;
mod echo;
pub mod host;
pub mod limit;

pub use echo::{echo, echo_back};

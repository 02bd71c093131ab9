//! Servers and clients that people run, built on [`net`](crate::net).

mod echo;
pub mod feed;
pub mod host;

pub use echo::{echo, echo_back};

//! Servers and clients that people run, built on [`net`](crate::net).

mod echo;

pub use echo::{echo, echo_back};

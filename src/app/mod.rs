//! Servers that people run, built on [`net`](crate::net).

mod echo;

pub use echo::echo;

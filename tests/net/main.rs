//! Clients and servers over real sockets on the loopback interface, on ports that the system chooses.
//!
//! What can be shown without sockets is shown beside the code, over streams in memory and in virtual time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod abrupt;
mod back_pressure;
mod broadcast;
mod client;
mod deflate;
mod drain;
mod fuzzing;
mod halves;
mod limits;
mod pool;
mod server;
mod sessions;
mod stage;
mod states;
mod target;
mod tls;
mod unix;

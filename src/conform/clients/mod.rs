//! Testing clients: wslab as the server that they connect to.
//!
//! [`listen`] serves the URLs of Autobahn's fuzzingserver, so that harnesses written for that work unchanged: a client
//! asks how many cases there are, runs each, and says when it is done. Every agent is a run of its own, and what one
//! does, or fails to do, harms no other. [`launch`] starts a client that knows nothing of cases for each of them. Memory
//! is bounded: connections, agents, and what is kept of a case.

mod agents;
mod door;
mod launch;
mod listen;
mod network;
mod resource;
mod visit;

pub use launch::{InvalidLaunch, Launch, launch};
pub use listen::{Accept, Ended, Tested, Visitors, listen};
pub use network::Door;

//! What servers that people run are made of.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod auth;
mod auth_gate;
mod auth_keys;
mod inband;
mod limit;
mod limit_doors;
mod limit_layers;
//! The servers that people run, over real sockets on the loopback interface.

mod feed;
mod feed_bad;
mod feed_builtin;
mod feed_lines;
mod feed_model;
mod feed_slow;
mod feed_stage;

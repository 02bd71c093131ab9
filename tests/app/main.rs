//! What servers that people run are made of.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod auth;
mod auth_gate;
mod auth_keys;
mod auth_request;
mod inband;
mod limit;
mod limit_doors;
mod limit_layers;

//! The servers that people run, and what they are made of.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod auth;
mod auth_gate;
mod auth_keys;
mod auth_request;
mod chat;
mod chat_bad;
mod chat_limits;
mod chat_model;
mod chat_rooms;
mod chat_stage;
mod feed;
mod feed_bad;
mod feed_builtin;
mod feed_lines;
mod feed_model;
mod feed_slow;
mod feed_stage;
mod host_auth;
mod host_hostile;
mod host_limits;
mod host_pages;
mod host_renewed;
mod host_stage;
mod inband;
mod limit;
mod limit_doors;
mod limit_layers;

//! The servers that people run, over real sockets on the loopback interface.

mod feed;
mod feed_bad;
mod feed_builtin;
mod feed_lines;
mod feed_model;
mod feed_slow;
mod feed_stage;

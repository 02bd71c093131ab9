//! Captures: what is written can be read, and what others wrote.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may say so by a panic")]

mod blocks;
mod filter;
mod segment;
mod segment_arbitrary;
mod segment_fragments;
mod stream;
mod stream_any;
mod stream_ends;
mod stream_holes;
mod stream_order;
mod tls;
mod tls_pair;
mod writing;

//! Captures: what is written can be read, and what others wrote.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may say so by a panic")]

mod blocks;
mod bounds;
mod filter;
mod keep;
mod segment;
mod segment_arbitrary;
mod segment_fragments;
mod session;
mod session_any;
mod session_deflate;
mod session_ends;
mod session_losses;
mod source_built;
mod source_errors;
#[cfg(feature = "live")]
mod source_live;
mod source_merge;
mod source_packed;
mod source_pcap;
mod source_pcapng;
mod source_properties;
mod stream;
mod stream_any;
mod stream_ends;
mod stream_holes;
mod stream_order;
mod tls;
mod tls_gaps;
mod tls_pair;
mod tls_recorded;
mod tls_secrets;
mod writing;

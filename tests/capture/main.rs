//! Captures: what is written can be read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may say so by a panic")]

mod blocks;
mod source_built;
mod source_errors;
#[cfg(feature = "live")]
mod source_live;
mod source_merge;
mod source_packed;
mod source_pcap;
mod source_pcapng;
mod source_properties;
mod writing;

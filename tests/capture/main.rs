//! Captures: what is written can be read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may say so by a panic")]

mod blocks;
mod filter;
mod writing;

//! Captures: what is written can be read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may say so by a panic")]

mod blocks;
mod tls;
mod tls_gaps;
mod tls_pair;
mod tls_recorded;
mod tls_secrets;
mod writing;

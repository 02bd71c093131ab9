//! Baselines: read, compared with outcomes made by hand, and rewritten.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may say so by a panic")]

mod comparing;
mod made;
mod properties;
mod reading;
mod rewriting;

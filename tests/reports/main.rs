//! What people and programs read of a run, from transcripts made by hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may say so by a panic")]

mod autobahn;
mod failure;
mod json;
mod made;
mod table;

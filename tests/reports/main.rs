//! What people and programs read of a run, from transcripts made by hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may say so by a panic")]

mod analysis;
mod autobahn;
mod captured_tables;
mod course;
mod failure;
mod folding;
mod formats;
mod json;
mod known;
mod made;
mod marks;
mod recording;
mod several;
mod table;

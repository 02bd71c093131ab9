//! Tables of what was found in a capture: one row for each connection, frame, message, violation, interval, round trip
//! or note.
//!
//! Rows are written as their events come; only [rates](crate::capture::Table::Rates) are kept, in bounded memory. What
//! a row consists of is said once, in `rows`, and every format writes the same values: numbers, words, texts, times.
//! What is not known is `null` in JSON, empty in CSV and `-` for people.

mod aligned;
mod cells;
mod clock;
mod csv;
mod json;
mod layout;
mod payload;
mod rates;
mod rows;
mod writer;

pub use payload::Payload;
pub use writer::{CapturedTable, Format, Style};

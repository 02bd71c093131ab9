//! Conformance: cases as data, played against a target, judged from a transcript.

mod case;
mod id;
pub mod parse;
mod payload;

pub use case::*;
pub use id::InvalidId;

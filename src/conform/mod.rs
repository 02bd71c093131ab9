//! Conformance: cases as data, played against a target, judged from a transcript.

mod case;
mod id;
mod payload;

pub use case::*;
pub use id::InvalidId;

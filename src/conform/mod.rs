//! Conformance: cases as data, played against a target, judged from a transcript.

mod case;

pub use case::*;

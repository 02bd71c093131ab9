//! Conformance: cases as data, played against a target, judged from a transcript.

mod case;
mod corpus;
mod id;
pub mod parse;
mod payload;
mod select;

pub use case::*;
pub use corpus::{Corpus, CorpusError};
pub use id::InvalidId;
pub use select::{BULK, Expression, InvalidShard, SelectError, Selection, Shard, Unselectable};

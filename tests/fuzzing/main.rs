//! Generated conformance: what the model foretells clause by clause, what the generator makes, and what a hunt finds in
//! targets in memory, faultless and faulty.

mod foretelling;
mod generating;
mod hunting;
mod stage;

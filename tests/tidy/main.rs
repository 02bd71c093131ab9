//! What keeps the house in order: who depends on whom, what stays out of the core, how long a file may be, and that
//! the table of rules is well-formed.
//!
//! The sources are read as text, so this sees what stands there under any feature; tests inside files do not count.

mod coverage;
mod house;
mod rules;
mod source;
mod tree;

//! Which records are wanted: expressions over what was found in a capture.

mod table;

pub use table::Table;

//! What people and programs read of a run, rendered from its events.
//!
//! Nothing here prints, asks what time it is, or opens a file: everything is text for somebody else to write.

mod explain;
mod failure;
mod json;
mod table;

pub use explain::explain;
pub use failure::failure;
pub use json::{json_case, json_outcome, json_summary};
pub use table::{Tally, sections};

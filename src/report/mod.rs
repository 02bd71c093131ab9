//! What people and programs read of a run, rendered from its events.
//!
//! Nothing here prints, asks what time it is, or opens a file: everything is text for somebody else to write.

mod compare;
mod explain;
mod failure;
mod json;
mod merge;
mod recording;
mod run;
mod table;
mod volume;

pub use compare::{Change, Comparison, Standing};
pub use explain::explain;
pub use failure::failure;
pub use json::{json_case, json_outcome, json_summary};
pub use recording::{Recording, RecordingError, Replayed, replay};
pub use run::{Case, Fold, Report, Run, Section, Test};
pub use table::{Tally, sections};
pub use volume::{Volume, Volumes};

//! What people and programs read of a run, rendered from its events.
//!
//! Nothing here prints, asks what time it is, or opens a file: everything is text for somebody else to write.

mod autobahn;
pub mod captured;
mod compare;
mod csv;
mod explain;
mod failure;
mod github;
mod html;
mod json;
mod junit;
mod mark;
mod markdown;
mod merge;
mod plain;
mod recording;
mod replayed;
mod run;
mod svg;
mod table;
mod text;
mod volume;

pub use autobahn::{Autobahn, INDEX, LeftOut};
pub use compare::{Change, Comparison, Standing};
pub use csv::csv;
pub use explain::explain;
pub use failure::failure;
pub use github::annotations;
pub use html::html;
pub use json::{json, json_case, json_outcome, json_summary};
pub use junit::junit;
pub use mark::Mark;
pub use markdown::markdown;
pub use recording::{Recording, RecordingError, Replayed, replay};
pub use run::{Case, Fold, Report, Run, Section, Test};
pub use table::{Tally, sections, table};
pub use text::{FAILURES, came_to, comparison, conclusion, failed_word, more_failed, remarks, weak_word};
pub use volume::{Volume, Volumes};

/// What makes one file of a report.
pub type Render = fn(&Report) -> String;

/// What a folder of reports holds beside the recording: each file, and what renders it.
pub const FILES: [(&str, Render); 5] =
    [("report.json", json), ("junit.xml", junit), ("index.html", html), ("cases.csv", csv), ("summary.md", markdown)];

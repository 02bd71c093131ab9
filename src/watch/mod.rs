//! What happened, as data.
//!
//! Everything a run does is told as [`Event`]s to a [`Sink`]: the live display, the recording, the reports. Nothing
//! here prints, and an event holds all that its readers need, so a recording that is read again renders the same.
//!
//! A [`Meter`] counts what living connections do, and a [`Snapshot`] is what it has counted; [`feed`] tells others.

mod backlog;
mod difference;
mod event;
pub mod feed;
pub mod live;
mod meter;
mod outcome;
mod running;
mod shown;
mod snapshot;
mod transcript;
mod trouble;
mod words;

pub use backlog::Backlog;
pub use difference::Difference;
pub use event::{Brief, CloseDue, Course, Due, Event, Heading, Kind, Many, Plan, Sink, Summary};
pub use jiff::Timestamp;
pub(crate) use meter::cut;
pub use meter::{About, Follow, Meter};
pub use outcome::{CloseVerdict, Outcome, Verdict, Why};
pub use running::Running;
pub use shown::{Quoted, line_of_head, lines_of_head, refused};
pub use snapshot::{Bar, Counts, End, Rates, Row, Samples, Snapshot, Speed, Spread, Spreads, Totals};
pub use transcript::{
    Answered, Closing, Content, Ending, Entry, Fault, Gather, Happening, Heard, Item, Log, Opening, Said, Side,
    Timeout, Traffic, Transcript,
};
pub use trouble::{Reason, Trouble};

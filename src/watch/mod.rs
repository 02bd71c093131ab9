//! What happened, as data.
//!
//! Everything a run does is told as [`Event`]s to a [`Sink`]: the live display, the recording, the reports. Nothing
//! here prints, and an event holds all that its readers need, so a recording that is read again renders the same.

mod event;
mod outcome;
mod shown;
mod transcript;
mod words;

pub use event::{Brief, CloseDue, Course, Due, Event, Heading, Kind, Many, Plan, Sink, Summary};
pub use jiff::Timestamp;
pub use outcome::{CloseVerdict, Difference, Outcome, Reason, Trouble, Verdict, Why};
pub use shown::{Quoted, line_of_head, lines_of_head, refused};
pub use transcript::{
    Closing, Content, Ending, Entry, Fault, Gather, Happening, Heard, Item, Log, Opening, Said, Side, Timeout, Traffic,
    Transcript,
};

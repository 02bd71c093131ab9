//! Conformance: cases as data, played against a target, judged from a transcript.

mod case;
mod expect;
mod judge;
mod outgoing;
mod payload;
mod script;
mod transcript;

pub use crate::watch::{
    CloseVerdict, Difference, Happening, Outcome, Reason, Side, Timeout, Transcript, Trouble, Verdict, Why,
};
pub use case::*;
pub use expect::Wanted;
pub use judge::{Judgement, judge};
pub use outgoing::Keys;
pub use script::{Act, Pace, Script};
pub use transcript::{Bounds, Recorder};

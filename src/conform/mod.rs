//! Conformance: cases as data, played against a target, judged from a transcript.
//!
//! A verdict depends on the case and the transcript alone. Whatever a target does, a case ends, in bounded time and
//! memory. Nothing here uses [`proto::Endpoint`](crate::proto::Endpoint): a tester that shared the reacting code with an
//! implementation under test would share its faults.

mod act;
mod answer;
mod baseline;
mod brief;
mod captured;
mod case;
pub mod clients;
mod compressor;
mod corpus;
mod cpu;
mod deflate;
mod document;
mod expect;
pub mod fuzz;
mod handshake;
mod id;
mod judge;
mod outgoing;
pub mod parse;
mod payload;
mod peer;
mod place;
mod remote;
mod render;
mod run;
mod script;
mod select;
mod silent;
mod spec;
mod spelled;
mod tap;
mod transcript;

pub use crate::watch::{
    CloseVerdict, Difference, Happening, Outcome, Reason, Side, Timeout, Transcript, Trouble, Verdict, Why,
};
pub use act::{Act, Pace, Timers};
pub use baseline::{
    Baseline, BaselineError, BaselineFault, Deviation, Findings, MAX_BASELINE, Outdated, Pattern, Stale, UNEXPLAINED,
};
pub use captured::{Captured, NoCase};
pub use case::*;
pub use corpus::{Corpus, CorpusError};
pub use deflate::{Own, Terms};
pub use document::{Document, Unit};
pub use expect::Wanted;
pub use handshake::{Beside, Handshake, Manners, Offered};
pub use id::InvalidId;
pub use judge::{Judgement, judge};
pub use peer::{Connect, Transport, play};
pub use remote::{Remote, RemoteError};
pub use run::{Conclusion, Options, run};
pub use script::Script;
pub use select::{BULK, Expression, InvalidShard, SelectError, Selection, Shard, Unselectable};
pub use spec::{
    MAX_SPEC, Spec, SpecCases, SpecError, SpecFault, Tested, TestedClients, TestedServer, fits_case, fits_whole,
};
pub use spelled::{Part, Spelled, Spelling};
pub use tap::{Tap, Tapped};
pub use transcript::{Bounds, Recorder};

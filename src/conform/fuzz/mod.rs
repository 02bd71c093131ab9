//! Generated conformance: sessions that nobody wrote down, each judged by what a model says that may come of it.
//!
//! A [`Session`] is generated from a seed, legal or with one fault in it. The [model](predict) reads its steps as the RFCs
//! do and says what a conforming target may answer; the two make a [`Case`](super::Case), which is played and judged like
//! any other. A session that fails is confirmed, made as short as it can be, and told as a case that everybody can play
//! again. The same seed gives the same sessions, however many are played at the same time.
//!
//! The model shares no judgement with what it tests: it names neither `proto::Endpoint` nor `proto::Flow`. It does share
//! how bytes are read: heads and close bodies (`wire`), masking, and DEFLATE (`proto::deflate::Inflater`); a fault in
//! those would be seen in the servers of others, but not in wslab's own. What it cannot foretell for certain is not played.

mod cased;
mod finding;
mod generate;
mod hunt;
mod model;
mod session;
mod shrink;

pub use cased::case_of;
pub use finding::{Finding, Sign};
pub use generate::{Choice, Generator, Grown};
pub use hunt::{GRACE, News, Options, Report, Stopped, hunt};
pub use model::{Course, End, Prediction, predict};
pub use session::Session;

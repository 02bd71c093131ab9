//! The stream of events that every reader of a run consumes, live or recorded.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::words::micros;
use super::{Happening, Outcome, Reason, Side, Trouble, Verdict};
use crate::proto::{ConnectionId, Level, Role, Rule};
use crate::wire::CloseCode;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Whose run it belongs to, where several implementations are tested at the same time: the name that the tested one
    /// has, or gave itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// On which connection, if it was on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionId>,
    /// What.
    pub kind: Kind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A conformance run begins.
    RunStarted(Plan),
    /// A case begins.
    CaseStarted {
        /// Its id.
        case: String,
        /// Which attempt at it, from 1.
        attempt: u32,
    },
    /// A case failed and is tried again.
    CaseRetried(Box<Outcome>),
    /// A case is over.
    CaseFinished(Box<Outcome>),
    /// The target cannot be reached.
    Unreachable(Trouble),
    /// A conformance run is over.
    RunFinished(Summary),
}

/// What a conformance run is going to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The target, as a person wrote it.
    pub target: String,
    /// Which end the target is.
    pub role: Role,
    /// What the run was asked for.
    #[serde(default)]
    pub heading: Heading,
    /// The cases, in the order of their ids.
    pub cases: Vec<Brief>,
}

/// What a report says of a run as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// The version of wslab.
    pub version: String,
    /// The command that runs one of the cases again, with [`Heading::CASE`] in the place of its id.
    pub command: String,
    /// Whether what is merely acceptable fails.
    pub strict: bool,
    /// Which share of the cases was run, such as `2/3`.
    pub shard: Option<String>,
    /// The titles of sections and their parts, by what the ids of their cases begin with: `9`, `9.3`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sections: BTreeMap<String, String>,
}

impl Heading {
    /// What stands for the id of a case in [`Heading::command`].
    pub const CASE: &str = "{case}";

    /// The command that runs `case` again.
    pub fn repeat(&self, case: &str) -> String {
        self.command.replace(Self::CASE, case)
    }
}

/// A case, as far as a report needs to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// Its id.
    pub id: String,
    /// One sentence.
    pub title: String,
    /// What a reader has to know beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How binding the requirement is.
    pub level: Level,
    /// The clauses that it tests, such as `6455#5.2`.
    pub clauses: Vec<String>,
    /// The rules that it is about.
    pub rules: Vec<Rule>,
    /// Words to select by.
    pub tags: Vec<String>,
    /// What may come, the best first.
    pub courses: Vec<Course>,
    /// How the connection has to end.
    pub close: CloseDue,
}

/// One acceptable course of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// The verdict if it is what came.
    pub verdict: Verdict,
    /// All that may come, in order.
    pub events: Vec<Due>,
}

/// An event of a [`Course`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Due {
    /// This. Of a content its length and beginning are told, not its hash.
    One(Happening),
    /// These, so many times over.
    Times(u64, Vec<Due>),
    /// One of several, in words: "an answer with status 400 or 426".
    Some(String),
    /// Whatever else.
    Rest,
}

/// How a connection has to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseDue {
    /// Whether the target may close before us, because of a limit of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub either: bool,
    /// Who closes.
    pub by: Side,
    /// The codes that the target's close frame may carry.
    pub codes: Vec<CloseCode>,
    /// Whether the closing handshake has to be complete.
    pub clean: bool,
    /// Whether a close by the wrong end fails the case.
    pub wrong_end_fails: bool,
}

/// What a conformance run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many cases have each verdict, by its word.
    pub verdicts: BTreeMap<String, u64>,
    /// How many cases passed only when they were repeated.
    pub flaky: u64,
    /// Why the run ended early, if it did.
    pub stopped: Option<Reason>,
    /// How long it took.
    #[serde(with = "micros")]
    pub duration: Duration,
}

impl Summary {
    /// How many cases have the verdict of this word.
    pub fn count(&self, word: &str) -> u64 {
        self.verdicts.get(word).copied().unwrap_or_default()
    }
}

/// A reader of events.
pub trait Sink {
    /// Takes the next event.
    ///
    /// # Errors
    /// If it cannot be written where the sink writes. The run goes on; the sink is not told more.
    fn take(&mut self, event: &Event) -> io::Result<()>;
}

/// Keeps all events.
impl Sink for Vec<Event> {
    fn take(&mut self, event: &Event) -> io::Result<()> {
        self.push(event.clone());
        Ok(())
    }
}

/// Calls a function.
impl<F: FnMut(&Event) -> io::Result<()>> Sink for F {
    fn take(&mut self, event: &Event) -> io::Result<()> {
        self(event)
    }
}

/// Several sinks as one.
#[derive(Default)]
pub struct Many<'a>(pub Vec<&'a mut dyn Sink>);

impl std::fmt::Debug for Many<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} sinks", self.0.len())
    }
}

impl Sink for Many<'_> {
    /// Each sink takes the event; the first error is given back when all have.
    fn take(&mut self, event: &Event) -> io::Result<()> {
        let mut result = Ok(());
        for sink in &mut self.0 {
            result = result.and(sink.take(event));
        }
        result
    }
}

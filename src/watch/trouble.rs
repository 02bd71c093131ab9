//! Why a case has no verdict: there was no connection, or it was not run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why there was no connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// Nobody listens.
    #[error("the connection was refused")]
    Refused,
    /// Nobody answered.
    #[error("the connection could not be made in time")]
    TimedOut,
    /// The name has no address.
    #[error("it was not found: {0}")]
    NotFound(String),
    /// The TLS handshake failed.
    #[error("the TLS handshake failed: {0}")]
    Tls(String),
    /// The system said no.
    #[error("the connection could not be made: {0}")]
    Io(String),
    /// The command that starts the target cannot be started.
    #[error("the client could not be started: {0}")]
    NotStarted(String),
    /// The target, a client that was started, did not connect.
    #[error("the client never connected: {0}")]
    NeverConnected(String),
    /// We cannot use this target.
    #[error("{0}")]
    Target(String),
}

/// Why a case was not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It tests the other role.
    OtherRole,
    /// It needs a target that echoes.
    NeedsEcho,
    /// A configuration of Autobahn's excludes it for this agent.
    Excluded,
    /// Enough cases failed before.
    MaxFail,
    /// The target went away.
    Unreachable,
    /// The target never opened a connection.
    NeverOpened,
    /// The target, a client, never asked for it.
    NotAsked,
    /// The run was cancelled.
    Cancelled,
    /// The recording ends before it began.
    Unrecorded,
    /// The recording ends while it was running.
    Unfinished,
}

impl Reason {
    /// The words behind "not run, because", for so many cases.
    pub const fn words(self, cases: usize) -> &'static str {
        let is_one = cases == 1;
        match self {
            Self::OtherRole if is_one => "it tests the other role",
            Self::OtherRole => "they test the other role",
            Self::NeedsEcho if is_one => "it needs a target that echoes",
            Self::NeedsEcho => "they need a target that echoes",
            Self::Excluded if is_one => "it is excluded for this agent",
            Self::Excluded => "they are excluded for this agent",
            Self::MaxFail => "enough cases had failed",
            Self::Unreachable => "the target went away",
            Self::NotAsked if is_one => "the client never asked for it",
            Self::NotAsked => "the client never asked for them",
            Self::NeverOpened => "no connection could be opened",
            Self::Cancelled => "the run was cancelled",
            Self::Unrecorded if is_one => "the recording ends before it",
            Self::Unrecorded => "the recording ends before them",
            Self::Unfinished if is_one => "the recording ends while it was running",
            Self::Unfinished => "the recording ends while they were running",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words(1))
    }
}

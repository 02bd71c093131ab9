//! Exit codes.

use std::process::ExitCode;

/// How the program ends. The numbers are a contract: scripts and CI rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All is as expected.
    Ok = 0,
    /// A case failed, a violation was found, or a baseline entry is stale.
    Failed = 1,
    /// The command line, a configuration, the corpus or an input is wrong.
    Usage = 2,
    /// The target was never reachable.
    Unreachable = 3,
    /// Nothing was selected.
    NothingSelected = 4,
    /// The user interrupted it.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

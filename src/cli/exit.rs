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

impl Exit {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Ok, Self::Failed, Self::Usage, Self::Unreachable, Self::NothingSelected, Self::Interrupted];

    /// What it says, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Ok => "All is as expected.",
            Self::Failed => "A case failed, a violation was found, or a baseline entry is stale.",
            Self::Usage => "The command line, a configuration, the corpus or an input is wrong.",
            Self::Unreachable => "The target was never reachable.",
            Self::NothingSelected => "Nothing was selected.",
            Self::Interrupted => "The user interrupted it.",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

//! Whether the environment asks for tests that need what has to be installed first.

use std::env;

/// What `WSLAB_INTEROP` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    No,
    Wish,
    Require,
}

impl Demand {
    pub(crate) fn of_environment() -> Self {
        match env::var("WSLAB_INTEROP").unwrap_or_default().as_str() {
            "" | "0" => Self::No,
            "require" => Self::Require,
            _ => Self::Wish,
        }
    }
}

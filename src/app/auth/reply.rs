//! What a client is told at the gate, and why it is sent away.

use serde::Serialize;

use crate::wire::CloseCode;

/// What a client is told about its token. As JSON, `{"type":"auth_success","userId":"7"}` and the like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type")]
pub enum Reply {
    /// The token is good.
    #[serde(rename = "auth_success")]
    Success {
        /// [`User::id`](super::User::id).
        #[serde(rename = "userId")]
        user_id: String,
    },
    /// The token is not good. Nobody is told why: that would help the wrong ones.
    #[serde(rename = "auth_failed")]
    Failed {
        /// For people.
        message: &'static str,
    },
    /// The message had no token in it.
    #[serde(rename = "auth_error")]
    Error {
        /// For people.
        message: &'static str,
    },
}

impl Reply {
    /// `{"type":"auth_failed","message":"Invalid token"}`
    pub const FAILED: Self = Self::Failed { message: "Invalid token" };
    /// `{"type":"auth_error","message":"Authentication error"}`
    pub const ERROR: Self = Self::Error { message: "Authentication error" };
}

/// Why a connection has to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The client did not say who it is in time.
    Timeout,
    /// The client was refused too often.
    Refused,
    /// The token of the client is no longer good.
    Expired,
}

impl Ending {
    /// 1008 (RFC 6455, section 7.4.1).
    pub const fn code(self) -> CloseCode {
        CloseCode::POLICY
    }

    /// The reason of the close frame.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Timeout => "Authentication timeout",
            Self::Refused => "Authentication failed",
            Self::Expired => "Token expired",
        }
    }
}

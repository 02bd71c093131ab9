//! Headers beside those of the handshake.

use super::name;
use crate::wire::http::{Headers, is_token};

/// Headers that somebody adds to a request or a response, such as `Authorization` or `Set-Cookie`.
///
/// It holds none that belong to the handshake, and none that would break the head it is written into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra(Headers);

impl Extra {
    /// No headers.
    pub const fn new() -> Self {
        Self(Headers::new())
    }

    /// Appends a header, also if there is one of this name.
    ///
    /// # Errors
    /// If the name is not a token or belongs to the handshake, or if the value has a control character.
    pub fn push(&mut self, name: &str, value: impl Into<Vec<u8>>) -> Result<(), ExtraError> {
        let value = value.into();
        if !is_token(name.as_bytes()) {
            return Err(ExtraError::Name(name.escape_debug().to_string()));
        }
        if TAKEN.iter().any(|taken| taken.eq_ignore_ascii_case(name)) {
            return Err(ExtraError::Taken(name.into()));
        }
        if !value.iter().all(|&byte| byte == b'\t' || byte >= b' ' && byte != 0x7f) {
            return Err(ExtraError::Value(name.into()));
        }
        self.0.push(name, value);
        Ok(())
    }

    /// The headers, in order.
    pub const fn headers(&self) -> &Headers {
        &self.0
    }
}

/// Names that the handshake writes itself, or that would give a head a body.
const TAKEN: &[&str] = &[
    "Host",
    "Upgrade",
    "Connection",
    "Origin",
    "Content-Length",
    "Transfer-Encoding",
    name::ACCEPT,
    name::EXTENSIONS,
    name::KEY,
    name::PROTOCOL,
    name::VERSION,
];

/// A header that cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtraError {
    /// The name is not a token.
    #[error("\"{0}\" is not the name of a header")]
    Name(String),
    /// The handshake writes this header itself.
    #[error("the header {0} belongs to the handshake")]
    Taken(String),
    /// The value has a line feed or another control character.
    #[error("the value of the header {0} has a control character")]
    Value(String),
}

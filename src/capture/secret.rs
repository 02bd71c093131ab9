//! What of a capture is nobody else's business.

use std::borrow::Cow;

use crate::wire::http;

/// Text of a capture, such as a URL or a reason, in which `…` stands for the values of secret query parameters and for
/// JSON Web Tokens.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    http::without_secrets(text)
}

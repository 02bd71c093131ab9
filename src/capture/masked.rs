//! What of a capture is nobody else's business, masked.

use std::borrow::Cow;

use super::{Close, Connection};
use crate::wire::http;

/// Text of an opening handshake (a target, the value of a header) in which `…` stands for the values of secret query
/// parameters and for JSON Web Tokens.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    http::without_secrets(text)
}

/// Text, such as that of a message, in which `…` stands for JSON Web Tokens. Nothing else of it is touched: which part
/// of a message is a secret only its application knows.
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    http::without_tokens(text)
}

impl Connection {
    /// The target of the request, [without secrets](without_secrets).
    pub fn url_without_secrets(&self) -> Option<Cow<'_, str>> {
        self.url.as_deref().map(without_secrets)
    }

    /// The same connection, with everything that its ends wrote [without secrets](without_secrets): target, Host,
    /// Origin, User-Agent, subprotocol (some put tokens there), extensions, and the reasons of a refusal and of a close.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let open = |text: &Option<String>| text.as_deref().map(|text| without_secrets(text).into_owned());
        let close = |close: &Close| Close { reason: without_secrets(&close.reason).into_owned(), ..close.clone() };
        Self {
            url: open(&self.url),
            host: open(&self.host),
            origin: open(&self.origin),
            agent: open(&self.agent),
            refusal: open(&self.refusal),
            subprotocol: open(&self.subprotocol),
            extensions: open(&self.extensions),
            close: self.close.as_ref().map(close),
            ..self.clone()
        }
    }
}

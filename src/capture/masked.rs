//! What of a capture is nobody else's business, masked.

use std::borrow::Cow;
use std::ops::Range;

use super::{Close, Connection};
use crate::wire::http;

/// Text of an opening handshake (a target, the value of a header) in which `…` stands for the user information of URLs,
/// for the values of secret parameters and for JSON Web Tokens.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    http::without_secrets(text)
}

/// Text, such as that of a message, in which `…` stands for JSON Web Tokens. Nothing else of it is touched: which part
/// of a message is a secret only its application knows.
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    http::without_tokens(text)
}

/// Names of subprotocols in which `…` stands for the tokens that some clients put there.
pub fn subprotocols_without_secrets(names: &str) -> Cow<'_, str> {
    http::subprotocols_without_secrets(names)
}

/// Where JSON Web Tokens stand in some bytes, such as those of a message.
pub fn tokens(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    http::tokens(bytes)
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
            subprotocol: self.subprotocol.as_deref().map(|names| subprotocols_without_secrets(names).into_owned()),
            extensions: open(&self.extensions),
            close: self.close.as_ref().map(close),
            ..self.clone()
        }
    }
}

//! What of a head is nobody else's business.

use std::borrow::Cow;

/// Whether a header or a query parameter of this name usually carries a secret, such as `Authorization`, `Cookie` or
/// `token`. The key of an opening handshake is none.
pub fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 8] = ["auth", "cookie", "token", "secret", "password", "key", "jwt", "signature"];
    let name = name.to_ascii_lowercase();
    !name.starts_with("sec-websocket-") && WORDS.iter().any(|word| name.contains(word))
}

/// A URL, a target or a request line in which `…` stands for the values of secret query parameters.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let Some((path, query)) = text.split_once('?') else { return Cow::Borrowed(text) };
    // Behind the query of a request line stands the version.
    let (query, rest) = query.split_at(query.find([' ', '#']).unwrap_or(query.len()));
    let parameters: Vec<Cow<'_, str>> = query
        .split('&')
        .map(|parameter| match parameter.split_once('=') {
            Some((name, value)) if is_secret(name) && !value.is_empty() => Cow::Owned(format!("{name}=…")),
            _ => Cow::Borrowed(parameter),
        })
        .collect();
    if parameters.iter().all(|parameter| matches!(parameter, Cow::Borrowed(_))) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{path}?{}{rest}", parameters.join("&")))
}

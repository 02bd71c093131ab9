//! What of a head is nobody else's business.

use std::borrow::Cow;

/// Whether a header or a query parameter of this name usually carries a secret, such as `Authorization`, `Cookie` or
/// `token`. The key of an opening handshake is none, and neither is a server's challenge, `WWW-Authenticate`.
pub fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 8] = ["auth", "cookie", "token", "secret", "password", "key", "jwt", "signature"];
    let name = name.to_ascii_lowercase();
    let is_open = name.starts_with("sec-websocket-") || name.ends_with("-authenticate");
    !is_open && WORDS.iter().any(|word| name.contains(word))
}

/// A URL, a target, a request line or the value of a header, in which `…` stands for the values of secret query
/// parameters and for JSON Web Tokens.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    match without_parameters(text) {
        Cow::Borrowed(text) => without_tokens(text),
        Cow::Owned(text) => Cow::Owned(without_tokens(&text).into_owned()),
    }
}

/// Text in which `…` stands for the values of secret query parameters.
fn without_parameters(text: &str) -> Cow<'_, str> {
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

/// A head, or as much as there is of one, in which `…` stands for the values of secret headers, of secret query
/// parameters and of JSON Web Tokens. Everything else is kept byte for byte, and so is what follows the head.
pub fn head_without_secrets(head: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(head.len());
    let mut secret = false;
    let mut rest = head;
    while !rest.is_empty() {
        let end = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, more) = rest.split_at(end);
        let words = line.trim_ascii_end();
        if words.is_empty() {
            break;
        }
        // A line that begins with a blank goes on with the one before.
        let folded = matches!(words[0], b' ' | b'\t');
        let name = words.iter().position(|&byte| byte == b':').map(|colon| &words[..colon]);
        let named_secret = name.is_some_and(|name| is_secret(&String::from_utf8_lossy(name)));
        secret = if folded { secret } else { named_secret && !kept.is_empty() };
        match name {
            _ if secret && folded => kept.extend_from_slice(" …".as_bytes()),
            Some(name) if secret && words.len() > name.len() + 1 => {
                kept.extend_from_slice(name);
                kept.extend_from_slice(": …".as_bytes());
            }
            _ => {
                let text = String::from_utf8_lossy(words);
                let open = without_secrets(&text);
                // What is not UTF-8 stays as it is where nothing is masked.
                kept.extend_from_slice(if open == text { words } else { open.as_bytes() });
            }
        }
        kept.extend_from_slice(&line[words.len()..]);
        rest = more;
    }
    kept.extend_from_slice(rest);
    kept
}

/// The words of a command, or of what it says, in which `…` stands for what is secret: the value in `--token value`,
/// `token=value` and `Authorization: value`, secret query parameters, and JSON Web Tokens. A word with blanks is taken
/// for a command of its own.
pub fn words_without_secrets<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut open = Vec::new();
    let mut before = false;
    for word in words {
        let is_option = word.starts_with('-');
        // Where the URL goes, a command says in braces: `--no-auth {url}`.
        open.push(if before && !is_option && !word.is_empty() && !word.contains('{') {
            "…".to_owned()
        } else {
            word_without_secrets(word)
        });
        before = is_option && !word.contains(['=', ' ']) && is_secret(word);
    }
    open
}

fn word_without_secrets(word: &str) -> String {
    let is_of_name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    let (name, value) = word.split_at(word.find(|character| !is_of_name(character)).unwrap_or(word.len()));
    if is_secret(name.trim_start_matches('-')) {
        if value.len() > 1 && value.starts_with('=') {
            return format!("{name}=…");
        }
        if value.strip_prefix(':').is_some_and(|value| !value.trim().is_empty()) {
            return format!("{name}: …");
        }
    }
    if word.contains(' ') {
        return words_without_secrets(word.split(' ')).join(" ");
    }
    without_secrets(word).into_owned()
}

/// Text in which `…` stands for what is a JSON Web Token (RFC 7519): three parts, and the first begins as `{"` does in
/// base64.
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    let is_of_token = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    let is_token = |word: &str| word.starts_with("eyJ") && word.matches('.').count() >= 2;
    if !text.split(|character| !is_of_token(character)).any(is_token) {
        return Cow::Borrowed(text);
    }
    let mut open = String::with_capacity(text.len());
    for part in text.split_inclusive(|character| !is_of_token(character)) {
        let word = part.trim_end_matches(|character| !is_of_token(character));
        open.push_str(if is_token(word) { "…" } else { word });
        open.push_str(&part[word.len()..]);
    }
    Cow::Owned(open)
}

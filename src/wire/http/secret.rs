//! What of a head is nobody else's business.

use std::borrow::Cow;
use std::ops::Range;
use std::{iter, mem};

/// Whether a header, or an option of a command, of this name usually carries a secret, such as `Authorization`, `Cookie`
/// or `token`. The key of an opening handshake is none, and neither is a server's challenge, `WWW-Authenticate`.
pub fn is_secret(name: &str) -> bool {
    const WITHIN: [&str; 13] = [
        "auth",
        "cookie",
        "token",
        "secret",
        "password",
        "key",
        "jwt",
        "signature",
        "passwd",
        "passphrase",
        "credential",
        "session",
        "sessid",
    ];
    // Others have these within them by chance: `inside`, `hotplug`.
    const WORDS: [&str; 5] = ["sid", "pwd", "otp", "bearer", "ticket"];
    let lower = name.to_ascii_lowercase();
    let is_open = lower.starts_with("sec-websocket-") || lower.ends_with("-authenticate");
    !is_open && (WITHIN.iter().any(|word| lower.contains(word)) || has_word(name, &WORDS))
}

/// Whether the parameter of a URL of this name usually carries a secret: `sig`, `pass` and the like too, which as a
/// header or an option are often something else.
fn is_secret_parameter(name: &str) -> bool {
    // Of several words with `code` most are none: `country_code`.
    is_secret(name) || name.eq_ignore_ascii_case("code") || has_word(name, &["sig", "pass", "access"])
}

/// Whether one of the words of a name, such as the two of `session-id`, `session_id` and `sessionId`, is one of these.
fn has_word(name: &str, words: &[&str]) -> bool {
    let is_one = |word: &str| words.iter().any(|other| word.eq_ignore_ascii_case(other));
    name.split(|character: char| !character.is_ascii_alphanumeric()).any(|part| {
        let humps = part.as_bytes().windows(2).enumerate();
        let ends = humps.filter(|(_, pair)| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
        let mut begin = 0;
        let found = ends.map(|(at, _)| at + 1).any(|end| is_one(&part[mem::replace(&mut begin, end)..end]));
        found || is_one(&part[begin..])
    })
}

/// A URL, a target, a request line or the value of a header, in which `…` stands for the user information of URLs, for
/// the values of secret parameters of a path or a query, and for JSON Web Tokens.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let open = without_user_information(text);
    let open = and(open, without_parameters);
    and(open, without_tokens)
}

/// Text of which something more is left out.
fn and(text: Cow<'_, str>, without: impl Fn(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => without(text),
        Cow::Owned(text) => Cow::Owned(without(&text).into_owned()),
    }
}

/// Text in which `…` stands for these parts of it, which are in order.
fn without(text: &str, parts: impl Iterator<Item = Range<usize>>) -> Cow<'_, str> {
    let mut open = String::new();
    let mut kept = 0;
    for part in parts {
        open.push_str(&text[kept..part.start]);
        open.push('…');
        kept = part.end;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    open.push_str(&text[kept..]);
    Cow::Owned(open)
}

/// Text in which `…` stands for the user and the password of URLs (RFC 3986, section 3.2.1).
fn without_user_information(text: &str) -> Cow<'_, str> {
    let mut at = 0;
    let parts = iter::from_fn(|| {
        loop {
            at += text[at..].find("://")? + 3;
            let rest = &text[at..];
            let authority = rest.find(['/', '?', '#', ' ', '"', '\\']).map_or(rest, |end| &rest[..end]);
            let begin = at;
            at += authority.len();
            match authority.rfind('@') {
                None | Some(0) => {}
                Some(end) => return Some(begin..begin + end),
            }
        }
    });
    without(text, parts)
}

/// Text in which `…` stands for the values of secret parameters: of a query, of a fragment, and behind a semicolon of a
/// path (RFC 3986, section 3.3).
fn without_parameters(text: &str) -> Cow<'_, str> {
    let mut at = 0;
    let mut in_query = false;
    let parts = iter::from_fn(|| {
        loop {
            at += text[at..].find(['?', '&', ';', '#', ' '])? + 1;
            match text.as_bytes()[at - 1] {
                b'?' | b'#' => in_query = true,
                // Behind the query of a request line stands the version.
                b' ' => {
                    in_query = false;
                    continue;
                }
                // Of the value of a header.
                b';' => at += text[at..].len() - text[at..].trim_start_matches(' ').len(),
                _ => {}
            }
            let rest = &text[at..];
            let Some(equals) = rest.find(['=', '?', '&', ';', '#', ' ']) else { continue };
            let Some(value) = rest[equals..].strip_prefix('=').filter(|_| is_secret_parameter(&rest[..equals])) else {
                continue;
            };
            let ends: &[char] = if in_query { &['&', '#', ' '] } else { &[';', '/', '?', '#', ' '] };
            let begin = at + equals + 1;
            at = begin + value.find(ends).unwrap_or(value.len());
            if at > begin {
                return Some(begin..at);
            }
        }
    });
    without(text, parts)
}

/// Names of subprotocols with commas between them, in which `…` stands for secrets: some clients, which cannot send
/// other headers, put a token there, behind a name such as `bearer` or `access_token`, or as part of a name. What is
/// part of one is known by its look.
pub fn subprotocols_without_secrets(names: &str) -> Cow<'_, str> {
    const ANNOUNCES: [&str; 6] = ["bearer", "access_token", "access-token", "token", "authorization", "jwt"];
    const KUBERNETES: &str = "base64url.bearer.authorization.k8s.io.";
    let open = without_secrets(names);
    let mut announced = false;
    let shown: Vec<Cow<'_, str>> = open
        .split(',')
        .map(|whole| {
            let name = whole.trim();
            let blank = if whole.starts_with(' ') { " " } else { "" };
            let announces = ANNOUNCES.iter().any(|word| name.eq_ignore_ascii_case(word));
            let is_secret = mem::replace(&mut announced, announces) && !announces && !name.is_empty();
            if is_secret {
                return Cow::Owned(format!("{blank}…"));
            }
            if name.len() > KUBERNETES.len() && name.starts_with(KUBERNETES) {
                return Cow::Owned(format!("{blank}{KUBERNETES}…"));
            }
            if !whole.split('.').any(|part| is_random(part.trim())) {
                return Cow::Borrowed(whole);
            }
            let parts: Vec<&str> = name.split('.').map(|part| if is_random(part) { "…" } else { part }).collect();
            Cow::Owned(format!("{blank}{}", parts.join(".")))
        })
        .collect();
    if shown.iter().all(|name| matches!(name, Cow::Borrowed(_))) {
        drop(shown);
        return open;
    }
    Cow::Owned(shown.join(","))
}

/// Whether this looks like a token: long, letters and digits in base64 or hexadecimal, and not words between hyphens.
fn is_random(part: &str) -> bool {
    const SHORTEST: usize = 20;
    const LONGEST_WORD: usize = 11;
    let is_of_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/' | b'=');
    let is_mixed =
        part.bytes().any(|byte| byte.is_ascii_digit()) && part.bytes().any(|byte| byte.is_ascii_alphabetic());
    let mut runs = part.split(|character: char| !character.is_ascii_alphanumeric());
    part.len() >= SHORTEST
        && part.bytes().all(is_of_base64)
        && is_mixed
        && runs.any(|run| run.len() > LONGEST_WORD && run.bytes().any(|byte| byte.is_ascii_digit()))
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
                let is_subprotocol = name.is_some_and(|name| name.eq_ignore_ascii_case(b"sec-websocket-protocol"));
                let open = match text.split_once(':').filter(|_| is_subprotocol) {
                    Some((name, value)) => match subprotocols_without_secrets(value) {
                        Cow::Borrowed(_) => Cow::Borrowed(&*text),
                        Cow::Owned(value) => Cow::Owned(format!("{name}:{value}")),
                    },
                    None => without_secrets(&text),
                };
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

/// Text in which `…` stands for JSON Web Tokens.
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    without(text, tokens(text.as_bytes()))
}

/// Where JSON Web Tokens (RFC 7519) stand in some bytes: three parts, of which the last may be cut off if the second
/// begins as the first does, with what `{"` is in base64.
pub fn tokens(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    const FRONT: &[u8] = b"eyJ";
    let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let mut at = 0;
    iter::from_fn(move || {
        loop {
            let begin = at + bytes[at..].windows(FRONT.len()).position(|window| window == FRONT)?;
            at = begin + FRONT.len();
            // Not in `keyJson.parse.it`, but behind the `\n` of JSON.
            let is_front = match &bytes[..begin] {
                [.., b'\\', _] => true,
                [.., before] => !before.is_ascii_alphabetic(),
                [] => true,
            };
            if !is_front {
                continue;
            }
            // Where this is none, none begins further behind in it.
            at = begin + bytes[begin..].iter().take_while(|byte| is_of_token(byte)).count();
            let mut parts = bytes[begin..at].split(|byte| *byte == b'.').skip(1);
            let second = parts.next();
            if second.is_some_and(|second| second.starts_with(FRONT)) || parts.next().is_some() {
                return Some(begin..at);
            }
        }
    })
}

//! Expressions as words and signs.

use std::net::Ipv6Addr;
use std::ops::Range;

use super::error::Fault;
use super::expression::Order;

/// A word or a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Anything that is not quoted and no sign: a field, a number, an address, a time.
    Word(&'a str),
    Quoted(Vec<u8>),
    Order(Order),
    And,
    Or,
    Not,
    Open,
    Close,
    OpenList,
    CloseList,
    Comma,
    /// `..`
    Range,
    End,
}

/// Where in an expression something stands, in bytes.
pub(super) type Span = Range<usize>;

/// Reads words and signs, one after another.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

/// Signs of one or two characters, the longer first.
const SIGNS: [(&str, Token<'static>); 15] = [
    ("&&", Token::And),
    ("||", Token::Or),
    ("==", Token::Order(Order::Equal)),
    ("!=", Token::Order(Order::Different)),
    ("<=", Token::Order(Order::AtMost)),
    (">=", Token::Order(Order::AtLeast)),
    ("..", Token::Range),
    ("<", Token::Order(Order::Less)),
    (">", Token::Order(Order::More)),
    ("!", Token::Not),
    ("(", Token::Open),
    (")", Token::Close),
    ("[", Token::OpenList),
    ("]", Token::CloseList),
    (",", Token::Comma),
];

impl<'a> Tokens<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn next(&mut self) -> Result<(Token<'a>, Span), (Fault, Span)> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        let start = self.at;
        let rest = &self.text[start..];
        let Some(first) = rest.chars().next() else { return Ok((Token::End, start..start)) };
        if matches!(first, '"' | '\'') {
            let quoted = self.quoted(first)?;
            return Ok((Token::Quoted(quoted), start..self.at));
        }
        if let Some(size) = bracketed(rest) {
            self.at += size;
            return Ok((Token::Word(&rest[..size]), start..self.at));
        }
        if let Some((sign, token)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            self.at += sign.len();
            return Ok((token.clone(), start..self.at));
        }
        let size = word(rest);
        if size == 0 {
            self.at += first.len_utf8();
            let fault = match first {
                '=' => Fault::Single("=", "=="),
                '&' => Fault::Single("&", "&&"),
                '|' => Fault::Single("|", "||"),
                _ => Fault::Tilde,
            };
            return Err((fault, start..self.at));
        }
        self.at += size;
        Ok((Token::Word(&rest[..size]), start..self.at))
    }

    /// The text in quotes that begins here.
    fn quoted(&mut self, quote: char) -> Result<Vec<u8>, (Fault, Span)> {
        let start = self.at;
        let mut bytes = Vec::new();
        let mut chars = self.text[start..].char_indices().skip(1);
        while let Some((at, character)) = chars.next() {
            if character == quote {
                self.at = start + at + 1;
                return Ok(bytes);
            }
            if character != '\\' {
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            let rest = &self.text[start + at..];
            let Some((size, escaped)) = escape(rest) else {
                let size = rest.chars().take(2).map(char::len_utf8).sum::<usize>();
                return Err((Fault::Escape, start + at..start + at + size));
            };
            bytes.extend_from_slice(&escaped);
            // The backslash is taken already; what follows it is ASCII.
            for _ in 1..size {
                chars.next();
            }
        }
        self.at = self.text.len();
        Err((Fault::Unclosed, start..self.text.len()))
    }
}

/// How long the word is that begins a text.
fn word(text: &str) -> usize {
    let is_sign = |character: char| character.is_whitespace() || "()[],\"'=!<>&|~".contains(character);
    let size = text.find(is_sign).unwrap_or(text.len());
    text[..size].find("..").unwrap_or(size)
}

/// How long the address in brackets is that begins a text, with its port: `[::1]:80`.
fn bracketed(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('[')?;
    // No address is longer, and looking for each bracket at all that follows would take long.
    let end = inside.bytes().take(46).position(|byte| byte == b']')?;
    let (address, rest) = (&inside[..end], &inside[end + 1..]);
    let _address: Ipv6Addr = address.parse().ok()?;
    let follows = if rest.starts_with([':', '/']) { word(rest) } else { 0 };
    Some(address.len() + 2 + follows)
}

/// The escape that begins a text: how long it is, and what it means.
fn escape(text: &str) -> Option<(usize, Vec<u8>)> {
    let simple = |byte: u8| Some((2, vec![byte]));
    match *text.as_bytes().get(1)? {
        byte @ (b'"' | b'\'' | b'\\') => simple(byte),
        b'n' => simple(b'\n'),
        b'r' => simple(b'\r'),
        b't' => simple(b'\t'),
        b'0' => simple(0),
        b'x' => {
            let digits = text.get(2..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
            Some((4, vec![u8::from_str_radix(digits, 16).ok()?]))
        }
        b'u' => {
            let digits = text.get(2..)?.strip_prefix('{')?;
            let end = digits.bytes().take(7).position(|byte| byte == b'}')?;
            let digits = &digits.as_bytes()[..end];
            let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
            let character = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
            Some((end + 4, character.to_string().into_bytes()))
        }
        _ => None,
    }
}

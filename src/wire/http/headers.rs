//! The headers of a head, in order.

use std::fmt;

/// Headers in their order, names and values as raw bytes.
///
/// Names are compared without regard to case (RFC 9110, section 5.1) and kept as they were written. Nothing is
/// checked: [`Headers::push`] takes line feeds too, since a tester wants to write them. Who writes foreign values
/// checks them first, as `proto::opening` does.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    lines: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Headers {
    /// No headers.
    pub const fn new() -> Self {
        Self { lines: Vec::new() }
    }

    /// Appends a header, also if there is one of this name.
    pub fn push(&mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.lines.push((name.into(), value.into()));
    }

    /// Makes this the only header of the name: in the place of the first one, or at the end.
    pub fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        match self.lines.iter().position(|line| is(line, name)) {
            Some(first) => {
                self.lines[first].1 = value.into();
                let mut index = 0;
                self.lines.retain(|line| {
                    index += 1;
                    index - 1 == first || !is(line, name)
                });
            }
            None => self.push(name, value),
        }
    }

    /// Takes every header of the name out, and says how many there were.
    pub fn remove(&mut self, name: &str) -> usize {
        let before = self.lines.len();
        self.lines.retain(|line| !is(line, name));
        before - self.lines.len()
    }

    /// How many header lines there are.
    pub const fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Every header, in order: its name and its value.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.lines.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// The value of the first header of the name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.lines.iter().find(|line| is(line, name)).map(|(_, value)| value.as_slice())
    }

    /// The values of all headers of the name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.lines.iter().filter(move |line| is(line, name)).map(|(_, value)| value.as_slice())
    }

    /// The elements of the comma-separated list that all headers of the name make together (RFC 9110, section 5.6.1),
    /// without blanks around them; empty elements are left out. Not for lists that have quoted strings.
    pub fn tokens<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.all(name).flat_map(|value| value.split(|&byte| byte == b',')).map(trim).filter(|token| !token.is_empty())
    }

    /// Whether the list of [`Headers::tokens`] has `token`, without regard to case.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.tokens(name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// Appends the header lines, without the empty line that ends a head.
    pub fn write(&self, out: &mut Vec<u8>) {
        for (name, value) in &self.lines {
            out.extend_from_slice(name);
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.iter().map(|(name, value)| format!("{}: {}", name.escape_ascii(), value.escape_ascii()));
        f.debug_list().entries(lines).finish()
    }
}

impl<N: Into<Vec<u8>>, V: Into<Vec<u8>>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(lines: I) -> Self {
        Self { lines: lines.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}

/// Whether `bytes` are a token (RFC 9110, section 5.6.2; the same set as in RFC 2616): what names of headers,
/// subprotocols and extensions are made of.
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

fn is(line: &(Vec<u8>, Vec<u8>), name: &str) -> bool {
    line.0.eq_ignore_ascii_case(name.as_bytes())
}

/// Without the blanks and tabs around it.
fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

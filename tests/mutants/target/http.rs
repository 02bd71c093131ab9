//! Heads of HTTP/1.1 (RFC 7230), as far as an opening handshake needs them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use crate::fault::{Fault, Switch};

/// The largest head, in bytes.
pub(super) const HEAD: usize = 16 * 1024;

/// A first line and headers.
#[derive(Clone, Debug, Default)]
pub(super) struct Heading {
    pub(super) line: String,
    headers: Vec<(String, Vec<u8>)>,
    /// Whether names are compared with their case.
    exact: bool,
}

/// Why bytes are no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// It is to be refused.
    Bad,
    /// Something that the target cannot stand.
    Unbearable,
}

/// Where the head at the beginning of `bytes` ends, behind its empty line. A line may end without a carriage return
/// (RFC 7230, section 3.5).
pub(super) fn end(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len()).filter(|at| bytes[*at] == b'\n').find_map(|at| match &bytes[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

impl Heading {
    /// Reads a head with its empty line.
    pub(super) fn read(bytes: &[u8], fault: Switch) -> Result<Self, Malformed> {
        Self::read_with(bytes, false, fault)
    }

    /// Reads a head; `unfold` puts blanks in the place of folds, as who reads a response has to (RFC 7230, section
    /// 3.2.4).
    pub(super) fn read_with(bytes: &[u8], unfold: bool, fault: Switch) -> Result<Self, Malformed> {
        let exact = fault.is(Fault::HeaderNamesByTheirCase) || fault.is(Fault::AnswerNamesByTheirCase);
        let mut lines = bytes.trim_ascii_end().split(|byte| *byte == b'\n');
        let first = lines.next().unwrap_or_default();
        let line = first.strip_suffix(b"\r").unwrap_or(first);
        let mut heading = Self { line: String::from_utf8_lossy(line).into_owned(), headers: Vec::new(), exact };
        for line in lines {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let folded = line.starts_with(b" ") || line.starts_with(b"\t");
            if folded
                && unfold
                && let Some((_, value)) = heading.headers.last_mut()
            {
                if !fault.is(Fault::LosesFolds) {
                    // No value begins with a blank.
                    if !value.is_empty() {
                        value.push(b' ');
                    }
                    value.extend_from_slice(line.trim_ascii());
                }
                continue;
            }
            if folded && !fault.is(Fault::FoldsAsHeaders) {
                return Err(Malformed::Bad);
            }
            let line = line.trim_ascii_start();
            let colon = line.iter().position(|byte| *byte == b':').ok_or(Malformed::Bad)?;
            let mut name = String::from_utf8_lossy(&line[..colon]).into_owned();
            if fault.is(Fault::SpaceBeforeColon) {
                name.truncate(name.trim_end().len());
            }
            if fault.is(Fault::AnswerNamesWithUnderscores) {
                name = name.replace('_', "-");
            }
            let mut value = &line[colon + 1..];
            for (cut, mark) in [(Fault::AnswerValuesToAColon, b':'), (Fault::AnswerValuesToANul, 0)] {
                if fault.is(cut) {
                    value = value.split(|byte| *byte == mark).next().unwrap_or_default();
                }
            }
            if value.contains(&0) && fault.is(Fault::DropsOnNul)
                || std::str::from_utf8(value).is_err() && fault.is(Fault::DropsOnEightBits)
            {
                return Err(Malformed::Unbearable);
            }
            let is_control = |byte: &u8| *byte < 0x20 && *byte != b'\t' || *byte == 0x7f;
            if !is_token(&name) || value.iter().any(is_control) {
                return Err(Malformed::Bad);
            }
            let kept = fault.is(Fault::AcceptOfBlanks) && name.eq_ignore_ascii_case("Sec-WebSocket-Key")
                || fault.is(Fault::AcceptWithBlanks) && name.eq_ignore_ascii_case("Sec-WebSocket-Accept");
            let value = match value.strip_prefix(b" ") {
                Some(value) if kept => value,
                _ => value.trim_ascii(),
            };
            heading.headers.push((name, value.to_vec()));
        }
        Ok(heading)
    }

    /// The values of all headers of the name.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let same = |own: &str| if self.exact { own == name } else { own.eq_ignore_ascii_case(name) };
        let values = self.headers.iter().filter(|(own, _)| same(own));
        values.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    }

    /// The value of the only header of the name.
    pub(super) fn one(&self, name: &str) -> Option<String> {
        let mut values = self.all(name);
        if values.len() == 1 { values.pop() } else { None }
    }

    /// The words of all headers of the name, which are lists.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let joined = self.all(name).join(",");
        joined.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
    }
}

/// How a target finds a word in a header that is a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) none: bool,
    pub(super) any: bool,
    pub(super) by_case: Option<&'static str>,
    pub(super) no_list: bool,
    pub(super) first_line: bool,
    pub(super) part: bool,
}

impl Words {
    /// Without a fault.
    pub(super) const RIGHT: Self =
        Self { none: false, any: false, by_case: None, no_list: false, first_line: false, part: false };

    /// Whether the header of the name has the word, which is given in lower case.
    pub(super) fn find(self, heading: &Heading, name: &str, word: &str) -> bool {
        let lines = heading.all(name);
        let Some(first) = lines.first() else { return self.none };
        if self.any {
            return true;
        }
        if self.part {
            return lines.join(",").to_ascii_lowercase().contains(word);
        }
        if self.no_list {
            return lines.len() == 1 && first.eq_ignore_ascii_case(word);
        }
        if self.first_line {
            return first.split(',').any(|own| own.trim().eq_ignore_ascii_case(word));
        }
        let same = |own: &String| match self.by_case {
            Some(exactly) => own == exactly,
            None => own.eq_ignore_ascii_case(word),
        };
        heading.list(name).iter().any(same)
    }
}

/// The value of the Sec-WebSocket-Accept header for a key (RFC 6455, section 4.2.2).
pub(super) fn accept(key: &str, fault: Switch) -> String {
    let guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let guid = if fault.is(Fault::AcceptOfAnotherGuid) { guid.to_ascii_lowercase() } else { guid.to_owned() };
    STANDARD.encode(Sha1::digest(format!("{key}{guid}").as_bytes()))
}

/// How many bytes a key is. `None` if it is not base64; bits behind the last byte do not matter.
pub(super) fn key_size(key: &str) -> Option<usize> {
    let letters = key.trim_end_matches('=');
    let padding = key.len() - letters.len();
    let base64 = letters.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/');
    let whole = key.len().is_multiple_of(4) && padding <= 2;
    (base64 && whole && !key.is_empty()).then(|| key.len() / 4 * 3 - padding)
}

/// A key of so many bytes.
pub(super) fn key(size: usize) -> String {
    let mut bytes = vec![0; size];
    super::session::random(&mut bytes);
    STANDARD.encode(bytes)
}

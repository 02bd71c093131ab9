//! HTTP/1.1 messages as far as they have to be read to find the next one (RFC 9112).

use crate::wire::http::{Headers, Response};

/// What the first bytes of a direction, or those behind a message, are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    Request,
    Response,
    /// More is needed to tell.
    Short,
    /// HTTP/2.
    Http2,
    /// A header of the PROXY protocol with so many bytes, which load balancers put before everything else.
    Proxy(usize),
    Neither,
}

/// The longest first line of a request that is waited for.
const MAX_LINE: usize = 16 * 1024;

/// The longest method.
const MAX_METHOD: usize = 24;

pub(super) fn beginning(bytes: &[u8]) -> Beginning {
    if let Some(beginning) = proxy(bytes) {
        return beginning;
    }
    // Empty lines before a request are passed over (RFC 9112, section 2.2).
    let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let bytes = &bytes[blank.min(4)..];
    const RESPONSE: &[u8] = b"HTTP/";
    if bytes.starts_with(RESPONSE) {
        return Beginning::Response;
    }
    if RESPONSE.starts_with(bytes) {
        return Beginning::Short;
    }
    let method = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.!".contains(byte)).count();
    match bytes.get(method) {
        None if method <= MAX_METHOD => return Beginning::Short,
        Some(b' ') if (1..=MAX_METHOD).contains(&method) => {}
        _ => return Beginning::Neither,
    }
    let line = bytes.iter().position(|&byte| byte == b'\n').map(|end| &bytes[..end]);
    match line {
        Some(line) if line.starts_with(b"PRI * HTTP/2") => Beginning::Http2,
        Some(line) if line.windows(RESPONSE.len()).any(|word| word == RESPONSE) => Beginning::Request,
        None if bytes.len() < MAX_LINE && bytes[method..].iter().all(|byte| *byte >= b' ' || *byte == b'\r') => {
            Beginning::Short
        }
        _ => Beginning::Neither,
    }
}

/// What begins like a header of the PROXY protocol, in its text form or its binary one.
fn proxy(bytes: &[u8]) -> Option<Beginning> {
    const BINARY: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
    const TEXT: &[u8] = b"PROXY ";
    const LONGEST_TEXT: usize = 107;
    if bytes.starts_with(TEXT) {
        let end = bytes.iter().take(LONGEST_TEXT).position(|&byte| byte == b'\n');
        return match end {
            Some(end) => Some(Beginning::Proxy(end + 1)),
            None => (bytes.len() < LONGEST_TEXT).then_some(Beginning::Short),
        };
    }
    if bytes.len() > 4 && BINARY.starts_with(&bytes[..bytes.len().min(BINARY.len())]) {
        let length = bytes.get(14..16).map(|length| 16 + usize::from(u16::from_be_bytes([length[0], length[1]])));
        return Some(match length.filter(|length| *length <= bytes.len()) {
            Some(length) => Beginning::Proxy(length),
            None => Beginning::Short,
        });
    }
    None
}

/// Where the body of a message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// After so many bytes.
    Length(u64),
    /// Where its chunks say.
    Chunked(Chunks),
    /// Where the connection does.
    UntilEnd,
}

impl Body {
    pub(super) fn of_request(headers: &Headers) -> Self {
        Self::declared(headers).unwrap_or(Self::Length(0))
    }

    pub(super) fn of_response(response: &Response, method: &str) -> Self {
        let none = method == "HEAD" || matches!(response.status, 100..=199 | 204 | 304);
        if none { Self::Length(0) } else { Self::declared(&response.headers).unwrap_or(Self::UntilEnd) }
    }

    fn declared(headers: &Headers) -> Option<Self> {
        if headers.has_token("Transfer-Encoding", "chunked") {
            return Some(Self::Chunked(Chunks::Size(0)));
        }
        let length = headers.get("Content-Length")?;
        let length = std::str::from_utf8(length).ok()?.trim();
        Some(length.parse().map_or(Self::UntilEnd, Self::Length))
    }

    /// Passes over what belongs to the body. Says how many bytes that were, and whether it is over.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> (usize, bool) {
        match self {
            Self::Length(left) => {
                let count = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= count as u64;
                (count, *left == 0)
            }
            Self::Chunked(chunks) => {
                let mut at = 0;
                while at < bytes.len() {
                    let (count, over) = chunks.pass(&bytes[at..]);
                    at += count;
                    if over {
                        return (at, true);
                    }
                }
                (at, false)
            }
            Self::UntilEnd => (bytes.len(), false),
        }
    }

    /// Bytes are missing: whether it is known where the body ends all the same.
    pub(super) const fn lose(&mut self, count: u64) -> bool {
        match self {
            Self::Length(left) if *left >= count => {
                *left -= count;
                true
            }
            Self::UntilEnd => true,
            _ => false,
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self, Self::Length(0))
    }
}

/// Where one is in a chunked body (RFC 9112, section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunks {
    /// In the digits of a size, of which so much was read.
    Size(u64),
    /// In the rest of the line with this size.
    Line(u64),
    /// In data, with its line end.
    Data(u64),
    /// In the trailer, at the beginning of a line or not.
    Trailer(bool),
}

impl Chunks {
    fn pass(&mut self, bytes: &[u8]) -> (usize, bool) {
        let byte = bytes[0];
        match *self {
            Self::Size(size) => match char::from(byte).to_digit(16) {
                Some(digit) => *self = Self::Size(size.saturating_mul(16).saturating_add(u64::from(digit))),
                None => {
                    *self = Self::Line(size);
                    return (0, false);
                }
            },
            Self::Line(size) if byte == b'\n' => {
                *self = if size == 0 { Self::Trailer(true) } else { Self::Data(size.saturating_add(2)) };
            }
            Self::Line(_) => {}
            Self::Data(left) => {
                let count = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left - count as u64;
                *self = if left == 0 { Self::Size(0) } else { Self::Data(left) };
                return (count, false);
            }
            Self::Trailer(start) => match byte {
                b'\n' if start => return (1, true),
                b'\n' => *self = Self::Trailer(true),
                b'\r' => {}
                _ => *self = Self::Trailer(false),
            },
        }
        (1, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_is_known_by_its_first_line() {
        for (bytes, what) in [
            ("GET / HTTP/1.1\r\n", Beginning::Request),
            ("\r\nget /chat HTTP/1.0\n", Beginning::Request),
            ("HTTP/1.1 101 ", Beginning::Response),
            ("", Beginning::Short),
            ("HTT", Beginning::Short),
            ("GET /a/long/path", Beginning::Short),
            ("PRI * HTTP/2.0\r\n\r\nSM", Beginning::Http2),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET", Beginning::Proxy(36)),
            ("PROXY TCP4 192", Beginning::Short),
            ("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x02abGET", Beginning::Proxy(18)),
            ("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x02a", Beginning::Short),
            ("SSH-2.0-OpenSSH_9.2\r\n", Beginning::Neither),
            ("EHLO example\r\n", Beginning::Neither),
            ("\u{1}\u{2}\u{3}", Beginning::Neither),
            ("{\"a\":1}\n", Beginning::Neither),
        ] {
            assert_eq!(beginning(bytes.as_bytes()), what, "{bytes:?}");
        }
    }

    #[test]
    fn a_chunked_body_ends_with_its_trailer_however_it_is_cut() {
        let body = b"4;name=value\r\nWiki\r\n0A\r\n0123456789\r\n0\r\nTrailer: yes\r\n\r\nGET";
        for size in 1..=body.len() {
            let mut chunked = Body::Chunked(Chunks::Size(0));
            let mut passed = 0;
            'pieces: for piece in body.chunks(size) {
                let (count, over) = chunked.pass(piece);
                passed += count;
                if over {
                    break 'pieces;
                }
            }
            assert_eq!(&body[passed..], b"GET", "pieces of {size}");
        }
    }

    #[test]
    fn a_body_ends_where_it_was_declared() {
        let mut body = Body::Length(5);
        assert_eq!(body.pass(b"abc"), (3, false));
        assert!(body.lose(1));
        assert_eq!(body.pass(b"eHTTP"), (1, true));
        assert!(!Body::Length(3).lose(4), "the loss reaches behind it");
    }
}

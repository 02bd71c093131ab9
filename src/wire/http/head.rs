//! Requests and responses.

use std::fmt;

use super::{HeadError, HeadFault, Headers};

/// How long a head may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest head in bytes, from its first byte to the empty line that ends it.
    pub max_bytes: usize,
    /// The most headers that it may have.
    pub max_headers: usize,
}

impl Default for Limits {
    /// 16 KiB and 100 headers.
    fn default() -> Self {
        Self { max_bytes: 16 * 1024, max_headers: 100 }
    }
}

/// The version of HTTP: 1 and this minor number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(pub u8);

impl Version {
    /// HTTP/1.0.
    pub const HTTP_10: Self = Self(0);
    /// HTTP/1.1.
    pub const HTTP_11: Self = Self(1);
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP/1.{}", self.0)
    }
}

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, such as `GET`.
    pub method: String,
    /// The target as it was sent: a path with its query, an absolute URI, or anything else.
    pub target: String,
    /// The version.
    pub version: Version,
    /// The headers.
    pub headers: Headers,
}

impl Request {
    /// A GET of HTTP/1.1 without headers.
    pub fn get(target: impl Into<String>) -> Self {
        Self { method: "GET".into(), target: target.into(), version: Version::HTTP_11, headers: Headers::new() }
    }

    /// Reads the head at the start of `bytes` and says how many bytes it took; `None` if it wants more.
    ///
    /// Empty lines before it are passed over (RFC 9112, section 2.2); they count as part of it.
    ///
    /// # Errors
    /// If no further bytes could make this a head within the limits.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Option<(Self, usize)>, HeadError> {
        parse(bytes, limits)
    }

    /// Appends the head, with the empty line that ends it.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{} {} {}\r\n", self.method, self.target, self.version).as_bytes());
        self.headers.write(out);
        out.extend_from_slice(b"\r\n");
    }
}

/// The head of a response.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The version.
    pub version: Version,
    /// The status: three digits, 0 to 999.
    pub status: u16,
    /// The reason as it was sent; may be empty.
    pub reason: Vec<u8>,
    /// The headers.
    pub headers: Headers,
}

impl Response {
    /// A response of HTTP/1.1 with the usual [`reason`], without headers.
    pub fn new(status: u16) -> Self {
        Self { version: Version::HTTP_11, status, reason: reason(status).into(), headers: Headers::new() }
    }

    /// Reads the head at the start of `bytes` and says how many bytes it took; `None` if it wants more. Headers that
    /// are folded over several lines are put on one (RFC 9112, section 5.2).
    ///
    /// # Errors
    /// If no further bytes could make this a head within the limits.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Option<(Self, usize)>, HeadError> {
        parse(bytes, limits)
    }

    /// Whether it announces the response and is not yet it: a status of 100 to 199 (RFC 9110, section 15.2), but for
    /// 101, after which no further one comes.
    pub const fn is_interim(&self) -> bool {
        matches!(self.status, 100 | 102..=199)
    }

    /// Appends the head, with the empty line that ends it.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{} {:03} ", self.version, self.status).as_bytes());
        out.extend_from_slice(&self.reason);
        out.extend_from_slice(b"\r\n");
        self.headers.write(out);
        out.extend_from_slice(b"\r\n");
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("version", &self.version)
            .field("status", &self.status)
            .field("reason", &format_args!("{}", self.reason.escape_ascii()))
            .field("headers", &self.headers)
            .finish()
    }
}

/// The usual reason of a status that openings end with; empty for others.
pub const fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

/// What both kinds of head have for [`parse`].
trait Shape: Sized {
    /// Parses once, without regard to the length.
    fn read(bytes: &[u8], limits: &Limits) -> Result<Option<(Self, usize)>, HeadFault>;

    fn set_version(&mut self, version: Version);
}

impl Shape for Request {
    fn read(bytes: &[u8], limits: &Limits) -> Result<Option<(Self, usize)>, HeadFault> {
        let mut lines = room(bytes, limits);
        let mut raw = httparse::Request::new(&mut lines);
        let size = match raw.parse(bytes) {
            Ok(httparse::Status::Complete(size)) => size,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::Token) if raw.method.is_some() => return Err(HeadFault::Target),
            Err(error) => return Err(HeadFault::of(error, limits)),
        };
        let request = Self {
            method: raw.method.unwrap_or_default().into(),
            target: raw.path.unwrap_or_default().into(),
            version: Version(raw.version.unwrap_or_default()),
            headers: copy(raw.headers),
        };
        Ok(Some((request, size)))
    }

    fn set_version(&mut self, version: Version) {
        self.version = version;
    }
}

impl Shape for Response {
    fn read(bytes: &[u8], limits: &Limits) -> Result<Option<(Self, usize)>, HeadFault> {
        let mut lines = room(bytes, limits);
        let mut raw = httparse::Response::new(&mut lines);
        let mut config = httparse::ParserConfig::default();
        config.allow_obsolete_multiline_headers_in_responses(true);
        let size = match config.parse_response(&mut raw, bytes) {
            Ok(httparse::Status::Complete(size)) => size,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return Err(HeadFault::of(error, limits)),
        };
        let response = Self {
            version: Version(raw.version.unwrap_or_default()),
            status: raw.code.unwrap_or_default(),
            reason: raw_reason(bytes).into(),
            headers: raw.headers.iter().map(|line| (line.name, unfolded(line.value))).collect(),
        };
        Ok(Some((response, size)))
    }

    fn set_version(&mut self, version: Version) {
        self.version = version;
    }
}

/// The reason of a response that parsed. The parser's own is empty where it is not ASCII.
fn raw_reason(bytes: &[u8]) -> &[u8] {
    let mut lines = bytes.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    line.get("HTTP/1.1 101 ".len()..).unwrap_or_default()
}

/// Places for the headers of `bytes`: as many as the limits allow, but no more than there can be in so many bytes.
fn room<'a>(bytes: &[u8], limits: &Limits) -> Vec<httparse::Header<'a>> {
    const SHORTEST: usize = "a:\n".len();
    vec![httparse::EMPTY_HEADER; limits.max_headers.min(bytes.len() / SHORTEST)]
}

fn copy(lines: &[httparse::Header<'_>]) -> Headers {
    lines.iter().map(|line| (line.name, line.value)).collect()
}

/// A value on one line: RFC 9112, section 5.2, has a client replace line folding in a response by blanks.
fn unfolded(value: &[u8]) -> Vec<u8> {
    let blank = |&byte: &u8| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte };
    value.iter().map(blank).collect()
}

fn parse<T: Shape>(bytes: &[u8], limits: &Limits) -> Result<Option<(T, usize)>, HeadError> {
    let window = &bytes[..bytes.len().min(limits.max_bytes)];
    let fault = match T::read(window, limits) {
        Ok(None) if window.len() == limits.max_bytes => {
            return Err(HeadError { fault: HeadFault::TooLarge(limits.max_bytes), at: limits.max_bytes });
        }
        Ok(outcome) => return Ok(outcome),
        Err(fault) => fault,
    };
    let at = first_wrong(window, |beginning| T::read(beginning, limits).is_err());
    if fault != HeadFault::Version {
        return Err(HeadError { fault, at });
    }
    let before = &window[..at];
    match window[at] {
        // A minor version that the parser does not know: it is given one that it knows.
        minor @ b'0'..=b'9' if before.ends_with(b"HTTP/1.") => {
            let mut known = window.to_vec();
            known[at] = b'1';
            let parsed = parse::<T>(&known, limits)?;
            Ok(parsed.map(|(mut head, size)| {
                head.set_version(Version(minor - b'0'));
                (head, size)
            }))
        }
        _ => {
            let named = before.windows(5).rev().take(4).any(|name| name == b"HTTP/");
            Err(HeadError { fault: if named { fault } else { HeadFault::NotHttp }, at })
        }
    }
}

/// The offset of the first byte with which `fails`. Once a beginning fails, every longer one does.
fn first_wrong(bytes: &[u8], fails: impl Fn(&[u8]) -> bool) -> usize {
    let (mut good, mut bad) = (0, bytes.len());
    while bad - good > 1 {
        let middle = good.midpoint(bad);
        if fails(&bytes[..middle]) {
            bad = middle;
        } else {
            good = middle;
        }
    }
    bad.saturating_sub(1)
}

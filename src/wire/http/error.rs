//! What is wrong with a head, and where.

/// Bytes that are not the beginning of an HTTP/1.1 head, or of one that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}, at byte {at}")]
pub struct HeadError {
    /// What is wrong.
    pub fault: HeadFault,
    /// Where: the offset of the first byte that no good head has there, counted from 0.
    pub at: usize,
}

/// What is wrong with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadFault {
    /// The first line of a request does not begin with a token and a blank.
    #[error("the method is not a token")]
    Method,
    /// The target of a request is empty, not UTF-8, or has a control character.
    #[error("the target is empty or has a byte that no target has")]
    Target,
    /// `HTTP/` is missing where the version has to be.
    #[error("this is not HTTP")]
    NotHttp,
    /// The version is none from HTTP/1.0 to HTTP/1.9.
    #[error("the version is not HTTP/1.1")]
    Version,
    /// The status is not three digits, or the reason has a control character.
    #[error("the status is not three digits and a reason")]
    Status,
    /// A header line does not begin with a token and a colon: the name is empty, a blank precedes the colon, or a
    /// blank begins the line (folding).
    #[error("a header line does not begin with a name and a colon")]
    HeaderName,
    /// The value of a header has a control character.
    #[error("the value of a header has a control character")]
    HeaderValue,
    /// A carriage return without a line feed, or something behind the version of a request.
    #[error("a line does not end where it has to")]
    NewLine,
    /// The head is longer than [`Limits::max_bytes`](super::Limits::max_bytes).
    #[error("the head is longer than {0} bytes")]
    TooLarge(usize),
    /// The head has more headers than [`Limits::max_headers`](super::Limits::max_headers).
    #[error("the head has more than {0} headers")]
    TooManyHeaders(usize),
}

impl HeadFault {
    /// Whether only a limit was hit: no rule of HTTP is broken.
    pub const fn is_limit(self) -> bool {
        matches!(self, Self::TooLarge(_) | Self::TooManyHeaders(_))
    }

    pub(super) const fn of(error: httparse::Error, limits: &super::Limits) -> Self {
        match error {
            httparse::Error::HeaderName => Self::HeaderName,
            httparse::Error::HeaderValue => Self::HeaderValue,
            httparse::Error::NewLine => Self::NewLine,
            httparse::Error::Status => Self::Status,
            httparse::Error::Token => Self::Method,
            httparse::Error::TooManyHeaders => Self::TooManyHeaders(limits.max_headers),
            httparse::Error::Version => Self::Version,
        }
    }
}

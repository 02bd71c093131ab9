//! HTTP/1.1 heads, for the opening handshake (RFC 6455, sections 4.1 and 4.2; RFC 9112, section 2).
//!
//! Order, case and raw bytes of the headers are kept, and nothing is judged: any method, any target, any version
//! from 1.0 to 1.9, any status. Parsing grows with its input: a beginning of a good head wants more bytes, and a head
//! that cannot become good is refused at its first byte that shows it, however the bytes were cut.

mod error;
mod head;
mod headers;
mod secret;

pub use error::{HeadError, HeadFault};
pub use head::{Limits, Request, Response, Version, reason};
pub use headers::{Headers, is_token};
pub use secret::{
    head_without_secrets, is_secret, subprotocols_without_secrets, tokens, without_secrets, without_tokens,
    words_without_secrets,
};

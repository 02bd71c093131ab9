//! The opening handshake without I/O, clock or chance (RFC 6455, sections 4 and 9.1).
//!
//! [`Ask`] makes the request of a client and checks the response to it. [`judge_request`] and [`judge_response`] say
//! which rules a request and a response break, for clients, servers, captures and testers alike; they never stop at
//! the first. [`answer`] is the conforming server: it agrees, or refuses in the way that HTTP and RFC 6455 want.
//!
//! Whatever was broken, nothing here panics, and the judgement of heads that differ in blanks, in the case of names or
//! in how lists are spread over lines is the same.
//!
//! ```
//! use wslab::proto::opening::{Ask, Policy, answer};
//!
//! let mut ask = Ask::new("server.example.com", "/chat", *b"the sample nonce");
//! ask.protocols = vec!["chat".into(), "superchat".into()];
//! let policy = Policy { protocols: vec!["superchat".into()], ..Policy::default() };
//!
//! let answer = answer(&ask.request()?, &policy);
//! assert_eq!(answer.response.status, 101);
//! let agreed = ask.check(&answer.response).expect("an answer that breaks no rule");
//! assert_eq!(agreed.protocol.as_deref(), Some("superchat"));
//! # Ok::<_, wslab::proto::opening::AskError>(())
//! ```

mod answer;
mod ask;
mod check;
mod extension;
mod extra;
mod origin;

pub use answer::{Answer, Policy, answer};
pub use ask::{Ask, AskError};
pub use check::{Agreed, Asked, Judged, accept_key, judge_request, judge_response, rule_of};
pub use extension::{Extension, ExtensionError, ExtensionFault};
pub use extra::{Extra, ExtraError};
pub use origin::{OriginError, Origins, origin};

/// The names of the headers that make the handshake (section 11.3).
pub mod name {
    /// The answer to the key.
    pub const ACCEPT: &str = "Sec-WebSocket-Accept";
    /// Extensions that are offered or agreed.
    pub const EXTENSIONS: &str = "Sec-WebSocket-Extensions";
    /// The key of the client.
    pub const KEY: &str = "Sec-WebSocket-Key";
    /// Subprotocols that are asked for, or the one that is agreed.
    pub const PROTOCOL: &str = "Sec-WebSocket-Protocol";
    /// The version of the protocol, or the list of those that the server has.
    pub const VERSION: &str = "Sec-WebSocket-Version";
}

/// The version of the protocol that RFC 6455 describes.
pub const VERSION: &str = "13";

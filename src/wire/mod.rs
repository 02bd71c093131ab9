//! Bytes and shapes: what is on the wire, without an opinion about it.
//!
//! Nothing here is illegal and nothing is remembered. Every head that a peer can send, however wrong, parses into a
//! value and encodes back into the same bytes; whether it may be sent is [`proto`](crate::proto)'s question. That is
//! what lets one vocabulary serve a server, a capture of somebody else's traffic, and a tester that breaks the rules
//! on purpose.

mod close;
mod head;
pub mod http;
mod mask;
mod utf8;

pub use close::{CloseBody, CloseCode};
pub use head::{EncodedHead, Form, Head, Opcode};
pub use mask::{mask, mask_at};
pub use utf8::{InvalidUtf8, Utf8, is_utf8};

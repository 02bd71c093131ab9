//! What TLS encrypts, read by a bystander who has the secrets.
//!
//! [`Tls`] is handed the bytes of both ends of one connection, and gaps in them, and tells the application data: those
//! that authenticate, in order, one [`Plain::Bytes`] a record, decrypted in place where a record came whole. Nothing is
//! made up: where data are missing it says [`Plain::Lost`] and goes on as soon as a record opens again. It does no I/O,
//! has no clock and never panics. Per direction it keeps at most one record and, as long as the [`Secrets`] that are
//! needed have not come, 64 KiB.
//!
//! TLS 1.2 (RFC 5246) and 1.3 (RFC 8446) with AES-GCM, ChaCha20-Poly1305 and AES-CCM, TLS 1.2 also with AES-CBC, with or
//! without encrypt-then-MAC. Whether certificates, signatures and Finished messages are right is not looked at.

mod cbc;
mod ccm;
mod connection;
mod gap;
mod handshake;
mod held;
mod hello;
mod keys;
mod message;
mod record;
mod search;
mod secrets;
mod side;
mod suite;
mod trouble;

pub use connection::{Plain, Tls};
pub use secrets::{Label, Secrets};
pub use trouble::Trouble;

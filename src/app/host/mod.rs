//! What servers of messages are made of: an [`Application`] says what is done with messages, a [`Host`] serves it.
//!
//! The host does what all of them need and none should do for itself, so that an application is told nothing but
//! messages that it has to answer:
//!
//! * it has clients say who they are ([`auth`](super::auth)), and ends connections whose token ends;
//! * it holds them to rates ([`limit`](super::limit)), and addresses to a number of connections;
//! * it packs large messages for clients that know no permessage-deflate ([`Inband`](crate::net::Inband));
//! * it answers browsers that ask for a page, `/healthz` and `/metrics`, on the same port;
//! * it lets those who may watch it, at `/_wslab`;
//! * it says what is wrong with messages that nobody understands.
//!
//! What a client that knows of it can ask any host: `{"type":"user_info"}`, `{"type":"rate_limit"}`,
//! `{"type":"compression_request","algorithms":["gzip","deflate"]}`.

mod application;
mod caller;
mod deadlines;
mod forgetting;
mod guards;
mod pages;
mod request;
mod seat;
mod service;
mod session;
mod voice;
mod watching;

pub use application::{Application, Malformed, Visit};
pub use caller::Caller;
pub use seat::Seat;
pub use service::Host;
pub use session::Hosted;
pub use voice::Voice;

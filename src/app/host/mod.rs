//! What servers of messages are made of: an [`Application`] says what is done with messages, a [`Host`] serves it.
//!
//! The host does what all of them need and none should do for itself, so that an application is told nothing but
//! messages that it has to answer.

mod application;
mod caller;
mod service;
mod session;
mod voice;

pub use application::{Application, Malformed, Visit};
pub use caller::Caller;
pub use service::Host;
pub use session::Hosted;
pub use voice::Voice;

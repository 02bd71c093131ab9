//! What an application is.

use super::{Caller, Voice};
use crate::proto::Message;

/// What a server does with the messages of its clients.
pub trait Application: Send + Sync + 'static {
    /// One connection of it.
    type Visit: Visit + Unpin + 'static;

    /// A connection is open, and its client known if it has to be.
    fn open(&self, caller: &Caller) -> Self::Visit;
}

/// One connection, as the application serves it.
///
/// It is dropped when the connection is gone, however that came: what is to be done then belongs into `Drop`.
pub trait Visit: Send {
    /// A message came.
    ///
    /// # Errors
    /// If it is not understood. The host answers that it is not.
    fn message(&mut self, message: &Message<'_>, voice: &mut Voice<'_>) -> Result<(), Malformed>;

    /// The client has shown another token of the same user: what [`Voice::caller`] tells of him may have changed, his
    /// permissions too. What they do not cover any more is to be ended.
    fn renewed(&mut self, voice: &mut Voice<'_>) {
        let _ = voice;
    }
}

/// A message that an application does not understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is not understood")]
pub struct Malformed;

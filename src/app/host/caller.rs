//! Who is at the other end of a connection.

use std::sync::Arc;

use crate::app::auth::User;
use crate::net::{Inband, Member};
use crate::proto::ConnectionId;

/// Who is at the other end of a connection, as far as the server knows.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The connection, and all others of the server.
    pub member: Member,
    /// Whether clients have to say who they are.
    pub(super) guarded: bool,
    pub(super) user: Option<Arc<User>>,
    /// How large messages to it are packed.
    pub(super) inband: Option<Inband>,
}

impl Caller {
    /// Somebody of whom nothing is known yet.
    pub(super) const fn new(member: Member, guarded: bool) -> Self {
        Self { member, guarded, user: None, inband: None }
    }

    /// The number of the connection.
    pub fn id(&self) -> ConnectionId {
        self.member.id
    }

    /// Who it is, where clients have to say so.
    pub fn user(&self) -> Option<&User> {
        self.user.as_deref()
    }

    /// Whether the client may do this. Where nobody has to say who he is everybody may everything.
    pub fn may(&self, permission: &str) -> bool {
        !self.guarded || self.user.as_ref().is_some_and(|user| user.may(permission))
    }
}

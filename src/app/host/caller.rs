//! Who is at the other end of a connection.

use crate::net::Member;
use crate::proto::ConnectionId;

/// Who is at the other end of a connection, as far as the server knows.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The connection, and all others of the server.
    pub member: Member,
}

impl Caller {
    /// The number of the connection.
    pub fn id(&self) -> ConnectionId {
        self.member.id
    }

    /// Whether the client may do this. Where nobody has to say who he is everybody may everything.
    pub fn may(&self, _permission: &str) -> bool {
        true
    }
}

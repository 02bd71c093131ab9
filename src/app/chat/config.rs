//! What a chat is set to.

/// What a [`Chat`](super::Chat) is set to. Lengths are in characters, that is in Unicode scalar values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatConfig {
    /// The longest name of a member.
    pub max_name: usize,
    /// The longest name of a room.
    pub max_room: usize,
    /// The longest message. What the server takes at all is [`Config::max_message`](crate::proto::Config::max_message).
    pub max_message: usize,
    /// The most rooms at a time.
    pub max_rooms: usize,
    /// The most members of a room, at least 1.
    pub max_members: usize,
}

impl Default for ChatConfig {
    fn default() -> Self {
        Self { max_name: 32, max_room: 64, max_message: 4096, max_rooms: 10_000, max_members: 10_000 }
    }
}

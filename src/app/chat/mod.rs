//! A chat: rooms of people who hear each other, as an [`Application`](super::host::Application).
//!
//! What clients send, as JSON in text messages, and what comes of it:
//!
//! | sent | its sender hears | the others in the room hear |
//! | --- | --- | --- |
//! | `{"type":"join","room":…,"username":…}` | `{"type":"joined","room":…,"message":…}` | `{"type":"user_joined","username":…,"timestamp":…}` |
//! | `{"type":"chat","message":…}` | the same as the others | `{"type":"chat","username":…,"message":…,"timestamp":…}` |
//! | `{"type":"leave"}`, or nothing any more | | `{"type":"user_left","username":…,"timestamp":…}` |
//! | what is refused, such as a name that is taken | `{"type":"error","message":…}` | |
//!
//! Timestamps are in milliseconds since 1970. Members of objects that the table does not name are passed over. Whoever joins again moves.
//!
//! Where clients have to say who they are, a user whose token names him (the claim `username`) has that name in every
//! room, whatever he asks for: two connections of his cannot be in one room. Whoever has a token without a name chooses
//! one. Who renews his token by one without the permission `join` leaves the room, and is told `Permission denied`; a new
//! name counts when he joins again.
//!
//! All in a room hear the same in the same order. A room does not wait for another, and nobody waits for a member that
//! reads slowly. Names, rooms and messages have limits, and so has the number of rooms and of members of each.

mod config;
mod message;
mod name;
mod room;
mod rooms;
mod visit;

pub use config::ChatConfig;
pub use name::SERVER;
pub use rooms::Chat;
pub use visit::ChatVisit;
use visit::Refusal;

/// A page in HTML on which people chat, in one piece. It asks the server that it comes from, at the path that it comes
/// from.
pub const PAGE: &str = include_str!("page.html");

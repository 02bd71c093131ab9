//! The JSON that comes and goes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::app::host::{Malformed, Voice};
use crate::proto::Message;

/// What a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish<'m> {
    /// To be in a room, under a name.
    Join { room: Cow<'m, str>, username: Cow<'m, str> },
    /// To say something in the room.
    Chat { message: Cow<'m, str> },
    /// To be in no room.
    Leave,
}

/// The members that mean something. Not an enum with a tag: for such a one serde keeps whatever stands before the tag,
/// at many times its size. Here nothing is kept of other members.
#[derive(Deserialize)]
struct Members<'m> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'m, str>,
    #[serde(borrow)]
    room: Option<Text<'m>>,
    #[serde(borrow)]
    username: Option<Text<'m>>,
    #[serde(borrow)]
    message: Option<Text<'m>>,
}

/// In an `Option`, a plain `Cow` would always be copied.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'m>(#[serde(borrow)] Cow<'m, str>);

impl<'m> Wish<'m> {
    /// # Errors
    /// If it is no wish: not JSON, or no object, or something is missing in it, is there twice, or is of the wrong type.
    pub(super) fn read(message: &'m Message<'_>) -> Result<Self, Malformed> {
        let Members { kind, room, username, message } = Voice::read(message)?;
        match (&*kind, room, username, message) {
            ("join", Some(Text(room)), Some(Text(username)), _) => Ok(Self::Join { room, username }),
            ("chat", _, _, Some(Text(message))) => Ok(Self::Chat { message }),
            ("leave", ..) => Ok(Self::Leave),
            _ => Err(Malformed),
        }
    }
}

/// What clients are told.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Word<'a> {
    Joined { room: &'a str, message: &'a str },
    UserJoined { username: &'a str, timestamp: u64 },
    UserLeft { username: &'a str, timestamp: u64 },
    Chat { username: &'a str, message: &'a str, timestamp: u64 },
}

impl From<Word<'_>> for Message<'static> {
    fn from(word: Word<'_>) -> Self {
        // Only maps with keys that are no strings, and writers that fail, cannot be written.
        Message::text(serde_json::to_string(&word).expect("strings and numbers are JSON"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, Malformed> {
        Wish::read(&Message::text(text)).map(|wish| format!("{wish:?}"))
    }

    #[test]
    fn wishes_are_read_in_any_order_and_with_whatever_else_there_is() {
        let join = r#"Join { room: "r", username: "u" }"#;
        for text in [
            r#"{"type":"join","room":"r","username":"u"}"#,
            r#"{"username":"u","room":"r","type":"join"}"#,
            " {\n\"type\" : \"join\", \"room\":\"\\u0072\", \"username\":\"u\", \"message\":null, \"x\":[{}]} ",
        ] {
            assert_eq!(read(text).as_deref(), Ok(join), "{text}");
        }
        assert_eq!(read(r#"{"type":"leave","room":"r"}"#).as_deref(), Ok("Leave"));
        assert_eq!(read(r#"{"type":"leave","room":1}"#), Err(Malformed));
    }

    /// What serde keeps it also has a bound of depth for.
    #[test]
    fn nothing_is_kept_of_what_is_not_asked_for() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(read(&format!(r#"{{"x":{deep},"type":"leave"}}"#)).as_deref(), Ok("Leave"));
    }

    #[test]
    fn what_needs_no_unescaping_is_not_copied() {
        let message = Message::text(r#"{"message":"hello","type":"chat"}"#);
        assert!(matches!(Wish::read(&message), Ok(Wish::Chat { message: Cow::Borrowed("hello") })));
    }

    #[test]
    fn words_are_written_as_the_protocol_has_them() {
        let written = |word: Word<'_>| Message::from(word).as_text().map(str::to_owned);
        let [joined, came, left, said] = [
            Word::Joined { room: "r", message: "m" },
            Word::UserJoined { username: "u", timestamp: 1 },
            Word::UserLeft { username: "u", timestamp: 2 },
            Word::Chat { username: "u", message: "\"\n\0", timestamp: 3 },
        ]
        .map(written);
        assert_eq!(joined.as_deref(), Some(r#"{"type":"joined","room":"r","message":"m"}"#));
        assert_eq!(came.as_deref(), Some(r#"{"type":"user_joined","username":"u","timestamp":1}"#));
        assert_eq!(left.as_deref(), Some(r#"{"type":"user_left","username":"u","timestamp":2}"#));
        assert_eq!(said.as_deref(), Some(r#"{"type":"chat","username":"u","message":"\"\n\u0000","timestamp":3}"#));
    }
}

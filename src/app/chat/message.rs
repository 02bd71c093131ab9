//! The JSON that comes and goes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::app::host::{Malformed, Voice};
use crate::proto::Message;

/// What a client asks for.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Wish<'m> {
    /// To be in a room, under a name.
    Join {
        #[serde(borrow)]
        room: Cow<'m, str>,
        #[serde(borrow)]
        username: Cow<'m, str>,
    },
    /// To say something in the room.
    Chat {
        #[serde(borrow)]
        message: Cow<'m, str>,
    },
    /// To be in no room.
    Leave,
}

impl<'m> Wish<'m> {
    /// # Errors
    /// If it is no wish: not JSON, or no object, or something is missing in it, is there twice, or is of the wrong type.
    pub(super) fn read(message: &'m Message<'_>) -> Result<Self, Malformed> {
        // An array with the same values in it would do for serde.
        let text = message.as_text().ok_or(Malformed)?;
        if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
            return Err(Malformed);
        }
        Voice::read(message)
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
            " {\n\"type\" : \"join\", \"room\":\"\\u0072\", \"username\":\"u\", \"message\":5, \"x\":[{}]} ",
        ] {
            assert_eq!(read(text).as_deref(), Ok(join), "{text}");
        }
        assert_eq!(read(r#"{"type":"leave","room":1}"#).as_deref(), Ok("Leave"));
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

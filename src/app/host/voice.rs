//! How an application answers.

use serde::{Deserialize, Serialize};

use super::{Caller, Malformed};
use crate::net::Inband;
use crate::proto::{Message, Outbound};
use crate::wire::CloseCode;

/// How an application answers the message that it is told.
///
/// While the connection is closing nothing is sent any more, and nobody has to know.
#[derive(Debug)]
pub struct Voice<'a> {
    out: &'a mut Outbound,
    caller: &'a Caller,
}

/// What is sent when something is wrong.
#[derive(Serialize)]
struct Wrong<'a> {
    r#type: &'static str,
    message: &'a str,
}

impl<'a> Voice<'a> {
    pub(super) fn new(out: &'a mut Outbound, caller: &'a Caller) -> Self {
        Self { out, caller }
    }

    /// Reads a message of JSON, which is an object.
    ///
    /// # Errors
    /// If it is binary, no JSON, or not of this kind.
    pub fn read<'m, T: Deserialize<'m>>(message: &'m Message<'_>) -> Result<T, Malformed> {
        let text = message.as_text().ok_or(Malformed)?;
        // What is derived would take the members of an object from an array as well.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(Malformed);
        }
        serde_json::from_str(text).map_err(|_| Malformed)
    }

    /// To whom it goes.
    pub fn caller(&self) -> &Caller {
        self.caller
    }

    /// Sends something as JSON.
    pub fn send(&mut self, reply: &impl Serialize) {
        // Fails only for maps whose keys are no strings.
        let Ok(reply) = serde_json::to_string(reply) else { return };
        match self.caller.inband {
            Some(inband) if reply.len() > Inband::THRESHOLD => {
                self.send_message(Message::binary(inband.pack(reply.as_bytes())));
            }
            _ => self.send_message(Message::text(reply)),
        }
    }

    /// Sends a message as it is.
    pub fn send_message(&mut self, message: Message<'_>) {
        // Fails only while the connection is closing.
        let _sent = self.out.send(message);
    }

    /// Says that something is wrong.
    pub fn error(&mut self, words: &str) {
        self.send(&Wrong { r#type: "error", message: words });
    }

    /// Says that a message was not understood.
    pub fn malformed(&mut self) {
        self.error("Invalid message format");
    }

    /// Whether the client may do this. If not, he is told so.
    pub fn permits(&mut self, permission: &str) -> bool {
        let permits = self.caller.may(permission);
        if !permits {
            self.error("Permission denied");
        }
        permits
    }

    /// Closes the connection, with a reason of at most 123 bytes.
    pub fn close(&mut self, code: CloseCode, reason: &str) {
        // Fails only if it is closing already.
        let _started = self.out.close(code, reason);
    }
}

//! Messages that were read and have to wait.

use std::collections::VecDeque;
use std::time::Instant;

use crate::proto::Message;

/// Messages that wait, in their order. While there are any nothing more is read: so they are no more than one read
/// brought.
#[derive(Debug, Default)]
pub(super) struct Held {
    messages: VecDeque<Message<'static>>,
    /// Before this none may go on.
    pub(super) until: Option<Instant>,
}

impl Held {
    pub(super) fn push(&mut self, message: &Message<'_>) {
        let Message { kind, payload } = message;
        self.messages.push_back(Message { kind: *kind, payload: payload.to_vec().into() });
    }

    /// Takes the next one out, if its time has come.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Message<'static>> {
        if self.until.is_some_and(|until| now < until) {
            return None;
        }
        self.until = None;
        self.messages.pop_front()
    }

    /// Puts one back that was taken out too early.
    pub(super) fn put_back(&mut self, message: Message<'static>, until: Instant) {
        self.messages.push_front(message);
        self.until = Some(until);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

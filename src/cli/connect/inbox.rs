//! Messages that a script has still to look at. Their number is bounded.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use tokio::sync::Notify;

use crate::proto::Message;

/// So much may wait to be looked at: messages, and bytes of them.
const MOST: (usize, usize) = (100_000, 64 << 20);

/// Messages in the order in which they came.
#[derive(Default)]
pub(super) struct Inbox {
    messages: RefCell<VecDeque<Message<'static>>>,
    bytes: Cell<usize>,
    /// Whether somebody looks at all.
    wanted: Cell<bool>,
    full: Cell<bool>,
    pub(super) woken: Notify,
}

impl Inbox {
    /// Whether what comes is to be kept from now on.
    pub(super) fn want(&self, wanted: bool) {
        self.wanted.set(wanted);
        if !wanted {
            self.messages.take();
            self.bytes.set(0);
        }
    }

    pub(super) fn push(&self, message: Message<'static>) {
        if !self.wanted.get() {
            return;
        }
        let mut messages = self.messages.borrow_mut();
        if messages.len() >= MOST.0 || self.bytes.get().saturating_add(message.payload.len()) > MOST.1 {
            self.full.set(true);
            return;
        }
        self.bytes.set(self.bytes.get() + message.payload.len());
        messages.push_back(message);
        self.woken.notify_waiters();
    }

    pub(super) fn pop(&self) -> Option<Message<'static>> {
        let message = self.messages.borrow_mut().pop_front()?;
        self.bytes.set(self.bytes.get() - message.payload.len());
        Some(message)
    }

    /// Whether messages were dropped because too many waited.
    pub(super) fn has_dropped(&self) -> bool {
        self.full.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_wait_in_order_while_somebody_wants_them() {
        let inbox = Inbox::default();
        inbox.push(Message::text("unwanted"));
        inbox.want(true);
        inbox.push(Message::text("one"));
        inbox.push(Message::text("two"));
        assert_eq!(inbox.pop(), Some(Message::text("one")));
        inbox.want(false);
        assert_eq!(inbox.pop(), None);
        assert!(!inbox.has_dropped());
    }

    #[test]
    fn what_waits_is_bounded() {
        for (count, size) in [(MOST.0 + 1, 0), (3, MOST.1 / 2)] {
            let inbox = Inbox::default();
            inbox.want(true);
            (0..count).for_each(|_| inbox.push(Message::binary(vec![0; size])));
            assert!(inbox.has_dropped());
            assert_eq!(std::iter::from_fn(|| inbox.pop()).count(), count - 1);
        }
    }
}

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

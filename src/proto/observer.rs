//! Who watches a connection without taking part in it.

use std::time::{Duration, Instant};

use crate::proto::{Cause, Closed, Message, Seen};
use crate::wire::Head;

/// Is told what a connection sees and does, as it happens.
///
/// Everything is lent and every method does nothing unless it is implemented, so that watching costs what the watcher
/// does. An observer cannot change what the connection does.
pub trait Observer: Send {
    /// A turn begins: it is this time for all that is told until the next.
    fn turn(&mut self, _now: Instant) {}

    /// The turn ends: nothing more comes of its input. What is sent between turns is told before the next.
    fn settled(&mut self) {}

    /// A whole message came in as one frame that lay whole in one read, with nothing wrong: most do. Unless this is
    /// implemented the same is told piece by piece.
    fn whole(&mut self, head: &Head, message: &Message<'_>) {
        self.received(&Seen::Head(*head));
        if !message.payload.is_empty() {
            self.received(&Seen::Data(&message.payload));
        }
        self.received(&Seen::End);
        self.message(message);
    }

    /// Something was seen in the direction that comes in.
    fn received(&mut self, _seen: &Seen<'_>) {}

    /// A whole message came in.
    fn message(&mut self, _message: &Message<'_>) {}

    /// A frame was queued to be sent.
    fn sent(&mut self, _head: &Head) {}

    /// The same, with its payload before masking. Unless this is implemented its head is told alone.
    fn sent_frame(&mut self, head: &Head, _payload: &[u8]) {
        self.sent(head);
    }

    /// The message whose frames were just told as sent went compressed: this is what it was before. Of messages that
    /// were compressed for several connections at once it is not known.
    fn sent_compressed(&mut self, _message: &[u8]) {}

    /// The connection is being failed, and why.
    fn failed(&mut self, _cause: &Cause) {}

    /// A pong answered our ping after this time.
    fn round_trip(&mut self, _time: Duration) {}

    /// The connection has ended.
    fn closed(&mut self, _closed: &Closed) {}
}

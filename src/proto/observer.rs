//! Who watches a connection without taking part in it.

use std::time::{Duration, Instant};

use crate::proto::{Cause, Closed, Message, Seen};
use crate::wire::Head;

/// How an observer is told of messages that follow one and are like it: of the same kind, as long, and in one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alike {
    /// Each is told.
    Each,
    /// Until the turn settles, or something else is told, they are counted, and their number is told.
    Number,
}

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
    /// implemented the same is told piece by piece. Gives how those that follow are to be told.
    fn whole(&mut self, head: &Head, message: &Message<'_>) -> Alike {
        self.received(&Seen::Head(*head));
        if !message.payload.is_empty() {
            self.received(&Seen::Data(&message.payload));
        }
        self.received(&Seen::End);
        self.message(message);
        Alike::Each
    }

    /// So many more messages came in that are like the one that was told by [`Observer::whole`] last, if the answer to
    /// that was [`Alike::Number`]. What is sent meanwhile may have been told before it.
    fn more_whole(&mut self, _count: u64) {}

    /// Something was seen in the direction that comes in.
    fn received(&mut self, _seen: &Seen<'_>) {}

    /// A whole message came in.
    fn message(&mut self, _message: &Message<'_>) {}

    /// A frame was queued to be sent.
    fn sent(&mut self, _head: &Head) {}

    /// The same, with its payload before masking. Unless this is implemented its head is told alone. Gives how those
    /// that follow are to be told.
    fn sent_frame(&mut self, head: &Head, _payload: &[u8]) -> Alike {
        self.sent(head);
        Alike::Each
    }

    /// So many more frames were queued to be sent that are like the one that was told by [`Observer::sent_frame`] last,
    /// if the answer to that was [`Alike::Number`]. What comes in meanwhile may have been told before it.
    fn more_sent(&mut self, _count: u64) {}

    /// The message whose frames were just told as sent went compressed: it had so many bytes before, and this is what it
    /// was, unless it was compressed for several connections at once.
    fn sent_compressed(&mut self, _size: u64, _message: Option<&[u8]>) {}

    /// The peer takes what is sent more slowly than it is sent: so many bytes wait. 0 when it has taken everything.
    fn waiting(&mut self, _bytes: usize) {}

    /// The connection is being failed, and why.
    fn failed(&mut self, _cause: &Cause) {}

    /// A pong answered our ping after this time.
    fn round_trip(&mut self, _time: Duration) {}

    /// The connection has ended.
    fn closed(&mut self, _closed: &Closed) {}
}

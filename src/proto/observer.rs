//! Who watches a connection without taking part in it.

use std::time::Duration;

use crate::proto::{Closed, Message, Rule, Seen};
use crate::wire::Head;

/// Is told what a connection sees and does, as it happens.
///
/// Everything is lent and every method does nothing unless it is implemented, so that watching costs what the watcher
/// does. An observer cannot change what the connection does.
pub trait Observer: Send {
    /// Something was seen in the direction that comes in.
    fn received(&mut self, _seen: &Seen<'_>) {}

    /// A whole message came in.
    fn message(&mut self, _message: &Message<'_>) {}

    /// A frame was queued to be sent.
    fn sent(&mut self, _head: &Head) {}

    /// The connection is being failed because of this.
    fn failed(&mut self, _rule: Rule) {}

    /// A pong answered our ping after this time.
    fn round_trip(&mut self, _time: Duration) {}

    /// The connection has ended.
    fn closed(&mut self, _closed: &Closed) {}
}

//! One stream: its newest value, who has subscribed to it, and the hand that publishes.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Instant;

use super::message::Data;
use super::streams::{MAX_VALUE, PublishError};
use crate::net::{Connections, Encodings, Member, Reach};
use crate::proto::{ConnectionId, Message};

/// Whether anybody waits for values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    Nobody,
    Somebody,
    /// And nobody will: the stream is removed, or the feed dropped.
    Gone,
}

/// A stream of a feed.
#[derive(Debug)]
pub(super) struct Stream {
    name: Box<str>,
    /// Under which its values wait in the mailboxes of connections.
    key: u64,
    /// How long a value is news to the first who subscribes; for ever, if there is none.
    fresh: Option<Duration>,
    state: Mutex<State>,
    demand: watch::Sender<Demand>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<Value>,
    /// The subscribers by server. No server is here without any.
    audience: Vec<(Connections, HashSet<ConnectionId>)>,
    gone: bool,
}

/// A value that was published.
#[derive(Debug)]
struct Value {
    /// As it is sent.
    message: Message<'static>,
    published: Instant,
    /// What it was encoded to so far, by server.
    encodings: Vec<(Connections, Encodings)>,
}

impl Value {
    fn new(message: Message<'static>) -> Self {
        Self { message, published: Instant::now(), encodings: Vec::new() }
    }

    fn send(&mut self, connections: &Connections, ids: impl IntoIterator<Item = ConnectionId>, key: u64) -> Reach {
        let at = self.encodings.iter().position(|(served, _)| served == connections).unwrap_or_else(|| {
            self.encodings.push((connections.clone(), Encodings::default()));
            self.encodings.len() - 1
        });
        connections.send_latest_again(ids, key, &self.message, &mut self.encodings[at].1)
    }
}

impl Stream {
    pub(super) fn new(name: &str, fresh: Option<Duration>) -> Self {
        // One server may serve several feeds.
        static NEXT_KEY: AtomicU64 = AtomicU64::new(0);
        Self {
            name: name.into(),
            key: NEXT_KEY.fetch_add(1, Ordering::Relaxed),
            fresh,
            state: Mutex::default(),
            demand: watch::Sender::new(Demand::Nobody),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; a poisoned one is whole all the same.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Sends a value to all who have subscribed, and keeps it for who will. The lock is held over both, and over the
    /// same in [`Stream::subscribe`]: so nobody gets an older value after a newer one.
    fn publish(&self, message: Message<'static>) -> Result<Reach, PublishError> {
        let mut state = self.lock();
        if state.gone {
            return Err(PublishError::Gone);
        }
        let mut reach = Reach::default();
        let mut value = Value::new(message);
        for (connections, ids) in &state.audience {
            let reached = value.send(connections, ids.iter().copied(), self.key);
            reach.reached += reached.reached;
            reach.slow += reached.slow;
        }
        state.current = Some(value);
        Ok(reach)
    }

    /// Sends the current value and all that come; whether there is such a stream still.
    ///
    /// The current value goes the way of all others, through the mailbox: whoever unsubscribes and subscribes again might
    /// else get first the newest, and then an older one that was waiting there.
    pub(super) fn subscribe(&self, member: &Member) -> bool {
        let mut state = self.lock();
        if state.gone {
            return false;
        }
        if state.audience.is_empty() {
            let stale = |value: &Value| self.fresh.is_some_and(|fresh| value.published.elapsed() >= fresh);
            if state.current.as_ref().is_some_and(stale) {
                state.current = None;
            }
            self.demand.send_replace(Demand::Somebody);
        }
        let Member { id, connections, .. } = member;
        match state.audience.iter_mut().find(|(served, _)| served == connections) {
            Some((_, ids)) => {
                ids.insert(*id);
            }
            None => state.audience.push((connections.clone(), HashSet::from([*id]))),
        }
        if let Some(value) = &mut state.current {
            value.send(connections, [*id], self.key);
        }
        true
    }

    pub(super) fn unsubscribe(&self, member: &Member) {
        let mut state = self.lock();
        let Some(at) = state.audience.iter().position(|(served, _)| *served == member.connections) else { return };
        let ids = &mut state.audience[at].1;
        ids.remove(&member.id);
        if ids.is_empty() {
            state.audience.swap_remove(at);
        } else if ids.capacity() > 1024 && ids.len() < ids.capacity() / 4 {
            // What was watched by many for an hour need not be large for ever.
            ids.shrink_to_fit();
        }
        if state.audience.is_empty() && !state.gone {
            self.demand.send_replace(Demand::Nobody);
        }
    }

    /// Sends nothing any more.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        *state = State { gone: true, ..State::default() };
        self.demand.send_replace(Demand::Gone);
    }

    pub(super) fn is_gone(&self) -> bool {
        self.lock().gone
    }

    pub(super) fn latest(&self) -> Option<Message<'static>> {
        self.lock().current.as_ref().map(|value| value.message.clone())
    }

    fn subscribers(&self) -> usize {
        self.lock().audience.iter().map(|(_, ids)| ids.len()).sum()
    }
}

/// Publishes to one stream of a feed. It does not keep the feed.
#[derive(Clone, Debug)]
pub struct Publisher {
    stream: Arc<Stream>,
}

impl Publisher {
    pub(super) const fn new(stream: Arc<Stream>) -> Self {
        Self { stream }
    }

    /// The name of the stream.
    pub fn name(&self) -> &str {
        self.stream.name()
    }

    /// Sends a value to all who have subscribed, and keeps it for who will. Says whom it reached.
    ///
    /// # Errors
    /// If the stream or the feed is gone, or the value cannot be written as JSON, or is larger than [`MAX_VALUE`].
    pub fn publish(&self, value: &(impl Serialize + ?Sized)) -> Result<Reach, PublishError> {
        let text = serde_json::to_string(&Data::new(self.name(), value))?;
        if text.len() > MAX_VALUE {
            return Err(PublishError::TooLarge(text.len()));
        }
        self.stream.publish(Message::text(text))
    }

    /// How many have subscribed.
    pub fn subscribers(&self) -> usize {
        self.stream.subscribers()
    }

    /// Waits until somebody has subscribed: whoever has work with a value need not do it for nobody. `false` when nobody
    /// ever will, because the stream or the feed is gone.
    pub async fn wanted(&self) -> bool {
        self.demanded(|demand| demand != Demand::Nobody).await == Demand::Somebody
    }

    /// Waits until then, or until the stream is gone.
    pub(super) async fn rest_until(&self, then: Instant) {
        tokio::select! {
            () = tokio::time::sleep_until(then) => {}
            _ = self.demanded(|demand| demand == Demand::Gone) => {}
        }
    }

    async fn demanded(&self, wanted: impl Fn(Demand) -> bool) -> Demand {
        let mut demand = self.stream.demand.subscribe();
        // Fails only if the sender is gone, which this holds.
        demand.wait_for(|&demand| wanted(demand)).await.map_or(Demand::Gone, |demand| *demand)
    }

    /// As if somebody had subscribed, or nobody.
    #[cfg(test)]
    pub(super) fn pretend(&self, demand: Demand) {
        self.stream.demand.send_replace(demand);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Feed;
    use super::*;
    use crate::app::host::Host;
    use crate::net::{Client, Listen, Server, ServerConfig};

    /// What the value of a stream was encoded to so far.
    fn encoded(stream: &Stream) -> String {
        stream.lock().current.as_ref().map(|value| format!("{:?}", value.encodings)).unwrap_or_default()
    }

    #[tokio::test]
    async fn what_a_value_is_encoded_to_is_kept_for_who_subscribes_later() {
        let feed = Feed::new();
        feed.publish("news", &"x".repeat(5000)).expect("a value");
        let stream = feed.find("news").expect("a stream");
        let server = Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), ServerConfig::default());
        let server = server.expect("there is a port");
        let client = Client::new(&server.url()).expect("a URL");
        tokio::spawn(server.run(Host::new(feed.clone())));
        assert_eq!(encoded(&stream), "[]");
        for _ in 0..2 {
            let mut connection = client.connect().await.expect("it is open");
            connection.send(r#"{"type":"subscribe","streams":["news"]}"#).await.expect("it is open");
            assert!(connection.next().await.expect("no error").is_some());
            assert_eq!(encoded(&stream).matches("Encodings").count(), 1);
            connection.close(crate::wire::CloseCode::NORMAL, "").await.expect("a code to send");
        }
        let old = encoded(&stream);
        feed.publish("news", &1).expect("a value");
        assert_ne!(encoded(&stream), old, "of the newest alone");
    }
}

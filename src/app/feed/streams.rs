//! All streams of a feed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde::Serialize;

use super::message::MAX_NAME;
use super::stream::{Publisher, Stream};
use crate::net::Reach;

/// The most streams of a feed.
pub const MAX_STREAMS: usize = 1000;

/// The largest value, in bytes of its message.
///
/// The newest values of all streams that a connection subscribes to should fit into
/// [`ServerConfig::max_queue`](crate::net::ServerConfig::max_queue) together: a connection for which they do not is too
/// slow whenever they are all new.
pub const MAX_VALUE: usize = 1 << 20;

/// Streams of values, to be served by a [`Host`](crate::app::host::Host). Clones are the same feed.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    shared: Arc<Shared>,
}

/// A feed that is not kept by this.
#[derive(Clone, Debug)]
pub(super) struct WeakFeed(Weak<Shared>);

#[derive(Debug, Default)]
struct Shared {
    streams: Mutex<Streams>,
}

#[derive(Debug, Default)]
struct Streams {
    named: HashMap<Box<str>, Arc<Stream>>,
    /// In the order in which they were made.
    order: Vec<Arc<Stream>>,
}

/// Why a value was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It cannot be written as JSON.
    #[error("the value cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is larger than [`MAX_VALUE`].
    #[error("the value takes {0} bytes, more than {MAX_VALUE}")]
    TooLarge(usize),
    /// A stream cannot have this name.
    #[error("the name of a stream has 1 to {MAX_NAME} bytes and no control characters")]
    Name,
    /// There are [`MAX_STREAMS`] streams already.
    #[error("there are {MAX_STREAMS} streams already")]
    TooMany,
    /// The stream was removed, or the feed dropped.
    #[error("the stream is gone")]
    Gone,
}

impl Feed {
    /// A feed without streams.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        // Nothing panics while it holds the lock; a poisoned one is whole all the same.
        self.shared.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a value to all who have subscribed to the stream of this name, and keeps it for who will. The stream is
    /// made if there is none. Says whom it reached.
    ///
    /// Nobody is waited for: to who has not read the value before, the newer one is sent in its place.
    ///
    /// # Errors
    /// If the stream cannot be made, or the value cannot be written as JSON, or is larger than [`MAX_VALUE`].
    pub fn publish(&self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<Reach, PublishError> {
        self.stream(name)?.publish(value)
    }

    /// What publishes to the stream of this name. The stream is made if there is none.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn stream(&self, name: &str) -> Result<Publisher, PublishError> {
        self.make(name, None)
    }

    /// The same for a stream whose values are made only while somebody wants them: what is older than `fresh` is not
    /// sent to the first who subscribes, because a new one comes at once.
    pub(super) fn on_demand(&self, name: &str, fresh: Duration) -> Result<Publisher, PublishError> {
        self.make(name, Some(fresh))
    }

    fn make(&self, name: &str, fresh: Option<Duration>) -> Result<Publisher, PublishError> {
        let mut streams = self.lock();
        if let Some(stream) = streams.named.get(name) {
            return Ok(Publisher::new(stream.clone()));
        }
        if name.is_empty() || name.len() > MAX_NAME || name.contains(char::is_control) {
            return Err(PublishError::Name);
        }
        if streams.order.len() >= MAX_STREAMS {
            return Err(PublishError::TooMany);
        }
        let stream = Arc::new(Stream::new(name, fresh));
        streams.named.insert(name.into(), stream.clone());
        streams.order.push(stream.clone());
        Ok(Publisher::new(stream))
    }

    /// Removes a stream; whether there was one. Its subscribers get nothing more, even if there is one of the same name
    /// later.
    pub fn remove(&self, name: &str) -> bool {
        let mut streams = self.lock();
        let Some(stream) = streams.named.remove(name) else { return false };
        streams.order.retain(|other| !Arc::ptr_eq(other, &stream));
        drop(streams);
        stream.end();
        true
    }

    /// The names of the streams, the oldest first.
    pub fn names(&self) -> Vec<String> {
        self.lock().order.iter().map(|stream| stream.name().to_owned()).collect()
    }

    /// The newest value of a stream, as the message in which it is sent.
    pub fn latest(&self, name: &str) -> Option<String> {
        let message = self.find(name)?.latest()?;
        message.as_text().map(str::to_owned)
    }

    pub(super) fn find(&self, name: &str) -> Option<Arc<Stream>> {
        self.lock().named.get(name).cloned()
    }

    pub(super) fn downgrade(&self) -> WeakFeed {
        WeakFeed(Arc::downgrade(&self.shared))
    }
}

impl WeakFeed {
    pub(super) fn upgrade(&self) -> Option<Feed> {
        self.0.upgrade().map(|shared| Feed { shared })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let streams = self.streams.get_mut().unwrap_or_else(PoisonError::into_inner);
        streams.order.iter().for_each(|stream| stream.end());
    }
}

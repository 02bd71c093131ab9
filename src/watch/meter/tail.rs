//! The frames of a connection that somebody follows.
//!
//! Nothing is kept of a connection that nobody follows, and of one that is followed no more than a [`Backlog`] keeps.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use jiff::Timestamp;

use super::connection::Connection;
use crate::proto::deflate::{Direction, Inflater};
use crate::proto::{ConnectionId, Role};
use crate::watch::Backlog;
use crate::watch::live::{Cover, Passed, Tail};
use crate::wire::Head;

type Queue = Mutex<Backlog>;

/// Who follows a connection.
#[derive(Default)]
pub(super) struct Followers {
    any: AtomicBool,
    queues: Mutex<Vec<Weak<Queue>>>,
}

impl Followers {
    /// Whether there is one.
    #[inline]
    pub(super) fn any(&self) -> bool {
        self.any.load(Relaxed)
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Weak<Queue>>)) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut queues);
        self.any.store(!queues.is_empty(), Relaxed);
    }

    fn tell(&self, told: &Backlog) {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        for queue in queues.iter().filter_map(Weak::upgrade) {
            queue.lock().unwrap_or_else(PoisonError::into_inner).append(told);
        }
    }
}

/// Follows one connection: has its frames from the next turn on, as long as it is kept.
pub struct Follow {
    id: ConnectionId,
    connection: Arc<Connection>,
    queue: Arc<Queue>,
}

impl Follow {
    pub(super) fn new(id: ConnectionId, connection: Arc<Connection>) -> Self {
        let queue = Arc::new(Queue::default());
        connection.often.followers.change(|queues| queues.push(Arc::downgrade(&queue)));
        Self { id, connection, queue }
    }

    /// Which connection it follows.
    pub const fn id(&self) -> ConnectionId {
        self.id
    }

    /// The frames that passed since they were taken last; `None` if none did.
    pub fn take(&self) -> Option<Tail> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take(self.id)
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        let own = Arc::downgrade(&self.queue);
        self.connection.often.followers.change(|queues| queues.retain(|queue| !queue.ptr_eq(&own)));
    }
}

impl fmt::Debug for Follow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follow").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a connection that is followed keeps of the turn that is on.
pub(super) struct Watching {
    /// Which end we are.
    role: Role,
    /// The frame that is coming in, and the beginning of its payload.
    coming: Option<(Head, Vec<u8>)>,
    /// What passed in this turn, and before it since the last.
    passed: Backlog,
    cover: Cover,
}

/// So much of a payload is looked at to find tokens that have to be hidden.
const LOOKED_AT: usize = 2 * Passed::KEPT;

impl Watching {
    pub(super) fn new(role: Role) -> Self {
        Self { role, coming: None, passed: Backlog::default(), cover: Cover::default() }
    }

    fn push(&mut self, by: Role, head: &Head, payload: &[u8]) {
        // It is given its time when the turn ends: between turns it is not known.
        self.passed.push(Passed::new(Timestamp::UNIX_EPOCH, by, head, payload));
    }

    pub(super) fn came(&mut self, head: &Head, payload: &[u8]) {
        self.push(self.role.peer(), head, payload);
    }

    pub(super) fn head(&mut self, head: Head) {
        self.end();
        self.coming = Some((head, Vec::new()));
    }

    pub(super) fn data(&mut self, data: &[u8]) {
        if let Some((_, payload)) = &mut self.coming {
            let room = LOOKED_AT - payload.len();
            payload.extend_from_slice(&data[..data.len().min(room)]);
        }
    }

    pub(super) fn end(&mut self) {
        if let Some((head, payload)) = self.coming.take() {
            self.came(&head, &payload);
        }
    }

    /// The message that just came was compressed.
    pub(super) fn inflated(&mut self, message: &[u8]) {
        self.passed.inflated(self.role.peer(), message);
    }

    pub(super) fn went(&mut self, head: &Head, payload: &[u8]) {
        self.push(self.role, head, payload);
    }

    /// The message that just went was compressed.
    pub(super) fn deflated(&mut self, message: &[u8]) {
        self.passed.inflated(self.role, message);
    }

    /// The turn is over.
    pub(super) fn tell(&mut self, at: Timestamp, followers: &Followers) {
        if self.passed.is_empty() {
            return;
        }
        let mut told = std::mem::take(&mut self.passed);
        for frame in told.frames_mut() {
            frame.at = at;
            if frame.by == self.role && frame.inflated.is_none() {
                frame.inflated = inflated(frame);
            }
            self.cover.over(frame);
        }
        followers.tell(&told);
    }
}

/// The beginning of a message that was compressed for several connections at once, which never refers to earlier ones.
fn inflated(frame: &Passed) -> Option<Vec<u8>> {
    if frame.rsv & Head::RSV1 == 0 || !frame.fin || frame.opcode.is_control() {
        return None;
    }
    let mut message = Vec::new();
    let mut inflater = Inflater::new(Direction { context_takeover: false, window_bits: 15 });
    // It ends where there is no more of it, and what comes until then is wanted.
    let _ended = inflater.inflate(&frame.payload, false, &mut message, LOOKED_AT);
    (!message.is_empty() || frame.len <= 1).then(|| Passed::beginning(&message))
}

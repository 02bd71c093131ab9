//! How others reach a connection that is driven by a task of its own.
//!
//! Bounded in bytes, those among them that are taken out and not yet sent. Orders to close always get through.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bytes::Bytes;

use crate::proto::{Kind, SendError};
use crate::wire::CloseCode;

/// What is put into a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mail {
    /// Frames, encoded as a server sends them.
    Frames(Bytes),
    /// The frame of a compressed message that had so many bytes before, encoded as a server sends it.
    Compressed(Bytes, u64),
    /// A message that the connection has to compress itself, because it refers to what it sent before.
    Message(Kind, Bytes),
    /// The closing handshake is to be started.
    Close(CloseCode, Box<str>),
    /// The connection is to be dropped at once.
    Abort,
}

impl Mail {
    /// How many bytes of it count: what it takes to keep it counts as well.
    fn size(&self) -> usize {
        match self {
            Self::Frames(bytes) | Self::Compressed(bytes, _) | Self::Message(_, bytes) => {
                size_of::<Item>() + bytes.len()
            }
            Self::Close(..) | Self::Abort => 0,
        }
    }

    /// Whether it does not wait for what is being sent.
    const fn is_order(&self) -> bool {
        matches!(self, Self::Close(..) | Self::Abort)
    }
}

/// Mail, and the key by which a later one takes its place.
#[derive(Debug)]
struct Item {
    key: Option<u64>,
    mail: Mail,
}

/// Why nothing was put into a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The connection is gone.
    #[error("the connection is gone")]
    Gone,
    /// The peer reads too slowly: what waits for it exceeds the limit.
    #[error("the peer reads too slowly")]
    Full,
    /// This can be sent to nobody.
    #[error(transparent)]
    Unsendable(#[from] SendError),
}

/// Waiting mail, bounded in bytes.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    /// Whether there is any, to be asked without locking.
    waiting: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    mail: Vec<Item>,
    bytes: usize,
    /// Bytes that were taken out and are not yet sent.
    unsent: usize,
    /// Whether there is mail that does not wait for what is being sent.
    orders: bool,
    /// Whether the session is to be woken.
    wake: bool,
    gone: bool,
    waker: Option<Waker>,
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock; a poisoned one is whole all the same.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts mail in, if no more than `limit` bytes wait then. Orders to close always fit.
    pub(crate) fn post(&self, mail: Mail, limit: usize) -> Result<(), PostError> {
        self.put(None, mail, limit)
    }

    /// Puts mail in that takes the place of what has the same `key` and was not taken out yet.
    pub(crate) fn post_latest(&self, key: u64, mail: Mail, limit: usize) -> Result<(), PostError> {
        self.put(Some(key), mail, limit)
    }

    fn put(&self, key: Option<u64>, mail: Mail, limit: usize) -> Result<(), PostError> {
        let mut inner = self.lock();
        if inner.gone {
            return Err(PostError::Gone);
        }
        let size = mail.size();
        let same = key.and_then(|key| inner.mail.iter().position(|item| item.key == Some(key)));
        let replaced = same.map_or(0, |at| inner.mail[at].mail.size());
        let waiting = inner.bytes + inner.unsent - replaced;
        // A single large message may exceed the limit alone.
        if size > 0 && waiting > 0 && waiting + size > limit {
            if let Some(at) = same {
                // What is out of date is not sent as if it were not.
                inner.mail.remove(at);
                inner.bytes -= replaced;
            }
            return Err(PostError::Full);
        }
        if mail.is_order() && inner.mail.iter().any(|item| item.mail == mail) {
            return Ok(());
        }
        inner.bytes = inner.bytes + size - replaced;
        match same {
            Some(at) => inner.mail[at].mail = mail,
            None => {
                inner.orders |= mail.is_order();
                inner.mail.push(Item { key, mail });
            }
        }
        self.tell(inner);
        Ok(())
    }

    /// Has the session woken, which does not wait for anything.
    pub(crate) fn wake(&self) -> Result<(), PostError> {
        let mut inner = self.lock();
        if inner.gone {
            return Err(PostError::Gone);
        }
        inner.wake = true;
        self.tell(inner);
        Ok(())
    }

    fn tell(&self, mut inner: MutexGuard<'_, Inner>) {
        self.waiting.store(true, Ordering::Release);
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Orders the closing handshake, unless it is ordered already.
    pub(crate) fn close_once(&self, code: CloseCode, reason: &str) {
        let ordered = self.lock().orders;
        if !ordered {
            // One that is gone is closed.
            let _posted = self.post(Mail::Close(code, reason.into()), 0);
        }
    }

    /// Takes all mail out, and whether the session is to be woken, and has `waker` woken when there is more. Its bytes count until [`Mailbox::settle`] says
    /// how many of them are still to be sent.
    ///
    /// While the connection is `busy` sending what it took before, messages stay: those that come later may still take
    /// their place. Orders do not wait.
    pub(crate) fn collect(&self, waker: &Waker, busy: bool) -> (bool, impl Iterator<Item = Mail> + use<>) {
        let mut inner = self.lock();
        if inner.waker.as_ref().is_none_or(|known| !known.will_wake(waker)) {
            inner.waker = Some(waker.clone());
        }
        let mut mail = Vec::new();
        if !busy || inner.orders {
            inner.unsent += std::mem::take(&mut inner.bytes);
            inner.orders = false;
            mail = std::mem::take(&mut inner.mail);
        }
        self.waiting.store(!inner.mail.is_empty(), Ordering::Release);
        (std::mem::take(&mut inner.wake), mail.into_iter().map(|item| item.mail))
    }

    /// Bytes of the mail that was not taken out yet.
    pub(crate) fn len(&self) -> usize {
        self.lock().bytes
    }

    /// So many bytes that were taken out are not yet sent.
    pub(crate) fn settle(&self, unsent: usize) {
        self.lock().unsent = unsent;
    }

    /// Whether mail waits.
    #[inline]
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// Nobody will take mail out any more.
    pub(crate) fn shut(&self) {
        let mut inner = self.lock();
        inner.gone = true;
        inner.mail = Vec::new();
        inner.waker = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Mail that counts so many bytes.
    fn frames(size: usize) -> Mail {
        Mail::Frames(vec![7; size - size_of::<Item>()].into())
    }

    #[test]
    fn bytes_count_until_they_are_sent() {
        let mailbox = Mailbox::default();
        assert_eq!(mailbox.post(frames(6000), 10000), Ok(()));
        assert_eq!(mailbox.post(frames(4100), 10000), Err(PostError::Full));
        assert_eq!(mailbox.post(frames(4000), 10000), Ok(()));
        assert_eq!(mailbox.collect(Waker::noop(), false).1.count(), 2);
        assert_eq!(mailbox.post(frames(100), 10000), Err(PostError::Full), "taken out is not sent");
        mailbox.settle(5000);
        assert_eq!(mailbox.post(frames(5100), 10000), Err(PostError::Full));
        assert_eq!(mailbox.post(frames(5000), 10000), Ok(()));
        assert_eq!(mailbox.collect(Waker::noop(), false).1.count(), 1);
        mailbox.settle(0);
        assert_eq!(mailbox.post(frames(100000), 10000), Ok(()), "one alone may be larger");
        assert_eq!(mailbox.post(Mail::Abort, 10000), Ok(()), "an order always fits");
    }

    #[test]
    fn whoever_collected_is_woken_once() {
        let count = Arc::<Count>::default();
        let waker = Waker::from(count.clone());
        let mailbox = Mailbox::default();
        assert!(!mailbox.is_waiting());
        assert!(mailbox.collect(&waker, false).1.next().is_none());
        for _ in 0..3 {
            assert_eq!(mailbox.post(frames(100), 10000), Ok(()));
            assert!(mailbox.is_waiting());
        }
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert_eq!(mailbox.collect(&waker, false).1.count(), 3);
        assert!(!mailbox.is_waiting());
        assert_eq!(mailbox.post(frames(100), 10000), Ok(()));
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn the_latest_takes_the_place_of_what_was_not_taken_out() {
        let mailbox = Mailbox::default();
        let sizes = |busy| -> Vec<usize> { mailbox.collect(Waker::noop(), busy).1.map(|mail| mail.size()).collect() };
        for len in [5000, 9000, 3000] {
            assert_eq!(mailbox.post_latest(1, frames(len), 10000), Ok(()), "{len}");
        }
        assert_eq!(mailbox.post_latest(2, frames(6000), 10000), Ok(()));
        assert_eq!(mailbox.post_latest(2, frames(7100), 10000), Err(PostError::Full));
        assert_eq!(mailbox.post_latest(2, frames(7000), 10000), Ok(()));
        assert_eq!(sizes(false), [3000, 7000]);
        mailbox.settle(0);
        assert_eq!(mailbox.post_latest(1, frames(500), 10000), Ok(()), "what was taken out is not replaced");
        assert_eq!(sizes(false), [500]);
    }

    #[test]
    fn what_is_out_of_date_is_not_sent_if_the_latest_does_not_fit() {
        let mailbox = Mailbox::default();
        assert_eq!(mailbox.post(frames(5000), 10000), Ok(()));
        assert_eq!(mailbox.post_latest(1, frames(3000), 10000), Ok(()));
        assert_eq!(mailbox.post_latest(1, frames(6000), 10000), Err(PostError::Full));
        assert_eq!(mailbox.collect(Waker::noop(), false).1.count(), 1);
    }

    #[test]
    fn orders_are_not_kept_twice() {
        let mailbox = Mailbox::default();
        for _ in 0..1000 {
            assert_eq!(mailbox.post(Mail::Close(CloseCode::NORMAL, "".into()), 10000), Ok(()));
            assert_eq!(mailbox.wake(), Ok(()));
        }
        assert_eq!(mailbox.collect(Waker::noop(), true).1.count(), 1);
    }

    #[test]
    fn messages_wait_while_others_are_sent_and_orders_do_not() {
        let mailbox = Mailbox::default();
        assert_eq!(mailbox.post(frames(500), 10000), Ok(()));
        assert_eq!(mailbox.wake(), Ok(()));
        let (woken, mut mail) = mailbox.collect(Waker::noop(), true);
        assert!(woken && mail.next().is_none(), "whoever is to be woken does not wait");
        assert!(mailbox.is_waiting());
        assert_eq!(mailbox.post(Mail::Abort, 10000), Ok(()));
        assert_eq!(mailbox.collect(Waker::noop(), true).1.count(), 2);
        assert!(!mailbox.is_waiting());
    }

    #[test]
    fn nothing_goes_into_one_that_is_shut() {
        let mailbox = Mailbox::default();
        mailbox.shut();
        assert_eq!(mailbox.post(Mail::Abort, 10000), Err(PostError::Gone));
        assert!(mailbox.collect(Waker::noop(), false).1.next().is_none());
    }
}

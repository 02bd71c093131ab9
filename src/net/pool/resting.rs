//! A connection that nobody holds: it is read, its pings and close frames are answered, and its peer is asked for life.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use super::INACTIVE;
use super::account::Account;
use super::shared::{Lease, Shared};
use crate::net::{Client, OwnedEvent};
use crate::proto::ReadyState;
use crate::wire::CloseCode;

/// A connection that rests. A task of its own looks after it where it lies, so whoever wants it takes it without
/// waiting for anybody.
pub(super) struct Resting {
    pub(super) account: Arc<Account>,
    bed: Mutex<Bed>,
}

struct Bed {
    lease: Option<Lease>,
    /// Of the task that looks after it.
    waker: Option<Waker>,
    /// Nothing was read since it was given back: what comes now was there before.
    fresh: bool,
}

/// Why a connection rests no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Somebody has taken it.
    Taken,
    /// The peer closes it.
    Closing,
    /// A message had come for whoever held it, and was not read.
    Unread,
    /// It is broken, or the peer does not answer.
    Lost,
}

impl Resting {
    pub(super) fn new(lease: Lease) -> Self {
        let account = lease.ticket.account.clone();
        Self { account, bed: Mutex::new(Bed { lease: Some(lease), waker: None, fresh: true }) }
    }

    fn bed(&self) -> MutexGuard<'_, Bed> {
        // A lease in a poisoned one is not in its right mind, but still a lease.
        self.bed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes it.
    pub(super) fn take(&self) -> Option<Lease> {
        let mut bed = self.bed();
        let (lease, waker) = (bed.lease.take(), bed.waker.take());
        drop(bed);
        if let Some(waker) = waker {
            waker.wake();
        }
        lease
    }

    /// Takes it if it is fit to be used; if not, it is closed.
    pub(super) fn take_fit(&self) -> Option<Lease> {
        // What has come in the meantime may be the end.
        let end = self.poll(&mut Context::from_waker(Waker::noop()));
        let lease = self.take()?;
        if end.is_pending() && lease.connection.ready_state() == ReadyState::Open {
            return Some(lease);
        }
        lease.leave(CloseCode::NORMAL, "");
        None
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<End> {
        let mut bed = self.bed();
        let Bed { lease, waker, fresh } = &mut *bed;
        let Some(lease) = lease else { return Poll::Ready(End::Taken) };
        if !cx.waker().will_wake(Waker::noop()) {
            *waker = Some(cx.waker().clone());
        }
        loop {
            let Poll::Ready(event) = lease.connection.poll_event(cx) else {
                *fresh = false;
                return Poll::Pending;
            };
            match event {
                Some(OwnedEvent::Message(_)) if *fresh => return Poll::Ready(End::Unread),
                Some(OwnedEvent::Message(_)) => self.account.dropped(),
                Some(OwnedEvent::Pong(_, Some(time))) => self.account.answered(time),
                Some(OwnedEvent::Open | OwnedEvent::Ping(_) | OwnedEvent::Pong(..)) => {}
                Some(OwnedEvent::Close(..)) => return Poll::Ready(End::Closing),
                Some(OwnedEvent::Failed(_) | OwnedEvent::Closed(_)) | None => return Poll::Ready(End::Lost),
            }
        }
    }

    /// Looks after it until it is taken or over.
    pub(super) fn watch(self: Arc<Self>, client: Arc<Client>, shared: Arc<Shared>) -> impl Future<Output = ()> {
        let watch = Watch { resting: self, client, shared };
        async move { watch.run().await }
    }
}

/// Whoever looks after a connection. When he is gone, it does not rest any more.
struct Watch {
    resting: Arc<Resting>,
    client: Arc<Client>,
    shared: Arc<Shared>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.shared.remove(&self.resting, |_| true) {
            // Not under a lock: with it goes its place.
            drop(self.resting.take());
        }
    }
}

impl Watch {
    async fn run(&self) {
        let end = tokio::select! {
            end = poll_fn(|cx| self.resting.poll(cx)) => end,
            () = self.grow_old() => {
                if let Some(lease) = self.resting.take() {
                    lease.leave(CloseCode::NORMAL, INACTIVE);
                }
                return;
            }
        };
        if matches!(end, End::Lost | End::Closing) {
            // Before anybody can set about replacing it.
            self.shared.trouble(&self.client, self.resting.account.age());
        }
        // Somebody may be about to take it: he sees for himself.
        if end == End::Taken || !self.shared.remove(&self.resting, |_| true) {
            return;
        }
        let lease = self.resting.take();
        // A peer that closes has our answer, and is to end the connection.
        if let Some(lease) = lease.filter(|_| end != End::Lost) {
            lease.leave(CloseCode::NORMAL, "");
        }
    }

    /// Ends when it has been idle for too long and is not one of those that are kept warm; then it rests no more.
    async fn grow_old(&self) {
        loop {
            let Some(old) = Instant::now().checked_add(self.shared.config.idle_timeout) else {
                return std::future::pending().await;
            };
            tokio::time::sleep_until(old).await;
            if self.shared.remove(&self.resting, |route| route.idle.len() > route.warm) {
                return;
            }
        }
    }
}

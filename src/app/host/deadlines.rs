//! When connections have to be looked after without anything coming from them.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::net::Member;
use crate::proto::ConnectionId;

/// Wakes connections at the times that they ask for: one time each, and one task for all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Deadlines {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    table: Mutex<Table>,
    /// Told when the earliest time is another one, or there is none.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Table {
    order: BTreeSet<(Instant, ConnectionId)>,
    of: HashMap<ConnectionId, (Instant, Member)>,
    /// Whether there is a task.
    kept: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing panics while it holds the lock.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deadlines {
    /// Has `member` woken at a time, or at none. What was set before counts no longer.
    pub(super) fn set(&self, member: &Member, at: Option<std::time::Instant>) {
        let mut table = self.shared.lock();
        let at = at.map(Instant::from_std);
        let known = table.of.get(&member.id).map(|(at, _)| *at);
        if known == at {
            return;
        }
        if let Some(known) = known {
            table.order.remove(&(known, member.id));
            table.of.remove(&member.id);
        }
        let Some(at) = at else {
            if table.order.is_empty() {
                self.shared.changed.notify_one();
            }
            return;
        };
        table.of.insert(member.id, (at, member.clone()));
        table.order.insert((at, member.id));
        let is_first = table.order.first() == Some(&(at, member.id));
        let begins = !std::mem::replace(&mut table.kept, true);
        drop(table);
        if begins {
            tokio::spawn(keep(self.shared.clone()));
        } else if is_first {
            self.shared.changed.notify_one();
        }
    }
}

/// Wakes whose time has come, until nobody waits any more.
async fn keep(shared: Arc<Shared>) {
    loop {
        let first = {
            let mut table = shared.lock();
            while let Some((at, id)) = table.order.first().copied().filter(|(at, _)| *at <= Instant::now()) {
                table.order.remove(&(at, id));
                if let Some((_, member)) = table.of.remove(&id) {
                    // One that is gone need not be woken.
                    let _woken = member.connections.wake(id);
                }
            }
            match table.order.first() {
                Some((at, _)) => *at,
                None => {
                    table.kept = false;
                    return;
                }
            }
        };
        tokio::select! {
            () = sleep_until(first) => {}
            () = shared.changed.notified() => {}
        }
    }
}

//! What the handles and tasks of a pool share: who rests where, and how many there are.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::account::{Account, Standing};
use super::resting::Resting;
use super::{INACTIVE, PoolConfig, PoolError, keeper};
use crate::net::{Client, ConnectError, Connection};
use crate::wire::CloseCode;

/// How connections are opened.
pub(super) type Dial =
    dyn Fn(Client) -> Pin<Box<dyn Future<Output = Result<Connection, ConnectError>> + Send>> + Send + Sync;

pub(super) struct Shared {
    pub(super) config: PoolConfig,
    dial: Box<Dial>,
    /// One for each connection that there may be.
    places: Arc<Semaphore>,
    /// No lock of another kind is taken while this one is held but those of accounts.
    state: Mutex<State>,
    /// Told whenever there is something new to be had or to be done.
    changes: watch::Sender<()>,
}

#[derive(Default)]
pub(super) struct State {
    routes: Vec<Route>,
    pub(super) accounts: BTreeMap<u64, Arc<Account>>,
    next: u64,
    /// So many wait for the place of a connection that is being closed.
    waiting: usize,
    pub(super) closed: bool,
}

/// One of the ways that connections go: to the same URL, asked for in the same words.
pub(super) struct Route {
    client: Arc<Client>,
    /// Those nobody holds. The last one was given back last.
    pub(super) idle: Vec<Arc<Resting>>,
    /// So many are kept idle.
    pub(super) warm: usize,
    /// Whether a task sees to that.
    kept: bool,
    failures: u32,
    /// No attempt to keep it warm is made before.
    pause: Option<Instant>,
}

/// A connection with its place.
pub(super) struct Lease {
    // Before the ticket, so that the socket is closed when the place is free.
    pub(super) connection: Connection,
    pub(super) ticket: Ticket,
}

/// A place in the pool. It is free again when this is dropped.
pub(super) struct Ticket {
    pub(super) client: Arc<Client>,
    pub(super) account: Arc<Account>,
    pub(super) shared: Arc<Shared>,
    /// Where the connection lives.
    pub(super) runtime: Handle,
    permit: Option<OwnedSemaphorePermit>,
}

/// What there is for somebody who wants a connection.
pub(super) enum Offer {
    Lease(Box<Lease>),
    /// A place, in which to open one.
    Place(Ticket),
    /// One that is being closed makes room.
    Wait(Waiting),
}

/// Somebody waits for the place of a connection that is being closed.
pub(super) struct Waiting(Arc<Shared>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.lock().waiting -= 1;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        {
            let mut state = self.shared.lock();
            // Under the lock, so that nobody finds neither the connection nor its place.
            self.permit = None;
            state.accounts.remove(&self.account.id);
        }
        self.shared.changed();
    }
}

impl Ticket {
    /// Opens a connection.
    pub(super) async fn dial(&self) -> Result<Connection, ConnectError> {
        let config = &self.shared.config;
        let client = self.client.asking_for_life(config.ping_interval, config.pong_timeout);
        (self.shared.dial)(client).await
    }
}

impl Lease {
    /// Closes the connection in a task of its own. Its place is free when that is done.
    pub(super) fn leave(self, code: CloseCode, reason: &'static str) {
        self.ticket.account.stand(Standing::Closing);
        self.ticket.runtime.clone().spawn(self.end(code, reason));
    }

    async fn end(mut self, code: CloseCode, reason: &'static str) {
        let limit = self.ticket.shared.config.closing_timeout;
        // Whoever has not ended by then is dropped.
        let _ended = tokio::time::timeout(limit, self.connection.close(code, reason)).await;
    }
}

impl State {
    fn route(&mut self, client: &Client) -> Option<&mut Route> {
        self.routes.iter_mut().find(|route| *route.client == *client)
    }

    fn route_of(&mut self, client: &Arc<Client>) -> &mut Route {
        let index = self.routes.iter().position(|route| route.client == *client).unwrap_or_else(|| {
            let client = client.clone();
            self.routes.push(Route { client, idle: Vec::new(), warm: 0, kept: false, failures: 0, pause: None });
            self.routes.len() - 1
        });
        &mut self.routes[index]
    }

    /// The one that was idle longest, of those that are not kept warm.
    fn spare(&mut self) -> Option<Arc<Resting>> {
        let spares = self.routes.iter_mut().filter(|route| route.idle.len() > route.warm);
        let route = spares.min_by_key(|route| route.idle[0].account.active())?;
        Some(route.idle.remove(0))
    }

    fn closing(&self) -> usize {
        self.accounts.values().filter(|account| account.standing() == Standing::Closing).count()
    }

    fn prune(&mut self) {
        self.routes.retain(|route| !route.idle.is_empty() || route.warm > 0 || route.kept);
    }
}

impl Shared {
    pub(super) fn new(config: PoolConfig, dial: Box<Dial>) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(config.maximum.min(Semaphore::MAX_PERMITS)));
        Arc::new(Self { config, dial, places, state: Mutex::default(), changes: watch::Sender::new(()) })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; a poisoned one is whole all the same.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn changed(&self) {
        self.changes.send_replace(());
    }

    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    pub(super) fn places(&self) -> Arc<Semaphore> {
        self.places.clone()
    }

    /// A connection to where `client` goes, or a place, or hope of one.
    pub(super) fn offer(self: &Arc<Self>, client: &Arc<Client>) -> Result<Offer, PoolError> {
        if let Some(lease) = self.idle(client)? {
            return Ok(Offer::Lease(Box::new(lease)));
        }
        let mut state = self.lock();
        if let Ok(permit) = self.places.clone().try_acquire_owned() {
            drop(state);
            return Ok(Offer::Place(self.ticket(client, permit)));
        }
        if state.waiting >= state.closing() {
            let Some(spare) = state.spare() else {
                return Err(PoolError::Full { maximum: self.config.maximum });
            };
            // Before anybody else counts who is being closed.
            spare.account.stand(Standing::Closing);
            state.waiting += 1;
            state.prune();
            drop(state);
            if let Some(lease) = spare.take() {
                lease.leave(CloseCode::NORMAL, INACTIVE);
            }
        } else {
            state.waiting += 1;
        }
        Ok(Offer::Wait(Waiting(self.clone())))
    }

    /// The connection to where `client` goes that was given back last.
    pub(super) fn idle(&self, client: &Client) -> Result<Option<Lease>, PoolError> {
        loop {
            let mut state = self.lock();
            if state.closed {
                return Err(PoolError::Closed);
            }
            let Some(resting) = state.route(client).and_then(|route| route.idle.pop()) else { return Ok(None) };
            resting.account.stand(Standing::InUse);
            state.prune();
            drop(state);
            // Another has to be kept warm instead.
            self.changed();
            if let Some(lease) = resting.take_fit() {
                return Ok(Some(lease));
            }
        }
    }

    /// # Panics
    /// Outside of a tokio runtime.
    pub(super) fn ticket(self: &Arc<Self>, client: &Arc<Client>, permit: OwnedSemaphorePermit) -> Ticket {
        let runtime = Handle::current();
        let mut state = self.lock();
        let account = Arc::new(Account::new(state.next, client.target().to_string()));
        state.next += 1;
        state.accounts.insert(account.id, account.clone());
        Ticket { client: client.clone(), account, shared: self.clone(), runtime, permit: Some(permit) }
    }

    /// Has a connection rest, until it is asked for or over.
    pub(super) fn rest(self: &Arc<Self>, lease: Lease) {
        let runtime = lease.ticket.runtime.clone();
        let client = lease.ticket.client.clone();
        let resting = {
            let mut state = self.lock();
            if state.closed {
                drop(state);
                return lease.leave(CloseCode::GOING_AWAY, "");
            }
            lease.ticket.account.stand(Standing::Idle);
            let resting = Arc::new(Resting::new(lease));
            state.route_of(&client).idle.push(resting.clone());
            resting
        };
        self.changed();
        runtime.spawn(resting.watch(client, self.clone()));
    }

    /// Takes a connection out of those that rest; says whether it was among them.
    pub(super) fn remove(&self, resting: &Arc<Resting>, may: impl FnOnce(&Route) -> bool) -> bool {
        let mut state = self.lock();
        let place = state.routes.iter_mut().find_map(|route| {
            let index = route.idle.iter().position(|other| Arc::ptr_eq(other, resting))?;
            Some((route, index))
        });
        let Some((route, index)) = place.filter(|(route, _)| may(route)) else { return false };
        route.idle.remove(index);
        resting.account.stand(Standing::Closing);
        state.prune();
        drop(state);
        self.changed();
        true
    }

    /// An attempt to keep a route warm failed, or a connection that rested there was lost at this age.
    pub(super) fn trouble(&self, client: &Client, age: Duration) {
        let backoff = self.config.backoff;
        let mut state = self.lock();
        let Some(route) = state.route(client) else { return };
        let now = Instant::now();
        // Those that are lost together are lost once.
        if route.pause.is_some_and(|pause| pause > now) {
            return;
        }
        if age >= backoff.cap {
            route.failures = 0;
        }
        route.pause = now.checked_add(backoff.draw(route.failures));
        route.failures = route.failures.saturating_add(1);
    }

    /// A connection could be opened.
    pub(super) fn recovered(&self, client: &Client) {
        if let Some(route) = self.lock().route(client) {
            route.pause = None;
        }
    }

    pub(super) fn keep_warm(self: &Arc<Self>, client: &Arc<Client>, count: usize) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        let route = state.route_of(client);
        route.warm = count;
        let starts = count > 0 && !route.kept;
        route.kept |= starts;
        state.prune();
        drop(state);
        self.changed();
        if starts {
            tokio::spawn(keeper::keep(self.clone(), client.clone()));
        }
    }

    /// How many a route is short of, and before when nothing is to be done about it. `None` ends the task that sees to
    /// that: it is not wanted any more.
    pub(super) fn wanted(&self, client: &Client) -> Option<(usize, Option<Instant>)> {
        let mut state = self.lock();
        let route = state.route(client)?;
        if route.warm > 0 {
            return Some((route.warm.saturating_sub(route.idle.len()), route.pause));
        }
        route.kept = false;
        state.prune();
        None
    }

    /// Whoever kept a route warm is gone.
    pub(super) fn unkept(&self, client: &Client) {
        if let Some(route) = self.lock().route(client) {
            route.kept = false;
        }
    }

    /// Takes no more connections back and gives none out; those that rest are closed.
    pub(super) fn shut(&self) {
        let idle: Vec<_> = {
            let mut state = self.lock();
            state.closed = true;
            let routes = std::mem::take(&mut state.routes);
            routes.into_iter().flat_map(|route| route.idle).collect()
        };
        self.changed();
        for lease in idle.iter().filter_map(|resting| resting.take()) {
            lease.leave(CloseCode::GOING_AWAY, "");
        }
    }
}

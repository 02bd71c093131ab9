//! Client connections that are kept open, to one URL or several, and handed to whoever needs one.
//!
//! There are never more than [`PoolConfig::maximum`] over all URLs, those that are being opened or closed among them; a
//! place is free again however its connection ends, also when somebody panics or stops waiting. A connection that nobody
//! holds is read all the same: its pings and close frames are answered, its peer is asked for life, and it is gone from
//! the pool as soon as it is broken. A message that comes meanwhile is for nobody: it is dropped and counted
//! ([`PoolConnection::dropped`]).
//!
//! Pools of objects that rest while they are idle, and of one kind each, such as deadpool, do not fit: a WebSocket has to
//! be read, answered and pinged while it is idle, and here one bound holds over several URLs.

mod account;
mod backoff;
mod keeper;
mod pooled;
mod resting;
mod shared;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

pub use account::{PoolConnection, PoolStats, Standing};
pub use backoff::Backoff;
pub use pooled::{Pooled, RequestError};

use self::shared::{Lease, Offer, Shared, Ticket};
use super::{Client, ConnectError, Connection};
use crate::proto::Cause;
use crate::wire::CloseCode;

/// Why a connection that nobody needs is closed, as its server is told.
const INACTIVE: &str = "Inactive connection";

/// With less time than that left, no further attempt to connect is made for somebody who waits.
const WORTHWHILE: Duration = Duration::from_millis(100);

/// What a [`Pool`] is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// The most connections there may be, over all URLs.
    pub maximum: usize,
    /// How long a connection may be idle before it is closed with 1000, `Inactive connection`. Those that are
    /// [kept warm](Pool::keep_warm) stay.
    pub idle_timeout: Duration,
    /// How often the peer of a connection is asked whether it is alive, where the client is not set to ask by itself;
    /// `None` to leave it to the client.
    pub ping_interval: Option<Duration>,
    /// How long after a ping nothing at all may come from the peer before it is held for dead.
    pub pong_timeout: Duration,
    /// How long to wait before the next attempt to connect.
    pub backoff: Backoff,
    /// How long closing a connection, and [`Pool::close`], may take.
    pub closing_timeout: Duration,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            maximum: 100,
            idle_timeout: Duration::from_secs(5 * 60),
            ping_interval: Some(Duration::from_secs(30)),
            pong_timeout: Duration::from_secs(5),
            backoff: Backoff::default(),
            closing_timeout: Duration::from_secs(10),
        }
    }
}

/// Why the pool gives no connection.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// All connections that there may be are in use or kept warm.
    #[error("pool is full: {maximum} connections are in use or kept warm, and there may be no more")]
    Full {
        /// The most there may be.
        maximum: usize,
    },
    /// The pool was closed.
    #[error("pool is closed")]
    Closed,
    /// No connection could be opened; this is how the last attempt failed.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

/// A pool of client connections. Clones are the same pool; when the last one is dropped, idle connections are closed.
///
/// ```
/// use wslab::net::{Client, Pool, PoolConfig};
/// # use wslab::net::{Listen, Server, ServerConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), ServerConfig::default())?;
/// # let url = server.url();
/// # tokio::spawn(server.run(wslab::app::echo));
/// let pool = Pool::new(PoolConfig { maximum: 2, ..PoolConfig::default() });
/// let client = Client::new(&url)?;
/// for _ in 0..10 {
///     let mut connection = pool.get(&client).await?;
///     assert_eq!(connection.request("hello").await?.as_text(), Some("hello"));
/// }
/// assert_eq!(pool.stats().to_string(), "1 of 2 connections (50.00 %)");
/// assert_eq!(pool.connections()[0].sent, 10);
/// pool.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Pool {
    handle: Arc<Handle>,
}

/// What all clones of a pool have in common.
struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.shut();
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool with no connections yet.
    pub fn new(config: PoolConfig) -> Self {
        Self::dialling(config, |client| async move { client.connect().await })
    }

    fn dialling<F>(config: PoolConfig, dial: impl Fn(Client) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Connection, ConnectError>> + Send + 'static,
    {
        let shared = Shared::new(config, Box::new(move |client| Box::pin(dial(client))));
        Self { handle: Arc::new(Handle { shared }) }
    }

    /// A connection to where `client` goes: the idle one that was used last, or a new one. Connections are shared
    /// among clients that are set alike in everything, headers and limits included.
    ///
    /// If all places are taken, the connection that was idle longest has to give way, except for those that are kept
    /// warm; its end is waited for. If connecting fails it is tried again, with [`PoolConfig::backoff`] between the
    /// attempts (but never more than half of the time that is left), for as long as opening may take according to the client's
    /// [configuration](crate::proto::Config::opening_timeout); an answer of the server that is its last word, such as
    /// 401 or 404, is an error at once.
    ///
    /// It can be cancelled; no place is lost.
    ///
    /// # Errors
    /// If the pool is full or closed, or there is no connection in time.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn get(&self, client: &Client) -> Result<Pooled, PoolError> {
        let shared = &self.handle.shared;
        let client = Arc::new(client.clone());
        // A time too far away to be told is none.
        let deadline = Instant::now().checked_add(client.opening_timeout()).unwrap_or_else(far_away);
        let mut changes = shared.changes();
        let ticket = loop {
            changes.mark_unchanged();
            let _waiting = match shared.offer(&client)? {
                Offer::Lease(lease) => return Ok(Pooled::new(*lease)),
                Offer::Place(ticket) => break ticket,
                Offer::Wait(waiting) => waiting,
            };
            tokio::select! {
                biased;
                permit = shared.places().acquire_owned() => match permit {
                    Ok(permit) => break shared.ticket(&client, permit),
                    Err(_) => return Err(PoolError::Closed),
                },
                // The sender of the changes is ours, so it is not gone.
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(deadline) => {
                    return Err(PoolError::Full { maximum: shared.config.maximum });
                }
            }
        };
        self.open(ticket, deadline).await.map(Pooled::new)
    }

    /// Opens a connection in the place that `ticket` stands for, or takes one that is given back meanwhile.
    async fn open(&self, ticket: Ticket, deadline: Instant) -> Result<Lease, PoolError> {
        let shared = &self.handle.shared;
        let client = ticket.client.clone();
        let mut changes = shared.changes();
        let mut failures = 0;
        let mut last = None;
        loop {
            let Ok(dialled) = timeout_at(deadline, ticket.dial()).await else {
                return Err(last.unwrap_or_else(|| client.timeout()).into());
            };
            let error = match dialled {
                Ok(connection) => {
                    let lease = Lease { connection, ticket };
                    if shared.lock().closed {
                        lease.leave(CloseCode::GOING_AWAY, "");
                        return Err(PoolError::Closed);
                    }
                    lease.ticket.account.stand(Standing::InUse);
                    shared.recovered(&client);
                    shared.changed();
                    return Ok(lease);
                }
                Err(error) => error,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if is_final(&error) || left < WORTHWHILE {
                return Err(error.into());
            }
            last = Some(error);
            // Half of the time is left for a server that comes back while it is not asked.
            let delay = shared.config.backoff.draw(failures).min(left / 2);
            failures = failures.saturating_add(1);
            let pause = sleep(delay);
            tokio::pin!(pause);
            loop {
                changes.mark_unchanged();
                if let Some(lease) = shared.idle(&client)? {
                    return Ok(lease);
                }
                tokio::select! {
                    () = &mut pause => break,
                    _ = changes.changed() => {}
                }
            }
        }
    }

    /// Keeps `count` connections idle to where `client` goes, from now on and in the background: one that is taken or
    /// lost is replaced, after a wait of [`PoolConfig::backoff`] if it was lost or connecting failed, and they are not
    /// closed for being idle. There are fewer while the pool is full. With 0 that ends.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn keep_warm(&self, client: &Client, count: usize) {
        self.handle.shared.keep_warm(&Arc::new(client.clone()), count);
    }

    /// How full the pool is.
    pub fn stats(&self) -> PoolStats {
        let shared = &self.handle.shared;
        PoolStats { total: shared.lock().accounts.len(), maximum: shared.config.maximum }
    }

    /// All connections, the oldest first.
    pub fn connections(&self) -> Vec<PoolConnection> {
        let accounts: Vec<_> = self.handle.shared.lock().accounts.values().cloned().collect();
        accounts.iter().map(|account| account.tell()).collect()
    }

    /// Closes the pool: nobody gets a connection any more. Idle ones are closed with 1001, those in use when they are
    /// given back. Waits until all are gone, for [`PoolConfig::closing_timeout`] at most, and says how many were still
    /// in use then.
    pub async fn close(&self) -> usize {
        let shared = &self.handle.shared;
        let mut changes = shared.changes();
        shared.shut();
        let gone = async {
            loop {
                changes.mark_unchanged();
                if shared.lock().accounts.is_empty() {
                    return;
                }
                // The sender of the changes is ours, so it is not gone.
                let _told = changes.changed().await;
            }
        };
        let _in_time = tokio::time::timeout(shared.config.closing_timeout, gone).await;
        let in_use = |connection: &PoolConnection| connection.standing == Standing::InUse;
        self.connections().iter().filter(|connection| in_use(connection)).count()
    }
}

/// A time that does not come.
fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(86400 * 365 * 30)
}

/// Whether trying again is of no use.
fn is_final(error: &ConnectError) -> bool {
    match error {
        ConnectError::Ask(_) | ConnectError::Tls(_) => true,
        ConnectError::Io { .. } | ConnectError::Timeout { .. } => false,
        // RFC 9110, sections 15.5.9 and 15.5: a 4xx is the client's fault, but for those that are about time.
        ConnectError::Opening(closed) => match &closed.cause {
            Cause::OpeningInvalid(_, Some(response)) => {
                matches!(response.status, 200..=499) && !matches!(response.status, 408 | 425 | 429)
            }
            _ => false,
        },
    }
}

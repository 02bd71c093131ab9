//! Keeps as many connections of a route idle as are wanted.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use super::shared::{Lease, Shared, Ticket};
use crate::net::Client;

enum Want {
    /// Another one, in this place.
    Another(Ticket),
    /// Another one, but not before.
    Later(Instant),
    /// Nothing, as things are.
    Nothing,
    /// Nothing, ever.
    End,
}

/// Opens connections, one after the other, while there are too few. Never gives up.
pub(super) fn keep(shared: Arc<Shared>, client: Arc<Client>) -> impl Future<Output = ()> {
    // Before the first poll, which may never come.
    let keeping = Keeping { shared, client, ends: false };
    async move { keeping.run().await }
}

/// Somebody sees to it that a route is kept warm.
struct Keeping {
    shared: Arc<Shared>,
    client: Arc<Client>,
    /// It is known that nobody does any more.
    ends: bool,
}

impl Drop for Keeping {
    fn drop(&mut self) {
        // The runtime ends. Another may take over.
        if !self.ends {
            self.shared.unkept(&self.client);
        }
    }
}

impl Keeping {
    async fn run(mut self) {
        let (shared, client) = (self.shared.clone(), self.client.clone());
        let mut changes = shared.changes();
        loop {
            changes.mark_unchanged();
            // The sender of the changes is shared with us, so it is not gone.
            match want(&shared, &client) {
                Want::Another(ticket) => match timeout(client.opening_timeout(), ticket.dial()).await {
                    Ok(Ok(connection)) => shared.rest(Lease { connection, ticket }),
                    Ok(Err(_)) | Err(_) => shared.trouble(&client, Duration::ZERO),
                },
                Want::Later(at) => tokio::select! {
                    () = sleep_until(at) => {}
                    _ = changes.changed() => {}
                },
                Want::Nothing => {
                    let _told = changes.changed().await;
                }
                Want::End => {
                    self.ends = true;
                    return;
                }
            }
        }
    }
}

fn want(shared: &Arc<Shared>, client: &Arc<Client>) -> Want {
    let Some((missing, pause)) = shared.wanted(client) else { return Want::End };
    if missing == 0 {
        return Want::Nothing;
    }
    if let Some(pause) = pause.filter(|pause| *pause > Instant::now()) {
        return Want::Later(pause);
    }
    // While the pool is full nothing can be done. When a place is free that is told.
    let permit = shared.places().try_acquire_owned();
    permit.map_or(Want::Nothing, |permit| Want::Another(shared.ticket(client, permit)))
}

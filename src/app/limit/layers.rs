//! A message counts for its connection, for its address and for its user.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::window::Window;
use super::{AddressKey, Allowance, Blocked, Limiter, Rate};

/// How many messages may come. `None` for any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Over one connection.
    pub connection: Option<Rate>,
    /// From one [`AddressKey`].
    pub address: Option<Rate>,
    /// From one user.
    pub user: Option<Rate>,
    /// How many addresses, and how many users, are remembered at a time (see [`Limiter`]).
    pub max_keys: usize,
}

impl Default for Limits {
    /// 100 in 60 s over one connection; 65536 keys.
    fn default() -> Self {
        Self { connection: Some(Rate::new(100, Duration::from_secs(60))), address: None, user: None, max_keys: 65_536 }
    }
}

/// What happens to a message over the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Over {
    /// It is answered by an [`Exceeded`](super::Exceeded), and goes no further.
    #[default]
    Error,
    /// It waits, and with it all that come behind, until the block ends.
    Delay,
    /// It closes the connection with 1008.
    Close,
}

/// What all connections of a server count together.
#[derive(Debug)]
pub struct Layers {
    limits: Limits,
    addresses: Option<Limiter<AddressKey>>,
    users: Option<Limiter<Arc<str>>>,
}

impl Layers {
    /// Holds connections to these limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            addresses: limits.address.map(|rate| Limiter::new(rate, limits.max_keys)),
            users: limits.user.map(|rate| Limiter::new(rate, limits.max_keys)),
        }
    }

    /// What one connection may. `address` is where it comes from, if it comes from anywhere.
    pub fn allot(self: &Arc<Self>, address: Option<IpAddr>) -> Allotment {
        Allotment { layers: self.clone(), own: Window::NEW, address: address.map(AddressKey::from), user: None }
    }

    /// How many addresses and users are remembered, together.
    pub fn remembered(&self) -> usize {
        self.addresses.as_ref().map_or(0, Limiter::len) + self.users.as_ref().map_or(0, Limiter::len)
    }

    /// Forgets all that is over, as [`Limiter::forget`] does.
    pub fn forget(&self, now: Instant) {
        if let Some(addresses) = &self.addresses {
            addresses.forget(now);
        }
        if let Some(users) = &self.users {
            users.forget(now);
        }
    }
}

/// What one connection may.
#[derive(Debug)]
pub struct Allotment {
    layers: Arc<Layers>,
    own: Window,
    address: Option<AddressKey>,
    user: Option<Arc<str>>,
}

impl Allotment {
    /// From now on it counts for this user too.
    pub fn set_user(&mut self, id: &str) {
        if self.layers.users.is_some() && self.user.as_deref() != Some(id) {
            self.user = Some(id.into());
        }
    }

    /// Takes one message from each layer, or from none: what one layer refuses costs the others nothing. Says what the
    /// strictest layer has left; `None` where nothing limits.
    ///
    /// # Errors
    /// If some layer has nothing left: until when all of them have.
    pub fn take(&mut self, now: Instant) -> Result<Option<Allowance>, Blocked> {
        let refused = |allowance: &Allowance| allowance.remaining == 0;
        if let Some(until) = self.layers(now).into_iter().flatten().filter(refused).map(|layer| layer.resets).max() {
            return Err(Blocked { until });
        }
        let Self { layers, own, address, user } = self;
        // Other connections take from the same windows. So what was there a moment ago may be gone.
        let by_address = taken(layers.addresses.as_ref(), address.as_ref(), now)?;
        let by_user = taken(layers.users.as_ref(), user.as_ref(), now).inspect_err(|_| {
            if let (Some(addresses), Some(address)) = (&layers.addresses, address) {
                addresses.give_back(address);
            }
        })?;
        let by_connection = layers.limits.connection.map(|rate| own.take(&rate, now)).transpose()?;
        Ok(strictest([by_connection, by_address, by_user]))
    }

    /// What the strictest layer has left; `None` where nothing limits.
    pub fn look(&self, now: Instant) -> Option<Allowance> {
        strictest(self.layers(now))
    }

    fn layers(&self, now: Instant) -> [Option<Allowance>; 3] {
        let Self { layers, own, address, user } = self;
        [
            layers.limits.connection.map(|rate| own.look(&rate, now)),
            layers.addresses.as_ref().zip(address.as_ref()).map(|(addresses, address)| addresses.look(address, now)),
            layers.users.as_ref().zip(user.as_ref()).map(|(users, user)| users.look(user, now)),
        ]
    }
}

fn taken<K: std::hash::Hash + Eq + Clone>(
    limiter: Option<&Limiter<K>>,
    key: Option<&K>,
    now: Instant,
) -> Result<Option<Allowance>, Blocked> {
    limiter.zip(key).map(|(limiter, key)| limiter.take(key, now)).transpose()
}

fn strictest(layers: [Option<Allowance>; 3]) -> Option<Allowance> {
    layers.into_iter().flatten().reduce(Allowance::stricter)
}

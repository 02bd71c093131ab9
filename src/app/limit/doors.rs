//! How many connections an address may have, and how often it may open one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::{AddressKey, Blocked, Limiter, Rate};

/// What one [`AddressKey`] may. `None` for any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoorLimits {
    /// How many connections at a time.
    pub connections: Option<u32>,
    /// How many openings, whatever becomes of them.
    pub handshakes: Option<Rate>,
    /// How many addresses are remembered at a time. While there are as many, all further ones count as one.
    pub max_addresses: usize,
}

impl Default for DoorLimits {
    /// Any number of connections and openings; 65536 addresses.
    fn default() -> Self {
        Self { connections: None, handshakes: None, max_addresses: 65_536 }
    }
}

impl DoorLimits {
    /// As many openings in a second.
    #[must_use]
    pub const fn handshakes_per_second(self, count: u32) -> Self {
        Self { handshakes: Some(Rate::new(count, Duration::from_secs(1))), ..self }
    }
}

/// The doors of a server: who comes in, by address. A clone is the same doors.
#[derive(Clone, Debug)]
pub struct Doors {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    limits: DoorLimits,
    handshakes: Option<Limiter<AddressKey>>,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    of: HashMap<AddressKey, u32, RandomState>,
    /// Those for whose address there was no place.
    others: u32,
}

impl Doors {
    /// Doors with these limits.
    pub fn new(limits: DoorLimits) -> Self {
        let handshakes = limits.handshakes.map(|rate| Limiter::new(rate, limits.max_addresses));
        Self { inner: Arc::new(Inner { limits, handshakes, inside: Mutex::default() }) }
    }

    /// Lets a connection in, and counts it as long as the permit lives.
    ///
    /// # Errors
    /// If its address opens too often, or has too many connections. A refused opening counts as one too.
    pub fn enter(&self, address: IpAddr, now: Instant) -> Result<Permit, Refused> {
        let key = AddressKey::from(address);
        let Inner { limits, handshakes, .. } = &*self.inner;
        if let Some(handshakes) = handshakes {
            handshakes.take(&key, now).map_err(|Blocked { until }| Refused::TooOften { until })?;
        }
        let Some(limit) = limits.connections else { return Ok(Permit { place: None }) };
        let mut inside = self.inner.lock();
        let has_place = inside.of.contains_key(&key) || inside.of.len() < limits.max_addresses;
        let count = if has_place { inside.of.get(&key).copied().unwrap_or_default() } else { inside.others };
        if count >= limit {
            return Err(Refused::TooMany { limit });
        }
        if has_place {
            inside.of.insert(key, count + 1);
        } else {
            inside.others = count + 1;
        }
        drop(inside);
        Ok(Permit { place: Some((self.inner.clone(), has_place.then_some(key))) })
    }

    /// How many connections this address has, if that is limited.
    pub fn connections(&self, address: IpAddr) -> u32 {
        self.inner.lock().of.get(&address.into()).copied().unwrap_or_default()
    }

    /// How many addresses have connections, if that is limited.
    pub fn addresses(&self) -> usize {
        self.inner.lock().of.len()
    }

    /// How many addresses are remembered for having opened connections.
    pub fn remembered(&self) -> usize {
        self.inner.handshakes.as_ref().map_or(0, Limiter::len)
    }

    /// Forgets what is over, as [`Limiter::forget`] does.
    pub fn forget(&self, now: Instant) {
        if let Some(handshakes) = &self.inner.handshakes {
            handshakes.forget(now);
        }
        self.inner.lock().of.shrink_to_fit();
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        // What is counted is whole at any time.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That a connection is inside. It counts until this is dropped.
#[derive(Debug)]
#[must_use = "the connection counts no longer once this is dropped"]
pub struct Permit {
    place: Option<(Arc<Inner>, Option<AddressKey>)>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some((doors, key)) = self.place.take() else { return };
        let mut inside = doors.lock();
        let Some(key) = key else {
            inside.others = inside.others.saturating_sub(1);
            return;
        };
        match inside.of.get_mut(&key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                inside.of.remove(&key);
            }
        }
    }
}

/// Why a connection is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Its address has as many as it may.
    #[error("this address has {limit} connections already, which is as many as it may have")]
    TooMany {
        /// As many.
        limit: u32,
    },
    /// Its address opens too many in too short a time.
    #[error("this address opens connections too fast")]
    TooOften {
        /// Until when.
        until: Instant,
    },
}

//! Windows for many keys.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use foldhash::fast::RandomState;

use super::window::Window;
use super::{Allowance, Blocked, Rate};

/// Holds each key to a [`Rate`]: of the window that its first message begins.
///
/// Every window that is over is forgotten, a few with each call. While there are as many as there may be and none is
/// over, all further keys share one window more: that is unjust to them, but harms nobody else, and a flood of new keys
/// gets no further than one of them would.
///
/// A key is kept twice; one that is large is best an `Arc`.
pub struct Limiter<K> {
    rate: Rate,
    max_keys: usize,
    windows: Mutex<Windows<K>>,
}

struct Windows<K> {
    of: HashMap<K, Window, RandomState>,
    /// Every window that began, in the order in which they did, which is the one in which they end. There are no more
    /// than windows may be: whatever comes behind, something that is over goes in front of it, if there is any.
    order: VecDeque<(K, Instant)>,
    shared: Window,
}

/// How many windows that are over are forgotten with a call, at most. More than one, so that they become fewer.
const AT_ONCE: usize = 8;

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// Holds each key to `rate`, and remembers up to `max_keys` of them at a time.
    pub fn new(rate: Rate, max_keys: usize) -> Self {
        let windows = Windows { of: HashMap::default(), order: VecDeque::new(), shared: Window::NEW };
        Self { rate, max_keys, windows: Mutex::new(windows) }
    }

    /// What the keys are held to.
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes one for `key`.
    ///
    /// # Errors
    /// If nothing is left: until when.
    pub fn take(&self, key: &K, now: Instant) -> Result<Allowance, Blocked> {
        let mut windows = self.lock();
        windows.forget(&self.rate, now, AT_ONCE);
        while windows.of.len() >= self.max_keys && windows.forget(&self.rate, now, 1) > 0 {}
        let full = windows.of.len() >= self.max_keys;
        let Windows { of, order, shared } = &mut *windows;
        match of.get_mut(key) {
            Some(window) => {
                if window.is_over(&self.rate, now) {
                    order.push_back((key.clone(), now));
                }
                window.take(&self.rate, now)
            }
            None if full => shared.take(&self.rate, now),
            None => {
                order.push_back((key.clone(), now));
                of.entry(key.clone()).or_insert(Window::NEW).take(&self.rate, now)
            }
        }
    }

    /// What is left for `key`.
    pub fn look(&self, key: &K, now: Instant) -> Allowance {
        let windows = self.lock();
        let window = match windows.of.get(key) {
            Some(window) => *window,
            None if windows.of.len() >= self.max_keys => windows.shared,
            None => Window::NEW,
        };
        window.look(&self.rate, now)
    }

    /// Puts back what was just taken for `key`.
    pub(super) fn give_back(&self, key: &K) {
        let mut windows = self.lock();
        match windows.of.get_mut(key) {
            Some(window) => window.give_back(),
            None => windows.shared.give_back(),
        }
    }

    /// Forgets every window that is over, and gives the memory back. To be called now and then where nothing may happen
    /// for long; [`Limiter::take`] forgets by itself.
    pub fn forget(&self, now: Instant) {
        let mut windows = self.lock();
        windows.forget(&self.rate, now, usize::MAX);
        windows.of.shrink_to_fit();
        windows.order.shrink_to_fit();
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.lock().of.len()
    }

    /// Whether no key is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Windows<K>> {
        // What is counted is whole at any time: nothing in here panics halfway.
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Windows<K> {
    /// Forgets up to `most` beginnings of windows that are over, and says how many.
    fn forget(&mut self, rate: &Rate, now: Instant, most: usize) -> usize {
        let is_over = |(_, began): &(K, Instant)| now.saturating_duration_since(*began) >= rate.period;
        for forgotten in 0..most {
            let front = if self.order.front().is_some_and(is_over) { self.order.pop_front() } else { None };
            let Some((key, began)) = front else { return forgotten };
            // The key may have begun another window since, which stands further behind.
            if self.of.get(&key).is_some_and(|window| window.began() == Some(began)) {
                self.of.remove(&key);
            }
        }
        most
    }
}

impl<K> fmt::Debug for Limiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("rate", &self.rate).field("max_keys", &self.max_keys).finish_non_exhaustive()
    }
}

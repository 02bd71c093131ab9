//! What the connections of one target have in common.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::fault::Switch;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) fault: Switch,
    /// Where a target with [`SharesBuffer`](crate::fault::Fault::SharesBuffer) gathers fragments.
    pub(super) shared: Mutex<Vec<u8>>,
    /// Held while a request is read, by a target that reads one at a time.
    pub(super) door: tokio::sync::Mutex<()>,
    counted: AtomicU32,
}

impl World {
    pub(crate) fn new(fault: Switch) -> Self {
        Self {
            fault,
            shared: Mutex::new(Vec::new()),
            door: tokio::sync::Mutex::new(()),
            counted: AtomicU32::new(0x1234_5678),
        }
    }

    /// The next of keys that are counted.
    pub(super) fn count(&self) -> u32 {
        self.counted.fetch_add(1, Ordering::Relaxed)
    }
}

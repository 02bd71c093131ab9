//! What is counted, told to others: as text for Prometheus, and as it happens on a WebSocket.

mod local;
mod prometheus;
mod remote;
mod serve;
mod shots;
mod teller;
mod window;

use std::sync::{Arc, Mutex, PoisonError};

pub use local::local;
pub use prometheus::{CONTENT_TYPE, text};
pub use remote::{AttachError, Remote};
pub use serve::{PATH, SUBPROTOCOL, Watch, Watcher};
pub use teller::ROWS;
pub use window::RateWindow;

use super::Meter;

/// What `/metrics` answers: the counts of a meter, and the rates since the scrapes before.
#[derive(Debug)]
pub struct Metrics {
    meter: Arc<Meter>,
    window: Mutex<RateWindow>,
}

impl Metrics {
    /// Of this meter, with rates over the last 10 seconds, or since the last scrape if that is longer ago.
    pub fn new(meter: Arc<Meter>) -> Self {
        let mut window = RateWindow::default();
        // So that the first scrape has rates too: since now.
        let _none = window.feed(&meter.summary());
        Self { meter, window: Mutex::new(window) }
    }

    /// The text for a scrape; its content type is [`CONTENT_TYPE`].
    pub fn scrape(&self) -> String {
        // Taken under the lock: scrapes at the same time are one after the other.
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = self.meter.summary();
        let rates = window.feed(&snapshot);
        drop(window);
        text(&snapshot, rates.as_ref())
    }
}

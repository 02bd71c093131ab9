//! A conformance run that is going on, told as it goes.

use std::io;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::{Telling, Watched, line};
use crate::watch::live::{News, State};
use crate::watch::{Event, Running, Sink, Timestamp};

/// How often it is told how far the run is, at most.
const LEAST: Duration = Duration::from_millis(50);

/// Tells a dashboard how far a run is.
pub(in crate::cli) struct Told {
    news: mpsc::Sender<News>,
    running: Running,
    told: Option<Instant>,
}

/// A dashboard of a run of this name, and what tells it.
pub(in crate::cli) fn run(name: impl Into<String>) -> (Watched, Told) {
    let (watched, Telling { news, .. }) = line(name);
    (watched, Told { news, running: Running::new(), told: None })
}

impl Told {
    fn news(&self) -> News {
        News::Run(Box::new(self.running.progress(Timestamp::now())))
    }

    /// The run is over.
    pub(in crate::cli) async fn end(self) {
        // Who has left need not be told.
        let _told = self.news.send(self.news()).await;
        let _told = self.news.send(News::State(State::Over { words: None })).await;
    }
}

impl Sink for Told {
    fn take(&mut self, event: &Event) -> io::Result<()> {
        self.running.take(event)?;
        if self.told.is_none() {
            // There is room for the first.
            let _told = self.news.try_send(News::State(State::Live));
        }
        if self.told.is_none_or(|told| told.elapsed() >= LEAST) {
            self.told = Some(Instant::now());
            // A dashboard that is behind gets a later one: the run does not wait for it.
            let _told = self.news.try_send(self.news());
        }
        Ok(())
    }
}

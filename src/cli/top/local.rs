//! The dashboard of something that runs in this very process.

use std::sync::Arc;

use super::shown::Shown;
use super::{Everywhere, Exit, line};
use crate::watch::{Meter, feed};

/// A dashboard that is shown until its user leaves it.
pub(in crate::cli) struct Showing {
    watched: super::Watched,
}

impl Showing {
    /// Shows it.
    pub(in crate::cli) async fn run(self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        Shown { once: false }.show(self.watched, everywhere).await
    }
}

/// A dashboard of what `meter` counts.
pub(in crate::cli) fn watch(name: &str, meter: Arc<Meter>) -> Showing {
    let (watched, telling) = line(name);
    tokio::spawn(feed::local(meter, telling.news, telling.wishes));
    Showing { watched }
}

//! The dashboard of what runs in this very process.

use std::sync::Arc;

use super::{Watched, line};
use crate::watch::{Meter, feed};

/// What `meter` counts, to be shown.
pub(in crate::cli) fn watched(name: impl Into<String>, meter: Arc<Meter>) -> Watched {
    let (watched, telling) = line(name);
    // It ends when nobody listens any more.
    tokio::spawn(feed::local(meter, telling.news, telling.wishes));
    watched
}

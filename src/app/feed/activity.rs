//! The stream `activity`: what this server does.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::stream::Publisher;

/// How often the server is looked at.
pub const ACTIVITY_PERIOD: Duration = Duration::from_secs(5);

/// What a server has done since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// So many connections are open.
    pub connections: u64,
    /// So many were opened.
    pub opened: u64,
    /// Messages that came.
    pub messages_received: u64,
    /// Messages that went.
    pub messages_sent: u64,
    /// Bytes that came.
    pub bytes_received: u64,
    /// Bytes that went.
    pub bytes_sent: u64,
    /// For how long it has been running, in seconds.
    pub uptime: u64,
}

/// Publishes what `look` sees while somebody wants it.
pub(super) async fn run(publisher: Publisher, look: impl Fn() -> Activity + Send) {
    while publisher.wanted().await {
        let next = Instant::now() + ACTIVITY_PERIOD;
        // Fails only if the stream is gone, which ends the loop.
        let _published = publisher.publish(&look());
        publisher.rest_until(next).await;
    }
}

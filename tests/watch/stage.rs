//! Ends that are watched.

use std::sync::Arc;
use std::time::Instant;

use wslab::proto::{Config, ConnectionId, Role};
use wslab::watch::{About, Meter, Row, Timestamp};

use crate::end::End;

/// When every meter of these tests begins.
pub(crate) fn morning() -> Timestamp {
    "2026-11-22T07:00:00Z".parse().unwrap()
}

pub(crate) fn about(id: u64) -> About {
    About::new(ConnectionId(id), "/chat")
}

/// An end, and a meter that begins when the end opens.
pub(crate) struct Watched {
    pub(crate) end: End,
    pub(crate) meter: Arc<Meter>,
}

impl Watched {
    pub(crate) fn open(role: Role) -> Self {
        Self::open_with(role, Config::default())
    }

    pub(crate) fn open_with(role: Role, config: Config) -> Self {
        Self::of(End::open_with(role, config))
    }

    pub(crate) fn of(mut end: End) -> Self {
        let meter = Meter::beginning(end.now, morning());
        watch(&meter, &mut end, 0);
        Self { end, meter }
    }

    /// The one connection, living or gone.
    pub(crate) fn row(&self) -> Row {
        let snapshot = self.meter.snapshot_at(self.end.now);
        let mut rows = snapshot.rows.into_iter().chain(snapshot.gone);
        let row = rows.next().unwrap();
        assert_eq!(rows.next(), None);
        row
    }
}

/// Has `end` watched.
pub(crate) fn watch(meter: &Arc<Meter>, end: &mut End, id: u64) {
    let observer = meter.observe_at(About { role: end.role(), ..about(id) }, end.now);
    end.endpoint.set_observer(observer);
}

/// A meter that begins now.
pub(crate) fn meter() -> (Arc<Meter>, Instant) {
    let now = Instant::now();
    (Meter::beginning(now, morning()), now)
}

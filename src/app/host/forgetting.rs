//! Has what was counted forgotten where nothing happens any more.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use crate::app::limit::{Doors, Layers};

/// How often.
const PAUSE: Duration = Duration::from_secs(60);

/// One task that forgets now and then, from the first connection on, until what it looks after is gone.
#[derive(Debug, Default)]
pub(super) struct Forgetting(OnceLock<()>);

impl Forgetting {
    /// Begins, unless it has begun.
    pub(super) fn start(&self, layers: Option<&Arc<Layers>>, doors: Option<&Arc<Doors>>) {
        self.0.get_or_init(|| {
            let (layers, doors) = (layers.map(Arc::downgrade), doors.map(Arc::downgrade));
            if layers.is_some() || doors.is_some() {
                tokio::spawn(forget(layers.unwrap_or_default(), doors.unwrap_or_default()));
            }
        });
    }
}

async fn forget(layers: Weak<Layers>, doors: Weak<Doors>) {
    loop {
        tokio::time::sleep(PAUSE).await;
        let now = tokio::time::Instant::now().into_std();
        let (layers, doors) = (layers.upgrade(), doors.upgrade());
        if layers.is_none() && doors.is_none() {
            return;
        }
        if let Some(layers) = layers {
            layers.forget(now);
        }
        if let Some(doors) = doors {
            doors.forget(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::app::limit::{DoorLimits, Limits, Rate};

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_forgotten_and_then_the_task_ends() {
        let second = Some(Rate::new(1, Duration::from_secs(1)));
        let layers = Arc::new(Layers::new(Limits { address: second, user: second, ..Limits::default() }));
        let doors = Arc::new(Doors::new(DoorLimits { handshakes: second, ..DoorLimits::default() }));
        let forgetting = Forgetting::default();
        for _ in 0..2 {
            forgetting.start(Some(&layers), Some(&doors));
        }
        let tasks = tokio::runtime::Handle::current().metrics();
        assert_eq!(tasks.num_alive_tasks(), 1);
        let now = tokio::time::Instant::now().into_std();
        for number in 0..100_u8 {
            let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, number));
            let _permit = doors.enter(address, now);
            let mut allotment = layers.allot(Some(address));
            allotment.set_user(&number.to_string());
            allotment.take(now).expect("it is the first");
        }
        assert_eq!((layers.remembered(), doors.remembered()), (200, 100));
        tokio::time::sleep(PAUSE + Duration::from_millis(1)).await;
        assert_eq!((layers.remembered(), doors.remembered()), (0, 0));
        drop((layers, doors));
        tokio::time::sleep(PAUSE).await;
        assert_eq!(tasks.num_alive_tasks(), 0);
    }
}

//! `/_wslab` of a server: a WebSocket on which it tells what it counts.
//!
//! A watcher asks for the subprotocol [`SUBPROTOCOL`]. It is told [`News`] and says [`Wish`]es, each a text message of
//! JSON. A snapshot is taken only when everything before it is sent, so a slow watcher gets the newest one and not all,
//! and nothing waits for it. Whom to let in is for the server to decide.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::SystemTime;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::shots::Shots;
use super::teller::{TICK, Teller};
use crate::net::{Member, Session};
use crate::proto::{Event, Outbound, ReadyState};
use crate::watch::Meter;
use crate::watch::live::{News, Wish};
use crate::wire::CloseCode;

/// Where watchers find it.
pub const PATH: &str = "/_wslab";

/// The subprotocol of watchers.
pub const SUBPROTOCOL: &str = "wslab.snapshot.v1";

/// Lets watchers look at a meter.
#[derive(Clone, Debug)]
pub struct Watch {
    shots: Arc<Shots>,
    places: Arc<Semaphore>,
}

impl Watch {
    /// The most watchers at a time.
    pub const WATCHERS: usize = 64;

    /// At this meter.
    pub fn new(meter: Arc<Meter>) -> Self {
        Self { shots: Arc::new(Shots::new(meter)), places: Arc::new(Semaphore::new(Self::WATCHERS)) }
    }

    /// Whether somebody who asks for `resource` wants to watch.
    pub fn is_at(resource: &str) -> bool {
        resource.split_once('?').map_or(resource, |(path, _)| path) == PATH
    }

    /// What serves `member`, who may watch until that time, if there is one; `None` if there are too many already.
    pub fn watcher(&self, member: Member, until: Option<SystemTime>) -> Option<Watcher> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        let shots = self.shots.clone();
        let teller = Teller::new(shots.meter.clone());
        Some(Watcher { member, until, teller, shots, shown: None, woken: Arc::default(), _place: place })
    }
}

/// The connection of one who watches.
pub struct Watcher {
    member: Member,
    until: Option<SystemTime>,
    teller: Teller,
    shots: Arc<Shots>,
    /// When the snapshot was taken that was told last.
    shown: Option<Instant>,
    /// Whether it is being woken: then it need not be a second time.
    woken: Arc<AtomicBool>,
    _place: OwnedSemaphorePermit,
}

impl Watcher {
    /// Has itself woken from now on, as long as it lives.
    fn begin(&self) {
        let (member, woken) = (self.member.clone(), Arc::downgrade(&self.woken));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(TICK).await;
                let Some(woken) = woken.upgrade() else { return };
                if !woken.swap(true, Relaxed) && member.connections.wake(member.id).is_err() {
                    return;
                }
            }
        });
    }

    fn tell(&mut self, out: &mut Outbound) {
        if self.teller.is_due() {
            let shot = self.shots.newest();
            // Nobody is told the same twice: he waits for the next.
            if self.shown != Some(shot.at) {
                self.shown = Some(shot.at);
                self.teller.shot();
                // Fails only while the connection is closing.
                let _sent = out.send(&*shot.text);
            }
        }
        let news = self.teller.news();
        Self::tell_all(&news, out);
    }

    fn tell_all(all: &[News], out: &mut Outbound) {
        for news in all {
            // Fails only for maps whose keys are no strings.
            let Ok(text) = serde_json::to_string(news) else { continue };
            // Fails only while the connection is closing.
            let _sent = out.send(text.as_str());
        }
    }
}

impl Session for Watcher {
    fn event(&mut self, event: Event<'_>, out: &mut Outbound) {
        match event {
            Event::Open(_) => {
                self.begin();
                Self::tell_all(&[Teller::first()], out);
                self.tell(out);
            }
            Event::Message(message) => {
                // A later version may wish for more: what is not understood is passed over.
                let wish = message.as_text().and_then(|text| serde_json::from_str::<Wish>(text).ok());
                wish.iter().for_each(|wish| self.teller.wish(wish));
            }
            _ => {}
        }
    }

    fn woken(&mut self, out: &mut Outbound) {
        self.woken.store(false, Relaxed);
        if out.ready_state() != ReadyState::Open {
            return;
        }
        if self.until.is_some_and(|until| until <= SystemTime::now()) {
            // It is open, and the reason is short.
            let _started = out.close(CloseCode::POLICY, "Token expired");
            return;
        }
        // Who is slow is told what is new when he has got what was told before.
        if out.queued() == 0 {
            self.tell(out);
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").field("member", &self.member.id).finish_non_exhaustive()
    }
}

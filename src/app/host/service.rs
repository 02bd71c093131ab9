//! The host of an application.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::deadlines::Deadlines;
use super::forgetting::Forgetting;
use super::guards::{Guarded, Guards, Metered};
use super::pages::Pages;
use super::{Application, Caller, Hosted, Seat, watching};
use crate::app::auth::{Auth, Settings, token_of};
use crate::app::limit::{DoorLimits, Doors, Layers, Limits, Over, Refused};
use crate::net::{AcceptError, Connections, Entry, Member, Service};
use crate::proto::opening::{Answer, Asked};
use crate::proto::{Observer, Role};
use crate::watch::feed::{Metrics, SUBPROTOCOL, Watch};
use crate::watch::{About, Meter};
use crate::wire::http::{Request, without_secrets};

/// Serves an [`Application`].
///
/// ```
/// use wslab::app::host::Host;
/// use wslab::app::limit::{Limits, Over};
/// use wslab::app::Echo;
/// use wslab::net::{Listen, Server, ServerConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let server = Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), ServerConfig::default())?;
/// let connections = server.connections();
/// let host = Host::new(Echo).limited(Limits::default(), Over::Error);
/// let running = tokio::spawn(server.run(host));
/// # connections.drain(std::time::Duration::from_secs(1)).await;
/// running.await?
/// # }
/// ```
pub struct Host<A> {
    house: Arc<House<A>>,
    auth: Option<(Arc<Auth>, Settings)>,
    limits: Option<(Arc<Layers>, Over)>,
    doors: Option<Arc<Doors>>,
    forgetting: Forgetting,
    pages: Pages,
    meter: Option<Arc<Meter>>,
    watch: Option<Watch>,
    max_message: usize,
}

/// What the connections of a host share.
pub(super) struct House<A> {
    pub(super) application: A,
    pub(super) deadlines: Deadlines,
}

impl<A: Application> Host<A> {
    /// Serves `application`.
    pub fn new(application: A) -> Self {
        let house = House { application, deadlines: Deadlines::default() };
        Self {
            house: Arc::new(house),
            auth: None,
            limits: None,
            doors: None,
            forgetting: Forgetting::default(),
            pages: Pages::default(),
            meter: None,
            watch: None,
            max_message: 1 << 20,
        }
    }

    /// With a page in HTML, for whoever asks for `/` with a browser. It may use nothing from elsewhere.
    #[must_use]
    pub fn page(mut self, html: &'static str) -> Self {
        self.pages.front = Some(html);
        self
    }

    /// Only for clients that say who they are. For tokens in a subprotocol, [`auth::SUBPROTOCOL`] has to be among those
    /// that the server agrees to.
    ///
    /// [`auth::SUBPROTOCOL`]: crate::app::auth::SUBPROTOCOL
    #[must_use]
    pub fn guarded(mut self, auth: Auth, settings: Settings) -> Self {
        self.auth = Some((Arc::new(auth), settings));
        self
    }

    /// For clients that send so much at most; what happens to whoever sends more is said by `over`.
    #[must_use]
    pub fn limited(mut self, limits: Limits, over: Over) -> Self {
        self.limits = Some((Arc::new(Layers::new(limits)), over));
        self
    }

    /// With packed messages that have so many bytes at most when they are unpacked; 1 MiB without this.
    #[must_use]
    pub const fn unpacking(mut self, max_message: usize) -> Self {
        self.max_message = max_message;
        self
    }

    /// With so many connections of one address, that come so often. All of them count from the moment they are accepted:
    /// those that ask for nothing, and those for pages such as `/healthz`, too.
    #[must_use]
    pub fn doors(mut self, limits: DoorLimits) -> Self {
        self.doors = Some(Arc::new(Doors::new(limits)));
        self
    }

    /// Counted by `meter`.
    #[must_use]
    pub fn metered(mut self, meter: Arc<Meter>) -> Self {
        self.meter = Some(meter);
        self
    }

    /// The meter by which it is counted from now on: the one that it has, or else one of its own.
    pub fn meter(&mut self) -> Arc<Meter> {
        self.meter.get_or_insert_with(Meter::new).clone()
    }

    /// With what is counted at `/metrics`, for Prometheus: by its meter, or else by one of its own.
    #[must_use]
    pub fn metrics(mut self) -> Self {
        self.pages.metrics = Some(Metrics::new(self.meter()));
        self
    }

    /// With what is counted, as it happens, at [`feed::PATH`]: by its meter, or else by one of its own. Where clients have
    /// to say who they are, that takes the permission `watch`; elsewhere one may watch from the same machine alone, under
    /// one of its loopback names, and whoever may open a Unix socket of the server may watch: what guards it is the
    /// permissions of its file. The subprotocol [`feed::SUBPROTOCOL`] has to be among those that the server agrees to; it
    /// does so nowhere else.
    ///
    /// [`feed::PATH`]: crate::watch::feed::PATH
    /// [`feed::SUBPROTOCOL`]: crate::watch::feed::SUBPROTOCOL
    #[must_use]
    pub fn watched(mut self) -> Self {
        self.watch = Some(Watch::new(self.meter()));
        self
    }

    /// By what it is watched, if `resource` is asked for to do that.
    fn watch_at(&self, resource: &str) -> Option<&Watch> {
        self.watch.as_ref().filter(|_| Watch::is_at(resource))
    }
}

impl<A: Application> Service for Host<A> {
    type Session = Seat<A>;

    fn enter(&self, peer: Option<SocketAddr>) -> Result<Entry, Box<Answer>> {
        self.forgetting.start(self.limits.as_ref().map(|(layers, _)| layers), self.doors.as_ref());
        let Some((doors, peer)) = self.doors.as_ref().zip(peer) else { return Ok(None) };
        let now = now();
        match doors.enter(peer.ip(), now) {
            Ok(permit) => Ok(Some(Box::new(permit))),
            Err(refused) => Err(Box::new(refusal(refused, now))),
        }
    }

    fn speaks(&self, protocol: &str, asked: &Asked) -> bool {
        (protocol == SUBPROTOCOL) == self.watch_at(&asked.resource).is_some()
    }

    fn open(&self, request: &Request, asked: &Asked, member: Member, entry: Entry) -> Result<Seat<A>, Box<Answer>> {
        if let Some(watch) = self.watch_at(&asked.resource) {
            let auth = self.auth.as_ref().map(|(auth, _)| &**auth);
            return watching::admit(watch, auth, request, asked, member)
                .map(|watcher| Seat::Watcher(Box::new(watcher), entry));
        }
        let gate = self.auth.as_ref().map(|(auth, settings)| {
            let token = token_of(request);
            Guarded::new(auth.clone(), token.as_deref(), *settings, now())
        });
        let meter = self.limits.as_ref().map(|(layers, over)| {
            let address = member.peer.map(|peer| peer.ip());
            Metered::new(layers.allot(address), *over)
        });
        // Whatever comes in here was given by `enter`.
        let permit = entry.and_then(|entry| entry.downcast().ok()).map(|permit| *permit);
        let caller = Caller::new(member, gate.is_some());
        let guards = Guards { gate, meter, permit };
        Ok(Seat::Guest(Hosted::new(self.house.clone(), caller, guards, self.max_message)))
    }

    fn page(&self, _request: &Request, asked: &Asked, connections: &Connections) -> Option<Answer> {
        self.pages.at(&asked.resource, connections)
    }

    fn observer(&self, member: &Member, asked: &Asked, answer: &Answer, took: Duration) -> Option<Box<dyn Observer>> {
        let meter = self.meter.as_ref()?;
        if self.watch_at(&asked.resource).is_some() {
            // Who watches is not among the watched.
            return None;
        }
        let Some(agreed) = &answer.agreed else {
            meter.violated(Role::Client, answer.faults);
            meter.refused();
            return None;
        };
        let about = About {
            peer: member.peer,
            subprotocol: agreed.protocol.clone(),
            compressed: agreed.deflate().is_some(),
            handshake: Some(took),
            ..About::new(member.id, without_secrets(&asked.resource))
        };
        Some(meter.observe(about))
    }

    fn failed(&self, _peer: Option<SocketAddr>, _error: &AcceptError) {
        if let Some(meter) = &self.meter {
            meter.failed();
        }
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// RFC 6585, section 4.
fn refusal(refused: Refused, now: Instant) -> Answer {
    let mut refusal = Answer::refusal(429, &refused.to_string());
    if let Refused::TooOften { until } = refused {
        let seconds = until.saturating_duration_since(now).as_secs() + 1;
        refusal.response.headers.push("Retry-After", seconds.to_string());
    }
    refusal
}

impl<A: fmt::Debug> fmt::Debug for Host<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("application", &self.house.application).finish_non_exhaustive()
    }
}

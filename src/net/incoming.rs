//! A client that comes in: TLS, its request, the answer, and then its connection.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::connection::{Connection, OwnedEvent};
use super::driver::{Driver, Session as _, Stop};
use super::members::{Connections, Member};
use super::opening::OpeningFailure;
use super::server::{Entry, Service, Shared};
use super::serving::Serving;
use super::stream::Stream;
use crate::proto::opening::{Answer, Asked};
use crate::proto::{Closed, Endpoint, Event, Outbound};
use crate::wire::http::Request;

/// A client that has connected, and not asked yet.
#[derive(Debug)]
pub struct Incoming {
    pub(super) stream: Stream,
    pub(super) peer: Option<SocketAddr>,
    pub(super) accepted: tokio::time::Instant,
    pub(super) shared: Arc<Shared>,
    pub(super) place: OwnedSemaphorePermit,
    pub(super) entry: Entry,
}

/// Why a client was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The network or TLS failed.
    #[error("the connection was lost before it was open: {0}")]
    Io(#[from] io::Error),
    /// TLS took too long.
    #[error("TLS was not set up in time")]
    TlsTimeout,
    /// The opening handshake failed, or the client was refused.
    #[error("{}", OpeningFailure(&.0.cause))]
    Opening(Box<Closed>),
    /// There was no place for it, and too many others were being told so.
    #[error("the server has no place for another connection, nor to say so")]
    NoPlace,
}

/// What serves nobody: connections that are opened by hand.
pub(super) struct Unserved;

impl Service for Unserved {
    type Session = fn(Event<'_>, &mut Outbound);

    fn open(&self, _: &Request, _: &Asked, _: Member, _: Entry) -> Result<Self::Session, Box<Answer>> {
        Ok(nobody)
    }
}

/// A session before there is one.
fn nobody(_event: Event<'_>, _out: &mut Outbound) {}

impl Incoming {
    /// Goes through the opening handshake.
    ///
    /// # Errors
    /// If the client is not agreed with according to the server's [`Policy`](crate::proto::opening::Policy), or is lost.
    pub async fn open(self) -> Result<Connection, AcceptError> {
        let shared = self.shared.clone();
        let (mut driver, place) = self.ask().await?;
        let answer = answer(&driver, |asked, _| shared.policy.answer(asked));
        driver.answer(answer);
        let mut connection = Connection::of(driver).holding(place);
        loop {
            match connection.next_event().await {
                Some(OwnedEvent::Open) => return Ok(connection),
                Some(OwnedEvent::Closed(closed)) => return Err(AcceptError::Opening(Box::new(closed))),
                Some(_) => {}
                None => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            }
        }
    }

    /// Answers with this denial, or that there is no place. Where it is only that, pages are there all the same, so that
    /// one can look at a server that is full.
    pub(super) async fn turn_away<S: Service>(mut self, service: Arc<S>, denial: Option<Box<Answer>>) {
        let Self { shared, peer, accepted, entry, .. } = &mut self;
        let (shared, peer, accepted, _entry) = (shared.clone(), *peer, *accepted, entry.take());
        let (mut driver, _place) = match self.ask().await {
            Ok(asked) => asked,
            Err(error) => return service.failed(peer, &error),
        };
        let mut observer = None;
        let answer = answer(&driver, |asked, request| {
            let answer = match denial {
                Some(denial) => denial.to_method(&asked.method),
                None => match page(&*service, request, asked, &shared.connections) {
                    Some(page) => return page,
                    None => no_place().to_method(&asked.method),
                },
            };
            let member = shared.connections.next_member(peer);
            observer = service.observer(&member, asked, &answer, accepted.elapsed());
            answer
        });
        if let Some(observer) = observer {
            driver.endpoint.set_observer(observer);
        }
        driver.answer(answer);
        poll_fn(|cx| driver.poll(cx, &mut nobody)).await;
    }

    /// Sets TLS up, and waits for the request.
    async fn ask(self) -> Result<(Driver<Stream>, OwnedSemaphorePermit), AcceptError> {
        let began = self.accepted;
        let stream = match &self.shared.tls {
            None => self.stream,
            Some(config) => {
                let accepted = self.stream.secured(config.clone());
                let accepted = tokio::time::timeout(self.shared.endpoint.opening_timeout, accepted);
                accepted.await.map_err(|_| AcceptError::TlsTimeout)??
            }
        };
        let endpoint = Endpoint::server(self.shared.endpoint.clone(), began.into_std());
        let mut driver = Driver::new(stream, endpoint);
        match poll_fn(|cx| driver.poll(cx, &mut nobody)).await {
            Stop::Asked => Ok((driver, self.place)),
            Stop::Over => match driver.endpoint.closed() {
                Some(closed) => Err(AcceptError::Opening(Box::new(closed.clone()))),
                None => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            },
        }
    }

    /// Opens the connection and serves it until its end.
    pub(super) async fn serve<S: Service>(mut self, service: Arc<S>) {
        let Self { shared, peer, accepted, entry, .. } = &mut self;
        let (shared, peer, accepted, mut entry) = (shared.clone(), *peer, *accepted, entry.take());
        let mut draining = shared.connections.draining();
        // Boxed, because it is large and over soon.
        let opening = Box::pin(self.ask());
        let (mut driver, place) = tokio::select! {
            asked = opening => match asked {
                Ok(asked) => asked,
                Err(error) => return service.failed(peer, &error),
            },
            _ = draining.wait_for(|&draining| draining) => return,
        };
        let member = shared.connections.next_member(peer);
        let id = member.id;
        let (mut session, mut observer) = (None, None);
        let answer = answer(&driver, |asked, request| {
            let mut answer = if asked.protocols.iter().all(|protocol| service.speaks(protocol, asked)) {
                shared.policy.answer(asked)
            } else {
                let mut spoken = asked.clone();
                spoken.protocols.retain(|protocol| service.speaks(protocol, asked));
                shared.policy.answer(&spoken)
            };
            if answer.agreed.is_some() {
                match service.open(request, asked, member.clone(), entry.take()) {
                    Ok(opened) => session = Some(opened),
                    Err(refusal) => answer = *refusal,
                }
            } else if let Some(page) = page(&*service, request, asked, &shared.connections) {
                return page;
            }
            observer = service.observer(&member, asked, &answer, accepted.elapsed());
            answer
        });
        if let Some(observer) = observer {
            driver.endpoint.set_observer(observer);
        }
        driver.answer(answer);
        match session {
            Some(session) => {
                let registration = shared.connections.register(id, driver.endpoint.compresses(), session.is_aside());
                // A task of its own, as small as can be: an idle connection is nothing else.
                tokio::spawn(Serving::new(driver, session, registration, place));
            }
            None => {
                poll_fn(|cx| driver.poll(cx, &mut nobody)).await;
            }
        }
    }
}

/// The page that is asked for, if one is.
fn page(service: &impl Service, request: &Request, asked: &Asked, all: &Connections) -> Option<Answer> {
    let page = asked.is_for_a_page().then(|| service.page(request, asked, all)).flatten()?;
    Some(page.to_method(&asked.method))
}

fn no_place() -> Answer {
    let mut refusal = Answer::refusal(503, "the server has no place for another connection");
    refusal.response.headers.push("Retry-After", "10");
    refusal
}

/// Has `decide` answer what `driver`'s client has asked.
fn answer(driver: &Driver<Stream>, decide: impl FnOnce(&Asked, &Request) -> Answer) -> Answer {
    match driver.endpoint.asked() {
        Some((request, asked)) => decide(asked, request),
        None => Answer::refusal(500, "there is no request to answer"),
    }
}

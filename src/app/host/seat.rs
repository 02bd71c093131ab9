//! Who sits at a connection of a host: a client of the application, or somebody who watches.

use super::{Application, Hosted};
use crate::net::{Entry, Session};
use crate::proto::{Event, Outbound};
use crate::watch::feed::Watcher;

/// A connection of a [`Host`](super::Host).
#[derive(Debug)]
pub enum Seat<A: Application> {
    /// A client of the application.
    Guest(Hosted<A>),
    /// Somebody who watches, and his place at the door.
    Watcher(Box<Watcher>, Entry),
}

impl<A: Application> Session for Seat<A> {
    fn event(&mut self, event: Event<'_>, out: &mut Outbound) {
        match self {
            Self::Guest(hosted) => hosted.event(event, out),
            Self::Watcher(watcher, _) => watcher.event(event, out),
        }
    }

    fn is_ready(&self) -> bool {
        match self {
            Self::Guest(hosted) => hosted.is_ready(),
            Self::Watcher(watcher, _) => watcher.is_ready(),
        }
    }

    fn holds(&self) -> bool {
        match self {
            Self::Guest(hosted) => hosted.holds(),
            Self::Watcher(watcher, _) => watcher.holds(),
        }
    }

    fn drained(&mut self, out: &mut Outbound) {
        match self {
            Self::Guest(hosted) => hosted.drained(out),
            Self::Watcher(watcher, _) => watcher.drained(out),
        }
    }

    fn is_aside(&self) -> bool {
        matches!(self, Self::Watcher(..))
    }

    fn woken(&mut self, out: &mut Outbound) {
        match self {
            Self::Guest(hosted) => hosted.woken(out),
            Self::Watcher(watcher, _) => watcher.woken(out),
        }
    }
}

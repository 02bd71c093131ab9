//! The door as the network has it: TCP, TLS or a Unix socket.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use super::listen::Accept;
use crate::conform::peer::Transport;
use crate::conform::tap::Tap;
use crate::net::{Listen, Listener};
use crate::proto::Role;

/// A socket at which clients are awaited.
#[derive(Debug)]
pub struct Door {
    listener: Listener,
    tls: Option<Arc<rustls::ServerConfig>>,
    tap: Option<Tap>,
}

impl Door {
    /// Listens; with TLS, as [`tls::server`](crate::net::tls::server) gives it, if there is one.
    ///
    /// # Errors
    /// If the address cannot be had.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn bind(listen: &Listen, tls: Option<Arc<rustls::ServerConfig>>) -> io::Result<Self> {
        Ok(Self { listener: Listener::bind(listen)?, tls, tap: None })
    }

    /// The same, with a copy of all that goes through it kept by `tap`.
    #[must_use]
    pub fn tapped(self, tap: Option<Tap>) -> Self {
        Self { tap, ..self }
    }

    /// Where clients find it, without a path and a slash before it.
    pub fn url(&self) -> String {
        self.listener.url(self.tls.is_some())
    }
}

impl Accept for Door {
    type Transport = Box<dyn Transport>;
    type Coming = Pin<Box<dyn Future<Output = io::Result<Box<dyn Transport>>> + Send>>;

    async fn accept(&self) -> io::Result<Self::Coming> {
        let stream = self.listener.accept().await?;
        let (tls, tap) = (self.tls.clone(), self.tap.clone());
        Ok(Box::pin(async move {
            let stream = match tls {
                Some(tls) => stream.secured(tls).await?,
                None => stream,
            };
            Ok(match tap {
                Some(tap) => Box::new(tap.on(stream, Role::Server, "a client")) as Box<dyn Transport>,
                None => Box::new(stream),
            })
        }))
    }
}

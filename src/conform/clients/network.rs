//! The door as the network has it: TCP, TLS or a Unix socket.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use super::listen::Accept;
use crate::net::{Listen, Listener, Stream};

/// A socket at which clients are awaited.
#[derive(Debug)]
pub struct Door {
    listener: Listener,
    tls: Option<Arc<rustls::ServerConfig>>,
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
        Ok(Self { listener: Listener::bind(listen)?, tls })
    }

    /// Where clients find it, without a path and a slash before it.
    pub fn url(&self) -> String {
        self.listener.url(self.tls.is_some())
    }
}

impl Accept for Door {
    type Transport = Stream;
    type Coming = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    async fn accept(&self) -> io::Result<Self::Coming> {
        let stream = self.listener.accept().await?;
        let tls = self.tls.clone();
        Ok(Box::pin(async move {
            match tls {
                Some(tls) => stream.secured(tls).await,
                None => Ok(stream),
            }
        }))
    }
}

//! The target as the network has it: TCP, TLS or a Unix socket.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::peer::{Connect, Transport};
use crate::net::tls::{self, TlsError, Trust};
use crate::net::{Place, Stream, Target};
use crate::proto::opening::{Ask, AskError, Extra};
use crate::watch::Trouble;

impl Transport for Stream {
    fn reset(&mut self) {
        let tcp = match self {
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => stream.get_mut().0,
            Self::Unix(_) => return,
            #[cfg(test)]
            Self::Memory(_) => return,
        };
        // The peer sees the connection end either way.
        let _reset = tcp.set_zero_linger();
    }

    fn addresses(&self) -> Option<(SocketAddr, SocketAddr)> {
        let tcp = match self {
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
            Self::Unix(_) => return None,
            #[cfg(test)]
            Self::Memory(_) => return None,
        };
        Some((tcp.local_addr().ok()?, tcp.peer_addr().ok()?))
    }
}

/// A server to be tested.
#[derive(Clone, Debug)]
pub struct Remote {
    target: Target,
    ask: Ask,
    tls: Option<Arc<rustls::ClientConfig>>,
}

/// Why something cannot be a target.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// What is to be asked for cannot be written as a request.
    #[error("this cannot be asked for: {0}")]
    Ask(#[from] AskError),
    /// TLS could not be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Remote {
    /// The server at `target`.
    ///
    /// # Errors
    /// If the roots that `trust` names cannot be used.
    pub fn new(target: Target, trust: &Trust) -> Result<Self, RemoteError> {
        let tls = match target.place {
            Place::Tcp { tls: true, .. } => Some(tls::client(trust)?),
            _ => None,
        };
        let ask = Ask::new(target.host_header(), target.resource.as_str(), [0; 16]);
        ask.request()?;
        Ok(Self { target, ask, tls })
    }

    /// With these in the request: subprotocols, an origin, further headers.
    ///
    /// # Errors
    /// If they cannot be written as a request.
    pub fn asking(
        mut self,
        protocols: Vec<String>,
        origin: Option<String>,
        headers: Extra,
    ) -> Result<Self, RemoteError> {
        self.ask = Ask { protocols, origin, headers, ..self.ask };
        self.ask.request()?;
        Ok(self)
    }
}

impl Connect for Remote {
    type Transport = Stream;

    async fn connect(&self) -> Result<Stream, Trouble> {
        Stream::connect(&self.target, self.tls.clone()).await.map_err(|error| trouble(&error))
    }

    fn ask(&self, key: [u8; 16]) -> Ask {
        Ask { key, ..self.ask.clone() }
    }

    fn name(&self) -> String {
        self.target.to_string()
    }
}

fn trouble(error: &io::Error) -> Trouble {
    if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
        return Trouble::Tls(error.to_string());
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Trouble::Refused,
        io::ErrorKind::TimedOut => Trouble::TimedOut,
        io::ErrorKind::NotFound => Trouble::NotFound(error.to_string()),
        _ => Trouble::Io(error.to_string()),
    }
}

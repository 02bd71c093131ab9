//! The byte streams that carry connections.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::{TlsConnector, TlsStream};

use super::target::{Place, Target};

/// A connected byte stream: TCP, TLS over it, or a Unix socket.
#[derive(Debug)]
pub enum Stream {
    /// TCP.
    Tcp(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
    /// A Unix socket.
    Unix(UnixStream),
    /// A pipe in memory, on which time can be virtual.
    #[cfg(test)]
    Memory(tokio::io::DuplexStream),
}

impl Stream {
    /// Connects to the place of `target`; `tls` is what [`tls::client`](super::tls::client) gave, if it is needed.
    ///
    /// # Errors
    /// If nobody listens there, or TLS fails.
    pub async fn connect(target: &Target, tls: Option<Arc<rustls::ClientConfig>>) -> io::Result<Self> {
        match &target.place {
            Place::Unix(path) => Ok(Self::Unix(UnixStream::connect(path).await?)),
            Place::Tcp { host, port, tls: false } => Ok(Self::Tcp(dial(host, *port).await?)),
            Place::Tcp { host, port, tls: true } => {
                let config = tls.ok_or_else(|| io::Error::other("TLS was not set up"))?;
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "the host is not a name for TLS"))?;
                let stream = TlsConnector::from(config).connect(name, dial(host, *port).await?).await;
                Ok(Self::Tls(Box::new(stream.map_err(explain)?.into())))
            }
        }
    }

    /// The address of the peer; Unix sockets have none.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().ok(),
            Self::Tls(stream) => stream.get_ref().0.peer_addr().ok(),
            Self::Unix(_) => None,
            #[cfg(test)]
            Self::Memory(_) => None,
        }
    }
}

/// What failed in TLS, in words for people who have mistaken a port.
fn explain(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidMessage(_)) => io::Error::new(error.kind(), "the server does not speak TLS"),
        _ => error,
    }
}

async fn dial(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    // Frames are written when they are complete; waiting for more would only delay them.
    stream.set_nodelay(true)?;
    Ok(stream)
}

macro_rules! each {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream.get_mut() {
            Stream::Tcp($inner) => $call,
            Stream::Tls($inner) => $call,
            Stream::Unix($inner) => $call,
            #[cfg(test)]
            Stream::Memory($inner) => $call,
        }
    };
}

impl AsyncRead for Stream {
    #[inline]
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    #[inline]
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}

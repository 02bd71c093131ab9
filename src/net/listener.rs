//! Where clients come in: TCP or a Unix socket.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio_rustls::TlsAcceptor;

use super::stream::Stream;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// TCP. Port 0 has the system choose a free one.
    Tcp(SocketAddr),
    /// A Unix socket, which must not exist yet. It is removed when the server ends.
    Unix(PathBuf),
}

/// A socket that clients connect to.
#[derive(Debug)]
pub struct Listener(Socket);

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Listens.
    ///
    /// # Errors
    /// If the address cannot be had.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn bind(listen: &Listen) -> io::Result<Self> {
        Ok(Self(match listen {
            Listen::Tcp(address) => {
                let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
                socket.set_reuseaddr(true)?;
                socket.bind(*address)?;
                Socket::Tcp(socket.listen(4096)?)
            }
            Listen::Unix(path) => Socket::Unix(UnixListener::bind(path)?, path.clone()),
        }))
    }

    /// Where clients find it, with TLS or without.
    pub fn url(&self, tls: bool) -> String {
        let scheme = if tls { "wss" } else { "ws" };
        match &self.0 {
            Socket::Tcp(listener) => match listener.local_addr() {
                Ok(address) => format!("{scheme}://{address}"),
                Err(_) => format!("{scheme}://?"),
            },
            Socket::Unix(_, path) => format!("unix:{}", path.display()),
        }
    }

    /// The address, if it is one of TCP.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match &self.0 {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            Socket::Unix(..) => None,
        }
    }

    /// The next client. TLS is not set up.
    ///
    /// # Errors
    /// If the listener is broken beyond repair.
    pub async fn accept(&self) -> io::Result<Stream> {
        Ok(self.accept_from().await?.0)
    }

    /// The same, and where the client comes from. The stream itself does not know that any more once it is broken.
    pub(super) async fn accept_from(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        loop {
            match self.try_accept().await {
                Err(error) if is_passing(&error) => {
                    // Such as too many open files: others have to end first.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                accepted => return accepted,
            }
        }
    }

    async fn try_accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        match &self.0 {
            Socket::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Fails on some systems if the client is gone again, which is no fault of the listener.
                let _set = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Some(peer)))
            }
            Socket::Unix(listener, _) => Ok((Stream::Unix(listener.accept().await?.0), None)),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Socket::Unix(_, path) = &self.0 {
            // Gone already is as good.
            let _removed = std::fs::remove_file(path);
        }
    }
}

impl Stream {
    /// Sets TLS up on a stream that a [`Listener`] accepted; a Unix socket needs none.
    ///
    /// # Errors
    /// If the client does not go along.
    pub async fn secured(self, tls: Arc<rustls::ServerConfig>) -> io::Result<Self> {
        match self {
            Self::Tcp(stream) => Ok(Self::Tls(Box::new(TlsAcceptor::from(tls).accept(stream).await?.into()))),
            stream => Ok(stream),
        }
    }
}

/// Whether accepting may succeed later.
fn is_passing(error: &io::Error) -> bool {
    !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotConnected)
}

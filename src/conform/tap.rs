//! Keeps the traffic of a run: every connection as it is on the wire, or would be without TLS.

use std::fs::File;
use std::io::{self, BufWriter};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::peer::Transport;
use crate::capture::{Conversation, Writer};
use crate::proto::Role;

/// A capture file that connections are written to while they run.
#[derive(Clone, Debug)]
pub struct Tap(Arc<Mutex<Shared>>);

#[derive(Debug)]
struct Shared {
    out: Writer<BufWriter<File>>,
    /// The first error; nothing is written after it.
    failed: Option<io::Error>,
    /// The port of the next client that has no address of its own.
    port: u16,
}

/// Bytes that are kept until they are written.
const BUFFER: usize = 1 << 20;

/// The first port of those that are nobody's (RFC 6335, section 6).
const PRIVATE: u16 = 49152;

impl Tap {
    /// Begins the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(path: &Path) -> io::Result<Self> {
        let application = concat!("wslab ", env!("CARGO_PKG_VERSION"));
        let out = Writer::new(BufWriter::with_capacity(BUFFER, File::create(path)?), application)?;
        Ok(Self(Arc::new(Mutex::new(Shared { out, failed: None, port: PRIVATE }))))
    }

    /// The connection, on which we are `role`, with a copy of it going to the file. `comment` says what it is for.
    pub fn on<T: Transport>(&self, inner: T, role: Role, comment: &str) -> Tapped<T> {
        let mut shared = self.lock();
        let (own, peer) = inner.addresses().unwrap_or_else(|| shared.made_up(role));
        let (client, server) = match role {
            Role::Client => (own, peer),
            Role::Server => (peer, own),
        };
        let opened = shared.write(|out, now| Conversation::open(client, server, now, comment, out));
        drop(shared);
        Tapped { inner, role, tap: self.clone(), talk: opened }
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// The first one that there was.
    pub fn finish(&self) -> io::Result<()> {
        let mut shared = self.lock();
        match shared.failed.take() {
            Some(error) => Err(error),
            None => shared.out.flush(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A task that panics in between leaves a file that ends there.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn write<R>(&mut self, write: impl FnOnce(&mut Writer<BufWriter<File>>, Duration) -> io::Result<R>) -> Option<R> {
        if self.failed.is_some() {
            return None;
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        write(&mut self.out, now).map_err(|error| self.failed = Some(error)).ok()
    }

    /// Addresses for a connection that has none.
    fn made_up(&mut self, role: Role) -> (SocketAddr, SocketAddr) {
        let client = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
        self.port = self.port.checked_add(1).unwrap_or(PRIVATE);
        match role {
            Role::Client => (client, server),
            Role::Server => (server, client),
        }
    }
}

/// A connection of which a copy is kept.
#[derive(Debug)]
pub struct Tapped<T: Transport> {
    inner: T,
    role: Role,
    tap: Tap,
    talk: Option<Conversation>,
}

impl<T: Transport> Tapped<T> {
    fn tell(&mut self, what: impl FnOnce(&mut Conversation, &mut Writer<BufWriter<File>>, Duration) -> io::Result<()>) {
        if let Some(talk) = &mut self.talk {
            let told = self.tap.lock().write(|out, now| what(talk, out, now));
            if told.is_none() {
                self.talk = None;
            }
        }
    }
}

impl<T: Transport> Transport for Tapped<T> {
    fn reset(&mut self) {
        let role = self.role;
        self.tell(|talk, out, now| talk.reset(role, now, out));
        self.inner.reset();
    }

    fn addresses(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.inner.addresses()
    }
}

impl<T: Transport> AsyncRead for Tapped<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut this.inner).poll_read(context, buffer));
        let peer = this.role.peer();
        match (&read, &buffer.filled()[before..]) {
            (Ok(()), []) if buffer.remaining() > 0 => this.tell(|talk, out, now| talk.end(peer, now, out)),
            (Ok(()), bytes) => this.tell(|talk, out, now| talk.data(peer, bytes, now, out)),
            (Err(_), _) => this.tell(|talk, out, now| talk.reset(peer, now, out)),
        }
        Poll::Ready(read)
    }
}

impl<T: Transport> AsyncWrite for Tapped<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.inner).poll_write(context, bytes));
        let role = this.role;
        if let Ok(size) = written {
            this.tell(|talk, out, now| talk.data(role, &bytes[..size], now, out));
        }
        Poll::Ready(written)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let done = ready!(Pin::new(&mut this.inner).poll_shutdown(context));
        let role = this.role;
        this.tell(|talk, out, now| talk.end(role, now, out));
        Poll::Ready(done)
    }
}

/// Whoever drops a connection ends it.
impl<T: Transport> Drop for Tapped<T> {
    fn drop(&mut self) {
        let role = self.role;
        self.tell(|talk, out, now| talk.end(role, now, out));
    }
}

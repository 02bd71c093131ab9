//! Some connections of a capture, written as a capture of their own.
//!
//! A capture is read three times: once to be analysed, when a [`Keep`] is told of its connections and chooses; once to
//! find the packets that carry those that were chosen; once to copy them. So nothing of it has to be held but a bit for
//! each packet that is kept. Packets are copied byte by byte, in their order, with time, link type and original length;
//! comments, flags and names of interfaces are not.
//!
//! Kept are all segments between the two addresses from the first packet of the connection to the last, what was sent
//! again and what only acknowledges among them, and the fragments of which such a segment is put together; behind the
//! last what ends the TCP connection, up to a SYN that begins another. If the connection is encrypted all of the TCP
//! connection before it is kept too, and so is what lies between two that follow each other on one. Not kept are packets in which no segment can be found, such as those that ICMP
//! sends back, and fragments that came again.
//!
//! **What is written may hold secrets.** Those that a capture carries for connections that are kept are copied, and so
//! are those of a key log: whoever has the file can read what they encrypt. Secrets of connections that are not kept
//! are left out, unless a kept one has no hello by which its own could be told from others; then all of the capture are
//! copied. A session that is renegotiated inside of TLS has secrets that cannot be found.

mod choose;
mod marks;
mod secrets;

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;

use self::choose::{Choice, Pair, Span, pair};
use self::secrets::KeyLog;
use super::source::{Item, Source, SourceError};
use super::{Connection, Event, Packet, Place, Sink, Time, Writer};

/// The most bytes of secrets that a capture may carry, if some of them are needed.
const CARRIED: usize = 16 << 20;

/// Chooses connections while a capture is analysed, and writes their packets afterwards.
///
/// ```no_run
/// use wslab::capture::source::{self, Item};
/// use wslab::capture::{Analyzer, Keep, Options};
///
/// let files = ["traffic.pcapng".into()];
/// Keep::check(&files, "chat.pcapng".as_ref())?;
/// let chosen = Keep::new(|connection| connection.url.as_deref() == Some("/chat"));
/// let mut analyzer = Analyzer::new(Options::default(), chosen);
/// let mut source = source::open(&files)?;
/// while let Some(item) = source.next()? {
///     match item {
///         Item::Packet(packet) => analyzer.packet(packet)?,
///         Item::Secrets(secrets) => analyzer.secrets(secrets),
///         Item::Idle => {}
///     }
/// }
/// let (chosen, _) = analyzer.finish()?;
/// let out = std::io::BufWriter::new(std::fs::File::create("chat.pcapng")?);
/// let written = chosen.write(|| source::open(&files), &[], "wslab", out)?;
/// println!("{} packets of {} connections", written.packets, written.connections);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Keep<F> {
    choose: F,
    spans: HashMap<Pair, Vec<Span>, RandomState>,
    connections: u64,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Connections.
    pub connections: u64,
    /// Packets.
    pub packets: u64,
    /// Bytes of the packets, as far as they were captured.
    pub bytes: u64,
    /// Lines of secrets for TLS. If there are any, whoever has the file can read what is encrypted in it.
    pub secrets: u64,
}

/// Why packets cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// Standard input is among what is read.
    #[error("standard input cannot be read again to copy packets out of it: write the capture to a file first")]
    Input,
    /// What is read is no file.
    #[error("{} is no regular file and cannot be read again to copy packets out of it: write the capture to a file first", .0.display())]
    NotAFile(PathBuf),
    /// What is read would be overwritten.
    #[error("{} is the capture that is read: name another file to write to", .0.display())]
    SameFile(PathBuf),
    /// The capture carries more secrets than are held.
    #[error(
        "carries more than 16 MiB of secrets for TLS, too many to copy those that are needed: \
         take them out of the capture and give those that are needed as a key log"
    )]
    Secrets,
    /// The capture cannot be opened again.
    #[error("cannot be read again: {0}")]
    Source(#[from] SourceError),
    /// It cannot be written.
    #[error("cannot be written: {0}")]
    Write(#[from] io::Error),
}

impl Keep<fn(&Connection) -> bool> {
    /// Whether these captures can be read again, and written to this file. Best asked before anything is read.
    ///
    /// # Errors
    /// If one is standard input or something else that gives its bytes once, or is the file to be written.
    pub fn check(captures: &[PathBuf], to: &Path) -> Result<(), KeepError> {
        for path in captures {
            if path.as_os_str() == "-" {
                return Err(KeepError::Input);
            }
            // What is not there, or is a folder, is told when it is opened.
            if path.metadata().is_ok_and(|about| !about.is_file() && !about.is_dir()) {
                return Err(KeepError::NotAFile(path.clone()));
            }
            if is_same(path, to) {
                return Err(KeepError::SameFile(path.clone()));
            }
        }
        Ok(())
    }
}

/// Whether two paths lead to one file. What is not there is the same as nothing.
#[cfg(unix)]
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |path: &Path| path.metadata().map(|about| (about.dev(), about.ino()));
    matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other)
}

/// Whether two paths lead to one file. What is not there is the same as nothing.
#[cfg(not(unix))]
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

impl<F: FnMut(&Connection) -> bool> Keep<F> {
    /// Keeps the connections for which this is true. It is asked when all of a connection was told.
    pub fn new(choose: F) -> Self {
        Self { choose, spans: HashMap::default(), connections: 0 }
    }
}

impl<F> Keep<F> {
    /// How many connections were chosen.
    pub const fn connections(&self) -> u64 {
        self.connections
    }

    fn add(&mut self, connection: &Connection) {
        let (pair, _) = pair(connection.client, connection.server);
        self.connections += 1;
        self.spans.entry(pair).or_default().push(Span {
            first: connection.first.packet,
            last: connection.last.packet.max(connection.closed.map_or(0, |place| place.packet)),
            encrypted: connection.tls.is_some(),
            to_the_end: !connection.is_refused(),
        });
    }

    /// Writes the packets of the connections that were chosen as a pcapng file of `application`. `open` opens the
    /// capture anew, and is called twice; `keylog` has secrets for TLS that the capture does not carry itself, as lines
    /// of an NSS key log, of which those that are needed are written.
    ///
    /// Where the capture is damaged reading ends, as it did when it was analysed: it is not told again.
    ///
    /// # Errors
    /// If the capture cannot be opened again, carries more than 16 MiB of secrets of which some are needed, or if the file
    /// cannot be written.
    pub fn write<W: Write>(
        &self,
        mut open: impl FnMut() -> Result<Box<dyn Source>, SourceError>,
        keylog: &[u8],
        application: &str,
        out: W,
    ) -> Result<Written, KeepError> {
        let mut choice = Choice::new(&self.spans);
        let is_encrypted = self.spans.values().flatten().any(|span| span.encrypted);
        let mut carried = Vec::new();
        let mut too_many = false;
        read(&mut *open()?, |item| {
            match item {
                Item::Packet(packet) => choice.take(packet),
                Item::Secrets(_) if too_many || !is_encrypted => {}
                Item::Secrets(text) if carried.len() + text.len() >= CARRIED => too_many = true,
                Item::Secrets(text) => {
                    carried.extend_from_slice(text);
                    carried.push(b'\n');
                }
                Item::Idle => {}
            }
            Ok(())
        })?;
        if too_many {
            return Err(KeepError::Secrets);
        }
        let (packets, needed) = choice.finish();

        let mut out = Writer::section(out, application)?;
        let mut secrets = KeyLog::default();
        if is_encrypted {
            needed.copy(&carried, &mut secrets);
            needed.of_connections().copy(keylog, &mut secrets);
        }
        drop(carried);
        if !secrets.text.is_empty() {
            out.secrets(&secrets.text)?;
        }
        let mut written = Written { connections: self.connections, secrets: secrets.lines(), ..Written::default() };
        let mut time: Option<Time> = None;
        read(&mut *open()?, |item| {
            let Item::Packet(packet) = item else { return Ok(()) };
            time = packet.place.time.or(time);
            if packets.contains(packet.place.packet) {
                written.packets += 1;
                written.bytes += packet.data.len() as u64;
                let place = Place { time, ..packet.place };
                out.captured(&Packet { place, ..packet }, None)?;
            }
            Ok(())
        })?;
        out.flush()?;
        Ok(written)
    }
}

/// Reads a capture as far as it can be read.
fn read(source: &mut dyn Source, mut take: impl FnMut(Item<'_>) -> io::Result<()>) -> io::Result<()> {
    loop {
        match source.next() {
            Ok(Some(item)) => take(item)?,
            Ok(None) => return Ok(()),
            // Others of several files may go on.
            Err(_) => {}
        }
    }
}

impl<F: FnMut(&Connection) -> bool> Sink for Keep<F> {
    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Event::Closed(connection) = event
            && (self.choose)(connection)
        {
            self.add(connection);
        }
        Ok(())
    }
}

//! One capture file, or a stream of one.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::buffer::Buffer;
use super::error::{Cause, Fault, SourceError};
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use super::{Content, Item, Packing, Source};
use crate::capture::{LinkType, Packet, Place, Time};

/// The most bytes of a packet or block that are believed. The largest snap length that is known, for USB, is half of it.
pub(super) const LONGEST: u32 = 256 * 1024 * 1024;

/// How many bytes are read at once: few enough to stay in the processor's cache until they are used.
const SIZE: usize = 256 * 1024;

/// What errors call standard input.
const INPUT: &str = "standard input";

/// Reads a capture file, or a capture that is still being written.
#[derive(Debug)]
pub struct Reader {
    file: Arc<str>,
    packing: Option<Packing>,
    buffer: Buffer,
    format: Format,
    packets: u64,
}

#[derive(Debug)]
enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
    Over,
}

/// What was found, and where in the buffer.
#[derive(Debug)]
pub(super) enum Found {
    Packet {
        time: Option<Time>,
        link: LinkType,
        length: u32,
        data: Range<usize>,
    },
    Secrets(Range<usize>),
    /// Nothing yet.
    Idle,
}

impl Found {
    /// The same, in a block that begins at `start`.
    #[inline]
    pub(super) fn moved(mut self, start: usize) -> Self {
        if let Self::Packet { data, .. } | Self::Secrets(data) = &mut self {
            *data = data.start + start..data.end + start;
        }
        self
    }
}

impl Reader {
    /// Opens a file, or standard input if the path is `-`.
    ///
    /// # Errors
    /// If it cannot be opened, is empty, or is no capture.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        Self::open_sized(path, SIZE)
    }

    /// The same for all of a capture: [`Item::Idle`] is said while nothing comes on standard input. What is packed comes
    /// in pieces that are not to be looked into, and is waited for.
    #[cfg(unix)]
    pub(super) fn open_alone(path: &Path) -> Result<Self, SourceError> {
        if path.as_os_str() != "-" || io::stdin().is_terminal() {
            return Self::open(path);
        }
        let failed = |error| SourceError::Open { file: INPUT.into(), error };
        let (input, restless) = super::stdin::Stdin::open().map_err(failed)?;
        let reader = Self::sized(INPUT.into(), Box::new(input), SIZE)?;
        restless.store(reader.packing.is_none(), std::sync::atomic::Ordering::Relaxed);
        Ok(reader)
    }

    /// The same for all of a capture.
    #[cfg(not(unix))]
    pub(super) fn open_alone(path: &Path) -> Result<Self, SourceError> {
        Self::open(path)
    }

    /// The same for one of so many files that are read at once.
    pub(super) fn open_among(path: &Path, files: usize) -> Result<Self, SourceError> {
        Self::open_sized(path, (SIZE * 4 / files.max(1)).clamp(SIZE / 8, SIZE))
    }

    fn open_sized(path: &Path, size: usize) -> Result<Self, SourceError> {
        if path.as_os_str() == "-" {
            let input = io::stdin();
            if input.is_terminal() {
                return Err(SourceError::Terminal);
            }
            return Self::sized(INPUT.into(), Box::new(input), size);
        }
        let file: Arc<str> = path.display().to_string().into();
        match File::open(path) {
            Ok(from) if from.metadata().is_ok_and(|about| about.is_dir()) => Err(SourceError::Folder { file }),
            Ok(from) => Self::sized(file, Box::new(from), size),
            Err(error) => Err(SourceError::Open { file, error }),
        }
    }

    /// Reads a capture out of anything; errors call it by this name.
    ///
    /// # Errors
    /// If it cannot be read, is empty, or is no capture.
    pub fn new(file: &str, from: impl Read + Send + 'static) -> Result<Self, SourceError> {
        Self::sized(file.into(), Box::new(from), SIZE)
    }

    fn sized(file: Arc<str>, from: Box<dyn Read + Send>, size: usize) -> Result<Self, SourceError> {
        let mut reader =
            Self { file, packing: None, buffer: Buffer::new(from, size), format: Format::Over, packets: 0 };
        reader.ensure(Packing::MAGIC)?;
        reader.packing = Packing::of(reader.buffer.bytes());
        if let Some(packing) = reader.packing {
            let empty = Buffer::new(Box::new(io::empty()), 1);
            let packed = std::mem::replace(&mut reader.buffer, empty);
            reader.buffer = packing.unpack(packed, size).map_err(|error| reader.failed(Fault::read(0, error)))?;
            reader.ensure(Packing::MAGIC)?;
        }
        let begin = reader.buffer.bytes();
        if let Some((order, magic)) = Pcap::magic(begin) {
            let begun = Pcap::begin(order, magic, &mut reader.buffer);
            reader.format = Format::Pcap(begun.map_err(|fault| reader.failed(fault))?);
        } else if Pcapng::is(begin) {
            reader.format = Format::Pcapng(Pcapng::new());
        } else {
            reader.ensure(Content::SAMPLE)?;
            let content = Content::of(reader.buffer.bytes());
            return Err(SourceError::NotCapture { file: reader.file, packing: reader.packing, content });
        }
        Ok(reader)
    }

    /// Reads so many bytes, if there are so many.
    fn ensure(&mut self, count: usize) -> Result<(), SourceError> {
        match self.buffer.ensure(count) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(Fault::read(self.buffer.offset(), error))),
        }
    }

    /// How many packets were read of it.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Goes to the next item, which can then be lent.
    #[inline]
    pub(super) fn advance(&mut self) -> Result<Option<Found>, SourceError> {
        let found = match &mut self.format {
            Format::Pcap(pcap) => pcap.next(&mut self.buffer),
            Format::Pcapng(pcapng) => pcapng.next(&mut self.buffer),
            Format::Over => return Ok(None),
        };
        match found {
            Ok(Some(found)) => {
                self.packets += u64::from(matches!(found, Found::Packet { .. }));
                Ok(Some(found))
            }
            Ok(None) => {
                self.format = Format::Over;
                Ok(None)
            }
            Err(fault) if fault.is_for_now() => Ok(Some(Found::Idle)),
            Err(fault) => {
                self.format = Format::Over;
                Err(self.failed(fault))
            }
        }
    }

    /// Lends what [`Reader::advance`] found last.
    #[inline]
    pub(super) fn lend(&mut self, found: Found, packet: u64) -> Item<'_> {
        match found {
            Found::Packet { time, link, length, data } => {
                let data = self.buffer.taken(data);
                Item::Packet(Packet { place: Place { packet, time }, link, length, data })
            }
            Found::Idle => Item::Idle,
            Found::Secrets(text) => Item::Secrets(self.buffer.taken(text)),
        }
    }

    #[cold]
    fn failed(&self, fault: Fault) -> SourceError {
        let (file, packing, packets) = (Arc::clone(&self.file), self.packing, self.packets);
        match fault.cause {
            Cause::Damage(what) => SourceError::Damaged { file, packing, offset: fault.offset, packets, what },
            Cause::Read(error) => {
                let offset = self.buffer.offset() + self.buffer.bytes().len() as u64;
                match packing {
                    Some(packing) => SourceError::Packed { file, packing, offset, packets, error },
                    None => SourceError::Read { file, offset, packets, error },
                }
            }
        }
    }
}

impl Source for Reader {
    #[inline]
    fn next(&mut self) -> Result<Option<Item<'_>>, SourceError> {
        Ok(match self.advance()? {
            Some(found) => Some(self.lend(found, self.packets)),
            None => None,
        })
    }
}

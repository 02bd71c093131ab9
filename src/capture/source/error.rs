//! Why a capture cannot be read, or not to its end.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::buffer::NotYet;
use super::{Content, Packing};

/// Why a capture cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Nothing was named.
    #[error("no capture was named: name a file, or - for standard input")]
    NoFiles,
    /// Standard input was named more than once.
    #[error("standard input (-) was named twice, but can be read only once")]
    InputTwice,
    /// Nobody can type a capture.
    #[error("standard input is a terminal: pipe a capture into it, as `tcpdump -U -w - | …` does")]
    Terminal,
    /// A file cannot be opened.
    #[error("{file}: cannot be opened: {error}")]
    Open {
        /// Its name.
        file: Arc<str>,
        /// Why.
        error: io::Error,
    },
    /// It is no file.
    #[error("{file}: is a folder: name the captures in it")]
    Folder {
        /// Its name.
        file: Arc<str>,
    },
    /// A file is something else.
    #[error("{file}: no capture{}: {content}", Unpacked(*packing))]
    NotCapture {
        /// Its name.
        file: Arc<str>,
        /// What it was unpacked from.
        packing: Option<Packing>,
        /// What it looks like.
        content: Content,
    },
    /// A capture is damaged. What comes before was given.
    #[error("{file}: damaged at byte {offset}{}, {}: {what}; {}", Unpacked(*packing), After(*packets), what.advice())]
    Damaged {
        /// Its name.
        file: Arc<str>,
        /// What it was unpacked from.
        packing: Option<Packing>,
        /// Where the record or block begins that is damaged: bytes from the file's beginning, after unpacking.
        offset: u64,
        /// How many packets of this file come before.
        packets: u64,
        /// What is wrong.
        what: Damage,
    },
    /// A capture cannot be unpacked, or not to its end. What could be was given.
    #[error(
        "{file}: cannot be unpacked behind byte {offset} of the unpacked data, {}: {}; copy the file again, or let the \
         program that packs it end",
        After(*packets),
        Unpacking(*packing, error)
    )]
    Packed {
        /// Its name.
        file: Arc<str>,
        /// How it is packed.
        packing: Packing,
        /// How many bytes could be unpacked.
        offset: u64,
        /// How many packets are whole in them.
        packets: u64,
        /// Why.
        error: io::Error,
    },
    /// A file cannot be read, or not to its end. What could be was given.
    #[error("{file}: cannot be read behind byte {offset}, {}: {error}", After(*packets))]
    Read {
        /// Its name.
        file: Arc<str>,
        /// How many bytes could be read.
        offset: u64,
        /// How many packets are whole in them.
        packets: u64,
        /// Why.
        error: io::Error,
    },
    /// An interface cannot be captured on.
    #[cfg(feature = "live")]
    #[error(transparent)]
    Live(#[from] super::LiveError),
}

impl SourceError {
    /// The name of the file that it is about.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Open { file, .. }
            | Self::Folder { file }
            | Self::NotCapture { file, .. }
            | Self::Damaged { file, .. }
            | Self::Packed { file, .. }
            | Self::Read { file, .. } => Some(file),
            _ => None,
        }
    }

    /// Where it is: bytes from the file's beginning, after unpacking.
    pub const fn offset(&self) -> Option<u64> {
        match self {
            Self::Damaged { offset, .. } | Self::Packed { offset, .. } | Self::Read { offset, .. } => Some(*offset),
            _ => None,
        }
    }

    /// How many packets of the file were good; the damage is in or behind the next. 0 if nothing could be read.
    pub const fn packets(&self) -> u64 {
        match self {
            Self::Damaged { packets, .. } | Self::Packed { packets, .. } | Self::Read { packets, .. } => *packets,
            _ => 0,
        }
    }

    /// Whether it is a capture that is damaged, or cannot be read on; not one that could never be read.
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Packed { .. } | Self::Read { .. })
    }
}

/// What is wrong in a damaged capture. Lengths are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// It ends too early.
    Cut {
        /// In the middle of what.
        part: Part,
        /// How much of it is missing.
        missing: u64,
        /// How long it is.
        of: u64,
    },
    /// A packet or block is longer than any can be.
    TooLong {
        /// How long, if that were true.
        captured: u32,
    },
    /// A block's length is no multiple of four, or less than a block of its type has.
    BlockLength {
        /// Its length.
        length: u32,
        /// The shortest that it can have.
        least: u32,
    },
    /// A block has another length at its end than at its beginning.
    Trailer {
        /// At its beginning.
        head: u32,
        /// At its end.
        tail: u32,
    },
    /// A packet or a key log is longer than the block that it is in.
    Beyond {
        /// How long it is.
        captured: u32,
        /// How long it can be.
        room: u32,
    },
    /// A section does not say its byte order.
    ByteOrder {
        /// What it says instead, its first byte first.
        magic: u32,
    },
    /// The version of the format is not known.
    Version {
        /// The number before the point.
        major: u16,
        /// The number behind the point.
        minor: u16,
    },
    /// A packet is of an interface that is not described.
    Interface {
        /// Its number, from 0.
        id: u32,
        /// How many are described.
        known: u32,
    },
    /// There are too many interfaces.
    Interfaces {
        /// The most there can be.
        most: u32,
    },
}

/// What a file can end in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The header of a pcap file.
    FileHeader,
    /// The head of a packet's record in a pcap file.
    RecordHead,
    /// A packet's bytes, or its block.
    Packet,
    /// The head of a block in a pcapng file.
    BlockHead,
    /// Another block.
    Block,
}

impl Damage {
    /// What to do.
    const fn advice(&self) -> &'static str {
        match self {
            Self::Cut { .. } => "let the capturing program end before its file is copied",
            Self::Version { .. } => "convert it by `editcap FILE NEW.pcapng`",
            _ => "copy the file again, or capture again",
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Cut { part, missing, of } => {
                write!(f, "the file ends in the middle of {part}: {missing} of {of} bytes are missing")
            }
            Self::TooLong { captured } => write!(f, "a length of {captured} bytes cannot be right"),
            Self::BlockLength { length, least } if length < least => {
                write!(f, "a block has a length of {length} bytes, but has {least} at least")
            }
            Self::BlockLength { length, .. } => {
                write!(f, "a block has a length of {length} bytes, which is no multiple of four")
            }
            Self::Trailer { head, tail } => {
                write!(f, "a block has a length of {head} bytes at its beginning and of {tail} at its end")
            }
            Self::Beyond { captured, room } => {
                write!(f, "a length of {captured} bytes is given in a block that has room for {room}")
            }
            Self::ByteOrder { magic } => {
                write!(f, "a section has {magic:#010x} where its byte order should stand")
            }
            Self::Version { major, minor } => write!(f, "version {major}.{minor} of the format is not known"),
            Self::Interface { id, known: 0 } => {
                write!(f, "a packet is of interface {id}, but none was described")
            }
            Self::Interface { id, known: 1 } => {
                write!(f, "a packet is of interface {id}, but only interface 0 was described")
            }
            Self::Interface { id, known } => {
                write!(f, "a packet is of interface {id}, but only 0 to {} were described", known - 1)
            }
            Self::Interfaces { most } => write!(f, "a section describes more than {most} interfaces"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::FileHeader => "its header",
            Self::RecordHead => "the head of a packet",
            Self::Packet => "a packet",
            Self::BlockHead => "the head of a block",
            Self::Block => "a block",
        })
    }
}

/// Where what is unpacked is counted.
struct Unpacked(Option<Packing>);

impl fmt::Display for Unpacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(packing) => write!(f, " in what {packing} packed"),
            None => Ok(()),
        }
    }
}

/// What was good.
struct After(u64);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("before any packet"),
            1 => f.write_str("after 1 good packet"),
            count => write!(f, "after {count} good packets"),
        }
    }
}

/// Why unpacking ended.
struct Unpacking<'a>(Packing, &'a io::Error);

impl fmt::Display for Unpacking<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1.kind() {
            io::ErrorKind::UnexpectedEof => write!(f, "the {} data end too early", self.0),
            _ => write!(f, "{}: {}", self.0, self.1),
        }
    }
}

/// Something wrong, and where the record or block begins in which it is.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) offset: u64,
    pub(super) cause: Cause,
}

#[derive(Debug)]
pub(super) enum Cause {
    Damage(Damage),
    Read(io::Error),
}

impl Fault {
    /// Whether nothing is wrong but that more has not come yet.
    pub(super) fn is_for_now(&self) -> bool {
        matches!(&self.cause, Cause::Read(error) if NotYet::is(error))
    }

    #[cold]
    pub(super) const fn new(offset: u64, what: Damage) -> Self {
        Self { offset, cause: Cause::Damage(what) }
    }

    #[cold]
    pub(super) const fn read(offset: u64, error: io::Error) -> Self {
        Self { offset, cause: Cause::Read(error) }
    }
}

//! Captures that are packed as a whole.

use std::fmt;
use std::io::{self, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use super::buffer::Buffer;

/// How much is read at once of what is packed, in bytes.
const PACKED: usize = 64 * 1024;

/// How a capture is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packing {
    /// gzip (RFC 1952), one member or several.
    Gzip,
    /// Zstandard (RFC 8878), one frame or several.
    Zstandard,
}

impl Packing {
    /// The fewest bytes that tell.
    pub(super) const MAGIC: usize = 4;

    /// What something that begins so is packed by.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match *bytes {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            // A frame, or one that is to be skipped.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstandard),
            _ => None,
        }
    }

    /// Reads what is packed: the same, unpacked, by `size` bytes at most at once.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub(super) fn unpack(self, packed: Buffer, size: usize) -> io::Result<Buffer> {
        let (begun, rest) = packed.into_parts();
        let packed = BufReader::with_capacity(PACKED, Cursor::new(begun).chain(rest));
        let unpacked: Box<dyn Read + Send> = match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Self::Zstandard => Box::new(zstd::Decoder::with_buffer(packed)?),
        };
        Ok(Buffer::new(unpacked, size))
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Gzip => "gzip",
            Self::Zstandard => "Zstandard",
        })
    }
}

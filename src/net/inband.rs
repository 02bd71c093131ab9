//! Compression of messages by the application itself: the scheme of clients that know nothing of permessage-deflate.
//!
//! A message that is packed is a binary message. What comes out of [`Inband::unpack`] is never more than asked for,
//! whatever goes in.

use std::fmt;
use std::io;
use std::str::FromStr;

use flate2::write::{GzEncoder, ZlibEncoder};
use flate2::{Compression, Decompress, FlushDecompress, Status};

/// How messages are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Inband {
    /// RFC 1952.
    Gzip,
    /// The format of zlib (RFC 1950), which HTTP and others call deflate. What comes may be without its frame too (RFC
    /// 1951), since some understand the name that way.
    Deflate,
}

impl Inband {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Gzip, Self::Deflate];

    /// Messages of more bytes than this are packed.
    pub const THRESHOLD: usize = 1024;

    /// How many members what is unpacked may have (RFC 1952, section 2.2): each of them costs the memory of a window
    /// anew, even if nothing is in it.
    pub const MAX_MEMBERS: usize = 16;

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// Packs a payload.
    pub fn pack(self, payload: &[u8]) -> Vec<u8> {
        let packed = match self {
            Self::Gzip => packed(GzEncoder::new(Vec::new(), Compression::default()), payload, GzEncoder::finish),
            Self::Deflate => packed(ZlibEncoder::new(Vec::new(), Compression::default()), payload, ZlibEncoder::finish),
        };
        #[expect(clippy::expect_used, reason = "a Vec takes all that is written to it")]
        packed.expect("a Vec to write to")
    }

    /// Unpacks a payload, to `limit` bytes at most.
    ///
    /// # Errors
    /// If it is more, or if the payload is not exactly what this packs.
    pub fn unpack(self, payload: &[u8], limit: usize) -> Result<Vec<u8>, UnpackError> {
        let mut out = Vec::new();
        let begin = || match self {
            Self::Gzip => Decompress::new_gzip(15),
            Self::Deflate => Decompress::new(has_frame(payload)),
        };
        let mut rest = payload;
        for _ in 0..Self::MAX_MEMBERS {
            let taken = unpack_member(begin(), rest, &mut out, limit)?;
            rest = &rest[taken..];
            if rest.is_empty() {
                return Ok(out);
            }
            if self == Self::Deflate || !rest.starts_with(&[0x1f, 0x8b]) {
                return Err(UnpackError::Trailing);
            }
        }
        Err(UnpackError::Members)
    }
}

impl fmt::Display for Inband {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Inband {
    type Err = InbandError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|inband| inband.name() == name).ok_or(InbandError)
    }
}

/// A name that means none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("messages are packed by gzip or by deflate")]
pub struct InbandError;

/// Why a payload cannot be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum UnpackError {
    /// It would be more than asked for.
    #[error("the message is larger than allowed when unpacked")]
    TooBig,
    /// It ends too early.
    #[error("the packed message is cut off")]
    Truncated,
    /// It is something else, or its checksum is wrong.
    #[error("the packed message is damaged, or packed otherwise")]
    Invalid,
    /// Something stands behind its end.
    #[error("something stands behind the end of the packed message")]
    Trailing,
    /// It has more than [`Inband::MAX_MEMBERS`] members.
    #[error("the packed message has more than 16 members")]
    Members,
}

fn packed<E: io::Write>(mut into: E, payload: &[u8], finish: fn(E) -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
    into.write_all(payload)?;
    finish(into)
}

/// Whether a payload begins as RFC 1950 wants (section 2.2). Without the frame, these bytes would be a block that is
/// stored, with something in the bits that are to be passed over, which nothing writes.
fn has_frame(payload: &[u8]) -> bool {
    match payload {
        [method, flags, ..] => method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31),
        _ => payload == [0x78],
    }
}

/// Unpacks what one stream says, and says how much of `payload` it was.
fn unpack_member(
    mut stream: Decompress,
    payload: &[u8],
    out: &mut Vec<u8>,
    limit: usize,
) -> Result<usize, UnpackError> {
    /// The least memory that is asked for, in bytes.
    const LEAST: usize = 4096;
    loop {
        // Both are lengths of what is in memory.
        let taken = stream.total_in() as usize;
        let input = &payload[taken..];
        let (before, produced) = (out.len(), stream.total_out());
        // With no room left, whether there is more shows in a byte to spare.
        let mut spare = [0];
        let status = if before >= limit {
            stream.decompress(input, &mut spare, FlushDecompress::None)
        } else {
            let ahead = before.max(input.len().saturating_mul(2)).max(LEAST).min(limit - before);
            out.resize(before + ahead, 0);
            let status = stream.decompress(input, &mut out[before..], FlushDecompress::None);
            out.truncate(before + (stream.total_out() - produced) as usize);
            status
        };
        let produced = stream.total_out() > produced;
        if before >= limit && produced {
            return Err(UnpackError::TooBig);
        }
        match status {
            Ok(Status::StreamEnd) => return Ok(stream.total_in() as usize),
            Ok(Status::Ok | Status::BufError) if produced || stream.total_in() as usize > taken => {}
            Ok(Status::Ok | Status::BufError) if input.is_empty() => return Err(UnpackError::Truncated),
            Ok(Status::Ok | Status::BufError) | Err(_) => return Err(UnpackError::Invalid),
        }
    }
}

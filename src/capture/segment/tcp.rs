//! The header of TCP.

use std::net::SocketAddr;

use super::rest::Rest;
use super::walk::Addresses;
use super::{Dissected, Layer, Malformed};
use crate::capture::{Flags, Segment};

/// How many bytes the header has without options (RFC 9293, section 3.1).
const HEADER: usize = 20;
/// How many of them hold what matters: the checksum and the urgent pointer are the last.
const FIELDS: usize = 16;

/// Where in a packet a segment is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tcp {
    header: usize,
    payload: usize,
    end: usize,
    cut: u32,
}

/// Looks where a segment is.
///
/// The header need not be there whole: of a packet that was cut off in its checksum or its options everything that
/// matters is there. This is why `TcpHeaderSlice` is of no use here.
#[inline]
pub(super) fn find(rest: &Rest<'_>) -> Result<Tcp, Malformed> {
    if rest.wire() < HEADER {
        return Err(Malformed::Short(Layer::Tcp));
    }
    let fields = rest.peek::<FIELDS>(Layer::Tcp)?;
    let length = usize::from(fields[12] >> 4) * 4;
    if length < HEADER || length > rest.wire() {
        return Err(Malformed::DataOffset);
    }
    let captured = rest.bytes().len();
    Ok(Tcp {
        header: rest.at(),
        payload: rest.at() + length.min(captured),
        end: rest.at() + captured,
        cut: u32::try_from(rest.wire() - length.max(captured)).unwrap_or(u32::MAX),
    })
}

impl Tcp {
    /// The segment, out of the bytes that it was found in.
    #[inline]
    pub(super) fn lend<'a>(self, addresses: &Addresses, bytes: &'a mut [u8]) -> Dissected<'a> {
        let (Some(f), Some(payload)) = (
            bytes.get(self.header..).and_then(<[u8]>::first_chunk::<FIELDS>).copied(),
            bytes.get_mut(self.payload..self.end),
        ) else {
            return Dissected::Other;
        };
        Dissected::Segment(Segment {
            from: SocketAddr::new(addresses.from, u16::from_be_bytes([f[0], f[1]])),
            to: SocketAddr::new(addresses.to, u16::from_be_bytes([f[2], f[3]])),
            seq: u32::from_be_bytes([f[4], f[5], f[6], f[7]]),
            ack: u32::from_be_bytes([f[8], f[9], f[10], f[11]]),
            flags: Flags {
                syn: f[13] & 0x02 != 0,
                ack: f[13] & 0x10 != 0,
                fin: f[13] & 0x01 != 0,
                rst: f[13] & 0x04 != 0,
            },
            window: u16::from_be_bytes([f[14], f[15]]),
            payload,
            cut: self.cut,
        })
    }
}

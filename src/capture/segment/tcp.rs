//! The header of TCP.

use std::net::SocketAddr;
use std::ops::Range;

use super::rest::Rest;
use super::walk::Addresses;
use super::{Layer, Malformed};
use crate::capture::{Flags, Segment};

/// How many bytes the header has without options (RFC 9293, section 3.1).
const HEADER: usize = 20;

/// A segment, and where its payload is.
#[derive(Debug)]
pub(super) struct Tcp {
    from: SocketAddr,
    to: SocketAddr,
    seq: u32,
    ack: u32,
    flags: Flags,
    window: u16,
    payload: Range<usize>,
    cut: u32,
}

impl Tcp {
    /// The segment in the bytes that it was found in.
    #[inline]
    pub(super) fn lend(self, bytes: &mut [u8]) -> Segment<'_> {
        let Self { from, to, seq, ack, flags, window, payload, cut } = self;
        Segment { from, to, seq, ack, flags, window, payload: bytes.get_mut(payload).unwrap_or_default(), cut }
    }
}

/// Reads the fields themselves instead of a `TcpHeaderSlice`, which wants the whole header: of a packet that was cut
/// off in its checksum or its options everything that matters is there.
#[inline]
pub(super) fn tcp(rest: &Rest<'_>, addresses: &Addresses) -> Result<Tcp, Malformed> {
    if rest.wire() < HEADER {
        return Err(Malformed::Short(Layer::Tcp));
    }
    let f = rest.peek::<16>(Layer::Tcp)?;
    let header = usize::from(f[12] >> 4) * 4;
    if header < HEADER || header > rest.wire() {
        return Err(Malformed::DataOffset);
    }
    let captured = rest.bytes().len();
    let begin = header.min(captured);
    // A payload without end is no reason to fail, but its length has to fit.
    let cut = u32::try_from(rest.wire() - header.max(captured)).unwrap_or(u32::MAX);
    Ok(Tcp {
        from: SocketAddr::new(addresses.from, u16::from_be_bytes([f[0], f[1]])),
        to: SocketAddr::new(addresses.to, u16::from_be_bytes([f[2], f[3]])),
        seq: u32::from_be_bytes([f[4], f[5], f[6], f[7]]),
        ack: u32::from_be_bytes([f[8], f[9], f[10], f[11]]),
        flags: Flags { syn: f[13] & 0x02 != 0, ack: f[13] & 0x10 != 0, fin: f[13] & 0x01 != 0, rst: f[13] & 0x04 != 0 },
        window: u16::from_be_bytes([f[14], f[15]]),
        payload: rest.at() + begin..rest.at() + captured,
        cut,
    })
}

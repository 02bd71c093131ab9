//! Packets, and the TCP segments in them: what the parts of a capture's reading hand to each other.

use std::net::SocketAddr;

use super::Place;

/// What the first header of a packet is, as <https://www.tcpdump.org/linktypes.html> numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// BSD loopback: four bytes of address family in the byte order of the capturing machine.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// Raw IP, version 4 or 6.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback: four bytes of address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
}

/// A packet as it was captured.
#[derive(Debug)]
pub struct Packet<'a> {
    /// Which one, and when.
    pub place: Place,
    /// What its first header is.
    pub link: LinkType,
    /// How many bytes it had; [`Packet::data`] has fewer if the capture kept only its beginning.
    pub length: u32,
    /// Its bytes, lent: whoever reads on may change them.
    pub data: &'a mut [u8],
}

/// The flags of a segment that matter here (RFC 9293, section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Opens a direction.
    pub syn: bool,
    /// The acknowledgement number counts.
    pub ack: bool,
    /// Ends a direction.
    pub fin: bool,
    /// Breaks the connection off.
    pub rst: bool,
}

/// A TCP segment.
#[derive(Debug)]
pub struct Segment<'a> {
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// The sequence number of its first byte, or of its SYN.
    pub seq: u32,
    /// The sequence number that its sender expects next; meaningless without [`Flags::ack`].
    pub ack: u32,
    /// Its flags.
    pub flags: Flags,
    /// The window as the header has it, not scaled.
    pub window: u16,
    /// The payload, as far as it was captured, lent.
    pub payload: &'a mut [u8],
    /// How many payload bytes follow that the capture does not have.
    pub cut: u32,
}

/// One of the two ends of a TCP connection, before anybody knows which is the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// Who sent the first packet that was captured.
    First,
    /// The other.
    Second,
}

impl End {
    /// The other end.
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// 0 or 1.
    pub const fn index(self) -> usize {
        self as usize
    }
}

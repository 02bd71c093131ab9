//! From header to header.

use std::net::{IpAddr, Ipv4Addr};

use etherparse::{EtherType, IpNumber};

use super::fragments::Piece;
use super::rest::Rest;
use super::{Layer, Malformed, link, network, tunnel};

/// What comes next in a packet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Header {
    Ethernet,
    /// What an EtherType announces.
    EtherType(EtherType),
    Ppp,
    Mpls,
    /// IP, of the version that it says itself.
    Ip,
    Ipv4,
    Ipv6,
    /// What an IP header announces.
    Protocol(IpNumber),
    Fragment(Piece),
    /// Something that carries no TCP, or nothing that is known.
    Unknown,
}

/// Who sent an IP packet, and to whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub(super) from: IpAddr,
    pub(super) to: IpAddr,
}

impl Addresses {
    const NONE: Self = Self { from: IpAddr::V4(Ipv4Addr::UNSPECIFIED), to: IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
}

/// Where the headers lead.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// To a TCP header.
    Tcp,
    /// To what this fragment holds.
    Fragment(Piece),
    /// To something else.
    Other,
}

/// A way through the headers of a packet.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) addresses: Addresses,
    /// How many more headers are read.
    left: u8,
}

/// How many headers are read: as many as eight tunnels in each other need. It bounds the time that a packet takes.
const MAX_HEADERS: u8 = 56;

impl Walk {
    pub(super) const fn new() -> Self {
        Self { addresses: Addresses::NONE, left: MAX_HEADERS }
    }

    /// Reads header by header.
    // It pays that the headers of most packets are read in place: each function that is called costs as much as a
    // header.
    #[inline(always)]
    pub(super) fn go(&mut self, mut next: Header, rest: &mut Rest<'_>) -> Result<Found, Malformed> {
        loop {
            self.left = self.left.checked_sub(1).ok_or(Malformed::Nested)?;
            next = match next {
                Header::Ethernet => link::ethernet(rest)?,
                Header::EtherType(EtherType::IPV4) | Header::Protocol(IpNumber::IPV4) => Header::Ipv4,
                Header::EtherType(EtherType::IPV6) | Header::Protocol(IpNumber::IPV6) => Header::Ipv6,
                Header::Ipv4 => network::ipv4(rest, &mut self.addresses)?,
                Header::Ipv6 => network::ipv6(rest, &mut self.addresses)?,
                Header::Protocol(IpNumber::TCP) => return Ok(Found::Tcp),
                Header::Fragment(piece) => return Ok(Found::Fragment(piece)),
                Header::Unknown => return Ok(Found::Other),
                next => self.rare(next, rest)?,
            };
        }
    }

    fn rare(&mut self, next: Header, rest: &mut Rest<'_>) -> Result<Header, Malformed> {
        match next {
            Header::EtherType(kind) => link::ether_type(kind, rest),
            Header::Ppp => link::ppp(rest),
            Header::Mpls => link::mpls(rest),
            Header::Ip => Ok(match rest.peek::<1>(Layer::Link)?[0] >> 4 {
                4 => Header::Ipv4,
                6 => Header::Ipv6,
                _ => Header::Unknown,
            }),
            Header::Protocol(number) => match number {
                IpNumber::UDP => tunnel::udp(rest),
                IpNumber::GRE => tunnel::gre(rest),
                IpNumber::ETHER_IP => tunnel::ether_ip(rest),
                tunnel::ETHERNET => Ok(Header::Ethernet),
                IpNumber::MPLS_IN_IP => Ok(Header::Mpls),
                _ => network::extension(number, rest, &mut self.addresses),
            },
            _ => Ok(Header::Unknown),
        }
    }
}

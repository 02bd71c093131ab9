//! From header to header.

use std::net::{IpAddr, Ipv4Addr};

use etherparse::{EtherType, IpNumber};

use super::fragments::Piece;
use super::rest::Rest;
use super::tcp::Tcp;
use super::{Layer, Malformed, link, network, tcp, tunnel};

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
#[derive(Debug)]
pub(super) enum Found<'a> {
    Tcp(Tcp),
    Fragment(Piece, Rest<'a>),
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
const MAX_HEADERS: u8 = 40;

impl Walk {
    pub(super) const fn new() -> Self {
        Self { addresses: Addresses::NONE, left: MAX_HEADERS }
    }

    /// Reads header by header.
    pub(super) fn go<'a>(&mut self, mut next: Header, mut rest: Rest<'a>) -> Result<Found<'a>, Malformed> {
        loop {
            self.left = self.left.checked_sub(1).ok_or(Malformed::Nested)?;
            next = match next {
                Header::Ethernet => link::ethernet(&mut rest)?,
                Header::EtherType(kind) => match kind {
                    EtherType::IPV4 => network::ipv4(&mut rest, &mut self.addresses)?,
                    EtherType::IPV6 => network::ipv6(&mut rest, &mut self.addresses)?,
                    _ => link::ether_type(kind, &mut rest)?,
                },
                Header::Ip => match rest.peek::<1>(Layer::Link)?[0] >> 4 {
                    4 => network::ipv4(&mut rest, &mut self.addresses)?,
                    6 => network::ipv6(&mut rest, &mut self.addresses)?,
                    _ => Header::Unknown,
                },
                Header::Protocol(IpNumber::TCP) => return tcp::tcp(&rest, &self.addresses).map(Found::Tcp),
                Header::Protocol(number) => match number {
                    IpNumber::UDP => tunnel::udp(&mut rest)?,
                    IpNumber::IPV4 => network::ipv4(&mut rest, &mut self.addresses)?,
                    IpNumber::IPV6 => network::ipv6(&mut rest, &mut self.addresses)?,
                    IpNumber::GRE => tunnel::gre(&mut rest)?,
                    IpNumber::ETHER_IP => tunnel::ether_ip(&mut rest)?,
                    tunnel::ETHERNET => Header::Ethernet,
                    IpNumber::MPLS_IN_IP => Header::Mpls,
                    _ => network::extension(number, &mut rest, &mut self.addresses)?,
                },
                Header::Ppp => link::ppp(&mut rest)?,
                Header::Mpls => link::mpls(&mut rest)?,
                Header::Fragment(piece) => return Ok(Found::Fragment(piece, rest)),
                Header::Unknown => return Ok(Found::Other),
            };
        }
    }
}

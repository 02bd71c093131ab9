//! Why a packet is not read.

use std::fmt;

use thiserror::Error;

use crate::capture::LinkType;

/// Why a packet is not read. There are few values, so that they can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Error)]
pub enum Malformed {
    /// Nothing is known of this link type.
    #[error("link type {0} is not read")]
    Link(u32),
    /// The packet was longer, but the capture has not even this header of it.
    #[error("the {0} header is cut off by the snap length")]
    Cut(Layer),
    /// The packet ends within this header.
    #[error("the packet ends within the {0} header")]
    Short(Layer),
    /// The header is not of the version, or of the kind, that the header before it says.
    #[error("the {0} header has another version than the header before it says")]
    Version(Layer),
    /// The header says that it is shorter than such headers are.
    #[error("the {0} header is too short by its own account")]
    HeaderLength(Layer),
    /// The length of the whole is shorter than its header, or longer than anything that is sent.
    #[error("the length in the {0} header is impossible")]
    Length(Layer),
    /// The data offset of TCP is smaller than 5 or points beyond the end (RFC 9293, section 3.1).
    #[error("the data offset in the TCP header is impossible")]
    DataOffset,
    /// A fragment that is not the last is no multiple of 8 bytes long, or goes beyond 65,535 bytes.
    #[error("an IP fragment is of impossible length")]
    FragmentLength,
    /// A fragment contradicts another about where the datagram ends.
    #[error("IP fragments disagree about the end of their datagram")]
    FragmentEnd,
    /// There are more headers than [`Dissector`](super::Dissector) reads.
    #[error("too many headers are nested")]
    Nested,
}

impl From<LinkType> for Malformed {
    fn from(link: LinkType) -> Self {
        Self::Link(link.0)
    }
}

/// Whose header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// That of the link, and whatever stands between it and IP.
    Link,
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
    /// An extension header of IPv6, or that of AH.
    Extension,
    /// UDP.
    Udp,
    /// What carries packets in packets.
    Tunnel,
    /// TCP.
    Tcp,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Link => "link",
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::Extension => "IP extension",
            Self::Udp => "UDP",
            Self::Tunnel => "tunnel",
            Self::Tcp => "TCP",
        })
    }
}

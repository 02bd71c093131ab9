//! TCP segments out of packets.
//!
//! Whatever the bytes are, nothing here panics, and what is kept (fragments that wait for others) is bounded. Nothing
//! is copied but fragments: a payload is lent out of the packet. Checksums are not looked at: those of captures at the
//! sender are wrong where the network card was to put them in.
//!
//! Read are Ethernet, Linux cooked captures, BSD loopback, raw IP, PPP, HDLC; behind them tags (802.1Q, 802.1ad and
//! kin), MPLS, PPPoE, LLC, MACsec without encryption; IPv4 and IPv6 with options, extension headers and fragments; IP,
//! GRE, ERSPAN, EtherIP, VXLAN, GENEVE and GTP around any of these. Not read: 802.11, ESP, Teredo, L2TP.

mod fragments;
mod link;
mod malformed;
mod network;
mod ranges;
mod rest;
mod tcp;
mod tunnel;
mod walk;

pub use malformed::{Layer, Malformed};

use fragments::Fragments;
use rest::Rest;
use walk::{Found, Header, Walk};

use super::{LinkType, Packet, Place, Segment};

/// What a packet is.
#[derive(Debug)]
pub enum Dissected<'a> {
    /// It holds a TCP segment, or the last missing fragment of one.
    Segment(Segment<'a>),
    /// It holds something else.
    Other,
    /// It is a fragment; others are still missing.
    Fragment,
    /// It cannot be read, for this reason.
    Malformed(Malformed),
}

/// Finds TCP segments in packets.
#[derive(Debug, Default)]
pub struct Dissector {
    fragments: Fragments,
    /// The last datagram that was put together.
    whole: Vec<u8>,
    /// The packets of the last packet's datagram, if it came in fragments and is whole.
    packets: Vec<u64>,
}

impl Dissector {
    /// A dissector that has seen no packet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The numbers of all packets in which the segment came that was found last, if it came in fragments; otherwise
    /// none. Fragments that come again when their datagram is whole are not among them.
    pub fn fragments(&self) -> &[u64] {
        &self.packets
    }

    /// Finds the segment in a packet. Packets are given in the order of the capture.
    ///
    /// The length in the IP header rules: what the packet has beyond it is padding; what it has less was
    /// [cut](Segment::cut). Only a length of 0 means that of the packet.
    #[inline]
    pub fn dissect<'a>(&'a mut self, packet: Packet<'a>) -> Dissected<'a> {
        let Packet { place, link, length, data } = packet;
        // Where `usize` is smaller, no packet is that long.
        let mut rest = Rest::new(data, usize::try_from(length).unwrap_or(usize::MAX));
        self.packets.clear();
        let mut walk = Walk::new();
        let found = match link {
            LinkType::ETHERNET => walk.go(Header::Ethernet, &mut rest),
            _ => link::begin(link, &mut rest).and_then(|first| walk.go(first, &mut rest)),
        };
        match found {
            Ok(Found::Tcp) => match tcp::find(&rest) {
                Ok(tcp) => tcp.lend(&walk.addresses, data),
                Err(malformed) => Dissected::Malformed(malformed),
            },
            Ok(Found::Fragment) => {
                match self.fragments.take(walk.piece, &rest, &walk.addresses, place, &[place.packet]) {
                    Ok(Some(whole)) => self.whole(whole, walk, place),
                    Ok(None) => Dissected::Fragment,
                    Err(malformed) => Dissected::Malformed(malformed),
                }
            }
            Ok(Found::Other) => Dissected::Other,
            Err(malformed) => Dissected::Malformed(malformed),
        }
    }

    /// Reads on in a datagram that was put together. It may itself hold a fragment: that of a packet in a tunnel.
    #[cold]
    fn whole(&mut self, mut whole: fragments::Whole, mut walk: Walk, place: Place) -> Dissected<'_> {
        loop {
            self.whole = whole.bytes;
            self.packets = whole.packets;
            let mut rest = Rest::new(&self.whole, whole.length);
            let outcome = match walk.go(Header::Protocol(whole.protocol), &mut rest) {
                Ok(Found::Tcp) => match tcp::find(&rest) {
                    Ok(tcp) => return tcp.lend(&walk.addresses, &mut self.whole),
                    Err(malformed) => Err(malformed),
                },
                Ok(Found::Fragment) => self.fragments.take(walk.piece, &rest, &walk.addresses, place, &self.packets),
                Ok(Found::Other) => return Dissected::Other,
                Err(malformed) => Err(malformed),
            };
            match outcome {
                Ok(Some(inner)) => whole = inner,
                Ok(None) => return Dissected::Fragment,
                Err(malformed) => return Dissected::Malformed(malformed),
            }
        }
    }
}

//! What stands before IP.

use etherparse::{EtherType, MacsecHeaderSlice, err};

use super::rest::Rest;
use super::walk::Header;
use super::{Layer, Malformed};
use crate::capture::LinkType;

/// Raw IP as some systems number it in files.
const RAW_BSD: LinkType = LinkType(12);
/// Raw IP as OpenBSD numbers it.
const RAW_OPENBSD: LinkType = LinkType(14);
/// PPP, with or without address and control field.
const PPP: LinkType = LinkType(9);
/// PPP in framing like that of HDLC, or Cisco's.
const PPP_SERIAL: LinkType = LinkType(50);
/// A session of PPPoE without Ethernet.
const PPP_ETHER: LinkType = LinkType(51);
/// Cisco's HDLC.
const C_HDLC: LinkType = LinkType(104);
/// PPP with the direction in the place of the address, or before it: programs differ.
const PPP_PPPD: LinkType = LinkType(166);
/// PPP behind a byte for the direction.
const PPP_WITH_DIR: LinkType = LinkType(204);

/// VLANs stacked in the ways that came before 802.1ad.
const VLAN_9200: EtherType = EtherType(0x9200);
const VLAN_9300: EtherType = EtherType(0x9300);
/// VN-Tag, the forerunner of 802.1BR.
const VN_TAG: EtherType = EtherType(0x8926);
/// Port extension of 802.1BR.
const E_TAG: EtherType = EtherType(0x893f);
/// Redundancy of 802.1CB.
const R_TAG: EtherType = EtherType(0xf1c1);
/// Backbone service of 802.1ah: 4 bytes, then a whole Ethernet frame.
const I_TAG: EtherType = EtherType(0x88e7);
const MPLS_UNICAST: EtherType = EtherType(0x8847);
const MPLS_MULTICAST: EtherType = EtherType(0x8848);
const PPPOE_SESSION: EtherType = EtherType(0x8864);
/// Ethernet in GRE and its kin.
const BRIDGED: EtherType = EtherType(0x6558);
/// PPP in GRE (RFC 2637).
const PPP_IN_GRE: EtherType = EtherType(0x880b);

/// From here on the field is an EtherType, below it a length (IEEE 802.3, clause 3.2.6).
const FIRST_ETHER_TYPE: u16 = 0x600;

/// What a packet of this link type begins with.
#[inline]
pub(super) fn begin(link: LinkType, rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    match link {
        LinkType::ETHERNET => Ok(Header::Ethernet),
        LinkType::RAW | LinkType::IPV4 | LinkType::IPV6 | RAW_BSD | RAW_OPENBSD => Ok(Header::Ip),
        LinkType::LINUX_SLL => {
            let [.., high, low] = *rest.take::<16>(Layer::Link)?;
            cooked(u16::from_be_bytes([high, low]), rest)
        }
        LinkType::LINUX_SLL2 => {
            let [high, low, ..] = *rest.take::<20>(Layer::Link)?;
            cooked(u16::from_be_bytes([high, low]), rest)
        }
        LinkType::NULL | LinkType::LOOP => {
            let family = *rest.take::<4>(Layer::Link)?;
            Ok(family_of(family))
        }
        PPP => Ok(Header::Ppp),
        PPP_SERIAL | C_HDLC => match *rest.peek::<2>(Layer::Link)? {
            [0x0f | 0x8f, _] => {
                let [_, _, high, low] = *rest.take::<4>(Layer::Link)?;
                Ok(Header::EtherType(EtherType(u16::from_be_bytes([high, low]))))
            }
            _ => Ok(Header::Ppp),
        },
        PPP_ETHER => pppoe(rest),
        PPP_PPPD => match *rest.peek::<2>(Layer::Link)? {
            [_, 0x03] => rest.skip(2, Layer::Link).map(|()| Header::Ppp),
            _ => rest.skip(1, Layer::Link).map(|()| Header::Ppp),
        },
        PPP_WITH_DIR => rest.skip(1, Layer::Link).map(|()| Header::Ppp),
        _ => Err(link.into()),
    }
}

/// The address families of BSD loopback: 2 is IPv4 everywhere, IPv6 is 10 on Linux, 23 on Windows, 24 on NetBSD and
/// OpenBSD, 28 on FreeBSD, 30 on Darwin. No value is one of these in both byte orders.
fn family_of(bytes: [u8; 4]) -> Header {
    for family in [u32::from_be_bytes(bytes), u32::from_le_bytes(bytes)] {
        match family {
            2 | 10 | 23 | 24 | 28 | 30 => return Header::Ip,
            _ => {}
        }
    }
    Header::Unknown
}

/// The protocol of a cooked capture: an EtherType, or a number of Linux' own below those.
fn cooked(protocol: u16, rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    match protocol {
        0x0004 => llc(rest),
        FIRST_ETHER_TYPE.. => Ok(Header::EtherType(EtherType(protocol))),
        _ => Ok(Header::Unknown),
    }
}

#[inline(always)]
pub(super) fn ethernet(rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    let [.., high, low] = *rest.take::<14>(Layer::Link)?;
    type_or_length(u16::from_be_bytes([high, low]), rest)
}

#[inline(always)]
fn type_or_length(field: u16, rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    if field >= FIRST_ETHER_TYPE {
        return Ok(Header::EtherType(EtherType(field)));
    }
    rest.shorten(usize::from(field));
    llc(rest)
}

/// LLC (802.2) with IP in it, or SNAP.
#[cold]
fn llc(rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    match *rest.take::<3>(Layer::Link)? {
        [0x06, 0x06, 0x03] => Ok(Header::Ip),
        [0xaa, 0xaa, 0x03] => {
            let [organisation @ .., high, low] = *rest.take::<5>(Layer::Link)?;
            match organisation {
                // RFC 1042, and 802.1H.
                [0, 0, 0] | [0, 0, 0xf8] => Ok(Header::EtherType(EtherType(u16::from_be_bytes([high, low])))),
                _ => Ok(Header::Unknown),
            }
        }
        _ => Ok(Header::Unknown),
    }
}

/// How many bytes a tag has before the EtherType that ends it; `None` if this announces no tag.
const fn tag(kind: EtherType) -> Option<usize> {
    match kind {
        EtherType::VLAN_TAGGED_FRAME
        | EtherType::PROVIDER_BRIDGING
        | EtherType::VLAN_DOUBLE_TAGGED_FRAME
        | VLAN_9200
        | VLAN_9300 => Some(2),
        VN_TAG | R_TAG => Some(4),
        E_TAG => Some(6),
        _ => None,
    }
}

/// What stands between Ethernet and IP.
pub(super) fn ether_type(kind: EtherType, rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    if let Some(length) = tag(kind) {
        rest.skip(length, Layer::Link)?;
        return type_or_length(u16::from_be_bytes(*rest.take(Layer::Link)?), rest);
    }
    match kind {
        I_TAG => rest.skip(4, Layer::Link).map(|()| Header::Ethernet),
        MPLS_UNICAST | MPLS_MULTICAST => Ok(Header::Mpls),
        PPPOE_SESSION => pppoe(rest),
        BRIDGED => Ok(Header::Ethernet),
        PPP_IN_GRE => Ok(Header::Ppp),
        EtherType::MACSEC => macsec(rest),
        _ => Ok(Header::Unknown),
    }
}

/// A stack of labels (RFC 3032), then something that does not say what it is: IP by its version, otherwise Ethernet.
pub(super) fn mpls(rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    let [_, _, bottom, _] = *rest.take::<4>(Layer::Link)?;
    if bottom & 1 == 0 {
        return Ok(Header::Mpls);
    }
    match rest.peek::<1>(Layer::Link)?[0] >> 4 {
        4 | 6 => Ok(Header::Ip),
        // A control word of another channel (RFC 4385, section 5).
        1 => Ok(Header::Unknown),
        0 if !is_bare_ethernet(rest.bytes()) => rest.skip(4, Layer::Link).map(|()| Header::Ethernet),
        _ => Ok(Header::Ethernet),
    }
}

/// Whether what begins with four zero bits is Ethernet from its first byte on, and not behind a control word (RFC 4385,
/// section 3): its EtherType tells.
fn is_bare_ethernet(bytes: &[u8]) -> bool {
    let is_known_at = |at: usize| match bytes.get(at..at + 2) {
        Some(&[high, low]) => {
            let kind = EtherType(u16::from_be_bytes([high, low]));
            matches!(kind, EtherType::IPV4 | EtherType::IPV6 | MPLS_UNICAST | PPPOE_SESSION) || tag(kind).is_some()
        }
        _ => false,
    };
    is_known_at(12) && !is_known_at(16)
}

/// A session of PPPoE (RFC 2516, section 4).
fn pppoe(rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    let [_, code, _, _, high, low] = *rest.take::<6>(Layer::Link)?;
    rest.shorten(usize::from(u16::from_be_bytes([high, low])));
    Ok(if code == 0 { Header::Ppp } else { Header::Unknown })
}

/// PPP (RFC 1661), with or without the address and control field, the protocol in one byte or in two.
pub(super) fn ppp(rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    if *rest.peek::<1>(Layer::Link)? == [0xff] {
        rest.skip(2, Layer::Link)?;
    }
    let [first] = *rest.take::<1>(Layer::Link)?;
    let protocol = match first & 1 {
        1 => u16::from(first),
        _ => u16::from_be_bytes([first, rest.take::<1>(Layer::Link)?[0]]),
    };
    Ok(match protocol {
        0x0021 | 0x0057 => Header::Ip,
        0x0281 | 0x0283 => Header::Mpls,
        _ => Header::Unknown,
    })
}

/// MACsec that is not encrypted.
fn macsec(rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    use err::macsec::{HeaderError, HeaderSliceError};
    let header = MacsecHeaderSlice::from_slice(rest.bytes()).map_err(|error| match error {
        HeaderSliceError::Len(error) => rest.missing(error.required_len, Layer::Link),
        HeaderSliceError::Content(HeaderError::UnexpectedVersion) => Malformed::Version(Layer::Link),
        HeaderSliceError::Content(HeaderError::InvalidUnmodifiedShortLen) => Malformed::Length(Layer::Link),
    })?;
    rest.skip(header.header_len(), Layer::Link)?;
    if let Some(length) = header.expected_payload_len() {
        rest.shorten(length);
    }
    match header.next_ether_type() {
        Some(EtherType(field)) => type_or_length(field, rest),
        None => Ok(Header::Unknown),
    }
}

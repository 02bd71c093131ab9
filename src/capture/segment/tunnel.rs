//! Packets in packets.

use etherparse::{EtherType, IpNumber};

use super::rest::Rest;
use super::walk::Header;
use super::{Layer, Malformed};

/// Ethernet straight in IP (RFC 8986, section 10.1).
pub(super) const ETHERNET: IpNumber = IpNumber(143);

const GTP_U: u16 = 2152;
const VXLAN: u16 = 4789;
const VXLAN_GPE: u16 = 4790;
const GENEVE: u16 = 6081;
/// VXLAN as Linux had it before there was a number for it.
const VXLAN_LINUX: u16 = 8472;

/// ERSPAN, types I and II.
const ERSPAN: EtherType = EtherType(0x88be);
/// ERSPAN, type III.
const ERSPAN_III: EtherType = EtherType(0x22eb);

/// Tunnels in UDP, by the port that they are sent to.
pub(super) fn udp(rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    let [_, _, high, low, length_high, length_low, _, _] = *rest.take::<8>(Layer::Udp)?;
    let length = usize::from(u16::from_be_bytes([length_high, length_low]));
    // Zero is that of a jumbogram and of what the network card is to cut up.
    if let Some(length) = length.checked_sub(8) {
        rest.shorten(length);
    }
    match u16::from_be_bytes([high, low]) {
        VXLAN | VXLAN_LINUX => vxlan(rest),
        VXLAN_GPE => vxlan_gpe(rest),
        GENEVE => geneve(rest),
        GTP_U => gtp(rest),
        _ => Ok(Header::Unknown),
    }
}

/// RFC 7348, section 5.
fn vxlan(rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    let [flags, ..] = *rest.take::<8>(Layer::Tunnel)?;
    Ok(if flags & 0x08 == 0 { Header::Unknown } else { Header::Ethernet })
}

/// VXLAN with a next protocol (draft-ietf-nvo3-vxlan-gpe).
fn vxlan_gpe(rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    let [flags, _, _, protocol, ..] = *rest.take::<8>(Layer::Tunnel)?;
    Ok(match (flags & 0x04 != 0, protocol) {
        (false, _) | (true, 3) => Header::Ethernet,
        (true, 1 | 2) => Header::Ip,
        (true, 5) => Header::Mpls,
        (true, _) => Header::Unknown,
    })
}

/// RFC 8926, section 3.4.
fn geneve(rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    let [first, _, high, low, ..] = *rest.take::<8>(Layer::Tunnel)?;
    if first >> 6 != 0 {
        return Ok(Header::Unknown);
    }
    rest.skip(usize::from(first & 0x3f) * 4, Layer::Tunnel)?;
    Ok(Header::EtherType(EtherType(u16::from_be_bytes([high, low]))))
}

/// User data in GTP, version 1 (3GPP TS 29.281, section 5).
fn gtp(rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    const USER_DATA: u8 = 255;
    let [flags, kind, high, low, ..] = *rest.take::<8>(Layer::Tunnel)?;
    if flags >> 4 != 0b0011 || kind != USER_DATA {
        return Ok(Header::Unknown);
    }
    rest.shorten(usize::from(u16::from_be_bytes([high, low])));
    if flags & 0x07 != 0 {
        let [_, _, _, mut next] = *rest.take::<4>(Layer::Tunnel)?;
        while next != 0 && flags & 0x04 != 0 {
            let words = usize::from(rest.peek::<1>(Layer::Tunnel)?[0]);
            if words == 0 {
                return Err(Malformed::HeaderLength(Layer::Tunnel));
            }
            rest.skip(words * 4 - 1, Layer::Tunnel)?;
            [next] = *rest.take::<1>(Layer::Tunnel)?;
        }
    }
    Ok(Header::Ip)
}

/// RFC 3378, section 3.
pub(super) fn ether_ip(rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    let [version, _] = *rest.take::<2>(Layer::Tunnel)?;
    Ok(if version >> 4 == 3 { Header::Ethernet } else { Header::Unknown })
}

/// RFC 2784 and 2890, and as RFC 2637 changes it for PPP.
pub(super) fn gre(rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    const CHECKSUM: u8 = 0x80;
    const ROUTING: u8 = 0x40;
    const KEY: u8 = 0x20;
    const SEQUENCE: u8 = 0x10;
    const ACKNOWLEDGMENT: u8 = 0x80;

    let [flags, version, high, low] = *rest.take::<4>(Layer::Tunnel)?;
    if flags & ROUTING != 0 {
        return Ok(Header::Unknown);
    }
    let acknowledgment = match version & 0x07 {
        0 => 0,
        1 => version & ACKNOWLEDGMENT,
        _ => return Ok(Header::Unknown),
    };
    let fields = [flags & CHECKSUM, flags & KEY, flags & SEQUENCE, acknowledgment];
    rest.skip(4 * fields.iter().filter(|field| **field != 0).count(), Layer::Tunnel)?;
    match EtherType(u16::from_be_bytes([high, low])) {
        // Type I has no header of its own, and no sequence number.
        ERSPAN if flags & SEQUENCE == 0 => Ok(Header::Ethernet),
        ERSPAN => rest.skip(8, Layer::Tunnel).map(|()| Header::Ethernet),
        ERSPAN_III => {
            let [.., last] = *rest.take::<12>(Layer::Tunnel)?;
            rest.skip(if last & 1 == 0 { 0 } else { 8 }, Layer::Tunnel)?;
            Ok(Header::Ethernet)
        }
        kind => Ok(Header::EtherType(kind)),
    }
}

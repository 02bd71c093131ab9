//! IPv4, IPv6 and its extension headers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::{
    IpAuthHeaderSlice, IpNumber, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice, err,
};

use super::fragments::Piece;
use super::rest::Rest;
use super::walk::{Addresses, Header};
use super::{Layer, Malformed, tunnel};

/// A packet without a length of its own, because the network card was to cut it up, is no longer than this in bytes:
/// twice as much as Linux lets be sent at once.
const MAX_OFFLOADED: usize = 1 << 20;

/// A packet without a length of its own is as long as the capture says.
fn offloaded(rest: &Rest<'_>, layer: Layer) -> Result<(), Malformed> {
    if rest.wire() > MAX_OFFLOADED { Err(Malformed::Length(layer)) } else { Ok(()) }
}

/// RFC 791, section 3.1.
#[inline(always)]
pub(super) fn ipv4(rest: &mut Rest<'_>, addresses: &mut Addresses) -> Result<Header, Malformed> {
    use err::ipv4::{HeaderError, HeaderSliceError};
    let header = Ipv4HeaderSlice::from_slice(rest.bytes()).map_err(|error| match error {
        HeaderSliceError::Len(error) => rest.missing(error.required_len, Layer::Ipv4),
        HeaderSliceError::Content(HeaderError::UnexpectedVersion { .. }) => Malformed::Version(Layer::Ipv4),
        HeaderSliceError::Content(HeaderError::HeaderLengthSmallerThanHeader { .. }) => {
            Malformed::HeaderLength(Layer::Ipv4)
        }
    })?;
    let length = header.slice().len();
    match usize::from(header.total_len()) {
        0 => offloaded(rest, Layer::Ipv4)?,
        total if total < length => return Err(Malformed::Length(Layer::Ipv4)),
        total => rest.limit(total),
    }
    rest.skip(length, Layer::Ipv4)?;
    addresses.from = IpAddr::V4(Ipv4Addr::from(header.source()));
    addresses.to = IpAddr::V4(Ipv4Addr::from(header.destination()));
    let protocol = header.protocol();
    let offset = header.fragments_offset().byte_offset();
    if offset == 0 && !header.more_fragments() {
        return Ok(Header::Protocol(protocol));
    }
    if !may_hold_tcp(protocol) {
        return Ok(Header::Unknown);
    }
    Ok(Header::Fragment(Piece {
        identification: u32::from(header.identification()),
        protocol,
        offset,
        more: header.more_fragments(),
    }))
}

/// RFC 8200, section 3.
#[inline(always)]
pub(super) fn ipv6(rest: &mut Rest<'_>, addresses: &mut Addresses) -> Result<Header, Malformed> {
    let header = Ipv6HeaderSlice::from_slice(rest.bytes()).map_err(|error| match error {
        err::ipv6::HeaderSliceError::Len(error) => rest.missing(error.required_len, Layer::Ipv6),
        err::ipv6::HeaderSliceError::Content(_) => Malformed::Version(Layer::Ipv6),
    })?;
    rest.skip(header.header_len(), Layer::Ipv6)?;
    // Zero is that of a jumbogram, too (RFC 2675): the length in its option is that of the packet.
    match usize::from(header.payload_length()) {
        0 => offloaded(rest, Layer::Ipv6)?,
        length => rest.limit(length),
    }
    addresses.from = IpAddr::V6(header.source_addr());
    addresses.to = IpAddr::V6(header.destination_addr());
    Ok(Header::Protocol(header.next_header()))
}

/// An extension header of IPv6 (RFC 8200, section 4), or AH (RFC 4302), which IPv4 has as well.
pub(super) fn extension(number: IpNumber, rest: &mut Rest<'_>, addresses: &mut Addresses) -> Result<Header, Malformed> {
    match number {
        IpNumber::IPV6_FRAGMENTATION_HEADER => fragment(rest),
        IpNumber::AUTHENTICATION_HEADER => {
            let header = IpAuthHeaderSlice::from_slice(rest.bytes()).map_err(|error| match error {
                err::ip_auth::HeaderSliceError::Len(error) => rest.missing(error.required_len, Layer::Extension),
                err::ip_auth::HeaderSliceError::Content(_) => Malformed::HeaderLength(Layer::Extension),
            })?;
            rest.skip(header.slice().len(), Layer::Extension)?;
            Ok(Header::Protocol(header.next_header()))
        }
        _ if Ipv6RawExtHeaderSlice::header_type_supported(number) => {
            let header = Ipv6RawExtHeaderSlice::from_slice(rest.bytes())
                .map_err(|error| rest.missing(error.required_len, Layer::Extension))?;
            rest.skip(header.slice().len(), Layer::Extension)?;
            if number == IpNumber::IPV6_ROUTE_HEADER
                && let Some(last) = destination(header.slice())
            {
                addresses.to = IpAddr::V6(last);
            }
            Ok(Header::Protocol(header.next_header()))
        }
        _ => Ok(Header::Unknown),
    }
}

/// Where a routing header leads in the end, while the packet is on its way: the address that TCP knows.
fn destination(header: &[u8]) -> Option<Ipv6Addr> {
    let (kind, left) = (*header.get(2)?, *header.get(3)?);
    let addresses = header.get(8..)?;
    let last: &[u8; 16] = match kind {
        _ if left == 0 => return None,
        // RFC 2460, section 4.4, and RFC 6275, section 6.4.
        0 | 2 => addresses.last_chunk()?,
        // RFC 8754, section 2: the list is written backwards.
        4 => addresses.first_chunk()?,
        _ => return None,
    };
    Some(Ipv6Addr::from(*last))
}

/// RFC 8200, section 4.5.
fn fragment(rest: &mut Rest<'_>) -> Result<Header, Malformed> {
    let header = Ipv6FragmentHeaderSlice::from_slice(rest.bytes())
        .map_err(|error| rest.missing(error.required_len, Layer::Extension))?;
    rest.skip(header.slice().len(), Layer::Extension)?;
    let protocol = header.next_header();
    if !header.is_fragmenting_payload() {
        return Ok(Header::Protocol(protocol));
    }
    if !may_hold_tcp(protocol) {
        return Ok(Header::Unknown);
    }
    Ok(Header::Fragment(Piece {
        identification: header.identification(),
        protocol,
        offset: header.fragment_offset().byte_offset(),
        more: header.more_fragments(),
    }))
}

/// Whether fragments of this are worth being kept.
fn may_hold_tcp(protocol: IpNumber) -> bool {
    match protocol {
        IpNumber::TCP
        | IpNumber::UDP
        | IpNumber::IPV4
        | IpNumber::IPV6
        | IpNumber::GRE
        | IpNumber::ETHER_IP
        | tunnel::ETHERNET
        | IpNumber::MPLS_IN_IP
        | IpNumber::AUTHENTICATION_HEADER => true,
        _ => Ipv6RawExtHeaderSlice::header_type_supported(protocol),
    }
}

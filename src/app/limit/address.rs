//! Whom an address stands for.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address, as far as it stands for one client: all of an IPv4 address, also of one that is mapped into IPv6 (RFC
/// 4291, section 2.5.5.2), and of an IPv6 address the first 64 bits, since whoever has one has all that begin with them
/// (section 2.5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressKey(Network);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Network {
    V4(Ipv4Addr),
    /// The rest is zero.
    V6(Ipv6Addr),
}

impl From<IpAddr> for AddressKey {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => Network::V4(address),
            IpAddr::V6(address) => Network::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        })
    }
}

impl fmt::Display for AddressKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Network::V4(address) => write!(f, "{address}"),
            Network::V6(network) => write!(f, "{network}/64"),
        }
    }
}

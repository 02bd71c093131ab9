//! IP fragments that wait for the others of their datagram.
//!
//! Of bytes that come twice the first count. Datagrams of which fragments stay out are given up when they are old, and
//! the oldest when there are too many.

use std::collections::BTreeMap;
use std::mem;
use std::net::IpAddr;
use std::time::Duration;

use etherparse::IpNumber;

use super::Malformed;
use super::ranges::Ranges;
use super::rest::Rest;
use super::walk::Addresses;
use crate::capture::Place;

/// How many bytes are kept.
const MAX_BYTES: usize = 4 << 20;
/// How many datagrams are kept.
const MAX_DATAGRAMS: usize = 1024;
/// How long a datagram waits, as in Linux: afterwards its identification may be that of another.
const MAX_AGE: Duration = Duration::from_secs(30);
/// Of so many packets it is remembered that a datagram came in them: of one that is put together of the smallest
/// fragments that networks make there are not half as many.
const MAX_PACKETS: usize = 1024;
/// How long a datagram can be (RFC 791, section 3.1).
const MAX_LENGTH: usize = 0xffff;

/// What the header of a fragment says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) identification: u32,
    pub(super) protocol: IpNumber,
    /// Where in the datagram, in bytes.
    pub(super) offset: u16,
    /// Whether it is not the last.
    pub(super) more: bool,
}

impl Piece {
    /// Of something that is in one piece.
    pub(super) const WHOLE: Self = Self { identification: 0, protocol: IpNumber(0), offset: 0, more: false };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    from: IpAddr,
    to: IpAddr,
    identification: u32,
    /// That of IPv4. In IPv6 that of the first fragment alone counts (RFC 8200, section 4.5).
    protocol: Option<IpNumber>,
}

/// A datagram, as far as it has come.
#[derive(Debug)]
struct Datagram {
    /// The how manieth it is.
    number: u64,
    /// The first fragment that came.
    place: Place,
    protocol: IpNumber,
    bytes: Vec<u8>,
    /// Which of the bytes were captured.
    captured: Ranges,
    /// Which of the bytes were on the wire.
    sent: Ranges,
    /// Its length, if the last fragment was there.
    end: Option<usize>,
    /// In which packets it came.
    packets: Vec<u64>,
}

/// What the fragments of a datagram make: it, without IP header, as far as it was captured from its beginning on.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) protocol: IpNumber,
    pub(super) bytes: Vec<u8>,
    pub(super) length: usize,
    /// In which packets it came.
    pub(super) packets: Vec<u64>,
}

/// All datagrams of which fragments have come.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    waiting: BTreeMap<Key, Datagram>,
    /// The same in the order of their first fragments.
    order: BTreeMap<u64, Key>,
    bytes: usize,
    number: u64,
}

impl Fragments {
    /// Takes a fragment, which came in these packets: one, unless it was itself in fragments. If it was the one that
    /// was missing, its datagram is whole.
    pub(super) fn take(
        &mut self,
        piece: Piece,
        rest: &Rest<'_>,
        addresses: &Addresses,
        place: Place,
        packets: &[u64],
    ) -> Result<Option<Whole>, Malformed> {
        let start = usize::from(piece.offset);
        let end = start + rest.wire();
        if end > MAX_LENGTH || rest.wire() == 0 || (piece.more && !rest.wire().is_multiple_of(8)) {
            return Err(Malformed::FragmentLength);
        }
        let Addresses { from, to } = *addresses;
        let protocol = from.is_ipv4().then_some(piece.protocol);
        let key = Key { from, to, identification: piece.identification, protocol };
        self.forget_if_old(&key, place);

        let number = self.number;
        let datagram = self.waiting.entry(key).or_insert_with(|| Datagram::new(number, piece.protocol, place));
        if datagram.number == number {
            self.order.insert(number, key);
            self.number += 1;
        }
        let before = datagram.bytes.len();
        let outcome = datagram.take(piece, start..end, rest.bytes());
        self.bytes += datagram.bytes.len() - before;
        outcome?;
        let room = MAX_PACKETS.saturating_sub(datagram.packets.len());
        datagram.packets.extend_from_slice(&packets[..packets.len().min(room)]);

        if let Some(length) = datagram.end
            && datagram.sent.begins_with(length)
        {
            return Ok(self.remove(&key).map(|datagram| datagram.whole(length)));
        }
        self.make_room();
        Ok(None)
    }

    fn forget_if_old(&mut self, key: &Key, now: Place) {
        let age = self.waiting.get(key).and_then(|datagram| now.since(datagram.place));
        if age.is_some_and(|age| age > MAX_AGE) {
            self.remove(key);
        }
    }

    fn make_room(&mut self) {
        while self.bytes > MAX_BYTES || self.waiting.len() > MAX_DATAGRAMS {
            let Some((_, key)) = self.order.pop_first() else { return };
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &Key) -> Option<Datagram> {
        let datagram = self.waiting.remove(key)?;
        self.order.remove(&datagram.number);
        self.bytes -= datagram.bytes.len();
        Some(datagram)
    }
}

impl Datagram {
    const fn new(number: u64, protocol: IpNumber, place: Place) -> Self {
        Self {
            number,
            place,
            protocol,
            bytes: Vec::new(),
            captured: Ranges::new(),
            sent: Ranges::new(),
            end: None,
            packets: Vec::new(),
        }
    }

    /// Takes what was captured of the fragment that has this range.
    fn take(&mut self, piece: Piece, range: std::ops::Range<usize>, captured: &[u8]) -> Result<(), Malformed> {
        let beyond = self.end.is_some_and(|end| range.end > end || (!piece.more && range.end != end));
        if beyond || (!piece.more && self.sent.end() > range.end) {
            return Err(Malformed::FragmentEnd);
        }
        if !piece.more {
            self.end = Some(range.end);
        }
        if range.start == 0 {
            self.protocol = piece.protocol;
        }
        let stop = range.start + captured.len();
        if self.bytes.len() < stop {
            self.bytes.resize(stop, 0);
        }
        let bytes = &mut self.bytes;
        self.captured.insert(range.start..stop, |new| {
            let from = new.start - range.start..new.end - range.start;
            if let (Some(to), Some(from)) = (bytes.get_mut(new), captured.get(from)) {
                to.copy_from_slice(from);
            }
        });
        self.sent.insert(range, |_| {});
        Ok(())
    }

    fn whole(mut self, length: usize) -> Whole {
        let mut bytes = mem::take(&mut self.bytes);
        bytes.truncate(self.captured.first_end());
        Whole { protocol: self.protocol, bytes, length, packets: self.packets }
    }
}

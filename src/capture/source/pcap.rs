//! Files in the pcap format (draft-ietf-opsawg-pcap).

use super::buffer::Buffer;
use super::error::{Damage, Fault, Part};
use super::field::{Order, link};
use super::reader::{Found, LONGEST};
use crate::capture::{LinkType, Time};

/// The length of a file's header in bytes.
pub(super) const HEADER: usize = 24;

/// The magic numbers, in the byte order of whoever wrote the file.
mod magic {
    pub(super) const MICROSECONDS: u32 = 0xa1b2_c3d4;
    pub(super) const NANOSECONDS: u32 = 0xa1b2_3c4d;
    /// Of a libpcap that was patched for Linux 2.2, whose records have eight bytes more.
    pub(super) const MODIFIED: u32 = 0xa1b2_cd34;
}

/// The only version that is written since 1998.
const MAJOR: u16 = 2;

/// The bits of the link type that are one; those above tell of checksums behind frames.
const LINK: u32 = 0x03ff_ffff;

const RECORD: usize = 16;
const MODIFIED_RECORD: usize = 24;

const NANOSECONDS_PER_SECOND: i64 = 1_000_000_000;

/// What a file's header says of all of its packets.
#[derive(Debug)]
pub(super) struct Pcap {
    order: Order,
    /// The length of a record's head in bytes.
    head: usize,
    /// How many nanoseconds one of the second part of a time is.
    unit: i64,
    link: LinkType,
}

impl Pcap {
    /// Whether something that begins so is one, and its byte order and magic number.
    pub(super) fn magic(bytes: &[u8]) -> Option<(Order, u32)> {
        let begin = bytes.first_chunk::<4>()?;
        [Order::Little, Order::Big]
            .into_iter()
            .map(|order| (order, order.u32(begin, 0)))
            .find(|(_, number)| matches!(*number, magic::MICROSECONDS | magic::NANOSECONDS | magic::MODIFIED))
    }

    /// Reads the header of a file that begins with the magic number.
    pub(super) fn begin(order: Order, number: u32, buffer: &mut Buffer) -> Result<Self, Fault> {
        if !buffer.ensure(HEADER).map_err(|error| Fault::read(0, error))? {
            let missing = (HEADER - buffer.bytes().len()) as u64;
            return Err(Fault::new(0, Damage::Cut { part: Part::FileHeader, missing, of: HEADER as u64 }));
        }
        let header = buffer.bytes();
        let (major, minor) = (order.u16(header, 4), order.u16(header, 6));
        if major != MAJOR {
            return Err(Fault::new(4, Damage::Version { major, minor }));
        }
        let link = link(order.u32(header, 20) & LINK);
        buffer.take(HEADER);
        Ok(Self {
            order,
            head: if number == magic::MODIFIED { MODIFIED_RECORD } else { RECORD },
            unit: if number == magic::NANOSECONDS { 1 } else { 1000 },
            link,
        })
    }

    /// The next packet.
    #[inline]
    pub(super) fn next(&self, buffer: &mut Buffer) -> Result<Option<Found>, Fault> {
        let at = buffer.offset();
        if !buffer.ensure(self.head).map_err(|error| Fault::read(at, error))? {
            let there = buffer.bytes().len();
            let missing = (self.head - there) as u64;
            return match there {
                0 => Ok(None),
                _ => Err(Fault::new(at, Damage::Cut { part: Part::RecordHead, missing, of: self.head as u64 })),
            };
        }
        let head = buffer.bytes();
        let (seconds, part) = (self.order.u32(head, 0), self.order.u32(head, 4));
        let (captured, length) = (self.order.u32(head, 8), self.order.u32(head, 12));
        if captured > LONGEST {
            return Err(Fault::new(at, Damage::TooLong { captured }));
        }
        let size = self.head + captured as usize;
        if !buffer.ensure(size).map_err(|error| Fault::read(at, error))? {
            let missing = (size - buffer.bytes().len()) as u64;
            return Err(Fault::new(at, Damage::Cut { part: Part::Packet, missing, of: u64::from(captured) }));
        }
        // Both parts have 32 bits: the sum is below 2^63.
        let time = Time(i64::from(seconds) * NANOSECONDS_PER_SECOND + i64::from(part) * self.unit);
        let record = buffer.take(size);
        Ok(Some(Found::Packet {
            time: Some(time),
            link: self.link,
            length: length.max(captured),
            data: record.start + self.head..record.end,
        }))
    }
}

//! Files in the pcapng format (draft-ietf-opsawg-pcapng).

use super::buffer::Buffer;
use super::error::{Damage, Fault, Part};
use super::field::Order;
use super::interface::Interface;
use super::reader::{Found, LONGEST};

/// The types of blocks (section 11.1).
mod kind {
    pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
    pub(super) const INTERFACE_DESCRIPTION: u32 = 1;
    /// Obsolete.
    pub(super) const PACKET: u32 = 2;
    pub(super) const SIMPLE_PACKET: u32 = 3;
    pub(super) const ENHANCED_PACKET: u32 = 6;
    pub(super) const DECRYPTION_SECRETS: u32 = 0x0a;
}

const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

/// A TLS key log in the format of NSS (section 4.7).
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// The only version of sections; a second minor one was written by mistake and means the same.
const MAJOR: u16 = 1;

/// Type and length, and with the second length.
const HEAD: usize = 8;
const FRAME: usize = 12;

/// More interfaces than any machine has, so that they do not fill the memory.
const INTERFACES: usize = 65_536;

/// What is known of the section that is being read.
#[derive(Debug)]
pub(super) struct Pcapng {
    order: Order,
    interfaces: Vec<Interface>,
}

/// A block's type and length.
#[derive(Clone, Copy)]
struct Block {
    kind: u32,
    length: u32,
}

impl Block {
    /// The shortest that it can be in bytes.
    const fn least(self) -> u32 {
        match self.kind {
            kind::SECTION_HEADER => 28,
            kind::INTERFACE_DESCRIPTION | kind::DECRYPTION_SECRETS => 20,
            kind::PACKET | kind::ENHANCED_PACKET => 32,
            kind::SIMPLE_PACKET => 16,
            _ => 12,
        }
    }

    /// Whether anything in it is of use.
    const fn is_read(self) -> bool {
        matches!(
            self.kind,
            kind::SECTION_HEADER
                | kind::INTERFACE_DESCRIPTION
                | kind::PACKET
                | kind::SIMPLE_PACKET
                | kind::ENHANCED_PACKET
                | kind::DECRYPTION_SECRETS
        )
    }

    const fn part(self) -> Part {
        match self.kind {
            kind::PACKET | kind::SIMPLE_PACKET | kind::ENHANCED_PACKET => Part::Packet,
            _ => Part::Block,
        }
    }
}

impl Pcapng {
    /// Whether something that begins so is one.
    pub(super) fn is(bytes: &[u8]) -> bool {
        bytes.starts_with(&kind::SECTION_HEADER.to_le_bytes())
    }

    /// Begins with the header of the first section, which says everything.
    pub(super) const fn new() -> Self {
        Self { order: Order::Little, interfaces: Vec::new() }
    }

    /// The next packet or the next secrets.
    pub(super) fn next(&mut self, buffer: &mut Buffer) -> Result<Option<Found>, Fault> {
        loop {
            let at = buffer.offset();
            let read = |error| Fault::read(at, error);
            let fault = |what| Fault::new(at, what);
            let Some(block) = self.head(buffer, at)? else { return Ok(None) };
            let length = block.length as usize;
            let cut = |missing| fault(Damage::Cut { part: block.part(), missing, of: u64::from(block.length) });
            if !block.is_read() {
                let missing = buffer.skip(u64::from(block.length) - 4).map_err(read)?;
                if missing > 0 {
                    return Err(cut(missing + 4));
                }
                if !buffer.await_all(4).map_err(read)? {
                    return Err(cut(4 - buffer.bytes().len() as u64));
                }
                let tail = self.order.u32(buffer.bytes(), 0);
                if tail != block.length {
                    return Err(fault(Damage::Trailer { head: block.length, tail }));
                }
                buffer.take(4);
                continue;
            }
            if block.length > LONGEST {
                return Err(fault(Damage::TooLong { captured: block.length }));
            }
            if !buffer.ensure(length).map_err(read)? {
                return Err(cut((length - buffer.bytes().len()) as u64));
            }
            let bytes = &buffer.bytes()[..length];
            let tail = self.order.u32(bytes, length - 4);
            if tail != block.length {
                return Err(fault(Damage::Trailer { head: block.length, tail }));
            }
            let found = self.block(block.kind, bytes).map_err(fault)?;
            let start = buffer.take(length).start;
            if let Some(found) = found {
                return Ok(Some(found.moved(start)));
            }
        }
    }

    /// The type and length of the next block; a section's byte order is known from there on.
    #[inline]
    fn head(&mut self, buffer: &mut Buffer, at: u64) -> Result<Option<Block>, Fault> {
        let fault = |what| Fault::new(at, what);
        let short = |there: usize, of: usize| {
            fault(Damage::Cut { part: Part::BlockHead, missing: (of - there) as u64, of: of as u64 })
        };
        if !buffer.ensure(HEAD).map_err(|error| Fault::read(at, error))? {
            let there = buffer.bytes().len();
            return if there == 0 { Ok(None) } else { Err(short(there, HEAD)) };
        }
        if Self::is(buffer.bytes()) {
            if !buffer.ensure(FRAME).map_err(|error| Fault::read(at, error))? {
                return Err(short(buffer.bytes().len(), FRAME));
            }
            let head = buffer.bytes();
            let orders = [Order::Little, Order::Big];
            let Some(order) = orders.into_iter().find(|order| order.u32(head, HEAD) == BYTE_ORDER_MAGIC) else {
                return Err(fault(Damage::ByteOrder { magic: Order::Big.u32(head, HEAD) }));
            };
            self.order = order;
        }
        let head = buffer.bytes();
        let block = Block { kind: self.order.u32(head, 0), length: self.order.u32(head, 4) };
        if !block.length.is_multiple_of(4) || block.length < block.least() {
            return Err(fault(Damage::BlockLength { length: block.length, least: block.least() }));
        }
        Ok(Some(block))
    }

    /// What is in a block that is read. `bytes` are all of it, and are not fewer than [`Block::least`].
    #[inline]
    fn block(&mut self, kind: u32, bytes: &[u8]) -> Result<Option<Found>, Damage> {
        let order = self.order;
        match kind {
            kind::ENHANCED_PACKET => self.packet(bytes, order.u32(bytes, 8)).map(Some),
            kind::PACKET => self.packet(bytes, u32::from(order.u16(bytes, 8))).map(Some),
            kind::SIMPLE_PACKET => self.simple_packet(bytes).map(Some),
            kind::SECTION_HEADER => {
                let (major, minor) = (order.u16(bytes, 12), order.u16(bytes, 14));
                if major != MAJOR {
                    return Err(Damage::Version { major, minor });
                }
                self.interfaces.clear();
                Ok(None)
            }
            kind::INTERFACE_DESCRIPTION => {
                if self.interfaces.len() == INTERFACES {
                    return Err(Damage::Interfaces { most: INTERFACES as u32 });
                }
                self.interfaces.push(Interface::parse(order, &bytes[HEAD..bytes.len() - 4]));
                Ok(None)
            }
            _ => {
                let (secrets, size) = (order.u32(bytes, 8), order.u32(bytes, 12));
                let data = within(bytes, 16, size)?;
                Ok((secrets == TLS_KEY_LOG).then_some(Found::Secrets(data)))
            }
        }
    }

    /// The packet of an Enhanced Packet Block (section 4.3), or of the obsolete Packet Block, whose fields stand at the
    /// same places but for the interface, which has half of the bits.
    #[inline]
    fn packet(&self, bytes: &[u8], interface: u32) -> Result<Found, Damage> {
        let field = |at| self.order.u32(bytes, at);
        let (captured, length) = (field(20), field(24));
        let interface = self.interface(interface)?;
        Ok(Found::Packet {
            time: interface.time(field(12), field(16)),
            link: interface.link,
            length: length.max(captured),
            data: within(bytes, 28, captured)?,
        })
    }

    /// The packet of a Simple Packet Block (section 4.4).
    fn simple_packet(&self, bytes: &[u8]) -> Result<Found, Damage> {
        let length = self.order.u32(bytes, 8);
        let interface = self.interface(0)?;
        let captured = if interface.snap == 0 { length } else { length.min(interface.snap) };
        Ok(Found::Packet { time: None, link: interface.link, length, data: within(bytes, 12, captured)? })
    }

    fn interface(&self, id: u32) -> Result<&Interface, Damage> {
        let known = self.interfaces.len() as u32;
        self.interfaces.get(id as usize).ok_or(Damage::Interface { id, known })
    }
}

/// Where in a block `size` bytes from `at` on are.
#[inline]
fn within(block: &[u8], at: usize, size: u32) -> Result<std::ops::Range<usize>, Damage> {
    let room = block.len() - 4 - at;
    if size as usize > room {
        return Err(Damage::Beyond { captured: size, room: room as u32 });
    }
    Ok(at..at + size as usize)
}

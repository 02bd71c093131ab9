//! Writes capture files in the pcapng format (draft-ietf-opsawg-pcapng).
//!
//! One section, little-endian, with times in nanoseconds, and an interface for each link type.

use std::io::{self, Write};
use std::time::Duration;

use super::{LinkType, Packet};

/// Writes packets to `W`, which is best buffered.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    block: Vec<u8>,
    /// The link types of the interfaces, in the order of their numbers.
    interfaces: Vec<LinkType>,
}

/// The types of blocks (section 11.1).
mod block {
    pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
    pub(super) const INTERFACE_DESCRIPTION: u32 = 1;
    pub(super) const SIMPLE_PACKET: u32 = 3;
    pub(super) const ENHANCED_PACKET: u32 = 6;
    pub(super) const DECRYPTION_SECRETS: u32 = 10;
}

/// The codes of options.
mod option {
    pub(super) const END: u16 = 0;
    pub(super) const COMMENT: u16 = 1;
    /// Of an interface: its name.
    pub(super) const NAME: u16 = 2;
    /// Of an interface: the unit of its times, as a negative power of ten.
    pub(super) const RESOLUTION: u16 = 9;
    /// Of a section: the program that wrote it.
    pub(super) const APPLICATION: u16 = 4;
}

/// The type of secrets that is a TLS key log (section 4.7): `TLSK`.
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// The longest comment in bytes: the length of an option has 16 bits.
const COMMENT: usize = 1000;

impl<W: Write> Writer<W> {
    /// Begins a file that `application` writes, with an interface of Ethernet of the name `wslab`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn new(out: W, application: &str) -> io::Result<Self> {
        let mut writer = Self::section(out, application)?;
        writer.interface(LinkType::ETHERNET, Some("wslab"))?;
        Ok(writer)
    }

    /// Begins a file that `application` writes, without interfaces: they come with the packets.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn section(out: W, application: &str) -> io::Result<Self> {
        let mut writer = Self { out, block: Vec::new(), interfaces: Vec::new() };
        // The magic of the byte order, version 1.0, and a length of the section that is not known.
        writer.block.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
        writer.block.extend_from_slice(&[1, 0, 0, 0]);
        writer.block.extend_from_slice(&u64::MAX.to_le_bytes());
        writer.option(option::APPLICATION, application.as_bytes());
        writer.option(option::END, &[]);
        writer.end(block::SECTION_HEADER)?;
        Ok(writer)
    }

    /// Writes a packet of Ethernet that was seen at `time`, counted from the Unix epoch.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn packet(&mut self, time: Duration, packet: &[u8], comment: Option<&str>) -> io::Result<()> {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let interface = self.interface_of(LinkType::ETHERNET)?;
        self.enhanced(interface, nanoseconds, size(packet.len())?, packet, comment)
    }

    /// Writes a packet that was captured elsewhere: with its link type, its time and its length, of which it may have
    /// less. If its time is before the Unix epoch it gets that of the epoch, and also if it has none, for only packets of
    /// the first interface that are whole and have no comment can go without.
    ///
    /// # Errors
    /// If it cannot be written, or pcapng has no number for its link type.
    pub fn captured(&mut self, packet: &Packet<'_>, comment: Option<&str>) -> io::Result<()> {
        let nanoseconds = packet.place.time.map_or(0, |time| u64::try_from(time.0).unwrap_or(0));
        let interface = self.interface_of(packet.link)?;
        let length = packet.length.max(size(packet.data.len())?);
        if (packet.place.time, interface, comment) == (None, 0, None) && length as usize == packet.data.len() {
            self.block.extend_from_slice(&length.to_le_bytes());
            self.padded(packet.data);
            return self.end(block::SIMPLE_PACKET);
        }
        self.enhanced(interface, nanoseconds, length, packet.data, comment)
    }

    /// Writes secrets for TLS, the text of an NSS key log. What is encrypted with them comes behind.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn secrets(&mut self, keylog: &[u8]) -> io::Result<()> {
        let fields = [TLS_KEY_LOG, size(keylog.len())?];
        fields.iter().for_each(|field| self.block.extend_from_slice(&field.to_le_bytes()));
        self.padded(keylog);
        self.end(block::DECRYPTION_SECRETS)
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Where it was written.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// The number of the interface of a link type, described when it is needed first.
    fn interface_of(&mut self, link: LinkType) -> io::Result<u32> {
        match self.interfaces.iter().position(|known| *known == link) {
            Some(number) => size(number),
            None => self.interface(link, None),
        }
    }

    fn interface(&mut self, link: LinkType, name: Option<&str>) -> io::Result<u32> {
        let number = size(self.interfaces.len())?;
        let link_type = u16::try_from(link.0)
            .map_err(|_| invalid(format!("the link type {} does not fit into a pcapng file", link.0)))?;
        self.interfaces.push(link);
        self.block.extend_from_slice(&link_type.to_le_bytes());
        // Reserved, and no limit to the length of packets.
        self.block.extend_from_slice(&[0; 6]);
        if let Some(name) = name {
            self.option(option::NAME, name.as_bytes());
        }
        self.option(option::RESOLUTION, &[9]);
        self.option(option::END, &[]);
        self.end(block::INTERFACE_DESCRIPTION)?;
        Ok(number)
    }

    fn enhanced(
        &mut self,
        interface: u32,
        nanoseconds: u64,
        length: u32,
        packet: &[u8],
        comment: Option<&str>,
    ) -> io::Result<()> {
        let fields = [interface, (nanoseconds >> 32) as u32, nanoseconds as u32, size(packet.len())?, length];
        fields.iter().for_each(|field| self.block.extend_from_slice(&field.to_le_bytes()));
        self.padded(packet);
        if let Some(comment) = comment {
            let end = comment.floor_char_boundary(COMMENT);
            self.option(option::COMMENT, &comment.as_bytes()[..end]);
            self.option(option::END, &[]);
        }
        self.end(block::ENHANCED_PACKET)
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        self.block.extend_from_slice(&code.to_le_bytes());
        // Values are short: the longest is a comment.
        self.block.extend_from_slice(&(value.len() as u16).to_le_bytes());
        self.padded(value);
    }

    /// Bytes, and zeros up to a multiple of four.
    fn padded(&mut self, bytes: &[u8]) {
        self.block.extend_from_slice(bytes);
        let size = self.block.len().next_multiple_of(4);
        self.block.resize(size, 0);
    }

    /// Writes the block.
    fn end(&mut self, kind: u32) -> io::Result<()> {
        let size = size(self.block.len() + 12)?.to_le_bytes();
        self.out.write_all(&kind.to_le_bytes())?;
        self.out.write_all(&size)?;
        self.out.write_all(&self.block)?;
        self.out.write_all(&size)?;
        self.block.clear();
        Ok(())
    }
}

/// A length, which has 32 bits in a file.
fn size(length: usize) -> io::Result<u32> {
    u32::try_from(length).map_err(|_| invalid("this does not fit into a block of a pcapng file".to_owned()))
}

fn invalid(words: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, words)
}

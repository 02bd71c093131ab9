//! Writes capture files in the pcapng format (draft-ietf-opsawg-pcapng).
//!
//! One section, one interface of Ethernet with times in nanoseconds, little-endian.

use std::io::{self, Write};
use std::time::Duration;

/// Writes packets to `W`, which is best buffered.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    block: Vec<u8>,
}

/// The types of blocks (section 11.1).
mod block {
    pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
    pub(super) const INTERFACE_DESCRIPTION: u32 = 1;
    pub(super) const ENHANCED_PACKET: u32 = 6;
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

/// LINKTYPE_ETHERNET.
const ETHERNET: u16 = 1;

/// The longest comment in bytes: the length of an option has 16 bits.
const COMMENT: usize = 1000;

impl<W: Write> Writer<W> {
    /// Begins a file that `application` writes.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn new(out: W, application: &str) -> io::Result<Self> {
        let mut writer = Self { out, block: Vec::new() };
        // The magic of the byte order, version 1.0, and a length of the section that is not known.
        writer.block.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
        writer.block.extend_from_slice(&[1, 0, 0, 0]);
        writer.block.extend_from_slice(&u64::MAX.to_le_bytes());
        writer.option(option::APPLICATION, application.as_bytes());
        writer.option(option::END, &[]);
        writer.end(block::SECTION_HEADER)?;
        writer.block.extend_from_slice(&ETHERNET.to_le_bytes());
        // Reserved, and no limit to the length of packets.
        writer.block.extend_from_slice(&[0; 6]);
        writer.option(option::NAME, b"wslab");
        writer.option(option::RESOLUTION, &[9]);
        writer.option(option::END, &[]);
        writer.end(block::INTERFACE_DESCRIPTION)?;
        Ok(writer)
    }

    /// Writes a packet that was seen at `time`, counted from the Unix epoch.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn packet(&mut self, time: Duration, packet: &[u8], comment: Option<&str>) -> io::Result<()> {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let size = u32::try_from(packet.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let fields = [0, (nanoseconds >> 32) as u32, nanoseconds as u32, size, size];
        fields.iter().for_each(|field| self.block.extend_from_slice(&field.to_le_bytes()));
        self.padded(packet);
        if let Some(comment) = comment {
            let end = comment.floor_char_boundary(COMMENT);
            self.option(option::COMMENT, &comment.as_bytes()[..end]);
            self.option(option::END, &[]);
        }
        self.end(block::ENHANCED_PACKET)
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
        // Packets are shorter than 64 KiB, and so are options.
        let size = (self.block.len() as u32 + 12).to_le_bytes();
        self.out.write_all(&kind.to_le_bytes())?;
        self.out.write_all(&size)?;
        self.out.write_all(&self.block)?;
        self.out.write_all(&size)?;
        self.block.clear();
        Ok(())
    }
}

//! A capture file (pcap, microseconds, little-endian) of TCP over IPv4 over Ethernet, as Linux writes it.

use std::io::{self, Write};

/// Payload of a full segment, in bytes: an Ethernet frame of 1514 with the timestamps option.
pub const MSS: usize = 1448;

/// Flags of a segment (RFC 9293, section 3.1).
pub mod flag {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const PSH: u8 = 0x08;
    pub const ACK: u8 = 0x10;
}

/// One end of a TCP connection.
#[derive(Clone, Copy)]
pub struct Host {
    pub address: [u8; 4],
    pub port: u16,
}

/// A segment.
pub struct Segment<'a> {
    pub from: Host,
    pub to: Host,
    pub sequence: u32,
    pub acknowledged: u32,
    pub flags: u8,
    pub payload: &'a [u8],
}

/// Writes packets to `W`, which is best buffered. Its clock goes on with every packet.
pub struct Writer<W> {
    out: W,
    /// Nanoseconds since the Unix epoch.
    clock: u64,
    frame: Vec<u8>,
    /// Bytes of the file.
    pub bytes: u64,
    /// Packets in it.
    pub packets: u64,
}

const MAC_CLIENTS: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];
const MAC_SERVERS: [u8; 6] = [0x02, 0, 0, 0, 0, 0x02];
const ETHERNET_HEAD: usize = 14;
const IP_HEAD: usize = 20;
const RECORD_HEAD: usize = 16;

impl<W: Write> Writer<W> {
    /// Begins a file.
    pub fn new(mut out: W) -> io::Result<Self> {
        let words = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 1];
        for word in words {
            out.write_all(&word.to_le_bytes())?;
        }
        Ok(Self { out, clock: 1_795_333_425_000_000_000, frame: Vec::with_capacity(2048), bytes: 24, packets: 0 })
    }

    /// Writes a segment, so many nanoseconds after the one before and the time that this one takes at 10 Gbit/s.
    pub fn segment(&mut self, segment: &Segment<'_>, pause: u64) -> io::Result<()> {
        let options: &[u8] = if segment.flags & flag::SYN != 0 {
            // MSS 1460, SACK permitted, timestamps, window scale 7.
            &[2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7]
        } else {
            // Timestamps.
            &[1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0]
        };
        let size = ETHERNET_HEAD + IP_HEAD + 20 + options.len() + segment.payload.len();
        self.clock += pause + size as u64 * 8 / 10;
        self.frame.clear();
        self.frame.resize(RECORD_HEAD, 0);
        let by_server = segment.from.port < segment.to.port;
        let (source, destination) = if by_server { (MAC_SERVERS, MAC_CLIENTS) } else { (MAC_CLIENTS, MAC_SERVERS) };
        self.frame.extend_from_slice(&destination);
        self.frame.extend_from_slice(&source);
        self.frame.extend_from_slice(&[0x08, 0x00]);
        self.internet(segment, size - ETHERNET_HEAD);
        self.transmission(segment, options);
        let (seconds, rest) = (self.clock / 1_000_000_000, self.clock % 1_000_000_000);
        let record = [seconds as u32, (rest / 1000) as u32, size as u32, size as u32];
        for (place, word) in self.frame.chunks_exact_mut(4).zip(record) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        self.bytes += self.frame.len() as u64;
        self.packets += 1;
        self.out.write_all(&self.frame)
    }

    /// Writes what is buffered.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// The head of IPv4 (RFC 791, section 3.1).
    fn internet(&mut self, segment: &Segment<'_>, size: usize) {
        let begin = self.frame.len();
        self.frame.extend_from_slice(&[0x45, 0]);
        self.frame.extend_from_slice(&(size as u16).to_be_bytes());
        self.frame.extend_from_slice(&(self.packets as u16).to_be_bytes());
        // Not to be fragmented; 64 hops; TCP.
        self.frame.extend_from_slice(&[0x40, 0, 64, 6, 0, 0]);
        self.frame.extend_from_slice(&segment.from.address);
        self.frame.extend_from_slice(&segment.to.address);
        let sum = checksum(sum(&self.frame[begin..]));
        self.frame[begin + 10..begin + 12].copy_from_slice(&sum);
    }

    /// The head of TCP (RFC 9293, section 3.1) and what follows it.
    fn transmission(&mut self, segment: &Segment<'_>, options: &[u8]) {
        let begin = self.frame.len();
        self.frame.extend_from_slice(&segment.from.port.to_be_bytes());
        self.frame.extend_from_slice(&segment.to.port.to_be_bytes());
        self.frame.extend_from_slice(&segment.sequence.to_be_bytes());
        self.frame.extend_from_slice(&segment.acknowledged.to_be_bytes());
        let words = ((20 + options.len()) / 4) as u8;
        self.frame.extend_from_slice(&[words << 4, segment.flags, 0x01, 0xf5, 0, 0, 0, 0]);
        self.frame.extend_from_slice(options);
        // The value of the timestamps is the milliseconds of the clock, the echo those of a little before.
        let value = (self.clock / 1_000_000) as u32;
        let at = self.frame.len() - if segment.flags & flag::SYN == 0 { 8 } else { 12 };
        self.frame[at..at + 4].copy_from_slice(&value.to_be_bytes());
        if segment.flags & flag::ACK != 0 {
            self.frame[at + 4..at + 8].copy_from_slice(&value.wrapping_sub(1).to_be_bytes());
        }
        self.frame.extend_from_slice(segment.payload);
        let length = self.frame.len() - begin;
        // The pseudo head.
        let pseudo = sum(&segment.from.address) + sum(&segment.to.address) + 6 + length as u64;
        let sum = checksum(pseudo + sum(&self.frame[begin..]));
        self.frame[begin + 16..begin + 18].copy_from_slice(&sum);
    }
}

/// The sum of 16-bit words (RFC 1071), not yet folded.
fn sum(bytes: &[u8]) -> u64 {
    let mut words = bytes.chunks_exact(2);
    let whole: u64 = words.by_ref().map(|word| u64::from(u16::from_be_bytes([word[0], word[1]]))).sum();
    whole + words.remainder().first().map_or(0, |last| u64::from(*last) << 8)
}

fn checksum(mut sum: u64) -> [u8; 2] {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}

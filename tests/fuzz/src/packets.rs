//! Packets that are made up.

use wslab::capture::{Analyzer, LinkType, Packet, Place, Sink, Time};

/// The flags of a TCP header.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more comes.
    pub const FIN: Self = Self(1);
    /// The first.
    pub const SYN: Self = Self(2);
    /// The connection is broken off.
    pub const RST: Self = Self(4);
    /// Something is acknowledged.
    pub const ACK: Self = Self(16);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A TCP segment in a packet of IPv4. The ports are those of the ends.
pub fn segment(ports: [u16; 2], seq: u32, ack: u32, flags: TcpFlags, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 40).expect("a payload fits into a packet");
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 1]);
    packet.extend(ports.iter().flat_map(|port| port.to_be_bytes()));
    packet.extend(seq.to_be_bytes());
    packet.extend(ack.to_be_bytes());
    packet.extend([0x50, flags.0, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(payload);
    packet
}

/// Where packets come from, one after the other.
#[derive(Debug, Default)]
pub struct Line {
    packets: u64,
    /// Nanoseconds.
    time: i64,
}

impl Line {
    /// Time goes on, or back.
    pub const fn wait(&mut self, milliseconds: i8) {
        self.time += milliseconds as i64 * 1_000_000;
    }

    /// The next place.
    pub const fn place(&mut self) -> Place {
        self.packets += 1;
        Place { packet: self.packets, time: Some(Time(1_800_000_000_000_000_000 + self.time)) }
    }

    /// The next packet.
    pub fn packet<S: Sink>(&mut self, mut data: Vec<u8>, place: Place, analyzer: &mut Analyzer<S>) {
        let length = data.len() as u32;
        let packet = Packet { place, link: LinkType::RAW, length, data: &mut data };
        analyzer.packet(packet).expect("nowhere can always be written to");
    }
}

//! A TCP connection, made up of what its ends sent.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use etherparse::PacketBuilder;

use super::Writer;
use crate::proto::Role;

/// The most payload bytes of a segment: an IP packet has less than 64 KiB.
const SEGMENT: usize = 60_000;

const WINDOW: u16 = u16::MAX;

/// Hardware addresses out of the range that nobody owns: the client's and the server's.
const HARDWARE: [[u8; 6]; 2] = [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]];

/// Tells a connection as the packets that could have carried it. Nothing is lost or comes twice in it.
#[derive(Debug)]
pub struct Conversation {
    /// The client and the server.
    addresses: [SocketAddr; 2],
    /// The next sequence number of each.
    next: [u32; 2],
    ended: [bool; 2],
}

#[derive(Clone, Copy, Default)]
struct Flags {
    syn: bool,
    ack: bool,
    psh: bool,
    fin: bool,
    rst: bool,
}

impl Conversation {
    /// A connection between these addresses, which have to be of the same family, opened at `time`. The first packet
    /// gets the comment.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn open<W: Write>(
        client: SocketAddr,
        server: SocketAddr,
        time: Duration,
        comment: &str,
        out: &mut Writer<W>,
    ) -> io::Result<Self> {
        let mut this = Self { addresses: [client, server], next: [0, 0], ended: [false, false] };
        this.segment(Role::Client, Flags { syn: true, ..Flags::default() }, &[], time, Some(comment), out)?;
        this.segment(Role::Server, Flags { syn: true, ack: true, ..Flags::default() }, &[], time, None, out)?;
        this.segment(Role::Client, Flags { ack: true, ..Flags::default() }, &[], time, None, out)?;
        Ok(this)
    }

    /// Bytes that an end sent.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn data<W: Write>(&mut self, from: Role, bytes: &[u8], time: Duration, out: &mut Writer<W>) -> io::Result<()> {
        let flags = Flags { ack: true, psh: true, ..Flags::default() };
        bytes.chunks(SEGMENT).try_for_each(|segment| self.segment(from, flags, segment, time, None, out))
    }

    /// An end sends no more. Only the first time counts.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn end<W: Write>(&mut self, from: Role, time: Duration, out: &mut Writer<W>) -> io::Result<()> {
        if self.ended == [true, true] || std::mem::replace(&mut self.ended[index(from)], true) {
            return Ok(());
        }
        self.segment(from, Flags { fin: true, ack: true, ..Flags::default() }, &[], time, None, out)?;
        self.segment(from.peer(), Flags { ack: true, ..Flags::default() }, &[], time, None, out)
    }

    /// An end resets the connection, unless it has ended.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn reset<W: Write>(&mut self, from: Role, time: Duration, out: &mut Writer<W>) -> io::Result<()> {
        if std::mem::replace(&mut self.ended, [true, true]) == [true, true] {
            return Ok(());
        }
        self.segment(from, Flags { rst: true, ack: true, ..Flags::default() }, &[], time, None, out)
    }

    fn segment<W: Write>(
        &mut self,
        from: Role,
        flags: Flags,
        payload: &[u8],
        time: Duration,
        comment: Option<&str>,
        out: &mut Writer<W>,
    ) -> io::Result<()> {
        let (own, peer) = (index(from), index(from.peer()));
        let (source, target) = (self.addresses[own], self.addresses[peer]);
        let link = PacketBuilder::ethernet2(HARDWARE[own], HARDWARE[peer]);
        let network = match (source, target) {
            (SocketAddr::V4(source), SocketAddr::V4(target)) => {
                link.ipv4(source.ip().octets(), target.ip().octets(), 64)
            }
            _ => link.ipv6(octets(source), octets(target), 64),
        };
        let mut tcp = network.tcp(source.port(), target.port(), self.next[own], WINDOW);
        if flags.syn {
            tcp = tcp.syn();
        }
        if flags.ack {
            tcp = tcp.ack(self.next[peer]);
        }
        if flags.psh {
            tcp = tcp.psh();
        }
        if flags.fin {
            tcp = tcp.fin();
        }
        if flags.rst {
            tcp = tcp.rst();
        }
        let mut packet = Vec::with_capacity(tcp.size(payload.len()));
        tcp.write(&mut packet, payload).map_err(io::Error::other)?;
        let length = payload.len() as u32 + u32::from(flags.syn) + u32::from(flags.fin);
        self.next[own] = self.next[own].wrapping_add(length);
        out.packet(time, &packet, comment)
    }
}

fn octets(address: SocketAddr) -> [u8; 16] {
    match address {
        SocketAddr::V4(address) => address.ip().to_ipv6_mapped().octets(),
        SocketAddr::V6(address) => address.ip().octets(),
    }
}

const fn index(role: Role) -> usize {
    match role {
        Role::Client => 0,
        Role::Server => 1,
    }
}

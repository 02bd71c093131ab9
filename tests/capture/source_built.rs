//! Captures built byte by byte, and what is read out of them.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wslab::capture::source::{Item, Reader, Source};

/// The byte order of a file or section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

use Order::{Big, Little};

impl Order {
    pub(crate) fn u16(self, value: u16) -> [u8; 2] {
        if self == Little { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    pub(crate) fn u32(self, value: u32) -> [u8; 4] {
        if self == Little { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    pub(crate) fn u64(self, value: u64) -> [u8; 8] {
        if self == Little { value.to_le_bytes() } else { value.to_be_bytes() }
    }
}

pub(crate) const BOTH: [Order; 2] = [Little, Big];

pub(crate) const MICRO: u32 = 0xa1b2_c3d4;
pub(crate) const NANO: u32 = 0xa1b2_3c4d;
pub(crate) const MODIFIED: u32 = 0xa1b2_cd34;

/// A pcap file.
#[derive(Clone)]
pub(crate) struct Pcap {
    order: Order,
    modified: bool,
    pub(crate) bytes: Vec<u8>,
}

impl Pcap {
    pub(crate) fn new(order: Order, magic: u32, link: u32) -> Self {
        let mut bytes = Vec::new();
        bytes.extend(order.u32(magic));
        bytes.extend(order.u16(2));
        bytes.extend(order.u16(4));
        [0, 0, 65535, link].iter().for_each(|field| bytes.extend(order.u32(*field)));
        Self { order, modified: magic == MODIFIED, bytes }
    }

    /// A file of Ethernet and microseconds.
    pub(crate) fn plain() -> Self {
        Self::new(Little, MICRO, 1)
    }

    /// A whole packet.
    pub(crate) fn packet(self, seconds: u32, part: u32, data: &[u8]) -> Self {
        self.record(seconds, part, data.len() as u32, data.len() as u32, data)
    }

    /// A record of these fields.
    pub(crate) fn record(mut self, seconds: u32, part: u32, captured: u32, length: u32, data: &[u8]) -> Self {
        [seconds, part, captured, length].iter().for_each(|field| self.bytes.extend(self.order.u32(*field)));
        if self.modified {
            self.bytes.extend([0xee; 8]);
        }
        self.bytes.extend(data);
        self
    }
}

/// A pcapng file.
#[derive(Clone)]
pub(crate) struct Pcapng {
    order: Order,
    pub(crate) bytes: Vec<u8>,
}

impl Pcapng {
    /// A file that begins with a section.
    pub(crate) fn new(order: Order) -> Self {
        Self { order, bytes: Vec::new() }.section(order)
    }

    /// A file of a section with an interface for Ethernet and microseconds.
    pub(crate) fn plain() -> Self {
        Self::new(Little).interface(1, 0, &[])
    }

    pub(crate) fn section(mut self, order: Order) -> Self {
        self.order = order;
        let mut body = Vec::new();
        body.extend(order.u32(0x1a2b_3c4d));
        body.extend(order.u16(1));
        body.extend(order.u16(0));
        body.extend([0xff; 8]);
        let options = self.options(&[(4, b"tests")]);
        body.extend(options);
        self.block(0x0a0d_0d0a, &body)
    }

    pub(crate) fn interface(self, link: u16, snap: u32, options: &[(u16, &[u8])]) -> Self {
        let mut body = Vec::new();
        body.extend(self.order.u16(link));
        body.extend([0, 0]);
        body.extend(self.order.u32(snap));
        body.extend(self.options(options));
        self.block(1, &body)
    }

    /// An Enhanced Packet Block of a whole packet.
    pub(crate) fn packet(self, interface: u32, time: u64, data: &[u8]) -> Self {
        let length = data.len() as u32;
        self.enhanced(interface, time, length, length, data, &[])
    }

    pub(crate) fn enhanced(
        self,
        interface: u32,
        time: u64,
        captured: u32,
        length: u32,
        data: &[u8],
        options: &[(u16, &[u8])],
    ) -> Self {
        let mut body = Vec::new();
        [interface, (time >> 32) as u32, time as u32, captured, length]
            .iter()
            .for_each(|field| body.extend(self.order.u32(*field)));
        body.extend(padded(data));
        body.extend(self.options(options));
        self.block(6, &body)
    }

    /// The obsolete Packet Block.
    pub(crate) fn old_packet(self, interface: u16, time: u64, data: &[u8]) -> Self {
        let mut body = Vec::new();
        body.extend(self.order.u16(interface));
        body.extend(self.order.u16(7));
        [(time >> 32) as u32, time as u32, data.len() as u32, data.len() as u32]
            .iter()
            .for_each(|field| body.extend(self.order.u32(*field)));
        body.extend(padded(data));
        self.block(2, &body)
    }

    pub(crate) fn simple(self, length: u32, data: &[u8]) -> Self {
        let mut body = Vec::from(self.order.u32(length));
        body.extend(padded(data));
        self.block(3, &body)
    }

    pub(crate) fn secrets(self, kind: u32, text: &[u8]) -> Self {
        let mut body = Vec::from(self.order.u32(kind));
        body.extend(self.order.u32(text.len() as u32));
        body.extend(padded(text));
        self.block(0x0a, &body)
    }

    /// A block; the body is padded.
    pub(crate) fn block(self, kind: u32, body: &[u8]) -> Self {
        let length = padded(body).len() as u32 + 12;
        self.framed(kind, length, body, length)
    }

    /// A block with these lengths.
    pub(crate) fn framed(mut self, kind: u32, head: u32, body: &[u8], tail: u32) -> Self {
        self.bytes.extend(self.order.u32(kind));
        self.bytes.extend(self.order.u32(head));
        self.bytes.extend(padded(body));
        self.bytes.extend(self.order.u32(tail));
        self
    }

    fn options(&self, options: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (code, value) in options {
            bytes.extend(self.order.u16(*code));
            bytes.extend(self.order.u16(value.len() as u16));
            bytes.extend(padded(value));
        }
        if !options.is_empty() {
            bytes.extend([0; 4]);
        }
        bytes
    }
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(4), 0);
    padded
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// Time in nanoseconds, link type, length, bytes.
    Packet(Option<i64>, u32, u32, Vec<u8>),
    Secrets(String),
    Error(String),
}

/// A packet of Ethernet that is whole.
pub(crate) fn whole(nanoseconds: i64, data: &[u8]) -> Got {
    Got::Packet(Some(nanoseconds), 1, data.len() as u32, data.to_vec())
}

/// Everything that a source gives. Packets have to be numbered from 1, and nothing may follow the end.
pub(crate) fn all(source: &mut dyn Source) -> Vec<Got> {
    let (mut all, mut packets) = (Vec::new(), 0);
    loop {
        match source.next() {
            Ok(None) => break,
            Ok(Some(Item::Packet(packet))) => {
                packets += 1;
                assert_eq!(packet.place.packet, packets);
                let time = packet.place.time.map(|time| time.0);
                all.push(Got::Packet(time, packet.link.0, packet.length, packet.data.to_vec()));
                // Whoever reads may write.
                packet.data.fill(0xdd);
            }
            Ok(Some(Item::Secrets(text))) => all.push(Got::Secrets(String::from_utf8_lossy(text).into_owned())),
            Ok(Some(Item::Idle)) => panic!("files are never idle"),
            Err(error) => all.push(Got::Error(error.to_string())),
        }
    }
    assert!(matches!(source.next(), Ok(None)));
    all
}

/// Everything in a file, or why it is none.
pub(crate) fn read(bytes: &[u8]) -> Vec<Got> {
    read_from(Cursor::new(bytes.to_vec()))
}

pub(crate) fn read_from(from: impl Read + Send + 'static) -> Vec<Got> {
    match Reader::new("file", from) {
        Ok(mut reader) => all(&mut reader),
        Err(error) => vec![Got::Error(error.to_string())],
    }
}

/// The one error of a file, at its end.
pub(crate) fn error(bytes: &[u8]) -> String {
    let got = read(bytes);
    assert_eq!(got.iter().filter(|got| matches!(got, Got::Error(_))).count(), 1, "{got:?}");
    match got.last() {
        Some(Got::Error(words)) => words.clone(),
        other => panic!("the error comes last, not {other:?}"),
    }
}

/// Gives its pieces one at a time, or less, and counts how often it was asked.
pub(crate) struct Pieces {
    pub(crate) pieces: std::collections::VecDeque<Vec<u8>>,
    pub(crate) asked: Arc<AtomicUsize>,
}

impl Pieces {
    pub(crate) fn new(pieces: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { pieces: pieces.into_iter().collect(), asked: Arc::default() }
    }
}

impl Read for Pieces {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let Some(piece) = self.pieces.front_mut() else { return Ok(0) };
        let count = piece.len().min(to.len());
        to[..count].copy_from_slice(&piece[..count]);
        piece.drain(..count);
        if piece.is_empty() {
            self.pieces.pop_front();
        }
        Ok(count)
    }
}

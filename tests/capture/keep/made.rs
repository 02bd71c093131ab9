//! Captures of several connections, of which everybody knows which packet is whose.

use std::io::Cursor;
use std::net::SocketAddr;
use std::time::Duration;

use hex_literal::hex;
use wslab::capture::source::{Item, Reader, Source, SourceError};
use wslab::capture::{Analyzer, Connection, Conversation, Event, Keep, Options, Place, Sink, Wants, Writer, Written};
use wslab::proto::Role;

use crate::blocks;

pub(super) const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
pub(super) const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
pub(super) const REFUSAL: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";

pub(super) const HELLO: [u8; 11] = hex!("81 85 37fa213d 7f9f4d5158");
pub(super) const ECHO: [u8; 7] = hex!("81 05 48656c6c6f");
pub(super) const CLOSE: [u8; 8] = hex!("88 82 00000000 03e8");
pub(super) const CLOSED: [u8; 4] = hex!("88 02 03e8");

/// A packet, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owned {
    pub(super) owner: usize,
    pub(super) bytes: Vec<u8>,
}

/// Connections that are told one after the other or in turns.
#[derive(Default)]
pub(super) struct Stage {
    talks: Vec<Conversation>,
    pub(super) packets: Vec<Owned>,
}

impl Stage {
    /// Opens TCP connections from ports 50,000 on, every second of IPv6; gives the number of the last.
    pub(super) fn connect(&mut self) -> usize {
        let owner = self.talks.len();
        let address = |four: &str, six: &str| -> SocketAddr {
            if owner.is_multiple_of(2) { four.parse().unwrap() } else { six.parse().unwrap() }
        };
        let mut client = address("10.0.0.1:0", "[fd00::1]:0");
        client.set_port(50_000 + u16::try_from(owner).unwrap());
        self.connect_from(client, address("10.0.0.2:80", "[fd00::2]:80"))
    }

    pub(super) fn connect_from(&mut self, client: SocketAddr, server: SocketAddr) -> usize {
        let mut made = Vec::new();
        let mut out = Writer::new(&mut made, "a program").unwrap();
        self.talks.push(Conversation::open(client, server, Duration::ZERO, "", &mut out).unwrap());
        self.note(self.talks.len() - 1, &made);
        self.talks.len() - 1
    }

    /// Opens a TCP connection and a WebSocket on it.
    pub(super) fn open(&mut self) -> usize {
        let owner = self.connect();
        self.says(owner, Role::Client, REQUEST).says(owner, Role::Server, RESPONSE);
        owner
    }

    fn deed(&mut self, owner: usize, deed: impl FnOnce(&mut Conversation, &mut Writer<&mut Vec<u8>>)) -> &mut Self {
        let mut made = Vec::new();
        let mut out = Writer::new(&mut made, "a program").unwrap();
        deed(&mut self.talks[owner], &mut out);
        self.note(owner, &made);
        self
    }

    fn note(&mut self, owner: usize, made: &[u8]) {
        self.packets.extend(blocks::packets(made).into_iter().map(|packet| Owned { owner, bytes: packet.bytes }));
    }

    pub(super) fn says(&mut self, owner: usize, from: Role, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.deed(owner, |talk, out| talk.data(from, bytes.as_ref(), Duration::ZERO, out).unwrap())
    }

    pub(super) fn ends(&mut self, owner: usize, from: Role) -> &mut Self {
        self.deed(owner, |talk, out| talk.end(from, Duration::ZERO, out).unwrap())
    }

    pub(super) fn resets(&mut self, owner: usize, from: Role) -> &mut Self {
        self.deed(owner, |talk, out| talk.reset(from, Duration::ZERO, out).unwrap())
    }

    /// A whole echo talk to its end.
    pub(super) fn talks(&mut self, owner: usize) -> &mut Self {
        self.says(owner, Role::Client, HELLO)
            .says(owner, Role::Server, ECHO)
            .says(owner, Role::Client, CLOSE)
            .says(owner, Role::Server, CLOSED)
            .ends(owner, Role::Server)
            .ends(owner, Role::Client)
    }

    /// The last packet comes once more.
    pub(super) fn again(&mut self) -> &mut Self {
        self.packets.extend(self.packets.last().cloned());
        self
    }

    /// The file, with a packet each millisecond.
    pub(super) fn file(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut out = Writer::new(&mut file, "tests").unwrap();
        for (index, packet) in self.packets.iter().enumerate() {
            out.packet(time(index), &packet.bytes, None).unwrap();
        }
        out.flush().unwrap();
        file
    }

    /// The packets of these, with their times.
    pub(super) fn of(&self, owners: &[usize]) -> Vec<(u64, Vec<u8>)> {
        let numbered = self.packets.iter().enumerate().filter(|(_, packet)| owners.contains(&packet.owner));
        numbered.map(|(index, packet)| (time(index).as_nanos() as u64, packet.bytes.clone())).collect()
    }
}

fn time(index: usize) -> Duration {
    Duration::from_secs(1_800_000_000) + Duration::from_millis(index as u64)
}

pub(super) fn source(file: &[u8]) -> Result<Box<dyn Source>, SourceError> {
    Ok(Box::new(Reader::new("a.pcapng", Cursor::new(file.to_vec()))?))
}

/// Analyses a capture for a sink.
pub(super) fn analysed<S: Sink>(file: &[u8], keylog: &[u8], sink: S) -> S {
    let mut analyzer = Analyzer::new(Options::default(), sink);
    analyzer.secrets(keylog);
    let mut source = source(file).unwrap();
    while let Some(item) = source.next().unwrap() {
        match item {
            Item::Packet(packet) => analyzer.packet(packet).unwrap(),
            Item::Secrets(text) => analyzer.secrets(text),
            Item::Idle => {}
        }
    }
    analyzer.finish().unwrap().0
}

/// The packets of the connections for which this is true, as a file.
pub(super) fn kept_with(file: &[u8], keylog: &[u8], choose: impl FnMut(&Connection) -> bool) -> (Vec<u8>, Written) {
    let keep = analysed(file, keylog, Keep::new(choose));
    let mut out = Vec::new();
    let written = keep.write(|| source(file), keylog, "wslab tests", &mut out).unwrap();
    assert_eq!(written.connections, keep.connections());
    (out, written)
}

pub(super) fn kept(file: &[u8], choose: impl FnMut(&Connection) -> bool) -> Vec<u8> {
    kept_with(file, &[], choose).0
}

/// Time and bytes of every packet of a file.
pub(super) fn packets(file: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut source = source(file).unwrap();
    let mut packets = Vec::new();
    while let Some(item) = source.next().unwrap() {
        if let Item::Packet(packet) = item {
            let time = packet.place.time.map_or(0, |time| time.0.cast_unsigned());
            assert_eq!(packet.length as usize, packet.data.len());
            packets.push((time, packet.data.to_vec()));
        }
    }
    packets
}

/// All that is told of connections, but for their numbers and those of packets.
#[derive(Debug, Default)]
struct Told(Vec<(u64, Vec<String>)>);

impl Sink for Told {
    fn wants(&self) -> Wants {
        Wants { frame_payloads: true, messages: true }
    }

    fn take(&mut self, event: &Event<'_>) -> std::io::Result<()> {
        let (connection, line) = match event {
            Event::Opened(connection) => (*connection, "opened".to_owned()),
            Event::Frame(frame) => {
                let line = format!(
                    "{} {} {:?} {} {} {:?} {:?} {:?}",
                    frame.from,
                    frame.number,
                    frame.head,
                    frame.captured,
                    frame.offset,
                    frame.place.time,
                    frame.payload,
                    frame.faults
                );
                (frame.connection, line)
            }
            Event::Message(message) => {
                let line = format!(
                    "{} {} {:?} {:?} {:?}",
                    message.from, message.number, message.kind, message.payload, message.opaque
                );
                (message.connection, line)
            }
            Event::RoundTrip(trip) => (trip.connection, format!("{} {:?}", trip.from, trip.time)),
            Event::Violation(violation) => {
                (violation.connection, format!("{} {:?} {:?}", violation.by, violation.rule, violation.frame))
            }
            Event::Note(_) => return Ok(()),
            Event::Closed(connection) => {
                let blank = |place: Place| Place { packet: 0, ..place };
                let about = Connection {
                    number: 0,
                    first: blank(connection.first),
                    last: blank(connection.last),
                    opened: connection.opened.map(blank),
                    closed: connection.closed.map(blank),
                    ..(*connection).clone()
                };
                (*connection, format!("closed {about:?}"))
            }
        };
        let index = match self.0.iter().position(|(number, ..)| *number == connection.number) {
            Some(index) => index,
            None => {
                self.0.push((connection.number, Vec::new()));
                self.0.len() - 1
            }
        };
        self.0[index].1.push(line);
        Ok(())
    }
}

/// What is told of the connections for which this is true, one after the other.
pub(super) fn told(file: &[u8], keylog: &[u8], mut choose: impl FnMut(&Connection) -> bool) -> Vec<Vec<String>> {
    struct Both<'a>(Told, Vec<u64>, &'a mut dyn FnMut(&Connection) -> bool);
    impl Sink for Both<'_> {
        fn wants(&self) -> Wants {
            self.0.wants()
        }

        fn take(&mut self, event: &Event<'_>) -> std::io::Result<()> {
            if let Event::Closed(connection) = event
                && (self.2)(connection)
            {
                self.1.push(connection.number);
            }
            self.0.take(event)
        }
    }
    let Both(mut told, chosen, _) = analysed(file, keylog, Both(Told::default(), Vec::new(), &mut choose));
    told.0.sort_by_key(|(number, ..)| *number);
    told.0.into_iter().filter(|(number, ..)| chosen.contains(number)).map(|(_, lines)| lines).collect()
}

//! What is found in a capture, in the words of its description.

use std::io::{self, Read};

use wslab::capture::source::{Item, Reader, Source, open};
use wslab::capture::{self, Analyzer, Event, Frame, Message, Options, Sink, Wants};
use wslab::proto::{Kind, Role};

use crate::expected::{Close, Connection, Expected, Sent, listing, sha256};
use crate::sample::Sample;

/// A capture is read as it is described, in pieces of any size.
pub(crate) fn is_read(sample: &Sample) -> Result<(), String> {
    let mut whole = open(std::slice::from_ref(&sample.path)).map_err(|error| error.to_string())?;
    sample.expected.compare(&found(sample, &mut *whole)?)?;
    let bytes = sample.bytes();
    for size in [1, 2, 3, 7, 61, 1024] {
        let from = Pieces { bytes: io::Cursor::new(bytes.clone()), size };
        let mut reader = Reader::new("pieces", from).map_err(|error| error.to_string())?;
        sample
            .expected
            .compare(&found(sample, &mut reader)?)
            .map_err(|error| format!("in pieces of {size}: {error}"))?;
    }
    Ok(())
}

/// Gives a few bytes at a time.
struct Pieces {
    bytes: io::Cursor<Vec<u8>>,
    size: usize,
}

impl Read for Pieces {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = to.len().min(self.size);
        self.bytes.read(&mut to[..count])
    }
}

fn found(sample: &Sample, source: &mut dyn Source) -> Result<Expected, String> {
    let Expected { source: words, keylog, .. } = sample.expected.clone();
    let mut analyzer =
        Analyzer::new(Options::default(), Found(Expected { source: words, keylog, ..Expected::default() }));
    if let Some((_, keylog)) = &sample.keylog {
        analyzer.secrets(keylog);
    }
    let exit = loop {
        match source.next() {
            Ok(Some(Item::Packet(packet))) => analyzer.packet(packet).map_err(|error| error.to_string())?,
            Ok(Some(Item::Secrets(secrets))) => analyzer.secrets(secrets),
            Ok(Some(Item::Idle)) => return Err("a file is never idle".to_owned()),
            Ok(None) => break 0,
            Err(error) if error.is_damage() => break 2,
            Err(error) => return Err(error.to_string()),
        }
    };
    let (Found(mut found), _) = analyzer.finish().map_err(|error| error.to_string())?;
    found.exit = exit;
    for connection in &mut found.connections {
        // What one packet shows is in no order.
        connection.violations.sort_by_cached_key(|line| {
            let packet = line.rsplit(' ').next().and_then(|packet| packet.parse::<u64>().ok());
            (packet, line.clone())
        });
        for sent in [&mut connection.client_sent, &mut connection.server_sent] {
            sent.frames = listing(std::mem::take(&mut sent.frames));
            sent.messages = listing(std::mem::take(&mut sent.messages));
        }
    }
    Ok(found)
}

/// What was found so far.
struct Found(Expected);

impl Found {
    fn connection(&mut self, of: &capture::Connection) -> &mut Connection {
        &mut self.0.connections[usize::try_from(of.number).expect("there are few connections")]
    }

    fn sent(&mut self, of: &capture::Connection, by: Role) -> &mut Sent {
        let connection = self.connection(of);
        match by {
            Role::Client => &mut connection.client_sent,
            Role::Server => &mut connection.server_sent,
        }
    }
}

fn frame_line(frame: &Frame<'_>) -> String {
    let head = frame.head;
    let mut line = head.opcode.name().map_or_else(|| format!("reserved-{}", head.opcode.0), str::to_owned);
    if !head.fin {
        line.push_str(" unfinished");
    }
    if head.rsv != 0 {
        line.push_str(&format!(" rsv{}", head.rsv));
    }
    line.push_str(if head.mask.is_some() { " masked" } else { " bare" });
    line.push_str(&format!(" {}", head.len));
    if frame.captured == head.len {
        line.push_str(&format!(" {}", sha256(frame.payload.expect("payloads are wanted"), 8)));
    } else {
        line.push_str(&format!(" captured {}", frame.captured));
    }
    line
}

fn message_line(message: &Message<'_>) -> String {
    let kind = match message.kind {
        Kind::Text => "text",
        Kind::Binary => "binary",
    };
    let length = message.length.map_or_else(|| "?".to_owned(), |length| length.to_string());
    let content = message.payload.map_or_else(|| "opaque".to_owned(), |payload| sha256(payload, 8));
    let compressed = if message.compressed { " compressed" } else { "" };
    let frames = if message.frames == 1 { String::new() } else { format!(" in {}", message.frames) };
    format!("{kind} {length} {content}{compressed}{frames}")
}

impl Sink for Found {
    fn wants(&self) -> Wants {
        Wants { frame_payloads: true, messages: true }
    }

    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Opened(it) => {
                assert_eq!(self.0.connections.len() as u64, it.number, "connections are told in their order");
                self.0.connections.push(Connection::default());
            }
            Event::Frame(it) => self.sent(it.connection, it.from).frames.push(frame_line(it)),
            Event::Message(it) => self.sent(it.connection, it.from).messages.push(message_line(it)),
            Event::Violation(it) => {
                let line = format!("{} {} in packet {}", it.by, it.rule.name(), it.place.packet);
                self.connection(it.connection).violations.push(line);
            }
            Event::Note(it) => *self.0.notes.entry(it.kind.name().to_owned()).or_default() += 1,
            Event::Closed(it) => {
                let connection = self.connection(it);
                connection.client = it.client.to_string();
                connection.server = it.server.to_string();
                connection.url.clone_from(&it.url);
                connection.status = it.status;
                connection.subprotocol.clone_from(&it.subprotocol);
                connection.extensions.clone_from(&it.extensions);
                connection.guessed = it.guessed;
                connection.tls.clone_from(&it.tls);
                connection.close = it.close.as_ref().map(|close| Close {
                    by: close.by.to_string(),
                    code: close.code.map(|code| code.0),
                    reason: close.reason.clone(),
                });
                connection.client_sent.lost = it.from_client.lost;
                connection.server_sent.lost = it.from_server.lost;
            }
            Event::RoundTrip(_) => {}
        }
        Ok(())
    }
}

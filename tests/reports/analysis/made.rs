//! Connections and what happened on them, made by hand.

use std::time::Duration;

use wslab::capture::{
    Close, Connection, Ending, Event, Frame, Loss, Message, Note, NoteKind, Opaque, Place, RoundTrip, Sent, Sink, Time,
    Violation,
};
use wslab::proto::{Kind, Role, Rule, Rules};
use wslab::wire::{CloseCode, Head, Opcode};

/// 2026-11-22T07:00:00Z.
const BEGIN: i64 = 1_795_330_800_000_000_000;

/// A packet, and its time in milliseconds after the beginning of the capture.
pub(crate) fn at(packet: u64, ms: u64) -> Place {
    Place { packet, time: Some(Time(BEGIN + i64::try_from(ms).unwrap() * 1_000_000)) }
}

/// A connection that is told to a sink, packet by packet, one each 10 ms unless time passes.
pub(crate) struct Talk<'a> {
    sink: &'a mut dyn Sink,
    pub(crate) connection: Connection,
    packet: u64,
    ms: u64,
    frames: u64,
    messages: u64,
}

impl<'a> Talk<'a> {
    /// The connection of this number to `/chat?room=1`, not open yet; its packets begin with a thousand times the number.
    pub(crate) fn new(number: u64, sink: &'a mut dyn Sink) -> Self {
        let port = 50_000 + u16::try_from(number % 10_000).unwrap();
        let packet = number * 1000 + 1;
        let first = at(packet, number * 100);
        let connection = Connection {
            number,
            client: format!("10.0.0.1:{port}").parse().unwrap(),
            server: "10.0.0.2:80".parse().unwrap(),
            url: Some("/chat?room=1".to_owned()),
            host: Some("example.org".to_owned()),
            origin: Some("https://example.org".to_owned()),
            agent: Some("Mozilla/5.0".to_owned()),
            status: Some(101),
            refusal: None,
            subprotocol: None,
            extensions: Some("permessage-deflate".to_owned()),
            guessed: false,
            tls: None,
            first,
            opened: None,
            closed: None,
            last: first,
            ending: Ending::Open,
            close: None,
            from_client: Sent::default(),
            from_server: Sent::default(),
            violations: 0,
        };
        Self { sink, connection, packet, ms: number * 100, frames: 0, messages: 0 }
    }

    /// Time passes.
    pub(crate) fn wait(&mut self, ms: u64) -> &mut Self {
        self.ms += ms;
        self
    }

    pub(crate) fn next(&mut self) -> Place {
        self.packet += 1;
        self.ms += 10;
        self.connection.last = at(self.packet, self.ms);
        self.connection.last
    }

    fn tell(&mut self, event: &Event<'_>) {
        self.sink.take(event).unwrap();
    }

    pub(crate) fn open(&mut self) -> &mut Self {
        self.connection.opened = Some(self.next());
        let connection = self.connection.clone();
        self.tell(&Event::Opened(&connection));
        self
    }

    pub(crate) fn refuse(&mut self, status: u16, reason: &str) {
        self.connection.status = Some(status);
        self.connection.refusal = Some(reason.to_owned());
        self.connection.extensions = None;
        self.connection.ending = Ending::Refused;
        self.open();
        self.tell_end();
    }

    pub(crate) fn frame(&mut self, from: Role, opcode: Opcode, payload: &[u8], faults: Rules) -> &mut Self {
        let head = Head::new(opcode, payload.len() as u64);
        self.frame_of(from, head, payload, faults)
    }

    /// The first frame of a message that goes on.
    pub(crate) fn part(&mut self, from: Role, payload: &[u8]) -> &mut Self {
        let head = Head { fin: false, ..Head::new(Opcode::TEXT, payload.len() as u64) };
        self.frame_of(from, head, payload, Rules::NONE)
    }

    fn frame_of(&mut self, from: Role, head: Head, payload: &[u8], faults: Rules) -> &mut Self {
        let place = self.next();
        let opcode = head.opcode;
        let head = Head { mask: (from == Role::Client).then_some([1, 2, 3, 4]), ..head };
        let sent = self.connection.sent_mut(from);
        sent.frames.count(opcode);
        sent.bytes += head.encode().len() as u64 + head.len;
        sent.payload += if opcode.is_control() { 0 } else { head.len };
        let code = payload.first_chunk().filter(|_| opcode == Opcode::CLOSE).map(|code| u16::from_be_bytes(*code));
        let connection = self.connection.clone();
        let frame = Frame {
            connection: &connection,
            from,
            number: self.frames,
            head,
            captured: head.len,
            offset: 300,
            place,
            payload: Some(payload),
            code: code.map(CloseCode),
            faults,
        };
        self.frames += 1;
        self.tell(&Event::Frame(&frame));
        for rule in faults {
            self.broken(from, rule);
        }
        self
    }

    /// A message in one frame; compressed to so many bytes, if it is.
    pub(crate) fn message(&mut self, from: Role, kind: Kind, payload: &[u8], deflated: Option<usize>) -> &mut Self {
        let wire = deflated.unwrap_or(payload.len());
        self.frame(from, kind.opcode(), &vec![0; wire], Rules::NONE);
        let sent = self.connection.sent_mut(from);
        sent.messages += 1;
        sent.content += payload.len() as u64;
        if let Some(deflated) = deflated {
            sent.compressed += 1;
            sent.deflated += deflated as u64;
            sent.inflated += payload.len() as u64;
        }
        let readable = (Some(payload.len() as u64), Some(payload), None);
        self.told_message(from, kind, deflated.is_some(), wire as u64, readable)
    }

    fn told_message(
        &mut self,
        from: Role,
        kind: Kind,
        compressed: bool,
        wire: u64,
        (length, payload, opaque): (Option<u64>, Option<&[u8]>, Option<Opaque>),
    ) -> &mut Self {
        let connection = self.connection.clone();
        let (number, place) = (self.messages, connection.last);
        self.messages += 1;
        let message = Message {
            connection: &connection,
            from,
            number,
            kind,
            frames: 1,
            compressed,
            wire,
            length,
            payload,
            opaque,
            first: place,
            place,
        };
        self.tell(&Event::Message(&message));
        self
    }

    pub(crate) fn text(&mut self, from: Role, text: &str) -> &mut Self {
        self.message(from, Kind::Text, text.as_bytes(), None)
    }

    /// A message of 400 bytes that cannot be read.
    pub(crate) fn opaque(&mut self, from: Role, why: Opaque) -> &mut Self {
        self.frame(from, Opcode::TEXT, &[0; 400], Rules::NONE);
        let sent = self.connection.sent_mut(from);
        sent.messages += 1;
        sent.opaque += 1;
        self.told_message(from, Kind::Text, why == Opaque::Context, 400, (None, None, Some(why)))
    }

    /// A ping, and its pong after so many microseconds.
    pub(crate) fn ping(&mut self, from: Role, micros: u64) -> &mut Self {
        self.frame(from, Opcode::PING, b"beat", Rules::NONE);
        self.frame(from.peer(), Opcode::PONG, b"beat", Rules::NONE);
        let connection = self.connection.clone();
        let place = connection.last;
        let time = Duration::from_micros(micros);
        self.tell(&Event::RoundTrip(&RoundTrip { connection: &connection, from, time, place }));
        self
    }

    pub(crate) fn broken(&mut self, by: Role, rule: Rule) -> &mut Self {
        self.connection.violations += 1;
        let connection = self.connection.clone();
        let (frame, place) = (Some(self.frames.saturating_sub(1)), connection.last);
        self.tell(&Event::Violation(&Violation { connection: &connection, by, rule, frame, offset: 300, place }));
        self
    }

    pub(crate) fn note(&mut self, kind: NoteKind<'_>) -> &mut Self {
        let place = self.next();
        let (from, to) = (self.connection.client, self.connection.server);
        self.tell(&Event::Note(&Note { connection: Some(self.connection.number), from, to, kind, place }));
        self
    }

    pub(crate) fn lost(&mut self, count: u64) -> &mut Self {
        self.connection.from_client.lost += count;
        self.note(NoteKind::Lost { offset: 4000, count, why: Loss::NotCaptured })
    }

    /// A close frame of both ends, and the end of TCP by the server.
    pub(crate) fn close(&mut self, by: Role, code: u16, reason: &str) {
        let body = [&code.to_be_bytes(), reason.as_bytes()].concat();
        self.connection.close = Some(Close { by, code: Some(CloseCode(code)), reason: reason.to_owned() });
        self.frame(by, Opcode::CLOSE, &body, Rules::NONE);
        self.frame(by.peer(), Opcode::CLOSE, &body[..2], Rules::NONE);
        self.end(Ending::Finished(Role::Server));
    }

    pub(crate) fn end(&mut self, ending: Ending) {
        self.connection.ending = ending;
        let last = self.next();
        self.connection.closed = (ending != Ending::Open).then_some(last);
        self.tell_end();
    }

    fn tell_end(&mut self) {
        let connection = self.connection.clone();
        self.tell(&Event::Closed(&connection));
    }
}

/// A note about what is no WebSocket connection that could be read.
pub(crate) fn note(sink: &mut dyn Sink, packet: u64, kind: NoteKind<'_>) {
    let (from, to) = ("10.0.0.9:40000".parse().unwrap(), "[2001:db8::1]:443".parse().unwrap());
    sink.take(&Event::Note(&Note { connection: None, from, to, kind, place: at(packet, packet) })).unwrap();
}

/// One connection on which nothing is wrong.
pub(crate) fn one(sink: &mut dyn Sink) {
    let mut talk = Talk::new(0, sink);
    talk.open();
    for round in 0..20 {
        let words = format!("{{\"round\":{round},\"words\":\"{}\"}}", "so ".repeat(round * round));
        talk.message(Role::Client, Kind::Text, words.as_bytes(), Some(20 + words.len() / 4));
        talk.wait(round as u64 * 7).message(Role::Server, Kind::Text, words.as_bytes(), Some(20 + words.len() / 4));
    }
    talk.message(Role::Server, Kind::Binary, &[7; 5000], None);
    talk.ping(Role::Server, 340).wait(600).ping(Role::Server, 1250);
    talk.close(Role::Client, 1000, "bye");
}

/// Three: one with faults and gaps, one refused, one guessed and open; and one that cannot be decrypted.
pub(crate) fn three(sink: &mut dyn Sink) {
    let mut talk = Talk::new(0, sink);
    talk.connection.url = Some("/feed?token=sesame&room=7".to_owned());
    talk.connection.subprotocol = Some("chat.v2".to_owned());
    talk.connection.tls = Some("TLS 1.3, TLS_AES_128_GCM_SHA256".to_owned());
    talk.open().text(Role::Client, "hello").text(Role::Server, "hello");
    talk.frame(Role::Client, Opcode::TEXT, b"bits", Rules::from_iter([Rule::ReservedBit]));
    talk.frame(Role::Client, Opcode::TEXT, b"bits", Rules::from_iter([Rule::ReservedBit]));
    talk.broken(Role::Server, Rule::Masked).lost(4380).opaque(Role::Client, Opaque::Incomplete);
    talk.wait(2000).lost(1460).opaque(Role::Client, Opaque::Context);
    talk.note(NoteKind::Differs { offset: 9000, count: 12 });
    talk.close(Role::Server, 1002, "reserved bits");
    Talk::new(1, sink).refuse(403, "Forbidden");
    let mut talk = Talk::new(2, sink);
    talk.connection.guessed = true;
    talk.connection.extensions = None;
    (talk.connection.url, talk.connection.host, talk.connection.origin) = (None, None, None);
    (talk.connection.agent, talk.connection.status) = (None, None);
    talk.open().text(Role::Server, "tick").wait(500).text(Role::Server, "tock").end(Ending::Open);
    note(sink, 12, NoteKind::Encrypted { why: "no secrets of this session are in the key log" });
    note(sink, 15, NoteKind::Encrypted { why: "no secrets of this session are in the key log" });
    note(sink, 20, NoteKind::NotRead { what: "HTTP/2" });
}

/// 400, some of them refused, reset, or with faults.
pub(crate) fn four_hundred(sink: &mut dyn Sink) {
    for number in 0..400 {
        let mut talk = Talk::new(number, sink);
        talk.connection.url = Some(format!("/rooms/{}/stream?key=sesame&user={number}", number % 7));
        match number {
            _ if number % 41 == 3 => talk.refuse(if number % 2 == 0 { 503 } else { 401 }, "no"),
            _ if number % 97 == 5 => {
                talk.open().text(Role::Client, "x");
                talk.broken(Role::Client, Rule::Unmasked).end(Ending::Reset(Role::Server));
            }
            _ => {
                talk.open();
                for round in 0..number % 11 {
                    talk.text(Role::Client, &"words ".repeat(number as usize));
                    talk.wait(round * 30).text(Role::Server, "ok");
                }
                talk.ping(Role::Client, 200 + number * 11);
                match number % 5 {
                    0 => talk.close(Role::Server, 1001, "restart"),
                    1 => talk.end(Ending::Open),
                    _ => talk.close(Role::Client, 1000, ""),
                }
            }
        }
    }
}

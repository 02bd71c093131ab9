//! Events of a capture, made by hand.

use std::time::Duration;

use wslab::capture::{
    Close, Connection, Ending, Event, Frame, Frames, Loss, Message, Note, NoteKind, Opaque, Place, RoundTrip, Sent,
    Sink, Time, Violation,
};
use wslab::proto::{Kind, Role, Rule, Rules};
use wslab::wire::{CloseCode, Head, Opcode};

/// 2026-11-22T07:43:45.310618400Z
pub(super) const BEGIN: i64 = 1_795_333_425_310_618_400;

/// A packet, so many milliseconds after the first.
pub(super) fn place(packet: u64, millis: i64) -> Place {
    Place { packet, time: Some(Time(BEGIN + millis * 1_000_000)) }
}

pub(super) fn connection() -> Connection {
    Connection {
        number: 3,
        client: "10.0.0.1:50312".parse().unwrap(),
        server: "10.0.0.2:80".parse().unwrap(),
        url: Some("/chat?room=1&token=abc123".to_owned()),
        host: Some("example.org".to_owned()),
        origin: Some("http://example.org".to_owned()),
        agent: Some("a \"browser\", perhaps".to_owned()),
        status: Some(101),
        refusal: None,
        subprotocol: None,
        extensions: Some("permessage-deflate; server_max_window_bits=10".to_owned()),
        guessed: false,
        tls: None,
        first: place(1, 0),
        opened: Some(place(5, 3)),
        closed: Some(place(99, 10_000)),
        last: place(99, 10_000),
        ending: Ending::Finished(Role::Server),
        close: Some(Close { by: Role::Client, code: Some(CloseCode::NORMAL), reason: "bye,\nall".to_owned() }),
        from_client: Sent {
            frames: Frames { text: 4, ping: 1, close: 1, ..Frames::default() },
            messages: 4,
            compressed: 2,
            bytes: 500,
            payload: 420,
            deflated: 200,
            inflated: 700,
            content: 920,
            ..Sent::default()
        },
        from_server: Sent { frames: Frames { pong: 1, ..Frames::default() }, bytes: 7, payload: 5, ..Sent::default() },
        violations: 1,
    }
}

/// A connection of which almost nothing is known.
pub(super) fn unknown() -> Connection {
    Connection {
        number: 4,
        client: "[2001:db8::1]:50312".parse().unwrap(),
        server: "[2001:db8:1234:5678:9abc:def0:1234:5678]:443".parse().unwrap(),
        url: None,
        host: None,
        origin: None,
        agent: None,
        status: None,
        extensions: None,
        guessed: true,
        tls: Some("TLS 1.3, TLS_AES_128_GCM_SHA256".to_owned()),
        first: Place { packet: 7, time: None },
        opened: None,
        closed: None,
        last: Place { packet: 8, time: None },
        ending: Ending::Open,
        close: None,
        from_client: Sent::default(),
        from_server: Sent::default(),
        violations: 0,
        ..connection()
    }
}

pub(super) fn frame<'a>(connection: &'a Connection, payload: &'a [u8]) -> Frame<'a> {
    let len = payload.len() as u64;
    Frame {
        connection,
        from: Role::Client,
        number: 0,
        head: Head { mask: Some([1, 2, 3, 4]), ..Head::new(Opcode::TEXT, len) },
        captured: len,
        offset: 180,
        place: place(17, 42),
        payload: Some(payload),
        code: None,
        faults: Rules::NONE,
    }
}

pub(super) fn message<'a>(connection: &'a Connection, payload: &'a [u8]) -> Message<'a> {
    Message {
        connection,
        from: Role::Server,
        number: 12,
        kind: Kind::Text,
        frames: 2,
        compressed: true,
        wire: 7,
        length: Some(payload.len() as u64),
        payload: Some(payload),
        opaque: None,
        first: place(17, 42),
        place: place(18, 43),
    }
}

/// Tells some of everything.
pub(super) fn tell(sink: &mut impl Sink) {
    let (known, unknown) = (connection(), unknown());
    let hello = frame(&known, b"Hello, \"world\"\x1b[2J\n");
    let mut take = |event: Event<'_>| sink.take(&event).unwrap();
    take(Event::Opened(&known));
    take(Event::Frame(&hello));
    let binary = Head { fin: false, rsv: 4, ..Head::new(Opcode::BINARY, 70_000) };
    let bytes: Vec<u8> = (0..=95).chain([0xff; 160]).collect();
    take(Event::Frame(&Frame {
        from: Role::Server,
        number: 1,
        head: binary,
        captured: 256,
        payload: Some(&bytes),
        place: place(18, 1_043),
        ..hello
    }));
    let close = Head { mask: Some([0; 4]), ..Head::new(Opcode::CLOSE, 5) };
    take(Event::Frame(&Frame {
        number: 2,
        head: close,
        captured: 5,
        code: Some(CloseCode::NORMAL),
        payload: Some(b"\x03\xe8bye"),
        place: place(19, 2_500),
        ..hello
    }));
    take(Event::Frame(&Frame {
        connection: &unknown,
        number: 12_345_678_901,
        head: Head::new(Opcode(0xb), u64::MAX),
        captured: 0,
        offset: u64::MAX,
        payload: Some(b""),
        place: Place { packet: 20, time: None },
        ..hello
    }));
    take(Event::Message(&message(&known, "Hello, \u{202e}κόσμε".as_bytes())));
    take(Event::Message(&Message {
        from: Role::Client,
        number: 13,
        kind: Kind::Binary,
        length: None,
        payload: None,
        opaque: Some(Opaque::Context),
        ..message(&known, b"")
    }));
    take(Event::Message(&Message { compressed: false, wire: 100, ..message(&known, &[0xff; 100]) }));
    take(Event::RoundTrip(&RoundTrip {
        connection: &known,
        from: Role::Client,
        time: Duration::from_nanos(1_234_500),
        place: place(19, 1_300),
    }));
    take(Event::RoundTrip(&RoundTrip {
        connection: &known,
        from: Role::Server,
        time: Duration::from_secs(2),
        place: place(20, 3_300),
    }));
    let violation = |rule, frame| Violation {
        connection: &known,
        by: Role::Server,
        rule,
        frame,
        offset: 129,
        place: place(18, 1_043),
    };
    take(Event::Violation(&violation(Rule::InvalidUtf8, Some(1))));
    take(Event::Violation(&violation(Rule::ServerKeptConnection, None)));
    let note = |kind| Note { connection: Some(3), from: known.client, to: known.server, kind, place: place(30, 4_000) };
    take(Event::Note(&note(NoteKind::Lost { offset: 1_000, count: 1_460, why: Loss::NotCaptured })));
    take(Event::Note(&note(NoteKind::Differs { offset: 2_460, count: 10 })));
    take(Event::Note(&Note { connection: None, ..note(NoteKind::Encrypted { why: "no key log has its secrets" }) }));
    take(Event::Note(&Note {
        connection: None,
        from: unknown.client,
        to: unknown.server,
        ..note(NoteKind::NotRead { what: "HTTP/2" })
    }));
    take(Event::Closed(&known));
    take(Event::Closed(&unknown));
}

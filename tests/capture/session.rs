//! Connections, made up and captured, and what is told of them.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use wslab::capture::source::{Item, Reader, Source as _};
use wslab::capture::{Analyzer, Conversation, Event, NoteKind, Options, Sink, Wants, Writer};
use wslab::proto::Role::{self, Client, Server};
use wslab::proto::opening::accept_key;
use wslab::wire::{self, Head, Opcode};

pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// A capture in the making: one TCP connection, a packet every millisecond.
pub(crate) struct Capture {
    writer: Writer<Vec<u8>>,
    talk: Conversation,
    time: Duration,
}

impl Capture {
    /// From the SYN on.
    pub(crate) fn new() -> Self {
        Self::from_port(5000)
    }

    fn from_port(port: u16) -> Self {
        let mut writer = Writer::new(Vec::new(), "").unwrap();
        let talk = Conversation::open(address(port), address(8080), START, "", &mut writer).unwrap();
        Self { writer, talk, time: START }
    }

    /// Begun after the connection was open for long.
    pub(crate) fn late() -> Self {
        let writer = Writer::new(Vec::new(), "").unwrap();
        let talk = Conversation::open(address(5000), address(8080), START, "", &mut nowhere()).unwrap();
        Self { writer, talk, time: START }
    }

    /// With a WebSocket open; `extensions` are what the server agrees to of what the client offers.
    pub(crate) fn open(extensions: Option<(&str, &str)>) -> Self {
        let (offer, agreed) = extensions.unzip();
        Self::new().says(Client, request(offer)).says(Server, response(agreed))
    }

    /// With a WebSocket open from this port.
    pub(crate) fn open_from(port: u16) -> Self {
        Self::from_port(port).says(Client, request(None)).says(Server, response(None))
    }

    pub(crate) fn says(mut self, from: Role, bytes: impl AsRef<[u8]>) -> Self {
        self.time += Duration::from_millis(1);
        self.talk.data(from, bytes.as_ref(), self.time, &mut self.writer).unwrap();
        self
    }

    /// In segments of one byte.
    pub(crate) fn drips(self, from: Role, bytes: impl AsRef<[u8]>) -> Self {
        bytes.as_ref().iter().fold(self, |this, byte| this.says(from, [*byte]))
    }

    /// No packet of the capture has these bytes.
    pub(crate) fn misses(mut self, from: Role, bytes: impl AsRef<[u8]>) -> Self {
        self.talk.data(from, bytes.as_ref(), self.time, &mut nowhere()).unwrap();
        self
    }

    pub(crate) fn after(mut self, seconds: u64) -> Self {
        self.time += Duration::from_secs(seconds);
        self
    }

    pub(crate) fn ends(mut self, from: Role) -> Self {
        self.time += Duration::from_millis(1);
        self.talk.end(from, self.time, &mut self.writer).unwrap();
        self
    }

    pub(crate) fn resets(mut self, from: Role) -> Self {
        self.time += Duration::from_millis(1);
        self.talk.reset(from, self.time, &mut self.writer).unwrap();
        self
    }

    /// What is told of it, a line each.
    #[track_caller]
    pub(crate) fn tells(self, expected: &[&str]) {
        let told = self.told();
        assert_eq!(told, expected, "\n{}\n", told.join("\n"));
    }

    pub(crate) fn told(self) -> Vec<String> {
        told(self.file())
    }

    pub(crate) fn file(mut self) -> Vec<u8> {
        self.writer.flush().unwrap();
        self.writer.into_inner()
    }
}

const START: Duration = Duration::from_secs(1_800_000_000);

fn nowhere() -> Writer<io::Sink> {
    Writer::new(io::sink(), "").unwrap()
}

fn address(port: u16) -> SocketAddr {
    ([192, 0, 2, 1], port).into()
}

pub(crate) fn told(file: Vec<u8>) -> Vec<String> {
    let mut reader = Reader::new("made", io::Cursor::new(file)).unwrap();
    let mut analyzer = Analyzer::new(Options::default(), Lines(Vec::new()));
    while let Some(item) = reader.next().unwrap() {
        if let Item::Packet(packet) = item {
            analyzer.packet(packet).unwrap();
        }
    }
    analyzer.finish().unwrap().0.0
}

/// Writes what it is told without packets and times.
struct Lines(Vec<String>);

impl Sink for Lines {
    fn wants(&self) -> Wants {
        Wants { frame_payloads: true, messages: true }
    }

    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        let line = match event {
            Event::Opened(it) => {
                let status = it.status.map_or("?".to_owned(), |status| status.to_string());
                let guessed = if it.guessed { " guessed" } else { "" };
                let extensions = it.extensions.as_ref().map_or(String::new(), |used| format!(" {used}"));
                format!("{} opened {} {status}{extensions}{guessed}", it.number, it.url.as_deref().unwrap_or("?"))
            }
            Event::Frame(it) => {
                let fin = if it.head.fin { "" } else { " unfinished" };
                let name = it.head.opcode.name().unwrap_or("reserved");
                let captured =
                    if it.captured == it.head.len { String::new() } else { format!(" of which {}", it.captured) };
                format!("{} {} {name}{fin} {}{captured}", it.connection.number, it.from, it.head.len)
            }
            Event::Message(it) => {
                let what = match (it.payload, it.opaque) {
                    (Some(payload), None) => format!("{:?}", String::from_utf8_lossy(payload)),
                    (None, Some(why)) => format!("opaque: {why}"),
                    both => format!("{both:?}"),
                };
                format!("{} {} says {what}", it.connection.number, it.from)
            }
            Event::RoundTrip(it) => format!("{} {} waited {:?}", it.connection.number, it.from, it.time),
            Event::Violation(it) => format!("{} {} broke {:?}", it.connection.number, it.by, it.rule),
            Event::Note(it) => match &it.kind {
                NoteKind::Lost { count, why, .. } => format!("{count} bytes {why}"),
                NoteKind::Differs { count, .. } => format!("{count} bytes differ"),
                NoteKind::Encrypted { why } => format!("encrypted: {why}"),
                NoteKind::NotRead { what } => format!("not read: {what}"),
            },
            Event::Closed(it) => {
                let code = it.close.as_ref().and_then(|close| close.code);
                let code = code.map_or(String::new(), |code| format!(" {}", code.0));
                format!("{} closed {:?}{code}", it.number, it.ending)
            }
        };
        self.0.push(line);
        Ok(())
    }
}

pub(crate) fn request(offer: Option<&str>) -> String {
    let offer = offer.map_or(String::new(), |offer| format!("Sec-WebSocket-Extensions: {offer}\r\n"));
    format!(
        "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n"
    )
}

pub(crate) fn response(agreed: Option<&str>) -> String {
    let agreed = agreed.map_or(String::new(), |agreed| format!("Sec-WebSocket-Extensions: {agreed}\r\n"));
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n{agreed}\r\n",
        accept_key(KEY)
    )
}

/// A frame; what the client sends is masked with a key that its payload makes.
pub(crate) fn frame(from: Role, head: Head, payload: &[u8]) -> Vec<u8> {
    let mut head = Head { len: payload.len() as u64, form: wire::Form::minimal(payload.len() as u64), ..head };
    let mut bytes = Vec::new();
    let sum = payload.iter().fold(payload.len() as u32, |sum, byte| sum.wrapping_mul(31) ^ u32::from(*byte));
    let key = sum.to_be_bytes();
    if from == Client {
        head.mask = Some(key);
    }
    head.write(&mut bytes);
    let start = bytes.len();
    bytes.extend_from_slice(payload);
    if from == Client {
        wire::mask(&mut bytes[start..], key);
    }
    bytes
}

pub(crate) fn text(from: Role, text: &str) -> Vec<u8> {
    frame(from, Head::new(Opcode::TEXT, 0), text.as_bytes())
}

pub(crate) fn control(from: Role, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    frame(from, Head::new(opcode, 0), payload)
}

pub(crate) fn close(from: Role, code: u16) -> Vec<u8> {
    control(from, Opcode::CLOSE, &code.to_be_bytes())
}

/// What is told of a connection that was opened, used and closed as it should be.
const GOOD: &[&str] = &[
    "0 opened /chat 101",
    "0 client text 5",
    "0 client says \"Hello\"",
    "0 server text 2",
    "0 server says \"Hi\"",
    "0 client close 2",
    "0 server close 2",
    "0 closed Finished(Server) 1000",
];

fn good(capture: Capture) -> Capture {
    capture
        .says(Client, text(Client, "Hello"))
        .says(Server, text(Server, "Hi"))
        .says(Client, close(Client, 1000))
        .says(Server, close(Server, 1000))
        .ends(Server)
        .ends(Client)
}

#[test]
fn a_connection_is_told_from_its_opening_to_its_end() {
    good(Capture::open(None)).tells(GOOD);
}

#[test]
fn an_opening_is_found_however_it_is_cut() {
    good(Capture::new().drips(Client, request(None)).drips(Server, response(None))).tells(GOOD);
}

#[test]
fn frames_may_stand_behind_the_response_in_its_segment() {
    let capture = Capture::new().says(Client, request(None));
    capture.says(Server, [response(None).into_bytes(), text(Server, "Hi")].concat()).ends(Server).tells(&[
        "0 opened /chat 101",
        "0 server text 2",
        "0 server says \"Hi\"",
        "0 server broke ConnectionLost",
        "0 closed Finished(Server)",
    ]);
}

#[test]
fn who_does_not_wait_for_the_response_breaks_a_rule() {
    Capture::new()
        .says(Client, [request(None).into_bytes(), text(Client, "Hello")].concat())
        .says(Server, response(None))
        .tells(&[
            "0 opened /chat 101",
            "0 client broke FrameBeforeOpen",
            "0 client text 5",
            "0 client says \"Hello\"",
            "0 closed Open",
        ]);
}

#[test]
fn an_opening_is_found_after_other_requests() {
    let other = "POST /login HTTP/1.1\r\nHost: example.com\r\nContent-Length: 7\r\n\r\nGET / H";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHTTP/\r\n0\r\n\r\n";
    let capture = Capture::new().says(Client, other).says(Server, "HTTP/1.1 100 Continue\r\n\r\n");
    let capture = capture.says(Server, chunked).says(Client, "HEAD / HTTP/1.1\r\nHost: example.com\r\n\r\n");
    let capture = capture.says(Server, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    good(capture.says(Client, request(None)).says(Server, response(None))).tells(GOOD);
}

#[test]
fn a_refusal_is_told_and_the_next_attempt_too() {
    let refusal = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 3\r\n\r\nno!";
    Capture::new()
        .says(Client, request(None))
        .says(Server, refusal)
        .says(Client, request(None))
        .says(Server, response(None))
        .says(Server, text(Server, "Hi"))
        .tells(&[
            "0 opened /chat 401",
            "0 closed Refused",
            "1 opened /chat 101",
            "1 server text 2",
            "1 server says \"Hi\"",
            "1 closed Open",
        ]);
}

#[test]
fn a_request_without_an_answer_is_told() {
    Capture::new().says(Client, request(None)).tells(&["0 opened /chat ?", "0 closed Open"]);
    Capture::new().says(Client, request(None)).resets(Server).tells(&["0 opened /chat ?", "0 closed Reset(Server)"]);
}

#[test]
fn faults_of_the_opening_are_told_of_whoever_made_them() {
    let capture = Capture::new().says(Client, request(None).replace(KEY, "short"));
    capture.says(Server, response(None).replace("Upgrade: websocket\r\n", "Upgrade: h2c, websocket\r\n")).tells(&[
        "0 opened /chat 101",
        "0 client broke RequestKeyInvalid",
        "0 server broke ResponseUpgrade",
        "0 server broke ResponseAcceptWrong",
        "0 server broke ResponseNotRefused",
        "0 closed Open",
    ]);
    let malformed = request(None).replace("Host: ", "Host : ");
    Capture::new().says(Client, malformed).says(Server, "HTTP/1.1 400 Bad Request\r\n\r\n").tells(&[
        "0 opened /chat ?",
        "0 client broke HeaderMalformed",
        "0 closed Refused",
    ]);
}

#[test]
fn what_is_not_websocket_is_not_told() {
    Capture::new().says(Client, "SSH-2.0-client\r\n").says(Server, "SSH-2.0-server\r\n").tells(&[]);
    Capture::new().says(Client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").says(Server, "HTTP/1.1 200 OK\r\n\r\n").tells(&[]);
    Capture::new().says(Client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").tells(&["not read: HTTP/2"]);
    let noise: Vec<u8> = (0_u32..3000).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    Capture::late().says(Client, &noise[..1400]).says(Server, &noise[1400..]).tells(&[]);
}

#[test]
fn a_websocket_inside_a_tunnel_is_found() {
    let capture = Capture::new().says(Client, "CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\r\n");
    let capture = capture.says(Server, "HTTP/1.1 200 Connection established\r\n\r\n");
    good(capture.says(Client, request(None)).says(Server, response(None))).tells(GOOD);
}

#[test]
fn tunnels_in_tunnels_end_somewhere() {
    let asks = "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3000);
    let answers = "HTTP/1.1 200 OK\r\n\r\n".repeat(3000);
    Capture::new().says(Client, &asks[..60_000]).says(Client, &asks[60_000..]).says(Server, answers).tells(&[]);
    Capture::new().says(Client, "PROXY \n".repeat(8000)).tells(&[]);
}

#[test]
fn the_body_of_an_attempt_is_no_request_and_no_frame() {
    let body = request(None).replace("\r\n\r\n", "\r\nContent-Length: 4\r\n\r\nabcd");
    let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
    Capture::new()
        .says(Client, body)
        .says(Server, refusal)
        .says(Client, request(None))
        .says(Server, response(None))
        .tells(&[
            "0 opened /chat 401",
            "0 client broke RequestBody",
            "0 closed Refused",
            "1 opened /chat 101",
            "1 closed Open",
        ]);
}

#[test]
fn what_only_looks_like_frames_from_the_middle_is_none() {
    // Lengths before everything, in two and in four bytes.
    for width in [2, 4] {
        let mut capture = Capture::late();
        for index in 0..60_usize {
            let from = if index % 2 == 0 { Client } else { Server };
            let record = vec![b'a'; 20 + index % 7];
            let length = (record.len() as u32).to_be_bytes();
            capture = capture.says(from, [&length[4 - width..], &record].concat());
        }
        capture.tells(&[]);
    }
    let zeros = (0..50).fold(Capture::late(), |capture, _| capture.says(Server, [0; 1400]));
    zeros.tells(&[]);
}

#[test]
fn a_load_balancer_may_say_first_for_whom_it_speaks() {
    let header = "PROXY TCP4 198.51.100.7 192.0.2.1 5000 8080\r\n";
    good(Capture::new().says(Client, header).says(Client, request(None)).says(Server, response(None))).tells(GOOD);
    let binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x07\xc0\0\x02\x01\x13\x88\x1f\x90";
    let first = [binary, request(None).as_bytes()].concat();
    good(Capture::new().says(Client, first).says(Server, response(None))).tells(GOOD);
}

#[test]
fn one_direction_is_enough() {
    let capture = Capture::new().says(Client, request(None)).misses(Server, response(None));
    capture.says(Client, text(Client, "Hello")).says(Client, close(Client, 1000)).tells(&[
        "129 bytes not captured",
        "0 opened /chat ? guessed",
        "0 client text 5",
        "0 client says \"Hello\"",
        "0 client close 2",
        "0 closed Open 1000",
    ]);
    let capture = Capture::new().misses(Client, request(None)).says(Server, response(None));
    capture.says(Server, text(Server, "Hi")).tells(&[
        "0 opened ? 101",
        "0 server text 2",
        "0 server says \"Hi\"",
        "154 bytes not captured",
        "0 closed Open",
    ]);
}

#[test]
fn a_capture_that_begins_in_the_middle_is_guessed() {
    let capture = Capture::late().says(Client, &text(Client, "the beginning is missing")[10..]);
    let capture = capture.says(Server, text(Server, "Hi")).says(Client, text(Client, "Hello"));
    capture.says(Server, text(Server, "Bye")).tells(&[
        "0 opened ? ? guessed",
        "0 client text 5",
        "0 client says \"Hello\"",
        "0 server text 2",
        "0 server says \"Hi\"",
        "0 server text 3",
        "0 server says \"Bye\"",
        "0 closed Open",
    ]);
}

#[test]
fn faults_of_frames_are_told_with_their_frames() {
    let capture = Capture::open(None).says(Client, text(Server, "bare")).says(Server, b"\xc1\x02\xff\xfe");
    capture.says(Server, close(Server, 1005)).tells(&[
        "0 opened /chat 101",
        "0 client text 4",
        "0 client broke Unmasked",
        "0 client says \"bare\"",
        "0 server text 2",
        "0 server broke ReservedBit",
        "0 server broke InvalidUtf8",
        "0 server says \"\u{fffd}\u{fffd}\"",
        "0 server close 2",
        "0 server broke CloseCodeReserved",
        "0 closed Open 1005",
    ]);
}

#[test]
fn a_pong_is_matched_with_its_ping() {
    let capture = Capture::open(None).says(Server, control(Server, Opcode::PING, b"1"));
    let capture = capture.after(2).says(Client, control(Client, Opcode::PONG, b"1"));
    capture.says(Client, control(Client, Opcode::PONG, b"unasked")).tells(&[
        "0 opened /chat 101",
        "0 server ping 1",
        "0 client pong 1",
        "0 server waited 2.001s",
        "0 client pong 7",
        "0 closed Open",
    ]);
}

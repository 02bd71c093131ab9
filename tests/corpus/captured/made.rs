//! Conversations that were captured, and the cases that they become.

use std::io::Cursor;
use std::time::Duration;

use wslab::capture::source::{Item, Reader, Source as _};
use wslab::capture::{Analyzer, Conversation, Options, Sink, Writer};
use wslab::conform::{Captured, NoCase};
use wslab::proto::Role;

use crate::support::frame::Frame;

/// 2026-11-22T07:00:00Z.
const BEGIN: Duration = Duration::from_secs(1_795_330_800);

/// A conversation of which a packet was captured each millisecond, unless time passes.
pub(super) struct Talk {
    file: Vec<u8>,
    conversation: Conversation,
    time: Duration,
    frames: u32,
}

impl Talk {
    /// A TCP connection on which nothing was said.
    pub(super) fn silent() -> Self {
        let mut file = Vec::new();
        let (client, server) = ("10.0.0.1:50312".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
        let mut out = Writer::new(&mut file, "tests").unwrap();
        let conversation = Conversation::open(client, server, BEGIN, "", &mut out).unwrap();
        Self { file, conversation, time: BEGIN, frames: 0 }
    }

    /// A WebSocket that was asked for with these headers too, and agreed to with those.
    pub(super) fn with(target: &str, asked: &str, agreed: &str) -> Self {
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{asked}\r\n"
        );
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{agreed}\r\n"
        );
        Self::silent().raw(Role::Client, request).raw(Role::Server, response)
    }

    /// A WebSocket.
    pub(super) fn open() -> Self {
        Self::with("/chat?room=1&token=hunter2", "", "")
    }

    /// A WebSocket with compression on these terms.
    pub(super) fn deflating(terms: &str) -> Self {
        let header = format!("Sec-WebSocket-Extensions: permessage-deflate{terms}\r\n");
        Self::with("/", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n", &header)
    }

    /// Something happens, in packets that follow those before.
    fn deed(mut self, deed: impl FnOnce(&mut Conversation, Duration, &mut Writer<&mut Vec<u8>>)) -> Self {
        self.time += Duration::from_millis(1);
        let mut more = Vec::new();
        let mut out = Writer::new(&mut more, "tests").unwrap();
        deed(&mut self.conversation, self.time, &mut out);
        // A section more is a capture still.
        self.file.extend(more);
        self
    }

    pub(super) fn raw(self, from: Role, bytes: impl AsRef<[u8]>) -> Self {
        self.deed(|talk, time, out| talk.data(from, bytes.as_ref(), time, out).unwrap())
    }

    /// A frame, masked with a key that is another one each time.
    pub(super) fn client(mut self, frame: &Frame) -> Self {
        self.frames += 1;
        let key = self.frames.wrapping_mul(0x9e37_79b9).to_be_bytes();
        self.raw(Role::Client, frame.encode(Role::Client, key))
    }

    pub(super) fn server(self, frame: &Frame) -> Self {
        self.raw(Role::Server, frame.encode(Role::Server, [1, 2, 3, 4]))
    }

    /// These packets, counted from 1, were not captured.
    pub(super) fn without(mut self, packets: std::ops::RangeInclusive<u64>) -> Self {
        let mut left = Vec::new();
        let mut out = Writer::new(&mut left, "tests").unwrap();
        let mut source = Reader::new("talk.pcapng", Cursor::new(std::mem::take(&mut self.file))).unwrap();
        while let Some(item) = source.next().unwrap() {
            match item {
                Item::Packet(packet) if !packets.contains(&packet.place.packet) => out.captured(&packet, None).unwrap(),
                _ => {}
            }
        }
        self.file = left;
        self
    }

    /// Nothing happens for so long.
    pub(super) fn after(mut self, time: Duration) -> Self {
        self.time += time;
        self
    }

    pub(super) fn ends(self, from: Role) -> Self {
        self.deed(|talk, time, out| talk.end(from, time, out).unwrap())
    }

    pub(super) fn resets(self, from: Role) -> Self {
        self.deed(|talk, time, out| talk.reset(from, time, out).unwrap())
    }

    /// Both ends end TCP, the server first.
    pub(super) fn over(self) -> Self {
        self.ends(Role::Server).ends(Role::Client)
    }

    /// The case that it becomes.
    pub(super) fn case(&self) -> Result<String, NoCase> {
        captured(&self.file, 0).case_file("talk.pcapng")
    }

    /// The connection of this number.
    pub(super) fn case_of(&self, number: u64) -> Result<String, NoCase> {
        captured(&self.file, number).case_file("talk.pcapng")
    }
}

/// What was captured of a connection of a file.
pub(super) fn captured(file: &[u8], number: u64) -> Captured {
    analysed(file, Captured::new(number))
}

pub(super) fn analysed<S: Sink>(file: &[u8], sink: S) -> S {
    let mut analyzer = Analyzer::new(Options::default(), sink);
    let mut source = Reader::new("talk.pcapng", Cursor::new(file.to_vec())).unwrap();
    while let Some(item) = source.next().unwrap() {
        if let Item::Packet(packet) = item {
            analyzer.packet(packet).unwrap();
        }
    }
    analyzer.finish().unwrap().0
}

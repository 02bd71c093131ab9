//! One connection from its SYN to its last ACK, a packet at a time.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compress, Compression, FlushCompress};
use sha1::{Digest as _, Sha1};

use super::counts::Counts;
use super::dice::Dice;
use super::packet::{Host, MSS, Segment, Writer, flag};
use super::text::Stock;

/// What kind of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Messages of 20 bytes to 64 KiB, evenly spread by their logarithm
    Mixed,
    /// Messages of 20 to 200 bytes
    Small,
}

impl Kind {
    /// How it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::Small => "small",
        }
    }

    fn size(self, dice: &mut Dice) -> usize {
        match self {
            Self::Mixed => dice.log_uniform(20, Stock::LONGEST),
            Self::Small => 20 + dice.below(181),
        }
    }
}

/// Opcodes (RFC 6455, section 5.2).
mod opcode {
    pub(super) const CONTINUATION: u8 = 0;
    pub(super) const TEXT: u8 = 1;
    pub(super) const BINARY: u8 = 2;
    pub(super) const CLOSE: u8 = 8;
    pub(super) const PING: u8 = 9;
    pub(super) const PONG: u8 = 10;
}

/// An end of the connection, as index.
type Side = usize;
const CLIENT: Side = 0;
const SERVER: Side = 1;

struct End {
    host: Host,
    sequence: u32,
    /// Segments of the other end that it has not acknowledged.
    owed: u32,
    /// Of permessage-deflate, with context takeover.
    deflate: Option<Compress>,
}

/// What comes next, once what is being sent has gone out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Syn,
    SynAck,
    Ack,
    Request,
    Response,
    Talk,
    Pong(Side),
    CloseAnswer(Side),
    ServerFin,
    ClientFin,
    LastAck,
    Over,
}

/// A connection.
pub struct Line {
    kind: Kind,
    ends: [End; 2],
    stage: Stage,
    key: String,
    /// Who is sending, what, and how much of it went out.
    sending: (Side, Vec<u8>, usize),
    closing: bool,
    messages: u64,
    /// The message at hand, and as it is sent.
    message: Vec<u8>,
    squeezed: Vec<u8>,
}

impl Line {
    /// The connection of that number. It is compressed if `compressed`.
    pub fn new(number: usize, kind: Kind, compressed: bool, dice: &mut Dice) -> Self {
        let client = Host {
            address: [10, 0, (number / 250) as u8, (number % 250) as u8 + 1],
            port: 32_768 + dice.below(28_000) as u16,
        };
        let server = Host { address: [192, 168, 7, 10], port: 8080 };
        let mut end = |host| End {
            host,
            sequence: dice.number() as u32,
            owed: 0,
            deflate: compressed.then(|| Compress::new(Compression::new(6), false)),
        };
        let ends = [end(client), end(server)];
        let mut nonce = Vec::new();
        dice.bytes(16, &mut nonce);
        Self {
            kind,
            ends,
            stage: Stage::Syn,
            key: STANDARD.encode(nonce),
            sending: (CLIENT, Vec::new(), 0),
            closing: false,
            messages: 0,
            message: Vec::new(),
            squeezed: Vec::new(),
        }
    }

    /// From now on it ends.
    pub const fn close(&mut self) {
        self.closing = true;
    }

    /// How many messages were said on it.
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// Whether all of it was written.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// Writes its next packet, and an acknowledgement if one is due.
    pub fn step<W: Write>(
        &mut self,
        dice: &mut Dice,
        stock: &Stock,
        to: &mut Writer<W>,
        counts: &mut Counts,
    ) -> io::Result<()> {
        if self.sending.2 == self.sending.1.len() {
            self.sending.1.clear();
            self.sending.2 = 0;
            self.proceed(dice, stock, to, counts)?;
        }
        let (from, ref bytes, at) = self.sending;
        if at == bytes.len() {
            return Ok(());
        }
        let end = bytes.len().min(at + MSS);
        let last = if end == bytes.len() { flag::PSH } else { 0 };
        let payload = std::mem::take(&mut self.sending.1);
        self.packet(from, flag::ACK | last, &payload[at..end], to, dice)?;
        self.sending.1 = payload;
        self.sending.2 = end;
        let other = &mut self.ends[1 - from];
        other.owed += 1;
        if other.owed == 2 {
            self.packet(1 - from, flag::ACK, &[], to, dice)?;
        }
        Ok(())
    }

    /// The next stage: a packet without payload is written, and what has payload is made ready.
    fn proceed<W: Write>(
        &mut self,
        dice: &mut Dice,
        stock: &Stock,
        to: &mut Writer<W>,
        counts: &mut Counts,
    ) -> io::Result<()> {
        self.stage = match self.stage {
            Stage::Syn => {
                self.packet(CLIENT, flag::SYN, &[], to, dice)?;
                Stage::SynAck
            }
            Stage::SynAck => {
                self.packet(SERVER, flag::SYN | flag::ACK, &[], to, dice)?;
                Stage::Ack
            }
            Stage::Ack => {
                self.packet(CLIENT, flag::ACK, &[], to, dice)?;
                Stage::Request
            }
            Stage::Request => {
                self.request();
                Stage::Response
            }
            Stage::Response => {
                self.response();
                counts.connections += 1;
                Stage::Talk
            }
            Stage::Talk if self.closing => {
                let by = if dice.once_in(3) { SERVER } else { CLIENT };
                let body: &[u8] = if by == CLIENT { b"\x03\xe8done" } else { b"\x03\xe9going away" };
                self.control(by, opcode::CLOSE, body, dice, counts);
                Stage::CloseAnswer(1 - by)
            }
            Stage::Talk if dice.once_in(100) => {
                let by = dice.below(2);
                self.control(by, opcode::PING, b"are you there?", dice, counts);
                Stage::Pong(1 - by)
            }
            Stage::Talk => {
                // Servers say a little more.
                let from = if dice.below(5) < 3 { SERVER } else { CLIENT };
                self.sending.0 = from;
                // A message mostly has segments of its own, as with TCP_NODELAY; now and then some share them.
                let at_once = if dice.once_in(4) { 2 + dice.below(3) } else { 1 };
                for _ in 0..at_once {
                    self.say(from, dice, stock, counts);
                }
                Stage::Talk
            }
            Stage::Pong(by) => {
                self.control(by, opcode::PONG, b"are you there?", dice, counts);
                Stage::Talk
            }
            Stage::CloseAnswer(by) => {
                let body: &[u8] = if by == CLIENT { b"\x03\xe9" } else { b"\x03\xe8" };
                self.control(by, opcode::CLOSE, body, dice, counts);
                Stage::ServerFin
            }
            Stage::ServerFin => {
                self.packet(SERVER, flag::FIN | flag::ACK, &[], to, dice)?;
                Stage::ClientFin
            }
            Stage::ClientFin => {
                self.packet(CLIENT, flag::FIN | flag::ACK, &[], to, dice)?;
                Stage::LastAck
            }
            Stage::LastAck => {
                self.packet(SERVER, flag::ACK, &[], to, dice)?;
                Stage::Over
            }
            Stage::Over => Stage::Over,
        };
        Ok(())
    }

    fn packet<W: Write>(
        &mut self,
        from: Side,
        flags: u8,
        payload: &[u8],
        to: &mut Writer<W>,
        dice: &mut Dice,
    ) -> io::Result<()> {
        let (sender, receiver) = (&self.ends[from], &self.ends[1 - from]);
        let acknowledged = if flags & flag::ACK == 0 { 0 } else { receiver.sequence };
        let segment =
            Segment { from: sender.host, to: receiver.host, sequence: sender.sequence, acknowledged, flags, payload };
        to.segment(&segment, dice.below(20_000) as u64)?;
        let sender = &mut self.ends[from];
        let counted = u32::from(flags & (flag::SYN | flag::FIN) != 0);
        sender.sequence = sender.sequence.wrapping_add(payload.len() as u32 + counted);
        sender.owed = 0;
        Ok(())
    }

    fn request(&mut self) {
        let offer = if self.ends[CLIENT].deflate.is_some() {
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        } else {
            ""
        };
        self.sending.0 = CLIENT;
        self.sending.1.extend_from_slice(
            format!(
                "GET /feed HTTP/1.1\r\nHost: feed.example:8080\r\nUser-Agent: wslab-bench\r\nUpgrade: websocket\r\n\
                 Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n{offer}\r\n",
                self.key
            )
            .as_bytes(),
        );
    }

    fn response(&mut self) {
        let agreed =
            if self.ends[CLIENT].deflate.is_some() { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
        let digest =
            Sha1::new().chain_update(&self.key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
        self.sending.0 = SERVER;
        self.sending.1.extend_from_slice(
            format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {}\r\n{agreed}\r\n",
                STANDARD.encode(digest)
            )
            .as_bytes(),
        );
    }

    fn control(&mut self, from: Side, opcode: u8, body: &[u8], dice: &mut Dice, counts: &mut Counts) {
        self.sending.0 = from;
        counts.control += 1;
        frame(&mut self.sending.1, 0x80 | opcode, body, from, dice, counts);
    }

    /// A message: compressed where that was agreed, else sometimes binary and now and then in fragments.
    fn say(&mut self, from: Side, dice: &mut Dice, stock: &Stock, counts: &mut Counts) {
        let size = self.kind.size(dice);
        counts.messages += 1;
        self.messages += 1;
        counts.message_bytes += size as u64;
        if let Some(deflate) = &mut self.ends[from].deflate {
            stock.cut(dice, size, &mut self.message);
            squeeze(deflate, &self.message, &mut self.squeezed);
            counts.compressed += 1;
            frame(&mut self.sending.1, 0xc0 | opcode::TEXT, &self.squeezed, from, dice, counts);
            return;
        }
        let mut opcode = opcode::TEXT;
        if dice.once_in(4) {
            self.message.clear();
            dice.bytes(size, &mut self.message);
            opcode = opcode::BINARY;
        } else {
            stock.cut(dice, size, &mut self.message);
        }
        let fragments = if dice.once_in(50) { 2 + dice.below(3) } else { 1 };
        let pieces = self.message.chunks(size.div_ceil(fragments));
        let last = pieces.len() - 1;
        for (index, piece) in pieces.enumerate() {
            let fin = if index == last { 0x80 } else { 0 };
            frame(&mut self.sending.1, fin | opcode, piece, from, dice, counts);
            opcode = opcode::CONTINUATION;
        }
    }
}

/// Appends a frame (RFC 6455, section 5.2), masked if the client sends it.
fn frame(out: &mut Vec<u8>, first: u8, payload: &[u8], from: Side, dice: &mut Dice, counts: &mut Counts) {
    counts.frames += 1;
    counts.payload_bytes += payload.len() as u64;
    let masked = if from == CLIENT { 0x80 } else { 0 };
    out.push(first);
    match payload.len() {
        size @ ..126 => out.push(masked | size as u8),
        size @ ..65_536 => {
            out.push(masked | 126);
            out.extend_from_slice(&(size as u16).to_be_bytes());
        }
        size => {
            out.push(masked | 127);
            out.extend_from_slice(&(size as u64).to_be_bytes());
        }
    }
    if from == SERVER {
        out.extend_from_slice(payload);
        return;
    }
    let key = dice.key();
    out.extend_from_slice(&key);
    let begin = out.len();
    out.extend_from_slice(payload);
    for (byte, key) in out[begin..].iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

/// Replaces `out` by the compressed `message` (RFC 7692, section 7.2.1).
fn squeeze(deflate: &mut Compress, message: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let begun = deflate.total_in();
    loop {
        out.reserve(message.len() / 2 + 64);
        let taken = (deflate.total_in() - begun) as usize;
        // A stream that goes on does not fail.
        let done = deflate.compress_vec(&message[taken..], out, FlushCompress::Sync).is_err();
        let all = (deflate.total_in() - begun) as usize == message.len();
        if done || all && out.len() < out.capacity() {
            break;
        }
    }
    // The empty block at the end is left out.
    out.truncate(out.len() - 4);
}

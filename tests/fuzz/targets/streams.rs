//! Any bytes and gaps of both ends, behind an opening with or without compression, or behind none, or without the
//! beginning of the connection.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wslab::capture::{Analyzer, End};
use wslab_fuzz::{Act, Acts, Everything, Line, OPTIONS, TcpFlags, segment};

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
const DEFLATE: &str = "Sec-WebSocket-Extensions: permessage-deflate";
const PARAMETERS: [&str; 4] = [
    "",
    "; server_no_context_takeover; client_no_context_takeover",
    "; client_max_window_bits=9; server_max_window_bits=9",
    "; client_no_context_takeover; server_max_window_bits=12",
];

/// A connection.
struct Talk {
    analyzer: Analyzer<Everything>,
    line: Line,
    next: [u32; 2],
}

impl Talk {
    fn send(&mut self, from: End, flags: TcpFlags, payload: &[u8]) {
        let place = self.line.place();
        let ports = if from == End::First { [5000, 80] } else { [80, 5000] };
        let packet = segment(ports, self.next[from.index()], self.next[from.other().index()], flags, payload);
        self.skip(from, payload.len() as u32);
        self.line.packet(packet, place, &mut self.analyzer);
    }

    fn skip(&mut self, from: End, count: u32) {
        let next = &mut self.next[from.index()];
        *next = next.wrapping_add(count);
    }

    fn says(&mut self, from: End, bytes: &[u8]) {
        bytes.chunks(65_000).for_each(|bytes| self.send(from, TcpFlags::ACK, bytes));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut acts = Acts(bytes);
    let how = acts.byte();
    let analyzer = Analyzer::new(OPTIONS, Everything::new(how.into()));
    let mut talk = Talk { analyzer, line: Line::default(), next: [u32::MAX - 300, 1] };
    if how & 1 == 0 {
        talk.send(End::First, TcpFlags::SYN, b"");
        talk.skip(End::First, 1);
        talk.send(End::Second, TcpFlags::SYN.and(TcpFlags::ACK), b"");
        talk.skip(End::Second, 1);
    }
    let parameters = PARAMETERS[usize::from(how >> 3) % PARAMETERS.len()];
    let extensions = if how & 4 == 0 { String::new() } else { format!("{DEFLATE}{parameters}\r\n") };
    if how & 2 == 0 {
        talk.says(End::First, format!("{REQUEST}{extensions}\r\n").as_bytes());
        talk.says(End::Second, format!("{RESPONSE}{extensions}\r\n").as_bytes());
    }
    for act in acts {
        match act {
            Act::Says(from, bytes) => talk.says(from, bytes),
            Act::Loses(from, count) => talk.skip(from, count as u32),
            Act::Ends(from) => {
                talk.send(from, TcpFlags::FIN.and(TcpFlags::ACK), b"");
                talk.skip(from, 1);
            }
            Act::Resets(from) => talk.send(from, TcpFlags::RST, b""),
            Act::Other(time) => talk.line.wait(time as i8 * 8),
        }
    }
    talk.analyzer.finish().expect("nowhere can always be written to").0.finish();
});

//! What a case sends, as a tree of words and bytes.

use std::time::Duration;

use crate::conform::compressor::Compressor;
use crate::conform::outgoing::Outgoing;
use crate::conform::{Await, Case, Frame, Handshake, Mask, Payload, Step};
use crate::proto::Role;
use crate::proto::deflate::Direction;
use crate::proto::opening::{Ask, accept_key, judge_request, name};
use crate::watch::{Content, Item};
use crate::wire::http::{Request, Response};
use crate::wire::{Form, Head, mask};

/// All that a case sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// Which end the tester is.
    pub role: Role,
    /// The steps.
    pub steps: Vec<Spelled>,
    /// Whether [`Spelling::KEY`] stands for keys that are random.
    pub random: bool,
}

/// A step, or a frame of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spelled {
    /// What it is.
    pub words: String,
    /// Its bytes, in order.
    pub parts: Vec<Part>,
    /// What it consists of, if that is other steps.
    pub steps: Vec<Self>,
}

/// The most lines of a head that are spelled out, and the most bytes of one.
const LINES: usize = 24;
const LINE: usize = 200;

/// A line of a head, as far as it can be taken in.
fn quoted(line: &[u8]) -> String {
    let (seen, dots) = if line.len() > LINE { (&line[..LINE], "…") } else { (line, "") };
    format!("\"{}\"{dots}", seen.escape_ascii())
}

/// Some bytes that mean something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The bytes, or their beginning.
    pub bytes: Vec<u8>,
    /// How many more there are.
    pub more: u64,
    /// What they mean.
    pub meaning: String,
}

impl Spelling {
    /// The most bytes that are spelled out of a payload.
    pub const START: usize = 48;
    /// The most frames that are spelled out of a message.
    pub const FRAMES: usize = 4;
    /// The key that stands for a random one: that of the example in RFC 6455, section 5.7.
    pub const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
}

impl Case {
    /// What the tester sends as `role`.
    pub fn spelled(&self, role: Role) -> Spelling {
        let opening = self.opening.as_ref().map(|opening| spelled_opening(opening, role));
        let steps = opening.into_iter().chain(spell(&self.send, role)).collect();
        Spelling { role, steps, random: has_random_key(&self.send, role) }
    }
}

/// What is said in the opening handshake, with the names and the key of the example in RFC 6455, section 1.2.
fn spelled_opening(opening: &Handshake, role: Role) -> Spelled {
    let ask = Ask::new("server.example.com", "/chat", *b"the sample nonce");
    // Nothing in these words is wrong.
    let plain = ask.request().unwrap_or_else(|_| Request::get("/chat"));
    let said = match role {
        Role::Client => opening.request(&plain),
        Role::Server => {
            let asked = judge_request(&plain);
            let mut answer = Response::new(101);
            answer.headers.push("Upgrade", "websocket");
            answer.headers.push("Connection", "Upgrade");
            answer.headers.push(name::ACCEPT, accept_key(asked.key.as_deref().unwrap_or_default()));
            opening.response(&answer, &asked)
        }
    };
    let what = match role {
        Role::Client => "the request of the opening handshake",
        Role::Server => "the response of the opening handshake",
    };
    let pieces = chopped(opening.chop);
    let (head, behind) = said.bytes.split_at(said.head);
    let lines = head.split_inclusive(|&byte| byte == b'\n').take(LINES + 1);
    let mut steps: Vec<Spelled> = lines.map(|line| Spelled { words: quoted(line), ..Spelled::default() }).collect();
    if steps.len() > LINES {
        let more = head.iter().filter(|&&byte| byte == b'\n').count() - LINES;
        steps[LINES].words = format!("… and {more} more lines");
    }
    if !behind.is_empty() {
        let parts = vec![part(&Payload::Bytes(behind.to_vec().into()), "in the same write")];
        steps.push(Spelled { parts, words: count(behind.len()), ..Spelled::default() });
    }
    Spelled { words: format!("{what}{pieces}"), steps, ..Spelled::default() }
}

fn spell(steps: &[Step], role: Role) -> Vec<Spelled> {
    steps.iter().flat_map(|step| one(step, role)).collect()
}

fn one(step: &Step, role: Role) -> Vec<Spelled> {
    let words = |words: String| Spelled { words, ..Spelled::default() };
    vec![match step {
        Step::Frame(message) if message.compressed => return compressed(message, role),
        Step::Frame(message) => return frames(message, message.payload.clone(), role),
        Step::More(payload) => Spelled {
            parts: vec![part(payload, "before it is masked")],
            ..words(format!("more payload of that frame, {}", content(payload)))
        },
        Step::Raw { bytes, chop } => Spelled {
            parts: vec![part(bytes, "as they are")],
            ..words(format!("{}{}", count(bytes.len()), chopped(*chop)))
        },
        Step::Wait { time, tag } => {
            let tag = tag.as_ref().map(|tag| format!(", noted as {tag}")).unwrap_or_default();
            words(format!("a pause of {}{tag}", humantime::format_duration(*time)))
        }
        Step::Await(Await::Message) => words("nothing until a message has come".to_owned()),
        Step::Await(Await::Pong) => words("nothing until a pong has come".to_owned()),
        Step::Repeat { times, steps } => Spelled { steps: spell(steps, role), ..words(format!("{times} times:")) },
        Step::Unread(time) => words(format!("from here on nothing is read for {}", humantime::format_duration(*time))),
        Step::HalfClose => words("the end of our direction of TCP".to_owned()),
        Step::Reset => words("a reset of TCP".to_owned()),
    }]
}

/// A message that is compressed, as the first of a connection on which nothing was limited.
fn compressed(message: &Frame, role: Role) -> Vec<Spelled> {
    let content = content(&message.payload);
    let unlimited = Direction { context_takeover: true, window_bits: 15 };
    let Some(bytes) = Compressor::new(unlimited).compress(&message.payload, 0) else { return Vec::new() };
    let shape = Frame { rsv: message.rsv | Head::RSV1, ..message.clone() };
    let words = format!("{} {content}, compressed:", message.opcode);
    vec![Spelled { words, parts: Vec::new(), steps: frames(&shape, Payload::Bytes(bytes), role) }]
}

/// The first frames of a message, and how many more there are.
fn frames(message: &Frame, payload: Payload, role: Role) -> Vec<Spelled> {
    let mut key = || Spelling::KEY;
    let mut outgoing = Outgoing::frame(message, payload, role, &mut key);
    let (mut frames, mut more) = (Vec::new(), 0_u64);
    let mut bytes = Vec::new();
    while !outgoing.is_done() {
        bytes.clear();
        outgoing.fill(&mut bytes, usize::MAX >> 1, true, &mut key);
        let Some((head, size)) = Head::parse(&bytes) else { break };
        if frames.len() == Spelling::FRAMES {
            more += 1;
            continue;
        }
        frames.push(frame(message, &head, &bytes[..size], &bytes[size..]));
    }
    if more > 0 {
        frames.push(Spelled { words: format!("… and {more} more frames"), ..Spelled::default() });
    }
    frames
}

fn frame(message: &Frame, head: &Head, head_bytes: &[u8], payload: &[u8]) -> Spelled {
    let start = payload[..payload.len().min(Spelling::START)].to_vec();
    let mut plain = start.clone();
    if let Some(key) = head.mask {
        mask(&mut plain, key);
    }
    let item = Item::Frame { head: *head, start: plain, len: payload.len() as u64 };
    let pause = |pause: Duration| format!(", then a pause of {}", humantime::format_duration(pause));
    let pause = message.pause.map(pause).unwrap_or_default();
    let mut parts = head_parts(head, head_bytes);
    if !start.is_empty() {
        let more = (payload.len() - start.len()) as u64;
        let meaning = if head.mask.is_some() { "payload, masked" } else { "payload" };
        parts.push(Part { bytes: start, more, meaning: meaning.to_owned() });
    }
    Spelled { words: format!("{item}{}{pause}", chopped(message.chop)), parts, steps: Vec::new() }
}

/// The fields of a head (RFC 6455, section 5.2), each with its bytes.
fn head_parts(head: &Head, bytes: &[u8]) -> Vec<Part> {
    let &Head { fin, rsv, opcode, mask, len, form } = head;
    let part = |bytes: &[u8], meaning: String| Part { bytes: bytes.to_vec(), more: 0, meaning };
    let told = match form {
        Form::Bits7 => format!("length {len}"),
        Form::Bits16 => "length in the next 2 bytes".to_owned(),
        Form::Bits64 => "length in the next 8 bytes".to_owned(),
    };
    let end = bytes.len() - if mask.is_some() { 4 } else { 0 };
    let mut parts = vec![
        part(&bytes[..1], format!("FIN {}, RSV {rsv:03b}, opcode {}: {opcode}", u8::from(fin), opcode.0)),
        part(&bytes[1..2], format!("MASK {}, {told}", u8::from(mask.is_some()))),
    ];
    if end > 2 {
        let longer = if form == Form::minimal(len) { "" } else { ", in a longer form than it needs" };
        parts.push(part(&bytes[2..end], format!("length {len}{longer}")));
    }
    if mask.is_some() {
        parts.push(part(&bytes[end..], "masking key".to_owned()));
    }
    parts
}

fn has_random_key(steps: &[Step], role: Role) -> bool {
    steps.iter().any(|step| match step {
        Step::Frame(frame) => match frame.mask {
            Mask::ByRole => role == Role::Client,
            Mask::Random => true,
            Mask::Off | Mask::Key(_) => false,
        },
        Step::Repeat { steps, .. } => has_random_key(steps, role),
        _ => false,
    })
}

fn content(payload: &Payload) -> Content {
    Content::beginning(payload.len() as u64, part(payload, "").bytes)
}

fn part(payload: &Payload, meaning: &str) -> Part {
    let mut bytes = vec![0; Spelling::START];
    let size = payload.copy_to(0, &mut bytes);
    bytes.truncate(size);
    Part { bytes, more: (payload.len() - size) as u64, meaning: meaning.to_owned() }
}

fn count(bytes: usize) -> String {
    format!("{bytes} byte{}", if bytes == 1 { "" } else { "s" })
}

fn chopped(chop: Option<usize>) -> String {
    chop.map(|size| format!(", written in pieces of {}", count(size))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::conform::Fragments;
    use crate::wire::Opcode;

    fn bytes(spelled: &Spelled) -> Vec<u8> {
        spelled.parts.iter().flat_map(|part| part.bytes.clone()).collect()
    }

    #[test]
    fn a_message_is_spelled_as_its_first_frames() {
        let payload = Payload::Fill { pattern: "ab".into(), len: 13 };
        let cut = Some(Fragments { size: 2, empty_last: false });
        let message = Frame { fragments: cut, ..Frame::new(Opcode::TEXT, payload) };
        let spelled = one(&Step::Frame(message), Role::Server);
        assert_eq!(bytes(&spelled[0]), hex!("01 02 6162"));
        assert_eq!(bytes(&spelled[1]), hex!("00 02 6162"));
        assert_eq!((spelled.len(), spelled[4].words.as_str()), (5, "… and 3 more frames"));
    }

    #[test]
    fn of_a_large_payload_the_beginning_is_spelled() {
        let payload = Payload::Fill { pattern: "x".into(), len: 70_000 };
        let spelled = one(&Step::Frame(Frame::new(Opcode::BINARY, payload)), Role::Client);
        let [frame] = spelled.as_slice() else { panic!("one frame, not {spelled:?}") };
        assert!(bytes(frame).starts_with(&hex!("82 ff 0000000000011170 37fa213d")));
        let last = frame.parts.last().expect("a payload");
        assert_eq!((last.bytes.len(), last.more), (Spelling::START, 70_000 - Spelling::START as u64));
    }
}

//! An opening handshake that differs from a plain one: what we say in it, byte by byte.
//!
//! Everything begins with the plain head, a request or a response, and changes it as the case says. What comes of that
//! may break any rule, and need not be HTTP.

use std::time::Duration;

use bytes::Bytes;

use crate::conform::{Case, Payload};
use crate::proto::deflate::{self, NAME};
use crate::proto::opening::{Asked, Extension, accept_key, name};
use crate::wire::http::{Headers, Request, Response};

/// How what we say differs from a plain head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// The first line in the place of the plain one.
    pub line: Option<String>,
    /// Headers in the place of the plain ones of these names, or behind them; a line for each value.
    pub set: Vec<(String, Vec<String>)>,
    /// The names of headers that are left out.
    pub drop: Vec<String>,
    /// Lines behind all headers, as they are.
    pub add: Vec<String>,
    /// All that is said, in the place of the above.
    pub raw: Option<Payload>,
    /// Bytes that follow the head in the same write.
    pub behind: Option<Payload>,
    /// Written in pieces of so many bytes.
    pub chop: Option<usize>,
    /// Waited after each piece, or before everything if it is not chopped.
    pub pause: Option<Duration>,
    /// The empty line at the end is missing.
    pub unfinished: bool,
    /// What a client has to offer for this to make sense.
    pub offer: Option<Offered>,
}

/// What clients have to offer of permessage-deflate, by the names of its parameters, or with their values: `name=value`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// These.
    pub with: Vec<String>,
    /// None of these.
    pub without: Vec<String>,
}

impl Offered {
    /// Whether one of the offers is such.
    pub(super) fn is_met(&self, offers: &[Extension]) -> bool {
        let names = |offer: &Extension, wanted: &String| {
            let (wanted, value) =
                wanted.split_once('=').map_or((wanted.as_str(), None), |(name, value)| (name, Some(value)));
            let mut params = offer.params.iter().filter(|(name, _)| name == wanted);
            params.any(|(_, own)| value.is_none() || own.as_deref() == value)
        };
        offers.iter().any(|offer| {
            offer.name == NAME
                && deflate::Offer::read(offer).is_ok()
                && self.with.iter().all(|name| names(offer, name))
                && !self.without.iter().any(|name| names(offer, name))
        })
    }
}

/// Beside a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// So many open connections, on which nothing is sent.
    Open(usize),
    /// So many connections with half a request.
    Asking(usize),
}

/// What we do by ourselves, without a step of the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// Pings are answered.
    pub pong: bool,
    /// The target's close frame is answered.
    pub close: bool,
    /// As server we end TCP after the closing handshake.
    pub end: bool,
    /// No more steps are taken once the target closes; its close frame is answered at once.
    pub stop: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self { pong: true, close: true, end: true, stop: true }
    }
}

impl Case {
    /// Whether the end of an open connection is an event: where it is the target's turn, because we do not do our part.
    pub(super) const fn hears_end(&self) -> bool {
        !self.manners.close || !self.manners.end
    }

    /// Whether the case can be played with a client that asks like this.
    pub(super) fn is_offered(&self, offers: &[Extension]) -> bool {
        let wanted = self.opening.as_ref().and_then(|opening| opening.offer.as_ref());
        wanted.is_none_or(|wanted| wanted.is_met(offers))
    }
}

impl Handshake {
    /// What a client says, and how much of it is the head.
    pub(super) fn request(&self, plain: &Request) -> Spoken {
        let first = format!("{} {} {}", plain.method, plain.target, plain.version);
        let value = |name| text(plain.headers.get(name));
        let key = value(name::KEY);
        let words = Words { host: value("Host"), path: plain.target.clone(), accept: accept_key(&key), key };
        self.spoken(&first, &plain.headers, &words)
    }

    /// What a server says to what was asked, and how much of it is the head.
    pub(super) fn response(&self, plain: &Response, asked: &Asked) -> Spoken {
        let mut head = Vec::new();
        plain.write(&mut head);
        let first = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
        let key = asked.key.clone().unwrap_or_default();
        let host = asked.host.clone().unwrap_or_default();
        let words = Words { host, path: asked.resource.clone(), accept: accept_key(&key), key };
        self.spoken(&text(Some(first)), &plain.headers, &words)
    }

    fn spoken(&self, first: &str, plain: &Headers, words: &Words) -> Spoken {
        let mut bytes = Vec::new();
        if let Some(raw) = &self.raw {
            bytes.extend_from_slice(&match raw {
                Payload::Bytes(raw) => words.fill_bytes(raw),
                made => made.bytes().to_vec(),
            });
        } else {
            bytes.extend_from_slice(words.fill(self.line.as_deref().unwrap_or(first)).as_bytes());
            bytes.extend_from_slice(b"\r\n");
            self.headers(plain, words).write(&mut bytes);
            for line in &self.add {
                bytes.extend_from_slice(words.fill(line).as_bytes());
                bytes.extend_from_slice(b"\r\n");
            }
            if !self.unfinished {
                bytes.extend_from_slice(b"\r\n");
            }
        }
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        let head = end.filter(|_| self.raw.is_some()).unwrap_or(bytes.len());
        if let Some(behind) = &self.behind {
            bytes.extend_from_slice(&behind.bytes());
        }
        Spoken { bytes, head }
    }

    fn headers(&self, plain: &Headers, words: &Words) -> Headers {
        let is = |name: &[u8], other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        let mut headers = Headers::new();
        let mut left: Vec<_> = self.set.iter().collect();
        for (name, value) in plain.iter() {
            if self.drop.iter().any(|dropped| is(name, dropped)) {
                continue;
            }
            match self.set.iter().position(|(set, _)| is(name, set)) {
                None => headers.push(name, value),
                Some(place) => {
                    let (set, values) = &self.set[place];
                    left.retain(|(name, _)| name != set);
                    values.iter().for_each(|value| headers.push(set.as_str(), words.fill(value)));
                }
            }
        }
        for (name, values) in left {
            values.iter().for_each(|value| headers.push(name.as_str(), words.fill(value)));
        }
        headers
    }
}

/// What is said in an opening handshake.
#[derive(Debug)]
pub(super) struct Spoken {
    /// All of it.
    pub(super) bytes: Vec<u8>,
    /// How many of these bytes are the head.
    pub(super) head: usize,
}

impl Spoken {
    /// A head as it is.
    pub(super) fn plain(bytes: Vec<u8>) -> Self {
        let head = bytes.len();
        Self { bytes, head }
    }
}

/// What stands for the words of a plain handshake.
struct Words {
    host: String,
    path: String,
    key: String,
    accept: String,
}

impl Words {
    fn fill(&self, text: &str) -> String {
        let swap = |letter: char| {
            if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
        };
        let swapped: String = self.accept.chars().map(swap).collect();
        let cut = &self.accept[..self.accept.len().saturating_sub(4)];
        let pairs = [
            ("<host>", self.host.as_str()),
            ("<path>", &self.path),
            ("<key>", &self.key),
            ("<accept>", &self.accept),
            ("<accept-swapped>", &swapped),
            ("<accept-cut>", cut),
        ];
        pairs.iter().fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
    }

    /// The same for bytes that need not be text.
    fn fill_bytes(&self, bytes: &Bytes) -> Vec<u8> {
        // A character for each byte, there and back; the words themselves are ASCII.
        let text: String = bytes.iter().copied().map(char::from).collect();
        self.fill(&text).chars().map(|character| character as u8).collect()
    }
}

fn text(value: Option<&[u8]>) -> String {
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::opening::Ask;

    fn request(handshake: &Handshake) -> String {
        let plain = Ask::new("a.example", "/chat", *b"the sample nonce").request().expect("a request");
        String::from_utf8(handshake.request(&plain).bytes).expect("text")
    }

    #[test]
    fn without_a_word_it_is_the_plain_one() {
        let plain = Ask::new("a.example", "/chat", *b"the sample nonce").request().expect("a request");
        let mut wanted = Vec::new();
        plain.write(&mut wanted);
        assert_eq!(request(&Handshake::default()).as_bytes(), wanted);
    }

    #[test]
    fn each_key_changes_what_it_says() {
        let handshake = Handshake {
            line: Some("POST <path> HTTP/1.1".to_owned()),
            set: vec![
                ("host".to_owned(), vec!["<host>:1".to_owned(), "b".to_owned()]),
                ("X-New".to_owned(), vec!["<key>".to_owned()]),
            ],
            drop: vec!["upgrade".to_owned(), "Sec-WebSocket-Version".to_owned()],
            add: vec!["Folded: a".to_owned(), "  b".to_owned()],
            behind: Some("body".into()),
            ..Handshake::default()
        };
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        let wanted = [
            "POST /chat HTTP/1.1",
            "host: a.example:1",
            "host: b",
            "Connection: Upgrade",
            &format!("Sec-WebSocket-Key: {key}"),
            &format!("X-New: {key}"),
            "Folded: a",
            "  b",
            "",
            "body",
        ];
        assert_eq!(request(&handshake), wanted.join("\r\n"));
        let unfinished = Handshake { unfinished: true, ..Handshake::default() };
        assert!(!request(&unfinished).contains("\r\n\r\n"));
    }

    #[test]
    fn what_is_raw_stands_for_all_of_it() {
        let handshake = Handshake { raw: Some("GET <path>\n".into()), ..Handshake::default() };
        assert_eq!(request(&handshake), "GET /chat\n");
    }

    #[test]
    fn a_response_is_changed_the_same_way() {
        let mut plain = Response::new(101);
        plain.headers.push("Upgrade", "websocket");
        let asked = Asked { key: Some("dGhlIHNhbXBsZSBub25jZQ==".to_owned()), ..Asked::default() };
        let handshake = Handshake {
            line: Some("HTTP/1.1 200 OK".to_owned()),
            add: vec!["sec-websocket-accept:<accept>".to_owned()],
            ..Handshake::default()
        };
        let said = handshake.response(&plain, &asked);
        let wanted =
            "HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nsec-websocket-accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&said.bytes), wanted);
    }
}

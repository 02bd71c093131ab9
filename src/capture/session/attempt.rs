//! The attempt to open a WebSocket: a request and what is answered.

use std::net::SocketAddr;

use super::open::Open;
use super::told::Told;
use super::way::Way;
use crate::capture::{Connection, Ending, Event, Place, Sent, Violation};
use crate::proto::opening::{Asked, judge_request, name, rule_of};
use crate::proto::{Role, Rule, Rules};
use crate::wire::http::{HeadError, Request, Response};

/// Whether a request asks for a WebSocket, well or badly.
pub(super) fn is_attempt(request: &Request) -> bool {
    let headers = &request.headers;
    headers.has_token("Upgrade", "websocket")
        || headers.get(name::KEY).is_some()
        || headers.get(name::VERSION).is_some()
}

/// Whether bytes that are no head of a request were meant to be one that asks for a WebSocket.
pub(super) fn looks_like_one(bytes: &[u8]) -> bool {
    let text = bytes.to_ascii_lowercase();
    [&b"sec-websocket-"[..], b"upgrade: websocket"].iter().any(|word| text.windows(word.len()).any(|at| at == *word))
}

/// The target of a request of which only the beginning is there.
pub(super) fn target(bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|&byte| byte == b'\n').next()?;
    let mut words = line.split(|&byte| byte == b' ');
    let target = words.nth(1).filter(|target| !target.is_empty())?;
    words.next().filter(|version| version.starts_with(b"HTTP/1."))?;
    Some(text(target))
}

/// The status 101 of a response of which only the beginning is there.
pub(super) fn switched(bytes: &[u8]) -> Option<u16> {
    let version = bytes.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(1..))?;
    version.starts_with(b" 101").then_some(101)
}

/// A request for a WebSocket.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) asked: Asked,
    connection: Connection,
    /// The packet with the end of the request.
    request: Place,
    /// The rules that each end broke, where in its stream, and the packet.
    faults: Vec<(Role, Rules, u64, Place)>,
}

impl Attempt {
    /// Nothing is known of it but between whom it is, and which packets it began with.
    pub(super) fn blank(
        number: u64,
        [client, server]: [SocketAddr; 2],
        first: Place,
        last: Place,
        tls: Option<String>,
    ) -> Self {
        let connection = Connection {
            number,
            client,
            server,
            url: None,
            host: None,
            origin: None,
            agent: None,
            status: None,
            refusal: None,
            subprotocol: None,
            extensions: None,
            guessed: false,
            tls,
            first,
            opened: None,
            closed: None,
            last,
            ending: Ending::Open,
            close: None,
            from_client: Sent::default(),
            from_server: Sent::default(),
            violations: 0,
        };
        Self { asked: Asked::default(), connection, request: last, faults: Vec::new() }
    }

    /// The request, and where in the client's stream it begins.
    pub(super) fn asked(mut self, request: &Request, offset: u64) -> Self {
        let header = |name: &str| request.headers.get(name).map(text);
        self.asked = judge_request(request);
        self.connection.url = Some(request.target.clone());
        self.connection.host = header("Host");
        self.connection.origin = header("Origin");
        self.connection.agent = header("User-Agent");
        self.faults.push((Role::Client, self.asked.faults, offset, self.connection.last));
        self
    }

    /// The packet with the end of the request.
    pub(super) const fn asked_in(&self) -> Place {
        self.request
    }

    /// Only the target of the request is known, and the status of the response, if so much.
    pub(super) fn at(mut self, target: Option<String>, status: Option<u16>) -> Self {
        self.connection.url = target;
        self.connection.status = status;
        self
    }

    /// The request is none.
    pub(super) fn malformed(mut self, error: &HeadError, bytes: &[u8], offset: u64) -> Self {
        let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
        self.connection.url = line.split(|&byte| byte == b' ').nth(1).map(text);
        let rules = rule_of(error, Role::Client).into_iter().collect();
        self.faults.push((Role::Client, rules, offset, self.connection.last));
        self
    }

    /// The response, where in the server's stream it begins, and the packet in which it ends.
    pub(super) fn answered(&mut self, response: &Response, faults: Rules, offset: u64, place: Place) {
        let all = |name: &str| {
            let values: Vec<String> = response.headers.all(name).map(text).collect();
            (!values.is_empty()).then(|| values.join(", "))
        };
        let connection = &mut self.connection;
        connection.status = Some(response.status);
        connection.last = place;
        if response.status == 101 {
            connection.subprotocol = all(name::PROTOCOL);
            connection.extensions = all(name::EXTENSIONS);
            connection.opened = Some(place);
        } else {
            connection.refusal = Some(String::from_utf8_lossy(&response.reason).into_owned());
        }
        // That a request is refused is no fault of the server.
        let faults = faults.into_iter().filter(|rule| *rule != Rule::ResponseStatus).collect();
        self.faults.push((Role::Server, faults, offset, place));
    }

    /// The response is none.
    pub(super) fn not_answered(&mut self, error: &HeadError, offset: u64, place: Place) {
        self.faults.push((Role::Server, rule_of(error, Role::Server).into_iter().collect(), offset, place));
    }

    /// It is open.
    pub(super) fn open(mut self, ways: [Way; 2], guessed: bool, told: &mut Told<'_>) -> Open {
        self.connection.guessed = guessed;
        if guessed {
            self.connection.opened = Some(self.connection.last);
        }
        told.tell(&Event::Opened(&self.connection));
        let mut open = Open::new(self.connection, ways, guessed);
        for (by, rules, offset, place) in self.faults {
            open.tell_faults(by, rules, None, offset, place, told);
        }
        open
    }

    /// It never was open.
    pub(super) fn give_up(mut self, ending: Ending, closed: Option<Place>, told: &mut Told<'_>) {
        self.connection.ending = ending;
        self.connection.closed = closed;
        told.tell(&Event::Opened(&self.connection));
        for (by, rules, offset, place) in self.faults {
            for rule in rules {
                self.connection.violations += 1;
                let violation = Violation { connection: &self.connection, by, rule, frame: None, offset, place };
                told.tell(&Event::Violation(&violation));
            }
        }
        told.tell(&Event::Closed(&self.connection));
    }
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

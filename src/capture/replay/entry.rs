//! A connection of a capture, as a row.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Connection, Ending, Frame, Message, Time, timestamp};
use crate::capture::{Sent, masked};
use crate::proto::{ConnectionId, Kind, Role, Rule};
use crate::watch::{Counts, End, Row, Totals, cut};
use crate::wire::CloseCode;

/// What is known of a connection that is not gone.
#[derive(Debug)]
pub(super) struct Entry {
    row: Row,
    opened: Time,
    active: Time,
    /// Whether it is a WebSocket: it was not refused, nor left without an answer.
    open: bool,
    from_client: Sent,
    from_server: Sent,
    /// Text and binary messages, of client and server.
    client_kinds: [u64; 2],
    server_kinds: [u64; 2],
    /// When the client's last message came.
    last: Option<Time>,
}

/// As it is written, so that what is read again is the same.
const fn whole_micros(time: Duration) -> Duration {
    Duration::new(time.as_secs(), time.subsec_micros() * 1000)
}

/// What an end sent, in the words of a meter.
fn counts(sent: &Sent, [text_messages, binary_messages]: [u64; 2]) -> Counts {
    let frames = sent.frames;
    Counts {
        text: frames.text,
        binary: frames.binary,
        continuation: frames.continuation,
        ping: frames.ping,
        pong: frames.pong,
        close: frames.close,
        other: frames.reserved,
        heads: sent.bytes.saturating_sub(sent.payload),
        payload: sent.payload,
        text_messages,
        binary_messages,
        message_bytes: sent.content,
        compressed: sent.compressed,
        deflated: sent.deflated,
        inflated: sent.inflated,
    }
}

impl Entry {
    pub(super) fn new(connection: &Connection, now: Time) -> Self {
        let resource = connection.url_without_secrets().unwrap_or_default().into_owned();
        let protocol = connection.subprotocol.as_deref();
        let extensions = connection.extensions.as_deref().unwrap_or_default();
        let opened = connection.opened.and_then(|opened| opened.time);
        let row = Row {
            id: ConnectionId(connection.number),
            peer: Some(connection.client),
            resource: cut(resource, 512),
            subprotocol: protocol.map(|name| cut(masked::subprotocols_without_secrets(name).into_owned(), 128)),
            compressed: extensions.to_ascii_lowercase().contains("permessage-deflate"),
            opened: timestamp(opened.or(connection.first.time)),
            age: Duration::ZERO,
            idle: Duration::ZERO,
            received: Counts::default(),
            sent: Counts::default(),
            queued: 0,
            round_trip: None,
            faults: BTreeMap::new(),
            last_fault: None,
            end: None,
        };
        let opened = opened.or(connection.first.time).unwrap_or(now);
        Self {
            row,
            opened,
            active: opened,
            open: connection.opened.is_some() && !connection.is_refused(),
            from_client: connection.from_client,
            from_server: connection.from_server,
            client_kinds: [0; 2],
            server_kinds: [0; 2],
            last: None,
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn frame(&mut self, frame: &Frame<'_>, time: Time) {
        self.active = self.active.max(time);
        match frame.from {
            Role::Client => self.from_client = frame.connection.from_client,
            Role::Server => self.from_server = frame.connection.from_server,
        }
    }

    /// A message came to its end. Gives how long after the one before, if it is the client's.
    pub(super) fn message(&mut self, message: &Message<'_>, time: Time) -> Option<Duration> {
        let kind = usize::from(message.kind == Kind::Binary);
        self.update(message.connection);
        match message.from {
            Role::Client => {
                self.client_kinds[kind] += 1;
                self.last.replace(time).map(|last| time.since(last))
            }
            Role::Server => {
                self.server_kinds[kind] += 1;
                None
            }
        }
    }

    pub(super) fn round_trip(&mut self, time: Duration) {
        self.row.round_trip = Some(whole_micros(time));
    }

    pub(super) fn fault(&mut self, rule: Rule) {
        *self.row.faults.entry(rule).or_default() += 1;
        self.row.last_fault = Some(rule);
    }

    /// Takes what was counted of the connection.
    pub(super) const fn update(&mut self, connection: &Connection) {
        self.from_client = connection.from_client;
        self.from_server = connection.from_server;
    }

    /// Adds what was counted.
    pub(super) fn count(&self, totals: &mut Totals) {
        totals.received += counts(&self.from_client, self.client_kinds);
        totals.sent += counts(&self.from_server, self.server_kinds);
        for (&rule, &times) in &self.row.faults {
            *totals.faults.entry(rule).or_default() += times;
        }
    }

    pub(super) fn row(&self, now: Time) -> Row {
        Row {
            age: whole_micros(now.since(self.opened)),
            idle: whole_micros(now.since(self.active)),
            received: counts(&self.from_client, self.client_kinds),
            sent: counts(&self.from_server, self.server_kinds),
            ..self.row.clone()
        }
    }

    /// The row of a connection that has ended, and how long it was open.
    pub(super) fn gone(self, connection: &Connection) -> (Row, Duration) {
        let ended = connection.closed.unwrap_or(connection.last).time.unwrap_or(self.active);
        let row = Row { end: Some(end(connection)), ..self.row(ended) };
        (row, ended.since(self.opened))
    }
}

/// How a connection ended, as its server would say it.
fn end(connection: &Connection) -> End {
    let clean = connection.from_client.frames.close > 0 && connection.from_server.frames.close > 0;
    let close = connection.close.as_ref();
    let code = close.map_or(CloseCode::ABNORMAL, |close| close.code.unwrap_or(CloseCode::NO_STATUS));
    let sent = close.filter(|close| close.by == Role::Server).map(|_| code);
    let cause = match connection.ending {
        _ if clean => "closed by the closing handshake".to_owned(),
        Ending::Finished(by) => format!("the {by} ended the connection without a closing handshake"),
        Ending::Reset(by) => format!("the {by} reset the connection"),
        Ending::Refused => "the opening handshake was refused".to_owned(),
        Ending::Open => "nothing more was seen of it".to_owned(),
    };
    let reason = close.map(|close| close.reason.clone()).unwrap_or_default();
    End { code, reason: masked::without_secrets(&reason).into_owned(), sent, clean, cause }
}

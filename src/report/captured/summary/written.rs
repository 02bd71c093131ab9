//! How what a capture tells stands in the JSON of a summary.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde::{Serialize, Serializer};

use crate::capture::{Connection, Ending, Frames, Place, Sent, Time};

#[derive(Serialize)]
struct WrittenPlace {
    packet: u64,
    time: Option<String>,
}

impl From<Place> for WrittenPlace {
    fn from(place: Place) -> Self {
        Self { packet: place.packet, time: place.time.map(|time| time.to_string()) }
    }
}

pub(super) fn place<S: Serializer>(place: &Option<Place>, to: S) -> Result<S::Ok, S::Error> {
    place.map(WrittenPlace::from).serialize(to)
}

pub(super) fn time<S: Serializer>(time: &Option<Time>, to: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.to_string()).serialize(to)
}

pub(super) fn length<S: Serializer>(set: &BTreeSet<u64>, to: S) -> Result<S::Ok, S::Error> {
    set.len().serialize(to)
}

#[derive(Serialize)]
struct WrittenFrames {
    text: u64,
    binary: u64,
    continuation: u64,
    close: u64,
    ping: u64,
    pong: u64,
    reserved: u64,
}

#[derive(Serialize)]
struct WrittenSent {
    frames: WrittenFrames,
    messages: u64,
    compressed: u64,
    opaque: u64,
    bytes: u64,
    payload: u64,
    deflated: u64,
    inflated: u64,
    content: u64,
    lost: u64,
}

impl From<&Sent> for WrittenSent {
    fn from(sent: &Sent) -> Self {
        let &Sent { frames, messages, compressed, opaque, bytes, payload, deflated, inflated, content, lost } = sent;
        let Frames { text, binary, continuation, close, ping, pong, reserved } = frames;
        let frames = WrittenFrames { text, binary, continuation, close, ping, pong, reserved };
        Self { frames, messages, compressed, opaque, bytes, payload, deflated, inflated, content, lost }
    }
}

#[derive(Serialize)]
struct Ends<T> {
    client: T,
    server: T,
}

pub(super) fn ends<T: Serialize, S: Serializer>([client, server]: &[T; 2], to: S) -> Result<S::Ok, S::Error> {
    Ends { client, server }.serialize(to)
}

fn both(client: &Sent, server: &Sent) -> Ends<WrittenSent> {
    Ends { client: client.into(), server: server.into() }
}

pub(super) fn sent<S: Serializer>([client, server]: &[Sent; 2], to: S) -> Result<S::Ok, S::Error> {
    both(client, server).serialize(to)
}

#[derive(Serialize)]
struct WrittenClose<'a> {
    by: String,
    code: Option<u16>,
    reason: &'a str,
}

#[derive(Serialize)]
struct WrittenConnection<'a> {
    connection: u64,
    client: SocketAddr,
    server: SocketAddr,
    url: Option<&'a str>,
    host: Option<&'a str>,
    origin: Option<&'a str>,
    agent: Option<&'a str>,
    status: Option<u16>,
    refusal: Option<&'a str>,
    subprotocol: Option<&'a str>,
    extensions: Option<&'a str>,
    guessed: bool,
    tls: Option<&'a str>,
    first: WrittenPlace,
    opened: Option<WrittenPlace>,
    closed: Option<WrittenPlace>,
    last: WrittenPlace,
    ending: String,
    close: Option<WrittenClose<'a>>,
    sent: Ends<WrittenSent>,
    violations: u64,
}

impl<'a> From<&'a Connection> for WrittenConnection<'a> {
    fn from(connection: &'a Connection) -> Self {
        let close = connection.close.as_ref().map(|close| WrittenClose {
            by: close.by.to_string(),
            code: close.code.map(|code| code.0),
            reason: &close.reason,
        });
        Self {
            connection: connection.number,
            client: connection.client,
            server: connection.server,
            url: connection.url.as_deref(),
            host: connection.host.as_deref(),
            origin: connection.origin.as_deref(),
            agent: connection.agent.as_deref(),
            status: connection.status,
            refusal: connection.refusal.as_deref(),
            subprotocol: connection.subprotocol.as_deref(),
            extensions: connection.extensions.as_deref(),
            guessed: connection.guessed,
            tls: connection.tls.as_deref(),
            first: connection.first.into(),
            opened: connection.opened.map(WrittenPlace::from),
            closed: connection.closed.map(WrittenPlace::from),
            last: connection.last.into(),
            ending: match connection.ending {
                Ending::Open => "open".to_owned(),
                Ending::Finished(by) => format!("finished by {by}"),
                Ending::Reset(by) => format!("reset by {by}"),
                Ending::Refused => "refused".to_owned(),
            },
            close,
            sent: both(&connection.from_client, &connection.from_server),
            violations: connection.violations,
        }
    }
}

pub(super) fn connections<S: Serializer>(all: &[Connection], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(all.iter().map(WrittenConnection::from))
}

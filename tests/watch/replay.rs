//! What is told of a capture that is replayed is what is found when it is analysed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use wslab::capture::source::{Item, open};
use wslab::capture::{Analyzer, Connection, Conversation, Event, Options, Replay, Sent, Sink, Time, Wants, Writer};
use wslab::proto::{ConnectionId, Role, Rule};
use wslab::watch::{Counts, Meter, Snapshot};
use wslab::wire::http;

/// What is found when a capture is analysed.
#[derive(Default)]
struct Found {
    client: Vec<Sent>,
    server: Vec<Sent>,
    rules: BTreeMap<Rule, u64>,
    frames: BTreeMap<u64, Vec<(Role, u64, u8)>>,
    connections: u64,
}

impl Sink for Found {
    fn wants(&self) -> Wants {
        Wants { frame_payloads: true, messages: true }
    }

    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Closed(Connection { from_client, from_server, .. }) => {
                self.client.push(*from_client);
                self.server.push(*from_server);
                self.connections += 1;
            }
            Event::Violation(violation) => *self.rules.entry(violation.rule).or_default() += 1,
            Event::Frame(frame) => {
                let frames = self.frames.entry(frame.connection.number).or_default();
                frames.push((frame.from, frame.head.len, frame.head.opcode.0));
            }
            _ => {}
        }
        Ok(())
    }
}

fn captures() -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/captures");
    let mut captures = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(at) = name.find(".pcap") else { continue };
        let described: toml::Table =
            toml::from_str(&fs::read_to_string(folder.join(format!("{}.toml", &name[..at]))).unwrap()).unwrap();
        let keylog = described.get("keylog").map(|file| fs::read(folder.join(file.as_str().unwrap())).unwrap());
        captures.push((path, keylog));
    }
    assert!(captures.len() > 40);
    captures.sort();
    captures
}

/// Reads a capture, as far as it can be read. After each packet `look` is called.
fn read<S: Sink>(
    path: &Path,
    keylog: Option<&[u8]>,
    sink: S,
    mut look: impl FnMut(&mut S, Option<Time>),
) -> Analyzer<S> {
    let mut analyzer = Analyzer::new(Options::default(), sink);
    keylog.iter().for_each(|keylog| analyzer.secrets(keylog));
    let mut source = open(&[path.to_owned()]).unwrap();
    while let Ok(Some(item)) = source.next() {
        match item {
            Item::Packet(packet) => {
                let time = packet.place.time;
                look(analyzer.sink_mut(), time);
                analyzer.packet(packet).unwrap();
            }
            Item::Secrets(secrets) => analyzer.secrets(secrets),
            Item::Idle => {}
        }
    }
    analyzer
}

fn replayed(path: &Path, keylog: Option<&[u8]>, look: impl FnMut(&mut Replay)) -> Replay {
    let mut look = look;
    let mut analyzer = read(path, keylog, Replay::new(), |replay, time| {
        look(replay);
        time.into_iter().for_each(|time| replay.at(time));
    });
    analyzer.sink_mut().ends();
    analyzer.finish().unwrap().0
}

fn sum(sent: &[Sent], of: impl Fn(&Sent) -> u64) -> u64 {
    sent.iter().map(of).sum()
}

#[track_caller]
fn are_equal(name: &str, counts: &Counts, sent: &[Sent]) {
    let pairs: [(&str, u64, u64); 14] = [
        ("text", counts.text, sum(sent, |sent| sent.frames.text)),
        ("binary", counts.binary, sum(sent, |sent| sent.frames.binary)),
        ("continuation", counts.continuation, sum(sent, |sent| sent.frames.continuation)),
        ("close", counts.close, sum(sent, |sent| sent.frames.close)),
        ("ping", counts.ping, sum(sent, |sent| sent.frames.ping)),
        ("pong", counts.pong, sum(sent, |sent| sent.frames.pong)),
        ("other", counts.other, sum(sent, |sent| sent.frames.reserved)),
        ("messages", counts.messages(), sum(sent, |sent| sent.messages)),
        ("bytes", counts.bytes(), sum(sent, |sent| sent.bytes)),
        ("payload", counts.payload, sum(sent, |sent| sent.payload)),
        ("content", counts.message_bytes, sum(sent, |sent| sent.content)),
        ("compressed", counts.compressed, sum(sent, |sent| sent.compressed)),
        ("deflated", counts.deflated, sum(sent, |sent| sent.deflated)),
        ("inflated", counts.inflated, sum(sent, |sent| sent.inflated)),
    ];
    for (what, is, wanted) in pairs {
        assert_eq!(is, wanted, "{name}: {what}");
    }
}

#[test]
fn totals_are_those_of_the_analysis() {
    for (path, keylog) in captures() {
        let name = path.display().to_string();
        let keylog = keylog.as_deref();
        let (found, _) = read(&path, keylog, Found::default(), |_, _| ()).finish().unwrap();
        let mut violations = 0;
        let mut replay = replayed(&path, keylog, |replay| violations += replay.violations().len());
        violations += replay.violations().len();
        let snapshot = replay.snapshot();
        are_equal(&name, &snapshot.totals.received, &found.client);
        are_equal(&name, &snapshot.totals.sent, &found.server);
        assert_eq!(snapshot.totals.faults, found.rules, "{name}");
        assert_eq!(violations as u64, found.rules.values().sum::<u64>(), "{name}");
        let totals = &snapshot.totals;
        assert_eq!(totals.opened + totals.refused + totals.failed, found.connections, "{name}");
        assert_eq!(
            (snapshot.open, totals.opened),
            (snapshot.rows.len() as u64, totals.closed + snapshot.open),
            "{name}"
        );
        // What the rows have is what the totals have, as long as none is forgotten.
        if totals.closed <= Meter::GONE as u64 && totals.refused + totals.failed == 0 {
            let rows = || snapshot.rows.iter().chain(&snapshot.gone);
            assert_eq!(rows().map(|row| row.received.frames()).sum::<u64>(), totals.received.frames(), "{name}");
            assert_eq!(rows().map(|row| row.sent.bytes()).sum::<u64>(), totals.sent.bytes(), "{name}");
        }
        let spreads = &snapshot.spreads;
        assert_eq!(spreads.received.count, totals.received.messages(), "{name}");
        assert_eq!(spreads.sent.count, totals.sent.messages(), "{name}");
        let written = serde_json::to_string(&snapshot).unwrap();
        let read: Snapshot = serde_json::from_str(&written).unwrap();
        assert_eq!((&read.rows, &read.gone, read.uptime), (&snapshot.rows, &snapshot.gone, snapshot.uptime), "{name}");
        assert_eq!(read.totals, snapshot.totals, "{name}");
    }
}

#[test]
fn totals_never_shrink_on_the_way() {
    for (path, keylog) in captures() {
        let mut last = (0, 0, 0);
        replayed(&path, keylog.as_deref(), |replay| {
            let Snapshot { totals, uptime, .. } = replay.snapshot();
            let now = (totals.received.frames(), totals.sent.bytes(), uptime.as_micros());
            assert!(now.0 >= last.0 && now.1 >= last.1 && now.2 >= last.2, "{}: {now:?} {last:?}", path.display());
            last = now;
        });
    }
}

#[test]
fn the_frames_of_a_connection_that_is_followed_are_those_of_the_analysis() {
    for (path, keylog) in captures() {
        let (found, _) = read(&path, keylog.as_deref(), Found::default(), |_, _| ()).finish().unwrap();
        for (number, wanted) in found.frames {
            if wanted.len() > 1000 {
                continue;
            }
            let mut frames = Vec::new();
            let mut replay = replayed(&path, keylog.as_deref(), |replay| {
                replay.follow(Some(ConnectionId(number)));
                frames.extend(replay.frames().into_iter().flat_map(|tail| tail.frames));
            });
            frames.extend(replay.frames().into_iter().flat_map(|tail| tail.frames));
            let told: Vec<_> = frames.iter().map(|frame| (frame.by, frame.len, frame.opcode.0)).collect();
            assert_eq!(told, wanted, "{} {number}", path.display());
        }
    }
}

#[test]
fn compressed_messages_of_a_capture_are_told_as_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/captures/deflate-takeover.pcap.gz");
    let mut replay = replayed(&path, None, |replay| replay.follow(Some(ConnectionId(0))));
    let tail = replay.frames().unwrap();
    let compressed: Vec<_> = tail.frames.iter().filter(|frame| frame.rsv == 4).collect();
    assert!(!compressed.is_empty());
    assert!(compressed.iter().all(|frame| !frame.fin || frame.inflated.is_some()));
    assert!(tail.frames.iter().filter(|frame| frame.opcode.is_control()).all(|frame| frame.inflated.is_none()));
}

const REQUEST: &[u8] = b"GET /chat?token=sesame HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A capture of so many connections, one after the other, each of which breaks a rule.
fn many(count: u16) -> PathBuf {
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file, "test").unwrap();
    let mut time = Duration::from_secs(1_795_330_800);
    for number in 0..count {
        let mut next = || {
            time += Duration::from_millis(1);
            time
        };
        let (client, server) = (([10, 0, 0, 1], 10_000 + number).into(), ([10, 0, 0, 2], 80).into());
        let mut conversation = Conversation::open(client, server, next(), "test", &mut writer).unwrap();
        for (from, bytes) in [
            (Role::Client, REQUEST),
            (Role::Server, RESPONSE),
            (Role::Client, b"\x81\x85\x01\x02\x03\x04Igohn"),
            (Role::Server, b"\xc1\x05Hello"),
        ] {
            conversation.data(from, bytes, next(), &mut writer).unwrap();
        }
        conversation.end(Role::Server, next(), &mut writer).unwrap();
        conversation.end(Role::Client, next(), &mut writer).unwrap();
    }
    writer.flush().unwrap();
    drop(writer);
    let path = std::env::temp_dir().join(format!("wslab-replay-{}-{count}.pcapng", std::process::id()));
    fs::write(&path, file).unwrap();
    path
}

#[test]
fn memory_is_bounded_however_fast_it_goes() {
    let path = many(5000);
    let mut replay = replayed(&path, None, |replay| replay.follow(Some(ConnectionId(1))));
    fs::remove_file(&path).unwrap();
    let snapshot = replay.snapshot();
    assert_eq!((snapshot.totals.closed, snapshot.open), (5000, 0));
    assert_eq!(snapshot.gone.len(), Meter::GONE);
    assert!(snapshot.totals.faults() >= 5000);
    assert_eq!(replay.violations().len(), Meter::VIOLATIONS);
    assert!(replay.violations().is_empty());
}

#[test]
fn a_row_says_what_its_server_would_have_said() {
    let path = many(1);
    let replay = replayed(&path, None, |_| ());
    fs::remove_file(&path).unwrap();
    let snapshot = replay.snapshot();
    let row = &snapshot.gone[0];
    assert_eq!(row.resource, http::without_secrets("/chat?token=sesame"));
    assert_eq!(row.peer.unwrap().to_string(), "10.0.0.1:10000");
    let end = row.end.as_ref().unwrap();
    assert_eq!((end.code.0, end.clean), (1006, false));
    assert_eq!(end.cause, "the server ended the connection without a closing handshake");
    assert_eq!((row.received.text_messages, row.sent.text), (1, 1));
    assert!(row.age > Duration::ZERO && snapshot.uptime >= row.age);
}

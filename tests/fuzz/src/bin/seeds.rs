//! Makes seeds for the targets out of captures: `seeds CAPTURES CORPUS`.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use wslab::capture::segment::{Dissected, Dissector};
use wslab::capture::source::{self, Item};
use wslab::capture::stream::{Budget, Finish, Limits, Receiver, Stream};
use wslab::capture::{End, Loss, Place};
use wslab_fuzz::write_act;

/// What both ends said, as acts.
#[derive(Default)]
struct Said(Vec<u8>);

impl Receiver for Said {
    fn opened(&mut self, _: End, _: Place) {}

    fn bytes(&mut self, from: End, bytes: &mut [u8], _: Place) {
        write_act(from, bytes, &mut self.0);
    }

    fn lost(&mut self, from: End, count: u64, _: Loss, _: Place) {
        self.0.push(6 | from.index() as u8);
        self.0.extend(u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes());
    }

    fn differs(&mut self, _: End, _: u64, _: u64, _: Place) {}
    fn ended(&mut self, _: End, _: Finish, _: Place) {}
}

/// A connection of a capture.
struct Connection {
    stream: Stream,
    said: Said,
    /// As the target `segments` has them.
    segments: Vec<u8>,
    first: std::net::SocketAddr,
    begin: [Option<u32>; 2],
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(captures), Some(corpus)) = (arguments.next(), arguments.next()) else {
        return Err("seeds CAPTURES CORPUS".into());
    };
    for target in ["pcap", "pcapng", "segments", "streams", "tls"] {
        fs::create_dir_all(corpus.join(target))?;
    }
    for entry in fs::read_dir(captures)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.contains(".pcap") {
            continue;
        }
        let target = if name.ends_with(".pcapng") { "pcapng" } else { "pcap" };
        fs::copy(&path, corpus.join(target).join(&name))?;
        for (number, connection) in connections(&path)?.into_iter().enumerate() {
            let to = |target: &str| corpus.join(target).join(format!("{name}.{number}"));
            let Connection { said, segments, .. } = connection;
            fs::write(to("segments"), segments)?;
            // The opening is among what is said.
            fs::write(to("streams"), [&[2], said.0.as_slice()].concat())?;
            // A record of a handshake begins so.
            if said.0.get(3) == Some(&22) {
                let keylog = fs::read(path.with_extension("keys")).unwrap_or_default();
                let length = u16::try_from(keylog.len())?.to_le_bytes();
                fs::write(to("tls"), [&length, keylog.as_slice(), &[0], &said.0].concat())?;
            }
        }
    }
    Ok(())
}

/// The TCP connections of a capture, by ports; a port that is used again is the same one.
fn connections(path: &Path) -> Result<Vec<Connection>, Box<dyn Error>> {
    let mut source = source::open(&[path.to_owned()])?;
    let mut dissector = Dissector::new();
    let mut budget = Budget::default();
    let mut all: HashMap<_, Connection> = HashMap::new();
    // What is damaged is a seed up to there.
    while let Ok(Some(item)) = source.next() {
        let Item::Packet(packet) = item else { continue };
        let place = packet.place;
        let Dissected::Segment(mut segment) = dissector.dissect(packet) else { continue };
        let key = (segment.from.min(segment.to), segment.from.max(segment.to));
        let connection = all.entry(key).or_insert_with(|| Connection {
            stream: Stream::new(Limits::default()),
            said: Said::default(),
            segments: Vec::new(),
            first: segment.from,
            begin: [None; 2],
        });
        let Connection { stream, said, segments, first, begin } = connection;
        let from = if segment.from == *first { End::First } else { End::Second };
        let flags = segment.flags;
        let flags =
            u8::from(flags.fin) | u8::from(flags.syn) << 1 | u8::from(flags.rst) << 2 | u8::from(flags.ack) << 4;
        let seq = segment.seq.wrapping_sub(*begin[from.index()].get_or_insert(segment.seq));
        let ack = segment.ack.wrapping_sub(begin[from.other().index()].unwrap_or(segment.ack));
        segments.extend([from.index() as u8, flags]);
        for number in [seq, ack, segment.payload.len().min(60_000) as u32] {
            segments.extend((number as u16).to_le_bytes());
        }
        segments.extend(segment.payload.iter().take(60_000));
        stream.take(from, &mut segment, place, &mut budget, said);
    }
    for connection in all.values_mut() {
        connection.stream.finish(&mut budget, &mut connection.said);
    }
    Ok(all.into_values().filter(|connection| !connection.said.0.is_empty()).collect())
}

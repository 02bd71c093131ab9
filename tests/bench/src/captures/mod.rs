//! Reading captures: wslab's `analyze` beside tshark and beside a bare read of all packets.
//!
//! The captures are generated, so what has to be found in them is known.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use self::bounds::Bound;
use self::generate::{Capture, Recipe};
use self::line::Kind;
use self::spent::Spent;
use crate::table::{self, median};

mod bounds;
mod counts;
mod dice;
mod generate;
mod line;
mod packet;
mod spent;
mod text;

pub use self::spent::spend;

/// The options of this comparison.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "With --captures")]
pub struct Options {
    /// How large the captures are
    #[arg(long, value_name = "SIZE", default_value = "1000MB", value_parser = megabytes, requires = "captures")]
    size: u64,

    /// What is in them
    #[arg(long, value_name = "KIND", default_value = "both", value_parser = kinds, requires = "captures")]
    kind: Kinds,

    /// How many connections are in each
    #[arg(long, value_name = "COUNT", default_value_t = 200, value_parser = connections, requires = "captures")]
    connections: usize,

    /// What their chance begins with: the same seed makes the same capture
    #[arg(long, value_name = "NUMBER", default_value_t = 1, requires = "captures")]
    seed: u64,

    /// The wslab that is measured
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release/wslab"), requires = "captures")]
    wslab: PathBuf,

    /// Let tshark read a capture of this size instead, since it is slow; ratios are then of CPU seconds per MB
    #[arg(long, value_name = "SIZE", value_parser = megabytes, requires = "captures")]
    tshark_size: Option<u64>,

    /// Do not look whether a capture of twice the size takes as little memory
    #[arg(long, requires = "captures")]
    no_twice: bool,

    /// Where the captures are made, beneath which as much as twice their size is needed
    #[arg(long, value_name = "FOLDER", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/captures"), requires = "captures")]
    folder: PathBuf,

    /// Keep the captures, and use those that are there already
    #[arg(long, requires = "captures")]
    keep: bool,
}

#[derive(Clone, Debug)]
struct Kinds(Vec<Kind>);

fn kinds(text: &str) -> Result<Kinds, String> {
    match text {
        "mixed" => Ok(Kinds(vec![Kind::Mixed])),
        "small" => Ok(Kinds(vec![Kind::Small])),
        "both" => Ok(Kinds(vec![Kind::Mixed, Kind::Small])),
        _ => Err("there are mixed, small and both".to_owned()),
    }
}

fn connections(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=50_000).contains(&count) => Ok(count),
        _ => Err("1 to 50000 connections are possible".to_owned()),
    }
}

/// Bytes, written such as `100MB` or `2GB`.
fn megabytes(text: &str) -> Result<u64, String> {
    let number = |text: &str, unit| text.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    let bytes = match (text.strip_suffix("GB"), text.strip_suffix("MB")) {
        (Some(text), _) => number(text, 1_000_000_000),
        (_, Some(text)) => number(text, 1_000_000),
        _ => None,
    };
    bytes.filter(|bytes| (1_000_000..=10_000_000_000).contains(bytes)).ok_or("1MB to 10GB are possible".to_owned())
}

/// Who reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Frames,
    Messages,
    Summary,
    Tcpdump,
    Tshark,
}

impl Reader {
    const ALL: [Self; 5] = [Self::Frames, Self::Messages, Self::Summary, Self::Tcpdump, Self::Tshark];

    const fn name(self) -> &'static str {
        match self {
            Self::Frames => "wslab frames",
            Self::Messages => "wslab messages",
            Self::Summary => "wslab summary",
            Self::Tcpdump => "tcpdump (bare read)",
            Self::Tshark => "tshark",
        }
    }

    const fn is_wslab(self) -> bool {
        matches!(self, Self::Frames | Self::Messages | Self::Summary)
    }

    fn is_there(self, wslab: &Path) -> bool {
        match self {
            Self::Tcpdump => spent::is_there("tcpdump"),
            Self::Tshark => spent::is_there("tshark"),
            _ => wslab.is_file(),
        }
    }

    /// The program and its arguments.
    fn command(self, wslab: &Path, capture: &Path) -> Vec<OsString> {
        let (program, before, after): (_, &[&str], &[&str]) = match self {
            Self::Frames => (wslab.as_os_str(), &["analyze"], &["--table", "frames", "--format", "csv"]),
            Self::Messages => (wslab.as_os_str(), &["analyze"], &["--table", "messages", "--format", "csv"]),
            Self::Summary => (wslab.as_os_str(), &["analyze"], &[]),
            Self::Tcpdump => ("tcpdump".as_ref(), &["-r"], &["-w", "/dev/null"]),
            Self::Tshark => ("tshark".as_ref(), &["-r"], TSHARK),
        };
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        [vec![program.to_owned()], words(before), vec![capture.as_os_str().to_owned()], words(after)].concat()
    }
}

/// What tshark is asked: one pass, and as much of each frame as `--table frames` has.
#[rustfmt::skip]
const TSHARK: &[&str] = &[
    "-T", "fields", "-e", "frame.number", "-e", "tcp.stream", "-e", "websocket.opcode",
    "-e", "websocket.payload_length", "-e", "websocket.fin", "-Y", "websocket",
];

/// What a reader spent on a capture.
struct Reading {
    reader: Reader,
    /// Bytes of the capture that was read.
    bytes: u64,
    rounds: Vec<Spent>,
    /// The most memory on a capture of twice the size, in MB.
    twice: Option<f64>,
}

impl Reading {
    fn seconds(&self) -> f64 {
        median(&self.rounds.iter().map(|round| round.seconds).collect::<Vec<_>>())
    }

    fn seconds_per_mb(&self) -> f64 {
        self.seconds() / (self.bytes as f64 / 1e6)
    }

    /// The most memory of all rounds, in MB.
    fn peak(&self) -> f64 {
        self.rounds.iter().map(|round| round.peak).fold(0.0, f64::max)
    }
}

/// Measures, prints the tables, and gives every single figure.
pub fn measure(options: &Options, rounds: u32) -> Result<Value> {
    let (readers, missing): (Vec<_>, Vec<_>) =
        Reader::ALL.into_iter().partition(|reader| reader.is_there(&options.wslab));
    for reader in missing.iter().filter(|reader| !reader.is_wslab()) {
        println!("{} is not here and is left out.", reader.name());
    }
    if missing.contains(&Reader::Frames) {
        println!("There is no {}, so wslab is left out; cargo build --release makes it.", options.wslab.display());
    }
    let mut all = Vec::new();
    for &kind in &options.kind.0 {
        all.push(measure_kind(options, kind, &readers, rounds)?);
    }
    Ok(all.into())
}

fn measure_kind(options: &Options, kind: Kind, readers: &[Reader], rounds: u32) -> Result<Value> {
    let make = |size| {
        let recipe = Recipe { kind, size, connections: options.connections, seed: options.seed };
        recipe.make(&options.folder, options.keep)
    };
    let capture = make(options.size)?;
    let counted = if readers.contains(&Reader::Frames) { count(options, &capture)? } else { Vec::new() };
    let mut readings = read(options, &capture, readers, rounds)?;
    let bytes = capture.counts.bytes;
    let counts = capture.counts;
    if readers.contains(&Reader::Tshark) {
        let smaller = options.tshark_size.filter(|size| *size != options.size).map(make).transpose()?;
        match with_tshark(options, smaller.as_ref().unwrap_or(&capture)) {
            Ok(reading) => readings.push(reading),
            Err(error) => println!("tshark is left out: {error:#}"),
        }
    }
    drop(capture);
    if !options.no_twice && readers.contains(&Reader::Frames) {
        let larger = make(options.size * 2)?;
        for reading in readings.iter_mut().filter(|reading| reading.reader.is_wslab()) {
            eprintln!("{} {}: twice the size", kind.name(), reading.reader.name());
            reading.twice = Some(spent::spent(&reading.reader.command(&options.wslab, &larger.path))?.peak);
        }
    }
    println!(
        "\n{}: {:.0} MB, {} packets, {} connections, {} messages in {} frames; seed {}.",
        kind.name(),
        bytes as f64 / 1e6,
        counts.packets,
        counts.connections,
        counts.messages,
        counts.frames,
        options.seed
    );
    if let Some(other) = readings.iter().find(|reading| reading.bytes != bytes) {
        println!("{} read {:.0} MB of the same kind instead.", other.reader.name(), other.bytes as f64 / 1e6);
    }
    table::print(&rows(&readings, counts.messages as f64 / bytes as f64));
    let mut bounds = counted;
    bounds.extend(bounds::of(&readings));
    println!();
    bounds.iter().for_each(|bound| println!("{bound}"));
    Ok(json!({
        "kind": kind.name(),
        "seed": options.seed,
        "capture": counts.to_json(),
        "readers": readings.iter().map(to_json).collect::<Vec<_>>(),
        "bounds": bounds.iter().map(Bound::to_json).collect::<Vec<_>>(),
    }))
}

/// All but tshark, taking turns.
fn read(options: &Options, capture: &Capture, readers: &[Reader], rounds: u32) -> Result<Vec<Reading>> {
    let mut readings: Vec<_> = readers
        .iter()
        .filter(|reader| **reader != Reader::Tshark)
        .map(|&reader| Reading { reader, bytes: capture.counts.bytes, rounds: Vec::new(), twice: None })
        .collect();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for reading in &mut readings {
            let spent = spent::spent(&reading.reader.command(&options.wslab, &capture.path));
            reading.rounds.push(spent.with_context(|| format!("{} failed", reading.reader.name()))?);
        }
    }
    Ok(readings)
}

/// It is slow, so it reads once.
fn with_tshark(options: &Options, capture: &Capture) -> Result<Reading> {
    eprintln!("tshark");
    let spent = spent::spent(&Reader::Tshark.command(&options.wslab, &capture.path))?;
    Ok(Reading { reader: Reader::Tshark, bytes: capture.counts.bytes, rounds: vec![spent], twice: None })
}

/// Whether wslab finds what was generated.
fn count(options: &Options, capture: &Capture) -> Result<Vec<Bound>> {
    let counts = &capture.counts;
    let wanted = [("connections", counts.connections), ("frames", counts.frames), ("messages", counts.messages)];
    wanted
        .into_iter()
        .map(|(table, wanted)| {
            let words = ["--table", table, "--format", "csv"].map(OsString::from);
            let mut command = vec![options.wslab.clone().into(), "analyze".into(), capture.path.clone().into()];
            command.extend(words);
            // The first line has the titles.
            let found = spent::lines(&command)?.saturating_sub(1);
            Ok(Bound {
                what: format!("all {table} are found"),
                held: found == wanted,
                says: format!("{found} of {wanted}"),
            })
        })
        .collect()
}

fn rows(readings: &[Reading], messages_per_byte: f64) -> Vec<Vec<String>> {
    let titles =
        ["", "CPU s", "MB/CPU s", "messages/CPU s", "× bare read", "of tshark", "peak MB", "at twice the size"];
    let of = |reader| readings.iter().find(|reading| reading.reader == reader).map(Reading::seconds_per_mb);
    let (bare, tshark) = (of(Reader::Tcpdump), of(Reader::Tshark));
    let or_dash = |cell: Option<String>| cell.unwrap_or("–".to_owned());
    let row = |reading: &Reading| {
        let each = reading.seconds_per_mb();
        vec![
            reading.reader.name().to_owned(),
            format!("{:.2}", reading.seconds()),
            format!("{:.0}", 1.0 / each),
            format!("{:.0}", messages_per_byte * 1e6 / each),
            or_dash(bare.map(|bare| format!("{:.2}", each / bare))),
            or_dash(tshark.map(|tshark| format!("1/{:.1}", tshark / each))),
            format!("{:.1}", reading.peak()),
            or_dash(reading.twice.map(|twice| format!("{twice:.1}"))),
        ]
    };
    std::iter::once(titles.map(str::to_owned).to_vec()).chain(readings.iter().map(row)).collect()
}

fn to_json(reading: &Reading) -> Value {
    json!({
        "reader": reading.reader.name(),
        "bytes": reading.bytes,
        "cpu_seconds": reading.rounds.iter().map(|round| round.seconds).collect::<Vec<_>>(),
        "median": reading.seconds(),
        "peak_mb": reading.peak(),
        "peak_mb_twice": reading.twice,
    })
}

//! Captures that are cut anywhere or in which any bit is wrong.

use std::fs;
use std::io::{self, Cursor, Read as _};

use wslab::capture::source::{Item, Reader, Source as _};
use wslab::capture::{Analyzer, Event, Options, Sink, Table, Wants};
use wslab::report::captured::{CapturedTable, Format, Look, Payload, Style, Summary, html, text};

use crate::sample::Sample;

/// So large captures are cut at every byte; others at so many places.
const SMALL: usize = 2048;
const CUTS: usize = 100;

/// So many bits of a capture are wrong, each time some of them.
const FLIPS: usize = 200;

/// The most memory that the whole test may take, in KiB.
const MEMORY: u64 = 128 << 10;

/// A capture that ends too early ends in a report.
pub(crate) fn cut(sample: &Sample) -> Result<(), String> {
    for bytes in shapes(sample) {
        let step = if bytes.len() <= SMALL { 1 } else { bytes.len().div_ceil(CUTS) };
        for (count, end) in (0..bytes.len()).step_by(step).enumerate() {
            // Not always at the same place of a word.
            let end = (end + count % step.min(7)).min(bytes.len());
            read(sample, bytes[..end].to_vec(), count).map_err(|error| format!("cut at {end}: {error}"))?;
        }
    }
    bounded()
}

/// A capture with wrong bits ends in a report.
pub(crate) fn wrong(sample: &Sample) -> Result<(), String> {
    for bytes in shapes(sample) {
        let mut chance = Chance(bytes.len() as u64);
        for count in 0..FLIPS {
            let mut bytes = bytes.clone();
            let mut flipped = Vec::new();
            for _ in 0..=count % 4 {
                // Heads are hit more often than they would be by chance.
                let room = if count % 3 == 0 { bytes.len().min(256) } else { bytes.len() };
                let (at, bit) = (chance.below(room), chance.below(8));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << bit;
                    flipped.push((at, bit));
                }
            }
            read(sample, bytes, count).map_err(|error| format!("bits {flipped:?}: {error}"))?;
        }
    }
    bounded()
}

/// A capture as it is and, if it is packed, unpacked: damage to what is packed is mostly found by its checksum.
fn shapes(sample: &Sample) -> Vec<Vec<u8>> {
    let packed = sample.bytes();
    let mut unpacked = Vec::new();
    let unpacking = match packed.as_slice() {
        [0x1f, 0x8b, ..] => flate2::read::MultiGzDecoder::new(&*packed).read_to_end(&mut unpacked),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => zstd::Decoder::new(&*packed).and_then(|mut it| it.read_to_end(&mut unpacked)),
        _ => return vec![packed],
    };
    unpacking.expect("a capture can be unpacked");
    vec![packed, unpacked]
}

/// Numbers that look like chance (xorshift64*), the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }
}

/// The peak memory of this process, where the system tells it.
fn bounded() -> Result<(), String> {
    let Ok(status) = fs::read_to_string("/proc/self/status") else { return Ok(()) };
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    match peak {
        Some(peak) if peak > MEMORY => Err(format!("{peak} KiB of memory were taken")),
        _ => Ok(()),
    }
}

/// Reads it all, whatever it is.
fn read(sample: &Sample, bytes: Vec<u8>, count: usize) -> Result<(), String> {
    // A byte of what is packed stands for many.
    let most = 4000
        + bytes.len() as u64 * if bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(&[0x28]) { 1000 } else { 4 };
    let mut analyzer = Analyzer::new(Options::default(), Everything::new(count, most));
    if let Some((_, keylog)) = &sample.keylog {
        analyzer.secrets(keylog);
    }
    let mut reader = match Reader::new("damaged", Cursor::new(bytes)) {
        Ok(reader) => reader,
        Err(error) => return said(&error),
    };
    let mut packets = 0;
    loop {
        match reader.next() {
            Ok(Some(Item::Packet(packet))) => {
                packets += 1;
                if packets > most {
                    return Err("there is no end of packets".to_owned());
                }
                analyzer.packet(packet).map_err(|error| error.to_string())?;
            }
            Ok(Some(Item::Secrets(secrets))) => analyzer.secrets(secrets),
            Ok(Some(Item::Idle)) => return Err("a file is never idle".to_owned()),
            Ok(None) => break,
            Err(error) => {
                said(&error)?;
                if !matches!(reader.next(), Ok(None)) {
                    return Err("something comes behind damage".to_owned());
                }
                break;
            }
        }
    }
    let (everything, _) = analyzer.finish().map_err(|error| error.to_string())?;
    everything.finish()
}

/// An error says what is wrong, and where.
fn said(error: &wslab::capture::source::SourceError) -> Result<(), String> {
    let words = error.to_string();
    let place = error.offset().is_none_or(|offset| words.contains(&format!("byte {offset}")));
    if words.starts_with("damaged: ") && place { Ok(()) } else { Err(format!("the error says: {words}")) }
}

/// Tables in turn, and the summary.
struct Everything {
    table: CapturedTable<io::Sink>,
    summary: Summary,
    /// Whether the pages are made too.
    pages: bool,
    events: u64,
    most: u64,
}

impl Everything {
    fn new(count: usize, most: u64) -> Self {
        let formats = [Format::Table, Format::Json, Format::JsonLines, Format::Csv];
        let payloads = [Payload::Text, Payload::Hex, Payload::Sha256, Payload::None];
        let style = Style {
            table: Table::ALL[count % Table::ALL.len()],
            format: formats[count / 7 % formats.len()],
            payload: payloads[count / 3 % payloads.len()],
            show_secrets: false,
            filter: None,
            interval: None,
        };
        let table = CapturedTable::new(style, io::sink());
        Self { table, summary: Summary::new(false), pages: count.is_multiple_of(16), events: 0, most }
    }

    fn finish(self) -> Result<(), String> {
        if self.events > self.most {
            return Err(format!("{} events were told", self.events));
        }
        self.table.finish().map_err(|error| error.to_string())?;
        if self.pages {
            let page = html(&self.summary, "damaged");
            if text(&self.summary, &Look::default()).is_empty() || !page.trim_end().ends_with("</html>") {
                return Err("a page is not whole".to_owned());
            }
        }
        Ok(())
    }
}

impl Sink for Everything {
    fn wants(&self) -> Wants {
        Wants { frame_payloads: true, messages: true }
    }

    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.events += 1;
        self.table.take(event)?;
        self.summary.take(event)
    }
}

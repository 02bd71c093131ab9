//! Everything that is told of a capture.

use std::io::{self, Cursor, Sink as Nowhere};

use wslab::capture::source::{Item, Reader, Source as _};
use wslab::capture::{Analyzer, Event, Options, Sink, Table, Wants};
use wslab::report::captured::{CapturedTable, Follow, Following, Format, Look, Payload, Style, Summary, html, text};

/// Small bounds, so that they are reached.
pub const OPTIONS: Options =
    Options { max_message: 1 << 20, max_waiting: 1 << 18, max_kept: 8 << 20, max_connections: 64 };

const FORMATS: [Format; 4] = [Format::Table, Format::Json, Format::JsonLines, Format::Csv];
const PAYLOADS: [Payload; 5] = [Payload::Text, Payload::Hex, Payload::Base64, Payload::Sha256, Payload::None];

/// Tables, the summary and what follows a connection; and what holds of all events.
///
/// Every eighth time it is all tables and the pages too, otherwise one table: a fuzzer lives by its speed.
pub struct Everything {
    all: bool,
    tables: Vec<CapturedTable<Nowhere>>,
    summary: Summary,
    follow: Follow<Nowhere>,
    opened: u64,
    closed: u64,
}

impl Everything {
    /// `choice` chooses tables and formats.
    pub fn new(choice: usize) -> Self {
        let all = choice.is_multiple_of(8);
        let style = |(at, table): (usize, &Table)| Style {
            table: *table,
            format: FORMATS[(choice + at) % FORMATS.len()],
            payload: PAYLOADS[(choice / 3 + at) % PAYLOADS.len()],
            show_secrets: choice.is_multiple_of(2),
            filter: None,
            interval: None,
        };
        let chosen = Table::ALL.iter().enumerate().filter(|(at, _)| all || *at == choice % Table::ALL.len());
        Self {
            all,
            tables: chosen.map(|it| CapturedTable::new(style(it), io::sink())).collect(),
            summary: Summary::new(choice.is_multiple_of(2)),
            follow: Follow::new(io::sink(), Look::default(), Following { whole: true, ..Following::default() }),
            opened: 0,
            closed: 0,
        }
    }

    /// The end.
    pub fn finish(self) {
        assert_eq!(self.opened, self.closed, "every connection has one beginning and one end");
        for table in self.tables {
            table.finish().expect("nowhere can always be written to");
        }
        if !self.all {
            return;
        }
        assert!(!text(&self.summary, &Look::default()).is_empty());
        assert!(html(&self.summary, "fuzz").trim_end().ends_with("</html>"));
    }
}

impl Sink for Everything {
    fn wants(&self) -> Wants {
        Wants { frame_payloads: true, messages: true }
    }

    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Opened(_) => self.opened += 1,
            Event::Closed(_) => self.closed += 1,
            Event::Frame(frame) => {
                assert!(frame.captured <= frame.head.len);
                let payload = frame.payload.expect("payloads are wanted");
                assert!(payload.len() as u64 <= frame.captured, "nothing is made up");
            }
            Event::Message(message) => {
                assert_ne!(
                    message.payload.is_some(),
                    message.opaque.is_some(),
                    "it can be read, or it is said why not"
                );
                assert!(message.payload.is_none_or(|payload| payload.len() <= OPTIONS.max_message));
            }
            _ => {}
        }
        self.tables.iter_mut().try_for_each(|table| table.take(event))?;
        self.summary.take(event)?;
        self.follow.take(event)
    }
}

/// Reads a file to its end, whatever it is.
pub fn read(file: &[u8]) {
    let Ok(mut reader) = Reader::new("fuzz", Cursor::new(file.to_vec())) else { return };
    let mut analyzer = Analyzer::new(OPTIONS, Everything::new(file.len()));
    loop {
        match reader.next() {
            Ok(Some(Item::Packet(packet))) => analyzer.packet(packet).expect("nowhere can always be written to"),
            Ok(Some(Item::Secrets(secrets))) => analyzer.secrets(secrets),
            Ok(Some(Item::Idle)) => unreachable!("a file is never idle"),
            Ok(None) => break,
            Err(error) => {
                assert!(error.is_damage() && !error.to_string().is_empty());
                assert!(matches!(reader.next(), Ok(None)), "nothing comes behind damage");
                break;
            }
        }
    }
    let (everything, _) = analyzer.finish().expect("nowhere can always be written to");
    everything.finish();
}

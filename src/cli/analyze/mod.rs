//! `wslab analyze`: decode a capture.

mod output;
mod reading;
mod told;

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::print::{self, Count};
use super::{Everywhere, Exit, value};
use crate::capture::source;
use crate::capture::{Analyzer, Connection, Filter, Keep, Options, Table};
use crate::conform::Captured;
use crate::report::captured::{self, CapturedTable, Follow, Following, Format, Payload, Style, Summary};
use output::Output;
use reading::{Ended, Reading};
use told::{Chosen, Rest, Told, View};

/// Arguments of `wslab analyze`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Captures are pcap or pcapng, also packed by gzip or Zstandard. Without --table, --follow or --to-case a summary is \
printed.

Filters:
  opcode == text && length > 64Ki      frames
  client in 10.0.0.0/8 and not fin     and, or, not or && || !
  rule in [InvalidUtf8, Masked]        violations
  url matches '/chat*' && tls          a pattern; a field alone: it is known
  payload contains 'hello'             texts stand in quotes
  time > 2026-11-22T07:00:00Z          times; spans are written 5ms
The fields are those of the table as its CSV names them, and in each table those of the connection; a field that is \
not there is answered with those that are; rates are filtered by the fields of frames. Without --table the filter is \
over connections, by what is known of them when they open; how they closed, and counts, go with --table connections.

Exit codes:
  0    all as expected, also if there is no WebSocket in the capture
  1    a rule was broken, with --check
  2    usage or input error, or the capture is damaged; what comes before is told
  4    nothing selected: there is no connection N, or the filter lets nothing through
  130  interrupted; what came before is told")]
#[command(group(clap::ArgGroup::new("told").multiple(false)))]
pub(super) struct Analyze {
    /// Captures, read as one in the order of time; - is standard input
    #[arg(value_name = "CAPTURE", required_unless_present = "interface", conflicts_with = "interface")]
    captures: Vec<PathBuf>,
    /// Capture on this interface, until interrupted; only if built with the feature `live`
    #[arg(long, env = "WSLAB_INTERFACE", value_name = "IF")]
    interface: Option<String>,
    /// Capture only what this filter of libpcap lets through, such as `tcp port 80`
    #[arg(long, env = "WSLAB_BPF", value_name = "FILTER", requires = "interface")]
    bpf: Option<String>,
    /// Print a table, a row for each of these
    #[arg(long, env = "WSLAB_TABLE", value_name = "TABLE", group = "told")]
    table: Option<Rows>,
    /// Print a conversation as people read it: that of connection N
    #[arg(long, env = "WSLAB_FOLLOW", value_name = "N", group = "told")]
    follow: Option<u64>,
    /// With --follow, show long messages whole
    #[arg(long, env = "WSLAB_WHOLE", value_parser = value::flag, requires = "follow")]
    whole: bool,
    /// Print a case that does what the client of connection N did, for `wslab conform` to replay
    #[arg(long, env = "WSLAB_TO_CASE", value_name = "N", group = "told")]
    to_case: Option<u64>,
    /// How the table is written; the summary can be written as json
    #[arg(long, env = "WSLAB_ANALYZE_FORMAT", value_name = "FORMAT", conflicts_with_all = ["follow", "to_case"])]
    format: Option<Written>,
    /// What is shown of payloads: nothing, text (what is not UTF-8 becomes U+FFFD), hex, base64, or their SHA-256. Those of
    /// frames are shown unmasked and not inflated, those of messages inflated
    #[arg(long, env = "WSLAB_PAYLOAD", value_name = "AS", requires = "table")]
    payload: Option<Shown>,
    /// Count rates in intervals of this length; without it, one that makes at most 120 of them
    #[arg(long, env = "WSLAB_INTERVAL", value_name = "TIME", value_parser = value::interval, requires = "table")]
    interval: Option<Duration>,
    /// Only what this expression wants
    #[arg(long, env = "WSLAB_FILTER", value_name = "EXPRESSION")]
    filter: Option<String>,
    /// Only connection N
    #[arg(long, env = "WSLAB_CONNECTION", value_name = "N", conflicts_with_all = ["follow", "to_case"])]
    connection: Option<u64>,
    /// Decrypt TLS with the secrets in this file, which programs write for SSLKEYLOGFILE. Can be given several times
    #[arg(long, env = "WSLAB_KEYLOG", value_name = "FILE")]
    keylog: Vec<PathBuf>,
    /// Exit with 1 if a rule was broken
    #[arg(long, env = "WSLAB_CHECK", value_parser = value::flag)]
    check: bool,
    /// Write to this file what would be printed
    #[arg(short, long, env = "WSLAB_OUTPUT", value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write a page into this folder
    #[arg(long, env = "WSLAB_REPORT", value_name = "DIR")]
    report: Option<PathBuf>,
    /// Keep the packets of the selected connections in this file
    #[arg(long, env = "WSLAB_WRITE", value_name = "FILE")]
    write: Option<PathBuf>,
    /// Show secrets: tokens in URLs and headers
    #[arg(long, env = "WSLAB_SHOW_SECRETS", value_parser = value::flag)]
    show_secrets: bool,
    /// The largest message, in bytes, that is put together; of a larger one only the length is told
    #[arg(long, env = "WSLAB_MAX_MESSAGE", value_name = "BYTES", default_value = "67108864",
          value_parser = value::count)]
    max_message: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Rows {
    Connections,
    Frames,
    Messages,
    Violations,
    Rates,
    RoundTrips,
    Notes,
}

impl From<Rows> for Table {
    fn from(rows: Rows) -> Self {
        match rows {
            Rows::Connections => Self::Connections,
            Rows::Frames => Self::Frames,
            Rows::Messages => Self::Messages,
            Rows::Violations => Self::Violations,
            Rows::Rates => Self::Rates,
            Rows::RoundTrips => Self::RoundTrips,
            Rows::Notes => Self::Notes,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Written {
    Table,
    Json,
    Jsonl,
    Csv,
}

impl From<Written> for Format {
    fn from(written: Written) -> Self {
        match written {
            Written::Table => Self::Table,
            Written::Json => Self::Json,
            Written::Jsonl => Self::JsonLines,
            Written::Csv => Self::Csv,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shown {
    None,
    Text,
    Hex,
    Base64,
    Sha256,
}

impl From<Shown> for Payload {
    fn from(shown: Shown) -> Self {
        match shown {
            Shown::None => Self::None,
            Shown::Text => Self::Text,
            Shown::Hex => Self::Hex,
            Shown::Base64 => Self::Base64,
            Shown::Sha256 => Self::Sha256,
        }
    }
}

impl Analyze {
    pub(super) async fn run(&self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        self.sensible()?;
        let filter = self.filter()?;
        let keylogs = self
            .keylog
            .iter()
            .map(|path| std::fs::read(path).with_context(|| format!("failed to read {}", path.display())));
        let keylogs = keylogs.collect::<anyhow::Result<Vec<_>>>()?;
        // A file that is written over is written over for something.
        let mut reading = Reading::open(self)?;
        let options = Options { max_message: self.max_message, ..Options::default() };
        let summary = (self.prints_summary() || self.report.is_some()).then(|| Summary::new(self.show_secrets));
        let connection = self.connection.or(self.follow).or(self.to_case);
        let keep = self.keep(filter.clone());
        let told = Told::new(self.view(filter.clone())?, summary, keep, filter, connection, self.check);
        let mut analyzer = Analyzer::new(options, told);
        keylogs.iter().for_each(|keylog| analyzer.secrets(keylog));
        let ended = reading.all(&mut analyzer)?;
        let (told, totals) = analyzer.finish()?;
        let Rest { failed, seen, summary, keep } = told.finish()?;
        if let (Some(folder), Some(summary)) = (&self.report, &summary) {
            output::page(folder, &captured::html(summary, &self.names()))?;
        }
        if let Some(keep) = &keep {
            self.write_packets(keep, &keylogs, everywhere.quiet)?;
        }
        if !everywhere.quiet {
            seen.remarks(&totals, self.prints_summary()).for_each(print::warning);
        }
        if let Some(failed) = failed {
            return Err(failed);
        }
        let nothing = seen.nothing(connection, self.selecting());
        if let Some(words) = &nothing {
            print::error(words);
        }
        Ok(match ended {
            Ended::Damaged => Exit::Usage,
            Ended::Interrupted => Exit::Interrupted,
            Ended::Whole if self.check && seen.violations > 0 => {
                let broken = Count(usize::try_from(seen.violations).unwrap_or(usize::MAX), "violation");
                print::error(format_args!("{broken} of the rules, which --check does not let pass"));
                Exit::Failed
            }
            Ended::Whole if nothing.is_some() => Exit::NothingSelected,
            Ended::Whole => Exit::Ok,
        })
    }

    /// Of which table the filter has to let something through. What is wrong may well be nothing where it is checked.
    fn selecting(&self) -> Option<Table> {
        let table = self.table.map_or(Table::Connections, Table::from);
        let may_be_none = self.check && matches!(table, Table::Violations | Table::Notes);
        (self.filter.is_some() && !may_be_none).then_some(table)
    }

    const fn prints_summary(&self) -> bool {
        self.table.is_none() && self.follow.is_none() && self.to_case.is_none()
    }

    /// What is printed, and where to.
    fn view(&self, filter: Option<Filter>) -> anyhow::Result<View> {
        let out = Output::open(self.output.as_deref(), self.table.is_none())?;
        let look = out.look();
        if let Some(number) = self.to_case {
            return Ok(View::Case(out, Box::new(Captured::new(number)), self.names()));
        }
        Ok(match (self.table, self.follow) {
            (Some(table), _) => View::Table(Box::new(self.style(table.into(), filter, out))),
            (None, Some(connection)) => {
                let following = Following { connection, whole: self.whole, show_secrets: self.show_secrets };
                View::Follow(Box::new(Follow::new(BufWriter::new(out), look, following)))
            }
            (None, None) if self.format == Some(Written::Json) => View::Json(out),
            (None, None) => View::Summary(out, look),
        })
    }

    /// What was read, for a heading.
    fn names(&self) -> String {
        let names = self.captures.iter().map(|path| path.file_name().map_or("-".into(), |name| name.to_string_lossy()));
        names.collect::<Vec<_>>().join(", ")
    }

    /// Says what does not go together and is no affair of `clap`'s.
    fn sensible(&self) -> anyhow::Result<()> {
        let (table, shown) = (self.table, self.payload.unwrap_or(Shown::None));
        if self.interval.is_some() && table != Some(Rows::Rates) {
            anyhow::bail!("--interval is of --table rates, which is not asked for");
        }
        if table.is_none() && matches!(self.format, Some(Written::Jsonl | Written::Csv)) {
            anyhow::bail!("without --table there is only --format json, of the summary");
        }
        if shown != Shown::None && !matches!(table, Some(Rows::Frames | Rows::Messages)) {
            anyhow::bail!("only --table frames and --table messages have payloads");
        }
        if let Some(to) = &self.write {
            if self.captures.is_empty() {
                anyhow::bail!("an interface cannot be read again to copy packets out of it: capture to a file first");
            }
            if to.as_os_str() == "-" {
                anyhow::bail!("--write takes a file: what is printed goes to standard output already");
            }
            Keep::check(&self.captures, to)?;
            if self.filter.is_some() && !matches!(table, None | Some(Rows::Connections)) {
                anyhow::bail!("--write keeps whole connections: with it --filter has to be over connections");
            }
        }
        self.spares()
    }

    /// Nothing that is read is written over.
    fn spares(&self) -> anyhow::Result<()> {
        let read: Vec<&Path> = self.captures.iter().chain(&self.keylog).map(PathBuf::as_path).collect();
        let output = self.output.clone().filter(|path| path.as_os_str() != "-").map(|path| ("--output", path));
        let report = self.report.as_deref().map(|folder| ("--report", output::page_in(folder)));
        let write = self.write.clone().map(|path| ("--write", path));
        output::spares(&read, &output.into_iter().chain(report).chain(write).collect::<Vec<_>>())
    }

    /// Chooses whose packets are written.
    fn keep(&self, filter: Option<Filter>) -> Option<Chosen> {
        self.write.as_ref()?;
        let number = self.connection.or(self.follow).or(self.to_case);
        Some(Keep::new(Box::new(move |connection: &Connection| {
            number.is_none_or(|number| number == connection.number)
                && filter
                    .as_ref()
                    .is_none_or(|filter| filter.table() != Table::Connections || filter.connection(connection))
        })))
    }

    /// Writes the packets of the connections that were chosen.
    fn write_packets(&self, keep: &Chosen, keylogs: &[Vec<u8>], quiet: bool) -> anyhow::Result<()> {
        let Some(path) = &self.write else { return Ok(()) };
        let failed = || format!("failed to write {}", path.display());
        let out = BufWriter::new(File::create(path).with_context(failed)?);
        let keylog = keylogs.join(&b'\n');
        let application = concat!("wslab ", env!("CARGO_PKG_VERSION"));
        let written = keep.write(|| source::open(&self.captures), &keylog, application, out).with_context(failed)?;
        let count = |number: u64, word| Count(usize::try_from(number).unwrap_or(usize::MAX), word).to_string();
        if written.connections == 0 {
            print::warning(format_args!("no connection was selected: {} holds no packet", path.display()));
        } else if !quiet {
            let (packets, connections) = (count(written.packets, "packet"), count(written.connections, "connection"));
            print::tell(format_args!("{}: {packets} of {connections}", path.display()));
        }
        if written.secrets > 0 {
            print::warning(format_args!("{} holds the secrets of what is encrypted in it", path.display()));
        }
        Ok(())
    }

    /// What is wanted, over the table or over connections.
    fn filter(&self) -> anyhow::Result<Option<Filter>> {
        let table = self.table.map_or(Table::Connections, Table::from);
        // What is counted of a connection is counted before it is over.
        let early = table == Table::Connections && (self.prints_summary() || self.check || self.report.is_some());
        let parse = |text| if early { Filter::parse_early(text) } else { Filter::parse(text, table) };
        let written = self.filter.as_deref().map(parse).transpose()?;
        let numbered = self.connection.map(|number| Filter::connection_number(number, table));
        Ok(match (numbered, written) {
            (Some(numbered), Some(written)) => Some(numbered.and(written)),
            (numbered, written) => numbered.or(written),
        })
    }

    fn style(&self, table: Table, filter: Option<Filter>, out: Output) -> CapturedTable<Output> {
        let style = Style {
            table,
            format: self.format.map_or(Format::Table, Format::from),
            payload: self.payload.map_or(Payload::None, Payload::from),
            show_secrets: self.show_secrets,
            filter,
            interval: self.interval,
        };
        CapturedTable::new(style, out)
    }
}

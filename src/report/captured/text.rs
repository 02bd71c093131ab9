//! The summary as text for a terminal.

use super::super::plain::{line, size};
use super::figures::{SPREAD, spreads, traffic};
use super::look::{
    Cell, Column, ENDS, GOOD, Grid, Look, PLAIN, SOFT, TITLE, WEAK, WRONG, cut, cut_inside, left, right, wrapped,
};
use super::summary::{Bucket, Summary, is_refused};
use super::words::{
    agreed, agreements, by_interest, byte_rate, count_of, ended, ended_short, ended_well, headline, lasted, noted,
    opened, places, rate, span, target, times,
};
use crate::capture::Connection;

/// Connections up to this many are told in some lines each, more in one line each.
const IN_FULL: usize = 3;
/// The most lines for connections, rules and notes.
const LINES: usize = 15;

/// What `wslab analyze` prints of a capture.
pub fn text(summary: &Summary, look: &Look) -> String {
    let mut page = Page { look: *look, out: String::new() };
    page.headline(summary);
    if summary.rows.len() <= IN_FULL {
        let mut rows: Vec<&Connection> = summary.rows.iter().collect();
        rows.sort_by_key(|row| row.number);
        rows.into_iter().for_each(|row| page.connection(row));
    } else {
        page.connections(summary);
    }
    page.refusals(summary);
    page.violations(summary);
    page.notes(summary);
    page.traffic(summary);
    page.spreads(summary);
    page.rates(summary);
    page.out
}

struct Page {
    look: Look,
    out: String,
}

impl Page {
    fn headline(&mut self, summary: &Summary) {
        let style = match () {
            () if summary.faults() > 0 => WRONG,
            () if summary.refused > 0 || !summary.notes.is_empty() => WEAK,
            () if summary.connections == 0 => PLAIN,
            () => GOOD,
        };
        for line in wrapped(&self.look.spelled(&headline(summary)), self.look.columns()) {
            self.out.push_str(&self.look.paint(style, &line));
            self.out.push('\n');
        }
    }

    fn heading(&mut self, words: &str) {
        self.out.push('\n');
        self.out.push_str(&self.look.paint(TITLE, words));
        self.out.push('\n');
    }

    /// Words behind a name, in as many lines as they need.
    fn row(&mut self, name: &str, words: &str, style: anstyle::Style) {
        const NAME: usize = 8;
        for (index, line) in wrapped(&self.look.spelled(words), self.look.columns() - NAME - 4).iter().enumerate() {
            let name = self.look.paint(SOFT, &format!("{:NAME$}", if index == 0 { name } else { "" }));
            let row = format!("  {name}  {}", self.look.paint(style, line));
            self.out.push_str(row.trim_end());
            self.out.push('\n');
        }
    }

    /// Words in as many lines as they need, so many columns from the left.
    fn words(&mut self, indent: usize, words: &str, style: anstyle::Style) {
        for line in wrapped(&self.look.spelled(words), self.look.columns() - indent) {
            self.out.push_str(&format!("{:indent$}{}\n", "", self.look.paint(style, &line)));
        }
    }

    fn connection(&mut self, connection: &Connection) {
        self.heading(&cut(
            &format!("connection {}  {} → {}", connection.number, connection.client, connection.server),
            self.look.columns(),
        ));
        if let Some(tls) = &connection.tls {
            self.row("inside", &line(tls), PLAIN);
        }
        if connection.url.is_some() {
            let host = connection.host.as_deref().map(|host| format!(" of {}", line(host))).unwrap_or_default();
            let origin = connection.origin.as_deref().map(|origin| format!(", from {}", line(origin)));
            self.row("asks for", &format!("{}{host}{}", target(connection), origin.unwrap_or_default()), PLAIN);
        }
        if let Some(agent) = connection.agent.as_deref().filter(|agent| !agent.is_empty()) {
            self.row("agent", &cut(&line(agent), self.look.columns() - 12), PLAIN);
        }
        let refused = is_refused(connection);
        self.row("opened", &opened(connection), if refused { WEAK } else { PLAIN });
        if let Some(agreed) = agreed(connection) {
            self.row("agreed", &agreed, PLAIN);
        }
        if !refused {
            self.row("ended", &ended(connection), if ended_well(connection) { PLAIN } else { WEAK });
        }
        let packets = match (connection.first.packet, connection.last.packet) {
            (first, last) if first == last => format!("packet {first}"),
            (first, last) => format!("packets {first} to {last}"),
        };
        let time = lasted(connection).map(|time| format!("{}, ", span(time))).unwrap_or_default();
        self.row("lasted", &format!("{time}{packets}"), PLAIN);
        if connection.violations > 0 {
            self.row("rules", &format!("broken {}", times(connection.violations)), WRONG);
        }
    }

    fn connections(&mut self, summary: &Summary) {
        let mut shown = by_interest(summary, LINES);
        let all_fit = summary.rows.len() <= LINES;
        if all_fit {
            shown.sort_by_key(|row| row.number);
        }
        self.heading(if all_fit { "connections" } else { "connections, the most remarkable first" });
        let server = shown.first().map(|row| row.server).filter(|server| shown.iter().all(|row| row.server == *server));
        if let Some(server) = server {
            self.row("server", &server.to_string(), PLAIN);
        }
        let spare = |title, spare| Column { title, right: true, spare };
        let mut columns = vec![right("#"), left("client"), left("asks for"), left("ended"), right("rules")];
        columns[1].spare = 1;
        columns.extend([spare("messages", 4), spare("lasted", 3), spare("on the wire", 2)]);
        let address = if self.look.columns() < 110 { 24 } else { 47 };
        let rows = shown.iter().map(|row| cells(row, server.is_none(), address)).collect();
        Grid { columns, flex: Some(2), rows }.render(self.look, &mut self.out);
        let more = summary.connections - shown.len() as u64;
        if more > 0 {
            let more = format!("… and {more} more; --table connections lists all");
            self.words(2, &more, SOFT);
        }
        let agreements = agreements(summary);
        if agreements.len() > 1 || agreements.first().is_some_and(|(_, words)| words != "nothing agreed") {
            for (index, (number, words)) in agreements.iter().take(4).enumerate() {
                let words = cut(words, self.look.columns().saturating_sub(32));
                let name = if index == 0 { "agreed" } else { "" };
                self.row(name, &format!("{words}: {}", count_of(*number as u64, "connection")), PLAIN);
            }
        }
    }

    fn refusals(&mut self, summary: &Summary) {
        if summary.rows.len() <= IN_FULL || summary.refusals.is_empty() {
            return;
        }
        self.heading("refused openings");
        for (status, refused) in summary.refusals.iter().take(LINES) {
            let packets: Vec<String> = refused.first.iter().map(|(packet, _)| packet.to_string()).collect();
            let more = if refused.count > refused.first.len() as u64 { ", …" } else { "" };
            let reason = cut(&line(&refused.reason), self.look.columns() / 2);
            let words = format!("{status} {reason}, {}: packet", times(refused.count));
            let plural = if packets.len() == 1 { "" } else { "s" };
            self.words(2, &format!("{words}{plural} {}{more}", packets.join(", ")), WEAK);
        }
    }

    fn violations(&mut self, summary: &Summary) {
        let violations = summary.violations();
        if violations.is_empty() {
            return;
        }
        self.heading("broken rules");
        for violated in violations.iter().take(LINES) {
            let by = format!("{}  by the {}, {}", violated.rule, violated.by, times(violated.count));
            self.words(2, &by, WRONG);
            self.words(4, &format!("{} ({}, {})", violated.words, violated.level, violated.clause), PLAIN);
            self.words(4, &places(violated.spots(), violated.count, violated.connections()), SOFT);
        }
        self.more(violations.len(), "--table violations lists all");
    }

    fn notes(&mut self, summary: &Summary) {
        for (heading, kinds) in [
            ("gaps", &["lost", "differs"][..]),
            ("not decrypted", &["encrypted"]),
            ("known, and not read", &["not-read"]),
        ] {
            let notes = || summary.notes.iter().filter(|note| kinds.contains(&note.kind));
            if notes().next().is_none() {
                continue;
            }
            self.heading(heading);
            for note in notes().take(LINES) {
                self.words(2, &noted(note), WEAK);
                let spots = if note.is_gap() { note.spots() } else { &note.spots()[..note.spots().len().min(3)] };
                self.words(4, &places(spots, note.count, note.connections()), SOFT);
            }
            self.more(notes().count(), "--report tells of all");
        }
    }

    fn more(&mut self, all: usize, how: &str) {
        if let more @ 1.. = all.saturating_sub(LINES) {
            self.words(2, &format!("… and {more} more; {how}"), SOFT);
        }
    }

    fn traffic(&mut self, summary: &Summary) {
        let rows = traffic(summary);
        if rows.is_empty() {
            return;
        }
        self.heading("traffic");
        let cell = |number: Option<String>| number.map_or_else(|| Cell("·".to_owned(), SOFT), Cell::from);
        let cells = |(name, numbers): (&str, [Option<String>; 3])| {
            std::iter::once(Cell::from(name)).chain(numbers.map(cell)).collect()
        };
        let columns = vec![left(""), right("client"), right("server"), right("both")];
        Grid { columns, flex: None, rows: rows.into_iter().map(cells).collect() }.render(self.look, &mut self.out);
    }

    fn spreads(&mut self, summary: &Summary) {
        let rows = spreads(summary);
        if rows.is_empty() {
            return;
        }
        self.heading("sizes and times");
        let cells = |(name, numbers): (&str, [String; 6])| {
            std::iter::once(Cell::from(name)).chain(numbers.map(Cell::from)).collect()
        };
        let mut columns: Vec<_> = std::iter::once(left("")).chain(SPREAD.map(right)).collect();
        columns[4].spare = 1;
        columns[2].spare = 2;
        Grid { columns, flex: Some(0), rows: rows.into_iter().map(cells).collect() }.render(self.look, &mut self.out);
    }

    fn rates(&mut self, summary: &Summary) {
        const NAME: usize = 6;
        const PEAK: usize = 26;
        if summary.rates.buckets().len() < 2 {
            return;
        }
        let room = (self.look.columns() - NAME - PEAK - 6).min(80);
        let (interval, columns) = summary.rates.in_columns(room);
        let messages: u64 = columns.iter().flat_map(|bucket| bucket.messages).sum();
        let number: fn(&Bucket, usize) -> u64 =
            if messages > 0 { |bucket, end| bucket.messages[end] } else { |bucket, end| bucket.bytes[end] };
        let what = if messages > 0 { "messages" } else { "bytes" };
        self.heading(&format!("{what} over time, {} a column", span(interval)));
        let most = columns.iter().flat_map(|bucket| [number(bucket, 0), number(bucket, 1)]).max().unwrap_or(0);
        for (end, name) in ["client", "server"].into_iter().enumerate() {
            let chart: String = columns.iter().map(|bucket| self.block(number(bucket, end), most)).collect();
            let peak = |of: fn(&Bucket, usize) -> u64| columns.iter().map(|bucket| of(bucket, end)).max().unwrap_or(0);
            let bytes = byte_rate(peak(|bucket, end| bucket.bytes[end]), interval);
            let peak = match messages {
                0 => format!("peak {bytes}"),
                _ => format!("peak {}, {bytes}", rate(peak(|bucket, end| bucket.messages[end]), interval)),
            };
            let chart = if self.look.color { format!("{}{chart}{:#}", ENDS[end], ENDS[end]) } else { chart };
            let pad = room.min(columns.len()) - columns.len();
            self.out.push_str(&format!("  {name:NAME$}  {chart}{:pad$}  {peak}\n", ""));
        }
    }

    /// A number as a block that is as high as its share of the most.
    fn block(&self, number: u64, most: u64) -> char {
        const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        const ASCII: [char; 9] = [' ', '_', '.', ':', '-', '=', '+', '*', '#'];
        // What is something is never shown as nothing.
        let height = if number == 0 { 0 } else { ((number as f64 / most as f64 * 8.0).round() as usize).clamp(1, 8) };
        if self.look.unicode { BLOCKS[height] } else { ASCII[height] }
    }
}

/// A connection as a row.
fn cells(row: &Connection, with_server: bool, address: usize) -> Vec<Cell> {
    let target = if with_server { format!("{} {}", row.server, target(row)) } else { target(row) };
    let style = if ended_well(row) { PLAIN } else { WEAK };
    let rules = match row.violations {
        0 => Cell("·".to_owned(), SOFT),
        violations => Cell(format!("✗ {violations}"), WRONG),
    };
    vec![
        row.number.to_string().into(),
        cut_inside(&row.client.to_string(), address).into(),
        target.into(),
        Cell(ended_short(row), style),
        rules,
        (row.from_client.messages + row.from_server.messages).to_string().into(),
        lasted(row).map_or_else(String::new, span).into(),
        size(row.from_client.bytes.saturating_add(row.from_server.bytes)).into(),
    ]
}

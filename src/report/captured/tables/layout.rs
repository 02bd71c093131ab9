//! Which columns people are shown, and how wide these are.

use crate::capture::{Sent, Table};

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// The cell that it shows.
    pub(super) name: &'static str,
    /// What stands above it.
    pub(super) title: &'static str,
    /// In characters.
    pub(super) width: usize,
    /// Whether it is aligned at its right end, as numbers are.
    pub(super) right: bool,
    /// Whether texts are cut to the width, as addresses are not.
    pub(super) cut: bool,
}

const fn left(name: &'static str, title: &'static str, width: usize) -> Column {
    Column { name, title, width, right: false, cut: true }
}

const fn right(name: &'static str, title: &'static str, width: usize) -> Column {
    Column { name, title, width, right: true, cut: true }
}

/// An address and a port: those of IPv4 fit, those of IPv6 make their row longer.
const fn address(name: &'static str) -> Column {
    Column { name, title: name, width: 21, right: false, cut: false }
}

/// The widest column of payloads.
pub(super) const LONGEST: usize = 64;

const CONNECTION: Column = right("connection", "conn", 5);
const TIME: Column = left("time", "time", 27);
const PACKET: Column = right("packet", "packet", 8);

/// The columns of a table, in the order of its cells.
pub(super) fn columns(table: Table) -> Vec<Column> {
    match table {
        Table::Connections => vec![
            CONNECTION,
            address("client"),
            address("server"),
            left("url", "url", 28),
            right("status", "status", 6),
            left("close_by", "closed", 6),
            right("close_code", "code", 5),
            left("ending", "ending", 8),
            right("violations", "violations", 10),
            right("client_frames", "client_frames", 13),
            right("client_bytes", "client_bytes", 12),
            right("server_frames", "server_frames", 13),
            right("server_bytes", "server_bytes", 12),
        ],
        Table::Frames => vec![
            CONNECTION,
            left("direction", "from", 6),
            TIME,
            right("frame", "frame", 7),
            PACKET,
            left("kind", "kind", 12),
            left("fin", "fin", 3),
            right("rsv", "rsv", 3),
            left("masked", "masked", 6),
            right("length", "length", 10),
            right("captured", "captured", 10),
            left("payload", "payload", LONGEST),
        ],
        Table::Messages => vec![
            CONNECTION,
            left("direction", "from", 6),
            TIME,
            right("message", "message", 7),
            left("kind", "kind", 6),
            right("frames", "frames", 6),
            left("compressed", "compressed", 10),
            right("length", "length", 10),
            left("payload", "payload", LONGEST),
            left("why", "why it is opaque", 56),
        ],
        Table::Violations => vec![
            CONNECTION,
            left("direction", "by", 6),
            TIME,
            PACKET,
            left("rule", "rule", 24),
            left("level", "level", 6),
            left("clause", "clause", 11),
            right("frame", "frame", 7),
            right("offset", "offset", 10),
            left("words", "words", 120),
        ],
        Table::Rates => vec![
            TIME,
            right("interval", "interval", 8),
            left("direction", "from", 6),
            right("frames", "frames", 10),
            right("messages", "messages", 10),
            right("bytes", "bytes", 14),
            right("payload", "payload", 14),
        ],
        Table::RoundTrips => vec![CONNECTION, left("direction", "from", 6), TIME, PACKET, right("rtt", "rtt", 14)],
        Table::Notes => vec![
            CONNECTION,
            address("from"),
            address("to"),
            TIME,
            PACKET,
            left("kind", "kind", 9),
            right("offset", "offset", 12),
            right("count", "count", 10),
            left("words", "words", 120),
        ],
    }
}

/// The names of all cells of a table, in their order.
pub(super) fn names(table: Table) -> Vec<&'static str> {
    let fixed: &[&str] = match table {
        Table::Connections => &[
            "connection",
            "client",
            "server",
            "url",
            "status",
            "subprotocol",
            "extensions",
            "opened",
            "closed",
            "close_by",
            "close_code",
            "close_reason",
            "guessed",
            "tls",
            "host",
            "origin",
            "agent",
            "refusal",
            "packet",
            "ending",
            "ended_by",
            "violations",
        ],
        Table::Frames => &[
            "connection",
            "direction",
            "time",
            "frame",
            "packet",
            "opcode",
            "kind",
            "fin",
            "rsv",
            "masked",
            "length",
            "captured",
            "payload",
            "code",
            "offset",
        ],
        Table::Messages => &[
            "connection",
            "direction",
            "time",
            "message",
            "kind",
            "frames",
            "compressed",
            "length",
            "payload",
            "opaque",
            "why",
            "packet",
            "wire",
        ],
        Table::Violations => {
            &["connection", "direction", "time", "packet", "rule", "level", "clause", "frame", "offset", "words"]
        }
        Table::Rates => &["time", "interval", "direction", "frames", "messages", "bytes", "payload"],
        Table::RoundTrips => &["connection", "direction", "time", "packet", "rtt"],
        Table::Notes => &["connection", "from", "to", "time", "packet", "kind", "offset", "count", "words"],
    };
    let mut names = fixed.to_vec();
    if table == Table::Connections {
        names.extend(Sent::COUNTS.iter().map(|count| count.client));
        names.extend(Sent::COUNTS.iter().map(|count| count.server));
    }
    names
}

//! What is said of connections and troubles in every report of a capture.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use super::super::plain::{count, line, size, time};
use super::summary::{Noted, Spot, Summary, is_refused};
use crate::capture::{Connection, Ending};

/// A time as people say it, also a very short and a very long one: `850 ns`, `37 µs`, `1.2 ms`, `2 h 5 min`.
pub(super) fn span(of: Duration) -> String {
    match of.as_nanos() {
        0 => "0 s".to_owned(),
        nanos @ 1..1000 => format!("{nanos} ns"),
        nanos @ 1000..1_000_000 => format!("{} µs", nanos / 1000),
        _ => match of.as_secs() {
            0..3600 => time(of),
            seconds @ 3600..172_800 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
            seconds => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
        },
    }
}

/// The same of nanoseconds.
pub(super) fn nanos(nanos: u64) -> String {
    span(Duration::from_nanos(nanos))
}

/// A rate: `0.25/s`, `12/s`.
pub(super) fn rate(number: u64, in_time: Duration) -> String {
    let rate = per_second(number, in_time);
    if rate < 9.95 && rate > 0.0 { format!("{rate:.1}/s") } else { format!("{rate:.0}/s") }
}

/// A rate of bytes: `1.2 KiB/s`.
pub(super) fn byte_rate(bytes: u64, in_time: Duration) -> String {
    format!("{}/s", size(per_second(bytes, in_time) as u64))
}

fn per_second(number: u64, in_time: Duration) -> f64 {
    let seconds = in_time.as_secs_f64();
    if seconds > 0.0 { number as f64 / seconds } else { 0.0 }
}

/// How long a connection lasted, from its first packet to its last.
pub(super) fn lasted(connection: &Connection) -> Option<Duration> {
    connection.last.since(connection.first)
}

/// What was asked for: `/chat?room=1`.
pub(super) fn target(connection: &Connection) -> String {
    connection.url.as_deref().map_or_else(|| "(not captured)".to_owned(), line)
}

/// How it opened.
pub(super) fn opened(connection: &Connection) -> String {
    if is_refused(connection) {
        return match (connection.status, &connection.refusal) {
            (Some(status), Some(reason)) if !reason.is_empty() => {
                format!("refused with status {status} {}", line(reason))
            }
            (Some(status), _) => format!("refused with status {status}"),
            (None, _) => "failed, without an answer".to_owned(),
        };
    }
    if connection.guessed {
        return "not captured; its frames say that it is a WebSocket".to_owned();
    }
    let after = connection.opened.and_then(|opened| opened.since(connection.first));
    let after = after.map(|after| format!(" after {}", span(after))).unwrap_or_default();
    match connection.status {
        Some(status) => format!("with status {status}{after}"),
        None => format!("without a captured answer{after}"),
    }
}

/// What was agreed: `permessage-deflate, subprotocol chat`.
pub(super) fn agreed(connection: &Connection) -> Option<String> {
    let extensions = connection.extensions.as_deref().map(line);
    let protocol = connection.subprotocol.as_deref().map(|protocol| format!("subprotocol {}", line(protocol)));
    let all: Vec<String> = [extensions, protocol].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// How it ended.
pub(super) fn ended(connection: &Connection) -> String {
    let close = match &connection.close {
        Some(close) => {
            let code = close.code.map_or_else(|| "without a code".to_owned(), |code| format!("with {code}"));
            let reason =
                if close.reason.is_empty() { String::new() } else { format!(" “{}”", line(&close.reason)) };
            format!("by the {} {code}{reason}", close.by)
        }
        None => "without a close frame".to_owned(),
    };
    match connection.ending {
        Ending::Refused => "never a WebSocket".to_owned(),
        Ending::Open if connection.close.is_none() => "not as far as the capture goes".to_owned(),
        Ending::Open => format!("{close}; TCP is open as far as the capture goes"),
        Ending::Finished(by) => format!("{close}; TCP ended by the {by}"),
        Ending::Reset(by) => format!("{close}; TCP reset by the {by}"),
    }
}

/// The same in a word or two.
pub(super) fn ended_short(connection: &Connection) -> String {
    if is_refused(connection) {
        return connection.status.map_or_else(|| "failed".to_owned(), |status| format!("refused {status}"));
    }
    match (&connection.close, connection.ending) {
        (Some(close), _) => match close.code {
            Some(code) => format!("{} {}", code.0, close.by),
            None => format!("no code {}", close.by),
        },
        (None, Ending::Reset(by)) => format!("reset {by}"),
        (None, Ending::Open) => "open".to_owned(),
        (None, _) => "no close".to_owned(),
    }
}

/// Whether it ended as it should, or may still.
pub(super) fn ended_well(connection: &Connection) -> bool {
    match (&connection.close, connection.ending) {
        (Some(close), Ending::Finished(_) | Ending::Open) => {
            // 3000 to 4999 are what an application says of its own.
            close.code.is_none_or(|code| matches!(code.0, 1000 | 1001 | 3000..=4999))
        }
        (None, Ending::Open) => true,
        _ => false,
    }
}

/// What a capture holds, in a line.
pub(super) fn headline(summary: &Summary) -> String {
    if summary.connections == 0 {
        return "no WebSocket connection".to_owned();
    }
    let mut words = count_of(summary.connections, "connection");
    if let Some(duration) = summary.duration() {
        words.push_str(&format!(" over {}", span(duration)));
    }
    let parts: Vec<String> = [
        (summary.refused, "refused"),
        (summary.open, "open at the end"),
        (summary.guessed, "without an opening"),
        (summary.encrypted, "decrypted"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, what)| format!("{number} {what}"))
    .collect();
    if !parts.is_empty() {
        words.push_str(&format!(" ({})", parts.join(", ")));
    }
    words.push_str(&match (summary.violations().len(), summary.faults()) {
        (0, _) => "; no rule broken".to_owned(),
        (_, 1) => "; 1 rule broken".to_owned(),
        (_, faults) => format!("; rules broken {faults} times"),
    });
    let lost: u64 = summary.notes.iter().filter(|note| note.kind == "lost").map(|note| note.bytes).sum();
    if lost > 0 {
        words.push_str(&format!("; {} missing", size(lost)));
    }
    words
}

/// `1 connection`, `2 connections`.
pub(super) fn count_of(number: u64, word: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), word)
}

/// `4.3 KiB not captured, 3 times`.
pub(super) fn noted(note: &Noted) -> String {
    let bytes = if note.bytes > 0 { format!("{} ", size(note.bytes)) } else { String::new() };
    format!("{bytes}{}, {}", line(&note.words), times(note.count))
}

/// `once`, `3 times`.
pub(super) fn times(number: u64) -> String {
    if number == 1 { "once".to_owned() } else { format!("{number} times") }
}

/// `packets 17, 19, … of connection 0`, `packets 17 (connection 0), 23 (connection 4), … of 12 connections`.
pub(super) fn places(spots: &[Spot], count: u64, connections: usize) -> String {
    let numbers: Vec<String> = spots
        .iter()
        .map(|spot| match spot.connection {
            Some(connection) if connections > 1 => format!("{} (connection {connection})", spot.packet),
            Some(_) => spot.packet.to_string(),
            None => format!("{} ({} → {})", spot.packet, spot.from, spot.to),
        })
        .collect();
    let plural = if numbers.len() == 1 { "" } else { "s" };
    let more = if count > spots.len() as u64 { ", …" } else { "" };
    let of = match (connections, spots.iter().find_map(|spot| spot.connection)) {
        (1, Some(connection)) => format!(" of connection {connection}"),
        (2.., _) if count > spots.len() as u64 => format!(" of {connections} connections"),
        _ => String::new(),
    };
    format!("packet{plural} {}{more}{of}", numbers.join(", "))
}

/// The connections that matter most, first: with broken rules, refused, badly ended, then those that sent most. None of
/// the first kinds takes all the room while there are others.
pub(super) fn by_interest(summary: &Summary, most: usize) -> Vec<&Connection> {
    let kind = |row: &Connection| match row {
        row if row.violations > 0 => 0,
        row if is_refused(row) => 1,
        row if !ended_well(row) => 2,
        _ => 3,
    };
    let bytes = |row: &Connection| row.from_client.bytes.saturating_add(row.from_server.bytes);
    let mut rows: Vec<&Connection> = summary.rows.iter().collect();
    rows.sort_by_key(|row| (kind(row), Reverse((row.violations, bytes(row))), row.number));
    let mut room = [most / 2, most / 4, most / 4, most];
    let (mut shown, rest): (Vec<&Connection>, Vec<&Connection>) = rows.into_iter().partition(|row| {
        let room = &mut room[kind(row)];
        let has_room = *room > 0;
        *room -= usize::from(has_room);
        has_room
    });
    // Where one kind leaves room, the others have it.
    let free = most.saturating_sub(shown.len());
    shown.extend(rest.into_iter().take(free));
    shown.truncate(most);
    shown.sort_by_key(|row| (kind(row), Reverse((row.violations, bytes(row))), row.number));
    shown
}

/// What several connections agreed on, the most frequent first: how many, and on what.
pub(super) fn agreements(summary: &Summary) -> Vec<(usize, String)> {
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    for row in summary.rows.iter().filter(|row| !is_refused(row) && !row.guessed) {
        *groups.entry(agreed(row).unwrap_or_else(|| "nothing agreed".to_owned())).or_default() += 1;
    }
    let mut groups: Vec<(usize, String)> = groups.into_iter().map(|(words, number)| (number, words)).collect();
    groups.sort_by_key(|(number, _)| Reverse(*number));
    groups
}

//! The numbers of a capture, in rows.

use super::super::plain::size;
use super::summary::{Spread, Summary};
use super::words::nanos;

/// What both ends sent: a name, then the client's number, the server's and that of both, where it is not zero. What is a
/// part of the row above begins with two blanks. Nothing if no frame was seen.
pub(super) fn traffic(summary: &Summary) -> Vec<(&'static str, [Option<String>; 3])> {
    let [client, server] = &summary.sent;
    let all = summary.all();
    if all.frames.all() == 0 {
        return Vec::new();
    }
    let three = [client, server, &all];
    let frames = three.map(|sent| sent.frames);
    let [one, other] = summary.kinds;
    let plain: fn(u64) -> String = |number| number.to_string();
    let rows = [
        ("frames", frames.map(|frames| frames.all()), plain),
        ("  text", frames.map(|frames| frames.text), plain),
        ("  binary", frames.map(|frames| frames.binary), plain),
        ("  continuation", frames.map(|frames| frames.continuation), plain),
        ("  ping", frames.map(|frames| frames.ping), plain),
        ("  pong", frames.map(|frames| frames.pong), plain),
        ("  close", frames.map(|frames| frames.close), plain),
        ("  reserved", frames.map(|frames| frames.reserved), plain),
        ("messages", three.map(|sent| sent.messages), plain),
        ("  text", [one.text, other.text, one.text + other.text], plain),
        ("  binary", [one.binary, other.binary, one.binary + other.binary], plain),
        ("  compressed", three.map(|sent| sent.compressed), plain),
        ("  not readable", three.map(|sent| sent.opaque), plain),
        ("on the wire", three.map(|sent| sent.bytes), size),
        ("payload", three.map(|sent| sent.payload), size),
        ("content", three.map(|sent| sent.content), size),
        ("missing", three.map(|sent| sent.lost), size),
    ];
    let mut rows: Vec<_> = rows
        .into_iter()
        .filter(|(_, numbers, _)| numbers[2] > 0)
        .map(|(name, numbers, shown)| (name, numbers.map(|number| (number > 0).then(|| shown(number)))))
        .collect();
    if all.inflated > 0 {
        // Of what was compressed and could be inflated: the size on the wire by the size before.
        let ratio = |sent: &crate::capture::Sent| {
            (sent.inflated > 0).then(|| format!("{:.3}", sent.deflated as f64 / sent.inflated as f64))
        };
        rows.push(("compressed to", three.map(ratio)));
    }
    rows
}

/// The titles of the numbers of [`spreads`].
pub(super) const SPREAD: [&str; 6] = ["count", "min", "median", "90 %", "99 %", "max"];

/// How sizes and times are spread: a name, and the numbers.
pub(super) fn spreads(summary: &Summary) -> Vec<(&'static str, [String; 6])> {
    let [client, server] = &summary.sizes;
    let [after_client, after_server] = &summary.between;
    let bytes: fn(u64) -> String = size;
    let rows: [(&str, &Spread, _); 5] = [
        ("message size, client", client, bytes),
        ("message size, server", server, bytes),
        ("between messages, client", after_client, nanos),
        ("between messages, server", after_server, nanos),
        ("ping to pong", &summary.round_trips, nanos),
    ];
    rows.into_iter()
        .filter(|(_, spread, _)| !spread.is_empty())
        .map(|(name, spread, shown)| {
            let numbers = [spread.min(), spread.at(0.5), spread.at(0.9), spread.at(0.99), spread.max()];
            let [min, median, most, nearly_all, max] = numbers.map(shown);
            (name, [spread.count().to_string(), min, median, most, nearly_all, max])
        })
        .collect()
}

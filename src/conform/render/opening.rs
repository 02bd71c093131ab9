//! What a case says of the opening handshake, and of what goes beside.

use super::{Style, duration, list, payload, quoted, table, words};
use crate::conform::{Answer, Beside, Case, Handshake, Manners};

/// The keys of a case that differ from a plain one, with their values.
pub(super) fn keys(case: &Case) -> Vec<(&'static str, String)> {
    let mut keys = Vec::new();
    keys.extend(case.opening.as_ref().map(|opening| ("opening", handshake(opening))));
    if case.manners != Manners::default() {
        let Manners { pong, close, end, stop } = case.manners;
        let left =
            [("pong", pong), ("close", close), ("end", end), ("stop", stop)].into_iter().filter(|(_, done)| !done);
        keys.push(("manners", table(left.map(|(name, _)| format!("{name} = false")))));
    }
    keys.extend(case.beside.map(|beside| {
        let (word, count) = match beside {
            Beside::Open(count) => ("open", count),
            Beside::Asking(count) => ("asking", count),
        };
        ("beside", format!("{{ {word} = {count} }}"))
    }));
    keys
}

fn handshake(opening: &Handshake) -> String {
    let Handshake { line, set, drop, add, raw, behind, chop, pause, unfinished, offer } = opening;
    let mut fields = Vec::new();
    let mut field = |key: &str, value: Option<String>| fields.extend(value.map(|value| format!("{key} = {value}")));
    let strings = |strings: &[String]| words(strings.iter().map(String::as_str));
    let some = |list: &Vec<String>| (!list.is_empty()).then(|| strings(list));
    field("line", line.as_deref().map(quoted));
    field(
        "set",
        (!set.is_empty()).then(|| {
            table(set.iter().map(|(name, values)| {
                let values = if let [value] = &values[..] { quoted(value) } else { strings(values) };
                format!("{} = {values}", quoted(name))
            }))
        }),
    );
    field("drop", some(drop));
    field("add", some(add));
    field("raw", raw.as_ref().map(|raw| payload(raw, Style::Plain)));
    field("behind", behind.as_ref().map(|behind| payload(behind, Style::Hex)));
    field("chop", chop.map(|chop| chop.to_string()));
    field("pause", pause.map(duration));
    field("unfinished", unfinished.then(|| "true".to_owned()));
    field(
        "offer",
        offer.as_ref().map(|offer| {
            let with = some(&offer.with).map(|with| format!("with = {with}"));
            let without = some(&offer.without).map(|without| format!("without = {without}"));
            table(with.into_iter().chain(without))
        }),
    );
    table(fields)
}

pub(super) fn answer(answer: &Answer) -> String {
    let status = |range: &std::ops::RangeInclusive<u16>| match (*range.start(), *range.end()) {
        (start, end) if start == end => start.to_string(),
        (start, _) => quoted(&format!("{}xx", start / 100)),
    };
    let statuses = match &answer.statuses[..] {
        [one] => status(one),
        several => list(several, status),
    };
    let headers = (!answer.headers.is_empty()).then(|| {
        table(answer.headers.iter().map(|(name, value)| match value {
            Some(value) => format!("{} = {}", quoted(name), quoted(value)),
            None => format!("{} = false", quoted(name)),
        }))
    });
    table([format!("answer = {statuses}")].into_iter().chain(headers.map(|headers| format!("headers = {headers}"))))
}

//! What a case says of the opening handshake, and of what goes beside.

use super::reader::{Fields, Reader};
use super::tree::{Node, Value};
use super::{Fault, payload};
use crate::conform::answer::KEPT;
use crate::conform::{Answer, Beside, Handshake, Manners, Offered};

/// The most connections beside a case.
const MAX_BESIDE: u64 = 1000;

/// Reads `opening`. All its keys are read, so that all that is wrong with them is noted.
pub(super) fn handshake(reader: &mut Reader<'_>, node: &Node) -> Option<Handshake> {
    let table = reader.table(node, "`opening`, how the handshake is done,")?;
    let mut fields = Fields::new("`opening`", table);
    let line = fields.take_set("line").map(|node| reader.text(node, "`line`").map(str::to_owned));
    let set = fields.take("set").map(|node| headers(reader, node));
    let drop = fields.take("drop").map(|node| strings(reader, node, "`drop`"));
    let add = fields.take("add").map(|node| strings(reader, node, "`add`"));
    let raw_node = fields.take_set("raw");
    let raw = raw_node.map(|node| payload::payload(reader, node, "`raw`"));
    let behind = fields.take_set("behind").map(|node| payload::payload(reader, node, "`behind`"));
    let chop = fields.take_set("chop").map(|node| reader.integer(node, "`chop`", (1, 1 << 30)));
    let pause = fields.take_set("pause").map(|node| reader.duration(node, "`pause`"));
    let unfinished = fields.take("unfinished").map(|node| reader.boolean(node, "`unfinished`"));
    let offer = fields.take_set("offer").map(|node| offered(reader, node));
    let other = ["line", "set", "drop", "add"].into_iter().find(|name| table.iter().any(|(key, _)| key.name == *name));
    fields.finish(reader);
    if let (Some(node), Some(second)) = (raw_node, other) {
        let why = "what is raw stands for the whole head";
        reader.fault(node.span.clone(), Fault::Contradiction { first: "raw", second, why });
        return None;
    }
    Some(Handshake {
        line: optional(line)?,
        set: set.unwrap_or(Some(Vec::new()))?,
        drop: drop.unwrap_or(Some(Vec::new()))?,
        add: add.unwrap_or(Some(Vec::new()))?,
        raw: optional(raw)?,
        behind: optional(behind)?,
        chop: optional(chop)?,
        pause: optional(pause)?,
        unfinished: unfinished.unwrap_or(Some(false))?,
        offer: optional(offer)?,
    })
}

/// What was not said is nothing; what could not be read is no value at all.
fn optional<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    value.map_or(Some(None), |value| value.map(Some))
}

fn strings(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Vec<String>> {
    let whose = format!("an element of {what}");
    reader.each(node, what, |reader, node| reader.text(node, &whose).map(str::to_owned))
}

/// Headers by their names, each with a value or several.
fn headers(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<(String, Vec<String>)>> {
    let table = reader.table(node, "`set`, headers by their names,")?;
    let mut headers = Vec::new();
    for (key, value) in table {
        let values = match &value.value {
            Value::List(_) => strings(reader, value, "the values of a header")?,
            _ => vec![reader.text(value, "the value of a header")?.to_owned()],
        };
        headers.push((key.name.clone(), values));
    }
    Some(headers)
}

fn offered(reader: &mut Reader<'_>, node: &Node) -> Option<Offered> {
    let mut fields = Fields::new("`offer`", reader.table(node, "`offer`")?);
    let with = fields.take("with").map(|node| strings(reader, node, "`with`"));
    let without = fields.take("without").map(|node| strings(reader, node, "`without`"));
    fields.finish(reader);
    Some(Offered { with: with.unwrap_or(Some(Vec::new()))?, without: without.unwrap_or(Some(Vec::new()))? })
}

/// Reads `manners`.
pub(super) fn manners(reader: &mut Reader<'_>, node: &Node) -> Option<Manners> {
    let mut fields = Fields::new("`manners`", reader.table(node, "`manners`")?);
    let mut one = |name: &'static str| {
        let node = fields.take(name);
        node.map_or(Some(true), |node| reader.boolean(node, "a manner"))
    };
    let manners = (one("pong"), one("close"), one("end"), one("stop"));
    fields.finish(reader);
    Some(Manners { pong: manners.0?, close: manners.1?, end: manners.2?, stop: manners.3? })
}

/// Reads `beside`.
pub(super) fn beside(reader: &mut Reader<'_>, node: &Node) -> Option<Beside> {
    let mut fields = Fields::new("`beside`", reader.table(node, "`beside`")?);
    let open = fields.take("open").map(|node| reader.integer(node, "`open`", (1, MAX_BESIDE)));
    let asking = fields.take("asking").map(|node| reader.integer(node, "`asking`", (1, MAX_BESIDE)));
    fields.finish(reader);
    match (open, asking) {
        (Some(count), None) => count.map(Beside::Open),
        (None, Some(count)) => count.map(Beside::Asking),
        (Some(_), Some(_)) => {
            let why = "connections beside a case are of one kind";
            reader.fault(node.span.clone(), Fault::Contradiction { first: "open", second: "asking", why });
            None
        }
        (None, None) => {
            let what = "how many connections; or `asking`";
            reader.fault(node.span.clone(), Fault::MissingKey { key: "open", place: "`beside`", what });
            None
        }
    }
}

/// Reads the event `answer`, with its `headers`.
pub(super) fn answer(reader: &mut Reader<'_>, node: &Node, headers: Option<&Node>) -> Option<Answer> {
    let statuses = match &node.value {
        Value::List(_) => reader.each(node, "`answer`", status)?,
        _ => vec![status(reader, node)?],
    };
    let mut wanted = Vec::new();
    if let Some(node) = headers {
        for (key, value) in reader.table(node, "`headers`, by their names,")? {
            if !KEPT.iter().any(|kept| kept.eq_ignore_ascii_case(&key.name)) {
                let (what, word) = ("header of `answer`", key.name.clone());
                reader.fault(key.span.clone(), Fault::UnknownWord { what, word, known: KEPT.to_vec() });
                continue;
            }
            let value = match value.value {
                Value::Boolean(false) => None,
                _ => match reader.text(value, "the value of a header, or false,") {
                    Some(text) => Some(text.to_owned()),
                    None => continue,
                },
            };
            wanted.push((key.name.clone(), value));
        }
    }
    Some(Answer { statuses, headers: wanted })
}

/// A status, `400`, or a class of them, `"4xx"`. Interim answers are passed over, so none can be wanted.
fn status(reader: &mut Reader<'_>, node: &Node) -> Option<std::ops::RangeInclusive<u16>> {
    const CLASSES: &[(&str, u16)] = &[("2xx", 200), ("3xx", 300), ("4xx", 400), ("5xx", 500)];
    if let Value::Text(_) = node.value {
        let first = reader.word(node, "class of `answer`", CLASSES)?;
        return Some(first..=first + 99);
    }
    let status = reader.integer(node, "a status of `answer`", (101, 599))?;
    Some(status..=status)
}

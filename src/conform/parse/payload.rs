//! Payloads: a string, or a table that says how to make the bytes.

use bytes::Bytes;

use super::Fault;
use super::reader::{Fields, Reader};
use super::tree::{Node, Value};
use crate::conform::{Document, Payload, Unit};

/// The longest payload, in bytes.
const MAX_LEN: u64 = 1 << 30;

/// Reads a payload. `what` says whose.
pub(super) fn payload(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Payload> {
    let table = match &node.value {
        Value::Text(text) => return Some(Payload::Bytes(text.clone().into())),
        Value::Table(table) => table,
        _ => {
            let (what, found) = (what.to_owned(), node.kind());
            let wanted = "a payload: a string, { hex }, { fill, len }, { seed, len }, { file, at, len } or { document, at, len }";
            reader.fault(node.span.clone(), Fault::WrongType { what, wanted, found });
            return None;
        }
    };
    let has = |name: &str| table.iter().any(|(key, _)| key.name == name);
    let mut fields = Fields::new("a payload", table);
    if has("fill") {
        fill(reader, fields, node)
    } else if has("seed") {
        seed(reader, fields, node)
    } else if has("file") {
        file(reader, fields)
    } else if has("document") {
        document(reader, fields, node)
    } else {
        let digits = fields.need(reader, "hex", "its bytes; or `fill`, `seed`, `file` or `document`", &node.span);
        // Named for the error alone: a payload of another kind would have been read as such.
        let _ = ["fill", "seed", "file", "document"].map(|kind| fields.take(kind));
        fields.finish(reader);
        hex(reader, digits?, "`hex`").map(Payload::Bytes)
    }
}

/// Reads hexadecimal digits, two a byte, with blanks anywhere.
pub(super) fn hex(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Bytes> {
    let text = reader.text(node, what)?;
    let bytes = decode(text);
    if bytes.is_none() {
        reader.fault(node.span.clone(), Fault::NotHex(text.chars().take(40).collect()));
    }
    bytes.map(Bytes::from)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for digit in text.chars().filter(|digit| !digit.is_ascii_whitespace()) {
        // A digit of base 16 is below 16.
        let digit = digit.to_digit(16)? as u8;
        match high.take() {
            None => high = Some(digit),
            Some(high) => bytes.push(high << 4 | digit),
        }
    }
    high.is_none().then_some(bytes)
}

fn len(reader: &mut Reader<'_>, fields: &mut Fields<'_>, node: &Node) -> Option<usize> {
    let len = fields.need(reader, "len", "the length in bytes", &node.span)?;
    reader.integer(len, "`len`", (0, MAX_LEN))
}

fn fill(reader: &mut Reader<'_>, mut fields: Fields<'_>, node: &Node) -> Option<Payload> {
    let pattern = fields.take("fill");
    let len = len(reader, &mut fields, node);
    fields.finish(reader);
    let pattern_node = pattern?;
    let Some(Payload::Bytes(pattern)) = payload(reader, pattern_node, "`fill`") else {
        let (wanted, found) = ("a string or { hex }", "a payload that is generated itself");
        reader.fault(pattern_node.span.clone(), Fault::WrongType { what: "`fill`".to_owned(), wanted, found });
        return None;
    };
    let len = len?;
    if pattern.is_empty() && len > 0 {
        reader.fault(pattern_node.span.clone(), Fault::EmptyFill(len));
        return None;
    }
    Some(Payload::Fill { pattern, len })
}

fn seed(reader: &mut Reader<'_>, mut fields: Fields<'_>, node: &Node) -> Option<Payload> {
    let seed = fields.take("seed").and_then(|node| reader.integer(node, "`seed`", (0, u64::MAX)));
    let len = len(reader, &mut fields, node);
    let text = fields.take("text").map(|node| reader.boolean(node, "`text`"));
    fields.finish(reader);
    let (seed, len) = (seed?, len?);
    Some(if text.unwrap_or(Some(false))? { Payload::Text { seed, len } } else { Payload::Seed { seed, len } })
}

fn document(reader: &mut Reader<'_>, mut fields: Fields<'_>, node: &Node) -> Option<Payload> {
    let name = fields.take("document").and_then(|node| {
        let names: Vec<_> = Document::ALL.iter().map(|document| (document.name(), *document)).collect();
        reader.word(node, "document", &names)
    });
    let text = fields.take_set("text");
    let chars = text.map_or(Some(false), |node| reader.boolean(node, "`text`"));
    let (at, len) = (fields.take("at"), fields.need(reader, "len", "how much of it is sent at a time", &node.span));
    fields.finish(reader);
    let (document, unit) = (name?, if chars? { Unit::Chars } else { Unit::Bytes });
    if let Some(node) = text.filter(|_| unit == Unit::Chars && !document.is_text()) {
        let why = "this document has bytes and no characters";
        reader.fault(node.span.clone(), Fault::Contradiction { first: "document", second: "text", why });
        return None;
    }
    let whole = document.len(unit) as u64;
    let at = at.map_or(Some(0), |node| reader.integer(node, "`at`", (0, whole)));
    let len = reader.integer(len?, "`len`, which is no longer than the document,", (0, whole));
    Some(Payload::Part { document, at: at?, len: len?, unit })
}

fn file(reader: &mut Reader<'_>, mut fields: Fields<'_>) -> Option<Payload> {
    let name = fields.take("file");
    let at = fields.take("at").map(|node| reader.integer(node, "`at`", (0, MAX_LEN)));
    let len = fields.take("len").map(|node| reader.integer(node, "`len`", (0, MAX_LEN)));
    fields.finish(reader);
    let node = name?;
    let name = reader.text(node, "`file`")?;
    let at: usize = at.unwrap_or(Some(0))?;
    let fault = |why: String| Fault::PayloadFile { name: name.to_owned(), why };
    let bytes = match reader.payloads.payload(name) {
        Ok(bytes) => bytes,
        Err(why) => {
            reader.fault(node.span.clone(), fault(why));
            return None;
        }
    };
    let rest = bytes.len().saturating_sub(at);
    let len = len.unwrap_or(Some(rest))?;
    if at > bytes.len() || len > rest {
        let why = format!("has {} bytes, so there are no {len} from {at} on", bytes.len());
        reader.fault(node.span.clone(), fault(why));
        return None;
    }
    Some(Payload::Bytes(bytes.slice(at..at + len)))
}

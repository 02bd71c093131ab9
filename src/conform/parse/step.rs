//! Steps: one verb each, and what modifies it.

use super::reader::{Fields, Reader};
use super::tree::{Key, Node, Value};
use super::{Fault, payload};
use crate::conform::{Await, Fragments, Frame, Mask, Payload, Step};
use crate::wire::{CloseBody, CloseCode, Form, Opcode};

/// The most that a step may be repeated.
const MAX_TIMES: u64 = 1_000_000;

const FRAME: &[&str] = &["fin", "rsv", "mask", "len", "form", "fragments", "chop", "pause"];
const MESSAGE: &[&str] = &["compressed", "fin", "rsv", "mask", "len", "form", "fragments", "chop", "pause"];
const ANY_FRAME: &[&str] = &["payload", "fin", "rsv", "mask", "len", "form", "fragments", "chop", "pause"];

/// Every verb with its modifiers.
const VERBS: &[(&str, &[&str])] = &[
    ("text", MESSAGE),
    ("binary", MESSAGE),
    ("cont", FRAME),
    ("ping", FRAME),
    ("pong", FRAME),
    ("close", FRAME),
    ("frame", ANY_FRAME),
    ("raw", &["chop"]),
    ("more", &[]),
    ("wait", &["tag"]),
    ("await", &[]),
    ("repeat", &["steps"]),
    ("unread", &[]),
    ("half-close", &[]),
    ("reset", &[]),
];

/// The longest payload that is compressed, in bytes: it is held as a whole.
const MAX_COMPRESSED: usize = 16 << 20;

/// Reads the steps of a case. `compresses` says whether it agrees on compression.
pub(super) fn steps(reader: &mut Reader<'_>, node: &Node, compresses: bool) -> Option<Vec<Step>> {
    sequence(reader, node, "`send`", &mut Place { room: Room::None, compresses })
}

/// What the steps before, and the case, mean for a step.
struct Place {
    room: Room,
    /// Whether the case agrees on compression.
    compresses: bool,
}

/// The tags of all waits.
pub(super) fn tags(steps: &[Step]) -> Vec<String> {
    let mut tags = Vec::new();
    for step in steps {
        match step {
            Step::Wait { tag: Some(tag), .. } => tags.push(tag.clone()),
            Step::Repeat { steps, .. } => tags.extend(self::tags(steps)),
            _ => {}
        }
    }
    tags
}

/// What the last frame left to be said by `more`.
#[derive(Clone, Copy)]
enum Room {
    /// There was no frame, or it is whole.
    None,
    /// So many bytes.
    Bytes(u64),
    /// The frame could not be read.
    Unknown,
}

fn sequence(reader: &mut Reader<'_>, node: &Node, what: &str, place: &mut Place) -> Option<Vec<Step>> {
    reader.each(node, what, |reader, node| {
        let step = step(reader, node, place);
        if step.is_none() {
            place.room = Room::Unknown;
        }
        step
    })
}

fn step(reader: &mut Reader<'_>, node: &Node, place: &mut Place) -> Option<Step> {
    let table = reader.table(node, "a step")?;
    let (verb, value) = verb(reader, node, table)?;
    let mut fields = Fields::new("a step", table);
    let _ = fields.take(verb);
    let opcode = match verb {
        "text" => Opcode::TEXT,
        "binary" => Opcode::BINARY,
        "cont" => Opcode::CONTINUATION,
        "ping" => Opcode::PING,
        "pong" => Opcode::PONG,
        "close" => Opcode::CLOSE,
        "frame" => Opcode(reader.integer(value, "the opcode of `frame`", (0, 15))?),
        _ => {
            let step = other(reader, verb, value, &mut fields, node, place);
            fields.finish(reader);
            return step;
        }
    };
    let payload = match (verb, fields_payload(verb, &mut fields)) {
        ("close", _) => close_body(reader, value),
        ("frame", Some(node)) => payload::payload(reader, node, "`payload`"),
        ("frame", None) => Some(Payload::EMPTY),
        _ => payload::payload(reader, value, &format!("`{verb}`")),
    };
    let frame = frame(reader, opcode, payload, &mut fields, place.compresses);
    fields.finish(reader);
    place.room = match &frame {
        None => Room::Unknown,
        Some(Frame { len: Some(len), payload, .. }) if *len > payload.len() as u64 => {
            Room::Bytes(len - payload.len() as u64)
        }
        Some(_) => Room::None,
    };
    frame.map(Step::Frame)
}

fn fields_payload<'t>(verb: &str, fields: &mut Fields<'t>) -> Option<&'t Node> {
    if verb == "frame" { fields.take("payload") } else { None }
}

/// The verb of a step and its value. What has no verb, two, or a modifier that belongs to another is noted.
fn verb<'t>(reader: &mut Reader<'_>, node: &Node, table: &'t [(Key, Node)]) -> Option<(&'static str, &'t Node)> {
    let find = |key: &Key| VERBS.iter().find(|(verb, _)| *verb == key.name);
    let mut verbs = table.iter().filter_map(|(key, value)| find(key).map(|(verb, own)| (*verb, *own, key, value)));
    let Some((verb, own, _, value)) = verbs.next() else {
        let known = VERBS.iter().map(|(verb, _)| *verb).collect();
        // A word of no meaning at all is what was meant as the verb; a modifier is only what is left of it.
        let stranger = table.iter().find(|(key, _)| modifier(&key.name).is_none()).or_else(|| table.first());
        let (key, span) = stranger.map_or((String::new(), &node.span), |(key, _)| (key.name.clone(), &key.span));
        let key = if modifier(&key).is_some() { String::new() } else { key };
        reader.fault(span.clone(), Fault::UnknownStep { key, known });
        return None;
    };
    if let Some((second, _, key, _)) = verbs.next() {
        reader.fault(key.span.clone(), Fault::TwoVerbs { first: verb, second });
        return None;
    }
    let mut fits = true;
    for (key, _) in table {
        if let Some(key_name) = modifier(&key.name).filter(|name| !own.contains(name)) {
            reader.fault(key.span.clone(), Fault::Misplaced { key: key_name, verb, known: own.to_vec() });
            fits = false;
        }
    }
    fits.then_some((verb, value))
}

/// The modifier of this name, of whatever verb.
fn modifier(name: &str) -> Option<&'static str> {
    VERBS.iter().flat_map(|(_, modifiers)| *modifiers).copied().find(|modifier| *modifier == name)
}

/// The steps that are not a frame.
fn other(
    reader: &mut Reader<'_>,
    verb: &'static str,
    value: &Node,
    fields: &mut Fields<'_>,
    node: &Node,
    place: &mut Place,
) -> Option<Step> {
    match verb {
        "more" => {
            let payload = payload::payload(reader, value, "`more`")?;
            take_room(reader, node, &mut place.room, payload.len() as u64)?;
            return Some(Step::More(payload));
        }
        "wait" => {
            let tag = fields.take_set("tag").map(|node| reader.text(node, "`tag`").map(str::to_owned));
            let time = reader.duration(value, "`wait`")?;
            return Some(Step::Wait { time, tag: tag.map_or(Some(None), |tag| tag.map(Some))? });
        }
        "unread" => return reader.duration(value, "`unread`").map(Step::Unread),
        "await" => {
            let words = [("message", Await::Message), ("pong", Await::Pong)];
            return reader.word(value, "thing to await", &words).map(Step::Await);
        }
        _ => {}
    }
    place.room = Room::None;
    match verb {
        "raw" => {
            let bytes = payload::payload(reader, value, "`raw`");
            let chop = fields.take_set("chop").map(|node| chop(reader, node));
            Some(Step::Raw { bytes: bytes?, chop: chop.map_or(Some(None), |chop| chop.map(Some))? })
        }
        "repeat" => {
            let times = reader.integer(value, "`repeat`", (1, MAX_TIMES));
            let steps = fields.need(reader, "steps", "what is repeated", &node.span);
            let steps = sequence(reader, steps?, "`steps`", place)?;
            Some(Step::Repeat { times: times?, steps })
        }
        _ => {
            let step = if verb == "half-close" { Step::HalfClose } else { Step::Reset };
            if !reader.boolean(value, &format!("`{verb}`"))? {
                let (what, wanted, found) = (format!("`{verb}`"), "true, or left out", "false");
                reader.fault(value.span.clone(), Fault::WrongType { what, wanted, found });
            }
            Some(step)
        }
    }
}

fn take_room(reader: &mut Reader<'_>, node: &Node, room: &mut Room, len: u64) -> Option<()> {
    let why = match *room {
        Room::Unknown => return Some(()),
        Room::Bytes(left) if len <= left => {
            *room = if len == left { Room::None } else { Room::Bytes(left - len) };
            return Some(());
        }
        Room::Bytes(_) => "here it has less room left than this payload takes",
        Room::None => "here the last frame is whole, or there is none",
    };
    reader.fault(node.span.clone(), Fault::NoRoom(why));
    None
}

fn chop(reader: &mut Reader<'_>, node: &Node) -> Option<usize> {
    reader.integer(node, "`chop`", (1, 1 << 30))
}

/// The frame with its modifiers. All of them are read, so that all that is wrong with them is noted.
fn frame(
    reader: &mut Reader<'_>,
    opcode: Opcode,
    payload: Option<Payload>,
    fields: &mut Fields<'_>,
    compresses: bool,
) -> Option<Frame> {
    let compressed_node = fields.take_set("compressed");
    let compressed = compressed_node.map(|node| reader.boolean(node, "`compressed`"));
    let fin = fields.take("fin").map(|node| reader.boolean(node, "`fin`"));
    let rsv = fields.take("rsv").map(|node| reader.integer(node, "`rsv`", (0, 7)));
    let mask = fields.take("mask").map(|node| mask(reader, node));
    let len_node = fields.take_set("len");
    let len = len_node.map(|node| reader.integer(node, "`len`", (0, u64::MAX)));
    let form = fields.take_set("form").map(|node| form(reader, node));
    let fragments = fields.take_set("fragments").map(|node| fragments(reader, node));
    let chop = fields.take_set("chop").map(|node| chop(reader, node));
    let pause = fields.take_set("pause").map(|node| reader.duration(node, "`pause`"));
    if let (Some(node), Some(_)) = (len_node, &fragments) {
        let why = "one frame declares a length, several share it";
        reader.fault(node.span.clone(), Fault::Contradiction { first: "len", second: "fragments", why });
        return None;
    }
    if let Some(node) = compressed_node {
        let size = match &payload {
            // No document is too long, and here none has to be made for its length.
            None | Some(Payload::Part { .. }) => 0,
            Some(payload) => payload.len(),
        };
        let fault = if !compresses {
            let what = "the terms on which the two ends compress, `[{}]` if any will do";
            Some(Fault::MissingKey { key: "deflate", place: "a case with `compressed`", what })
        } else if len_node.is_some() {
            let why = "how long a compressed payload is depends on the compressor";
            Some(Fault::Contradiction { first: "len", second: "compressed", why })
        } else if size > MAX_COMPRESSED {
            let most = format!("{} MiB", MAX_COMPRESSED >> 20);
            Some(Fault::TooLarge { what: "a payload that is compressed", most, advice: "send several" })
        } else {
            None
        };
        if let Some(fault) = fault {
            reader.fault(node.span.clone(), fault);
            return None;
        }
    }
    Some(Frame {
        opcode,
        payload: payload?,
        compressed: optional(compressed)?.unwrap_or(false),
        fin: fin.unwrap_or(Some(true))?,
        rsv: rsv.unwrap_or(Some(0))?,
        mask: mask.unwrap_or(Some(Mask::ByRole))?,
        len: optional(len)?,
        form: optional(form)?,
        fragments: optional(fragments)?,
        chop: optional(chop)?,
        pause: optional(pause)?,
    })
}

/// A value that may be left out: `None` if it is there and wrong.
fn optional<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    read.map_or(Some(None), |value| value.map(Some))
}

fn mask(reader: &mut Reader<'_>, node: &Node) -> Option<Mask> {
    match &node.value {
        Value::Boolean(true) => Some(Mask::Random),
        Value::Boolean(false) => Some(Mask::Off),
        Value::Text(_) => {
            let key = payload::hex(reader, node, "`mask`")?;
            let key = <[u8; 4]>::try_from(&key[..]).map_err(|_| reader.fault(node.span.clone(), Fault::NotAKey)).ok();
            key.map(Mask::Key)
        }
        _ => {
            reader.fault(node.span.clone(), Fault::NotAKey);
            None
        }
    }
}

fn form(reader: &mut Reader<'_>, node: &Node) -> Option<Form> {
    let form = match reader.integer(node, "`form`, the bits of the length,", (7, 64))? {
        7_u8 => Form::Bits7,
        16 => Form::Bits16,
        64 => Form::Bits64,
        bits => {
            let known = vec!["7", "16", "64"];
            let fault = Fault::UnknownWord { what: "form of the length", word: bits.to_string(), known };
            reader.fault(node.span.clone(), fault);
            return None;
        }
    };
    Some(form)
}

fn fragments(reader: &mut Reader<'_>, node: &Node) -> Option<Fragments> {
    let Value::Table(table) = &node.value else {
        let size = reader.integer(node, "`fragments`", (1, 1 << 30))?;
        return Some(Fragments { size, empty_last: false });
    };
    let mut fields = Fields::new("`fragments`", table);
    let size = fields.need(reader, "size", "the payload bytes of a frame", &node.span);
    let empty_last = fields.take("empty-last").map(|node| reader.boolean(node, "`empty-last`"));
    fields.finish(reader);
    let size = reader.integer(size?, "`size`", (1, 1 << 30))?;
    Some(Fragments { size, empty_last: empty_last.unwrap_or(Some(false))? })
}

/// The payload of a close frame: a code, or a table with `code` and `reason`.
fn close_body(reader: &mut Reader<'_>, node: &Node) -> Option<Payload> {
    let Value::Table(table) = &node.value else {
        let code = reader.integer(node, "the code of `close`", (0, 0xffff))?;
        return Some(written(CloseBody::Status(CloseCode(code), b"")));
    };
    let mut fields = Fields::new("`close`", table);
    let code = fields.take("code").map(|node| reader.integer(node, "`code`", (0, 0xffff)));
    let reason = fields.take("reason");
    fields.finish(reader);
    let reason_bytes = reason.map(|node| payload::payload(reader, node, "`reason`"));
    match (optional(code)?, optional(reason_bytes)?) {
        (None, None) => Some(Payload::EMPTY),
        (Some(code), reason) => {
            let reason = reason.map(|reason| reason.bytes()).unwrap_or_default();
            Some(written(CloseBody::Status(CloseCode(code), &reason)))
        }
        (None, Some(_)) => {
            let span = reason.map_or_else(|| node.span.clone(), |node| node.span.clone());
            reader.fault(span, Fault::ReasonWithoutCode);
            None
        }
    }
}

fn written(body: CloseBody<'_>) -> Payload {
    let mut payload = Vec::new();
    body.write(&mut payload);
    Payload::Bytes(payload.into())
}

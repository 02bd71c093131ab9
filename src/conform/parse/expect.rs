//! What may come, and how the connection has to end.

use super::reader::{Fields, Reader};
use super::tree::{Node, Value};
use super::{Fault, opening, payload};
use crate::conform::{Alternative, Close, Closer, Expected, Grade};
use crate::proto::Rule;
use crate::wire::CloseCode;

const GRADES: &[(&str, Grade)] =
    &[("ok", Grade::Ok), ("non-strict", Grade::NonStrict), ("informational", Grade::Informational)];
const EVENTS: &[&str] = &["text", "binary", "pong", "wait", "answer", "end", "repeat"];

/// Whatever else comes.
const REST: &str = "*";

/// Reads the alternatives. `tags` are those of the steps; `None` if the steps could not be read.
pub(super) fn alternatives(reader: &mut Reader<'_>, node: &Node, tags: Option<&[String]>) -> Option<Vec<Alternative>> {
    if reader.list(node, "`expect`")?.is_empty() {
        reader.fault(node.span.clone(), Fault::ExpectsNothing);
        return None;
    }
    reader.each(node, "`expect`", |reader, node| {
        let table = reader.table(node, "an alternative of `expect`")?;
        let mut fields = Fields::new("an alternative of `expect`", table);
        let given: Vec<_> = GRADES.iter().filter_map(|(word, grade)| Some((*grade, fields.take(word)?))).collect();
        fields.finish(reader);
        match given[..] {
            [(verdict, node)] if is_rest(node) => Some(Alternative { verdict, events: vec![Expected::Rest] }),
            [(verdict, node)] => Some(Alternative { verdict, events: events(reader, node, tags)? }),
            // A word that is none of the three has been noted.
            [] if !table.is_empty() => None,
            [] => {
                let what = "what comes then; or `non-strict` or `informational`";
                let place = "an alternative of `expect`";
                reader.fault(node.span.clone(), Fault::MissingKey { key: "ok", place, what });
                None
            }
            _ => {
                let why = "the alternatives have an order, so each is a table of its own";
                let fault = Fault::Contradiction { first: "ok", second: "non-strict", why };
                reader.fault(node.span.clone(), fault);
                None
            }
        }
    })
}

fn events(reader: &mut Reader<'_>, node: &Node, tags: Option<&[String]>) -> Option<Vec<Expected>> {
    let last = reader.list(node, "what comes in an alternative")?.last().map(|node| node.span.clone());
    reader.each(node, "what comes in an alternative", |reader, node| {
        if is_rest(node) && last.as_ref() == Some(&node.span) {
            return Some(Expected::Rest);
        }
        if is_rest(node) {
            let (first, second) = ("\"*\"", "an event behind it");
            reader.fault(node.span.clone(), Fault::Contradiction { first, second, why: "it is whatever else comes" });
            return None;
        }
        let table = reader.table(node, "an event")?;
        let mut verbs = table.iter().filter_map(|(key, node)| {
            EVENTS.iter().find(|verb| **verb == key.name).map(|verb| (*verb, &key.span, node))
        });
        let verb = verbs.next();
        if let (Some((first, _, _)), Some((second, span, _))) = (verb, verbs.next()) {
            let why = "an event is one thing, and the events of a list come one after another";
            reader.fault(span.clone(), Fault::Contradiction { first, second, why });
            return None;
        }
        let mut fields = Fields::new("an event", table);
        let Some((verb, _, value)) = verb else {
            let word = table.first().map(|(key, _)| key.name.clone()).unwrap_or_default();
            let span = table.first().map_or(&node.span, |(key, _)| &key.span);
            reader.fault(span.clone(), Fault::UnknownWord { what: "event", word, known: EVENTS.to_vec() });
            return None;
        };
        let _ = fields.take(verb);
        let event = match verb {
            "text" => payload::payload(reader, value, "`text`").map(Expected::Text),
            "binary" => payload::payload(reader, value, "`binary`").map(Expected::Binary),
            "pong" => payload::payload(reader, value, "`pong`").map(Expected::Pong),
            "wait" => wait(reader, value, tags),
            "answer" => opening::answer(reader, value, fields.take("headers")).map(Expected::Answer),
            "end" => match reader.boolean(value, "`end`") {
                Some(true) => Some(Expected::End),
                Some(false) => {
                    let (what, wanted, found) = ("`end`".to_owned(), "true, or left out", "false");
                    reader.fault(value.span.clone(), Fault::WrongType { what, wanted, found });
                    None
                }
                None => None,
            },
            _ => {
                let times = reader.integer(value, "`repeat`", (1, 1_000_000));
                let repeated = fields.need(reader, "events", "what comes so many times", &node.span);
                let repeated = repeated.and_then(|node| events(reader, node, tags));
                times.and_then(|times| Some(Expected::Repeat(times, repeated?)))
            }
        };
        fields.finish(reader);
        event
    })
}

fn is_rest(node: &Node) -> bool {
    matches!(&node.value, Value::Text(text) if text == REST)
}

fn wait(reader: &mut Reader<'_>, node: &Node, tags: Option<&[String]>) -> Option<Expected> {
    let tag = reader.text(node, "`wait`, the tag of a step,")?.to_owned();
    if let Some(tags) = tags.filter(|tags| !tags.contains(&tag)) {
        reader.fault(node.span.clone(), Fault::NoSuchTag(tag, tags.to_vec()));
        return None;
    }
    Some(Expected::Wait(tag))
}

/// Reads how the connection ends. Without a word about it we close, with 1000; a target that closes by itself does it
/// with the code that the rules of the case imply.
pub(super) fn close(reader: &mut Reader<'_>, node: Option<&Node>, rules: &[Rule]) -> Option<Close> {
    let Some(node) = node else {
        return Some(ours(vec![CloseCode::NORMAL]));
    };
    let mut fields = Fields::new("`close`", reader.table(node, "`close`, how the connection ends,")?);
    let by = fields.take("by").map(|node| {
        reader.word(
            node,
            "value of `by`",
            &[("us", Closer::Us), ("target", Closer::Target), ("either", Closer::Either)],
        )
    });
    let codes = fields.take("code").map(|node| codes(reader, node));
    let clean = fields.take("clean").map(|node| reader.boolean(node, "`clean`"));
    let mut fails = |name, what, fields: &mut Fields<'_>| {
        let words = [("fails", true), ("fails-closing", false)];
        fields.take(name).map(|node| reader.word(node, what, &words)).unwrap_or(Some(false))
    };
    let wrong_end_fails = fails("wrong-end", "value of `wrong-end`", &mut fields);
    let wrong_code_fails = fails("wrong-code", "value of `wrong-code`", &mut fields);
    let bare = [("ok", true), ("non-strict", false)];
    let bare = fields.take("bare").map(|node| reader.word(node, "value of `bare`", &bare));
    fields.finish(reader);
    let by = by.unwrap_or(Some(Closer::Us))?;
    let codes = match (codes, by) {
        (Some(codes), _) => codes?,
        (None, Closer::Us) => vec![CloseCode::NORMAL],
        (None, Closer::Target) => implied(rules),
        (None, Closer::Either) => {
            let limits = [CloseCode::NORMAL, CloseCode::TOO_BIG, CloseCode::POLICY];
            let implied = implied(rules).into_iter().filter(|code| !limits.contains(code));
            limits.into_iter().chain(implied).collect()
        }
    };
    if codes.is_empty() {
        reader.fault(node.span.clone(), Fault::NoCode);
        return None;
    }
    Some(Close {
        by,
        codes,
        clean: clean.unwrap_or(Some(by != Closer::Target))?,
        wrong_end_fails: wrong_end_fails?,
        wrong_code_fails: wrong_code_fails?,
        may_be_bare: bare.unwrap_or(Some(false))?,
    })
}

fn ours(codes: Vec<CloseCode>) -> Close {
    Close { by: Closer::Us, codes, clean: true, wrong_end_fails: false, wrong_code_fails: false, may_be_bare: false }
}

/// The codes with which an endpoint answers these rules.
fn implied(rules: &[Rule]) -> Vec<CloseCode> {
    let mut codes: Vec<CloseCode> = Vec::new();
    for code in rules.iter().filter_map(|rule| rule.close_code()) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

fn codes(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<CloseCode>> {
    let code = |reader: &mut Reader<'_>, node: &Node| reader.integer(node, "`code`", (0, 0xffff)).map(CloseCode);
    if let Value::List(_) = node.value {
        let mut codes = reader.each(node, "`code`", code)?;
        let mut seen = Vec::new();
        codes.retain(|code| {
            !seen.contains(code) && {
                seen.push(*code);
                true
            }
        });
        return Some(codes);
    }
    code(reader, node).map(|code| vec![code])
}

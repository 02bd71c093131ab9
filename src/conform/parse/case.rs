//! One expanded `[[case]]`.

use std::ops::Range;
use std::time::Duration;

use super::reader::{Fields, Reader};
use super::tree::{Node, Table, Value};
use super::{Fault, clause, deflate, expect, opening, step};
use crate::conform::{Alternative, Case, Expected, Manners, Patience, Source, Then};
use crate::proto::{Clause, Level, Role, Rule};

/// The keys of a case that `[defaults]` may have too.
pub(super) const KEYS: &[&str] = &[
    "title",
    "note",
    "rules",
    "clauses",
    "level",
    "tags",
    "target",
    "deflate",
    "opening",
    "manners",
    "beside",
    "each",
    "rows",
    "start",
    "send",
    "expect",
    "close",
    "patience",
    "then",
    "informational",
];

/// Reads a case. All its keys are read before it is given up, so that all that is wrong with them is noted.
pub(super) fn case(reader: &mut Reader<'_>, span: &Range<usize>, table: &Table, line: usize) -> Option<Case> {
    let mut fields = Fields::new("a case", table);
    let id = fields.need(reader, "id", "what users select it by", span);
    let title = fields.need(reader, "title", "one sentence that says what is sent", span);
    let note = fields.take("note");
    let rules = fields.take("rules");
    let clauses = fields.take("clauses");
    let level = fields.take("level");
    let tags = fields.take("tags");
    let target = fields.take_set("target");
    let deflate = fields.take_set("deflate");
    let opening = fields.take("opening");
    let manners = fields.take("manners");
    let beside = fields.take("beside");
    let send = fields.need(reader, "send", "the steps", span);
    let expect = fields.need(reader, "expect", "what may come", span);
    let close = fields.take("close");
    let patience = fields.take("patience");
    let then = fields.take("then");
    let informational = fields.take("informational");
    // Expansion has dealt with them.
    let _ = (fields.take("each"), fields.take("rows"), fields.take("start"));
    fields.finish(reader);

    let id = id.and_then(|node| reader.id(node));
    let title = title.and_then(|node| reader.text(node, "`title`"));
    let note = note.map(|node| reader.text(node, "`note`").map(str::to_owned));
    let rules = rules.map_or(Some(Vec::new()), |node| reader.each(node, "`rules`", rule));
    let rules = rules.unwrap_or_default();
    let clauses = self::clauses(reader, span, &rules, clauses);
    let levels = [("must", Level::Must), ("should", Level::Should), ("may", Level::May)];
    let level = level.map(|node| reader.word(node, "value of `level`", &levels));
    let tags = tags.map_or(Some(Vec::new()), |node| reader.each(node, "`tags`", tag));
    let ends = [("client", Role::Client), ("server", Role::Server)];
    let target = target.map(|node| reader.word(node, "value of `target`", &ends));
    let terms = deflate.map_or(Some(Vec::new()), |node| deflate::terms(reader, node));
    // What a handshake of its own comes to is known when it is over.
    let compresses = deflate.is_some() || opening.is_some();
    if let (Some(node), None) = (opening, target) {
        let what = "\"server\" if it is the request that differs, \"client\" if it is the response";
        reader.fault(node.span.clone(), Fault::MissingKey { key: "target", place: "a case with `opening`", what });
    }
    let opening = opening.map(|node| opening::handshake(reader, node));
    let manners = manners.map_or(Some(Manners::default()), |node| opening::manners(reader, node));
    let beside = beside.map(|node| opening::beside(reader, node));
    let send = send.and_then(|node| step::steps(reader, node, compresses));
    let asks = opening.is_some() && target == Some(Some(Role::Server));
    let waits = send.as_deref().map(step::tags);
    let expect = expect.and_then(|node| expect::alternatives(reader, node, waits.as_deref()));
    let is_answer = |event: &Expected| matches!(event, Expected::Answer(_));
    let answers = |alternatives: &Vec<Alternative>| alternatives.iter().any(|one| one.events.iter().any(is_answer));
    if expect.as_ref().is_some_and(answers) && !asks {
        let (first, second) = ("answer", "a plain request");
        let why = "only what answers the `opening` of a case for servers is an event";
        reader.fault(span.clone(), Fault::Contradiction { first, second, why });
    }
    let close = expect::close(reader, close, &rules);
    let time = patience.map(|node| reader.duration(node, "`patience`"));
    let then = then.map(|node| reader.word(node, "value of `then`", &[("fail", Then::Fail), ("close", Then::Close)]));
    let informational = informational.map(|node| reader.boolean(node, "`informational`"));

    Some(Case {
        id: id?,
        title: title?.to_owned(),
        note: note.map_or(Some(None), |note| note.map(Some))?,
        // The strictest of its rules; a case without one tests what has to work.
        level: level.unwrap_or_else(|| Some(rules.iter().map(|rule| rule.level()).min().unwrap_or(Level::Must)))?,
        rules,
        clauses: clauses?,
        tags: tags?,
        target: target.map_or(Some(None), |target| target.map(Some))?,
        deflate: terms?,
        opening: opening.map_or(Some(None), |opening| opening.map(Some))?,
        manners: manners?,
        beside: beside.map_or(Some(None), |beside| beside.map(Some))?,
        send: send?,
        expect: expect?,
        close: close?,
        patience: Patience {
            time: time.unwrap_or(Some(Duration::from_secs(1)))?,
            then: then.unwrap_or(Some(Then::Fail))?,
        },
        hears_messages: true,
        informational: informational.unwrap_or(Some(false))?,
        source: Source { file: reader.file().clone(), line },
    })
}

fn rule(reader: &mut Reader<'_>, node: &Node) -> Option<Rule> {
    let name = reader.text(node, "a rule")?;
    let rule = name.parse();
    rule.map_err(|_| reader.fault(node.span.clone(), Fault::UnknownRule(name.to_owned()))).ok()
}

fn tag(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    reader.text(node, "a tag").map(str::to_owned)
}

/// The clauses of the rules, then those that the case names.
fn clauses(reader: &mut Reader<'_>, span: &Range<usize>, rules: &[Rule], node: Option<&Node>) -> Option<Vec<Clause>> {
    let mut clauses: Vec<Clause> = rules.iter().map(|rule| rule.clause()).collect();
    let own = node.map(|node| {
        reader.each(node, "`clauses`", |reader, node| {
            let text = reader.text(node, "a clause")?;
            clause::clause(text).map_err(|fault| reader.fault(node.span.clone(), fault)).ok()
        })
    });
    let cited = node.is_some_and(|node| !matches!(&node.value, Value::List(list) if list.is_empty()));
    if clauses.is_empty() && !cited {
        reader.fault(span.clone(), Fault::NoClause);
        return None;
    }
    clauses.extend(own.unwrap_or_default().unwrap_or_default());
    let mut seen = Vec::new();
    clauses.retain(|clause| {
        !seen.contains(clause) && {
            seen.push(*clause);
            true
        }
    });
    Some(clauses)
}

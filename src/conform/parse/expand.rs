//! Loops: one template, many cases.
//!
//! `rows` runs over tuples, `each` over every combination of its lists. `{name}` in a string is replaced by the value of
//! the loop; a string that is nothing but `{name}` becomes that value, whatever its type.

use std::ops::Range;

use super::Fault;
use super::reader::Reader;
use super::tree::{Key, Node, Table, Value};

/// The most cases that one file may expand to.
const MAX_CASES: usize = 10_000;
/// The most nodes and bytes of text that one file may expand to.
const MAX_WEIGHT: usize = 64 << 20;

/// The keys that make loops.
const LOOPS: [&str; 3] = ["each", "rows", "start"];

/// What a file may still expand to.
pub(super) struct Budget {
    cases: usize,
    weight: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { cases: MAX_CASES, weight: MAX_WEIGHT }
    }
}

/// One case of a template, with the values that made it.
pub(super) struct Expansion {
    pub(super) table: Table,
    pub(super) values: Vec<(String, String)>,
}

/// A loop: its names, and the values that they take together.
struct Loop<'t> {
    names: Vec<&'t str>,
    rows: Vec<Vec<&'t Node>>,
}

/// The values of one turn of all loops.
type Bindings<'t> = Vec<(&'t str, &'t Node)>;

/// All cases of a template, completed by the defaults of its file, loops included.
pub(super) fn expand(
    reader: &mut Reader<'_>,
    budget: &mut Budget,
    defaults: &[&(Key, Node)],
    template: &Table,
    span: &Range<usize>,
) -> Vec<Expansion> {
    let template = &merged(defaults, template);
    let Some(loops) = loops(reader, template) else { return Vec::new() };
    let start = template.iter().find(|(key, _)| key.name == "start").map(|(_, node)| node);
    if let (Some(start), true) = (start, loops.is_empty()) {
        let what = "or `rows`; without a loop there is nothing to count";
        reader.fault(start.span.clone(), Fault::MissingKey { key: "each", place: "a case with `start`", what });
    }
    let start: u32 = match start {
        Some(start) => reader.integer(start, "`start`", (0, 1_000_000)).unwrap_or(1),
        None => 1,
    };
    let body = template.iter().filter(|(key, _)| !LOOPS.contains(&key.name.as_str())).cloned().collect();
    let turns = loops.iter().map(|each| each.rows.len()).try_fold(1, usize::checked_mul);
    let Some(turns) = turns.filter(|turns| *turns <= budget.cases) else {
        let what = "what the loops of this file expand to";
        reader.fault(
            span.clone(),
            Fault::TooLarge { what, most: format!("{MAX_CASES} cases"), advice: "split the file" },
        );
        return Vec::new();
    };
    budget.cases -= turns;

    let mut expansions = Vec::new();
    for turn in 0..turns {
        let number = Node { span: span.clone(), value: Value::Integer((start as usize + turn) as i128) };
        let bindings = bindings(&loops, turn, &number);
        reader.values = bindings.iter().map(|(name, node)| ((*name).to_owned(), brief(node))).collect();
        let mut binder = Binder { bindings, left: budget.weight };
        let table = binder.table(reader, &body);
        let values = std::mem::take(&mut reader.values);
        let Some(table) = table else {
            let what = "what the loops of this file expand to";
            let most = format!("{} MiB", MAX_WEIGHT >> 20);
            reader
                .fault(span.clone(), Fault::TooLarge { what, most, advice: "use `fill` or `seed` for long payloads" });
            return expansions;
        };
        budget.weight = binder.left;
        expansions.push(Expansion { table, values });
    }
    expansions
}

/// The template, and what it leaves to the defaults. The tags and clauses of both add up.
fn merged(defaults: &[&(Key, Node)], template: &Table) -> Table {
    let own = |name: &str| template.iter().find(|(key, _)| key.name == name);
    let mut merged = template.clone();
    for (key, node) in defaults {
        match (own(&key.name), &node.value) {
            (None, _) => merged.push((key.clone(), node.clone())),
            (Some(_), Value::List(common)) if matches!(key.name.as_str(), "tags" | "clauses") => {
                let place = merged.iter_mut().find(|(own, _)| own.name == key.name);
                if let Some((_, Node { value: Value::List(list), .. })) = place {
                    list.splice(0..0, common.iter().cloned());
                }
            }
            (Some(_), _) => {}
        }
    }
    merged
}

/// The loops of a template: `rows` first, then `each` in the order of the file. The first varies slowest.
fn loops<'t>(reader: &mut Reader<'_>, template: &'t Table) -> Option<Vec<Loop<'t>>> {
    let find = |name: &str| template.iter().find(|(key, _)| key.name == name).map(|(_, node)| node);
    let mut loops = Vec::new();
    if let Some(node) = find("rows") {
        loops.push(rows(reader, node)?);
    }
    if let Some(node) = find("each") {
        for (key, node) in reader.table(node, "`each`")? {
            let list = reader.list(node, &format!("`each.{}`", key.name))?;
            if list.is_empty() {
                reader.fault(node.span.clone(), Fault::EmptyLoop(key.name.clone()));
                return None;
            }
            check_name(reader, &key.name, &key.span)?;
            loops.push(Loop { names: vec![&key.name], rows: list.iter().map(|node| vec![node]).collect() });
        }
    }
    let mut names: Vec<&str> = vec!["n"];
    for name in loops.iter().flat_map(|each: &Loop<'_>| &each.names) {
        if names.contains(name) {
            let span = find("rows").or_else(|| find("each")).map(|node| node.span.clone()).unwrap_or_default();
            reader.fault(span, Fault::NameTwice((*name).to_owned()));
            return None;
        }
        names.push(name);
    }
    Some(loops)
}

/// A loop over tuples, whose first row names the columns.
fn rows<'t>(reader: &mut Reader<'_>, node: &'t Node) -> Option<Loop<'t>> {
    let list = reader.list(node, "`rows`")?;
    let Some((header, rows)) = list.split_first().filter(|(_, rows)| !rows.is_empty()) else {
        reader.fault(node.span.clone(), Fault::EmptyLoop("rows".to_owned()));
        return None;
    };
    let mut names = Vec::new();
    for name in reader.list(header, "the first row, which names the columns,")? {
        let text = reader.text(name, "the name of a column")?;
        check_name(reader, text, &name.span)?;
        names.push(text);
    }
    let mut tuples = Vec::with_capacity(rows.len());
    for row in rows {
        let tuple: Vec<&Node> = reader.list(row, "a row")?.iter().collect();
        if tuple.len() != names.len() {
            let (found, wanted) = (tuple.len(), names.len());
            reader.fault(row.span.clone(), Fault::RaggedRow { found, wanted });
            continue;
        }
        tuples.push(tuple);
    }
    Some(Loop { names, rows: tuples })
}

fn check_name(reader: &mut Reader<'_>, name: &str, span: &Range<usize>) -> Option<()> {
    if is_name(name) {
        return Some(());
    }
    reader.fault(span.clone(), Fault::NotAName(name.to_owned()));
    None
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_')
}

/// The values of a turn: its number as `n`, then those of the loops. Without loops there are none.
fn bindings<'t>(loops: &[Loop<'t>], mut turn: usize, number: &'t Node) -> Bindings<'t> {
    let mut bindings = Vec::new();
    for each in loops.iter().rev() {
        let row = &each.rows[turn % each.rows.len()];
        turn /= each.rows.len();
        bindings.splice(0..0, each.names.iter().copied().zip(row.iter().copied()));
    }
    if !loops.is_empty() {
        bindings.insert(0, ("n", number));
    }
    bindings
}

/// Puts the values of a turn into the template. The places of its nodes stay those of the template.
struct Binder<'t> {
    bindings: Bindings<'t>,
    /// How much may still come of it; the methods give `None` when it is used up.
    left: usize,
}

impl Binder<'_> {
    fn spend(&mut self, weight: usize) -> Option<()> {
        self.left = self.left.checked_sub(weight)?;
        Some(())
    }

    fn table(&mut self, reader: &mut Reader<'_>, table: &Table) -> Option<Table> {
        table.iter().map(|(key, node)| Some((key.clone(), self.node(reader, node)?))).collect()
    }

    fn node(&mut self, reader: &mut Reader<'_>, node: &Node) -> Option<Node> {
        self.spend(16)?;
        let value = match &node.value {
            // Without loops nothing is bound, and braces are braces.
            Value::Text(text) if !self.bindings.is_empty() => self.text(reader, text, &node.span)?,
            Value::List(list) => Value::List(list.iter().map(|node| self.node(reader, node)).collect::<Option<_>>()?),
            Value::Table(table) => Value::Table(self.table(reader, table)?),
            value => {
                self.spend(node.weight())?;
                value.clone()
            }
        };
        Some(Node { span: node.span.clone(), value })
    }

    fn text(&mut self, reader: &mut Reader<'_>, text: &str, span: &Range<usize>) -> Option<Value> {
        let mut out = String::new();
        let mut rest = text;
        self.spend(text.len())?;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let name = after.split_once('}').filter(|(name, _)| is_name(name));
            let Some((name, after)) = name else {
                // A brace that opens no name is itself.
                out.push('{');
                rest = after;
                continue;
            };
            rest = after;
            let Some((_, node)) = self.bindings.iter().find(|(known, _)| *known == name) else {
                let known = self.bindings.iter().map(|(name, _)| (*name).to_owned()).collect();
                reader.fault(span.clone(), Fault::Unbound { name: name.to_owned(), known });
                continue;
            };
            self.left = self.left.checked_sub(node.weight())?;
            if text.len() == name.len() + 2 {
                return Some(node.value.clone());
            }
            match &node.value {
                Value::Text(value) => out.push_str(value),
                Value::Integer(value) => out.push_str(&value.to_string()),
                Value::Boolean(value) => out.push_str(&value.to_string()),
                Value::List(_) | Value::Table(_) | Value::Other(_) => {
                    reader.fault(span.clone(), Fault::NotText { name: name.to_owned(), found: node.kind() });
                }
            }
        }
        out.push_str(rest);
        Some(Value::Text(out))
    }
}

/// The value as an error names it.
fn brief(node: &Node) -> String {
    const LONGEST: usize = 24;
    match &node.value {
        Value::Text(text) if text.chars().nth(LONGEST).is_some() => {
            format!("\"{}…\"", text.chars().take(LONGEST).collect::<String>())
        }
        Value::Text(text) => format!("\"{text}\""),
        Value::Integer(value) => value.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::List(_) => "[…]".to_owned(),
        Value::Table(_) => "{…}".to_owned(),
        Value::Other(kind) => (*kind).to_owned(),
    }
}

//! Case files: TOML in, [`Case`]s out.
//!
//! The language is described in `corpus/FORMAT.md`. All errors of a file are found, each with its line and column, also
//! where a loop made a case of it; then the loop's values are named. Nothing that a file holds makes the parser panic,
//! and what comes of a file is bounded: its size, its cases, its errors.

mod case;
mod clause;
mod deflate;
mod expand;
mod expect;
mod fault;
mod opening;
mod payload;
mod reader;
mod step;
mod tree;

use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use toml::de::DeTable;

pub use fault::{Fault, ParseError};

use self::reader::{Fields, Reader};
use self::tree::{Node, Table, Value};
use super::{Case, Id};

/// The largest case file, in bytes.
pub const MAX_FILE: usize = 4 << 20;

/// What a case file holds.
#[derive(Clone, Debug, Default)]
pub struct CaseFile {
    /// The section and its parts, as reports name them.
    pub sections: Vec<Section>,
    /// The cases after expansion of their loops, in the order of the file.
    pub cases: Vec<Case>,
}

/// A title for the cases whose ids begin alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What their ids begin with: `9` for a section, `9.3` for a part of it.
    pub id: Id,
    /// The title.
    pub title: String,
}

/// Where the payload files come from that cases quote by name.
pub trait Payloads {
    /// The bytes of a payload file.
    ///
    /// # Errors
    /// If there is none of that name, or it cannot be read: in words that complete "the payload file `x` ".
    fn payload(&self, name: &str) -> Result<Bytes, String>;
}

/// Everything that is wrong in some case files, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseErrors(pub Vec<ParseError>);

impl fmt::Display for ParseErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for ParseErrors {}

/// Reads a case file. `file` is its name in errors and in [`Source`](super::Source).
///
/// # Errors
/// All that is wrong in the file.
pub fn parse(file: &str, text: &str, payloads: &dyn Payloads) -> Result<CaseFile, ParseErrors> {
    let mut reader = Reader::new(file, text, payloads);
    let parsed = document(&mut reader, text);
    let errors = reader.into_errors();
    if errors.is_empty() { Ok(parsed) } else { Err(ParseErrors(errors)) }
}

fn document(reader: &mut Reader<'_>, text: &str) -> CaseFile {
    if text.len() > MAX_FILE {
        let most = format!("{} MiB", MAX_FILE >> 20);
        reader.fault(0..0, Fault::TooLarge { what: "the file", most, advice: "split it" });
        return CaseFile::default();
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        reader.fault(error.span().unwrap_or_default(), Fault::Syntax(error.message().replace('\n', "; ")));
    }
    if !errors.is_empty() {
        return CaseFile::default();
    }
    let document = tree::table(document.get_ref());
    let mut fields = Fields::new("a case file", &document);
    let section = fields.take("section");
    let defaults = fields.take("defaults");
    let cases = fields.take("case");
    fields.finish(reader);

    let sections = section.and_then(|node| sections(reader, node)).unwrap_or_default();
    let defaults = defaults.and_then(|node| reader.table(node, "`defaults`")).map_or(&[][..], Vec::as_slice);
    let (defaults, strangers): (Vec<_>, Vec<_>) =
        defaults.iter().partition(|(key, _)| case::KEYS.contains(&key.name.as_str()));
    for (key, _) in strangers {
        let known = case::KEYS.to_vec();
        reader.fault(key.span.clone(), Fault::UnknownKey { key: key.name.clone(), place: "`defaults`", known });
    }
    let cases = cases.and_then(|node| reader.list(node, "`case`, written [[case]],")).map_or(&[][..], Vec::as_slice);
    CaseFile { sections, cases: expanded(reader, &defaults, cases) }
}

/// The cases of all templates.
fn expanded(reader: &mut Reader<'_>, defaults: &[&(tree::Key, Node)], templates: &[Node]) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut lines: HashMap<Id, usize> = HashMap::new();
    let mut budget = expand::Budget::default();
    for template in templates {
        let Some(table) = reader.table(template, "a case") else { continue };
        let line = reader.line(template.span.start);
        for expansion in expand::expand(reader, &mut budget, defaults, table, &template.span) {
            let id_span = span_of(&expansion.table, "id");
            reader.values = expansion.values;
            if let Some(case) = case::case(reader, &template.span, &expansion.table, line) {
                if let Some(first) = lines.get(&case.id) {
                    let hint = if *first == line { ": put `{n}` or another loop name into it" } else { "" };
                    let first = format!("{}:{first}", reader.file());
                    let span = id_span.unwrap_or_else(|| template.span.clone());
                    reader.fault(span, Fault::DuplicateId { id: case.id.to_string(), first, hint });
                } else {
                    lines.insert(case.id.clone(), line);
                    cases.push(case);
                }
            }
            reader.values = Vec::new();
            if reader.is_full() {
                return cases;
            }
        }
    }
    cases
}

fn span_of(table: &Table, name: &str) -> Option<std::ops::Range<usize>> {
    table.iter().find(|(key, _)| key.name == name).map(|(_, node)| node.span.clone())
}

fn sections(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<Section>> {
    let mut fields = Fields::new("a section", reader.table(node, "`section`")?);
    let id = fields.need(reader, "id", "what the ids of its cases begin with", &node.span);
    let title = fields.need(reader, "title", "what reports call it", &node.span);
    let parts = fields.take("parts");
    fields.finish(reader);
    let id = id.and_then(|node| reader.id(node));
    let title = title.and_then(|node| reader.text(node, "`title`"));
    let mut all = Vec::new();
    for (key, node) in parts.and_then(|node| reader.table(node, "`parts`")).map_or(&[][..], Vec::as_slice) {
        let id = reader.id(&Node { span: key.span.clone(), value: Value::Text(key.name.clone()) });
        let title = reader.text(node, "the title of a part").map(str::to_owned);
        all.extend(id.zip(title).map(|(id, title)| Section { id, title }));
    }
    all.insert(0, Section { id: id?, title: title?.to_owned() });
    Some(all)
}

//! A TOML document as a tree in which every key and value knows where it stands.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and its place in the file, in bytes.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) value: Value,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i128),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
    /// A number with a fraction, or a date: the language has no use for them.
    Other(&'static str),
}

/// A key and its place in the file, in bytes.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) span: Range<usize>,
}

/// The entries of a table, in the order of the file.
pub(super) type Table = Vec<(Key, Node)>;

impl Node {
    /// The type of the value, with its article.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Boolean(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(kind) => kind,
        }
    }

    /// What reading the node costs: its nodes and bytes of text.
    pub(super) fn weight(&self) -> usize {
        16 + match &self.value {
            Value::Text(text) => text.len(),
            Value::List(list) => list.iter().map(Self::weight).sum(),
            Value::Table(table) => table.iter().map(|(key, node)| key.name.len() + node.weight()).sum(),
            Value::Integer(_) | Value::Boolean(_) | Value::Other(_) => 0,
        }
    }
}

/// The table as a tree.
pub(super) fn table(table: &DeTable<'_>) -> Table {
    let mut entries: Table = table
        .iter()
        .map(|(key, value)| (Key { name: key.get_ref().to_string(), span: key.span() }, node(value)))
        .collect();
    entries.sort_by_key(|(key, _)| key.span.start);
    entries
}

fn node(value: &Spanned<DeValue<'_>>) -> Node {
    Node {
        span: value.span(),
        value: match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(integer) => match i128::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(integer) => Value::Integer(integer),
                Err(_) => Value::Other("an integer of so many digits"),
            },
            DeValue::Float(_) => Value::Other("a number with a fraction"),
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            DeValue::Datetime(_) => Value::Other("a date"),
            DeValue::Array(array) => Value::List(array.iter().map(node).collect()),
            DeValue::Table(entries) => Value::Table(table(entries)),
        },
    }
}

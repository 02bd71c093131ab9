//! Values of the tree as values of Rust; what does not fit is noted and passed over.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::tree::{Node, Table, Value};
use super::{Fault, ParseError, Payloads};
use crate::conform::Id;

/// After so many errors the rest of a file is not read.
const MAX_ERRORS: usize = 100;

/// Reads one file and gathers its errors.
pub(super) struct Reader<'a> {
    file: Arc<str>,
    text: &'a str,
    errors: Vec<ParseError>,
    pub(super) payloads: &'a dyn Payloads,
    /// The loop values of the case that is read, to be named in its errors.
    pub(super) values: Vec<(String, String)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &str, text: &'a str, payloads: &'a dyn Payloads) -> Self {
        Self { file: Arc::from(file), text, errors: Vec::new(), payloads, values: Vec::new() }
    }

    pub(super) fn into_errors(mut self) -> Vec<ParseError> {
        self.errors.sort_by_key(|error| (error.line, error.column));
        self.errors
    }

    pub(super) fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// Whether there is no room for further errors.
    pub(super) fn is_full(&self) -> bool {
        self.errors.len() >= MAX_ERRORS
    }

    /// Notes a fault. The same one at the same place is noted once, however many cases a loop made of it.
    pub(super) fn fault(&mut self, span: Range<usize>, fault: Fault) {
        let (line, column) = self.position(span.start);
        let known = |error: &ParseError| (error.line, error.column) == (line, column) && error.fault == fault;
        if self.is_full() || self.errors.iter().any(known) {
            return;
        }
        let fault = if self.errors.len() + 1 == MAX_ERRORS {
            Fault::TooLarge { what: "the list of errors", most: MAX_ERRORS.to_string(), advice: "mend these first" }
        } else {
            fault
        };
        self.errors.push(ParseError { file: self.file.clone(), line, column, fault, values: self.values.clone() });
    }

    /// Line and column of a byte, from 1, the column in characters.
    pub(super) fn position(&self, at: usize) -> (usize, usize) {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        // A byte of the form 10xxxxxx continues a character.
        let column = 1 + before[start..].iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        (line, column)
    }

    fn wrong_type<T>(&mut self, node: &Node, what: &str, wanted: &'static str) -> Option<T> {
        self.fault(node.span.clone(), Fault::WrongType { what: what.to_owned(), wanted, found: node.kind() });
        None
    }

    pub(super) fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) => Some(text),
            _ => self.wrong_type(node, what, "a string"),
        }
    }

    pub(super) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match node.value {
            Value::Boolean(boolean) => Some(boolean),
            _ => self.wrong_type(node, what, "true or false"),
        }
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n Vec<Node>> {
        match &node.value {
            Value::List(list) => Some(list),
            _ => self.wrong_type(node, what, "a list"),
        }
    }

    pub(super) fn table<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n Table> {
        match &node.value {
            Value::Table(table) => Some(table),
            _ => self.wrong_type(node, what, "a table"),
        }
    }

    /// An integer in a range, which has to fit `T`.
    pub(super) fn integer<T: TryFrom<u64>>(&mut self, node: &Node, what: &str, range: (u64, u64)) -> Option<T> {
        let Value::Integer(found) = node.value else {
            return self.wrong_type(node, what, "an integer");
        };
        let (least, most) = range;
        let fits = u64::try_from(found).ok().filter(|found| (least..=most).contains(found));
        let fits = fits.and_then(|found| T::try_from(found).ok());
        if fits.is_none() {
            self.fault(node.span.clone(), Fault::OutOfRange { what: what.to_owned(), least, most, found });
        }
        fits
    }

    /// A duration, `500ms`.
    pub(super) fn duration(&mut self, node: &Node, what: &str) -> Option<Duration> {
        /// A day; what waits longer was a slip of the pen.
        const MAX_SECONDS: u64 = 86_400;
        let text = self.text(node, what)?;
        let Ok(duration) = humantime::parse_duration(text) else {
            self.fault(node.span.clone(), Fault::NotADuration(text.to_owned()));
            return None;
        };
        if duration.as_secs() > MAX_SECONDS {
            let (what, found) = (format!("the seconds of {what}"), duration.as_secs().into());
            self.fault(node.span.clone(), Fault::OutOfRange { what, least: 0, most: MAX_SECONDS, found });
            return None;
        }
        Some(duration)
    }

    /// One of a few words and what it stands for.
    pub(super) fn word<T: Copy>(&mut self, node: &Node, what: &'static str, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(node, what)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known = words.iter().map(|(word, _)| *word).collect();
            self.fault(node.span.clone(), Fault::UnknownWord { what, word: text.to_owned(), known });
        }
        found.map(|(_, meaning)| *meaning)
    }

    pub(super) fn id(&mut self, node: &Node) -> Option<Id> {
        let text = self.text(node, "`id`")?;
        text.parse().map_err(|why| self.fault(node.span.clone(), Fault::NotAnId { id: text.to_owned(), why })).ok()
    }

    /// Every element that can be read. One that cannot is an error already, so the rest may go on without it.
    pub(super) fn each<T>(
        &mut self,
        node: &Node,
        what: &str,
        mut read: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        Some(self.list(node, what)?.iter().filter_map(|node| read(self, node)).collect())
    }
}

/// The entries of a table while they are taken. What was never asked for has no meaning there.
pub(super) struct Fields<'t> {
    place: &'static str,
    table: &'t Table,
    asked: Vec<&'static str>,
}

impl<'t> Fields<'t> {
    pub(super) fn new(place: &'static str, table: &'t Table) -> Self {
        Self { place, table, asked: Vec::new() }
    }

    /// The value of a key, if it is there.
    pub(super) fn take(&mut self, name: &'static str) -> Option<&'t Node> {
        self.asked.push(name);
        self.table.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// The value of a key, unless it is `false`: that lets one loop leave a modifier out in some of its turns.
    pub(super) fn take_set(&mut self, name: &'static str) -> Option<&'t Node> {
        self.take(name).filter(|node| !matches!(node.value, Value::Boolean(false)))
    }

    /// The value of a key that has to be there. `what` says what it is for.
    pub(super) fn need(
        &mut self,
        reader: &mut Reader<'_>,
        name: &'static str,
        what: &'static str,
        span: &Range<usize>,
    ) -> Option<&'t Node> {
        let node = self.take(name);
        if node.is_none() {
            reader.fault(span.clone(), Fault::MissingKey { key: name, place: self.place, what });
        }
        node
    }

    /// Notes every key that was not asked for.
    pub(super) fn finish(self, reader: &mut Reader<'_>) {
        for (key, _) in self.table {
            if !self.asked.contains(&key.name.as_str()) {
                let (key, span) = (key.name.clone(), key.span.clone());
                reader.fault(span, Fault::UnknownKey { key, place: self.place, known: self.asked.clone() });
            }
        }
    }
}

//! Baselines rewritten: what is no longer so goes, what is new comes, and everything else stays as somebody wrote it.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TomlError, value};

use super::{Baseline, Findings, Stale, is_judged};
use crate::watch::Outcome;

/// The reason of a new entry, until somebody knows it.
pub const UNEXPLAINED: &str = "not yet explained";

/// So many cases of a new entry are written on one line.
const ON_ONE_LINE: usize = 8;

const KNOWN: &str = "known";

impl Baseline {
    /// The entries whose reason nobody has given yet.
    pub fn unexplained(&self) -> impl Iterator<Item = &str> {
        let entries = self.entries.iter().filter(|entry| entry.reason == UNEXPLAINED);
        entries.flat_map(|entry| &entry.cases).map(|pattern| pattern.text.as_str())
    }
}

impl Findings {
    /// The text of a baseline, as these findings of it want it: without what is stale, and with what is new. Comments,
    /// order and the entries that hold stay. Cases without a connection to judge are not written down.
    ///
    /// # Errors
    /// If the text is not TOML, which that of a baseline is.
    pub fn applied(&self, text: &str, outcomes: &[Outcome]) -> Result<String, TomlError> {
        let mut document: DocumentMut = text.parse()?;
        let known = document.remove(KNOWN).unwrap_or(Item::None);
        let mut known = known.into_array_of_tables().unwrap_or_default();
        let kept = drop_stale(&mut known, &self.stale);
        let new = entries(outcomes.iter().filter(|outcome| self.new.contains(&outcome.case) && is_judged(outcome)));
        let mut trailing = document.trailing().as_str().unwrap_or_default().to_owned();
        if known.is_empty() {
            // What stands at the end of a document without entries is about the whole of it.
            trailing = kept + &trailing;
            if !new.is_empty() {
                let lead = match trailing.trim_end() {
                    "" if document.is_empty() => String::new(),
                    "" => "\n".to_owned(),
                    comments => format!("{comments}\n\n"),
                };
                known.extend(new);
                lead_first(&mut known, &lead);
                trailing = String::new();
            }
        } else {
            let lead = kept + &lead_of(&known);
            lead_first(&mut known, &lead);
            known.extend(new);
        }
        document.set_trailing(trailing);
        if !known.is_empty() {
            document.insert(KNOWN, Item::ArrayOfTables(known));
        }
        Ok(document.to_string())
    }
}

/// What stands before the first entry.
fn lead_of(known: &ArrayOfTables) -> String {
    let prefix = known.get(0).and_then(|table| table.decor().prefix()?.as_str());
    prefix.unwrap_or_default().to_owned()
}

fn lead_first(known: &mut ArrayOfTables, lead: &str) {
    if let Some(first) = known.get_mut(0) {
        first.decor_mut().set_prefix(lead);
    }
}

/// Drops what is stale. Gives the comments before the first entry, if it is dropped, that are not about it.
fn drop_stale(known: &mut ArrayOfTables, stale: &[Stale]) -> String {
    let mut kept = String::new();
    for index in (0..known.len()).rev() {
        let mut patterns: Vec<usize> =
            stale.iter().filter(|stale| stale.entry == index).map(|stale| stale.pattern).collect();
        patterns.sort_unstable();
        let Some(table) = known.get_mut(index).filter(|_| !patterns.is_empty()) else { continue };
        let cases = table.get_mut("cases").and_then(Item::as_array_mut);
        match cases.filter(|cases| cases.len() > patterns.len()) {
            Some(cases) => patterns.iter().rev().for_each(|pattern| drop_case(cases, *pattern)),
            None => {
                let paragraphs = paragraphs_before(table);
                known.remove(index);
                match known.get_mut(index) {
                    Some(next) => {
                        let own = next.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or("\n").to_owned();
                        next.decor_mut().set_prefix(paragraphs + &own);
                    }
                    None => kept.insert_str(0, &paragraphs),
                }
            }
        }
    }
    kept
}

/// Drops one of the cases, and the comment behind it on its line; that of the case before stays.
fn drop_case(cases: &mut Array, index: usize) {
    let dropped = cases.remove(index);
    let before = dropped.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
    let (its_line, _) = before.split_once('\n').unwrap_or((before, ""));
    let joined = |after: &str| match after.split_once('\n') {
        Some((_, rest)) => format!("{its_line}\n{rest}"),
        None if after.trim().is_empty() && its_line.contains('#') => format!("{its_line}\n"),
        None => before.to_owned(),
    };
    match cases.get_mut(index) {
        Some(next) => {
            let after = joined(next.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default());
            next.decor_mut().set_prefix(after);
        }
        None => {
            let after = cases.trailing().as_str().unwrap_or_default().to_owned();
            if after.contains('\n') || its_line.contains('#') {
                cases.set_trailing(joined(&after));
            }
        }
    }
}

/// The comments before an entry that an empty line parts from it.
fn paragraphs_before(table: &Table) -> String {
    let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
    match prefix.rfind("\n\n") {
        Some(end) if !prefix[..end].trim().is_empty() => prefix[..=end].to_owned(),
        _ => String::new(),
    }
}

/// Entries for these cases: one for those that stand together and deviate alike.
fn entries<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Vec<Table> {
    let mut alike: Vec<(Key, Vec<&str>)> = Vec::new();
    for outcome in outcomes {
        let section = outcome.case.rsplit_once('.').map(|(section, _)| section);
        let close = (!outcome.verdict.is_failure() && !outcome.close.is_good()).then(|| outcome.close.word());
        let key = (section, outcome.verdict.word(), close);
        match alike.iter_mut().find(|(other, _)| *other == key) {
            Some((_, cases)) => cases.push(&outcome.case),
            None => alike.push((key, vec![&outcome.case])),
        }
    }
    alike.into_iter().map(|((_, verdict, close), cases)| entry(verdict, close, &cases)).collect()
}

/// What cases have in common that stand in one entry: their section, their verdict, their close verdict if that is why
/// they do not pass.
type Key<'a> = (Option<&'a str>, &'static str, Option<&'static str>);

fn entry(verdict: &str, close: Option<&str>, cases: &[&str]) -> Table {
    let mut table = Table::new();
    table.insert(
        "cases",
        match cases {
            [case] => value(*case),
            cases => value(list(cases)),
        },
    );
    table.insert("verdict", value(verdict));
    if let Some(close) = close {
        table.insert("close", value(close));
    }
    table.insert("reason", value(UNEXPLAINED));
    table.decor_mut().set_prefix("\n");
    table
}

fn list(cases: &[&str]) -> Array {
    let mut list: Array = cases.iter().copied().collect();
    if cases.len() > ON_ONE_LINE {
        for (index, case) in list.iter_mut().enumerate() {
            case.decor_mut().set_prefix(if index % ON_ONE_LINE == 0 { "\n    " } else { " " });
        }
        list.set_trailing("\n");
        list.set_trailing_comma(true);
    }
    list
}

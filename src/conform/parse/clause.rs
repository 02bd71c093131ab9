//! Clauses as cases cite them, `6455#5.4`.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::Fault;
use crate::proto::Clause;

/// The sections of RFC 6455.
const RFC_6455: &str = " 1 1.1 1.2 1.3 1.4 1.5 1.6 1.7 1.8 1.9 2 2.1 3 4 4.1 4.2 4.2.1 4.2.2 4.3 4.4 5 5.1 5.2 5.3 5.4 \
     5.5 5.5.1 5.5.2 5.5.3 5.6 5.7 5.8 6 6.1 6.2 7 7.1 7.1.1 7.1.2 7.1.3 7.1.4 7.1.5 7.1.6 7.1.7 7.2 7.2.1 7.2.2 7.2.3 \
     7.3 7.4 7.4.1 7.4.2 8 8.1 9 9.1 9.2 10 10.1 10.2 10.3 10.4 10.5 10.6 10.7 10.8 11 11.1 11.1.1 11.1.2 11.2 11.3 \
     11.3.1 11.3.2 11.3.3 11.3.4 11.3.5 11.4 11.5 11.6 11.7 11.8 11.9 12 13 14 14.1 14.2 ";

/// Reads a clause. A section of RFC 6455 has to be in its table of contents.
pub(super) fn clause(text: &str) -> Result<Clause, Fault> {
    let not_a_clause = || Fault::NotAClause(text.to_owned());
    let number = |part: &str| !part.is_empty() && part.len() <= 5 && part.bytes().all(|byte| byte.is_ascii_digit());
    let (rfc, section) = text.split_once('#').ok_or_else(not_a_clause)?;
    if !number(rfc) || !section.split('.').all(number) || section.len() > 20 {
        return Err(not_a_clause());
    }
    if rfc == "6455" && !RFC_6455.contains(&format!(" {section} ")) {
        return Err(Fault::NoSuchSection { rfc: rfc.to_owned(), section: section.to_owned() });
    }
    Ok(Clause(intern(text)))
}

/// A [`Clause`] borrows for ever, as those of the table of rules do. Each one that a file adds is kept once.
fn intern(text: &str) -> &'static str {
    static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.get(text) {
        return known;
    }
    let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
    known.insert(text);
    text
}

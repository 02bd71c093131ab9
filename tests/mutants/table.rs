//! The table of mutants, and what kills them.

use std::fmt::Write as _;

use wslab::proto::Role;

use crate::fault::Fault;
use crate::play::Killer;

/// A mutant that was held against the cases.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) role: Role,
    pub(crate) fault: Fault,
    /// `None` if it survived.
    pub(crate) killer: Option<Killer>,
}

/// The longest words of a verdict that are printed.
const WORDS: usize = 90;

/// All mutants as a table, in the order of the faults, and how many were killed.
pub(crate) fn table(rows: &mut [Row]) -> String {
    rows.sort_by_key(|row| (row.role == Role::Client, row.fault as usize));
    let mut out = String::from("\n| mutant | breaks | first case | seen as |\n| --- | --- | --- | --- |\n");
    for row in rows.iter() {
        let role = if row.role == Role::Server { "server" } else { "client" };
        let (case, seen) = match &row.killer {
            Some(killer) => (killer.case.as_str(), killer.seen.as_str()),
            None => ("**none**", row.fault.words()),
        };
        let seen = seen.replace('|', "/").replace('\n', " ");
        let end = seen.floor_char_boundary(WORDS);
        let dots = if end < seen.len() { "…" } else { "" };
        // Writing to a string has no error.
        let _ = writeln!(
            out,
            "| {role}::{} | {} {} | {case} | {}{dots} |",
            row.fault.name(),
            row.fault.clause(),
            row.fault.level().name(),
            &seen[..end]
        );
    }
    for (role, word) in [(Role::Server, "servers"), (Role::Client, "clients")] {
        let all = rows.iter().filter(|row| row.role == role);
        let (all, killed) = (all.clone().count(), all.filter(|row| row.killer.is_some()).count());
        let _ = writeln!(out, "\n{killed} of {all} mutants of {word} are killed.");
    }
    out
}

pub(crate) mod tests {
    //! Of the table of faults itself.

    use std::collections::HashSet;

    use libtest_mimic::{Failed, Trial};

    use super::{Row, table};
    use crate::fault::{End, Fault};
    use crate::play::Killer;
    use wslab::proto::Role;

    pub(crate) fn trials() -> Vec<Trial> {
        vec![
            Trial::test("faults::are_many_and_differ", are_many_and_differ),
            Trial::test("faults::name_clauses", name_clauses),
            Trial::test("faults::are_shown_with_what_kills_them", are_shown),
        ]
    }

    fn are_many_and_differ() -> Result<(), Failed> {
        let count = |end| Fault::ALL.iter().filter(|fault| fault.end() == end || fault.end() == End::Both).count();
        if count(End::Server) < 80 || count(End::Client) < 40 {
            return Err("there are too few faults".into());
        }
        let names: HashSet<String> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        let words: HashSet<&str> = Fault::ALL.iter().map(|fault| fault.words()).collect();
        let differ = names.len() == Fault::ALL.len() && words.len() == Fault::ALL.len();
        if differ { Ok(()) } else { Err("two faults have the same name or words".into()) }
    }

    fn name_clauses() -> Result<(), Failed> {
        let named = |fault: &&Fault| {
            let (rfc, section) = fault.clause().split_once('#').unwrap_or_default();
            ["6455", "7230", "7692", "9110", "9112"].contains(&rfc)
                && section.starts_with(|first: char| first.is_ascii_digit())
        };
        match Fault::ALL.iter().find(|fault| !named(fault)) {
            Some(fault) => Err(format!("{} names no clause: {}", fault.name(), fault.clause()).into()),
            None => Ok(()),
        }
    }

    fn are_shown() -> Result<(), Failed> {
        let killer = Killer { case: "2.3".to_owned(), seen: "failed: a|b".to_owned() };
        let mut rows = vec![
            Row { role: Role::Client, fault: Fault::PingUnanswered, killer: None },
            Row { role: Role::Server, fault: Fault::PingUnanswered, killer: Some(killer) },
        ];
        let wanted = "
| mutant | breaks | first case | seen as |
| --- | --- | --- | --- |
| server::ping-unanswered | 6455#5.5.2 MUST | 2.3 | failed: a/b |
| client::ping-unanswered | 6455#5.5.2 MUST | **none** | does not answer pings |

1 of 1 mutants of servers are killed.

0 of 1 mutants of clients are killed.
";
        let shown = table(&mut rows);
        if shown == wanted { Ok(()) } else { Err(format!("the table is{shown}").into()) }
    }
}

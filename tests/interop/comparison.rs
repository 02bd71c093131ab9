//! Case by case: what Autobahn measured, what we say, and whether the difference is one that we mean.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use wslab::conform::Id;

use crate::ruling::{Ours, Ruling, Rulings};

/// A case that is not as it has to be.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    case: Id,
    autobahn: Option<Ruling>,
    ours: Option<Ours>,
    trouble: Trouble,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Trouble {
    /// We differ, and nobody said why.
    Unlisted,
    /// We differ, but in another way than is listed.
    Otherwise(Ruling),
    /// A difference is listed, but there is none.
    Stale,
    /// We said nothing of the case.
    Missing,
    /// A difference is listed for a case that Autobahn did not measure.
    Unmeasured,
}

/// What is not as it has to be, in the order of the cases. Cases that Autobahn did not measure do not matter.
pub(crate) fn compare(truth: &Rulings, differences: &Rulings, ours: &BTreeMap<Id, Ours>) -> Vec<Row> {
    let cases: BTreeSet<_> = truth.keys().chain(differences.keys()).collect();
    let row = |case: &Id| {
        let (autobahn, ours, listed) = (truth.get(case), ours.get(case), differences.get(case));
        let said = ours.map(|ours| &ours.ruling);
        let bare = autobahn.zip(ours).is_some_and(|(autobahn, ours)| ours.is_bare(autobahn));
        let trouble = match (autobahn, said, listed) {
            (None, _, _) => Trouble::Unmeasured,
            (Some(_), None, _) => Trouble::Missing,
            (Some(autobahn), Some(ours), None) if autobahn == ours => return None,
            (Some(_), Some(_), None) if bare => return None,
            (Some(_), Some(_), None) => Trouble::Unlisted,
            (Some(autobahn), Some(ours), Some(_)) if autobahn == ours => Trouble::Stale,
            (Some(_), Some(ours), Some(listed)) if listed == ours => return None,
            (Some(_), Some(_), Some(listed)) => Trouble::Otherwise(listed.clone()),
        };
        Some(Row { case: case.clone(), autobahn: autobahn.cloned(), ours: ours.cloned(), trouble })
    };
    cases.into_iter().filter_map(row).collect()
}

/// The rows for people.
pub(crate) fn table(rows: &[Row]) -> String {
    let ruling = |ruling: Option<&Ruling>| ruling.map_or("nothing".to_owned(), Ruling::to_string);
    let mut table = format!("{:<8} {:<38} wslab\n", "case", "Autobahn");
    for Row { case, autobahn, ours, trouble } in rows {
        let (autobahn, said) = (ruling(autobahn.as_ref()), ruling(ours.as_ref().map(|ours| &ours.ruling)));
        let note = match trouble {
            Trouble::Unlisted => String::new(),
            Trouble::Otherwise(listed) => format!("listed as: {listed}"),
            Trouble::Stale => "stale: this is no longer a difference, remove the entry".to_owned(),
            Trouble::Missing => "wslab did not run it".to_owned(),
            Trouble::Unmeasured => "listed, but Autobahn did not measure it".to_owned(),
        };
        let why = ours.as_ref().map_or("", |ours| ours.why.as_str());
        // A string takes what is written to it.
        let _ = writeln!(table, "{}", format!("{case:<8} {autobahn:<38} {said:<38} {note}").trim_end());
        if !why.is_empty() {
            let _ = writeln!(table, "         {why}");
        }
    }
    table
}

/// These run everywhere: they need no peer.
pub(crate) mod tests {
    use libtest_mimic::Trial;

    use super::*;

    pub(crate) fn trials() -> Vec<Trial> {
        let trial = |name: &str, test: fn()| {
            Trial::test(name, move || {
                test();
                Ok(())
            })
        };
        vec![
            trial("equal_rulings_need_no_words", equal_rulings_need_no_words),
            trial("what_is_listed_and_so_is_fine", what_is_listed_and_so_is_fine),
            trial("a_bare_end_need_not_be_listed_and_nothing_else", a_bare_end_need_not_be_listed_and_nothing_else),
            trial("all_that_is_not_as_it_has_to_be_is_told", all_that_is_not_as_it_has_to_be_is_told),
        ]
    }

    fn id(id: &str) -> Id {
        id.parse().expect("the tests write ids as they are written")
    }

    fn ruling(verdict: &str, code: u16) -> Ruling {
        Ruling { verdict: verdict.into(), close_verdict: "ok".into(), remote_close_code: Some(code) }
    }

    fn rulings(rows: &[(&str, Ruling)]) -> Rulings {
        rows.iter().map(|(case, ruling)| (id(case), ruling.clone())).collect()
    }

    fn ours(rows: &[(&str, Ruling)]) -> BTreeMap<Id, Ours> {
        let why = |ruling: &Ruling| if ruling.verdict == "failed" { "nothing came".into() } else { String::new() };
        rows.iter()
            .map(|(case, ruling)| (id(case), Ours { ruling: ruling.clone(), why: why(ruling), broken: Vec::new() }))
            .collect()
    }

    fn equal_rulings_need_no_words() {
        let said = [("1.1.1", ruling("ok", 1000)), ("6.4.1", ruling("non-strict", 1007))];
        assert!(compare(&rulings(&said), &Rulings::new(), &ours(&said)).is_empty());
    }

    fn what_is_listed_and_so_is_fine() {
        let truth = rulings(&[("9.3.2", ruling("failed", 1008))]);
        let said = [("9.3.2", ruling("ok", 1000)), ("13.1.1", ruling("failed", 1002))];
        let listed = rulings(&[("9.3.2", ruling("ok", 1000))]);
        assert!(compare(&truth, &listed, &ours(&said)).is_empty());
    }

    fn a_bare_end_need_not_be_listed_and_nothing_else() {
        let without = |ruling: Ruling| Ruling { remote_close_code: None, ..ruling };
        let troubles = |autobahn: Ruling, said: Ruling, broken: &[&str]| {
            let broken = broken.iter().map(|rule| (*rule).to_owned()).collect();
            let ours = [(id("3.2"), Ours { ruling: said, why: String::new(), broken })].into();
            compare(&rulings(&[("3.2", autobahn)]), &Rulings::new(), &ours).len()
        };
        let (ok, non_strict) = (without(ruling("ok", 0)), without(ruling("non-strict", 0)));
        assert_eq!(troubles(ok.clone(), non_strict.clone(), &["NoCloseFrame"]), 0);
        assert_eq!(troubles(ok.clone(), non_strict.clone(), &[]), 1);
        assert_eq!(troubles(ok.clone(), non_strict.clone(), &["NoCloseFrame", "ReservedBit"]), 1);
        assert_eq!(troubles(ok.clone(), without(ruling("failed", 0)), &["NoCloseFrame"]), 1);
        assert_eq!(troubles(ruling("ok", 1002), non_strict.clone(), &["NoCloseFrame"]), 1);
        assert_eq!(troubles(without(ruling("failed", 0)), non_strict, &["NoCloseFrame"]), 1);
    }

    fn all_that_is_not_as_it_has_to_be_is_told() {
        let truth = rulings(&[
            ("1.1.1", ruling("ok", 1000)),
            ("2.1", ruling("ok", 1000)),
            ("2.10", ruling("ok", 1000)),
            ("2.9", ruling("ok", 1000)),
            ("3.2", Ruling { remote_close_code: None, ..ruling("non-strict", 0) }),
            ("4.1.1", ruling("ok", 1002)),
        ]);
        let said = ours(&[
            ("1.1.1", ruling("ok", 1000)),
            ("2.1", ruling("failed", 1000)),
            ("2.10", ruling("ok", 1000)),
            ("2.9", ruling("ok", 1001)),
            ("3.2", ruling("ok", 1002)),
        ]);
        let listed =
            rulings(&[("2.10", ruling("ok", 1001)), ("3.2", ruling("failed", 1002)), ("9.9.9", ruling("ok", 1000))]);
        insta::assert_snapshot!(table(&compare(&truth, &listed, &said)), @r"
        case     Autobahn                               wslab
        2.1      ok, close ok, 1000                     failed, close ok, 1000
                 nothing came
        2.9      ok, close ok, 1000                     ok, close ok, 1001
        2.10     ok, close ok, 1000                     ok, close ok, 1000                     stale: this is no longer a difference, remove the entry
        3.2      non-strict, close ok, no code          ok, close ok, 1002                     listed as: failed, close ok, 1002
        4.1.1    ok, close ok, 1002                     nothing                                wslab did not run it
        9.9.9    nothing                                nothing                                listed, but Autobahn did not measure it
        ");
    }
}

//! The table of sections.

use wslab::conform::Corpus;
use wslab::report::{Tally, sections};
use wslab::watch::{CloseVerdict, Outcome, Reason, Trouble, Verdict};

use crate::made::outcome;

fn closing(case: &str, close: CloseVerdict) -> Outcome {
    Outcome { close, ..outcome(case, Verdict::Ok, None) }
}

fn all() -> Vec<Outcome> {
    vec![
        outcome("1.1.1", Verdict::Ok, None),
        outcome("1.1.2", Verdict::NonStrict, None),
        outcome("10.1.1", Verdict::Failed(Vec::new()), None),
        outcome("5.1", Verdict::Broken(Trouble::Refused), None),
        outcome("5.2", Verdict::NotRun(Reason::MaxFail), None),
        outcome("7.1.1", Verdict::Informational, None),
        outcome("7.1.2", Verdict::Unimplemented, None),
        closing("7.1.3", CloseVerdict::Unclean),
        closing("7.1.4", CloseVerdict::WrongCode),
        closing("7.1.5", CloseVerdict::FailedByClient),
        outcome("99.1", Verdict::Ok, None),
    ]
}

#[test]
fn every_kind_has_a_column() {
    insta::assert_snapshot!(sections(&Corpus::embedded().sections, &all()));
}

#[test]
fn columns_without_a_case_are_left_out() {
    insta::assert_snapshot!(sections(&Corpus::embedded().sections, &all()[..1]));
}

#[test]
fn nothing_at_all_is_a_table_too() {
    insta::assert_snapshot!(sections(&[], &[]));
}

#[test]
fn every_case_is_in_one_column() {
    let all = all();
    let tally = Tally::of(&all);
    let Tally { cases, ok, non_strict, informational, unimplemented, failed, closing, not_run } = tally;
    assert_eq!((cases, informational, unimplemented), (all.len(), 1, 1));
    assert_eq!(ok + non_strict + informational + unimplemented + failed + closing + not_run, cases);
}

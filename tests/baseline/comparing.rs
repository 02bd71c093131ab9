//! What a run says of a baseline: known, new, stale, not judged.

use wslab::conform::Findings;
use wslab::proto::Rule;
use wslab::watch::{CloseVerdict, Outcome, Verdict, Why};

use crate::made::{
    baseline, broke, broken, cases, closed, failed, found, known, non_strict, not_run, ok, outcome, words,
};

fn known_ids(findings: &Findings) -> Vec<&str> {
    findings.known.iter().map(|(case, _)| case.as_str()).collect()
}

#[test]
fn an_empty_baseline_knows_nothing() {
    let findings = found("", &[ok("1.1"), failed("1.2"), non_strict("1.3")], false);
    assert_eq!(words(&findings), "known [], new [\"1.2\"], stale [], not judged 0");
    let findings = found("", &[ok("1.1"), failed("1.2"), non_strict("1.3")], true);
    assert_eq!(findings.new, ["1.2", "1.3"]);
    assert!(found("", &[ok("1.1")], true).holds());
}

#[test]
fn what_is_known_is_not_new() {
    let text = known("[\"1.1\", \"2\"]", "failed");
    let findings = found(&text, &[failed("1.1"), failed("1.2"), failed("2.1"), failed("2.2")], false);
    assert_eq!(known_ids(&findings), ["1.1", "2.1", "2.2"]);
    assert_eq!(findings.new, ["1.2"]);
    assert!(findings.stale.is_empty());
}

#[test]
fn an_entry_describes_how_a_case_deviates() {
    let outcome = || closed(broke("1.1", Rule::ReservedBit), CloseVerdict::WrongCode, 1009);
    for (more, holds) in [
        ("", true),
        ("close = \"wrong-code\"", true),
        ("close = \"unclean\"", false),
        ("code = 1009", true),
        ("code = 1008", false),
        ("rules = [\"ReservedBit\"]", true),
        ("rules = []", false),
        ("rules = [\"ReservedBit\", \"Unmasked\"]", false),
        ("rules = [\"Unmasked\"]", false),
    ] {
        let findings = found(&(known("\"1.1\"", "failed") + more), &[outcome()], false);
        assert_eq!(findings.holds(), holds, "{more}");
        assert_eq!(findings.stale.len(), usize::from(!holds), "{more}");
    }
}

#[test]
fn a_bad_close_of_a_case_that_passes_has_to_be_named() {
    let unclean = || closed(ok("1.1"), CloseVerdict::Unclean, 1000);
    let entry = known("\"1.1\"", "ok") + "close = \"unclean\"";
    assert!(found(&entry, &[unclean()], true).holds());
    let findings =
        found(&known("\"1.1\"", "non-strict"), &[Outcome { close: CloseVerdict::Unclean, ..non_strict("1.1") }], true);
    assert_eq!(findings.new, ["1.1"], "an entry without `close` excuses no bad one where the verdict is good");
}

#[test]
fn non_strict_is_known_whether_or_not_it_fails() {
    let text = known("\"1.1\"", "non-strict");
    let strictly = found(&text, &[non_strict("1.1")], true);
    assert!(strictly.holds());
    assert_eq!(known_ids(&strictly), ["1.1"]);
    let leniently = found(&text, &[non_strict("1.1")], false);
    assert!(leniently.holds());
    assert!(known_ids(&leniently).is_empty(), "it passes anyway");
}

#[test]
fn what_is_listed_and_no_longer_so_is_stale() {
    let text = known("[\"1.1\",\n  \"1.2\", \"2.*\", \"3\", \"9.9\"]", "failed")
        + &known("\"4.1\"", "non-strict")
        + &known("\"5.1\"", "failed")
        + "code = 1009\nrules = []\nclose = \"ok\"\n";
    let outcomes = [
        failed("1.1"),
        ok("1.2"),
        ok("2.1"),
        ok("2.2"),
        non_strict("3.1"),
        ok("3.2"),
        failed("4.1"),
        closed(broke("5.1", Rule::ReservedBit), CloseVerdict::Unclean, 1002),
    ];
    insta::assert_snapshot!(words(&found(&text, &outcomes, false)));
}

#[test]
fn a_pattern_is_needed_as_long_as_one_of_its_cases_deviates() {
    assert!(found(&known("\"1.*\"", "failed"), &[ok("1.1"), failed("1.2"), ok("1.3")], false).holds());
    let findings = found(&known("\"1.*\"", "failed"), &[ok("1.1"), failed("1.2"), non_strict("1.3")], true);
    assert_eq!(findings.new, ["1.3"], "it deviates otherwise");
}

#[test]
fn a_connection_that_never_opened_is_nothing_that_is_known() {
    let why = |faults| Why::Handshake { faults, status: Some(503), timed_out: false, response: Vec::new() };
    let unopened = |faults| outcome("1.1", Verdict::Failed(vec![why(faults)]));
    let findings = found(&known("\"1.1\"", "failed"), &[unopened(Vec::new())], false);
    assert_eq!(findings.new, ["1.1"]);
    assert!(findings.stale.is_empty() && findings.known.is_empty());
    // Unless the entry is about how it does not open.
    let named = format!("{}rules = [\"ResponseStatus\"]\n", known("\"1.1\"", "failed"));
    assert_eq!(known_ids(&found(&named, &[unopened(vec![Rule::ResponseStatus])], false)), ["1.1"]);
}

#[test]
fn what_was_not_run_is_never_stale() {
    let text = known("[\"1.1\", \"2\", \"3.*\"]", "failed");
    let all = cases(&["1.1", "2.1", "2.2", "3.1", "3.2"]);
    let findings = baseline(&text).compare(&all, &[ok("2.1"), not_run("1.1"), broken("3.1"), ok("3.2")], false);
    assert_eq!(words(&findings), "known [], new [\"3.1\"], stale [], not judged 3");
}

#[test]
fn a_flaky_pass_is_held_against_nothing() {
    let flaky = || Outcome { attempts: 2, ..ok("1.1") };
    assert!(found(&known("\"1.1\"", "failed"), &[flaky()], true).holds());
    let listed = known("\"1.1\"", "failed") + "flaky = true";
    assert!(found(&listed, &[ok("1.1")], true).holds());
    assert!(found(&listed, &[failed("1.1")], true).holds());
    assert!(!found(&listed, &[non_strict("1.1")], true).holds(), "it does not pass, nor fail as it is known to");
}

#[test]
fn the_first_entry_that_describes_a_case_counts() {
    let text = known("\"1\"", "non-strict") + &known("\"1.1\"", "failed") + &known("\"1.1\"", "failed");
    let findings = found(&text, &[failed("1.1"), non_strict("1.2")], true);
    assert_eq!(findings.known, [("1.1".to_owned(), 1), ("1.2".to_owned(), 0)]);
    assert!(findings.holds());
}

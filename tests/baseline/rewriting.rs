//! Baselines rewritten: what stays, what goes, what comes.

use wslab::watch::{CloseVerdict, Outcome};

use crate::made::{broken, closed, failed, found, known, non_strict, ok};

const WRITTEN: &str = r#"# The head of the file.
# It stays.

# About the first entry.
[[known]]
cases   = [
    "1.1", # one
    "1.2", # two
    "1.3",
]
verdict = "failed" # because
reason  = "three"

# A section of entries.

# About the second entry.
[[known]]
cases = "2.1"
verdict = "failed"
reason = "two one"

[[known]]
cases = "3.1" # about three
verdict = "failed"
reason = "three one"
# The end.
"#;

#[track_caller]
fn rewritten(text: &str, outcomes: &[Outcome]) -> String {
    let findings = found(text, outcomes, true);
    let text = findings.applied(text, outcomes).unwrap();
    let again = found(&text, outcomes, true);
    let unjudgeable = outcomes.iter().filter(|outcome| outcome.verdict.word() == "broken").count();
    assert!(again.new.len() == unjudgeable && again.stale.is_empty(), "{again:?}\n{text}");
    text
}

#[test]
fn nothing_changes_where_everything_holds() {
    let outcomes = ["1.1", "1.2", "1.3", "2.1", "3.1"].map(failed);
    assert_eq!(rewritten(WRITTEN, &outcomes), WRITTEN);
    assert_eq!(rewritten("# nothing\n", &[ok("1.1")]), "# nothing\n");
    assert_eq!(rewritten("", &[ok("1.1")]), "");
}

#[test]
fn what_is_stale_goes_with_its_comments() {
    let some = [failed("1.1"), ok("1.2"), failed("1.3"), ok("2.1"), failed("3.1")];
    insta::assert_snapshot!("some_are_stale", rewritten(WRITTEN, &some));
    let first = [ok("1.1"), ok("1.2"), ok("1.3"), failed("2.1"), failed("3.1")];
    insta::assert_snapshot!("the_first_is_stale", rewritten(WRITTEN, &first));
    let all = ["1.1", "1.2", "1.3", "2.1", "3.1"].map(ok);
    insta::assert_snapshot!("all_are_stale", rewritten(WRITTEN, &all));
}

#[test]
fn comments_stay_with_their_cases() {
    for (index, left) in [
        (0, "[\n    # before two\n    \"1.2\", # two\n    \"1.3\", # three\n]"),
        (1, "[ # all\n    \"1.1\", # one\n    \"1.3\", # three\n]"),
        (2, "[ # all\n    \"1.1\", # one\n    # before two\n    \"1.2\", # two\n]"),
    ] {
        let list = "[ # all\n    \"1.1\", # one\n    # before two\n    \"1.2\", # two\n    \"1.3\", # three\n]";
        let mut outcomes = ["1.1", "1.2", "1.3"].map(failed);
        outcomes[index] = ok(["1.1", "1.2", "1.3"][index]);
        let left = left.replace("[\n", "[ # all\n");
        assert_eq!(rewritten(&known(list, "failed"), &outcomes), known(&left, "failed"));
    }
    for (list, left) in [
        ("[\"1.1\", \"1.2\", \"1.3\"]", "[\"1.1\", \"1.3\"]"),
        ("[\"1.1\", \"1.3\", \"1.2\"]", "[\"1.1\", \"1.3\"]"),
        ("[\"1.2\", \"1.1\", \"1.3\"]", "[\"1.1\", \"1.3\"]"),
        ("[\"1.1\", \"1.3\", # x\n\"1.2\"]", "[\"1.1\", \"1.3\" # x\n]"),
    ] {
        let outcomes = [failed("1.1"), ok("1.2"), failed("1.3")];
        assert_eq!(rewritten(&known(list, "failed"), &outcomes), known(left, "failed"));
    }
}

#[test]
fn what_is_new_comes_without_a_reason() {
    let many = (1..=20).map(|number| failed(&format!("9.3.{number}")));
    let outcomes: Vec<Outcome> = many
        .chain([
            failed("1.1"),
            failed("1.3"),
            non_strict("1.4"),
            closed(ok("1.5"), CloseVerdict::Unclean, 1000),
            failed("2.1"),
            broken("2.2"),
            failed("3.1"),
            failed("hs"),
        ])
        .collect();
    insta::assert_snapshot!("beside_others", rewritten(&WRITTEN.replace("\"1.2\", # two", ""), &outcomes));
    insta::assert_snapshot!(
        "where_there_were_none",
        rewritten("# The head.\ntarget = \"x\"\n\n# The format.\n", &outcomes)
    );
    insta::assert_snapshot!("in_an_empty_file", rewritten("", &outcomes[24..]));
    insta::assert_snapshot!("under_a_comment", rewritten("# The head.\n", &outcomes[24..]));
}

#[test]
fn everything_old_may_give_way_to_something_new() {
    let text = format!("# The head.\n\n{}", known("\"1.1\"", "failed"));
    insta::assert_snapshot!(rewritten(&text, &[ok("1.1"), failed("1.2")]));
}

#[test]
fn entries_may_be_written_in_a_line() {
    let text = "known = [{ cases = [\"1.1\", \"1.2\"], verdict = \"failed\", reason = \"x\" }]\n";
    insta::assert_snapshot!(rewritten(text, &[failed("1.1"), ok("1.2")]));
}

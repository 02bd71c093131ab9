//! What is a baseline, and what is said of what is none.

use wslab::conform::{Baseline, MAX_BASELINE};
use wslab::proto::Rule;
use wslab::wire::CloseCode;

use crate::made::baseline;

#[test]
fn a_baseline_may_be_empty() {
    for text in ["", "# nothing\n", "target = \"x\"\n", "known = []\n"] {
        assert!(baseline(text).entries.is_empty(), "{text}");
    }
}

#[test]
fn an_entry_has_everything_that_is_written() {
    let read = baseline(
        r#"target = "ws"

        [[known]]
        cases = ["9.3.1", "9.4.*"]
        verdict = "failed"
        close = "wrong-code"
        rules = ["NotFailed", "ReservedBit"]
        code = 1009
        flaky = true
        reason = " limits "
        issue = "https://example.org/1"
        "#,
    );
    assert_eq!(read.target.as_deref(), Some("ws"));
    let [entry] = read.entries.as_slice() else { panic!("{read:?}") };
    let cases: Vec<_> = entry.cases.iter().map(|pattern| (pattern.text.as_str(), pattern.line)).collect();
    assert_eq!(cases, [("9.3.1", 4), ("9.4.*", 4)]);
    assert_eq!((entry.verdict, entry.line, entry.flaky), ("failed", 3, true));
    assert_eq!(entry.close.map(|close| close.word()), Some("wrong-code"));
    assert_eq!(entry.rules.as_deref(), Some(&[Rule::NotFailed, Rule::ReservedBit][..]));
    assert_eq!(entry.code, Some(CloseCode::TOO_BIG));
    assert_eq!((entry.reason.as_str(), entry.issue.as_deref()), ("limits", Some("https://example.org/1")));
}

#[test]
fn patterns_fit_as_selections_do() {
    for (pattern, fits, differs) in [
        ("9.3", &["9.3", "9.3.1"][..], &["9.30", "9.2.1", "9"][..]),
        ("9.3.*", &["9.3.1", "9.3.10"], &["9.3", "9.30.1"]),
        ("[59].1", &["5.1", "9.1"], &["5.2", "5.1.1"]),
    ] {
        let text = format!("[[known]]\ncases = \"{pattern}\"\nverdict = \"failed\"\nreason = \"x\"");
        let read = baseline(&text);
        let fitting = |id: &&&str| read.entries[0].cases[0].fits(&id.parse().unwrap());
        assert_eq!(fits.iter().filter(fitting).count(), fits.len(), "{pattern}");
        assert_eq!(differs.iter().filter(fitting).count(), 0, "{pattern}");
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    let entry = |lines: &str| format!("target = \"x\"\n\n[[known]]\n{lines}\n");
    let mistakes = [
        "known = 1".to_owned(),
        "[known]".to_owned(),
        "targt = \"x\"".to_owned(),
        "target = x".to_owned(),
        entry("cases = \"1.1\"\nverdict = \"failed\""),
        entry("cases = \"1.1\"\nverdict = \"failed\"\nreason = \"  \""),
        entry("verdict = \"failed\"\nreason = \"x\""),
        entry("cases = []\nverdict = \"failed\"\nreason = \"x\""),
        entry("cases = 1\nverdict = \"failed\"\nreason = \"x\""),
        entry("cases = [\"1.1\",\n  \"ä\", \"tag:utf8\"]\nverdict = \"failed\"\nreason = \"x\""),
        entry("cases = [\"1.1\", \"tag:utf8\"]\nverdict = \"failed\"\nreason = \"x\""),
        entry("cases = \"1.[\"\nverdict = \"failed\"\nreason = \"x\""),
        entry("cases = \"1.1\"\nverdict = \"FAILED\"\nreason = \"x\""),
        entry("cases = \"1.1\"\nverdict = \"broken\"\nreason = \"x\""),
        entry("cases = \"1.1\"\nverdict = \"ok\"\nreason = \"x\""),
        entry("cases = \"1.1\"\nverdict = \"informational\"\nclose = \"failed-by-client\"\nreason = \"x\""),
        entry("cases = \"1.1\"\nverdict = \"failed\"\nclose = \"bad\"\nreason = \"x\""),
        entry("cases = \"1.1\"\nverdict = \"failed\"\nrules = [\"NoSuchRule\"]\nreason = \"x\""),
        entry("cases = \"1.1\"\nverdict = \"failed\"\ncode = 70000\nreason = \"x\""),
        entry("cases = \"1.1\"\nverdict = \"failed\"\nflaky = 1\nreason = \"x\""),
        entry("cases = \"1.1\"\nverdict = \"failed\"\nreson = \"x\""),
        "#".repeat(MAX_BASELINE + 1),
    ];
    let mut told = String::new();
    for text in mistakes {
        let error = Baseline::parse("made.toml", &text).expect_err(&text);
        let lines: Vec<&str> = text.lines().filter(|line| line.len() < 100).collect();
        let shown = lines.join(" | ");
        told.push_str(&format!("{shown}\n    {error}\n"));
    }
    insta::assert_snapshot!(told);
}

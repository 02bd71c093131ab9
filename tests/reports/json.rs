//! The lines of `--json`.

use std::collections::BTreeMap;

use wslab::proto::Rule;
use wslab::report::{json_outcome, json_summary};
use wslab::watch::{Brief, CloseVerdict, Outcome, Said, Summary, Verdict, Why};
use wslab::wire::CloseCode;

use crate::made::{case, ms, open, outcome};

fn brief(rules: &[Rule]) -> Brief {
    Brief { id: "5.15".into(), rules: rules.to_vec(), ..case("5.15") }
}

#[test]
fn a_case_is_a_line() {
    let mut transcript = open();
    transcript.closing.remote = Some(Said { at: ms(1), code: Some(CloseCode(1002)), reason: "\"quoted\"\n".into() });
    let failed = Outcome {
        close: CloseVerdict::Unclean,
        close_why: Some(Why::Unclean),
        ..outcome("5.15", Verdict::Failed(vec![Why::Lost, Why::Broke(Rule::ReservedBit)]), Some(transcript.clone()))
    };
    transcript.closing.remote = Some(Said { at: ms(1), code: None, reason: String::new() });
    let lines = [
        json_outcome(&brief(&[Rule::NothingToContinue]), &failed),
        json_outcome(&brief(&[]), &outcome("5.15", Verdict::Ok, Some(transcript))),
        json_outcome(&brief(&[]), &outcome("5.15", Verdict::Ok, None)),
    ];
    insta::assert_snapshot!(lines.map(|line| line.to_string()).join("\n"));
}

#[test]
fn a_reason_is_told_once() {
    let twice = Outcome { close_why: Some(Why::Lost), ..outcome("5.15", Verdict::Failed(vec![Why::Lost]), None) };
    assert_eq!(json_outcome(&brief(&[]), &twice)["why"].as_array().unwrap().len(), 1);
}

#[test]
fn the_summary_lists_every_verdict() {
    let verdicts = BTreeMap::from([("ok".to_owned(), 3), ("failed".to_owned(), 1)]);
    let summary = Summary { verdicts, ..Summary::default() };
    insta::assert_snapshot!(json_summary(&summary));
}

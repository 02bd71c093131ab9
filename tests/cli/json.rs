//! `wslab conform --json`: the contract, key for key.

use serde_json::Value;

use crate::faulty::{careless, server};
use crate::process::{Ended, run};

fn lines(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

const VERDICTS: [&str; 7] = ["ok", "non-strict", "informational", "unimplemented", "failed", "broken", "not-run"];
const CLOSE_VERDICTS: [&str; 6] = ["ok", "unclean", "wrong-code", "failed", "failed-by-client", "informational"];

/// Every line is of the contract, and the last one counts the others.
#[track_caller]
fn obeys_the_contract(ended: &Ended) -> Vec<Value> {
    let mut lines = lines(ended);
    let summary = lines.pop().expect("a summary");
    assert_eq!(keys(&summary), ["summary"]);
    assert_eq!(keys(&summary["summary"]), VERDICTS);
    for line in &lines {
        let wanted =
            ["id", "verdict", "close_verdict", "rules", "level", "duration_ms", "remote_close_code", "broken", "why"];
        assert_eq!(keys(line), wanted);
        assert!(line["id"].is_string());
        assert!(VERDICTS.contains(&line["verdict"].as_str().unwrap()), "{line}");
        assert!(CLOSE_VERDICTS.contains(&line["close_verdict"].as_str().unwrap()), "{line}");
        assert!(line["rules"].as_array().unwrap().iter().all(Value::is_string));
        assert!(["MUST", "SHOULD"].contains(&line["level"].as_str().unwrap()), "{line}");
        assert!(line["duration_ms"].as_f64().unwrap() >= 0.0);
        assert!(line["remote_close_code"].is_null() || line["remote_close_code"].is_u64());
        assert!(line["why"].as_array().unwrap().iter().all(Value::is_string));
    }
    for verdict in VERDICTS {
        let count = lines.iter().filter(|line| line["verdict"] == verdict).count();
        assert_eq!(summary["summary"][verdict], count, "{verdict}");
    }
    lines
}

#[test]
fn every_finished_case_is_a_line() {
    let ended = run(&["conform", "5", "7.1", "7.13", "--json"]).exits(0);
    assert_eq!(ended.stderr, "");
    let lines = obeys_the_contract(&ended);
    assert!(lines.iter().all(|line| line["why"] == serde_json::json!([])), "{lines:#?}");
    assert!(lines.iter().any(|line| line["verdict"] == "informational"));
}

#[test]
fn failures_have_reasons() {
    let url = server(careless);
    let ended = run(&["conform", &url, "1.1.2", "3.1", "2.2", "--json", "--jobs", "1"]).exits(1);
    let mut lines = obeys_the_contract(&ended);
    for line in &mut lines {
        line["duration_ms"] = 0.into();
    }
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_is_not_run_is_a_line_too() {
    let url = server(careless);
    let ended = run(&["conform", &url, "1.1", "--json", "--jobs", "1", "--max-fail", "1"]).exits(1);
    let lines = obeys_the_contract(&ended);
    assert_eq!(lines.len(), 8);
    assert_eq!(
        lines.iter().filter(|line| line["verdict"] == "not-run").count(),
        7,
        "1.1.1 fails, for it is not closed as it has to be"
    );
}

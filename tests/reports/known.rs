//! A run that is held against a baseline: what is known is no failure, has not passed, and keeps its reason.

use wslab::report::{Report, annotations, conclusion, csv, html, json, junit, markdown};
use wslab::watch::{CloseVerdict, Kind, Outcome, Summary, Verdict, Why};

use crate::course::{event, fold, plan, tested};
use crate::made::{case, ms, open, outcome};

/// Why the baseline says that it is known.
const REASON: &str = "the proxy answers for it";

/// One case that passed, and two of which a baseline knows: one failed, one closed badly.
fn gated() -> Report {
    let mut events = vec![event(0, Kind::RunStarted(plan(&["5.1", "5.2", "7.1.1"].map(case))))];
    events.extend(tested(1, outcome("5.1", Verdict::Ok, Some(open()))));
    let known = Some(REASON.to_owned());
    let lost = outcome("5.2", Verdict::Failed(vec![Why::Lost]), Some(open()));
    events.extend(tested(2, Outcome { known: known.clone(), ..lost }));
    let closing = outcome("7.1.1", Verdict::Ok, Some(open()));
    events.extend(tested(3, Outcome { known, close: CloseVerdict::Unclean, ..closing }));
    events.push(event(4, Kind::RunFinished(Summary { duration: ms(4000), ..Summary::default() })));
    fold(&events)
}

#[test]
fn what_is_known_has_not_passed() {
    let report = gated();
    let run = &report.runs[0];
    assert_eq!((run.passed(), run.known(), run.failed()), (1, 2, 0));
    assert_eq!(conclusion(run), "1 of 3 cases passed in 4.0 s, 2 known deviations");
    let value: serde_json::Value = serde_json::from_str(&json(&report)).unwrap();
    let run = &value["runs"][0];
    assert_eq!((&run["passed"], &run["known"], &run["failed"]), (&1.into(), &2.into(), &0.into()));
    assert_eq!(run["cases"][1]["passed"], false);
    assert_eq!(run["cases"][1]["known"], REASON);
    assert_eq!(run["cases"][0]["known"], serde_json::Value::Null);
}

#[test]
fn every_report_gives_the_reason() {
    let report = gated();
    for (name, text) in [
        ("html", html(&report)),
        ("junit", junit(&report)),
        ("markdown", markdown(&report)),
        ("csv", csv(&report)),
        ("json", json(&report)),
    ] {
        assert!(text.matches(REASON).count() >= 2, "{name}: {text}");
    }
    assert_eq!(annotations(&report), "", "it is nobody's to repair now");
}

#[test]
fn a_table_has_it_in_a_column() {
    let text = csv(&gated());
    let mut rows = ::csv::Reader::from_reader(text.as_bytes());
    let columns = rows.headers().unwrap().clone();
    let place = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let (passed, known) = (place("passed"), place("known"));
    let cells: Vec<(String, String)> =
        rows.records().map(Result::unwrap).map(|row| (row[passed].to_owned(), row[known].to_owned())).collect();
    assert_eq!(cells.iter().map(|(passed, _)| passed.as_str()).collect::<Vec<_>>(), ["true", "false", "false"]);
    assert_eq!(cells.iter().map(|(_, known)| known.as_str()).collect::<Vec<_>>(), ["", REASON, REASON]);
}

#[test]
fn ci_servers_see_it_skipped() {
    let text = junit(&gated());
    assert!(text.contains("failures=\"0\"") && text.matches("<skipped").count() == 2, "{text}");
    assert!(text.contains(&format!("known deviation: {REASON}")), "{text}");
}

#[test]
fn a_summary_and_a_page_say_so() {
    let report = gated();
    insta::assert_snapshot!(markdown(&report));
    assert!(html(&report).contains("✓</span> 1 of 3 cases passed in 4.0 s, 2 known deviations"), "{}", html(&report));
}

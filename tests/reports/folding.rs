//! Events in, runs out: whole, cut, of several agents, in any order.

use proptest::prelude::*;
use wslab::report::{Report, annotations, conclusion, csv, html, json, junit, markdown, remarks, table};
use wslab::watch::{CloseVerdict, Event, Kind, Outcome, Reason, Summary, Trouble, Verdict};

use crate::course::{at, event, every_verdict, finished, fold, plan, started, tested};
use crate::made::{case, outcome};

#[test]
fn every_case_of_the_plan_has_an_outcome() {
    let report = fold(&every_verdict());
    let [run] = report.runs.as_slice() else { panic!("one run") };
    assert_eq!((run.begun, run.ended), (at(0), at(10)));
    assert_eq!((run.passed(), run.failed(), run.not_run(), run.flaky()), (5, 3, 1, 1));
    assert_eq!(run.verdicts().map(|(_, count)| count), [3, 1, 1, 1, 1, 1, 1]);
    assert_eq!(run.cases().map(|case| case.section()).collect::<String>(), "111555777");
    assert_eq!(run.cpu().as_micros(), 9 * 300);
    assert_eq!(run.slowest(1)[0].id(), "7.1.1");
    assert_eq!(report.strays, 0);
    assert!(!report.passes());
}

#[test]
fn sections_have_the_titles_of_the_recording() {
    let report = fold(&every_verdict());
    insta::assert_snapshot!(table(&report.runs[0]), @"
                       cases  ok  non-strict  informational  unimplemented  failed  bad close  not run
    1   Framing            3   2           ·              ·              ·       1          ·        ·
    5   Fragmentation      3   ·           1              ·              1       1          ·        ·
    7   Closing            3   ·           ·              1              ·       ·          1        1
        all                9   2           1              1              1       2          1        1
    ");
}

#[test]
fn traffic_is_summed_and_has_a_ratio() {
    let volumes = fold(&every_verdict()).runs[0].volumes();
    assert_eq!((volumes.sent.bytes, volumes.sent.frames, volumes.sent.ratio()), (2000, 2, Some(0.25)));
    assert_eq!((volumes.received.payload, volumes.received.ratio()), (300, Some(1.0)));
}

#[test]
fn what_a_cut_recording_does_not_hold_was_not_run() {
    let mut events = vec![event(0, Kind::RunStarted(plan(&["5.1", "5.2", "5.3"].map(case))))];
    events.extend(tested(1, outcome("5.1", Verdict::Ok, None)));
    events.push(started(2, "5.2", 1));
    let report = fold(&events);
    let run = &report.runs[0];
    let verdicts: Vec<Verdict> = run.tests.iter().map(|test| test.outcome.verdict.clone()).collect();
    let wanted = [Verdict::Ok, Verdict::NotRun(Reason::Unfinished), Verdict::NotRun(Reason::Unrecorded)];
    assert_eq!(verdicts, wanted);
    assert!(!run.is_complete());
    insta::assert_snapshot!(conclusion(run), @"1 of 3 cases passed in 2.0 s; 1 not run, because the recording ends while it was running, 1 not run, because the recording ends before it");
    assert_eq!(remarks(run), ["The recording ends before the run does."]);
}

#[test]
fn reasons_agree_with_their_number() {
    let ids = ["5.1", "5.2", "5.3", "5.4"];
    let mut events = vec![event(0, Kind::RunStarted(plan(&ids.map(case))))];
    events.extend(ids[..2].iter().map(|id| started(1, id, 1)));
    let told = conclusion(&fold(&events).runs[0]);
    assert!(
        told.ends_with(
            "; 2 not run, because the recording ends while they were running, \
             2 not run, because the recording ends before them"
        ),
        "{told}"
    );
}

#[test]
fn what_was_not_run_did_not_close_badly() {
    let report = fold(&[event(0, Kind::RunStarted(plan(&[case("5.1")])))]);
    let value: serde_json::Value = serde_json::from_str(&json(&report)).unwrap();
    assert_eq!(value["runs"][0]["cases"][0]["close_verdict"], "informational");
    let broken = Outcome::without_connection("5.1".into(), Verdict::Broken(Trouble::Refused));
    assert_eq!(broken.close, CloseVerdict::Failed);
}

#[test]
fn agents_have_a_run_each_and_so_has_each_beginning() {
    let of = |agent: &str, event: Event| Event { agent: Some(agent.to_owned()), ..event };
    let begins = || event(0, Kind::RunStarted(plan(&[case("5.1")])));
    let ends = || finished(1, outcome("5.1", Verdict::Ok, None));
    let events = [of("a", begins()), of("b", begins()), of("b", ends()), of("a", ends()), of("a", begins())];
    let report = fold(&events);
    let found: Vec<(&str, usize)> = report.runs.iter().map(|run| (run.name(), run.passed())).collect();
    assert_eq!(found, [("a", 1), ("b", 1), ("a", 0)]);
}

#[test]
fn events_of_no_run_are_counted() {
    let mut events = vec![finished(0, outcome("5.1", Verdict::Ok, None))];
    events.push(event(1, Kind::RunStarted(plan(&[case("5.1"), case("5.1")]))));
    events.push(finished(2, outcome("5.2", Verdict::Ok, None)));
    let report = fold(&events);
    assert_eq!((report.strays, report.runs[0].tests.len()), (2, 1));
}

#[test]
fn a_target_that_was_never_there_is_said() {
    let events = [
        event(0, Kind::RunStarted(plan(&[case("5.1")]))),
        event(1, Kind::Unreachable(Trouble::Refused)),
        finished(1, outcome("5.1", Verdict::NotRun(Reason::Unreachable), None)),
        event(1, Kind::RunFinished(Summary { stopped: Some(Reason::Unreachable), ..Summary::default() })),
    ];
    let report = fold(&events);
    assert_eq!(remarks(&report.runs[0]), ["ws://target/chat?token=… was never reachable: the connection was refused."]);
}

/// Everything that is rendered.
pub(crate) fn everything(report: &Report) -> String {
    [json, junit, html, csv, markdown, annotations].map(|render| render(report)).concat()
}

proptest! {
    #[test]
    fn any_sequence_of_events_folds_and_renders(
        picks in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..3, -5_i64..5), 0..40),
    ) {
        let all = every_verdict();
        let events: Vec<Event> = picks
            .iter()
            .map(|(index, agent, second)| Event {
                agent: (*agent > 0).then(|| format!("agent {agent}")),
                at: at(*second),
                ..index.get(&all).clone()
            })
            .collect();
        let report = fold(&events);
        let again = Report::merged([report.clone(), report.clone()]);
        for run in &report.runs {
            prop_assert_eq!(run.passed() + run.failed() + run.not_run(), run.tests.len());
        }
        let compared = again.compared_with(&report);
        prop_assert!(!everything(&compared).is_empty());
    }
}

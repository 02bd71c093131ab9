//! The mark on a run as a whole: a good one only for a run that happened.

use wslab::report::{Mark, Report, html, json, markdown};
use wslab::watch::{Kind, Outcome, Reason, Summary, Trouble, Verdict, Why};

use crate::course::{event, fold, plan, tested};
use crate::made::{case, ms, open, outcome};

/// A run of two cases: 5.1 as given, 5.2 not run for this reason; it says that it stopped for `stopped`.
fn run(first: Outcome, reason: Option<Reason>, stopped: Option<Reason>) -> Report {
    let second = reason.map_or(Verdict::Ok, Verdict::NotRun);
    let mut events = vec![event(0, Kind::RunStarted(plan(&["5.1", "5.2"].map(case))))];
    events.extend(tested(1, first));
    events.extend(tested(2, outcome("5.2", second, None)));
    events.push(event(3, Kind::RunFinished(Summary { stopped, duration: ms(3000), ..Summary::default() })));
    fold(&events)
}

fn ok() -> Outcome {
    outcome("5.1", Verdict::Ok, Some(open()))
}

fn not_run(reason: Reason) -> Outcome {
    outcome("5.1", Verdict::NotRun(reason), None)
}

#[track_caller]
fn marked(report: &Report, mark: Mark) {
    let run = &report.runs[0];
    assert_eq!(run.mark(), mark, "{:?}", run.reasons());
    let (heading, sign) = match mark {
        Mark::Good => ("# ✅ ", "✓</span>"),
        Mark::Open => ("# ○ ", "○</span>"),
        Mark::Bad => ("# ❌ ", "✗</span>"),
    };
    assert!(markdown(report).starts_with(heading), "{}", markdown(report));
    let conclusion = html(report).split("class=\"conclusion").nth(1).unwrap().to_owned();
    assert!(conclusion.split("</p>").next().unwrap().contains(sign), "{conclusion}");
    assert_eq!(report.passes(), mark != Mark::Bad);
}

#[test]
fn what_ran_and_passed_is_good() {
    marked(&run(ok(), None, None), Mark::Good);
    for reason in [Reason::OtherRole, Reason::NeedsEcho] {
        marked(&run(ok(), Some(reason), None), Mark::Good);
    }
}

#[test]
fn what_did_not_get_that_far_is_bad() {
    use Reason::{Cancelled, MaxFail, NeverOpened, Unfinished, Unreachable, Unrecorded};
    for reason in [Cancelled, MaxFail, NeverOpened, Unreachable, Unfinished, Unrecorded] {
        marked(&run(ok(), Some(reason), None), Mark::Bad);
        marked(&run(ok(), None, Some(reason)), Mark::Bad);
        marked(&run(not_run(reason), Some(reason), Some(reason)), Mark::Bad);
    }
    marked(&run(outcome("5.1", Verdict::Failed(vec![Why::Lost]), None), None, None), Mark::Bad);
    marked(&fold(&[event(0, Kind::RunStarted(plan(&[case("5.1")])))]), Mark::Bad);
}

#[test]
fn what_a_client_did_not_ask_for_leaves_it_open() {
    marked(&run(ok(), Some(Reason::NotAsked), None), Mark::Open);
    marked(&run(not_run(Reason::OtherRole), Some(Reason::OtherRole), None), Mark::Open);
    let failed = outcome("5.1", Verdict::Failed(vec![Why::Lost]), None);
    marked(&run(failed, Some(Reason::NotAsked), None), Mark::Bad);
}

#[test]
fn a_run_that_was_stopped_is_not_complete() {
    let complete = |report: &Report| {
        let value: serde_json::Value = serde_json::from_str(&json(report)).unwrap();
        value["runs"][0]["complete"].clone()
    };
    assert_eq!(complete(&run(ok(), None, None)), true);
    assert_eq!(complete(&run(ok(), Some(Reason::Cancelled), Some(Reason::Cancelled))), false);
}

#[test]
fn what_one_recording_lacks_another_may_have() {
    let unreachable = |stopped| {
        let mut report = run(not_run(Reason::Unreachable), Some(Reason::Unreachable), stopped);
        report.runs[0].unreachable = Some(Trouble::Refused);
        report
    };
    let lost = unreachable(Some(Reason::Unreachable));
    marked(&lost, Mark::Bad);
    assert!(!lost.was_run());
    let half = Report::merged([lost.clone(), run(ok(), Some(Reason::Unreachable), Some(Reason::Unreachable))]);
    marked(&half, Mark::Bad);
    assert!(markdown(&half).contains("was not always reachable"));
    marked(&Report::merged([lost, run(ok(), None, None)]), Mark::Good);
}

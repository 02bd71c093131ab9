//! Several recordings: joined where they are of one run, and compared.

use wslab::report::{Comparison, Report, comparison, remarks};
use wslab::watch::{Event, Kind, Outcome, Reason, Summary, Verdict, Why};

use crate::course::{earlier, event, every_verdict, finished, fold, plan};
use crate::made::{case, ms, outcome};

/// A recording with these outcomes, finished at the second.
fn recording(second: i64, shard: Option<&str>, outcomes: &[Outcome]) -> Report {
    let cases: Vec<_> = outcomes.iter().map(|outcome| case(&outcome.case)).collect();
    let mut plan = plan(&cases);
    plan.heading.shard = shard.map(str::to_owned);
    let mut events = vec![event(second, Kind::RunStarted(plan))];
    events.extend(outcomes.iter().map(|outcome| finished(second, outcome.clone())));
    events.push(event(second, Kind::RunFinished(Summary { duration: ms(1000), ..Summary::default() })));
    fold(&events)
}

fn ok(case: &str) -> Outcome {
    outcome(case, Verdict::Ok, None)
}

fn lost(case: &str) -> Outcome {
    outcome(case, Verdict::Failed(vec![Why::Lost]), None)
}

fn verdicts(report: &Report) -> String {
    let [run] = report.runs.as_slice() else { panic!("one run: {report:?}") };
    run.cases().map(|case| format!("{} {}\n", case.id(), case.outcome().verdict)).collect()
}

#[test]
fn shares_become_one_run() {
    let shares =
        [recording(5, Some("2/2"), &[ok("5.10"), ok("5.2")]), recording(1, Some("1/2"), &[lost("5.9"), ok("10.1.1")])];
    let merged = Report::merged(shares.clone());
    assert_eq!(verdicts(&merged), "5.2 ok\n5.9 failed\n5.10 ok\n10.1.1 ok\n");
    let run = &merged.runs[0];
    assert_eq!((run.recordings, run.overlaps), (2, 0));
    assert_eq!(run.summary.as_ref().map(|summary| summary.count("ok")), Some(3));
    assert_eq!(remarks(run), ["Merged from 2 recordings."]);
    let one = Report::merged([shares[0].clone()]);
    assert_eq!(remarks(&one.runs[0]), ["Of all selected cases, these are the shares 2/2."]);
}

#[test]
fn runs_become_the_events_that_fold_to_them() {
    for report in [fold(&every_verdict()), fold(&every_verdict()[..8]), fold(&earlier())] {
        assert_eq!(fold(&report.events().collect::<Vec<_>>()), report);
    }
}

#[test]
fn of_a_case_that_ran_twice_the_last_run_counts() {
    let first = recording(1, None, &[lost("5.1"), ok("5.2"), ok("5.3")]);
    let not_run = outcome("5.2", Verdict::NotRun(Reason::MaxFail), None);
    let second = recording(2, None, &[ok("5.1"), not_run, lost("5.3")]);
    for reports in [[first.clone(), second.clone()], [second, first]] {
        let merged = Report::merged(reports);
        assert_eq!(verdicts(&merged), "5.1 ok\n5.2 ok\n5.3 failed\n");
        assert_eq!(
            remarks(&merged.runs[0]),
            ["Merged from 2 recordings. Of 2 cases, run more than once, the last run counts."]
        );
    }
}

#[test]
fn a_share_that_was_cut_leaves_the_whole_incomplete() {
    let cut = fold(&[event(0, Kind::RunStarted(plan(&[case("5.1")])))]);
    let merged = Report::merged([recording(1, None, &[ok("5.2")]), cut]);
    assert_eq!(verdicts(&merged), "5.1 not-run\n5.2 ok\n");
    assert!(!merged.runs[0].is_complete());
}

#[test]
fn other_targets_versions_and_agents_stay_runs_of_their_own() {
    let changed = |change: fn(&mut Event)| {
        let mut events = every_verdict();
        events.iter_mut().for_each(change);
        fold(&events)
    };
    let with = |change: fn(&mut wslab::watch::Plan)| {
        let mut events = every_verdict();
        if let Kind::RunStarted(plan) = &mut events[0].kind {
            change(plan);
        }
        fold(&events)
    };
    let all = [
        changed(|_| {}),
        changed(|event| event.agent = Some("other".into())),
        with(|plan| plan.heading.command.push_str(" --time-factor 2")),
        with(|plan| plan.heading.version = "0.2.0".into()),
        with(|plan| plan.role = wslab::proto::Role::Client),
    ];
    assert_eq!(Report::merged(all.clone()).runs.len(), all.len());
    assert_eq!(Report::merged(all.iter().chain(&all).cloned()).runs.len(), all.len());
}

#[test]
fn differences_are_listed() {
    let (before, now) = (fold(&earlier()), fold(&every_verdict()));
    let compared = Comparison::of(&before.runs[0], &now.runs[0]);
    insta::assert_snapshot!(comparison(&compared));
    let same = Comparison::of(&now.runs[0], &now.runs[0]);
    assert!(same.is_empty());
    insta::assert_snapshot!(comparison(&same), @"compared with ws://target/chat?token=… at 2027-01-15 08:00:00 UTC, wslab 0.1.0: no difference in 8 cases");
}

#[test]
fn a_close_verdict_alone_is_a_difference() {
    use wslab::watch::CloseVerdict::{FailedByClient, Ok};
    let with = |close| recording(0, None, &[Outcome { close, ..ok("7.1.1") }]);
    let (before, now) = (with(FailedByClient), with(Ok));
    let compared = Comparison::of(&before.runs[0], &now.runs[0]);
    assert_eq!((compared.other_close.len(), compared.other_verdict.len()), (1, 0));
}

#[test]
fn what_was_not_run_is_no_failure_and_no_success() {
    let not_run = outcome("5.1", Verdict::NotRun(Reason::MaxFail), None);
    let (some, none) = (recording(0, None, &[lost("5.1")]), recording(1, None, &[not_run]));
    let compared = Comparison::of(&some.runs[0], &none.runs[0]);
    assert_eq!((compared.only_before.as_slice(), compared.newly_passing.len()), (["5.1".to_owned()].as_slice(), 0));
    assert_eq!(Comparison::of(&none.runs[0], &some.runs[0]).only_now, ["5.1"]);
}

#[test]
fn agents_are_compared_with_themselves() {
    let of = |agents: &[&str]| {
        let events = agents.iter().flat_map(|agent| {
            every_verdict().into_iter().map(|event| Event { agent: Some((*agent).to_owned()), ..event })
        });
        fold(&events.collect::<Vec<_>>())
    };
    let report = of(&["a", "b", "c"]).compared_with(&of(&["c", "a"]));
    let with: Vec<Option<&str>> =
        report.runs.iter().map(|run| run.comparison.as_ref().map(|comparison| comparison.name.as_str())).collect();
    assert_eq!(with, [Some("a"), None, Some("c")]);
    let alone = of(&["new name"]).compared_with(&of(&["old name"]));
    assert!(alone.runs[0].comparison.is_some());
}

//! `junit.xml`: the run as test suites, a section each, as CI servers read them (the schema `junit-10.xsd` of Jenkins).

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::failure::failure;
use super::plain::{line, plain};
use super::run::{Case, Report, Run, Section};
use super::text::{failed_word, reasons};
use crate::watch::{Outcome, Verdict};

/// All runs. What was not run, what the target has not implemented and what a baseline knows of is skipped; what had no connection is an error.
pub fn junit(report: &Report) -> String {
    let mut suites = quick_junit::Report::new("wslab");
    suites.set_time(report.runs.iter().map(Run::duration).sum());
    for run in &report.runs {
        suites.add_test_suites(run.sections().iter().map(|section| suite(run, section)));
    }
    // Text is written into memory, and all of it is text.
    let text = suites.to_string().unwrap_or_default();
    // The schema knows this attribute of a suite, not of all suites together. Theirs stands first.
    text.replacen(&format!(" skipped=\"{}\"", suites.skipped), "", 1)
}

fn suite(run: &Run, section: &Section<'_>) -> TestSuite {
    let who = run.agent.as_deref().map(|agent| format!("{agent}: ")).unwrap_or_default();
    let mut suite = TestSuite::new(line(format!("{who}{} {}", section.id, section.title).trim_end()));
    suite.set_time(section.duration());
    if let Some(begun) = section.cases.iter().filter_map(|case| case.test.begun).min() {
        suite.extra.insert(
            "timestamp".into(),
            begun.to_string().split('.').next().unwrap_or_default().trim_end_matches('Z').into(),
        );
    }
    let heading = &run.plan.heading;
    let cpu = format!("{:.3}", section.cpu().as_secs_f64());
    let properties = [
        ("target", run.plan.target.as_str()),
        ("role", &run.plan.role.to_string()),
        ("wslab.version", &heading.version),
        ("wslab.command", &heading.command),
        ("wslab.strict", if heading.strict { "true" } else { "false" }),
        ("wslab.shard", heading.shard.as_deref().unwrap_or_default()),
        ("cpu", &cpu),
    ];
    let told = properties.iter().filter(|(_, value)| !value.is_empty());
    suite.add_properties(told.map(|(name, value)| Property::new(*name, line(value))));
    let class = match &run.agent {
        Some(agent) => format!("{}.{}", line(agent).replace('.', "_"), section.id),
        None => format!("wslab.{}", section.id),
    };
    suite.add_test_cases(section.cases.iter().map(|case| test(case, &class)));
    suite
}

fn test(case: &Case<'_>, class: &str) -> TestCase {
    let outcome = case.outcome();
    let mut test = TestCase::new(line(&format!("{} {}", case.id(), case.brief.title)), status(case));
    test.set_classname(class);
    test.set_time(outcome.duration);
    if case.known().is_some() {
        test.set_system_out(plain(&failure(case.brief, outcome, &case.repeat())).as_ref());
    } else if !case.failed() && case.was_run() && outcome.verdict != Verdict::Ok {
        test.set_system_out(format!("verdict: {}", outcome.verdict));
    }
    test
}

fn status(case: &Case<'_>) -> TestCaseStatus {
    let outcome = case.outcome();
    let skipped = |words: String| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(words).set_type(outcome.verdict.word());
        status
    };
    if let Some(reason) = case.known() {
        return skipped(line(&format!("known deviation: {reason} ({})", message(outcome))));
    }
    match &outcome.verdict {
        Verdict::NotRun(reason) => return skipped(format!("not run, because {reason}")),
        Verdict::Unimplemented if !case.failed() => return skipped("the target has not implemented it".to_owned()),
        _ => {}
    }
    let mut status = if case.failed() {
        let mut status = TestCaseStatus::non_success(kind(outcome));
        let text = failure(case.brief, outcome, &case.repeat());
        status
            .set_type(failed_word(outcome).to_lowercase())
            .set_message(message(outcome))
            .set_description(plain(&text).as_ref());
        status
    } else {
        TestCaseStatus::success()
    };
    for earlier in &case.test.retried {
        let mut rerun = TestRerun::new(kind(earlier));
        rerun.set_type(failed_word(earlier).to_lowercase()).set_message(message(earlier));
        rerun.set_stack_trace(plain(&failure(case.brief, earlier, &case.repeat())).as_ref());
        status.add_rerun(rerun);
    }
    status
}

const fn kind(outcome: &Outcome) -> NonSuccessKind {
    match outcome.verdict {
        Verdict::Broken(_) => NonSuccessKind::Error,
        _ => NonSuccessKind::Failure,
    }
}

/// The reasons on one line.
fn message(outcome: &Outcome) -> String {
    line(&reasons(outcome).join("; "))
}

//! Hunts in servers in memory.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use wslab::conform::fuzz::{Choice, Finding, Generator, News, Options, Report, Stopped, hunt, predict};
use wslab::conform::{Expected, Frame, Step, Trouble};
use wslab::wire::Head;

use crate::stage::{Fault, Servers};

async fn hunted(fault: Fault, options: Options) -> Report {
    hunt(Arc::new(Servers::new(fault)), options, &mut |_| ControlFlow::Continue(()), std::future::pending()).await
}

fn options(seed: u64, sessions: u64) -> Options {
    Options { seed, sessions: Some(sessions), ..Options::default() }
}

/// The one finding.
#[track_caller]
fn only(report: &Report) -> &Finding {
    let [finding] = report.findings.as_slice() else {
        panic!("{:#?}", report.findings.iter().map(|finding| finding.case.render()).collect::<Vec<_>>());
    };
    finding
}

fn frames(finding: &Finding) -> Vec<&Frame> {
    let frames = finding.case.send.iter().filter_map(|step| match step {
        Step::Frame(frame) => Some(frame),
        _ => None,
    });
    frames.collect()
}

#[tokio::test(start_paused = true)]
async fn a_server_that_conforms_fails_nothing() {
    for seed in [1, 2, 3] {
        let report = hunted(Fault::NONE, options(seed, 400)).await;
        let found: Vec<String> = report.findings.iter().map(Finding::case_file).collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
        assert_eq!((&report.stopped, report.flaky), (&Stopped::Done, 0));
        assert!(report.played > 380, "{}", report.played);
    }
}

#[tokio::test(start_paused = true)]
async fn a_loss_is_found_and_made_as_short_as_it_can_be() {
    let fault = Fault { echoes: |message| message.payload.len() < 126, ..Fault::NONE };
    let choice = Choice { illegal: false, deflate: false, ..Choice::default() };
    let report = hunted(fault, Options { choice, max_fail: 1, ..options(5, 1000) }).await;
    assert_eq!(report.stopped, Stopped::MaxFail);
    let finding = only(&report);
    let [frame] = frames(finding)[..] else { panic!("{}", finding.case.render()) };
    assert_eq!((frame.payload.len(), frame.chop, frame.fragments), (126, None, None), "{}", finding.case.render());
    assert!(finding.sign.to_string().starts_with("Legal, no "), "{}", finding.sign);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_not_kept_is_found_and_named() {
    // The second reserved bit is not seen, where a read is one frame.
    let fault = Fault {
        read: |bytes| match Head::parse(bytes) {
            Some((head, size)) if size as u64 + head.len == bytes.len() as u64 => bytes[0] &= !0x20,
            _ => {}
        },
        ..Fault::NONE
    };
    let choice = Choice { legal: false, deflate: false, ..Choice::default() };
    let report = hunted(fault, Options { choice, max_fail: 1, ..options(6, 2000) }).await;
    let finding = only(&report);
    assert_eq!(finding.sign.breaks, "ReservedBit", "{}", finding.case.render());
    let [frame] = frames(finding)[..] else { panic!("{}", finding.case.render()) };
    assert_eq!((frame.rsv, frame.payload.len()), (2, 0), "{}", finding.case.render());
    insta::assert_snapshot!(finding.case_file());
}

#[tokio::test(start_paused = true)]
async fn one_fault_is_told_once() {
    let fault = Fault { echoes: |message| !message.payload.contains(&b'e'), ..Fault::NONE };
    let choice = Choice { illegal: false, deflate: false, ..Choice::default() };
    let mut told = 0;
    let mut count = |news: News<'_>| {
        told += u32::from(matches!(news, News::Found(_)));
        ControlFlow::Continue(())
    };
    let options = Options { choice, ..options(7, 300) };
    let report = hunt(Arc::new(Servers::new(fault)), options, &mut count, std::future::pending()).await;
    assert!(report.alike > 5, "{}", report.alike);
    let mut signs: Vec<_> = report.findings.iter().map(|finding| &finding.sign).collect();
    let count = signs.len();
    signs.sort_unstable();
    signs.dedup();
    assert_eq!((signs.len(), told as usize), (count, count));
}

#[tokio::test(start_paused = true)]
async fn what_fails_by_chance_is_not_believed() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let fault = Fault { echoes: |_| COUNT.fetch_add(1, Ordering::Relaxed) % 97 != 96, ..Fault::NONE };
    let report = hunted(fault, Options { jobs: 1, ..options(8, 200) }).await;
    assert!(report.findings.is_empty() && report.flaky > 0, "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_found_at_the_end_of_the_time_is_made_short_in_bounded_time() {
    let fault = Fault { echoes: |message| message.payload.len() < 126, ..Fault::NONE };
    for seed in [10, 11, 12] {
        let options = Options { time: Some(Duration::from_secs(1)), sessions: None, ..options(seed, 0) };
        let report = hunted(fault, options).await;
        assert!(!report.findings.is_empty());
        // The time, 5 s to make it short, and what is on its way then: two short sessions, and one played twice, of 2 s each.
        assert!(report.duration <= Duration::from_secs(1 + 5 + 2 + 4), "{:?}", report.duration);
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_target_that_went_away_is_told_once_with_all_that_may_be_to_blame() {
    let fault = Fault { kills: |message| message.payload.len() > 200, ..Fault::NONE };
    let report = hunted(fault, options(13, 2000)).await;
    let finding = only(&report);
    assert_eq!(finding.sign.how, "target gone", "{}", finding.case_file());
    assert_eq!(finding.sign.breaks, format!("one of {} sessions", finding.suspects.len()));
    assert!(finding.suspects.len() > 1 && finding.suspects.contains(&finding.number), "{:?}", finding.suspects);
    let sends_much = |number: &u64| {
        let session = Generator::new(13, Choice::default()).session(*number).map(|grown| grown.session());
        session.and_then(|session| predict(&session)).is_some_and(|prediction| {
            prediction.courses[0].events.iter().any(|event| match event {
                Expected::Text(payload) | Expected::Binary(payload) => payload.len() > 200,
                _ => false,
            })
        })
    };
    assert!(finding.suspects.iter().any(sends_much), "{:?}", finding.suspects);
    let Stopped::Gone(Trouble::Refused, last) = &report.stopped else { panic!("{:?}", report.stopped) };
    assert!(finding.suspects.iter().all(|number| last.contains(number)), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn of_a_target_that_one_session_ended_that_session_is_told() {
    let fault = Fault { kills: |message| message.payload.len() > 200, ..Fault::NONE };
    let report = hunted(fault, Options { jobs: 1, ..options(13, 2000) }).await;
    let finding = only(&report);
    assert_eq!(finding.sign.to_string(), "Legal, target gone");
    assert!(finding.suspects.is_empty(), "{:?}", finding.suspects);
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_nobody_listens() {
    let fault = Fault { echoes: |message| message.payload.len() < 126, ..Fault::NONE };
    let mut told = 0;
    let mut once = |news: News<'_>| match news {
        News::Found(_) => {
            told += 1;
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    };
    let report = hunt(Arc::new(Servers::new(fault)), options(14, u64::MAX), &mut once, std::future::pending()).await;
    assert_eq!((report.stopped, report.findings.len(), told), (Stopped::Unheard, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_it_is_told_to() {
    let report = hunt(
        Arc::new(Servers::new(Fault::NONE)),
        options(9, u64::MAX),
        &mut |_| ControlFlow::Continue(()),
        std::future::ready(()),
    )
    .await;
    assert_eq!((report.stopped, report.played), (Stopped::Cancelled, 0));
}

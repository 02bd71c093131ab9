//! Runs: order, retries, limits, targets that are not there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::sleep;
use wslab::conform::{
    Alternative, Answer, Await, Beside, Case, Close, Closer, Conclusion, Connect, Document, Expected, Frame, Grade,
    Handshake, Id, Options, Own, Pace, Payload, Reason, Step, Terms, Trouble, Unit, Verdict, Why, run,
};
use wslab::proto::Role;
use wslab::proto::opening::Ask;
use wslab::watch::{Event, Kind};
use wslab::wire::Opcode;

use crate::peering::serve;
use crate::stage::{Deed, Target, case, closes, echo, hears, mute, once, ping, says, text};

/// Connections in memory: the n-th one, from 0, gets what the function says.
struct Memory<F> {
    count: AtomicU32,
    target: F,
}

impl<F: Fn(u32) -> Result<Target, Trouble> + Send + Sync + 'static> Connect for Memory<F> {
    type Transport = DuplexStream;

    async fn connect(&self) -> Result<DuplexStream, Trouble> {
        let target = (self.target)(self.count.fetch_add(1, Ordering::Relaxed))?;
        let (ours, theirs) = duplex(4096);
        // The connection that only looks whether anybody is there ends in the handshake.
        tokio::spawn(async move {
            let served = tokio::spawn(serve(theirs, target, usize::MAX));
            let _ = served.await;
        });
        Ok(ours)
    }

    fn ask(&self, key: [u8; 16]) -> Ask {
        Ask::new("localhost", "/", key)
    }

    fn name(&self) -> String {
        "memory".to_owned()
    }
}

fn cases(count: usize) -> Vec<Arc<Case>> {
    let named = |index| Case { id: Id(format!("1.{index}").into()), ..case([text("Hello")], &[hears("Hello")]) };
    (1..=count).map(|index| Arc::new(named(index))).collect()
}

async fn ran(
    cases: &[Arc<Case>],
    options: Options,
    target: impl Fn(u32) -> Result<Target, Trouble> + Send + Sync + 'static,
) -> (Conclusion, Vec<Event>) {
    let mut events = Vec::new();
    let memory = Memory { count: AtomicU32::new(0), target };
    let end = run(Arc::new(memory), cases, options, &mut events, std::future::pending()).await;
    (end, events)
}

/// The events in words.
fn told(events: &[Event]) -> Vec<String> {
    let word = |event: &Event| match &event.kind {
        Kind::RunStarted(plan) => format!("run of {} on {}", plan.cases.len(), plan.target),
        Kind::CaseStarted { case, attempt } => format!("{case} starts, {attempt}"),
        Kind::CaseRetried(outcome) => format!("{} again: {}", outcome.case, outcome.verdict),
        Kind::CaseFinished(outcome) => format!("{}: {}", outcome.case, outcome.verdict),
        Kind::Unreachable(trouble) => format!("unreachable: {trouble}"),
        Kind::RunFinished(summary) => format!("end: {:?} {:?}", summary.verdicts, summary.stopped),
    };
    events.iter().map(word).collect()
}

fn one_job() -> Options {
    Options { jobs: Some(1), ..Options::default() }
}

#[tokio::test(start_paused = true)]
async fn one_job_runs_the_cases_in_order() {
    let (_, events) = ran(&cases(2), one_job(), |_| Ok(echo())).await;
    insta::assert_snapshot!(told(&events).join("\n"), @r#"
    run of 2 on memory
    1.1 starts, 1
    1.1: ok
    1.2 starts, 1
    1.2: ok
    end: {"ok": 2} None
    "#);
}

#[tokio::test(start_paused = true)]
async fn cases_that_send_the_same_compressed_messages_come_one_after_another() {
    let part = |id: &str, len| {
        let payload = Payload::Part { document: Document::Json, at: 0, len, unit: Unit::Bytes };
        let frame = Frame { compressed: true, ..Frame::new(Opcode::BINARY, payload) };
        let steps = vec![Step::Frame(frame), Step::Await(Await::Message)];
        let terms = vec![Terms { takeover: true, window: None, own: Own::default() }];
        Arc::new(Case { id: Id(id.into()), deflate: terms, ..case([Step::Repeat { times: 1000, steps }], &[]) })
    };
    let cases = [part("1.1", 100), part("1.2", 200), part("1.3", 100), part("1.4", 200), part("1.5", 300)];
    let (end, events) = ran(&cases, Options::default(), |_| Ok(echo())).await;
    assert_eq!(end.summary.count("unimplemented"), 5);
    let started = events.iter().filter_map(|event| match &event.kind {
        Kind::CaseStarted { case, .. } => Some(case.as_str()),
        _ => None,
    });
    assert_eq!(started.collect::<Vec<_>>(), ["1.1", "1.3", "1.2", "1.4", "1.5"]);
    let order: Vec<_> = end.outcomes.iter().map(|outcome| outcome.case.as_str()).collect();
    assert_eq!(order, ["1.1", "1.2", "1.3", "1.4", "1.5"]);
}

#[tokio::test(start_paused = true)]
async fn silent_cases_are_waited_for_side_by_side() {
    let (end, _) = ran(&cases(50), Options::default(), |_| Ok(mute())).await;
    assert_eq!(end.summary.count("failed"), 50);
    assert_eq!(end.summary.duration, Duration::from_secs(2));
    let order: Vec<_> = end.outcomes.iter().map(|outcome| outcome.case.clone()).collect();
    assert_eq!(order, cases(50).iter().map(|case| case.id.to_string()).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn only_the_sink_is_told_what_was_on_the_wire() {
    let (end, events) = ran(&cases(1), one_job(), |_| Ok(echo())).await;
    let told = events.iter().find_map(|event| match &event.kind {
        Kind::CaseFinished(outcome) => outcome.transcript.as_ref(),
        _ => None,
    });
    let (told, kept) = (told.unwrap(), end.outcomes[0].transcript.as_ref().unwrap());
    assert!(!told.heard.is_empty() && !told.log.first.is_empty());
    assert!(kept.heard.is_empty() && kept.log.first.is_empty() && kept.opening.as_ref().unwrap().request.is_empty());
    assert_eq!((&kept.closing, &kept.received), (&told.closing, &told.received));
}

#[tokio::test(start_paused = true)]
async fn a_case_that_passes_on_repetition_is_called_flaky() {
    let options = Options { retries: 2, ..one_job() };
    // The first connection only looks whether anybody is there.
    let (end, events) = ran(&cases(1), options, |count| Ok(if count < 3 { mute() } else { echo() })).await;
    insta::assert_snapshot!(told(&events).join("\n"), @r#"
    run of 1 on memory
    1.1 starts, 1
    1.1 again: failed
    1.1 starts, 2
    1.1 again: failed
    1.1 starts, 3
    1.1: ok
    end: {"ok": 1} None
    "#);
    assert!(end.outcomes[0].is_flaky() && end.summary.flaky == 1);
}

/// A target that echoes, and closes with a code that no case accepts.
fn closes_badly() -> Target {
    let mut echo = echo();
    Box::new(move |head, payload| match head.opcode {
        Opcode::CLOSE => vec![(Duration::ZERO, closes(1011)), (Duration::ZERO, Deed::End)],
        _ => echo(head, payload),
    })
}

#[tokio::test(start_paused = true)]
async fn a_bad_close_is_a_failure_to_be_tried_again_and_counted() {
    let options = Options { retries: 1, max_fail: Some(1), ..one_job() };
    let (end, _) = ran(&cases(3), options, |_| Ok(closes_badly())).await;
    let outcome = &end.outcomes[0];
    assert_eq!((outcome.verdict.word(), outcome.close.word(), outcome.attempts), ("ok", "wrong-code", 2));
    assert!(!outcome.is_flaky() && end.summary.flaky == 0);
    assert_eq!(end.summary.stopped, Some(Reason::MaxFail));
}

#[tokio::test(start_paused = true)]
async fn enough_failures_end_the_run() {
    let (end, _) = ran(&cases(5), Options { max_fail: Some(2), ..one_job() }, |_| Ok(mute())).await;
    assert_eq!((end.summary.count("failed"), end.summary.count("not-run")), (2, 3));
    assert_eq!(end.summary.stopped, Some(Reason::MaxFail));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_not_there_is_told_once() {
    let (end, events) = ran(&cases(2), one_job(), |_| Err(Trouble::Refused)).await;
    insta::assert_snapshot!(told(&events).join("\n"), @r#"
    run of 2 on memory
    unreachable: the connection was refused
    1.1: not-run
    1.2: not-run
    end: {"not-run": 2} Some(Unreachable)
    "#);
    assert!(!end.reached);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_late_is_waited_for() {
    let options = Options { wait: Duration::from_secs(30), ..one_job() };
    let (end, _) = ran(&cases(1), options, |count| if count < 100 { Err(Trouble::Refused) } else { Ok(echo()) }).await;
    assert!(end.reached && end.summary.count("ok") == 1);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_goes_away_ends_the_run() {
    let target = |count| if count < 3 { Ok(echo()) } else { Err(Trouble::Refused) };
    let (end, _) = ran(&cases(20), one_job(), target).await;
    assert_eq!((end.summary.count("ok"), end.summary.count("broken"), end.summary.count("not-run")), (2, 8, 10));
    assert_eq!(end.summary.stopped, Some(Reason::Unreachable));
    assert!(end.reached);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_says_what_it_did_not_run() {
    let mut events = Vec::new();
    let memory = Memory { count: AtomicU32::new(0), target: |_| Ok(mute()) };
    let cancel = sleep(Duration::from_millis(3500));
    let end = run(Arc::new(memory), &cases(4), one_job(), &mut events, cancel).await;
    assert_eq!((end.summary.count("failed"), end.summary.count("not-run")), (1, 3));
    assert_eq!(end.summary.stopped, Some(Reason::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn cases_for_the_other_role_are_told_as_not_run() {
    let mut cases = cases(2);
    Arc::make_mut(&mut cases[0]).target = Some(Role::Client);
    let (end, _) = ran(&cases, one_job(), |_| Ok(echo())).await;
    assert_eq!((end.summary.count("ok"), end.summary.count("not-run")), (1, 1));
    assert_eq!(end.summary.stopped, None);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_fails_is_said_and_does_not_end_the_run() {
    let mut full = |_: &Event| Err(std::io::Error::other("the disk is full"));
    let memory = Memory { count: AtomicU32::new(0), target: |_| Ok(echo()) };
    let end = run(Arc::new(memory), &cases(2), one_job(), &mut full, std::future::pending()).await;
    assert_eq!(end.summary.count("ok"), 2);
    assert!(end.told.is_err());
}

#[tokio::test(start_paused = true)]
async fn events_survive_their_recording() {
    let (_, events) = ran(&cases(2), one_job(), |count| Ok(if count == 1 { mute() } else { echo() })).await;
    for event in events {
        let line = serde_json::to_string(&event).unwrap();
        let read: Event = serde_json::from_str(&line).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), line);
    }
}

/// Says something of its own upon everything, sends no message back, and answers control frames as it should.
fn talks() -> Target {
    let mut echo = echo();
    Box::new(move |head, payload| {
        let mut deeds = vec![(Duration::ZERO, says(Opcode::TEXT, b"{\"type\":\"error\"}"))];
        if head.opcode.is_control() {
            deeds.extend(echo(head, payload));
        }
        deeds
    })
}

#[tokio::test(start_paused = true)]
async fn without_an_echo_what_needs_one_is_not_run_and_messages_count_for_nothing() {
    let named = |id: &str, case| Arc::new(Case { id: Id(id.into()), ..case });
    let repeated = Step::Repeat { times: 2, steps: vec![Step::Await(Await::Message)] };
    let cases = [
        named("1.1", case([text("Hello")], &[hears("Hello")])),
        named("1.2", case([ping("x")], &[Expected::Pong("x".into())])),
        named("1.3", case([ping("x"), repeated], &[Expected::Pong("x".into())])),
        named("1.4", case([ping("x")], &[Expected::Repeat(2, vec![hears("Hello")])])),
    ];
    let (end, events) = ran(&cases, Options { echo: false, ..one_job() }, |_| Ok(talks())).await;
    insta::assert_snapshot!(told(&events).join("\n"), @r#"
    run of 4 on memory
    1.1: not-run
    1.2 starts, 1
    1.2: ok
    1.3: not-run
    1.4: not-run
    end: {"not-run": 3, "ok": 1} None
    "#);
    assert_eq!(end.outcomes[0].verdict, Verdict::NotRun(Reason::NeedsEcho));
    let (end, _) = ran(&cases[1..2], one_job(), |_| Ok(talks())).await;
    assert!(end.outcomes[0].verdict.is_failure(), "with an echo every message counts");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_bounds_what_a_case_waits() {
    let pace = Pace::new(2.0).no_longer_than(Duration::from_millis(300));
    let (end, _) = ran(&cases(1), Options { pace, ..one_job() }, |_| Ok(mute())).await;
    let took = end.outcomes[0].duration;
    // The patience of the case, and the answer to our close frame.
    assert_eq!(took, Duration::from_millis(600));
}

/// What comes of a case when connections from this one on are refused; and how many were made.
async fn followed_by(case: Case, refused_from: u32) -> (wslab::watch::Outcome, u32) {
    let made = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&made);
    let (mut end, _) = ran(&[Arc::new(case)], one_job(), move |index| {
        count.fetch_add(1, Ordering::Relaxed);
        if index < refused_from { Ok(echo()) } else { Err(Trouble::Refused) }
    })
    .await;
    (end.outcomes.remove(0), made.load(Ordering::Relaxed))
}

/// A case that may do harm, in one way after another.
fn harmful() -> Vec<Case> {
    let plain = || case([text("Hello")], &[hears("Hello")]);
    let either = Close { by: Closer::Either, ..plain().close };
    vec![
        Case { close: either, ..plain() },
        Case { close: Close { clean: false, ..plain().close }, ..case([Step::Reset], &[]) },
        Case { informational: true, ..plain() },
        Case { beside: Some(Beside::Open(1)), ..plain() },
    ]
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_after_a_case_fails_it() {
    for case in harmful() {
        let beside = u32::from(case.beside.is_some());
        let (outcome, made) = followed_by(case.clone(), u32::MAX).await;
        assert!(outcome.passes(true), "{outcome:?}");
        // One to see whether anybody is there, one for the case, one behind it.
        assert_eq!(made, 3 + beside);
        let (outcome, _) = followed_by(case, 2 + beside).await;
        let Verdict::Failed(whys) = &outcome.verdict else { panic!("{outcome:?}") };
        let [Why::Gone(_)] = &whys[..] else { panic!("{whys:?}") };
        insta::allow_duplicates! {
            insta::assert_snapshot!(whys[0], @"afterwards the target did not serve a further connection: the connection was refused");
        }
    }
}

/// Answers pings, and nothing else.
fn pongs() -> Target {
    Box::new(|head, payload| match head.opcode {
        Opcode::PING => vec![(Duration::ZERO, says(Opcode::PONG, payload))],
        Opcode::CLOSE => vec![(Duration::ZERO, closes(1000)), (Duration::ZERO, Deed::End)],
        _ => Vec::new(),
    })
}

#[tokio::test(start_paused = true)]
async fn a_server_that_opens_and_serves_nobody_after_a_case_fails_it() {
    let pinged = Case { informational: true, ..case([ping("Hello")], &[]) };
    let echoed = Case { informational: true, ..case([text("Hello")], &[]) };
    // The first case is followed by a connection that is answered like this, the others by such as these.
    let behind = |case: &Case, echoes: bool, first: fn() -> Target, then: fn() -> Target| {
        let cases = ["1.1", "1.2"].map(|id| Arc::new(Case { id: Id(id.into()), ..case.clone() }));
        let options = Options { echo: echoes, ..one_job() };
        async move {
            // One to see whether anybody is there, and then one for a case and one behind it.
            let target = move |index| {
                Ok(if index == 2 {
                    first()
                } else if index % 2 == 0 {
                    then()
                } else {
                    pongs()
                })
            };
            let (end, _) = ran(&cases, options, target).await;
            end.outcomes.iter().flat_map(|outcome| outcome.why().map(ToString::to_string)).collect::<String>()
        }
    };
    let told = |words: &str| format!("afterwards the target did not serve a further connection: it did not {words}");
    let ends = || once(vec![(0, Deed::End)]);
    assert_eq!(behind(&pinged, false, pongs, pongs).await, "");
    assert_eq!(behind(&pinged, false, pongs, mute).await, told("answer a ping in time"));
    assert_eq!(behind(&pinged, false, pongs, ends).await, told("answer a ping"));
    assert_eq!(behind(&echoed, true, echo, echo).await, "");
    assert_eq!(behind(&echoed, true, echo, pongs).await, told("echo in time"));
    assert_eq!(behind(&echoed, true, echo, ends).await, told("echo"));
    // Who never answers does not cease to do so because of a case.
    assert_eq!(behind(&echoed, true, pongs, mute).await, "");
}

#[tokio::test(start_paused = true)]
async fn nobody_looks_after_a_case_that_does_no_harm() {
    let (outcome, made) = followed_by(case([text("Hello")], &[hears("Hello")]), 2).await;
    assert!(outcome.passes(true));
    assert_eq!(made, 2);
}

#[tokio::test(start_paused = true)]
async fn connections_beside_a_case_are_made_before_it_and_as_many_as_can_be() {
    for (beside, made) in [(Beside::Open(5), 8), (Beside::Asking(5), 8)] {
        let case = Case { beside: Some(beside), ..case([text("Hello")], &[hears("Hello")]) };
        let (outcome, count) = followed_by(case, u32::MAX).await;
        assert_eq!((outcome.verdict, count), (Verdict::Ok, made), "{beside:?}");
    }
}

/// Serves so many connections at a time, and has 503 for all others, or does not even take them.
struct Limited {
    most: usize,
    refuses: bool,
    open: Arc<()>,
}

impl Connect for Limited {
    type Transport = DuplexStream;

    async fn connect(&self) -> Result<DuplexStream, Trouble> {
        let (ours, mut theirs) = duplex(4096);
        let served = Arc::clone(&self.open);
        let is_full = Arc::strong_count(&served) > self.most + 1;
        if is_full && self.refuses {
            return Err(Trouble::Refused);
        }
        tokio::spawn(async move {
            if is_full {
                let _ = theirs.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n").await;
            } else {
                // One that only looks whether anybody is here says nothing.
                let _ = tokio::time::timeout(Duration::from_secs(60), serve(theirs, echo(), usize::MAX)).await;
            }
            drop(served);
        });
        Ok(ours)
    }

    fn ask(&self, key: [u8; 16]) -> Ask {
        Ask::new("localhost", "/", key)
    }

    fn name(&self) -> String {
        "limited".to_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_our_connection_beside_others_serves_on_without_them() {
    let [opened, refused] =
        [101, 503].map(|status| Expected::Answer(Answer { statuses: vec![status..=status], headers: vec![] }));
    for (most, refuses, expect) in
        [(7, false, vec![opened, hears("Hello")]), (4, false, vec![refused]), (4, true, vec![hears("Hello")])]
    {
        let opening = Some(Handshake::default());
        let case = Case { beside: Some(Beside::Open(5)), opening, ..case([text("Hello")], &[]) };
        let alternative = Alternative { verdict: Grade::Informational, events: expect };
        let case = Arc::new(Case { expect: vec![alternative], target: Some(Role::Server), ..case });
        let target = Limited { most, refuses, open: Arc::default() };
        let conclusion = run(Arc::new(target), &[case], one_job(), &mut Vec::new(), std::future::pending()).await;
        assert_eq!(conclusion.outcomes[0].verdict, Verdict::Informational, "{:?}", conclusion.outcomes);
    }
}

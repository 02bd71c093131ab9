//! Clients that come to be tested: in memory, several at a time, good, bad and hostile.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::sleep;
use wslab::conform::clients::Ended;
use wslab::conform::{Case, Id, Options, Pace, Reason, Verdict};
use wslab::proto::Role;
use wslab::watch::{Event, Kind};

use crate::stage::{case, hears, text};
use crate::street::{here, request, run};

fn cases(count: usize) -> Vec<Arc<Case>> {
    let named = |index| Case { id: Id(format!("1.{index}").into()), ..case([text("Hello")], &[hears("Hello")]) };
    (1..=count).map(|index| Arc::new(named(index))).collect()
}

/// The events in words.
fn told(events: &[Event]) -> String {
    let word = |event: &Event| {
        let agent = event.agent.as_deref().unwrap_or("nobody");
        match &event.kind {
            Kind::RunStarted(plan) => format!("{agent}: run of {} as {}", plan.cases.len(), plan.role),
            Kind::CaseStarted { case, attempt } => format!("{agent}: {case} starts, {attempt}"),
            Kind::CaseFinished(outcome) => {
                format!("{agent}: {} {}, close {}", outcome.case, outcome.verdict, outcome.close)
            }
            Kind::RunFinished(summary) => format!("{agent}: end, {:?} {:?}", summary.verdicts, summary.stopped),
            other => format!("{agent}: {other:?}"),
        }
    };
    events.iter().map(word).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_harness_of_autobahn_finds_what_it_knows() {
    here(async {
        let run = run(cases(2), Options::default());
        let street = &run.street;
        assert_eq!(street.echo("/getCaseCount").await, ["2"]);
        assert_eq!(street.echo("/getCaseInfo?case=2").await, [r#"{"id":"1.2","description":"A case of the tests"}"#]);
        assert_eq!(street.echo("/runCase?case=1&agent=a%20b").await, ["Hello"]);
        assert_eq!(street.echo("/getCaseStatus?case=1&agent=a+b").await, [r#"{"behavior":"OK"}"#]);
        assert_eq!(street.echo("/runCase?casetuple=1.2&agent=a%20b").await, ["Hello"]);
        assert!(street.echo("/updateReports?agent=a%20b").await.is_empty());
        let (visitors, events) = run.stop().await;
        insta::assert_snapshot!(told(&events), @r#"
    a b: run of 2 as client
    a b: 1.1 starts, 1
    a b: 1.1 ok, close ok
    a b: 1.2 starts, 1
    a b: 1.2 ok, close ok
    a b: end, {"ok": 2} None
    "#);
        assert!(matches!(visitors.ended, Ended::Stopped) && visitors.agents[0].complete);
    });
}

#[test]
fn each_agent_has_a_run_of_its_own() {
    here(async {
        let run = run(cases(2), Options::default());
        let street = &run.street;
        let (a, b) = tokio::join!(street.open("/runCase?case=1&agent=a"), street.open("/runCase?case=1&agent=b"));
        tokio::join!(a.echo(), b.sulk());
        // One that gives no name is called by its request.
        street.echo("//case/1.2").await;
        street.echo("/updateReports?agent=a").await;
        let (visitors, _) = run.stop().await;
        let verdicts = |agent: &str| -> Vec<_> {
            let tested = visitors.agents.iter().find(|tested| tested.agent == agent).unwrap();
            tested.conclusion.outcomes.iter().map(|outcome| outcome.verdict.word()).collect()
        };
        assert_eq!(verdicts("a"), ["ok", "not-run"]);
        assert_eq!(verdicts("b"), ["failed", "not-run"]);
        assert_eq!(verdicts("browser/1"), ["not-run", "ok"]);
        let reasons = visitors.agents.iter().flat_map(|agent| &agent.conclusion.outcomes);
        assert!(reasons.filter(|o| o.attempts == 0).all(|o| o.verdict == Verdict::NotRun(Reason::NotAsked)));
    });
}

#[test]
fn a_case_that_is_run_again_is_overwritten() {
    here(async {
        let run = run(cases(1), Options::default());
        let street = &run.street;
        street.open("/runCase?case=1&agent=a").await.sulk().await;
        assert_eq!(street.echo("/getCaseStatus?case=1&agent=a").await, [r#"{"behavior":"FAILED"}"#]);
        street.echo("/updateReports?agent=a").await;
        street.echo("/runCase?case=1&agent=a").await;
        street.echo("/updateReports?agent=a").await;
        let (visitors, events) = run.stop().await;
        assert_eq!(visitors.agents[0].conclusion.outcomes[0].verdict, Verdict::Ok);
        assert_eq!(visitors.agents[0].conclusion.summary.count("ok"), 1);
        let ends = events.iter().filter(|event| matches!(event.kind, Kind::RunFinished(_)));
        assert_eq!(ends.count(), 2);
    });
}

#[test]
fn a_result_is_waited_for_and_so_is_the_end_of_the_run() {
    here(async {
        let run = run(cases(2), Options::default());
        let street = &run.street;
        let slow = street.open("/runCase?case=1&agent=a").await;
        let (status, updated) =
            (street.open("/getCaseStatus?case=1&agent=a").await, street.open("/updateReports?agent=a").await);
        let begun = tokio::time::Instant::now();
        let slow = tokio::spawn(async {
            sleep(Duration::from_millis(700)).await;
            slow.echo().await
        });
        assert_eq!(status.echo().await, [r#"{"behavior":"OK"}"#]);
        assert!(begun.elapsed() >= Duration::from_millis(700));
        updated.echo().await;
        slow.await.unwrap();
        // Of one that never ran anything nothing is waited for.
        assert!(street.echo("/getCaseStatus?case=1&agent=nobody").await.is_empty());
        // Nor of a case that is not being played and never was.
        let begun = tokio::time::Instant::now();
        assert!(street.echo("/getCaseStatus?case=2&agent=a").await.is_empty());
        assert!(begun.elapsed() < Duration::from_secs(10), "it took {:?}", begun.elapsed());
        let (visitors, events) = run.stop().await;
        assert_eq!(visitors.agents.len(), 1);
        assert!(matches!(&events.last().unwrap().kind, Kind::RunFinished(summary) if summary.count("ok") == 1));
    });
}

#[test]
fn the_same_case_may_be_run_twice_at_once() {
    here(async {
        let run = run(cases(1), Options::default());
        let (one, two) =
            (run.street.open("/runCase?case=1&agent=a").await, run.street.open("/runCase?case=1&agent=a").await);
        tokio::join!(one.echo(), two.echo());
        let (visitors, events) = run.stop().await;
        assert_eq!(visitors.agents[0].conclusion.outcomes.len(), 1);
        assert_eq!(events.iter().filter(|event| matches!(event.kind, Kind::CaseFinished(_))).count(), 2);
    });
}

#[test]
fn updating_the_reports_may_end_everything() {
    here(async {
        let run = run(cases(1), Options::default());
        run.street.echo("/runCase?case=1&agent=a").await;
        run.street.echo("/updateReports?agent=a&shutdownOnComplete=true").await;
        let (visitors, _) = run.ended.await.unwrap();
        assert!(matches!(visitors.ended, Ended::Stopped));
    });
}

#[test]
fn what_cannot_be_asked_for_is_said() {
    here(async {
        let run = run(cases(2), Options::default());
        let mut answers = String::new();
        let long = format!("/{}", "a".repeat(10_000));
        for path in [
            "/runCase",
            "/runCase?case=0&agent=a",
            "/runCase?case=3&agent=a",
            "/runCase?case=x&agent=a",
            "/runCase?casetuple=9.9&agent=a",
            "/case/9.9",
            "/getCaseStatus?agent=a",
            &format!("/runCase?case=1&agent={}", "a".repeat(101)),
            &long,
            "/",
        ] {
            let answer = run.street.says(request(path).as_bytes()).await;
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            let shown = path.get(..40).unwrap_or(path);
            let status = head.lines().next().unwrap();
            answers.push_str(&format!("{shown}\n  {status}\n  {}\n", body.lines().next().unwrap()));
        }
        insta::assert_snapshot!(answers);
        let plain = run.street.says(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        insta::assert_snapshot!(plain.replace('\r', ""));
        let plain = run.street.says(b"GET /runCase?case=1&agent=a HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(plain.starts_with("HTTP/1.1 426 "), "{plain}");
        let (visitors, _) = run.stop().await;
        assert!(visitors.agents.is_empty(), "whoever asks for no WebSocket is no client");
    });
}

#[test]
fn a_request_that_breaks_a_rule_fails_its_case() {
    here(async {
        let run = run(cases(1), Options::default());
        let faulty = request("/runCase?case=1&agent=a").replace("Version: 13", "Version: 7");
        let answer = run.street.says(faulty.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
        let early = [request("/runCase?case=1&agent=b").as_bytes(), b"\x81\x80\0\0\0\0"].concat();
        assert!(run.street.says(&early).await.starts_with("HTTP/1.1 400 "));
        let (_, events) = run.stop().await;
        let whys: Vec<_> = events
            .iter()
            .filter_map(|event| match &event.kind {
                Kind::CaseFinished(outcome) => outcome.why().next().map(ToString::to_string),
                _ => None,
            })
            .collect();
        insta::assert_snapshot!(whys.join("\n"), @r"
        the opening handshake failed: the version of the request is not 13
        the opening handshake failed: the client sends frames before the connection is open
        ");
    });
}

#[test]
fn whoever_says_nothing_or_nonsense_is_sent_away_in_time() {
    here(async {
        let run = run(cases(1), Options::default());
        let begun = tokio::time::Instant::now();
        assert_eq!(run.street.says(b"").await.lines().next().unwrap(), "HTTP/1.1 408 Request Timeout");
        assert_eq!(
            run.street.says(b"GET /runCase?case=1&agent=a HT").await.lines().next().unwrap(),
            "HTTP/1.1 408 Request Timeout"
        );
        assert!(begun.elapsed() < Duration::from_secs(12));
        assert!(run.street.says(b"\x16\x03\x01 this is TLS").await.starts_with("HTTP/1.1 400 "));
        let flood = ["GET / HTTP/1.1\r\n", &"a: b\r\n".repeat(10_000)].concat();
        assert!(run.street.says(flood.as_bytes()).await.starts_with("HTTP/1.1 431 "));
        // It was no harm to others.
        assert_eq!(run.street.echo("/runCase?case=1&agent=a").await, ["Hello"]);
        run.stop().await;
    });
}

#[test]
fn a_flood_ends_its_case_alone() {
    here(async {
        let run = run(cases(1), Options::default());
        let mut flood = run.street.open("/runCase?case=1&agent=flood").await;
        let flood = tokio::spawn(async move {
            let block = b"\x82\x80\0\0\0\0".repeat(1000);
            while flood.stream.write_all(&block).await.is_ok() {}
        });
        assert_eq!(run.street.echo("/runCase?case=1&agent=a").await, ["Hello"]);
        flood.await.unwrap();
        let (visitors, _) = run.stop().await;
        let verdicts: Vec<_> = visitors.agents.iter().map(|a| a.conclusion.outcomes[0].verdict.word()).collect();
        assert_eq!(verdicts, ["failed", "ok"]);
    });
}

#[test]
fn there_can_be_too_many_agents() {
    here(async {
        let run = run(cases(1), Options::default());
        for number in 0..64 {
            run.street.echo(&format!("/runCase?case=1&agent=a{number}")).await;
        }
        let refused = run.street.says(request("/runCase?case=1&agent=one-more").as_bytes()).await;
        assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
        run.street.echo("/runCase?case=1&agent=a7").await;
        let (visitors, _) = run.stop().await;
        assert_eq!((visitors.agents.len(), visitors.refused), (64, 1));
    });
}

#[test]
fn nobody_is_waited_for_longer_than_was_asked() {
    here(async {
        let run = run(cases(1), Options { wait: Duration::from_secs(30), ..Options::default() });
        let (visitors, _) = run.ended.await.unwrap();
        assert!(matches!(visitors.ended, Ended::NobodyCame));
    });
}

#[test]
fn a_cancelled_run_says_what_it_did_not_run() {
    here(async {
        let run = run(cases(2), Options { pace: Pace::new(100.0), ..Options::default() });
        run.street.echo("/runCase?case=1&agent=a").await;
        let _hanging = run.street.open("/runCase?case=2&agent=a").await;
        run.cancel.send(()).unwrap();
        let (visitors, events) = run.ended.await.unwrap();
        assert!(matches!(visitors.ended, Ended::Cancelled) && !visitors.agents[0].complete);
        insta::assert_snapshot!(told(&events), @r#"
        a: run of 2 as client
        a: 1.1 starts, 1
        a: 1.1 ok, close ok
        a: 1.2 starts, 1
        a: 1.2 not-run, close informational
        a: end, {"not-run": 1, "ok": 1} Some(Cancelled)
        "#);
    });
}

#[test]
fn a_subprotocol_is_agreed_to_if_it_is_known() {
    here(async {
        let run = run(cases(1), Options::default());
        let asking = |path| {
            request(path)
                .replace("Sec-WebSocket-Version", "Sec-WebSocket-Protocol: news, chat\r\nSec-WebSocket-Version")
        };
        let answer = run.street.says(asking("/getCaseCount").as_bytes()).await;
        assert!(!answer.contains("Sec-WebSocket-Protocol"), "what is no case has none: {answer}");
        assert!(run.street.says(asking("/case/1.1").as_bytes()).await.contains("\r\nSec-WebSocket-Protocol: chat\r\n"));
        run.stop().await;
    });
}

#[test]
fn cases_for_servers_have_no_number() {
    here(async {
        let mut cases = cases(3);
        Arc::make_mut(&mut cases[0]).target = Some(Role::Server);
        let run = run(cases, Options::default());
        assert_eq!(run.street.echo("/getCaseCount").await, ["2"]);
        assert!(run.street.echo("/getCaseInfo?case=1").await[0].contains("1.2"));
        run.street.echo("/runCase?case=1&agent=a").await;
        let (visitors, _) = run.stop().await;
        let verdicts: Vec<_> = visitors.agents[0].conclusion.outcomes.iter().map(|o| o.verdict.clone()).collect();
        assert_eq!(verdicts, [Verdict::NotRun(Reason::OtherRole), Verdict::Ok, Verdict::NotRun(Reason::NotAsked)]);
    });
}

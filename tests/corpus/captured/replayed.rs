//! Cases of captured connections are played again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use wslab::app::echo;
use wslab::capture::{Event, Sink};
use wslab::conform::{Case, CloseVerdict, Corpus, Options, Remote, Selection, Tap, Verdict, run};
use wslab::net::{Listen, Server, ServerConfig, Trust};
use wslab::proto::{self, Role, deflate};
use wslab::watch;

use super::made::{Talk, analysed, captured};
use super::one;
use crate::support::frame::text;

/// A file for a test, removed when it is over.
struct Recording(PathBuf);

impl Drop for Recording {
    fn drop(&mut self) {
        // It is among temporary things.
        let _removed = std::fs::remove_file(&self.0);
    }
}

/// Plays cases against wslab's own echo server.
async fn played(cases: &[Arc<Case>], tap: Option<Tap>) -> Vec<watch::Outcome> {
    let endpoint = proto::Config { deflate: Some(deflate::Config::with_takeover()), ..proto::Config::default() };
    let config = ServerConfig { endpoint, ..ServerConfig::default() };
    let server = Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), config).unwrap();
    let remote = Remote::new(server.url().parse().unwrap(), &Trust::default()).unwrap();
    let task = tokio::spawn(server.run(echo));
    let mut events = Vec::new();
    let options = Options { tap: tap.clone(), ..Options::default() };
    run(Arc::new(remote), cases, options, &mut events, std::future::pending()).await;
    task.abort();
    if let Some(tap) = tap {
        tap.finish().unwrap();
    }
    let outcome = |event: watch::Event| match event.kind {
        watch::Kind::CaseFinished(outcome) => Some(*outcome),
        _ => None,
    };
    events.into_iter().filter_map(outcome).collect()
}

/// How many connections there are.
struct Count(u64);

impl Sink for Count {
    fn take(&mut self, event: &Event<'_>) -> std::io::Result<()> {
        self.0 += u64::from(matches!(event, Event::Closed(_)));
        Ok(())
    }
}

/// What wslab's own server did is what it does again: cases are played and captured, what was captured becomes cases,
/// and these end as those did.
#[tokio::test]
async fn a_run_that_was_captured_can_be_played_again() {
    let corpus = Corpus::embedded();
    let words = ["1", "2", "3", "4", "5", "6.1", "6.2", "7", "12.1.1", "13.3.1"];
    let expressions = words.map(|word| word.parse().unwrap()).to_vec();
    let cases = Selection { expressions, ..Selection::default() }.of(&corpus.cases);
    let cases: Vec<Arc<Case>> = cases.into_iter().cloned().map(Arc::new).collect();
    let name = format!("wslab-replayed-{}.pcapng", std::process::id());
    let recording = Recording(std::env::temp_dir().join(name));
    played(&cases, Some(Tap::create(&recording.0).unwrap())).await;

    let file = std::fs::read(&recording.0).unwrap();
    let count = analysed(&file, Count(0)).0;
    let mut again = Vec::new();
    let mut refused = BTreeMap::new();
    for number in 0..count {
        match captured(&file, number).case_file("run.pcapng") {
            Ok(file) => again.push(Arc::new(one(&file))),
            Err(error) => *refused.entry(error.to_string()).or_insert(0) += 1,
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(again.len() >= cases.len(), "{} of {}", again.len(), cases.len());
    all_are_ok(&again, &played(&again, None).await);
}

#[track_caller]
fn all_are_ok(cases: &[Arc<Case>], outcomes: &[watch::Outcome]) {
    assert_eq!(outcomes.len(), cases.len());
    let mut wrong = Vec::new();
    for outcome in outcomes.iter().filter(|outcome| outcome.verdict != Verdict::Ok || outcome.close != CloseVerdict::Ok)
    {
        let case = cases.iter().find(|case| case.id.as_str() == outcome.case).unwrap();
        wrong.push(format!("{}: {} {:?}\n{}", outcome.case, outcome.verdict, outcome.close, case.render()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn connections_that_end_without_close_frames_can_be_played_again() {
    let hello = || Talk::open().client(&text("Hello")).server(&text("Hello"));
    for talk in [
        hello().ends(Role::Client).ends(Role::Server),
        hello(),
        hello().client(&text("x").declaring(1000)),
        hello().client(&text("x").declaring(1000)).ends(Role::Client).ends(Role::Server),
        // That we break it off is a step, and nothing that the target has to answer for.
        hello().resets(Role::Client),
    ] {
        let cases = [Arc::new(one(&talk.case().unwrap()))];
        all_are_ok(&cases, &played(&cases, None).await);
    }
}

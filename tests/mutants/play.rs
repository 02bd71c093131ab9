//! The cases against a mutant, in one thread, in bounded time.

use std::collections::{HashMap, HashSet, VecDeque};
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};
use wslab::conform::clients::{Door, listen};
use wslab::conform::{Case, Options, Outcome, Remote, Step, Verdict, run};
use wslab::net::Listen;
use wslab::net::tls::Trust;
use wslab::proto::Role;
use wslab::watch::{Event, Heading, Kind};

use crate::fault::{Fault, Level, Switch};
use crate::target::ask::Wishes;
use crate::target::{client, server};

/// Cases at the same time.
const JOBS: usize = 8;

/// How often a case that fails is played again, alone at last: on a machine that is busy with something else, patience
/// may end too soon.
const AGAIN: u32 = 2;

/// So many cases have to see a fault that none of them sees alone.
const WITNESSES: u32 = 3;

/// All cases may take so long.
const LIMIT: Duration = Duration::from_secs(120);

/// A client may take so long for a case, and the tester to judge it once the client is done.
const VISIT: Duration = Duration::from_secs(15);
const JUDGING: Duration = Duration::from_secs(2);

/// So many visits without any outcome, and the tester does not know the client for one.
const UNKNOWN: usize = 32;

/// A target with a fault, or without one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutant {
    pub(crate) role: Role,
    pub(crate) fault: Option<Fault>,
    /// What it asks for as a client.
    pub(crate) wishes: Wishes,
}

/// The case that saw a fault, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Killer {
    pub(crate) case: String,
    pub(crate) seen: String,
}

impl Killer {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let verdict = match &outcome.verdict {
            Verdict::Ok | Verdict::Informational => format!("closing {}", outcome.close.word()),
            verdict => verdict.word().to_owned(),
        };
        let why: Vec<String> = outcome.why().map(ToString::to_string).collect();
        Self { case: outcome.case.clone(), seen: format!("{verdict}: {}", why.join("; ")) }
    }
}

/// Whether the outcome says that the target has the fault. A target that cannot be reached says nothing.
fn kills(outcome: &Outcome, level: Level) -> bool {
    !matches!(outcome.verdict, Verdict::Broken(_) | Verdict::NotRun(_)) && outcome.fails(level == Level::Should)
}

/// Plays the cases until one sees the fault.
pub(crate) fn until_killed(mutant: &Mutant, fault: Fault, cases: &[Arc<Case>]) -> Result<Option<Killer>, String> {
    let mut cases: Vec<_> = cases.to_vec();
    // First those that are about the clause, and what has to wait last.
    cases.sort_by_cached_key(|case| {
        let named = case.clauses.iter().any(|clause| clause.0 == fault.clause());
        let slow = case.tags.iter().any(|tag| tag == "slow");
        (slow, waits(&case.send), !named)
    });
    let mut seen = None;
    for _ in 0..WITNESSES {
        let outcomes = play(mutant, &cases, Some(fault.level()))?;
        let Some(killer) = outcomes.iter().find(|outcome| kills(outcome, fault.level())) else { return Ok(None) };
        // Alone, nothing but the fault is to blame.
        let (alone, others): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| case.id.as_str() == killer.case);
        if play(mutant, &alone, Some(fault.level()))?.iter().any(|outcome| kills(outcome, fault.level())) {
            return Ok(Some(Killer::of(killer)));
        }
        cases = others;
        seen.get_or_insert_with(|| Killer::of(killer));
    }
    Ok(seen)
}

/// Plays all cases.
pub(crate) fn all(mutant: &Mutant, cases: &[Arc<Case>]) -> Result<Vec<Outcome>, String> {
    let mut outcomes = play(mutant, cases, None)?;
    for outcome in outcomes.iter_mut().filter(|outcome| outcome.fails(true)) {
        let Some(case) = cases.iter().find(|case| case.id.as_str() == outcome.case) else { continue };
        for _ in 0..AGAIN {
            if let Some(again) = play(mutant, std::slice::from_ref(case), None)?.pop() {
                *outcome = again;
            }
            if !outcome.fails(true) {
                break;
            }
        }
    }
    Ok(outcomes)
}

/// How long the steps wait.
fn waits(steps: &[Step]) -> Duration {
    let one = |step: &Step| match step {
        Step::Wait { time, .. } => *time,
        Step::Repeat { times, steps } => waits(steps) * *times,
        _ => Duration::ZERO,
    };
    steps.iter().map(one).sum()
}

fn play(mutant: &Mutant, cases: &[Arc<Case>], until: Option<Level>) -> Result<Vec<Outcome>, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let outcomes = runtime.block_on(async {
        match mutant.role {
            Role::Server => as_server(mutant, cases, until).await,
            Role::Client => as_client(mutant, cases, until).await,
        }
    });
    runtime.shutdown_background();
    outcomes
}

fn options(mutant: &Mutant) -> Options {
    let heading = Heading { strict: true, ..Heading::default() };
    Options { jobs: Some(JOBS), retries: 1, target: mutant.role, heading, ..Options::default() }
}

/// Gives every outcome to `take`. Of a case that failed and could not be played again, it is the first: a target that
/// crashes is not there for the second.
fn sink(mut take: impl FnMut(Outcome)) -> impl FnMut(&Event) -> io::Result<()> {
    let mut first: HashMap<String, Outcome> = HashMap::new();
    move |event| {
        match &event.kind {
            Kind::CaseRetried(outcome) => {
                first.insert(outcome.case.clone(), outcome.clone().without_contents());
            }
            Kind::CaseFinished(outcome) => {
                let before = first.remove(&outcome.case).filter(|_| matches!(outcome.verdict, Verdict::Broken(_)));
                take(before.unwrap_or_else(|| outcome.clone().without_contents()));
            }
            _ => {}
        }
        Ok(())
    }
}

async fn as_server(mutant: &Mutant, cases: &[Arc<Case>], until: Option<Level>) -> Result<Vec<Outcome>, String> {
    let mut tasks = JoinSet::new();
    let address = server::start(Switch(mutant.fault), &mut tasks).await.map_err(|error| error.to_string())?;
    let target = format!("ws://{address}/").parse().map_err(|error| format!("{error}"))?;
    let remote = Remote::new(target, &Trust::Anybody).map_err(|error| error.to_string())?;
    let (killed, mut dead) = mpsc::unbounded_channel();
    let mut outcomes = Vec::new();
    let mut sink = sink(|outcome| {
        if until.is_some_and(|level| kills(&outcome, level)) {
            // Who has stopped listening knows it already.
            let _ = killed.send(());
        }
        if !matches!(outcome.verdict, Verdict::NotRun(_)) {
            outcomes.push(outcome);
        }
    });
    let cancel = async {
        tokio::select! {
            _ = dead.recv() => {}
            () = sleep(LIMIT) => {}
        }
    };
    run(Arc::new(remote), cases, options(mutant), &mut sink, cancel).await;
    drop(sink);
    Ok(outcomes)
}

async fn as_client(mutant: &Mutant, cases: &[Arc<Case>], until: Option<Level>) -> Result<Vec<Outcome>, String> {
    let cases: Vec<_> = cases.iter().filter(|case| case.target != Some(Role::Server)).map(Arc::clone).collect();
    let door = Door::bind(&Listen::Tcp((Ipv4Addr::LOCALHOST, 0).into()), None).map_err(|error| error.to_string())?;
    let url = door.url();
    let address =
        url.strip_prefix("ws://").and_then(|address| address.parse().ok()).ok_or("the door has no address")?;
    let (sender, outcomes) = mpsc::unbounded_channel();
    let mut sink = sink(|outcome| {
        // Who has stopped listening needs no more outcomes.
        let _ = sender.send(outcome);
    });
    let (done, cancel) = oneshot::channel::<()>();
    let cancel = async {
        // Either way the visits are over.
        let _ = cancel.await;
    };
    let listening = listen(door, &cases, options(mutant), Vec::new(), &mut sink, cancel);
    let visiting = async {
        let outcomes = visits(mutant, address, &cases, until, outcomes).await;
        drop(done);
        outcomes
    };
    let (_, outcomes) = joined(listening, visiting).await;
    Ok(outcomes)
}

async fn joined<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    tokio::join!(a, b)
}

/// Has the client visit every case.
async fn visits(
    mutant: &Mutant,
    address: SocketAddr,
    cases: &[Arc<Case>],
    until: Option<Level>,
    mut outcomes: mpsc::UnboundedReceiver<Outcome>,
) -> Vec<Outcome> {
    let world = Arc::new(client::World::new(Switch(mutant.fault)));
    let (mut tasks, mut told) = (JoinSet::new(), Vec::new());
    let mut running: HashMap<String, (AbortHandle, Instant)> = HashMap::new();
    let mut waiting: VecDeque<String> = cases.iter().map(|case| case.id.to_string()).collect();
    let mut again = HashSet::new();
    let (mut without, end) = (0, Instant::now() + LIMIT);
    loop {
        while running.len() < JOBS {
            let Some(id) = waiting.pop_front() else { break };
            let resource = format!("/case/{id}?agent=mutant");
            let visit = client::visit(address, resource, mutant.wishes, Arc::clone(&world));
            let name = id.clone();
            let task = tasks.spawn(async move {
                visit.await;
                name
            });
            running.insert(id, (task, Instant::now() + VISIT));
        }
        let Some(next) = running.values().map(|(_, until)| *until).min() else { return told };
        tokio::select! {
            biased;
            Some(outcome) = outcomes.recv() => {
                if let Some((task, _)) = running.remove(&outcome.case) {
                    task.abort();
                }
                let killed = until.is_some_and(|level| kills(&outcome, level));
                if killed && again.insert(outcome.case.clone()) {
                    waiting.push_front(outcome.case);
                    continue;
                }
                told.push(outcome);
                if killed {
                    return told;
                }
            }
            Some(done) = tasks.join_next() => {
                if let Ok(id) = done && let Some((_, until)) = running.get_mut(&id) {
                    *until = (Instant::now() + JUDGING).min(*until);
                }
            }
            () = sleep_until(next.min(end)) => {
                let now = Instant::now();
                let before = running.len();
                running.retain(|_, (task, until)| {
                    let late = *until <= now;
                    if late {
                        task.abort();
                    }
                    !late
                });
                without += before - running.len();
                if now >= end || told.is_empty() && without >= UNKNOWN {
                    return told;
                }
            }
        }
    }
}

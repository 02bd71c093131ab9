//! A run: which case when, how often, and what is told of it.
//!
//! Nothing is printed here: everything is told to a [`Sink`] as [`Event`]s. A run ends, whatever the target does; cases
//! that were not run are told as such, never left out.

mod server;
mod weight;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, sleep};

pub(super) use self::server::Server;
use self::weight::{moves_much, walks_like};
use crate::conform::act::Pace;
use crate::conform::expect::Wanted;
use crate::conform::judge::{Judgement, judge_wanted};
use crate::conform::peer::Connect;
use crate::conform::tap::Tap;
use crate::conform::{Baseline, Case, SpecCases, Transcript};
use crate::proto::Role;
use crate::watch::{Event, Heading, Kind, Outcome, Plan, Reason, Sink, Summary, Timestamp, Trouble, Verdict};

/// How a run is done.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections at the same time. By default many for cases that mostly wait, and one a core for those that move
    /// much data.
    pub jobs: Option<usize>,
    /// All times of cases and timers.
    pub pace: Pace,
    /// How often a case that failed is tried again.
    pub retries: u32,
    /// The run ends when so many cases failed.
    pub max_fail: Option<u64>,
    /// How long to wait until the target can be reached.
    pub wait: Duration,
    /// Which end the target is.
    pub target: Role,
    /// Whether the target sends messages back as they came. Of one that does not, some cases cannot be judged.
    pub echo: bool,
    /// What is known of the target already: it is neither tried again nor counted as a failure, and told as known.
    pub baseline: Option<Arc<Baseline>>,
    /// The cases that are not played with some clients that come by themselves.
    pub excluded: SpecCases,
    /// The name of the target in the events, where several are tested.
    pub agent: Option<String>,
    /// What a report says of the run.
    pub heading: Heading,
    /// Where the traffic is kept, if it is.
    pub tap: Option<Tap>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            jobs: None,
            pace: Pace::default(),
            retries: 0,
            max_fail: None,
            wait: Duration::ZERO,
            target: Role::Server,
            echo: true,
            baseline: None,
            excluded: SpecCases::default(),
            agent: None,
            heading: Heading::default(),
            tap: None,
        }
    }
}

impl Options {
    /// The case as it is played with this target.
    pub(super) fn playable(&self, case: &Arc<Case>) -> Result<Arc<Case>, Reason> {
        if case.target.is_some_and(|role| role != self.target) {
            return Err(Reason::OtherRole);
        }
        if self.echo {
            return Ok(Arc::clone(case));
        }
        case.without_echo().map(Arc::new).ok_or(Reason::NeedsEcho)
    }

    /// The outcome, with what is known of it already.
    pub(super) fn knowing(&self, outcome: Outcome) -> Outcome {
        let known = self.baseline.as_ref().and_then(|baseline| baseline.reason(&outcome)).map(str::to_owned);
        Outcome { known, ..outcome }
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Conclusion {
    /// The counts.
    pub summary: Summary,
    /// The outcomes, in the order of the cases, without the contents of their transcripts, which only the sink is told.
    pub outcomes: Vec<Outcome>,
    /// Whether the target could ever be reached.
    pub reached: bool,
    /// Whether the sink took all events; after its first error it was told nothing more.
    pub told: io::Result<()>,
}

/// Cases that mostly wait, at the same time.
const WAITING: usize = 64;

/// So many cases without a connection, one after another, and the target counts as gone. The same number of opening
/// handshakes that fail before one succeeds, and it counts as something else than a WebSocket server.
const GONE: u32 = 8;

/// Runs `cases` against `target` until they are done or `cancel` is.
///
/// Dropping the future ends all connections.
pub async fn run<C: Connect>(
    target: Arc<C>,
    cases: &[Arc<Case>],
    options: Options,
    sink: &mut dyn Sink,
    cancel: impl Future<Output = ()>,
) -> Conclusion {
    let server = Server::new(target, options.tap.clone());
    run_against(Arc::new(server), cases, options, sink, cancel).await
}

/// What the cases of a run are played against.
pub(super) trait Opponent: Send + Sync + 'static {
    /// The target, as a person writes it.
    fn name(&self) -> String;

    /// Looks whether anybody is there.
    fn reach(&self) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Plays a case once.
    fn attempt(&self, case: Arc<Case>, pace: Pace) -> impl Future<Output = Outcome> + Send;
}

/// Runs `cases` against whatever they can be played against.
pub(super) async fn run_against<O: Opponent>(
    target: Arc<O>,
    cases: &[Arc<Case>],
    options: Options,
    sink: &mut dyn Sink,
    cancel: impl Future<Output = ()>,
) -> Conclusion {
    let mut run = Run::new(target, cases, options, sink);
    run.tell(Kind::RunStarted(plan(&run.target.name(), cases, &run.options)));
    let stopped = tokio::select! {
        biased;
        () = cancel => Some(Reason::Cancelled),
        stopped = run.go() => stopped,
    };
    run.tasks.abort_all();
    run.conclude(stopped)
}

fn plan(target: &str, cases: &[Arc<Case>], options: &Options) -> Plan {
    Plan {
        target: target.to_owned(),
        role: options.target,
        heading: options.heading.clone(),
        cases: cases.iter().map(|case| case.brief()).collect(),
    }
}

struct Run<'a, O> {
    target: Arc<O>,
    cases: &'a [Arc<Case>],
    options: Options,
    sink: &'a mut dyn Sink,
    told: io::Result<()>,
    begun: Instant,
    /// Indices of the cases that are still to be started, by lane.
    waiting: [VecDeque<usize>; 2],
    room: [usize; 2],
    tasks: JoinSet<Outcome>,
    running: HashMap<Id, Running>,
    outcomes: Vec<Option<Outcome>>,
    failures: u64,
    unreached: u32,
    /// Opening handshakes that failed; `None` once one succeeded.
    unopened: Option<u32>,
    reached: bool,
}

#[derive(Clone, Copy)]
struct Running {
    case: usize,
    lane: usize,
    attempt: u32,
}

impl<'a, O: Opponent> Run<'a, O> {
    fn new(target: Arc<O>, cases: &'a [Arc<Case>], options: Options, sink: &'a mut dyn Sink) -> Self {
        let mut waiting = [VecDeque::new(), VecDeque::new()];
        for (index, case) in cases.iter().enumerate() {
            // With a number of jobs given there is one lane, in the order of the cases.
            let lane = usize::from(options.jobs.is_none() && moves_much(case));
            waiting[lane].push_back(index);
        }
        // One after another, cases that send the same compressed messages find them made.
        let mut walks = Vec::new();
        waiting[1].make_contiguous().sort_by_cached_key(|index| walks_like(&mut walks, &cases[*index].send));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let room = options.jobs.map_or([WAITING, cores], |jobs| [jobs.max(1), 1]);
        Self {
            target,
            cases,
            options,
            sink,
            told: Ok(()),
            begun: Instant::now(),
            waiting,
            room,
            tasks: JoinSet::new(),
            running: HashMap::new(),
            outcomes: vec![None; cases.len()],
            failures: 0,
            unreached: 0,
            unopened: Some(0),
            reached: false,
        }
    }

    /// Runs until all is done. Gives the reason if it ends before.
    async fn go(&mut self) -> Option<Reason> {
        if let Err(trouble) = self.reach().await {
            self.tell(Kind::Unreachable(trouble));
            return Some(Reason::Unreachable);
        }
        self.reached = true;
        let mut stopped = None;
        loop {
            if stopped.is_none() {
                self.start();
            }
            let (id, outcome) = match self.tasks.join_next_with_id().await? {
                Ok(done) => done,
                // A case that panics is a fault of ours; it must not take the run with it.
                Err(error) => (error.id(), self.crashed(error.id())),
            };
            self.finished(id, outcome);
            if self.options.max_fail.is_some_and(|most| self.failures >= most) {
                stopped.get_or_insert(Reason::MaxFail);
            }
            if self.unreached >= GONE {
                stopped.get_or_insert(Reason::Unreachable);
            }
            if self.unopened.is_some_and(|unopened| unopened >= GONE) {
                stopped.get_or_insert(Reason::NeverOpened);
            }
            if stopped.is_some() && self.tasks.is_empty() {
                return stopped.filter(|_| self.outcomes.contains(&None));
            }
        }
    }

    /// Connects once, to see whether anybody is there.
    async fn reach(&self) -> Result<(), Trouble> {
        let until = Instant::now() + self.options.wait;
        loop {
            match self.target.reach().await {
                Ok(()) => return Ok(()),
                Err(trouble @ (Trouble::Tls(_) | Trouble::Target(_))) => return Err(trouble),
                Err(trouble) if Instant::now() >= until => return Err(trouble),
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Starts as many cases as there is room for.
    fn start(&mut self) {
        for lane in 0..self.waiting.len() {
            // A target of one thread that is busy with megabytes would fail the patience of small cases.
            if lane > 0 && self.running.values().any(|running| running.lane < lane) {
                break;
            }
            while self.room[lane] > 0 {
                let Some(case) = self.waiting[lane].pop_front() else { break };
                match self.options.playable(&self.cases[case]) {
                    Ok(played) => {
                        self.room[lane] -= 1;
                        self.spawn(played, Running { case, lane, attempt: 1 });
                    }
                    Err(reason) => self.record(case, not_run(&self.cases[case], reason)),
                }
            }
        }
    }

    fn spawn(&mut self, case: Arc<Case>, running: Running) {
        self.tell(Kind::CaseStarted { case: case.id.to_string(), attempt: running.attempt });
        let (target, pace) = (Arc::clone(&self.target), self.options.pace);
        let task = self.tasks.spawn(async move {
            let outcome = target.attempt(case, pace).await;
            Outcome { attempts: running.attempt, ..outcome }
        });
        self.running.insert(task.id(), running);
    }

    fn finished(&mut self, id: Id, outcome: Outcome) {
        let Some(running) = self.running.remove(&id) else { return };
        let outcome = self.options.knowing(outcome);
        if matches!(outcome.verdict, Verdict::Broken(_)) {
            self.unreached += 1;
        } else {
            self.unreached = 0;
            self.unopened = self.unopened.filter(|_| outcome.is_unopened()).map(|unopened| unopened + 1);
        }
        let fails = outcome.fails(self.options.heading.strict);
        let retry = fails && running.attempt <= self.options.retries;
        if retry && let Ok(case) = self.options.playable(&self.cases[running.case]) {
            self.tell(Kind::CaseRetried(Box::new(outcome)));
            self.spawn(case, Running { attempt: running.attempt + 1, ..running });
            return;
        }
        self.room[running.lane] += 1;
        self.failures += u64::from(fails);
        self.record(running.case, outcome);
    }

    fn crashed(&self, id: Id) -> Outcome {
        let running = self.running.get(&id).copied();
        let case = running.map(|running| self.cases[running.case].id.to_string()).unwrap_or_default();
        let trouble = Trouble::Io("the tester itself failed in this case".to_owned());
        let attempts = running.map_or(1, |running| running.attempt);
        Outcome { attempts, ..Outcome::without_connection(case, Verdict::Broken(trouble)) }
    }

    fn record(&mut self, case: usize, outcome: Outcome) {
        self.tell(Kind::CaseFinished(Box::new(outcome.clone())));
        self.outcomes[case] = Some(outcome.without_contents());
    }

    fn tell(&mut self, kind: Kind) {
        if self.told.is_ok() {
            self.told = self.sink.take(&Event {
                at: Timestamp::now(),
                agent: self.options.agent.clone(),
                connection: None,
                kind,
            });
        }
    }

    fn conclude(mut self, stopped: Option<Reason>) -> Conclusion {
        for case in 0..self.cases.len() {
            if self.outcomes[case].is_none() {
                let outcome = not_run(&self.cases[case], stopped.unwrap_or(Reason::Cancelled));
                self.record(case, outcome);
            }
        }
        let outcomes: Vec<_> = std::mem::take(&mut self.outcomes).into_iter().flatten().collect();
        let mut summary = Summary { stopped, duration: self.begun.elapsed(), ..Summary::default() };
        for outcome in &outcomes {
            *summary.verdicts.entry(outcome.verdict.word().to_owned()).or_default() += 1;
            summary.flaky += u64::from(outcome.is_flaky() && outcome.passes(self.options.heading.strict));
        }
        self.tell(Kind::RunFinished(summary.clone()));
        Conclusion { summary, outcomes, reached: self.reached, told: self.told }
    }
}

/// The outcome of a case that was played.
pub(super) fn judged(case: &Case, wanted: &Wanted, transcript: Transcript) -> Outcome {
    let Judgement { verdict, close, close_why, short } = judge_wanted(case, wanted, &transcript);
    Outcome {
        close,
        close_why,
        short,
        transcript: Some(transcript),
        ..Outcome::without_connection(case.id.to_string(), verdict)
    }
}

pub(super) fn not_run(case: &Case, reason: Reason) -> Outcome {
    Outcome::without_connection(case.id.to_string(), Verdict::NotRun(reason))
}

//! Plays generated sessions against a target, and tells what it fails.
//!
//! Many are played at the same time; which are played does not depend on that. A failure is played again by itself
//! before it is believed. Memory is bounded by the number of connections and of findings.

use std::collections::BTreeSet;
use std::future::Future;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::cased::case_of;
use super::finding::{Finding, Sign};
use super::generate::{Choice, Generator, Grown};
use super::shrink::{Failed, Shrinking};
use crate::conform::peer::Connect;
use crate::conform::run::{Opponent, Server};
use crate::conform::{Case, Outcome, Pace, Transcript};
use crate::watch::{Trouble, Verdict};

/// How sessions are played.
#[derive(Clone, Debug)]
pub struct Options {
    /// What they are made of.
    pub seed: u64,
    /// Which are made.
    pub choice: Choice,
    /// So many are played; without a number until the time is over.
    pub sessions: Option<u64>,
    /// For so long. What failed by then is played again and made short for [`GRACE`] more.
    pub time: Option<Duration>,
    /// So many at the same time.
    pub jobs: usize,
    /// It ends with so many findings.
    pub max_fail: usize,
    /// How patient it is.
    pub pace: Pace,
    /// How long to wait until the target can be reached.
    pub wait: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            choice: Choice::default(),
            sessions: Some(1000),
            time: None,
            jobs: 32,
            max_fail: 10,
            pace: Pace::default(),
            wait: Duration::ZERO,
        }
    }
}

/// What is told while it goes on.
#[derive(Debug)]
pub enum News<'a> {
    /// So many sessions have been played.
    Played(u64),
    /// The session of this number failed like this, but not when it was played again.
    Unconfirmed(u64, &'a Sign),
    /// A failure is confirmed, and is going to be made short.
    Shrinking(&'a Sign),
    /// A session failed.
    Found(&'a Finding),
    /// The target does not agree on permessage-deflate: sessions that need it are left out.
    WithoutDeflate,
}

/// Why it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// All sessions were played, or the time was over.
    Done,
    /// There were enough findings.
    MaxFail,
    /// It was cancelled.
    Cancelled,
    /// Who was told wants to hear no more.
    Unheard,
    /// The target was never reached.
    Unreachable(Trouble),
    /// The target went away; the sessions of these numbers were the last that were played with it, some of them until
    /// then.
    Gone(Trouble, Vec<u64>),
    /// No opening handshake succeeded.
    NeverOpened,
}

/// What it came to.
#[derive(Debug)]
pub struct Report {
    /// Why it ended.
    pub stopped: Stopped,
    /// Sessions that were played and judged.
    pub played: u64,
    /// Sessions of which the model could not say what may come of them; they were not played.
    pub unforetold: u64,
    /// Sessions that failed once, but not when they were played again.
    pub flaky: u64,
    /// Sessions that failed as one did before them.
    pub alike: u64,
    /// Sessions that failed at the end, when there was no time left to play them again.
    pub unexamined: u64,
    /// What was found, one session for each sign.
    pub findings: Vec<Finding>,
    /// How long it took.
    pub duration: Duration,
}

/// For so long after the time that a hunt has, failures are still played again and made short. The one thing that may
/// take longer is to play a session again that is being looked at.
pub const GRACE: Duration = Duration::from_secs(5);

/// A failure is believed if it comes again so many times.
const CONFIRMED: u32 = 2;

/// So many sessions without a connection, one after another, and the target counts as gone; or as something else than a
/// WebSocket server if none was ever opened.
const GONE: u32 = 8;

/// While a session is made short the target has this many times as long as it usually takes, within these bounds.
const USUAL: u32 = 10;
const LEAST: Duration = Duration::from_millis(150);
const MOST: Duration = Duration::from_millis(600);

/// Plays sessions against `target` until they are done, `cancel` is, or `told` breaks it off. Dropping the future ends all
/// connections.
pub async fn hunt<C: Connect>(
    target: Arc<C>,
    options: Options,
    told: &mut dyn FnMut(News<'_>) -> ControlFlow<()>,
    cancel: impl Future<Output = ()>,
) -> Report {
    let begun = Instant::now();
    let mut hunt = Hunt {
        server: Arc::new(Server::new(target, None)),
        generator: Generator::new(options.seed, options.choice),
        told,
        unheard: false,
        until: options.time.map(|time| begun + time),
        next: 0,
        deflate: true,
        opened: false,
        lost: Vec::new(),
        last: Vec::new(),
        running: BTreeSet::new(),
        usual: Duration::ZERO,
        known: BTreeSet::new(),
        report: Report {
            stopped: Stopped::Cancelled,
            played: 0,
            unforetold: 0,
            flaky: 0,
            alike: 0,
            unexamined: 0,
            findings: Vec::new(),
            duration: Duration::ZERO,
        },
        options,
    };
    let stopped = tokio::select! {
        biased;
        () = cancel => Stopped::Cancelled,
        stopped = hunt.go() => stopped,
    };
    Report { stopped, duration: begun.elapsed(), ..hunt.report }
}

struct Hunt<'a, C> {
    server: Arc<Server<C>>,
    generator: Generator,
    options: Options,
    told: &'a mut dyn FnMut(News<'_>) -> ControlFlow<()>,
    /// Who is told wants to hear no more.
    unheard: bool,
    until: Option<Instant>,
    /// The number of the next session.
    next: u64,
    deflate: bool,
    opened: bool,
    /// Sessions that had no connection, one after another.
    lost: Vec<Trouble>,
    /// The sessions that were played last.
    last: Vec<u64>,
    /// Those that are being played.
    running: BTreeSet<u64>,
    /// How long a session usually takes.
    usual: Duration,
    known: BTreeSet<Sign>,
    report: Report,
}

type Played = (u64, Arc<Case>, Outcome);

impl<C: Connect> Hunt<'_, C> {
    async fn go(&mut self) -> Stopped {
        if let Err(trouble) = self.reach().await {
            return Stopped::Unreachable(trouble);
        }
        let mut tasks: JoinSet<Played> = JoinSet::new();
        loop {
            while tasks.len() < self.options.jobs.max(1) {
                let Some((number, case)) = self.next() else { break };
                let (server, pace) = (Arc::clone(&self.server), self.options.pace);
                self.running.insert(number);
                tasks.spawn(async move {
                    let outcome = server.attempt(Arc::clone(&case), pace).await;
                    (number, case, outcome)
                });
            }
            // A session that panics would be a fault of ours, and is none of the target's.
            let Some(done) = tasks.join_next().await else { return Stopped::Done };
            let Ok(played) = done else { continue };
            self.running.remove(&played.0);
            let stopped = self.take(played).await;
            if self.unheard {
                return Stopped::Unheard;
            }
            if let Some(stopped) = stopped {
                return stopped;
            }
        }
    }

    /// Connects once, to see whether anybody is there.
    async fn reach(&self) -> Result<(), Trouble> {
        let until = Instant::now() + self.options.wait;
        loop {
            match self.server.reach().await {
                Ok(()) => return Ok(()),
                Err(trouble @ (Trouble::Tls(_) | Trouble::Target(_))) => return Err(trouble),
                Err(trouble) if Instant::now() >= until => return Err(trouble),
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// The next session that can be played, as a case.
    fn next(&mut self) -> Option<(u64, Arc<Case>)> {
        loop {
            let over = self.options.sessions.is_some_and(|most| self.next >= most)
                || self.until.is_some_and(|until| Instant::now() >= until);
            if over {
                return None;
            }
            let number = self.next;
            self.next += 1;
            let session = self.generator.session(number)?.session();
            if !session.deflate.is_empty() && !self.deflate {
                continue;
            }
            match case_of(&session, &self.id(number)) {
                Some(case) => return Some((number, Arc::new(case))),
                None => self.report.unforetold += 1,
            }
        }
    }

    fn id(&self, number: u64) -> String {
        format!("fuzz.{}.{number}", self.options.seed)
    }

    fn tell(&mut self, news: News<'_>) {
        self.unheard |= (self.told)(news).is_break();
    }

    async fn take(&mut self, (number, case, outcome): Played) -> Option<Stopped> {
        if let Verdict::Broken(trouble) = &outcome.verdict {
            self.lost.push(trouble.clone());
            let gone = self.lost.len() >= GONE as usize;
            return gone.then(|| Stopped::Gone(trouble.clone(), std::mem::take(&mut self.last)));
        }
        self.opened |= outcome.transcript.as_ref().is_some_and(Transcript::is_open);
        if self.last.len() >= self.options.jobs {
            self.last.remove(0);
        }
        self.last.push(number);
        self.lost.clear();
        self.report.played += 1;
        self.tell(News::Played(self.report.played));
        if !self.opened && self.report.played >= u64::from(GONE) {
            return Some(Stopped::NeverOpened);
        }
        if outcome.verdict == Verdict::Unimplemented && self.deflate {
            self.deflate = false;
            self.tell(News::WithoutDeflate);
        }
        let Some(sign) = Sign::of(&case, &outcome) else {
            self.usual =
                if self.usual.is_zero() { outcome.duration } else { (self.usual * 15 + outcome.duration) / 16 };
            return None;
        };
        if self.known.contains(&sign) {
            self.report.alike += 1;
            return None;
        }
        // One failure is looked at however late it comes.
        if !self.report.findings.is_empty() && self.until.is_some_and(|until| Instant::now() >= until + GRACE) {
            self.report.unexamined += 1;
            return None;
        }
        if let Err(trouble) = self.examine(number, case, outcome, sign).await {
            let mut last = std::mem::take(&mut self.last);
            last.extend(&self.running);
            return Some(Stopped::Gone(trouble, last));
        }
        (self.report.findings.len() >= self.options.max_fail.max(1)).then_some(Stopped::MaxFail)
    }

    /// Looks whether a failure comes again, and makes its session short. Fails if the target is there no more.
    async fn examine(&mut self, number: u64, case: Arc<Case>, outcome: Outcome, sign: Sign) -> Result<(), Trouble> {
        let again = match self.confirmed(&case, &sign).await {
            Err(Some(gone)) => match self.reach().await {
                // It just started again.
                Ok(()) => self.confirmed(&case, &sign).await,
                Err(_) => Err(Some(gone)),
            },
            again => again,
        };
        if let Err(Some(gone)) = again {
            self.gone(number, case, outcome, &sign, &gone);
            return Err(gone);
        }
        let Ok(outcome) = again else {
            self.report.flaky += 1;
            self.tell(News::Unconfirmed(number, &sign));
            return Ok(());
        };
        self.tell(News::Shrinking(&sign));
        let Some(grown) = self.generator.session(number) else { return Ok(()) };
        let found = Failed { session: grown.session(), case, outcome, sign: sign.clone() };
        let steps = found.case.send.len();
        let (short, runs) = self.shorter(number, grown, found.clone(), &sign).await;
        // In the short time that it had there, something else may have been too slow.
        let Failed { case, outcome, sign: shown, .. } = match self.confirmed(&short.case, &short.sign).await {
            Ok(outcome) => Failed { outcome, ..short },
            Err(_) => found,
        };
        // Both are of one fault, as far as can be told.
        self.known.extend([sign, shown.clone()]);
        self.found(Finding { sign: shown, number, case, outcome, runs, steps, suspects: Vec::new() });
        Ok(())
    }

    /// The target serves nobody any more, so that nothing can be played again, nor made short. The session that was the
    /// first to fail by that may just have been cut off: any that was on its way may be to blame.
    fn gone(&mut self, number: u64, case: Arc<Case>, outcome: Outcome, sign: &Sign, trouble: &Trouble) {
        let mut suspects = self.running.clone();
        suspects.insert(number);
        let sign = sign.but_gone(suspects.len());
        let suspects = if suspects.len() > 1 { suspects.into_iter().collect() } else { Vec::new() };
        let (steps, outcome) = (case.send.len(), outcome.but_gone(trouble.to_string()));
        self.found(Finding { sign, number, case, outcome, runs: 0, steps, suspects });
    }

    fn found(&mut self, finding: Finding) {
        self.tell(News::Found(&finding));
        self.report.findings.push(finding);
    }

    async fn shorter(&self, number: u64, grown: Grown, found: Failed, sign: &Sign) -> (Failed, u64) {
        let longest = (self.usual * USUAL).clamp(LEAST, MOST);
        let pace = self.options.pace.no_longer_than(longest);
        let until = self.until.map(|until| until + GRACE);
        let mut shrinking = Shrinking::new(&*self.server, pace, &self.id(number), sign, &self.known, until);
        let short = shrinking.shortest(grown, found).await;
        (short, shrinking.runs)
    }

    /// The outcome of a case that fails with this sign each time. Otherwise why there was no connection any more, if
    /// that is so.
    async fn confirmed(&self, case: &Arc<Case>, sign: &Sign) -> Result<Outcome, Option<Trouble>> {
        let mut last = Err(None);
        for _ in 0..CONFIRMED {
            let outcome = self.server.attempt(Arc::clone(case), self.options.pace).await;
            if let Verdict::Broken(trouble) = outcome.verdict {
                return Err(Some(trouble));
            }
            if Sign::of(case, &outcome).as_ref() != Some(sign) {
                return Err(None);
            }
            last = Ok(outcome);
        }
        last
    }
}

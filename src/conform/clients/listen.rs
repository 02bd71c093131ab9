//! The run: clients come, each is tested, until somebody ends it.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::agents::{Agent, MOST};
use super::door::Keys;
use super::resource::Numbered;
use super::visit::{House, Note};
use crate::conform::peer::Transport;
use crate::conform::{Case, Conclusion, Options};
use crate::proto::Role;
use crate::watch::{Event, Kind, Plan, Reason, Sink, Timestamp};

/// The most connections at a time; more have to wait.
const VISITS: usize = 1024;

/// How long setting a connection up may take before there is a request.
const SETTING_UP: Duration = Duration::from_secs(5);

/// How long those who are there may take to leave when everything ends.
const LEAVING: Duration = Duration::from_secs(1);

/// Where clients come in.
pub trait Accept: Send + 'static {
    /// What cases are played on.
    type Transport: Transport;

    /// A connection that is still to be set up, such as by TLS.
    type Coming: Future<Output = io::Result<Self::Transport>> + Send + 'static;

    /// The next client.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Coming>> + Send;
}

/// What testing clients came to.
#[derive(Debug)]
pub struct Visitors {
    /// The agents, in the order in which they came.
    pub agents: Vec<Tested>,
    /// What ended it.
    pub ended: Ended,
    /// How many cases were refused because there were too many agents.
    pub refused: u64,
    /// Whether the sink took all events.
    pub told: io::Result<()>,
}

/// A client that was tested.
#[derive(Debug)]
pub struct Tested {
    /// How it called itself.
    pub agent: String,
    /// What its run came to, without transcripts.
    pub conclusion: Conclusion,
    /// Whether it said that it was done, or had no case left.
    pub complete: bool,
}

/// What ended the testing of clients.
#[derive(Debug)]
pub enum Ended {
    /// A client asked for it.
    Stopped,
    /// It was cancelled.
    Cancelled,
    /// Nobody came in time.
    NobodyCame,
    /// Nobody can come any more.
    Broken(io::Error),
}

/// Tests the clients that come in at `door` with `cases`, until one of them or `cancel` ends it, or nobody comes in the
/// time to wait that `options` give; with none of that it is waited for as long as it takes. `protocols` are agreed to,
/// the preferred one first. It is the clients that decide how many cases they run at a time, and how often.
///
/// Each agent is a run of its own in the events. One that does what it wants, or nothing, harms no other.
pub async fn listen<A: Accept>(
    door: A,
    cases: &[Arc<Case>],
    options: Options,
    protocols: Vec<String>,
    sink: &mut dyn Sink,
    cancel: impl Future<Output = ()>,
) -> Visitors {
    let (sender, notes) = mpsc::unbounded_channel();
    let house = Arc::new(House {
        numbered: Numbered::new(cases, &options),
        options,
        protocols,
        notes: sender,
        keys: Keys::default(),
    });
    let mut run = Run { house, sink, told: Ok(()), agents: Vec::new(), refused: 0, visits: JoinSet::new(), notes };
    let ended = tokio::select! {
        biased;
        () = cancel => Ended::Cancelled,
        ended = run.go(door) => ended,
    };
    run.conclude(ended).await
}

struct Run<'a> {
    house: Arc<House>,
    sink: &'a mut dyn Sink,
    told: io::Result<()>,
    agents: Vec<Agent>,
    refused: u64,
    visits: JoinSet<()>,
    notes: mpsc::UnboundedReceiver<Note>,
}

impl Run<'_> {
    async fn go<A: Accept>(&mut self, door: A) -> Ended {
        let wait = self.house.options.wait;
        let places = Arc::new(Semaphore::new(VISITS));
        let mut nobody = Box::pin(sleep(wait));
        loop {
            let admitted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (door.accept().await, place)
            };
            tokio::select! {
                biased;
                // The house has a sender, so there is always another note.
                Some(note) = self.notes.recv() => {
                    if matches!(note, Note::Stops) {
                        return Ended::Stopped;
                    }
                    self.take(note);
                }
                Some(_) = self.visits.join_next() => {}
                () = &mut nobody, if !wait.is_zero() && self.agents.is_empty() => return Ended::NobodyCame,
                (coming, place) = admitted => {
                    let coming = match coming {
                        Ok(coming) => coming,
                        Err(error) => return Ended::Broken(error),
                    };
                    let house = Arc::clone(&self.house);
                    self.visits.spawn(async move {
                        match (timeout(SETTING_UP, coming).await, house.options.tap.clone()) {
                            (Ok(Ok(stream)), None) => house.receive(stream).await,
                            (Ok(Ok(stream)), Some(tap)) => house.receive(tap.on(stream, Role::Server, "client")).await,
                            _ => {}
                        }
                        drop(place);
                    });
                }
            }
        }
    }

    fn take(&mut self, note: Note) {
        match note {
            Note::Begins { agent, case, go } => {
                let Some(index) = self.admit(&agent) else {
                    self.refused += 1;
                    // Whoever is gone need not be told.
                    let _ = go.send(false);
                    return;
                };
                self.agents[index].begins(case);
                let id = self.house.numbered.cases[case].id.to_string();
                self.tell(&agent, Kind::CaseStarted { case: id, attempt: 1 });
                let _ = go.send(true);
            }
            Note::Ends { agent, case, outcome, noted } => {
                let Some(index) = self.index(&agent) else { return };
                let outcome = outcome.map(|outcome| Box::new(self.house.options.knowing(*outcome)));
                if let Some(outcome) = &outcome {
                    self.tell(&agent, Kind::CaseFinished(outcome.clone()));
                }
                self.agents[index].ends(case, outcome.map(|outcome| *outcome));
                let _ = noted.send(());
                self.finish_if_asked(index);
            }
            Note::Asks { agent, case, reply } => match self.index(&agent) {
                Some(index) => self.agents[index].asks(case, reply),
                // It ran nothing: there is no result, and nobody to keep one for.
                None => drop(reply),
            },
            Note::Finishes { agent, noted } => match self.index(&agent) {
                Some(index) => {
                    self.agents[index].finishing.push(noted);
                    self.finish_if_asked(index);
                }
                // It ran nothing, so there is nothing to tell.
                None => drop(noted),
            },
            Note::Stops => {}
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.agents.iter().position(|agent| agent.name == name)
    }

    /// The agent of this name, which is new perhaps; `None` if there are too many.
    fn admit(&mut self, name: &str) -> Option<usize> {
        if let Some(index) = self.index(name) {
            return Some(index);
        }
        if self.agents.len() == MOST {
            return None;
        }
        self.agents.push(Agent::new(name.to_owned(), &self.house.numbered));
        let plan = Plan {
            target: name.to_owned(),
            role: Role::Client,
            heading: self.house.options.heading.clone(),
            cases: self.house.numbered.cases.iter().map(|case| case.brief()).collect(),
        };
        self.tell(name, Kind::RunStarted(plan));
        Some(self.agents.len() - 1)
    }

    /// Ends the run of an agent that asked for it and plays no case any more.
    fn finish_if_asked(&mut self, index: usize) {
        if self.agents[index].is_busy() || self.agents[index].finishing.is_empty() {
            return;
        }
        self.finish(index, Reason::NotAsked);
        for noted in std::mem::take(&mut self.agents[index].finishing) {
            let _ = noted.send(());
        }
    }

    fn finish(&mut self, index: usize, reason: Reason) {
        let agent = &mut self.agents[index];
        let excluded = &self.house.options.excluded;
        let complete = agent.is_complete(&self.house.numbered, excluded);
        let name = agent.name.clone();
        let stopped = (reason == Reason::Cancelled && !complete).then_some(reason);
        let filled = agent.fill(&self.house.numbered, excluded, reason);
        let summary = agent.finish(stopped);
        for outcome in filled {
            self.tell(&name, Kind::CaseFinished(Box::new(outcome)));
        }
        self.tell(&name, Kind::RunFinished(summary));
    }

    fn tell(&mut self, agent: &str, kind: Kind) {
        if self.told.is_ok() {
            let (at, agent) = (Timestamp::now(), Some(agent.to_owned()));
            self.told = self.sink.take(&Event { at, agent, connection: None, kind });
        }
    }

    async fn conclude(mut self, ended: Ended) -> Visitors {
        if matches!(ended, Ended::Stopped) {
            // Those who are leaving may leave in peace; whoever plays on may finish if that is soon.
            let _ = timeout(LEAVING, async {
                loop {
                    tokio::select! {
                        biased;
                        Some(note) = self.notes.recv() => self.take(note),
                        visit = self.visits.join_next() => if visit.is_none() { return },
                    }
                }
            })
            .await;
        }
        self.visits.shutdown().await;
        while let Ok(note) = self.notes.try_recv() {
            self.take(note);
        }
        let reason = if matches!(ended, Ended::Stopped) { Reason::NotAsked } else { Reason::Cancelled };
        let mut complete = Vec::new();
        for index in 0..self.agents.len() {
            let (agent, house) = (&self.agents[index], &self.house);
            let finished = agent.is_finished();
            complete.push(finished || agent.is_complete(&house.numbered, &house.options.excluded));
            if !finished {
                self.finish(index, reason);
            }
        }
        let agents = self.agents.into_iter().zip(complete).map(|(agent, complete)| Tested {
            agent: agent.name.clone(),
            conclusion: agent.conclude(),
            complete,
        });
        Visitors { agents: agents.collect(), ended, refused: self.refused, told: self.told }
    }
}

//! One connection of a client: what it asks for, and how that is served.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::door::{Caller, Keys, knock};
use super::resource::{Numbered, Resource, help, nameless};
use crate::conform::cpu::Metered;
use crate::conform::expect::Wanted;
use crate::conform::peer::{Parting, Transport, play_answered};
use crate::conform::run::judged;
use crate::conform::{Case, Options, Pace};
use crate::net::SystemKeys;
use crate::watch::Outcome;

/// How long a client may wait for a result, at the pace of one. The longest cases take less.
const RESULT: Duration = Duration::from_secs(300);

/// What a visit tells the run.
#[derive(Debug)]
pub(super) enum Note {
    /// A case begins, if it may: there can be too many agents.
    Begins { agent: String, case: usize, go: oneshot::Sender<bool> },
    /// A case is over; without an outcome if it was broken off.
    Ends { agent: String, case: usize, outcome: Option<Box<Outcome>>, noted: oneshot::Sender<()> },
    /// What did a case come to?
    Asks { agent: String, case: usize, reply: oneshot::Sender<String> },
    /// An agent is done.
    Finishes { agent: String, noted: oneshot::Sender<()> },
    /// Everything is to end.
    Stops,
}

/// What all visits have in common.
#[derive(Debug)]
pub(super) struct House {
    pub(super) numbered: Numbered,
    pub(super) options: Options,
    pub(super) protocols: Vec<String>,
    pub(super) notes: mpsc::UnboundedSender<Note>,
    pub(super) keys: Keys,
}

impl House {
    fn tell(&self, note: Note) {
        // The run that does not hear any more has ended, and will end this visit.
        let _ = self.notes.send(note);
    }

    /// Serves whoever comes.
    pub(super) async fn receive<T: Transport>(self: Arc<Self>, stream: T) {
        let Ok(mut caller) = knock(stream, self.options.pace).await else { return };
        self.keys.see(&mut caller);
        let name = nameless(caller.request.headers.get("User-Agent"));
        let resource = match Resource::read(&caller.asked.resource, &self.numbered, &name) {
            Ok(resource) => resource,
            Err(refusal) => return caller.refuse(refusal.0, &refusal.1).await,
        };
        match resource {
            Resource::Help if caller.is_plain() => caller.refuse(200, &help(&self.numbered)).await,
            Resource::Help => caller.refuse(404, &help(&self.numbered)).await,
            Resource::Run { case, agent } if !caller.is_plain() => self.run(caller, case, agent).await,
            Resource::Count => {
                let count = self.numbered.count().to_string();
                caller.tell(async { Some(count) }).await;
            }
            Resource::Info(case) => {
                let case = &self.numbered.cases[case];
                let info = serde_json::json!({ "id": case.id.as_str(), "description": case.title });
                caller.tell(async { Some(info.to_string()) }).await;
            }
            Resource::Status { case, agent } => {
                let result = async {
                    let (reply, answer) = oneshot::channel();
                    self.tell(Note::Asks { agent, case, reply });
                    let word = timeout(self.options.pace.scale(RESULT), answer).await.ok()?.ok()?;
                    Some(serde_json::json!({ "behavior": word }).to_string())
                };
                caller.tell(result).await;
            }
            Resource::Update { agent, stop } => {
                let finished = async {
                    let (noted, answer) = oneshot::channel();
                    self.tell(Note::Finishes { agent, noted });
                    // The run that is gone has finished everything.
                    let _ = answer.await;
                    None
                };
                if caller.tell(finished).await.is_some() && stop {
                    self.tell(Note::Stops);
                }
            }
            Resource::Stop => {
                if caller.tell(async { None }).await.is_some() {
                    self.tell(Note::Stops);
                }
            }
            // Refused as it has to be: it asks for no WebSocket.
            Resource::Run { .. } => drop(caller.answer(&[], None, self.options.pace).await),
        }
    }

    async fn run<T: Transport>(&self, caller: Caller<T>, index: usize, agent: String) {
        // Only what is played has a number.
        let Ok(case) = self.numbered.playable(index).map(Arc::clone) else { return };
        if self.options.excluded.excludes(&agent, &case) {
            // As Autobahn does: it finds an open connection that ends at once, and there is no result.
            caller.tell(async { None }).await;
            return;
        }
        let (go, going) = oneshot::channel();
        self.tell(Note::Begins { agent: agent.clone(), case: index, go });
        match going.await {
            Ok(true) => {}
            Ok(false) => {
                let words = format!("the results of {} agents are kept, and of no more", super::agents::MOST);
                return caller.refuse(503, &words).await;
            }
            Err(_) => return,
        }
        let mut played = Played { house: self, agent, case: index, over: false };
        let (outcome, parting) = play(caller, case, self.options.pace, &self.protocols).await;
        played.ends(outcome).await;
        parting.leave().await;
    }
}

/// Plays a case on a connection that is not answered yet.
pub(super) async fn play<T: Transport>(
    caller: Caller<T>,
    case: Arc<Case>,
    pace: Pace,
    protocols: &[String],
) -> (Outcome, Parting<T>) {
    let begun = Instant::now();
    let playing = async {
        let wanted = Arc::new(Wanted::of(&case));
        let (stream, opening, behind) = caller.answer(protocols, Some(&case), pace).await;
        let (transcript, parting) =
            play_answered(stream, (opening, &behind), &case, &wanted, pace, &mut SystemKeys::new()).await;
        (judged(&case, &wanted, transcript), parting)
    };
    let ((mut outcome, parting), cpu) = Metered::new(playing).await;
    (outcome.attempts, outcome.duration, outcome.cpu) = (1, begun.elapsed(), cpu);
    (outcome, parting)
}

/// A case that has begun; its end is told in any case.
struct Played<'a> {
    house: &'a House,
    agent: String,
    case: usize,
    over: bool,
}

impl Played<'_> {
    async fn ends(&mut self, outcome: Outcome) {
        self.over = true;
        let (noted, heard) = oneshot::channel();
        let (agent, case, outcome) = (self.agent.clone(), self.case, Some(Box::new(outcome)));
        self.house.tell(Note::Ends { agent, case, outcome, noted });
        // The run that is gone has told of it what it could.
        let _ = heard.await;
    }
}

impl Drop for Played<'_> {
    fn drop(&mut self) {
        if !self.over {
            let (noted, _) = oneshot::channel();
            self.house.tell(Note::Ends { agent: self.agent.clone(), case: self.case, outcome: None, noted });
        }
    }
}

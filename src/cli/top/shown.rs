//! What is shown of a source.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Watched, words};
use crate::cli::{Everywhere, Exit, print};
use crate::watch::live::{News, Progress, State};
use crate::watch::{Snapshot, live};

/// How a source is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    /// As text, once.
    pub(super) once: bool,
}

/// Of what goes on this much is waited for.
const ONCE: Duration = Duration::from_millis(1500);

/// What a source has told.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) before: Option<Box<Snapshot>>,
    pub(super) snapshot: Option<Box<Snapshot>>,
    pub(super) violations: Vec<live::Violation>,
    pub(super) run: Option<Box<Progress>>,
    pub(super) state: Option<State>,
}

impl Told {
    fn hear(&mut self, news: News) {
        match news {
            News::State(state) => self.state = Some(state),
            News::Snapshot(snapshot) => self.before = self.snapshot.replace(snapshot),
            News::Violations(violations) => {
                self.violations.extend(violations);
                let excess = self.violations.len().saturating_sub(crate::watch::Meter::VIOLATIONS);
                self.violations.drain(..excess);
            }
            News::Run(progress) => self.run = Some(progress),
            News::Frames(_) => {}
        }
    }

    /// Whether there is nothing more to wait for.
    fn is_enough(&self) -> bool {
        matches!(self.state, Some(State::Over { .. } | State::Lost { .. }))
    }
}

impl Shown {
    pub(super) async fn show(self, watched: Watched, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        anyhow::ensure!(self.once, "the dashboard is not part of this build: use --once");
        self.once(watched, everywhere).await
    }

    async fn once(self, mut watched: Watched, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        let mut told = Told::default();
        let mut until = None;
        loop {
            let next = match until {
                Some(until) if told.snapshot.is_some() => match timeout_at(until, watched.news.recv()).await {
                    Ok(next) => next,
                    Err(_) => break,
                },
                _ => watched.news.recv().await,
            };
            let Some(news) = next else { break };
            told.hear(news);
            // What is read from a file has an end; what goes on has none.
            until.get_or_insert(Instant::now() + ONCE);
            if told.is_enough() || (watched.is_going_on && told.before.is_some()) {
                break;
            }
            if !watched.is_going_on {
                until = None;
            }
        }
        let text = words::of(&watched.name, &told);
        print::result(format_args!("{}", text.trim_end()))?;
        let _ = everywhere;
        Ok(match told.state {
            Some(State::Over { words: Some(words) }) => {
                print::error(words);
                Exit::Usage
            }
            Some(State::Lost { why, .. }) => {
                print::error(why);
                Exit::Unreachable
            }
            _ => Exit::Ok,
        })
    }
}

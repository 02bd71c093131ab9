//! A server elsewhere that is watched.
//!
//! It is attached to at [`PATH`](super::PATH). When it is lost that is told, with the reason and when it is tried again;
//! when it is back it is asked again for what was wished last.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::SUBPROTOCOL;
use crate::net::pool::Backoff;
use crate::net::{Client, ConnectError, Connection};
use crate::proto::{Closed, SendError};
use crate::watch::live::{News, State, Wish};
use crate::wire::CloseCode;

/// A server that is attached to.
#[derive(Debug)]
pub struct Remote {
    client: Client,
    connection: Connection,
}

/// Why a server cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Somebody else listens there.
    #[error(
        "what listens there does not agree to the subprotocol {SUBPROTOCOL}: it is no wslab server that is watched"
    )]
    Subprotocol,
}

/// At first half a second, at last 10: chance makes it up to a half shorter.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(500), cap: Duration::from_secs(10) };

/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// How a time at a server ended.
enum Left {
    /// Nobody listens to the news any more.
    Unwatched,
    /// The server is gone, for this reason; whether it had told anything.
    Lost { why: String, told: bool },
}

/// What was wished last, to be wished again.
#[derive(Debug, Default)]
struct Wished {
    frames: Option<Wish>,
    pace: Option<Wish>,
}

impl Wished {
    fn remember(&mut self, wish: &Wish) {
        match wish {
            Wish::Frames { .. } => self.frames = Some(wish.clone()),
            Wish::Pace { .. } => self.pace = Some(wish.clone()),
            Wish::Hold { .. } | Wish::Skip => {}
        }
    }

    fn all(&self) -> impl Iterator<Item = &Wish> {
        self.pace.iter().chain(&self.frames)
    }
}

async fn attach(client: &Client) -> Result<Connection, AttachError> {
    let connection = client.connect().await?;
    let agreed = connection.agreed().and_then(|agreed| agreed.protocol.as_deref());
    if agreed == Some(SUBPROTOCOL) { Ok(connection) } else { Err(AttachError::Subprotocol) }
}

impl Remote {
    /// Attaches to the server that `client` connects to, the subprotocol of watchers being all that it asks for.
    ///
    /// # Errors
    /// If it cannot be had, does not let us in, or is no server that can be watched.
    pub async fn attach(client: Client) -> Result<Self, AttachError> {
        let client = client.protocols([SUBPROTOCOL]);
        let connection = attach(&client).await?;
        Ok(Self { client, connection })
    }

    /// Tells `news` what the server tells, and the server what is wished, until nobody listens any more.
    pub async fn run(self, news: mpsc::Sender<News>, wishes: mpsc::Receiver<Wish>) {
        let Self { client, connection } = self;
        let mut line = Line { news, wishes: Some(wishes), wished: Wished::default() };
        let mut attached = Ok(connection);
        let mut failures = 0;
        loop {
            let why = match attached {
                Ok(connection) => match line.stay(connection).await {
                    Left::Unwatched => return,
                    Left::Lost { why, told } => {
                        if told {
                            failures = 0;
                        }
                        why
                    }
                },
                Err(error) => AttachError::to_string(&error),
            };
            let delay = delay(failures);
            failures = failures.saturating_add(1);
            let retry_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            if line.news.send(News::State(State::Lost { why, retry_ms })).await.is_err() {
                return;
            }
            if !line.wait(Instant::now() + delay).await {
                return;
            }
            attached = tokio::select! {
                attached = attach(&client) => attached,
                () = line.news.closed() => return,
            };
        }
    }
}

fn delay(failures: u32) -> Duration {
    // Without a generator there is no chance: whole times are waited for.
    let chance = getrandom::u64().unwrap_or(u64::MAX);
    (BACKOFF.bound(failures) + BACKOFF.delay(failures, chance)) / 2
}

/// The way to who watches.
struct Line {
    news: mpsc::Sender<News>,
    /// `None` when nobody will wish for anything any more.
    wishes: Option<mpsc::Receiver<Wish>>,
    wished: Wished,
}

impl Line {
    /// The next wish. It can be cancelled.
    async fn wish(&mut self) -> Wish {
        if let Some(wishes) = &mut self.wishes {
            if let Some(wish) = wishes.recv().await {
                self.wished.remember(&wish);
                return wish;
            }
            self.wishes = None;
        }
        std::future::pending().await
    }

    /// Waits until then; whether anybody still listens.
    async fn wait(&mut self, until: Instant) -> bool {
        loop {
            let news = self.news.clone();
            tokio::select! {
                () = sleep_until(until) => return true,
                // It is remembered.
                _ = self.wish() => {}
                () = news.closed() => return false,
            }
        }
    }

    /// Stays with a server until it is lost, or nobody listens any more.
    async fn stay(&mut self, mut connection: Connection) -> Left {
        let mut told = false;
        for wish in self.wished.all() {
            // If it is gone, the next thing that is heard is why.
            let _sent = say(&mut connection, wish).await;
        }
        let news = self.news.clone();
        let why = loop {
            let heard = tokio::select! {
                heard = connection.next() => heard,
                wish = self.wish() => {
                    let _sent = say(&mut connection, &wish).await;
                    continue;
                }
                () = news.closed() => {
                    goodbye(connection).await;
                    return Left::Unwatched;
                }
            };
            let message = match heard {
                Ok(Some(message)) => message,
                Ok(None) => break connection.closed().map_or_else(String::new, ended),
                Err(broken) => break broken.to_string(),
            };
            let heard = match serde_json::from_str(message.as_text().unwrap_or_default()) {
                Ok(heard) => heard,
                Err(error) => break format!("what it tells is not understood: {error}"),
            };
            told = true;
            if news.send(heard).await.is_err() {
                goodbye(connection).await;
                return Left::Unwatched;
            }
        };
        Left::Lost { why, told }
    }
}

async fn say(connection: &mut Connection, wish: &Wish) -> Result<(), SendError> {
    // Fails only for maps whose keys are no strings.
    let text = serde_json::to_string(wish).unwrap_or_default();
    connection.send(text.as_str()).await
}

async fn goodbye(mut connection: Connection) {
    // It is dropped then, whatever came of it.
    let _closed = timeout(GOODBYE, connection.close(CloseCode::NORMAL, "")).await;
}

/// How a server closed.
fn ended(closed: &Closed) -> String {
    let reason = if closed.reason.is_empty() { String::new() } else { format!(": {}", closed.reason) };
    format!("the server closed the connection with {}{reason}", closed.code.0)
}

//! Talking on a terminal: lines are messages, and what begins with a slash is a command. An end of the connection is
//! none of the program.

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;

use super::backoff::Backoff;
use super::command::{self, Command};
use super::editor::{Editor, Typed};
use super::link::Link;
use super::{hopeless, unreachable};
use crate::proto::Message;

/// How somebody talks.
pub(super) struct Talk {
    pub(super) binary: bool,
    /// How long closing may take before a connection is made anew.
    pub(super) patience: Duration,
    /// How to connect again when the connection is lost, if that is wanted.
    pub(super) backoff: Option<Backoff>,
}

/// How somebody ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Wanted,
    Interrupted,
}

/// A connection that is being made.
type Opening<'a> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + 'a>>;

enum Order {
    Send(Message<'static>),
    Do(Command),
}

impl Talk {
    /// Until somebody ends it.
    pub(super) async fn speak(&self, link: &Link<'_>, editor: &mut Editor) -> Ended {
        // Ordered while the server does not read; a person types few.
        let (orders, mut ordered) = mpsc::unbounded_channel();
        let delivery = async {
            while let Some(order) = ordered.recv().await {
                deliver(order, link).await;
            }
        };
        tokio::pin!(delivery);
        let mut opening: Option<Opening<'_>> = None;
        let mut watching = true;
        let mut interrupted = false;
        loop {
            tokio::select! {
                typed = editor.next() => {
                    let again = std::mem::replace(&mut interrupted, matches!(typed, Typed::Interrupt));
                    let order = match typed {
                        Typed::End => return Ended::Wanted,
                        Typed::Interrupt if again => return Ended::Interrupted,
                        Typed::Interrupt => {
                            link.screen.tell(format_args!("Ctrl-C again ends, and so do Ctrl-D and /quit"));
                            continue;
                        }
                        Typed::Trouble(words) => {
                            link.screen.warning(words);
                            continue;
                        }
                        Typed::Line(line) => self.read(&line),
                    };
                    match order {
                        Ok(None) => {}
                        Ok(Some(Order::Do(Command::Quit))) => return Ended::Wanted,
                        Ok(Some(Order::Do(Command::Help))) => link.screen.tell(format_args!("{}", command::help())),
                        Ok(Some(Order::Do(Command::Status))) => link.screen.tell(format_args!("{link}")),
                        Ok(Some(Order::Do(Command::Reconnect))) => {
                            watching = false;
                            opening = Some(Box::pin(async { Ok(link.again(self.patience).await?) }));
                        }
                        Ok(Some(order)) if link.is_open() => {
                            // The other end is here.
                            let _ordered = orders.send(order);
                        }
                        Ok(Some(_)) if opening.is_some() => link.screen.error("there is no connection yet"),
                        Ok(Some(_)) => link.screen.error("there is no connection: /reconnect makes one"),
                        Err(words) => link.screen.error(words),
                    }
                }
                _ = link.closed(), if watching => {
                    watching = false;
                    match &self.backoff {
                        Some(backoff) if !link.was_closed_by_us() => opening = Some(Box::pin(backoff.open(link))),
                        _ => link.screen.tell(format_args!("/reconnect connects again, /quit ends")),
                    }
                }
                opened = ready(&mut opening) => {
                    opening = None;
                    let Err(error) = opened else {
                        watching = true;
                        continue;
                    };
                    let passing = error.downcast_ref().filter(|error| !hopeless(error));
                    link.screen.error(passing.map_or_else(|| format!("{error:#}"), unreachable));
                    match self.backoff.as_ref().filter(|_| passing.is_some()) {
                        Some(backoff) => opening = Some(Box::pin(backoff.open(link))),
                        None => link.screen.tell(format_args!("/reconnect tries again, /quit ends")),
                    }
                }
                () = &mut delivery => {}
            }
        }
    }

    /// What a line orders; nothing if there is nothing on it.
    fn read(&self, line: &str) -> Result<Option<Order>, String> {
        let text = match line.strip_prefix('/') {
            None if line.trim().is_empty() => return Ok(None),
            None => line,
            Some(rest) if rest.starts_with('/') => rest,
            Some(rest) => return Command::parse(rest).map(|command| Some(Order::Do(command))),
        };
        Ok(Some(Order::Send(message(text, self.binary))))
    }
}

/// The message that a line is.
pub(super) fn message(text: &str, binary: bool) -> Message<'static> {
    if binary { Message::binary(text.as_bytes().to_vec()) } else { Message::text(text.to_owned()) }
}

/// Does what may have to wait for the server.
async fn deliver(order: Order, link: &Link<'_>) {
    let done = match order {
        Order::Send(message) => link.send(message).await,
        Order::Do(Command::Text(text)) => link.send(Message::text(text)).await,
        Order::Do(Command::Binary(bytes)) => link.send(Message::binary(bytes)).await,
        Order::Do(Command::Ping(payload)) => link.ping(&payload).await,
        Order::Do(Command::Close(code, reason)) => link.close(code, &reason).await,
        // These wait for nobody, and are done at once.
        Order::Do(Command::Help | Command::Status | Command::Reconnect | Command::Quit) => Ok(()),
    };
    if let Err(error) = done {
        link.screen.error(format_args!("not sent: {error}"));
    }
}

async fn ready(opening: &mut Option<Opening<'_>>) -> anyhow::Result<()> {
    match opening {
        Some(opening) => opening.await,
        None => pending().await,
    }
}

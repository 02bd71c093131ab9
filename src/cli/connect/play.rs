//! Playing a script: step by step, and saying what was not as it had to be.

use std::fmt;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::command::{self, Command};
use super::line::linger;
use super::link::Link;
use super::screen::End;
use super::script::{Expected, Script, Step, described, ended_as};
use super::terminal::message;
use super::unreachable;
use crate::proto::Message;
use crate::wire::CloseCode;

/// How a script is played.
pub(super) struct Player {
    pub(super) script: Script,
    pub(super) binary: bool,
    /// How long is waited for what has to come, unless the script says otherwise; and for a connection to close.
    pub(super) patience: Duration,
    pub(super) linger: Duration,
}

/// What a script came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Played {
    /// Everything was as it had to be, and so may be the end.
    Well,
    /// Everything was as it had to be, the end of the connection included.
    WellToTheEnd,
    /// Something was not.
    Otherwise,
}

/// A step that was not as it had to be.
struct Miss {
    expected: String,
    came: String,
}

impl Player {
    /// Until the script ends, or cannot go on.
    pub(super) async fn play(&self, link: &Link<'_>) -> Played {
        let mut patience = self.patience;
        let mut missed = false;
        let mut excused = false;
        link.inbox.want(self.script.expects(0));
        for (at, (number, step)) in self.script.steps.iter().enumerate() {
            match step {
                Step::Timeout(time) => patience = *time,
                Step::Do(Command::Quit) => return self.outcome(missed, excused),
                step => {
                    let done = self.step(step, link, patience).await;
                    excused = match step {
                        Step::ExpectClose(..) => done.is_ok(),
                        Step::Do(Command::Reconnect) => false,
                        _ => excused,
                    };
                    if let Err(miss) = done {
                        missed = true;
                        link.screen.error(format_args!("{}, line {number}: {miss}", self.script.name));
                        if !self.can_go_on(at + 1, link) {
                            return Played::Otherwise;
                        }
                    }
                }
            }
            link.inbox.want(self.script.expects(at + 1));
        }
        linger(link, self.linger).await;
        self.outcome(missed, excused)
    }

    fn outcome(&self, missed: bool, excused: bool) -> Played {
        match (missed, excused) {
            (true, _) => Played::Otherwise,
            (false, true) => Played::WellToTheEnd,
            (false, false) => Played::Well,
        }
    }

    /// Whether what is left can be done; says so if not.
    fn can_go_on(&self, from: usize, link: &Link<'_>) -> bool {
        let left = self.script.steps.len() - from;
        if link.is_open() || left == 0 {
            return true;
        }
        let s = if left == 1 { "" } else { "s" };
        link.screen.tell(format_args!("{left} more step{s} of the script cannot be done without a connection"));
        false
    }

    async fn step(&self, step: &Step, link: &Link<'_>, patience: Duration) -> Result<(), Miss> {
        let sent = match step {
            Step::Send(text) => link.send(message(text, self.binary)).await,
            Step::Do(Command::Text(text)) => link.send(Message::text(text.clone())).await,
            Step::Do(Command::Binary(bytes)) => link.send(Message::binary(bytes.clone())).await,
            Step::Do(Command::Ping(payload)) => link.ping(payload).await,
            Step::Do(Command::Close(code, reason)) => link.close(*code, reason).await,
            Step::Do(Command::Status) => {
                link.screen.tell(format_args!("{link}"));
                Ok(())
            }
            Step::Do(Command::Help) => {
                link.screen.tell(format_args!("{}", command::help()));
                Ok(())
            }
            Step::Do(Command::Reconnect) => {
                let opened = link.again(self.patience).await;
                return opened.map_err(|error| miss("a new connection", unreachable(&error)));
            }
            Step::Wait(time) => {
                sleep(*time).await;
                Ok(())
            }
            Step::Expect(expected) => return expect(expected, link, patience).await,
            Step::ExpectClose(code, reason) => return expect_close(*code, reason, link, patience).await,
            // These are done where steps follow each other.
            Step::Timeout(_) | Step::Do(Command::Quit) => Ok(()),
        };
        match sent {
            Ok(()) => Ok(()),
            Err(_) => Err(miss("a connection to send this on", gone(link))),
        }
    }
}

/// The next message is as it has to be.
async fn expect(expected: &Expected, link: &Link<'_>, patience: Duration) -> Result<(), Miss> {
    let next = async {
        loop {
            let woken = link.inbox.woken.notified();
            if let Some(message) = link.inbox.pop() {
                return Ok(message);
            }
            if link.inbox.has_dropped() {
                return Err("more messages than can be kept, before this".to_owned());
            }
            if link.end().is_some() {
                return Err(gone(link));
            }
            woken.await;
        }
    };
    match timeout(patience, next).await {
        Ok(Ok(message)) if expected.fits(&message) => Ok(()),
        Ok(Ok(message)) => Err(miss(expected, described(&message))),
        Ok(Err(words)) => Err(miss(expected, words)),
        Err(_) => Err(miss(expected, nothing_within(patience))),
    }
}

/// The connection ends as it has to.
async fn expect_close(code: Option<CloseCode>, reason: &str, link: &Link<'_>, patience: Duration) -> Result<(), Miss> {
    let expected = || {
        let code = code.map(|code| format!(" with {code}")).unwrap_or_default();
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        format!("closed{code}{reason}")
    };
    match timeout(patience, link.closed()).await {
        Ok(closed) if ended_as(&closed, code, reason) => Ok(()),
        Ok(closed) => Err(miss(expected(), plain(&closed))),
        Err(_) => Err(miss(expected(), format!("still open after {}", humantime::format_duration(patience)))),
    }
}

fn nothing_within(patience: Duration) -> String {
    format!("nothing within {}", humantime::format_duration(patience))
}

/// How the connection went.
fn gone(link: &Link<'_>) -> String {
    link.end().map_or_else(|| "no connection".to_owned(), |closed| plain(&closed))
}

fn plain(closed: &crate::proto::Closed) -> String {
    anstream::adapter::strip_str(&End(closed).to_string()).to_string()
}

fn miss(expected: impl fmt::Display, came: impl fmt::Display) -> Miss {
    Miss { expected: expected.to_string(), came: came.to_string() }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not as expected\n  expected  {}\n  came      {}", self.expected, self.came)
    }
}

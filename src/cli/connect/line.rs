//! Lines of a pipe or a file: each is a message, none a command.

use std::io::{self, BufRead, Read as _};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::backoff::Backoff;
use super::link::Link;
use crate::proto::Message;

/// How lines are made messages.
pub(super) struct Lines {
    pub(super) binary: bool,
    pub(super) linger: Duration,
    /// How to connect again when the connection is lost, if that is wanted.
    pub(super) backoff: Option<Backoff>,
}

impl Lines {
    /// Sends what is read, then waits until nothing more is heard.
    pub(super) async fn speak(&self, link: &Link<'_>) -> anyhow::Result<()> {
        let mut lines = read();
        let mut number = 0;
        loop {
            let line = tokio::select! {
                line = lines.recv() => line,
                _ = link.closed() => match self.again(link).await? {
                    true => continue,
                    false => return Ok(()),
                },
            };
            let Some(line) = line else { break };
            number += 1;
            let message = self.message(number, line.context("failed to read from the input")?)?;
            // Only what may have to be sent once more is kept.
            let kept = self.backoff.is_some().then(|| message.clone());
            let mut sent = link.send(message).await;
            while sent.is_err() {
                // How the connection ended is heard.
                link.closed().await;
                if !self.again(link).await? {
                    return Ok(());
                }
                let Some(message) = &kept else { return Ok(()) };
                sent = link.send(message.clone()).await;
            }
        }
        linger(link, self.linger).await;
        Ok(())
    }

    /// Connects again, if that is wanted.
    async fn again(&self, link: &Link<'_>) -> anyhow::Result<bool> {
        match &self.backoff {
            Some(backoff) if !link.was_closed_by_us() => backoff.open(link).await.map(|()| true),
            _ => Ok(false),
        }
    }

    fn message(&self, number: u64, line: Vec<u8>) -> anyhow::Result<Message<'static>> {
        if self.binary {
            return Ok(Message::binary(line));
        }
        String::from_utf8(line).map(Message::text).map_err(|error| {
            let byte = error.utf8_error().valid_up_to() + 1;
            anyhow::anyhow!("line {number} of the input is not UTF-8 from byte {byte} on; --binary sends any bytes")
        })
    }
}

/// Waits until nothing was heard for this long, or nothing can be.
pub(super) async fn linger(link: &Link<'_>, time: Duration) {
    while link.end().is_none() && link.heard.get() + time > Instant::now() {
        tokio::select! {
            () = sleep_until(link.heard.get() + time) => {}
            _ = link.closed() => {}
        }
    }
}

/// Lines of the standard input, without their ends.
fn read() -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel(64);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Some(line) = line(&mut input).transpose() {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The longest line that is sent, in bytes.
const LINE: u64 = 64 << 20;

/// The next line; `None` at the end of the input.
fn line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if input.take(LINE + 1).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.pop_if(|last| *last == b'\n').is_some() {
        line.pop_if(|last| *last == b'\r');
    }
    if line.len() as u64 > LINE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is longer than 64 MiB"));
    }
    Ok(Some(line))
}

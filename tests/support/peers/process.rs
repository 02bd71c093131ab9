//! Processes that end, whatever happens: each by its own handle.

use std::io::Read;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// A process that ends with its handle.
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) child: Child,
    /// How long it may take to end by itself once its standard input has ended.
    pub(crate) grace: Duration,
}

impl Owned {
    /// Starts a process.
    pub(crate) fn start(command: &mut Command, grace: Duration) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
        Ok(Self { child, grace })
    }

    /// Whether it ended within `limit`.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        loop {
            match self.child.try_wait() {
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(10)),
                Ok(ended) => return ended.is_some(),
                Err(_) => return false,
            }
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        if !self.ends_within(self.grace) {
            // It may have ended since.
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Runs a process to its end, which has to come within `limit`, and gives what it printed.
pub(crate) fn output_within(command: &mut Command, limit: Duration) -> Result<Output, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = Owned::start(command, Duration::ZERO)?;
    let (stdout, stderr) = (gather(process.child.stdout.take()), gather(process.child.stderr.take()));
    if !process.ends_within(limit) {
        return Err(format!("{name} did not end within {} s", limit.as_secs()));
    }
    let status = process.child.wait().map_err(|error| format!("cannot wait for {name}: {error}"))?;
    // A grandchild may hold the pipes open for longer than the process lived.
    let patience = Duration::from_secs(10);
    let (stdout, stderr) = (stdout.recv_timeout(patience), stderr.recv_timeout(patience));
    Ok(Output { status, stdout: stdout.unwrap_or_default(), stderr: stderr.unwrap_or_default() })
}

/// Runs a process that has to succeed within `limit`.
pub(crate) fn succeed_within(command: &mut Command, limit: Duration) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = output_within(command, limit)?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{name} ended with {}:\n{}{}", output.status, tail(&output.stdout), tail(&output.stderr)))
}

/// Reads to the end in a thread of its own, so that neither pipe fills up while the other is read.
pub(crate) fn gather(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read until it failed is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        // Nobody may be waiting any more.
        let _ = sender.send(bytes);
    });
    receiver
}

/// The last lines of what a process printed.
pub(crate) fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(30)).flat_map(|line| [line, "\n"]).collect()
}

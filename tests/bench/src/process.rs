//! The server under measurement: a process of its own, asked about by its id.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStderr, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::servers::Server;

/// A server that listens. It ends when this is dropped.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Process {
    /// Starts `server`.
    pub fn start(server: &Server) -> Result<Self> {
        Self::start_under(&[], server)
    }

    /// Starts `server` under another program, such as `valgrind`, whose words on stderr are kept for [`Self::end`].
    pub fn start_under(wrapper: &[&str], server: &Server) -> Result<Self> {
        let this = std::env::current_exe().context("cannot find the program itself, which is the server too")?;
        let mut command = match wrapper {
            [] => Command::new(&this),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(&this).stderr(Stdio::piped());
                command
            }
        };
        command.args(["serve", server.name]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start the server {}", server.name))?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("the server has no stdout")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let port = line.trim().parse().with_context(|| format!("the server {} did not say its port", server.name))?;
        Ok(Self { child, address: (Ipv4Addr::LOCALHOST, port).into() })
    }

    /// Seconds of CPU, user and system, that all its threads have had.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let tasks = format!("/proc/{}/task", self.child.id());
        let mut nanoseconds = 0;
        for task in fs::read_dir(&tasks).with_context(|| format!("cannot read {tasks}"))? {
            let path = task?.path().join("schedstat");
            let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let first = stat.split_whitespace().next().context("an empty schedstat")?;
            nanoseconds += first.parse::<u64>()?;
        }
        Ok(nanoseconds as f64 * 1e-9)
    }

    /// KiB of memory that are resident.
    pub fn resident_kib(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in the status")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse()?)
    }

    /// Ends the server and gives what it, or the program that it ran under, said on stderr.
    pub fn end(mut self) -> Result<String> {
        drop(self.child.stdin.take());
        let mut words = String::new();
        self.child.stderr.take().map_or(Ok(0), |mut stderr: ChildStderr| stderr.read_to_string(&mut words))?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(words)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

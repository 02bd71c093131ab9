//! The peers, and how each is started.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::peers::installation::{Installation, NODE_WS, PYTHON_WEBSOCKETS};
use crate::peers::process::{Owned, tail};

/// A server may take so long until it listens.
const START: Duration = Duration::from_secs(30);

/// A server and a client that people use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Its folder, and what `differences.toml` calls it.
    pub(crate) name: &'static str,
    /// How it is had.
    pub(crate) installation: &'static Installation,
    /// The scripts in its folder.
    server: &'static str,
    client: &'static str,
}

/// All of them.
pub(crate) const PEERS: [Peer; 2] = [
    Peer { name: NODE_WS.name, installation: &NODE_WS, server: "server.js", client: "client.js" },
    Peer { name: PYTHON_WEBSOCKETS.name, installation: &PYTHON_WEBSOCKETS, server: "server.py", client: "client.py" },
];

impl Peer {
    /// What `differences.toml` calls its client.
    pub(crate) fn client_name(&self) -> String {
        format!("{}_client", self.name)
    }

    /// Its client, told to be tested at `url`.
    pub(crate) fn client(&self, url: &str) -> Command {
        let mut command = self.installation.script(&self.installation.folder().join(self.client));
        command.arg(url);
        command
    }

    /// Starts its server on a free port.
    pub(crate) fn start(&self) -> Result<Server, String> {
        let (installation, room) = (self.installation, self.installation.room());
        let log = room.join("server.log");
        let errors = fs::File::create(&log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let mut command = installation.script(&installation.folder().join(self.server));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut process = Owned::start(&mut command, Duration::from_secs(2))?;
        let (sender, receiver) = mpsc::channel();
        let stdout = process.child.stdout.take();
        thread::spawn(move || {
            let mut line = String::new();
            // A server that ends without a word leaves the line empty, which is no port.
            let _ = stdout.map(|stdout| BufReader::new(stdout).read_line(&mut line));
            let _ = sender.send(line);
        });
        let line = receiver.recv_timeout(START).unwrap_or_default();
        let port = line.trim().parse().map_err(|_| {
            let said = tail(&fs::read(&log).unwrap_or_default());
            format!(
                "the server of {} gave no port (remove {} to install it anew):\n{said}",
                installation.title,
                room.display()
            )
        })?;
        Ok(Server { port, _process: process })
    }
}

/// A server that runs as long as this lives.
#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    _process: Owned,
}

impl Server {
    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port)
    }
}

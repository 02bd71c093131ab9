//! The peers: how each is installed below `target/interop`, and started.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::folder;
use crate::process::{Owned, succeed_within, tail};

/// An installation may take so long.
const INSTALLATION: Duration = Duration::from_secs(240);

/// A server may take so long until it listens.
const START: Duration = Duration::from_secs(30);

/// A server and a client that people use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Its folder, and what `differences.toml` calls it.
    pub(crate) name: &'static str,
    /// What people call it.
    pub(crate) title: &'static str,
    /// The file that pins its version.
    pins: &'static str,
    /// Installs it: from its folder into its room.
    install: fn(&Path, &Path) -> Result<(), String>,
    /// The server: of its folder, with what is in its room.
    server: fn(&Path, &Path) -> Command,
    /// Its client, the same way; the URL of the tester is its argument.
    client: fn(&Path, &Path) -> Command,
}

/// All of them.
pub(crate) const PEERS: [Peer; 2] = [
    Peer {
        name: "node_ws",
        title: "Node ws",
        pins: "package.json",
        install: |folder, room| {
            copy("package.json", folder, room)?;
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]);
            npm.args(["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]).current_dir(room);
            succeed_within(&mut npm, INSTALLATION)
        },
        server: |folder, room| {
            let mut node = Command::new("node");
            node.arg(folder.join("server.js")).env("NODE_PATH", room.join("node_modules"));
            node
        },
        client: |folder, room| {
            let mut node = Command::new("node");
            node.arg(folder.join("client.js")).env("NODE_PATH", room.join("node_modules"));
            node
        },
    },
    Peer {
        name: "python_websockets",
        title: "Python websockets",
        pins: "requirements.txt",
        install: |folder, room| {
            let venv = room.join("venv");
            succeed_within(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv), INSTALLATION)?;
            let mut pip = Command::new(venv.join("bin/python"));
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=2"]);
            pip.arg("--requirement").arg(folder.join("requirements.txt"));
            succeed_within(&mut pip, INSTALLATION)
        },
        server: |folder, room| {
            let mut python = Command::new(room.join("venv/bin/python"));
            python.arg(folder.join("server.py"));
            python
        },
        client: |folder, room| {
            let mut python = Command::new(room.join("venv/bin/python"));
            python.arg(folder.join("client.py"));
            python
        },
    },
];

fn copy(file: &str, from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from.join(file), to.join(file)).map_err(|error| format!("cannot copy {file}: {error}"))?;
    Ok(())
}

impl Peer {
    fn folder(&self) -> PathBuf {
        folder().join("peers").join(self.name)
    }

    /// Where it is installed.
    fn room(&self) -> PathBuf {
        // Cargo promises a folder inside the target folder, and that one is ours alone.
        Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("interop").join(self.name)
    }

    /// Installs it, unless these very pins are installed.
    pub(crate) fn install(&self) -> Result<(), String> {
        let (folder, room) = (self.folder(), self.room());
        let pins = fs::read(folder.join(self.pins)).map_err(|error| format!("cannot read {}: {error}", self.pins))?;
        let installed = room.join("installed");
        if fs::read(&installed).is_ok_and(|present| present == pins) {
            return Ok(());
        }
        fs::create_dir_all(&room).map_err(|error| format!("cannot create {}: {error}", room.display()))?;
        (self.install)(&folder, &room)?;
        fs::write(&installed, pins).map_err(|error| format!("cannot write {}: {error}", installed.display()))
    }

    /// What `differences.toml` calls its client.
    pub(crate) fn client_name(&self) -> String {
        format!("{}_client", self.name)
    }

    /// Its client, told to be tested at `url`.
    pub(crate) fn client(&self, url: &str) -> Command {
        let mut command = (self.client)(&self.folder(), &self.room());
        command.arg(url);
        command
    }

    /// Starts its server on a free port.
    pub(crate) fn start(&self) -> Result<Server, String> {
        let log = self.room().join("server.log");
        let errors = fs::File::create(&log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let mut command = (self.server)(&self.folder(), &self.room());
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
                self.title,
                self.room().display()
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

//! The chat servers: wslab's, and one of Node `ws` that does the same.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use wslab::app::chat::{Chat, ChatConfig};
use wslab::app::host::Host;

use super::{Protocol, Server, run, wslab as own};

/// All of them.
pub const ALL: &[Server] = &[
    Server {
        name: "wslab-chat",
        about: "wslab's chat as `wslab serve chat --rate none` runs it, on one thread",
        protocol: Protocol::WebSocket,
        run: || run(own::serve(Host::new(Chat::new(ChatConfig::default())))),
    },
    Server {
        name: "node-ws-chat",
        about: "a chat of Node ws that speaks the same; needs node and npm",
        protocol: Protocol::WebSocket,
        run: node,
    },
];

/// Makes a server ready to be started, which may be impossible on this machine.
pub fn prepare(server: &Server) -> Result<()> {
    if server.name != "node-ws-chat" {
        return Ok(());
    }
    let mut node = Command::new("node");
    let status = node.arg("--version").stdout(Stdio::null()).status().context("node is not installed")?;
    ensure!(status.success(), "node does not work here");
    let room = room();
    if room.join("node_modules/ws").is_dir() {
        return Ok(());
    }
    fs::create_dir_all(&room).with_context(|| format!("cannot create {}", room.display()))?;
    fs::copy(folder().join("package.json"), room.join("package.json")).context("cannot copy package.json")?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]);
    npm.args(["--fetch-retries=1"]).current_dir(&room).stdin(Stdio::null()).stdout(Stdio::null());
    let status = npm.status().context("npm is not installed")?;
    ensure!(status.success(), "npm could not install ws");
    Ok(())
}

/// Becomes the server of Node.
fn node() -> Result<()> {
    let mut node = Command::new("node");
    node.arg(folder().join("chat.js")).env("NODE_PATH", room().join("node_modules"));
    Err(node.exec()).context("cannot start node")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/node_ws")
}

/// Where it is installed.
fn room() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/node_ws")
}

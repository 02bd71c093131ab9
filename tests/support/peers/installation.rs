//! How peers are installed: each below `target/interop`, once for each version that is pinned.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::process::succeed_within;

/// An installation may take so long.
const INSTALLATION: Duration = Duration::from_secs(240);

/// What is installed, and runs scripts.
#[derive(Debug)]
pub(crate) struct Installation {
    /// Its folder.
    pub(crate) name: &'static str,
    /// What people call it.
    pub(crate) title: &'static str,
    /// The file that pins its version.
    pins: &'static str,
    /// Installs it: from its folder into its room.
    install: fn(&Path, &Path) -> Result<(), String>,
    /// What runs scripts, with what is in its room.
    interpreter: fn(&Path) -> Command,
}

/// Node with `ws`.
pub(crate) const NODE_WS: Installation = Installation {
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
    interpreter: |room| {
        let mut node = Command::new("node");
        node.env("NODE_PATH", room.join("node_modules"));
        node
    },
};

/// Python with `websockets`.
pub(crate) const PYTHON_WEBSOCKETS: Installation = Installation {
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
    interpreter: |room| {
        let mut python = Command::new(room.join("venv/bin/python"));
        // Nothing is left behind among the scripts.
        python.env("PYTHONDONTWRITEBYTECODE", "1");
        python
    },
};

fn copy(file: &str, from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from.join(file), to.join(file)).map_err(|error| format!("cannot copy {file}: {error}"))?;
    Ok(())
}

impl Installation {
    /// Where its pins are.
    pub(crate) fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/peers").join(self.name)
    }

    /// Where it is installed.
    pub(crate) fn room(&self) -> PathBuf {
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

    /// What runs a script.
    pub(crate) fn script(&self, script: &Path) -> Command {
        let mut command = (self.interpreter)(&self.room());
        command.arg(script);
        command
    }
}

//! The servers that people run do what they say, for clients that are not ours: Node `ws`, Python `websockets`, and two
//! pages in Chromium.
//!
//! A scenario is a function of a script in `node/` or `python/`. It starts `wslab serve …` itself, and whatever it starts
//! ends with it. The scripts are run only if `WSLAB_INTEROP` is set (`just apps`), because what they need comes from
//! registries. What cannot be installed is left out, with the reason; with `WSLAB_INTEROP=require` it fails. The pages are
//! left out where there is no Chromium.

#[path = "../support/peers/mod.rs"]
mod peers;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::peers::demand::Demand;
use crate::peers::installation::{Installation, NODE_WS, PYTHON_WEBSOCKETS};
use crate::peers::process::{Owned, gather, tail};

/// A scenario may take so long. What it waits for itself is waited for at most 10 s.
const SCENARIO: Duration = Duration::from_secs(60);

/// A script that was told to end may take so long to end what it has started.
const GRACE: Duration = Duration::from_secs(5);

/// Scripts that talk to servers.
#[derive(Debug)]
struct Players {
    installation: &'static Installation,
    /// The name of their language.
    language: &'static str,
    /// The one that plays a scenario, from this folder.
    run: &'static str,
}

const PLAYERS: [Players; 2] = [
    Players { installation: &NODE_WS, language: "node", run: "node/run.js" },
    Players { installation: &PYTHON_WEBSOCKETS, language: "python", run: "python/run.py" },
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each has a server and a client or a browser, which share the processors. There are few, also where there are many.
    arguments.test_threads = arguments.test_threads.or(Some(4));
    let demand = if arguments.list { Demand::No } else { Demand::of_environment() };
    if demand != Demand::No && chromium().is_none() {
        eprintln!("the pages are left out: there is no Chromium, nor is WSLAB_CHROMIUM the path of one");
    }
    let trials = PLAYERS.iter().flat_map(|players| players.trials(demand)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

impl Players {
    /// A test for each scenario; or one for all that says why there are none.
    fn trials(&'static self, demand: Demand) -> Vec<Trial> {
        let Self { language, installation, .. } = self;
        let scenarios = match demand {
            Demand::No => Err("they are run by `just apps`, or with WSLAB_INTEROP=1".to_owned()),
            Demand::Wish | Demand::Require => installation.install().and_then(|()| self.scenarios()),
        };
        let reason = match scenarios {
            Ok(scenarios) => return scenarios.into_iter().map(|scenario| self.trial(scenario)).collect(),
            Err(reason) => reason,
        };
        if demand != Demand::Require {
            eprintln!("the scenarios of {} are left out: {reason}", installation.title);
        }
        let test = move || Err(Failed::from(reason));
        vec![Trial::test(format!("{language}::all"), test).with_ignored_flag(demand != Demand::Require)]
    }

    fn trial(&'static self, scenario: String) -> Trial {
        let name = format!("{}::{}", self.language, scenario.replace('/', "::"));
        Trial::test(name, move || {
            let output = self.play(Some(&scenario))?;
            if output.status.success() {
                return Ok(());
            }
            let (stdout, stderr) = (tail(&output.stdout), tail(&output.stderr));
            Err(format!("{} ended with {}:\n{stdout}{stderr}", self.run, output.status).into())
        })
    }

    /// The names of all that there are.
    fn scenarios(&self) -> Result<Vec<String>, String> {
        let output = self.play(None)?;
        let names: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
        if output.status.success() && !names.is_empty() {
            return Ok(names);
        }
        let room = self.installation.room();
        let stderr = tail(&output.stderr);
        Err(format!("{} lists none (remove {} to install it anew):\n{stderr}", self.run, room.display()))
    }

    fn play(&self, scenario: Option<&str>) -> Result<Output, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apps").join(self.run);
        let mut command = self.installation.script(&script);
        without_settings(&mut command);
        command.args(scenario).env("WSLAB", env!("CARGO_BIN_EXE_wslab"));
        if let Some(chromium) = chromium() {
            command.env("WSLAB_CHROMIUM", chromium);
        }
        // It ends when its standard input does, which it does with this process, whatever happens.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Owned::start(&mut command, GRACE)?;
        let (stdout, stderr) = (gather(process.child.stdout.take()), gather(process.child.stderr.take()));
        if !process.ends_within(SCENARIO) {
            drop(process);
            let stderr = stderr.recv_timeout(GRACE).unwrap_or_default();
            return Err(format!("{} did not end within {} s:\n{}", self.run, SCENARIO.as_secs(), tail(&stderr)));
        }
        let status = process.child.wait().map_err(|error| format!("cannot wait for {}: {error}", self.run))?;
        let (stdout, stderr) = (stdout.recv_timeout(GRACE), stderr.recv_timeout(GRACE));
        Ok(Output { status, stdout: stdout.unwrap_or_default(), stderr: stderr.unwrap_or_default() })
    }
}

/// The options of `wslab` that the environment has are not meant for the servers here.
fn without_settings(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("WSLAB_")) {
            command.env_remove(name);
        }
    }
}

/// The browser: `WSLAB_CHROMIUM`, or what is installed under one of its usual names.
fn chromium() -> Option<PathBuf> {
    if let Some(path) = env::var_os("WSLAB_CHROMIUM").filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let folders: Vec<_> = env::split_paths(&env::var_os("PATH")?).collect();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

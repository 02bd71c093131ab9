//! The verdicts of `wslab conform` on servers that people use are those that Autobahn gave to the same servers, case by
//! case, except where `differences.toml` says otherwise and why.
//!
//! The servers come from their registries, so these tests run only if `WSLAB_INTEROP` is set (`just interop`). What
//! cannot be installed is left out, with the reason; with `WSLAB_INTEROP=require` it fails.

mod comparison;
mod peer;
mod process;
mod ruling;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::comparison::compare;
use crate::peer::{PEERS, Peer};
use crate::process::{output_within, tail};

/// A whole run may take so long.
const RUN: Duration = Duration::from_secs(300);

/// Where the peers, the truth and the differences are.
fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop"))
}

/// What `WSLAB_INTEROP` asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Demand {
    No,
    Wish,
    Require,
}

impl Demand {
    fn of_environment() -> Self {
        match std::env::var("WSLAB_INTEROP").unwrap_or_default().as_str() {
            "" | "0" => Self::No,
            "require" => Self::Require,
            _ => Self::Wish,
        }
    }
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Two runs at once would take each other's time, and some verdicts depend on a timer.
    arguments.test_threads = Some(1);
    let demand = if arguments.list { Demand::No } else { Demand::of_environment() };
    let mut trials = comparison::tests::trials();
    trials.extend(PEERS.iter().map(|peer| trial(peer, demand)));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The comparison for one peer. It counts as ignored where the peer cannot be had and need not be.
fn trial(peer: &'static Peer, demand: Demand) -> Trial {
    let installed = match demand {
        Demand::No => Err("it is run by `just interop`, or with WSLAB_INTEROP=1".to_owned()),
        Demand::Wish | Demand::Require => peer.install(),
    };
    if let (Err(reason), Demand::No | Demand::Wish) = (&installed, demand) {
        eprintln!("interop with {} is left out: {reason}", peer.title);
    }
    let ignored = installed.is_err() && demand != Demand::Require;
    let test = move || installed.map_err(Failed::from).and_then(|()| conform(peer).map_err(Failed::from));
    Trial::test(format!("verdicts_on_{}_are_those_of_autobahn", peer.name), test).with_ignored_flag(ignored)
}

/// Runs `wslab conform` against the peer, and compares.
fn conform(peer: &Peer) -> Result<(), String> {
    let truth = ruling::truth(&folder().join("truth").join(peer.name).with_extension("json"))?;
    let differences = ruling::differences(&folder().join("differences.toml"), peer.name, &PEERS.map(|peer| peer.name))?;
    let server = peer.start()?;
    let mut wslab = Command::new(env!("CARGO_BIN_EXE_wslab"));
    wslab.args(["conform", &server.url(), "--json", "--quiet"]);
    // What Autobahn measured of these two sections is not among the truths yet.
    wslab.args(["not:12", "not:13"]);
    let output = output_within(&mut wslab, RUN)?;
    // 1 says that a case failed, which is for the comparison to judge.
    if !matches!(output.status.code(), Some(0 | 1)) {
        return Err(format!("wslab conform ended with {}:\n{}", output.status, tail(&output.stderr)));
    }
    let ours = ruling::ours(&String::from_utf8_lossy(&output.stdout))?;
    let rows = compare(&truth, &differences, &ours);
    let equal = truth.len() - differences.len();
    if rows.is_empty() {
        eprintln!(
            "{}: {equal} of {} verdicts are Autobahn's, {} differ for a reason",
            peer.title,
            truth.len(),
            differences.len()
        );
        return Ok(());
    }
    Err(format!(
        "{}: not as Autobahn measured, nor as differences.toml says:\n{}",
        peer.title,
        comparison::table(&rows)
    ))
}

//! The verdicts of `wslab conform` on servers and clients that people use are those that Autobahn gave to the same ones,
//! case by case, except where `differences.toml` says otherwise and why.
//!
//! The peers come from their registries, so these tests run only if `WSLAB_INTEROP` is set (`just interop`). What
//! cannot be installed is left out, with the reason; with `WSLAB_INTEROP=require` it fails.

mod comparison;
mod demand;
mod peer;
#[path = "../support/peers/mod.rs"]
mod peers;
mod ruling;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::comparison::compare;
use crate::demand::{Chosen, tester};
use crate::peer::{PEERS, Peer};
use crate::peers::demand::Demand;
use crate::peers::process::{Owned, gather, output_within, succeed_within, tail};

/// A whole run may take so long.
const RUN: Duration = Duration::from_secs(2400);

/// The tester may take so long to listen, and to end.
const START: Duration = Duration::from_secs(30);

/// Where the peers, the truth and the differences are.
fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop"))
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Two runs at once would take each other's time, and some verdicts depend on a timer.
    arguments.test_threads = Some(1);
    let demand = if arguments.list { Demand::No } else { Demand::of_environment() };
    let mut trials = comparison::tests::trials();
    trials.extend(demand::tests::trials());
    for peer in &PEERS {
        let installed = installed(peer, demand);
        trials.push(trial(peer.name.to_owned(), demand, installed.clone(), || conform(peer)));
        trials.push(trial(peer.client_name(), demand, installed, || conform_client(peer)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Whether the peer can be had, or why not.
fn installed(peer: &Peer, demand: Demand) -> Result<(), String> {
    let installed = match demand {
        Demand::No => Err("it is run by `just interop`, or with WSLAB_INTEROP=1".to_owned()),
        Demand::Wish | Demand::Require => peer.installation.install(),
    };
    if let (Err(reason), Demand::No | Demand::Wish) = (&installed, demand) {
        eprintln!("interop with {} is left out: {reason}", peer.installation.title);
    }
    installed
}

/// The comparison for one end of a peer. It counts as ignored where the peer cannot be had and need not be.
fn trial(
    name: String,
    demand: Demand,
    installed: Result<(), String>,
    test: impl FnOnce() -> Result<(), String> + Send + 'static,
) -> Trial {
    let ignored = installed.is_err() && demand != Demand::Require;
    let test = move || installed.map_err(Failed::from).and_then(|()| test().map_err(Failed::from));
    Trial::test(format!("verdicts_on_{name}_are_those_of_autobahn"), test).with_ignored_flag(ignored)
}

/// All that `differences.toml` can speak of.
fn names() -> Vec<String> {
    PEERS.iter().flat_map(|peer| [peer.name.to_owned(), peer.client_name()]).collect()
}

/// Runs `wslab conform` against the server of the peer, and compares.
fn conform(peer: &Peer) -> Result<(), String> {
    let chosen = Chosen::of_environment()?;
    let server = peer.start()?;
    let mut wslab = Command::new(tester());
    wslab.args(["conform", &server.url(), "--json", "--quiet"]).args(&chosen.words);
    let output = output_within(&mut wslab, RUN)?;
    // 1 says that a case failed, which is for the comparison to judge.
    if !matches!(output.status.code(), Some(0 | 1)) {
        return Err(format!("wslab conform ended with {}:\n{}", output.status, tail(&output.stderr)));
    }
    judge(peer.name, peer.installation.title, &chosen, &output.stdout)
}

/// Has the client of the peer tested by `wslab conform --listen`, and compares.
fn conform_client(peer: &Peer) -> Result<(), String> {
    let chosen = Chosen::of_environment()?;
    let mut wslab = Command::new(tester());
    wslab.args(["conform", "--listen", "127.0.0.1:0", "--json"]).args(&chosen.words);
    wslab.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Owned::start(&mut wslab, Duration::ZERO)?;
    let printed = gather(running.child.stdout.take());
    let (line, said) = first_line(running.child.stderr.take());
    let line = line.recv_timeout(START).unwrap_or_default();
    let url =
        line.trim().strip_prefix("listening on ").ok_or_else(|| format!("wslab does not say where it is: {line}"))?;
    // It ends the tester when it is done.
    succeed_within(&mut peer.client(url), RUN)?;
    if !running.ends_within(START) {
        return Err("wslab did not end when the client was done".to_owned());
    }
    let status = running.child.wait().map_err(|error| format!("cannot wait for wslab: {error}"))?;
    if !matches!(status.code(), Some(0 | 1)) {
        return Err(format!("wslab conform ended with {status}:\n{}", tail(&said.recv().unwrap_or_default())));
    }
    let printed = printed.recv_timeout(START).map_err(|error| format!("cannot read what wslab said: {error}"))?;
    judge(&peer.client_name(), &format!("{}, the client", peer.installation.title), &chosen, &printed)
}

/// The first line of what comes, as soon as it is there, and the rest, when it has ended.
fn first_line(pipe: Option<impl Read + Send + 'static>) -> (Receiver<String>, Receiver<Vec<u8>>) {
    let ((line, first), (bytes, rest)) = (mpsc::channel(), mpsc::channel());
    thread::spawn(move || {
        let Some(pipe) = pipe else { return };
        let (mut pipe, mut text, mut more) = (BufReader::new(pipe), String::new(), Vec::new());
        // What cannot be read is missing, which is what will be said.
        let _ = pipe.read_line(&mut text);
        let _ = line.send(text);
        let _ = pipe.read_to_end(&mut more);
        let _ = bytes.send(more);
    });
    (first, rest)
}

/// Compares what `wslab conform --json` printed of the chosen cases with what Autobahn measured.
fn judge(name: &str, title: &str, chosen: &Chosen, printed: &[u8]) -> Result<(), String> {
    let mut truth = ruling::truth(&folder().join("truth").join(name).with_extension("json"))?;
    let mut differences = ruling::differences(&folder().join("differences.toml"), name, &names())?;
    truth.retain(|case, _| !chosen.left_out.contains(case));
    differences.retain(|case, _| !chosen.left_out.contains(case));
    let ours = ruling::ours(&String::from_utf8_lossy(printed))?;
    let rows = compare(&truth, &differences, &ours);
    let equal = truth.len() - differences.len();
    if rows.is_empty() {
        eprintln!(
            "{title}: {equal} of {} verdicts are Autobahn's, {} differ for a reason",
            truth.len(),
            differences.len()
        );
        return Ok(());
    }
    Err(format!("{title}: not as Autobahn measured, nor as differences.toml says:\n{}", comparison::table(&rows)))
}

//! How good the corpus is: an echo server and an echo client are given one fault after another, and a case has to see
//! each of them. Without a fault they pass everything.
//!
//! A fault that no case sees is a missing case, never one fault too many. README.md says how to add one.

mod fault;
mod faults;
mod hunted;
mod play;
mod table;
mod target;

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use wslab::conform::{BULK, Case, Corpus, CorpusError};
use wslab::proto::Role;

use crate::fault::{End, Fault};
use crate::play::{Killer, Mutant};
use crate::table::{Row, table};
use crate::target::ask::Wishes;

/// Set by `just mutants`: the table of all mutants is printed.
const TABLE: &str = "WSLAB_MUTANTS_TABLE";

/// One mutant in so many is tried where nobody asks for all of them or for one by name: all take four minutes.
const SAMPLE: usize = 8;

/// A folder of cases, as `wslab conform --corpus` takes it, to be held against the mutants instead of those embedded.
const CORPUS: &str = "WSLAB_MUTANTS_CORPUS";

/// So many seconds: instead of cases, generated sessions are played against each server for so long.
const HUNT: &str = "WSLAB_MUTANTS_HUNT";

/// So many mutants a core are tried side by side: they mostly wait.
const A_CORE: usize = 4;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(cores * A_CORE);
    if let Some(seconds) = std::env::var_os(HUNT) {
        let Some(seconds) = seconds.to_str().and_then(|seconds| seconds.parse().ok()) else {
            eprintln!("{HUNT}: has to be a number of seconds");
            return ExitCode::from(2);
        };
        return libtest_mimic::run(&arguments, hunts(Duration::from_secs(seconds))).exit_code();
    }
    let rows = Arc::new(Mutex::new(Vec::new()));
    let cases = match cases() {
        Ok(cases) => Arc::new(cases),
        Err(error) => {
            eprintln!("{CORPUS}: {error}");
            return ExitCode::from(2);
        }
    };
    let mut trials = table::tests::trials();
    for (name, role, wishes) in [
        ("faultless", Role::Server, Wishes::USUAL),
        ("faultless", Role::Client, Wishes::USUAL),
        ("faultless-without-extension", Role::Client, Wishes { offer: None, ..Wishes::USUAL }),
        ("faultless-with-limits", Role::Client, Wishes::of(Some(Fault::TakesServerWindowLarger))),
        ("faultless-with-fixed-window", Role::Client, Wishes::of(Some(Fault::TakesClientWindowUnoffered))),
        ("faultless-without-takeover", Role::Client, Wishes::of(Some(Fault::TakesServerTakeoverMissing))),
    ] {
        let (mutant, cases) = (Mutant { role, fault: None, wishes }, Arc::clone(&cases));
        trials.push(Trial::test(title(role, name), move || faultless(&mutant, &cases)));
    }
    let all = arguments.filter.is_some() || std::env::var_os(TABLE).is_some();
    for (index, fault) in Fault::ALL.iter().enumerate() {
        let is_left_out = !all && index % SAMPLE != 0;
        for role in [Role::Server, Role::Client] {
            if !matches!(
                (fault.end(), role),
                (End::Both, _) | (End::Server, Role::Server) | (End::Client, Role::Client)
            ) {
                continue;
            }
            let (cases, rows) = (Arc::clone(&cases), Arc::clone(&rows));
            let mutant = Mutant { role, fault: Some(*fault), wishes: Wishes::of(Some(*fault)) };
            let trial = Trial::test(title(role, &fault.name()), move || {
                let killer = play::until_killed(&mutant, *fault, &cases)?;
                let survives = killer.is_none();
                rows.lock().unwrap_or_else(PoisonError::into_inner).push(Row { role, fault: *fault, killer });
                if survives { Err(survivor(*fault)) } else { Ok(()) }
            });
            trials.push(trial.with_ignored_flag(is_left_out));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if std::env::var_os(TABLE).is_some() {
        let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
        print!("{}", table(&mut rows));
    }
    conclusion.exit_code()
}

/// A hunt in every server whose fault is one of frames and messages.
fn hunts(time: Duration) -> Vec<Trial> {
    let faults = Fault::ALL.iter().copied().filter(|fault| hunted::concerns(*fault));
    let trial =
        |fault: Fault| Trial::test(title(Role::Server, &fault.name()), move || hunted::until_found(fault, time));
    faults.map(trial).collect()
}

fn title(role: Role, name: &str) -> String {
    let role = if role == Role::Server { "server" } else { "client" };
    format!("{role}::{name}")
}

/// The cases that mutants are held against: all but those that move much data, which see nothing that the others do not.
fn cases() -> Result<Vec<Arc<Case>>, CorpusError> {
    let corpus = match std::env::var_os(CORPUS) {
        Some(folder) => Corpus::read(Path::new(&folder))?,
        None => Corpus::embedded(),
    };
    let cases = corpus.cases.into_iter().filter(|case| !case.tags.iter().any(|tag| tag == BULK));
    Ok(cases.map(Arc::new).collect())
}

/// The target without a fault passes everything, strictly.
fn faultless(mutant: &Mutant, cases: &[Arc<Case>]) -> Result<(), Failed> {
    let outcomes = play::all(mutant, cases)?;
    let failed: Vec<String> = outcomes
        .iter()
        .filter(|outcome| !outcome.passes(true))
        .map(|outcome| format!("{}: {}", outcome.case, Killer::of(outcome).seen))
        .collect();
    if outcomes.is_empty() {
        return Err("no case was played".into());
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("the faultless target fails:\n{}", failed.join("\n")).into()) }
}

fn survivor(fault: Fault) -> Failed {
    let (level, clause, words) = (fault.level().name(), fault.clause(), fault.words());
    format!("no case sees that the target {words} (RFC {clause}, {level}): a case is missing").into()
}

//! wslab measured side by side with its peers, in one run on one machine.
//!
//! Figures of different runs are not to be compared, ratios within one run are. Nothing here passes or fails.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::servers::Server;
use crate::shape::Shape;

mod callgrind;
mod captures;
mod chat;
mod compare;
mod idle;
mod load;
mod meter;
mod process;
mod servers;
mod shape;
mod table;

/// Measure wslab side by side with other WebSocket libraries
///
/// Without further words: CPU seconds of each server per million messages echoed, for each shape of traffic, and the
/// ratio to the first server, which is a raw TCP echo.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Action>,

    /// How often each server is measured under each shape; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,

    /// How long each measurement takes, after a third of that to warm up
    #[arg(long, default_value_t = 1.0, value_parser = seconds)]
    seconds: f64,

    /// The servers to measure, with commas between; see --list
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    only: Vec<String>,

    /// The shapes of traffic, as SIZExCONNECTIONS or SIZExCONNECTIONSxDEPTH, with commas between
    #[arg(long, value_name = "SHAPE,…", value_delimiter = ',')]
    shape: Vec<Shape>,

    /// Send text messages (ASCII) instead of binary ones
    #[arg(long)]
    text: bool,

    /// Measure memory instead: KiB of the server per idle connection, with so many of them
    #[arg(long, value_name = "CONNECTIONS", conflicts_with_all = ["callgrind", "shape"])]
    idle: Option<usize>,

    /// Measure chats instead: deliveries a second, and CPU time for each, in a room of so many members
    #[arg(long, value_name = "MEMBERS", num_args = 0..=1, default_missing_value = "1000",
          conflicts_with_all = ["idle", "callgrind", "shape", "text"])]
    chat: Option<usize>,

    /// Count instead: instructions of the server per echoed message, under valgrind
    #[arg(long)]
    callgrind: bool,

    /// Measure the meter instead: CPU time per message of the echo server without it and with it, in turns; with
    /// --callgrind the instructions
    #[arg(long, conflicts_with_all = ["idle", "chat", "captures", "only"])]
    meter: bool,

    /// Measure reading captures instead: CPU time and memory of wslab analyze, beside tshark and a bare read
    #[arg(long, conflicts_with_all = ["idle", "chat", "callgrind", "shape", "only", "text", "seconds"])]
    captures: bool,

    /// Write every single measurement to a file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// The core that the servers and the load share, taking turns
    #[arg(long, default_value_t = 0)]
    core: usize,

    /// List the servers
    #[arg(long)]
    list: bool,

    #[command(flatten)]
    capture_options: captures::Options,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Serve until stdin ends; the port is printed
    Serve {
        /// The server
        name: String,
    },
    /// Run a program with its output thrown away; what it spent is printed
    #[command(hide = true)]
    Spend {
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.01..=600.0).contains(&seconds) => Ok(seconds),
        _ => Err("0.01 to 600 seconds are possible".to_owned()),
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    raise_file_limit()?;
    match &arguments.command {
        Some(Action::Serve { name }) => return (servers::find(name)?.run)(),
        Some(Action::Spend { command }) => return captures::spend(command),
        None => {}
    }
    if arguments.list {
        for server in servers::ALL.iter().chain(servers::chats::ALL) {
            println!("{:18} {}", server.name, server.about);
        }
        return Ok(());
    }
    let only = if arguments.meter { meter::SERVERS.map(str::to_owned).to_vec() } else { arguments.only };
    let (servers, chats) = chosen(&only)?;
    pin(arguments.core);
    let measurements = if arguments.captures {
        captures::measure(&arguments.capture_options, arguments.rounds)?
    } else if let Some(connections) = arguments.idle {
        idle::measure(&servers, &ready(&chats)?, connections)?
    } else if let Some(members) = arguments.chat {
        let plan = chat::Plan { members, rounds: arguments.rounds, seconds: arguments.seconds };
        chat::measure(&ready(&chats)?, &plan)?
    } else if arguments.callgrind {
        let shapes = or_default(arguments.shape, &[Shape::SMALL_BURSTS, Shape::BURSTS, Shape::MANY]);
        callgrind::measure(&servers, &shapes, arguments.text)?
    } else if arguments.meter {
        let plan = meter::Plan {
            shapes: or_default(arguments.shape, &[Shape::ALONE, Shape::MANY, Shape::SMALL_BURSTS, Shape::BURSTS]),
            rounds: arguments.rounds,
            seconds: arguments.seconds,
            text: arguments.text,
        };
        meter::measure(&plan)?
    } else {
        let plan = compare::Plan {
            shapes: or_default(arguments.shape, &Shape::ALL),
            rounds: arguments.rounds,
            seconds: arguments.seconds,
            text: arguments.text,
        };
        compare::measure(&servers, &plan)?
    };
    if let Some(path) = arguments.json {
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        serde_json::to_writer_pretty(file, &measurements)?;
    }
    Ok(())
}

fn or_default(shapes: Vec<Shape>, default: &[Shape]) -> Vec<Shape> {
    if shapes.is_empty() { default.to_vec() } else { shapes }
}

/// The echo servers of these names, and the chats; all of them without names.
fn chosen(names: &[String]) -> Result<(Vec<&'static Server>, Vec<&'static Server>)> {
    names.iter().try_for_each(|name| servers::find(name).map(drop))?;
    let among = |all: &'static [Server]| {
        let is_chosen = |server: &&Server| names.is_empty() || names.iter().any(|name| name == server.name);
        all.iter().filter(is_chosen).collect()
    };
    Ok((among(servers::ALL), among(servers::chats::ALL)))
}

/// Those of the chats that can be run here; of the others it is said why not.
fn ready(chats: &[&'static Server]) -> Result<Vec<&'static Server>> {
    let mut ready = Vec::new();
    for chat in chats {
        match servers::chats::prepare(chat) {
            Ok(()) => ready.push(*chat),
            Err(error) => eprintln!("{} is left out: {error:#}", chat.name),
        }
    }
    Ok(ready)
}

/// As many files as may be: thousands of idle connections need one each.
fn raise_file_limit() -> Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).context("cannot raise the limit of open files")
}

/// Starts this program again on one core, as a batch job, if the machine has the tools for it.
///
/// Server and load taking turns on one core is what disturbs the figures least on a machine that does other things.
fn pin(core: usize) {
    const PINNED: &str = "WSLAB_BENCH_PINNED";
    if std::env::var_os(PINNED).is_some() {
        return;
    }
    let core = core.to_string();
    let works = |tool: &[&str]| {
        let mut probe = Command::new(tool[0]);
        probe.args(&tool[1..]).arg("true").stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    let tools = [["chrt", "-b", "0"].as_slice(), &["taskset", "-c", &core]];
    let (present, missing): (Vec<&[&str]>, Vec<&[&str]>) = tools.into_iter().partition(|tool| works(tool));
    for tool in missing {
        eprintln!("{} does not work here, so the figures will vary more", tool[0]);
    }
    let (Some((program, words)), Ok(this)) =
        (present.concat().split_first().map(|(p, w)| (*p, w.to_vec())), std::env::current_exe())
    else {
        return;
    };
    let error = Command::new(program).args(words).arg(this).args(std::env::args_os().skip(1)).env(PINNED, "1").exec();
    eprintln!("cannot run under {program}: {error}");
}

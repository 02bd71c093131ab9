//! The command line: arguments in, exit code out.

mod agents;
mod analyze;
mod autobahn;
mod cases;
mod choice;
mod completions;
mod conform;
mod connect;
mod exit;
mod fuzz;
mod gate;
mod listening;
mod manual;
mod print;
mod progress;
mod report;
mod reporting;
mod request;
mod screen;
mod serve;
mod session;
mod signal;
mod spec;
mod top;
mod value;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

pub use exit::Exit;

/// A WebSocket laboratory: prove that an endpoint conforms, run one, talk to one, read captures.
#[derive(Debug, Parser)]
#[command(
    name = "wslab",
    version,
    max_term_width = 100,
    propagate_version = true,
    after_help = "\
To begin: `wslab conform` tests wslab's own server, `wslab conform ws://localhost:9001` tests yours.

Exit codes: 0 all as expected, 1 a case failed, 2 usage or input error, 3 the target was never reachable, \
4 nothing selected, 130 interrupted."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    everywhere: Everywhere,
}

/// What every command takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Everywhere {
    /// Say only what was asked for
    #[arg(short, long, global = true, env = "WSLAB_QUIET", value_parser = value::flag,
          display_order = 900)]
    quiet: bool,
    /// Say more
    #[arg(short, long, global = true, env = "WSLAB_VERBOSE", value_parser = value::flag,
          conflicts_with = "quiet", display_order = 901)]
    verbose: bool,
    /// When to use colours; NO_COLOR and CLICOLOR_FORCE are obeyed too
    #[arg(long, global = true, env = "WSLAB_COLOR", value_name = "WHEN", default_value = "auto", display_order = 902)]
    color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prove that an endpoint conforms to RFC 6455
    Conform(Box<conform::Conform>),
    /// Play generated sessions against a server, and tell those that it fails
    Fuzz(Box<fuzz::Fuzz>),
    /// Decode a capture
    Analyze(Box<analyze::Analyze>),
    /// List and explain the cases
    Cases(cases::Cases),
    /// Run a server
    Serve(Box<serve::Serve>),
    /// Talk to a server by hand
    Connect(Box<connect::Connect>),
    /// Watch a server, a capture or a run
    Top(Box<top::Top>),
    /// Render, merge or compare recorded runs
    Report(report::Rendering),
    /// Print what a shell needs to complete commands and options
    Completions(completions::Completions),
    /// Print the manual page
    Man(manual::Manual),
}

/// The command line as `clap` knows it: for help, completions and manual pages.
pub fn command() -> clap::Command {
    plainly(Cli::command()).mut_subcommands(|command| command.mut_subcommands(plainly)).mut_subcommands(plainly)
}

/// Says once that options can come from the environment, not beside each of them.
fn plainly(command: clap::Command) -> clap::Command {
    const ENVIRONMENT: &str = "Each long option can also be set in the environment: --color as WSLAB_COLOR.";
    let after = command.get_after_help().map(|after| format!("{after}\n\n{ENVIRONMENT}"));
    let after = after.unwrap_or_else(|| ENVIRONMENT.to_owned());
    command.after_help(after).mut_args(|arg| arg.hide_env(true))
}

/// Runs the program on the process's own arguments.
pub fn main() -> ExitCode {
    let parsed = command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            // A closed pipe has nobody to tell.
            let _printed = error.print();
            return exit.into();
        }
    };
    run(cli).into()
}

fn run(cli: Cli) -> Exit {
    match cli.everywhere.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::Error::new(error).context("failed to start the runtime")),
    };
    let result = match cli.command {
        Command::Conform(conform) => runtime.block_on(conform.run(&cli.everywhere)),
        Command::Fuzz(fuzz) => runtime.block_on(fuzz.run(&cli.everywhere)),
        Command::Analyze(analyze) => runtime.block_on(analyze.run(&cli.everywhere)),
        Command::Cases(cases) => cases.run(&cli.everywhere),
        Command::Report(report) => report.run(&cli.everywhere),
        Command::Completions(completions) => completions.run(),
        Command::Man(manual) => manual.run(),
        Command::Serve(serve) => runtime.block_on(serve.run(&cli.everywhere)),
        Command::Top(top) => runtime.block_on(top.run(&cli.everywhere)),
        Command::Connect(connect) => runtime.block_on(connect.run(&cli.everywhere)),
    };
    // Reading from a terminal cannot be cancelled; nobody waits for it.
    runtime.shutdown_background();
    result.unwrap_or_else(|error| failed(&error))
}

/// Tells what went wrong, and its causes.
fn failed(error: &anyhow::Error) -> Exit {
    if is_broken_pipe(error) {
        return Exit::Ok;
    }
    print::error(causes(error));
    Exit::Usage
}

/// An error and its causes. Some tell their cause themselves; it is not said twice.
fn causes(error: &anyhow::Error) -> String {
    let mut words = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !words.ends_with(&cause) {
            words.push_str(if words.is_empty() { "" } else { ": " });
            words.push_str(&cause);
        }
    }
    words
}

/// `| head` has read enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}

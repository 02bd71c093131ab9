//! The command line: arguments in, exit code out.

mod connect;
mod exit;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

pub use exit::Exit;

/// A WebSocket laboratory: prove that an endpoint conforms, run one, talk to one.
#[derive(Debug, Parser)]
#[command(name = "wslab", version, max_term_width = 100, propagate_version = true)]
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
    #[arg(short, long, global = true, env = "WSLAB_QUIET")]
    quiet: bool,
    /// Say more
    #[arg(short, long, global = true, env = "WSLAB_VERBOSE", conflicts_with = "quiet")]
    verbose: bool,
    /// When to use colours; NO_COLOR and CLICOLOR_FORCE are obeyed too
    #[arg(long, global = true, env = "WSLAB_COLOR", value_name = "WHEN", default_value = "auto")]
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
    /// Run a server
    Serve(serve::Serve),
    /// Talk to a server by hand
    Connect(connect::Connect),
}

/// Runs the program on the process's own arguments.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
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
        Err(error) => return report(&anyhow::Error::new(error).context("failed to start the runtime")),
    };
    let result = match cli.command {
        Command::Serve(serve) => runtime.block_on(serve.run(&cli.everywhere)),
        Command::Connect(connect) => runtime.block_on(connect.run(&cli.everywhere)),
    };
    // Reading from a terminal cannot be cancelled; nobody waits for it.
    runtime.shutdown_background();
    result.unwrap_or_else(|error| report(&error))
}

/// Tells what went wrong, in one line a cause.
fn report(error: &anyhow::Error) -> Exit {
    if is_broken_pipe(error) {
        return Exit::Ok;
    }
    anstream::eprintln!("{}error:{} {error:#}", anstyle::AnsiColor::Red.on_default().bold(), anstyle::Reset);
    Exit::Usage
}

/// `| head` has read enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

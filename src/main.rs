//! The `wslab` command.

fn main() -> std::process::ExitCode {
    wslab::cli::main()
}

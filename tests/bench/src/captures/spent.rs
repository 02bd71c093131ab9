//! What a program spends, by the kernel's own account (getrusage).

use std::ffi::OsString;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// What a program spent.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// Seconds of CPU, user and system, of all threads.
    pub seconds: f64,
    /// The most memory that was resident, in MB.
    pub peak: f64,
}

/// Runs `command` with its output thrown away.
///
/// The kernel tells what all children of a process spent together, so this program is started again in between, and
/// has one child.
pub fn spent(command: &[OsString]) -> Result<Spent> {
    let this = std::env::current_exe().context("cannot find the program itself, which measures")?;
    let output = Command::new(this).arg("spend").args(command).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{} failed", words(command));
    let text = String::from_utf8_lossy(&output.stdout);
    let mut figures = text.split_whitespace().map(str::parse::<f64>);
    match (figures.next(), figures.next()) {
        (Some(Ok(seconds)), Some(Ok(peak))) => Ok(Spent { seconds, peak }),
        _ => bail!("{} was not measured: {text}", words(command)),
    }
}

/// The part of the program in between: runs the only child that it ever has, and prints what that spent.
pub fn spend(command: &[OsString]) -> Result<()> {
    let (program, arguments) = command.split_first().context("no program to run")?;
    let mut child = Command::new(program);
    let output = child.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    if !output.status.success() {
        bail!("it ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    // In KiB on Linux.
    println!("{} {}", microseconds as f64 * 1e-6, usage.max_rss() as f64 * 1024.0 / 1e6);
    Ok(())
}

/// How many lines `command` prints.
pub fn lines(command: &[OsString]) -> Result<u64> {
    let (program, arguments) = command.split_first().context("no program to run")?;
    let mut child = Command::new(program);
    let mut child = child.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut output = child.stdout.take().context("it has no output")?;
    let (mut buffer, mut count) = (vec![0; 1 << 16], 0);
    loop {
        let read = std::io::Read::read(&mut output, &mut buffer)?;
        if read == 0 {
            break;
        }
        count += buffer[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    let status = child.wait()?;
    ensure!(status.success(), "{} ended with {status}", words(command));
    Ok(count)
}

/// Whether there is such a program.
pub fn is_there(program: &str) -> bool {
    let mut probe = Command::new(program);
    probe.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

fn words(command: &[OsString]) -> String {
    command.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

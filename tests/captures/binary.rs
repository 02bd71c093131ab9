//! Captures through the command.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use assert_cmd::cargo::cargo_bin;

use crate::sample::Sample;

/// The command reads a capture, and its exit code is as it is described.
pub(crate) fn is_read(sample: &Sample) -> Result<(), String> {
    let mut command = Command::new(cargo_bin("wslab"));
    command.args(["analyze", "--table", "connections", "--format", "jsonl"]).arg(&sample.path).stdin(Stdio::null());
    if let Some((path, _)) = &sample.keylog {
        command.arg("--keylog").arg(path);
    }
    let output = command.output().map_err(|error| error.to_string())?;
    let (rows, connections) =
        (output.stdout.split(|byte| *byte == b'\n').count() - 1, sample.expected.connections.len());
    if output.status.code() != Some(sample.expected.exit) || rows != connections {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}, {rows} of {connections} connections: {words}", output.status));
    }
    Ok(())
}

/// A few captures that are damaged in one way or another.
pub(crate) fn tells_damage() -> Result<(), String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("damaged");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    for (number, sample) in Sample::all().iter().enumerate().step_by(6) {
        let bytes = sample.bytes();
        let mut flipped = bytes.clone();
        if let Some(byte) = flipped.get_mut(bytes.len() / 3) {
            *byte ^= 0x80;
        }
        let cut = bytes.get(..bytes.len() * 2 / 3).unwrap_or_default().to_vec();
        for (way, damaged) in [("cut", cut), ("wrong", flipped)] {
            let path = folder.join(format!("{number}-{way}"));
            fs::write(&path, damaged).map_err(|error| error.to_string())?;
            let mut command = Command::new(cargo_bin("wslab"));
            command.args(["analyze", "--table", "frames", "--format", "csv"]).arg(&path).stdin(Stdio::null());
            let output = command.output().map_err(|error| error.to_string())?;
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            let told = words.contains(": damaged at byte ")
                || words.contains(" behind byte ")
                || words.contains(": no capture");
            match output.status.code() {
                Some(0) => {}
                Some(2) if told => {}
                code => return Err(format!("{} that is {way}: exit code {code:?}: {words}", sample.name)),
            }
        }
    }
    Ok(())
}

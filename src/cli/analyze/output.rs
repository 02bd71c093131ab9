//! Where a table goes.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;

/// A file, or standard output.
#[derive(Debug)]
pub(super) enum Output {
    File(File),
    Stdout(io::Stdout),
}

impl Output {
    /// Standard output if no file is named; `-` is none.
    pub(super) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        Ok(match path.filter(|path| *path != Path::new("-")) {
            Some(path) => {
                Self::File(File::create(path).with_context(|| format!("failed to write {}", path.display()))?)
            }
            None => Self::Stdout(io::stdout()),
        })
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stdout(stdout) => stdout.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Stdout(stdout) => stdout.flush(),
        }
    }
}

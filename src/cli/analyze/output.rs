//! Where what is told goes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;
use console::Term;

use crate::report::captured::Look;

/// A file, or standard output.
#[derive(Debug)]
pub(super) enum Output {
    File(File),
    /// Of text with colours, which are taken away where they are not wanted.
    Styled(anstream::AutoStream<io::Stdout>),
    Stdout(io::Stdout),
}

impl Output {
    /// Standard output if no file is named; `-` is none.
    pub(super) fn open(path: Option<&Path>, styled: bool) -> anyhow::Result<Self> {
        Ok(match path.filter(|path| *path != Path::new("-")) {
            Some(path) => {
                Self::File(File::create(path).with_context(|| format!("failed to write {}", path.display()))?)
            }
            None if styled => Self::Styled(anstream::stdout()),
            None => Self::Stdout(io::stdout()),
        })
    }
}

impl Output {
    /// How text may look there.
    pub(super) fn look(&self) -> Look {
        let plain = Look { unicode: has_unicode(), ..Look::default() };
        match self {
            Self::File(_) => Look { unicode: true, ..plain },
            Self::Stdout(_) => plain,
            Self::Styled(_) => {
                let width = Term::stdout().size_checked().map_or(plain.width, |(_, width)| usize::from(width));
                Look { width, color: true, ..plain }
            }
        }
    }
}

/// Whether the locale says nothing against characters beyond ASCII.
fn has_unicode() -> bool {
    let set = |name: &&str| std::env::var_os(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set);
    locale.is_none_or(|locale| {
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Writes the page into a folder, which is made if it is not there.
pub(super) fn page(folder: &Path, html: &str) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("failed to make the folder {}", folder.display()))?;
    let path = folder.join("index.html");
    fs::write(&path, html).with_context(|| format!("failed to write {}", path.display()))
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Styled(stdout) => stdout.write(bytes),
            Self::Stdout(stdout) => stdout.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Styled(stdout) => stdout.flush(),
            Self::Stdout(stdout) => stdout.flush(),
        }
    }
}

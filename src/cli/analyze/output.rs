//! Where what is told goes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use console::Term;

use crate::capture::is_same;
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

/// Whether what is written spares what is read, and each file is written by one option only. `written` has the options
/// with their files.
pub(super) fn spares(read: &[&Path], written: &[(&str, PathBuf)]) -> anyhow::Result<()> {
    for (index, (option, to)) in written.iter().enumerate() {
        // What is written to a device is not written over.
        let is_file = to.metadata().is_ok_and(|about| about.is_file());
        if let Some(from) = read.iter().find(|from| is_file && is_same(stream(from), to)) {
            let what = if *from == Path::new("-") {
                "what standard input is read from".to_owned()
            } else {
                from.display().to_string()
            };
            anyhow::bail!("{option} would write over {what}, which is read: name another file");
        }
        for (other, same) in &written[..index] {
            if same == to && !to.exists() || is_file && is_same(same, to) {
                anyhow::bail!("{other} and {option} would both write {}: name two files", to.display());
            }
        }
    }
    Ok(())
}

/// The file behind `-`, which may have been given by the shell.
fn stream(path: &Path) -> &Path {
    if path == Path::new("-") { Path::new("/dev/stdin") } else { path }
}

/// The file of the page in its folder.
pub(super) fn page_in(folder: &Path) -> PathBuf {
    folder.join("index.html")
}

/// Writes the page into a folder, which is made if it is not there.
pub(super) fn page(folder: &Path, html: &str) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("failed to make the folder {}", folder.display()))?;
    let path = page_in(folder);
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

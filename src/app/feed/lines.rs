//! Streams that are read from lines of JSON: `{"stream":"name","data":…}`.
//!
//! A line that is something else is told of, and passed over. Lines are bounded, and so is what is kept of one.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::streams::{Feed, PublishError, WeakFeed};

/// The longest line, in bytes.
pub const MAX_LINE: usize = 1 << 20;

/// How often is looked whether a file has grown.
const LOOK: Duration = Duration::from_millis(200);

/// Where lines come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard input, until its end.
    Stdin,
    /// A file: what is in it, and then whatever is appended to it, until the feed is gone. One that was cut short or
    /// replaced by another is read from its start. A named pipe is opened again when whoever wrote to it is gone.
    File(PathBuf),
}

impl From<&str> for Source {
    /// `-` is standard input.
    fn from(name: &str) -> Self {
        if name == "-" { Self::Stdin } else { Self::File(name.into()) }
    }
}

/// A line that was passed over, or the end of all lines.
#[derive(Debug, thiserror::Error)]
#[error("{origin}:{line}: {fault}")]
pub struct LineError {
    /// The name of the file, or `stdin`.
    pub origin: String,
    /// Which line, the first being 1.
    pub line: u64,
    /// What is wrong with it.
    pub fault: LineFault,
}

/// Why a line was passed over.
#[derive(Debug, thiserror::Error)]
pub enum LineFault {
    /// It is longer than [`MAX_LINE`].
    #[error("the line is longer than {MAX_LINE} bytes")]
    TooLong,
    /// It is not what a line has to be.
    #[error("not {{\"stream\":\"name\",\"data\":…}}: {0}")]
    Malformed(Words),
    /// It cannot be published.
    #[error(transparent)]
    Publish(PublishError),
    /// Nothing more can be read.
    #[error("cannot be read: {0}")]
    Read(io::Error),
}

/// What is wrong with JSON, and in which column.
#[derive(Debug)]
pub struct Words(serde_json::Error);

impl std::fmt::Display for Words {
    fn fmt(&self, words: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The line that JSON knows of is always the first.
        let said = self.0.to_string();
        let said = said.split(" at line ").next().unwrap_or_default();
        match self.0.column() {
            0 => words.write_str(said),
            column => write!(words, "{said}, in column {column}"),
        }
    }
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Line {
    stream: String,
    data: Value,
}

impl Line {
    fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        // What is derived would take the members of an object from an array as well.
        if bytes.trim_ascii_start().starts_with(b"[") {
            return Err(serde::de::Error::custom("invalid type: array, expected an object"));
        }
        serde_json::from_slice(bytes)
    }
}

/// Puts lines together from what is read, and publishes them.
#[derive(Debug)]
pub struct Lines {
    origin: String,
    line: u64,
    /// What has come of this line.
    begun: Vec<u8>,
    /// So much of that is known not to be whole.
    tried: usize,
    /// Whether this line is passed over already.
    skipped: bool,
}

impl Lines {
    /// Lines that are told of by the name of their `origin`.
    pub fn new(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), line: 1, begun: Vec::new(), tried: 0, skipped: false }
    }

    /// Takes what was read.
    pub fn read(&mut self, mut bytes: &[u8], feed: &Feed, told: &mut impl FnMut(LineError)) {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            self.begin(&bytes[..end], told);
            self.end(feed, told);
            bytes = &bytes[end + 1..];
        }
        self.begin(bytes, told);
    }

    fn begin(&mut self, bytes: &[u8], told: &mut impl FnMut(LineError)) {
        if self.skipped {
            return;
        }
        if self.begun.len() + bytes.len() > MAX_LINE {
            self.begun = Vec::new();
            self.skipped = true;
            self.tell(LineFault::TooLong, told);
        } else {
            self.begun.extend_from_slice(bytes);
        }
    }

    /// The line is at its end, even if no line feed says so.
    pub fn end(&mut self, feed: &Feed, told: &mut impl FnMut(LineError)) {
        if !self.skipped && !self.begun.trim_ascii().is_empty() {
            let published = match Line::parse(&self.begun) {
                Ok(line) => publish(feed, &line),
                Err(error) => Err(LineFault::Malformed(Words(error))),
            };
            if let Err(fault) = published {
                self.tell(fault, told);
            }
        }
        self.begun.clear();
        // A line that was long need not cost anything for ever.
        self.begun.shrink_to(1 << 16);
        self.tried = 0;
        self.skipped = false;
        self.line += 1;
    }

    /// There is nothing more for now: a last line that lacks nothing but its line feed is published.
    pub fn pause(&mut self, feed: &Feed, told: &mut impl FnMut(LineError)) {
        if self.begun.len() <= self.tried {
            return;
        }
        self.tried = self.begun.len();
        if let Ok(line) = Line::parse(&self.begun) {
            self.begun.clear();
            self.tried = 0;
            if let Err(fault) = publish(feed, &line) {
                self.tell(fault, told);
            }
        }
    }

    fn tell(&self, fault: LineFault, told: &mut impl FnMut(LineError)) {
        told(LineError { origin: self.origin.clone(), line: self.line, fault });
    }
}

fn publish(feed: &Feed, line: &Line) -> Result<(), LineFault> {
    // Whom it reaches is nothing to who wrote the line.
    feed.publish(&line.stream, &line.data).map(drop).map_err(LineFault::Publish)
}

/// Publishes the lines of `source` from a thread of its own, for as long as the feed is there; `told` hears of lines that
/// are passed over.
///
/// The thread does not keep the program running. Where nothing comes it may outlive the feed.
///
/// # Errors
/// If there is no such file, or it is one that has no lines, or no thread can be had.
pub fn follow(feed: &Feed, source: Source, told: impl FnMut(LineError) + Send + 'static) -> io::Result<()> {
    let reading: Box<dyn FnOnce(&WeakFeed, &mut _) + Send> = match source {
        Source::Stdin => Box::new(|feed, told| read_to_end(&mut io::stdin().lock(), "stdin", feed, told)),
        Source::File(path) => {
            let about = std::fs::metadata(&path)?;
            if about.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            if about.is_file() {
                // Whoever may not read it is told now.
                drop(File::open(&path)?);
                Box::new(move |feed, told| follow_file(&path, feed, told))
            } else {
                Box::new(move |feed, told| follow_pipe(&path, feed, told))
            }
        }
    };
    let feed = feed.downgrade();
    let mut told = told;
    // It ends by itself.
    std::thread::Builder::new().name("feed lines".to_owned()).spawn(move || reading(&feed, &mut told)).map(drop)
}

/// How a piece of a source was read.
enum Piece {
    Some,
    End,
    /// And nothing is to be done any more.
    Over,
}

/// Reads and takes one piece.
fn read_piece(
    from: &mut impl Read,
    lines: &mut Lines,
    buffer: &mut [u8],
    feed: &WeakFeed,
    told: &mut impl FnMut(LineError),
) -> Piece {
    let read = from.read(buffer);
    let Some(feed) = feed.upgrade() else { return Piece::Over };
    match read {
        Ok(0) => Piece::End,
        Ok(count) => {
            lines.read(&buffer[..count], &feed, told);
            Piece::Some
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Piece::Some,
        Err(error) => {
            lines.tell(LineFault::Read(error), told);
            Piece::Over
        }
    }
}

fn read_to_end(from: &mut impl Read, origin: &str, feed: &WeakFeed, told: &mut impl FnMut(LineError)) {
    let mut lines = Lines::new(origin);
    read_lines(from, &mut lines, feed, told);
}

/// Reads until the end; whether that was reached.
fn read_lines(from: &mut impl Read, lines: &mut Lines, feed: &WeakFeed, told: &mut impl FnMut(LineError)) -> bool {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match read_piece(from, lines, &mut buffer, feed, told) {
            Piece::Some => {}
            Piece::Over => return false,
            Piece::End => {
                if let Some(feed) = feed.upgrade() {
                    lines.end(&feed, told);
                }
                return true;
            }
        }
    }
}

/// A named pipe, and whatever else is no file: opened again and again.
fn follow_pipe(path: &Path, feed: &WeakFeed, told: &mut impl FnMut(LineError)) {
    let mut lines = Lines::new(path.display().to_string());
    while feed.upgrade().is_some() {
        // Waits until somebody writes.
        let read = match File::open(path) {
            Ok(mut pipe) => read_lines(&mut pipe, &mut lines, feed, told),
            Err(error) => {
                lines.tell(LineFault::Read(error), told);
                false
            }
        };
        if !read {
            return;
        }
        // Where opening does not wait, the loop does.
        std::thread::sleep(LOOK / 10);
    }
}

fn follow_file(path: &Path, feed: &WeakFeed, told: &mut impl FnMut(LineError)) {
    let mut buffer = vec![0; 1 << 16];
    let mut open: Option<(File, Lines)> = None;
    while feed.upgrade().is_some() {
        let Some((file, lines)) = &mut open else {
            // One that is being replaced may be away for a moment.
            match File::open(path) {
                Ok(file) => open = Some((file, Lines::new(path.display().to_string()))),
                Err(_) => std::thread::sleep(LOOK),
            }
            continue;
        };
        match read_piece(file, lines, &mut buffer, feed, told) {
            Piece::Some => {}
            Piece::Over => return,
            Piece::End => {
                if let Some(feed) = feed.upgrade() {
                    lines.pause(&feed, told);
                }
                std::thread::sleep(LOOK);
                if is_another(path, file) {
                    open = None;
                }
            }
        }
    }
}

/// Whether what is at `path` is to be read from its start, because it is not `file`, or less than was read of it.
fn is_another(path: &Path, file: &mut File) -> bool {
    let (Ok(there), Ok(here), Ok(read)) = (std::fs::metadata(path), file.metadata(), file.stream_position()) else {
        return false;
    };
    identity(&there) != identity(&here) || there.len() < read
}

#[cfg(unix)]
fn identity(about: &std::fs::Metadata) -> impl PartialEq {
    use std::os::unix::fs::MetadataExt;
    (about.dev(), about.ino())
}

#[cfg(not(unix))]
fn identity(about: &std::fs::Metadata) -> impl PartialEq {
    about.created().ok()
}

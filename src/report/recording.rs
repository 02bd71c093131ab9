//! The recording: the events of a run, one JSON object a line.
//!
//! Each line is written whole, at once, so a run that is killed leaves a recording that can be read: all that was told
//! of it, and at most the last line is cut.

use std::io::{self, BufRead, Read as _, Write};

use crate::watch::{Event, Sink};

/// The longest line that is read, in bytes. What a case keeps of a connection is far less.
const LONGEST: usize = 64 << 20;

/// Writes events as they come.
#[derive(Debug)]
pub struct Recording<W>(W);

impl<W: Write> Recording<W> {
    /// Writes to `to`, which should not keep for itself what it is given.
    pub const fn new(to: W) -> Self {
        Self(to)
    }
}

impl<W: Write> Sink for Recording<W> {
    fn take(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.0.write_all(&line)?;
        self.0.flush()
    }
}

/// What is wrong with a recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It cannot be read.
    #[error("{name}: {error}")]
    Read {
        /// The name of the recording.
        name: String,
        /// Why not.
        error: io::Error,
    },
    /// One of its lines is no event.
    #[error("{name}:{line}:{column}: this is no event of a recording: {words}")]
    Line {
        /// The name of the recording.
        name: String,
        /// The line, from 1.
        line: u64,
        /// The column in bytes, from 1.
        column: usize,
        /// What is wrong with it.
        words: String,
    },
    /// Events that a sink does not take.
    #[error("{name}: {error}")]
    Sink {
        /// The name of the recording.
        name: String,
        /// Why not.
        error: io::Error,
    },
}

/// How a recording was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// How many events it holds.
    pub events: u64,
    /// Whether it ends in the middle of an event.
    pub cut: bool,
}

/// Tells `sink` all events of the recording `name`. A last line that is cut does not count.
///
/// # Errors
/// If it cannot be read, another line is no event, or the sink takes no more.
pub fn replay(name: &str, mut from: impl BufRead, sink: &mut dyn Sink) -> Result<Replayed, RecordingError> {
    let mut replayed = Replayed { events: 0, cut: false };
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let read = from.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut text);
        let size = read.map_err(|error| RecordingError::Read { name: name.to_owned(), error })?;
        if size == 0 {
            break;
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let is_last = text.last() != Some(&b'\n');
        let wrong = |column: usize, words: String| RecordingError::Line { name: name.to_owned(), line, column, words };
        if size > LONGEST {
            return Err(wrong(1, format!("the line is longer than {LONGEST} bytes")));
        }
        match serde_json::from_slice::<Event>(&text) {
            Ok(event) => {
                replayed.events += 1;
                sink.take(&event).map_err(|error| RecordingError::Sink { name: name.to_owned(), error })?;
            }
            Err(_) if is_last && line > 1 => replayed.cut = true,
            Err(error) => return Err(wrong(error.column().max(1), without_place(&error))),
        }
    }
    Ok(replayed)
}

/// The words of an error, without the place that is told in our own way.
fn without_place(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    words.strip_suffix(&place).unwrap_or(&words).to_owned()
}

//! Several files as one capture.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::reader::Found;
use super::{Item, Reader, Source, SourceError};

/// Gives the packets of several files in the order of their times.
///
/// Within a file the order is never changed, even if time goes backwards in it. A packet without a time goes with the
/// one before it in its file. Secrets are given as soon as they are met. What is wrong with a file is told when the
/// others are read to their ends.
#[derive(Debug)]
pub struct Merge {
    files: Vec<Track>,
    /// The times of what the files give next, and which file it is.
    next: BinaryHeap<Reverse<(i64, usize)>>,
    /// The file whose item is lent.
    lent: Option<usize>,
    begun: bool,
    packets: u64,
    errors: VecDeque<SourceError>,
}

#[derive(Debug)]
struct Track {
    reader: Reader,
    found: Option<Found>,
}

impl Merge {
    /// One capture out of these.
    pub fn new(readers: Vec<Reader>) -> Self {
        Self::with(readers, VecDeque::new())
    }

    /// The same, with what is wrong with others.
    pub(super) fn with(readers: Vec<Reader>, errors: VecDeque<SourceError>) -> Self {
        let files = readers.into_iter().map(|reader| Track { reader, found: None }).collect();
        Self { files, next: BinaryHeap::new(), lent: None, begun: false, packets: 0, errors }
    }

    /// Finds what a file gives next.
    fn advance(&mut self, index: usize) {
        let track = &mut self.files[index];
        match track.reader.advance() {
            Ok(None) => {}
            Ok(Some(found)) => {
                // Without a time it is next: right behind what came before it in its file.
                let time = match &found {
                    Found::Packet { time, .. } => time.map_or(i64::MIN, |time| time.0),
                    Found::Secrets(_) | Found::Idle => i64::MIN,
                };
                track.found = Some(found);
                self.next.push(Reverse((time, index)));
            }
            Err(error) => self.errors.push_back(error),
        }
    }
}

impl Source for Merge {
    fn next(&mut self) -> Result<Option<Item<'_>>, SourceError> {
        if !self.begun {
            self.begun = true;
            (0..self.files.len()).for_each(|index| self.advance(index));
        }
        // Only now: what it lent before lies in its buffer.
        if let Some(index) = self.lent.take() {
            self.advance(index);
        }
        let Some(Reverse((_, index))) = self.next.pop() else {
            return self.errors.pop_front().map_or(Ok(None), Err);
        };
        self.lent = Some(index);
        let track = &mut self.files[index];
        let Some(found) = track.found.take() else { return Ok(None) };
        self.packets += u64::from(matches!(found, Found::Packet { .. }));
        Ok(Some(track.reader.lend(found, self.packets)))
    }
}

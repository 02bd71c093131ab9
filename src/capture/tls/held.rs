//! What cannot be read yet: secrets may come later than what they encrypt.

use std::mem;

use super::connection::{Tls, To};
use super::secrets::Secrets;
use super::side::Framing;
use crate::capture::End;

/// What is held of each direction, in bytes.
const LIMIT: usize = 64 * 1024;

/// What one piece of it counts, beside its bytes.
const PIECE: usize = 64;

/// What an end sent while it could not be read.
pub(super) struct Held {
    pub(super) from: End,
    what: What,
}

enum What {
    Bytes(Vec<u8>),
    Lost(u64),
}

impl Tls {
    /// Keeps bytes of a direction that waits.
    pub(super) fn hold(&mut self, from: End, bytes: &[u8], to: To<'_>) {
        self.count(from, bytes.len(), to);
        if self.sides[from.index()].is_ignored() {
            return;
        }
        match self.held.back_mut() {
            Some(Held { from: last, what: What::Bytes(before) }) if *last == from => before.extend_from_slice(bytes),
            _ => self.held.push_back(Held { from, what: What::Bytes(bytes.to_vec()) }),
        }
    }

    /// Keeps in mind that bytes are missing in a direction that waits.
    pub(super) fn hold_gap(&mut self, from: End, count: u64, to: To<'_>) {
        self.count(from, 0, to);
        if !self.sides[from.index()].is_ignored() {
            self.held.push_back(Held { from, what: What::Lost(count) });
        }
    }

    fn count(&mut self, from: End, bytes: usize, to: To<'_>) {
        let side = &mut self.sides[from.index()];
        side.held += bytes + PIECE;
        if side.held > LIMIT
            && let Some(trouble) = side.waiting.take()
        {
            self.give_up(from, trouble, to);
        }
    }

    /// Reads what is held, as far as that is possible now.
    pub(super) fn retry(&mut self, secrets: &Secrets, to: To<'_>) {
        while self.resume(self.client, secrets, to) | self.resume(self.client.other(), secrets, to) {
            for side in &mut self.sides {
                side.held = 0;
            }
            for Held { from, what } in mem::take(&mut self.held) {
                match what {
                    What::Bytes(mut bytes) => self.feed(from, &mut bytes, secrets, to),
                    What::Lost(count) => self.gap(from, count, to),
                }
            }
        }
    }

    /// Whether a direction that waited goes on.
    fn resume(&mut self, from: End, secrets: &Secrets, to: To<'_>) -> bool {
        let side = &mut self.sides[from.index()];
        if side.waiting.take().is_none() {
            return false;
        }
        if side.framing == Framing::Seeking {
            if let Some(after) = self.seek(from, secrets, to) {
                self.resume_with(from, after);
            }
        } else {
            let mut record = mem::take(&mut side.gathered);
            if !self.record(from, &mut record, secrets, to) {
                self.sides[from.index()].gathered = record;
            }
        }
        self.sides[from.index()].waiting.is_none()
    }

    /// What was found behind the record that waited comes before everything that is held.
    fn resume_with(&mut self, from: End, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.held.push_front(Held { from, what: What::Bytes(bytes) });
        }
    }
}

//! The bytes that were read and not yet used.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;

/// By how much it grows at least, if it was not smaller.
const STEP: usize = 64 * 1024;

/// Why a read of ours gives nothing: more is awaited. Of others that say so it is not known when to ask again.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("nothing is there yet")]
pub(super) struct NotYet;

impl NotYet {
    /// Whether this is why.
    pub(super) fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|error| error.is::<Self>())
    }
}

/// One stretch of memory that is filled again when it is used up. It grows to the longest stretch that was asked for and
/// is really there.
pub(super) struct Buffer {
    from: Box<dyn Read + Send>,
    /// All of it is initialised once.
    bytes: Vec<u8>,
    /// What is not yet used.
    start: usize,
    end: usize,
    /// How many bytes were read in all.
    read: u64,
    ended: bool,
}

impl Buffer {
    /// Reads by `size` bytes at most at once.
    pub(super) fn new(from: Box<dyn Read + Send>, size: usize) -> Self {
        Self { from, bytes: vec![0; size.max(1)], start: 0, end: 0, read: 0, ended: false }
    }

    /// Makes sure that `count` bytes are there if so many follow at all; whether they are.
    ///
    /// # Errors
    /// If reading fails, or nothing is there yet ([`NotYet`]): then it can be asked again.
    #[inline]
    pub(super) fn ensure(&mut self, count: usize) -> io::Result<bool> {
        if self.end - self.start >= count {
            return Ok(true);
        }
        self.fill(count)
    }

    #[cold]
    fn fill(&mut self, count: usize) -> io::Result<bool> {
        // What is left is less than a record: moving it is cheap, and the next read gets all the room.
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < count {
            if self.end == self.bytes.len() {
                // By what is there, not by what a length field says.
                let size = self.bytes.len().saturating_mul(2).min(count.next_multiple_of(STEP));
                self.bytes.resize(size, 0);
            }
            if !self.read_more()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads once, behind what is there.
    fn read_more(&mut self) -> io::Result<bool> {
        while !self.ended {
            match self.from.read(&mut self.bytes[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    // More than there is room for would be a fault of the reader.
                    self.end = (self.end + count).min(self.bytes.len());
                    self.read += count as u64;
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Steps over `count` bytes, keeping none of them; how many of them do not follow.
    ///
    /// # Errors
    /// If reading fails.
    pub(super) fn skip(&mut self, count: u64) -> io::Result<u64> {
        let mut left = count;
        loop {
            let step = left.min((self.end - self.start) as u64);
            self.start += step as usize;
            left -= step;
            if left == 0 {
                return Ok(0);
            }
            (self.start, self.end) = (0, 0);
            if !self.patiently(Self::read_more)? {
                return Ok(left);
            }
        }
    }

    /// The same as [`Buffer::ensure`], however long it takes: a source that says that nothing is there yet is asked again.
    ///
    /// # Errors
    /// If reading fails.
    pub(super) fn await_all(&mut self, count: usize) -> io::Result<bool> {
        self.patiently(|buffer| buffer.ensure(count))
    }

    fn patiently(&mut self, mut read: impl FnMut(&mut Self) -> io::Result<bool>) -> io::Result<bool> {
        loop {
            match read(self) {
                Err(error) if NotYet::is(&error) => {}
                other => return other,
            }
        }
    }

    /// What is there.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Uses the first `count` bytes up, which have to be there, and says where they are until more are asked for.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Range<usize> {
        let from = self.start;
        self.start += count;
        from..self.start
    }

    /// What was taken, as long as no more was asked for.
    #[inline]
    pub(super) fn taken(&mut self, range: Range<usize>) -> &mut [u8] {
        &mut self.bytes[range]
    }

    /// How many bytes were used up.
    #[inline]
    pub(super) fn offset(&self) -> u64 {
        self.read - (self.end - self.start) as u64
    }

    /// What was read so far and not used, and the rest.
    pub(super) fn into_parts(mut self) -> (Vec<u8>, Box<dyn Read + Send>) {
        self.bytes.truncate(self.end);
        self.bytes.drain(..self.start);
        (self.bytes, self.from)
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").field("offset", &self.offset()).finish_non_exhaustive()
    }
}

//! What is left of a packet behind the headers that were read.

use super::{Layer, Malformed};

/// What is left of a packet: the bytes that were captured, and how many there were.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest<'a> {
    /// What the capture has of the packet, from its beginning on.
    captured: &'a [u8],
    /// How many bytes of it were read; never more than were captured.
    at: usize,
    /// How many bytes it had on the wire; never fewer than were captured.
    end: usize,
}

impl<'a> Rest<'a> {
    /// A whole packet of this many bytes, as far as it was captured. What the capture has was there, whatever the
    /// length says.
    pub(super) fn new(captured: &'a [u8], wire: usize) -> Self {
        Self { captured, at: 0, end: wire.max(captured.len()) }
    }

    /// What the capture has.
    #[inline]
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.captured.get(self.at..).unwrap_or_default()
    }

    /// How many bytes there were.
    #[inline]
    pub(super) const fn wire(&self) -> usize {
        self.end - self.at
    }

    /// How many bytes were read before.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// What it means that `wanted` bytes are not there.
    #[cold]
    pub(super) const fn missing(&self, wanted: usize, layer: Layer) -> Malformed {
        if self.wire() < wanted { Malformed::Short(layer) } else { Malformed::Cut(layer) }
    }

    /// The next bytes, which stay.
    #[inline]
    pub(super) fn peek<const N: usize>(&self, layer: Layer) -> Result<&'a [u8; N], Malformed> {
        self.bytes().first_chunk().ok_or_else(|| self.missing(N, layer))
    }

    /// The next bytes.
    #[inline]
    pub(super) fn take<const N: usize>(&mut self, layer: Layer) -> Result<&'a [u8; N], Malformed> {
        let taken = self.peek(layer)?;
        self.at += N;
        Ok(taken)
    }

    /// Steps over bytes.
    #[inline]
    pub(super) fn skip(&mut self, count: usize, layer: Layer) -> Result<(), Malformed> {
        if self.captured.len() - self.at < count {
            return Err(self.missing(count, layer));
        }
        self.at += count;
        Ok(())
    }

    /// There are `length` bytes, as a header says that can know: what the capture has beyond them is padding, and what
    /// it has not was cut off, also if the record of the packet says otherwise.
    #[inline]
    pub(super) fn limit(&mut self, length: usize) {
        self.end = self.at + length;
        if let Some(captured) = self.captured.get(..self.end) {
            self.captured = captured;
        }
    }

    /// There are `length` bytes at most.
    pub(super) fn shorten(&mut self, length: usize) {
        if length < self.wire() {
            self.limit(length);
        }
    }
}

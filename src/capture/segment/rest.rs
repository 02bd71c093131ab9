//! What is left of a packet behind the headers that were read.

use super::{Layer, Malformed};

/// What is left of a packet: the bytes that were captured, and how many there were.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest<'a> {
    /// What the capture has of it; never more than [`Rest::wire`].
    bytes: &'a [u8],
    /// How many bytes it had on the wire.
    wire: usize,
    /// How many bytes were read before.
    at: usize,
}

impl<'a> Rest<'a> {
    /// A whole packet of this many bytes, as far as it was captured. What the capture has was there, whatever the
    /// length says.
    pub(super) fn new(bytes: &'a [u8], wire: usize) -> Self {
        Self { bytes, wire: wire.max(bytes.len()), at: 0 }
    }

    pub(super) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) const fn wire(&self) -> usize {
        self.wire
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// What it means that `wanted` bytes are not there.
    pub(super) const fn missing(&self, wanted: usize, layer: Layer) -> Malformed {
        if self.wire < wanted { Malformed::Short(layer) } else { Malformed::Cut(layer) }
    }

    /// The next bytes, which stay.
    #[inline]
    pub(super) fn peek<const N: usize>(&self, layer: Layer) -> Result<&'a [u8; N], Malformed> {
        self.bytes.first_chunk().ok_or_else(|| self.missing(N, layer))
    }

    /// The next bytes.
    #[inline]
    pub(super) fn take<const N: usize>(&mut self, layer: Layer) -> Result<&'a [u8; N], Malformed> {
        let (taken, bytes) = self.bytes.split_first_chunk().ok_or_else(|| self.missing(N, layer))?;
        self.bytes = bytes;
        self.wire -= N;
        self.at += N;
        Ok(taken)
    }

    /// Steps over bytes.
    #[inline]
    pub(super) fn skip(&mut self, count: usize, layer: Layer) -> Result<(), Malformed> {
        self.bytes = self.bytes.get(count..).ok_or_else(|| self.missing(count, layer))?;
        self.wire -= count;
        self.at += count;
        Ok(())
    }

    /// There are `length` bytes, as a header says that can know: what the capture has beyond them is padding, and what
    /// it has not was cut off, also if the record of the packet says otherwise.
    #[inline]
    pub(super) fn limit(&mut self, length: usize) {
        self.wire = length;
        if let Some(bytes) = self.bytes.get(..length) {
            self.bytes = bytes;
        }
    }

    /// There are `length` bytes at most.
    pub(super) fn shorten(&mut self, length: usize) {
        if length < self.wire {
            self.limit(length);
        }
    }
}

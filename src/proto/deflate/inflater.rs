//! Compressed messages, inflated as they come (RFC 7692, section 7.2.2).

use std::fmt;

use flate2::{Decompress, FlushDecompress, Status};

use super::params::Direction;
use super::pool;

/// Why a message cannot be inflated. Of one direction nothing can be inflated after it until [`Inflater::restart`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// The bytes are not what DEFLATE makes, or they end too early.
    #[error("the compressed data is not DEFLATE")]
    BadData,
    /// There is more in it than the limit allows.
    #[error("the message is larger than it may be")]
    TooBig,
}

/// Inflates the messages of one direction.
pub struct Inflater {
    /// Bytes of earlier messages that a message can refer to.
    window: usize,
    history: Vec<u8>,
    /// Lent by the thread from the first byte of a message to its last.
    stream: Option<Decompress>,
    /// Whether the last byte that came completed a block that says that it is the final one.
    ended: bool,
    /// Where in what it is appended to the part of the message begins that is not in the history yet.
    unremembered: usize,
}

/// The end of every message, which is not sent (section 7.2.1), and a final block that shows that it was in its place.
const TAIL: [u8; 9] = [0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff];

/// Memory that is asked for at least, in bytes.
const LEAST: usize = 512;

impl Inflater {
    /// An inflater at the start of a direction. It takes no memory until a message comes.
    ///
    /// Messages that refer further back than was agreed are inflated as well, if what they refer to is still known.
    pub fn new(direction: Direction) -> Self {
        // Some compressors use 9 bits where 8 were agreed.
        let window = if direction.context_takeover { 1 << direction.window_bits.clamp(9, 15) } else { 0 };
        Self { window, history: Vec::new(), stream: None, ended: false, unremembered: 0 }
    }

    /// Inflates the next bytes of a message, appending to `out`, which must not hold more than `limit` bytes, and from which
    /// only [`Inflater::empty`] may take anything before the message is complete: with `end_of_message`. `out` is never given more memory than
    /// `limit` bytes take.
    ///
    /// # Errors
    /// If the bytes are not DEFLATE, or more comes out of them than `limit` allows. What came before that is in `out`.
    pub fn inflate(
        &mut self,
        input: &[u8],
        end_of_message: bool,
        out: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), InflateError> {
        if !input.is_empty() {
            self.feed(input, out, limit)?;
        }
        if end_of_message {
            self.finish(out)?;
        }
        Ok(())
    }

    /// Empties what a message was inflated into, before it is complete.
    pub fn empty(&mut self, out: &mut Vec<u8>) {
        self.remember(out);
        out.clear();
        self.unremembered = 0;
    }

    /// Forgets everything, as at the start of the direction.
    pub fn restart(&mut self) {
        self.history = Vec::new();
        self.give_back();
    }

    /// Bytes of earlier messages that are kept.
    pub fn kept(&self) -> usize {
        self.history.capacity()
    }

    fn feed(&mut self, mut input: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), InflateError> {
        if self.stream.is_none() {
            self.stream = Some(self.begin(pool::decompressor())?);
            self.unremembered = out.len();
        }
        loop {
            if self.ended && !input.is_empty() {
                self.remember(out);
                self.begin_again()?;
            }
            let before = out.len();
            let (taken, status) = self.step(input, out, limit)?;
            input = &input[taken..];
            self.ended = status == Status::StreamEnd;
            let full = out.len() == out.capacity() || out.len() == limit;
            if input.is_empty() && (self.ended || !full) {
                return Ok(());
            }
            if taken == 0 && out.len() == before && !self.ended {
                // Nothing goes on though there is room and input, unless it only was full of what fits exactly.
                return if input.is_empty() { Ok(()) } else { Err(InflateError::BadData) };
            }
        }
    }

    /// Inflates as much of `input` as there is room for, after making some. Says how much was taken.
    fn step(&mut self, input: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(usize, Status), InflateError> {
        let Some(stream) = &mut self.stream else { return Err(InflateError::BadData) };
        let before = stream.total_in();
        let status = if out.len() >= limit {
            // There may be more input that says nothing. Whether it does shows in a byte to spare.
            let mut spare = [0];
            let produced = stream.total_out();
            let status = stream.decompress(input, &mut spare, FlushDecompress::None);
            if stream.total_out() > produced {
                return Err(InflateError::TooBig);
            }
            status
        } else {
            if out.len() == out.capacity() {
                let ahead = out.len().max(input.len().saturating_mul(2)).max(LEAST);
                out.reserve_exact(ahead.min(limit - out.len()));
            }
            let length = out.len();
            let status = stream.decompress_vec(input, out, FlushDecompress::None);
            if out.len() > limit {
                // The memory was there before; but nobody wants more than this.
                debug_assert!(length <= limit, "asked for with more than the limit");
                out.truncate(limit);
                return Err(InflateError::TooBig);
            }
            status
        };
        let status = status.map_err(|_| InflateError::BadData)?;
        Ok(((stream.total_in() - before) as usize, status))
    }

    /// The message is complete: it has to end between two blocks.
    fn finish(&mut self, out: &[u8]) -> Result<(), InflateError> {
        // A message of no bytes at all has no block, but some compressors send it for an empty one. And some leave out
        // the empty block behind a final one.
        if let Some(stream) = self.stream.as_mut().filter(|_| !self.ended) {
            let mut spare = [0];
            let (taken, produced) = (stream.total_in(), stream.total_out());
            let status = stream.decompress(&TAIL, &mut spare, FlushDecompress::None);
            let all = stream.total_in() - taken == TAIL.len() as u64;
            if status.ok() != Some(Status::StreamEnd) || !all || stream.total_out() > produced {
                return Err(InflateError::BadData);
            }
        }
        if self.stream.is_some() {
            self.remember(out);
        }
        self.give_back();
        Ok(())
    }

    /// A stream at its start, which knows what came before.
    fn begin(&self, mut stream: Decompress) -> Result<Decompress, InflateError> {
        if !self.history.is_empty() {
            stream.set_dictionary(&self.history).map_err(|_| InflateError::BadData)?;
        }
        Ok(stream)
    }

    /// A block was the final one, and more comes (sections 7.2.3.4 and 7.2.3.5): another stream begins.
    #[cold]
    fn begin_again(&mut self) -> Result<(), InflateError> {
        self.ended = false;
        if let Some(mut stream) = self.stream.take() {
            stream.reset(false);
            self.stream = Some(self.begin(stream)?);
        }
        Ok(())
    }

    /// Keeps what later messages may refer to: once a message, since that costs copying.
    fn remember(&mut self, out: &[u8]) {
        let inflated = out.get(self.unremembered..).unwrap_or_default();
        self.unremembered = out.len();
        if self.window == 0 || inflated.is_empty() {
            return;
        }
        let new = &inflated[inflated.len().saturating_sub(self.window)..];
        let excess = (self.history.len() + new.len()).saturating_sub(self.window);
        self.history.drain(..excess);
        if self.history.capacity() < self.history.len() + new.len() {
            let ahead = new.len().max(self.history.len()).min(self.window - self.history.len());
            self.history.reserve_exact(ahead);
        }
        self.history.extend_from_slice(new);
    }

    fn give_back(&mut self) {
        self.ended = false;
        if let Some(stream) = self.stream.take() {
            pool::keep_decompressor(stream);
        }
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").field("window", &self.window).field("kept", &self.kept()).finish_non_exhaustive()
    }
}

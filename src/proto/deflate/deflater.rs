//! Messages compressed (RFC 7692, section 7.2.1).

use std::fmt;

use flate2::{Compress, FlushCompress};

use super::params::Direction;
use super::pool::{self, Settings};

/// Compresses the messages of one direction.
pub struct Deflater {
    settings: Settings,
    context_takeover: bool,
    /// What is taken over.
    stream: Option<Compress>,
}

/// The end of the empty block with which a message is flushed. It is not sent.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// Room for an end of stream at least, so that none is written in two parts.
const LEAST: usize = 64;

impl Deflater {
    /// A deflater at the start of a direction, of a level from 0 to 9. It takes no memory until a message is sent.
    ///
    /// There is none for a window of 8 bits, with which messages have to be sent uncompressed.
    pub fn new(level: u8, direction: Direction) -> Option<Self> {
        let settings = Settings { level: level.min(9), window_bits: direction.window_bits };
        let context_takeover = direction.context_takeover;
        (9..=15).contains(&settings.window_bits).then_some(Self { settings, context_takeover, stream: None })
    }

    /// Whether messages refer to earlier ones. Then each that was compressed has to be sent compressed.
    pub fn takes_over(&self) -> bool {
        self.context_takeover
    }

    /// Compresses a message, and appends the payload of the compressed one to `out`.
    pub fn deflate(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        if payload.is_empty() {
            // Section 7.2.3.6.
            out.push(0x00);
            return;
        }
        let mut stream = self.stream.take().unwrap_or_else(|| pool::compressor(self.settings));
        compress(&mut stream, payload, out);
        debug_assert!(out.ends_with(&TAIL), "what is flushed ends with an empty block");
        out.truncate(out.len() - TAIL.len());
        if self.context_takeover {
            self.stream = Some(stream);
        } else {
            pool::keep_compressor(self.settings, stream);
        }
    }
}

/// Compresses all of `input`, and flushes it.
fn compress(stream: &mut Compress, mut input: &[u8], out: &mut Vec<u8>) {
    // Most of what is worth compressing shrinks to a half or less.
    out.reserve(input.len() / 2 + LEAST);
    loop {
        if out.capacity() - out.len() < LEAST {
            out.reserve((input.len() / 2).max(LEAST));
        }
        let before = stream.total_in();
        let status = stream.compress_vec(input, out, FlushCompress::Sync);
        // The only error is that of a stream that was ended or never begun, and none here is.
        status.expect("a stream that goes on");
        input = &input[(stream.total_in() - before) as usize..];
        // With room left everything is out.
        if input.is_empty() && out.len() < out.capacity() {
            return;
        }
    }
}

impl Drop for Deflater {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            pool::keep_compressor(self.settings, stream);
        }
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater")
            .field("settings", &self.settings)
            .field("context_takeover", &self.context_takeover)
            .finish_non_exhaustive()
    }
}

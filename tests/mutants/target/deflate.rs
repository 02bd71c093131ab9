//! Compressed messages (RFC 7692, section 7.2).

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::MOST;
use super::extension::Agreed;
use crate::fault::{Fault, Switch};

/// What is left out at the end of a compressed message.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// The largest window, in bytes.
const WINDOW: usize = 32768;

/// How much a target can inflate that does not bound it. Its memory is used up then.
const BOMB: usize = 24 << 20;

/// Why something cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    Data,
    Large,
    Endless,
}

#[derive(Debug)]
pub(super) struct Deflate {
    fault: Switch,
    own: Compress,
    own_takeover: bool,
    peer: Decompress,
    peer_takeover: bool,
    /// The end of what was inflated, as the window has it.
    window: Vec<u8>,
    /// A final block came in the message.
    ended: bool,
    /// Nothing came behind it.
    fresh: bool,
    dead: bool,
}

impl Deflate {
    pub(super) fn new(agreed: Agreed, is_server: bool, fault: Switch) -> Self {
        let server = (!agreed.server_no_takeover, agreed.server_bits.unwrap_or(15));
        let client = (!agreed.client_no_takeover, agreed.client_bits.unwrap_or(15));
        let (own, peer) = if is_server { (server, client) } else { (client, server) };
        let bits = if fault.is(Fault::ExceedsOwnWindow) { 15 } else { own.1.max(9) };
        Self {
            fault,
            own: Compress::new_with_window_bits(Compression::new(6), false, bits),
            own_takeover: own.0 || fault.is(Fault::KeepsOwnContext),
            peer: Decompress::new(false),
            peer_takeover: peer.0
                && !fault.is(Fault::ForgetsPeerContext)
                && (own.0 || !fault.is(Fault::OneTakeoverForBoth)),
            window: Vec::new(),
            ended: false,
            fresh: false,
            dead: false,
        }
    }

    /// Compresses a message (section 7.2.1).
    pub(super) fn compress(&mut self, message: &[u8]) -> Vec<u8> {
        if message.is_empty() {
            return vec![0];
        }
        if !self.own_takeover {
            self.own.reset();
        }
        let mut out = Vec::new();
        let begun = self.own.total_in();
        loop {
            out.reserve(4096.max(message.len() / 4));
            let done = (self.own.total_in() - begun) as usize;
            let room = out.capacity() - out.len();
            let before = out.len();
            // Compressing into a vector with room has no error.
            let _ = self.own.compress_vec(&message[done..], &mut out, FlushCompress::Sync);
            if out.len() - before < room {
                break;
            }
        }
        if !self.fault.is(Fault::KeepsTail) && out.ends_with(&TAIL) {
            out.truncate(out.len() - TAIL.len());
        }
        out
    }

    /// Inflates a part of a message onto `out`.
    pub(super) fn inflate(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Bad> {
        if self.dead || self.ended && self.fault.is(Fault::NothingAfterFinalBlock) {
            return Ok(());
        }
        let mut chunk = vec![0; 16384];
        self.fresh &= bytes.is_empty();
        loop {
            let (read, written) = (self.peer.total_in(), self.peer.total_out());
            let status = self.peer.decompress(bytes, &mut chunk, FlushDecompress::Sync).map_err(|_| Bad::Data)?;
            let read = (self.peer.total_in() - read) as usize;
            let written = (self.peer.total_out() - written) as usize;
            bytes = &bytes[read..];
            out.extend_from_slice(&chunk[..written]);
            self.window.extend_from_slice(&chunk[..written]);
            let kept = if self.fault.is(Fault::SmallPeerWindow) { 1024 } else { WINDOW };
            self.window.drain(..self.window.len().saturating_sub(kept));
            if self.fault.is(Fault::LimitsCompressedSize) {
                if out.len() > BOMB {
                    return Err(Bad::Endless);
                }
            } else if out.len() > MOST {
                return Err(Bad::Large);
            }
            if status == Status::StreamEnd {
                self.ended = true;
                if self.fault.is(Fault::FinalBlockEndsAll) {
                    self.dead = true;
                    return Ok(());
                }
                if self.fault.is(Fault::NothingAfterFinalBlock) {
                    return Ok(());
                }
                self.anew();
                self.fresh = bytes.is_empty();
                if bytes.is_empty() {
                    return Ok(());
                }
                continue;
            }
            if bytes.is_empty() && written < chunk.len() {
                return Ok(());
            }
            if read == 0 && written == 0 {
                return Err(Bad::Data);
            }
        }
    }

    /// Begins a new stream of DEFLATE with the window that is there (section 7.2.3.4: a final block ends a stream, not
    /// what can be referred to).
    fn anew(&mut self) {
        self.peer.reset(false);
        if self.window.is_empty() {
            return;
        }
        // A stored block that is not final puts the window where it was.
        let len = self.window.len() as u16;
        let mut block = vec![0];
        block.extend_from_slice(&len.to_le_bytes());
        block.extend_from_slice(&(!len).to_le_bytes());
        block.extend_from_slice(&self.window);
        let mut gone = vec![0; WINDOW + 64];
        // The block is right.
        let _ = self.peer.decompress(&block, &mut gone, FlushDecompress::Sync);
    }

    /// Inflates the end of a message (section 7.2.2). A block that is not whole there is an error.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Bad> {
        if self.dead {
            return Ok(());
        }
        if self.ended && self.fault.is(Fault::NothingAfterFinalBlock) {
            self.anew();
        } else if self.fault.is(Fault::TakesCutBlock) {
            if self.inflate(&TAIL, out).is_err() {
                self.forget();
            }
        } else if !self.fresh {
            let before = out.len();
            self.inflate(&TAIL, out)?;
            // Inside a block the four bytes are data, or the beginning of a length; behind it they are an empty block.
            if out.len() != before || !self.between_blocks() {
                return Err(Bad::Data);
            }
        }
        if out.len() == 16384 && self.fault.is(Fault::LosesByteOfFullChunk) {
            out.pop();
        }
        (self.ended, self.fresh) = (false, false);
        if !self.peer_takeover || out.len() >= 65536 && self.fault.is(Fault::ForgetsContextOf64K) {
            self.forget();
        }
        Ok(())
    }

    /// Whether the decompressor waits for a block. An empty stored one tells: anything else would be taken for the rest
    /// of a block.
    fn between_blocks(&mut self) -> bool {
        let mut probe = [0; 16];
        let before = self.peer.total_out();
        // A block of one byte, 0x2a.
        let block = [0, 1, 0, 0xfe, 0xff, 0x2a];
        let good = self.peer.decompress(&block, &mut probe, FlushDecompress::Sync).is_ok();
        let one = self.peer.total_out() - before == 1 && probe[0] == 0x2a;
        // The byte is in the window now, where nothing may find it.
        if good && one {
            self.anew();
        }
        good && one
    }

    /// Forgets the context.
    pub(super) fn forget(&mut self) {
        self.window.clear();
        self.peer.reset(false);
    }
}

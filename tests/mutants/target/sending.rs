//! What is sent: frames, and messages that are sent back.

use super::frame::{Head, mask};
use super::session::{Role, Session, random};
use crate::fault::Fault;

/// Payload bytes of a frame of a message that was compressed, and of one that was not.
const COMPRESSED: usize = 1024;
const PLAIN: usize = 65536;

/// Messages from so many bytes on count as large.
const LARGE: usize = 60_000;

impl Session {
    /// Sends a frame.
    pub(super) fn send(&mut self, fin: bool, rsv: u8, opcode: u8, payload: &[u8]) {
        let key = self.key(opcode, payload.len());
        let head = Head { fin, rsv, opcode, key, len: payload.len() as u64, form: 0 };
        let begun = self.out.len();
        head.write(&mut self.out, self.fault);
        let from = self.out.len();
        debug_assert!(from > begun, "a head has bytes");
        self.out.extend_from_slice(payload);
        if let Some(key) = key {
            mask(&mut self.out[from..], key, 0);
        }
    }

    /// The masking key of a frame, if it is masked.
    fn key(&self, opcode: u8, len: usize) -> Option<[u8; 4]> {
        let mut key = [0; 4];
        random(&mut key);
        if self.role == Role::Server {
            let masks = self.is(Fault::Masks) || self.is(Fault::MasksClose) && opcode == 8;
            return masks.then_some(key);
        }
        match () {
            () if self.is(Fault::SendsUnmasked) => None,
            () if self.is(Fault::SendsUnmaskedControl) && opcode >= 8 => None,
            () if self.is(Fault::MasksWithOneKey) => Some([0x37, 0xfa, 0x21, 0x3d]),
            () if self.is(Fault::MasksWithZero) => Some([0; 4]),
            () if self.is(Fault::MasksNothingWithZero) && len == 0 => Some([0; 4]),
            () if self.is(Fault::MasksLargeWithOneKey) && len >= LARGE => Some([0x37, 0xfa, 0x21, 0x3d]),
            () if self.is(Fault::MasksByCounting) => Some(self.world.count().to_be_bytes()),
            () => Some(key),
        }
    }

    /// Sends a message back.
    pub(super) fn echo(&mut self, opcode: u8, data: &[u8], fragmented: bool) {
        if self.closed && !self.is(Fault::EchoesAfterClose) && !self.is(Fault::GoesOnAfterFailing)
            || data.is_empty() && self.is(Fault::EmptyMessagesLost)
        {
            return;
        }
        let is_text = opcode == 1;
        let opcode = match () {
            () if self.is(Fault::FragmentsBecomeText) && fragmented => 1,
            () if self.is(Fault::TextBecomesBinary) => 2,
            () => opcode,
        };
        let data = match () {
            () if is_text && self.is(Fault::DropsByteOrderMark) => data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data),
            () if is_text && self.is(Fault::NulEndsText) => data.split(|byte| *byte == 0).next().unwrap_or_default(),
            () => data,
        };
        let compressed = self.deflate.as_mut().map(|deflate| deflate.compress(data));
        let (wire, size) = match &compressed {
            Some(compressed) => (compressed.as_slice(), COMPRESSED),
            None => (data, PLAIN),
        };
        let rsv = if compressed.is_some() && !self.is(Fault::CompressesWithoutRsv1) { 4 } else { 0 };
        let kept = self.out.len();
        let pieces = wire.len().div_ceil(size).max(1);
        for index in 0..pieces {
            let piece = &wire[index * size..wire.len().min((index + 1) * size)];
            let first = index == 0;
            let rsv = if first || self.is(Fault::ContinuationsWithRsv1) { rsv } else { 0 };
            let own = if first || self.is(Fault::FragmentsWithOpcode) { opcode } else { 0 };
            self.send(index + 1 == pieces, rsv, own, piece);
            if first && pieces > 1 && self.is(Fault::RepeatsLargeEcho) {
                self.send(false, 0, 0, piece);
            }
        }
        if data.len() > LARGE && self.is(Fault::LargeEchoLate) {
            let large = self.out.split_off(kept);
            self.late.extend_from_slice(&large);
        }
    }
}

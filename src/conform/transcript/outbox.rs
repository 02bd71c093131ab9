//! What we send, in frames as far as it is in frames.

use std::time::Duration;

use super::passing::{Passing, is_data, said};
use crate::watch::{Side, Transcript};
use crate::wire::{Head, Opcode};

#[derive(Debug, Default)]
pub(super) struct Outbox {
    pub(super) held: Vec<u8>,
    pub(super) frame: Option<Passing>,
    /// Whether RSV1 says that a message is compressed.
    pub(super) compresses: bool,
    /// The message that the current frame belongs to is compressed.
    compressed: bool,
}

impl Outbox {
    pub(super) fn take(&mut self, now: Duration, mut bytes: &[u8], closes: bool, transcript: &mut Transcript) {
        while !bytes.is_empty() {
            if let Some(frame) = &mut self.frame {
                let missing = frame.head.len - frame.len;
                let size = bytes.len().min(usize::try_from(missing).unwrap_or(usize::MAX));
                frame.add(&bytes[..size], true);
                if is_data(frame.head.opcode) {
                    transcript.sent.payload += size as u64;
                    // What was compressed is counted when it is begun.
                    transcript.sent.content += if self.compressed { 0 } else { size as u64 };
                }
                bytes = &bytes[size..];
            } else {
                // A head takes 14 bytes at most, so what is held stays short.
                let held = self.held.len();
                let size = bytes.len().min(Head::MAX_LEN - held);
                self.held.extend_from_slice(&bytes[..size]);
                let Some((head, taken)) = Head::parse(&self.held) else { return };
                self.held.clear();
                bytes = &bytes[taken - held..];
                *transcript.sent.frames.entry(head.opcode.0).or_default() += 1;
                if matches!(head.opcode, Opcode::TEXT | Opcode::BINARY) {
                    self.compressed = self.compresses && head.rsv & Head::RSV1 != 0;
                }
                self.frame = Some(Passing::new(head, now));
            }
            if let Some(frame) = self.frame.take_if(|frame| frame.len == frame.head.len) {
                if closes && frame.head.opcode == Opcode::CLOSE && transcript.closing.local.is_none() {
                    let closing = &mut transcript.closing;
                    closing.local = Some(said(now, &frame.start));
                    closing.by_us = closing.remote.is_none();
                    closing.clean = closing.remote.is_some();
                }
                transcript.sent.messages += u64::from(frame.head.fin && is_data(frame.head.opcode));
                frame.log(Side::Us, transcript);
            }
        }
    }
}

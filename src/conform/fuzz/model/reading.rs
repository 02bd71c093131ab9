//! The steps of a session as a target reads them: frames, whatever steps they come from.

use bytes::Bytes;

use crate::conform::{Await, Frame, Mask, Step};
use crate::wire::{CloseBody, CloseCode, Form, Head, Opcode, mask_at};

/// What a target meets, and which step ended it.
#[derive(Debug)]
pub(super) struct Met {
    pub(super) step: usize,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// A frame that is there.
    Frame { head: Head, payload: Vec<u8> },
    /// The head of a frame whose payload never comes, with as much of it as there is.
    Unfinished { head: Head },
    /// A message that our own compressor made, of which only the content is known.
    Compressed { head: Head, content: Bytes },
    /// Nothing: we wait for an answer.
    Await(Await),
    /// The end of our direction of TCP, be it inside a frame.
    Left,
    /// The end of TCP by a reset, be it inside a frame.
    Reset,
}

/// A key for frames whose key is chosen when they are sent. What they say does not depend on it.
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// More bytes than a model takes of a session.
const MOST: usize = 8 << 20;

/// Reads `steps`; `None` if it cannot be said how a target reads them.
pub(super) fn read(steps: &[Step]) -> Option<Vec<Met>> {
    let mut reading = Reading::default();
    for (index, step) in steps.iter().enumerate() {
        reading.take(index, step)?;
    }
    reading.finish()
}

#[derive(Default)]
struct Reading {
    met: Vec<Met>,
    /// Bytes that are no whole frame yet.
    rest: Vec<u8>,
    /// The key of the last frame that a step wrote, and how much of its payload there is, for what comes behind.
    unfinished: Option<([u8; 4], u64)>,
    all: usize,
    /// The head of the frame that is not whole yet, the step that ended it, and what was met before.
    begun: Option<(Head, usize, usize)>,
    left: bool,
}

impl Reading {
    fn take(&mut self, index: usize, step: &Step) -> Option<()> {
        if self.left {
            // Nothing that comes behind is sent.
            return Some(());
        }
        match step {
            Step::HalfClose | Step::Reset => {
                self.left = true;
                let what = if matches!(step, Step::Reset) { What::Reset } else { What::Left };
                self.met.push(Met { step: index, what });
                return Some(());
            }
            Step::Frame(frame) if frame.compressed => return self.compressed(index, frame),
            Step::Frame(frame) => self.frame(frame)?,
            Step::More(payload) => {
                let (key, offset) = self.unfinished?;
                let mut bytes = payload.bytes().to_vec();
                mask_at(&mut bytes, key, offset);
                self.unfinished = Some((key, offset + bytes.len() as u64));
                self.rest.extend_from_slice(&bytes);
            }
            Step::Raw { bytes, .. } => self.rest.extend_from_slice(&bytes.bytes()),
            Step::Await(what) => self.met.push(Met { step: index, what: What::Await(*what) }),
            Step::Wait { tag: None, .. } => {}
            // What else there is in the language is not foretold.
            _ => return None,
        }
        self.frames(index)
    }

    /// Writes a frame, or a message in several (section 5.2).
    fn frame(&mut self, frame: &Frame) -> Option<()> {
        let payload = frame.payload.bytes();
        let size = frame.fragments.map_or(0, |cut| cut.size);
        let mut pieces: Vec<&[u8]> =
            if size > 0 && payload.len() > size { payload.chunks(size).collect() } else { vec![&payload] };
        if frame.fragments.is_some_and(|cut| cut.empty_last) && pieces.len() > 1 && payload.len().is_multiple_of(size) {
            pieces.push(&[]);
        }
        let count = pieces.len();
        for (number, piece) in pieces.into_iter().enumerate() {
            let (first, last) = (number == 0, number + 1 == count);
            let len = frame.len.filter(|_| count == 1).unwrap_or(piece.len() as u64);
            let key = match frame.mask {
                Mask::ByRole | Mask::Random => Some(KEY),
                Mask::Off => None,
                Mask::Key(key) => Some(key),
            };
            let head = Head {
                fin: last && frame.fin,
                rsv: if first { frame.rsv } else { 0 },
                opcode: if first { frame.opcode } else { Opcode::CONTINUATION },
                mask: key,
                len,
                form: frame.form.unwrap_or(Form::minimal(len)),
            };
            self.rest.extend_from_slice(&head.encode());
            let start = self.rest.len();
            self.rest.extend_from_slice(piece);
            let key = key.unwrap_or_default();
            mask_at(&mut self.rest[start..], key, 0);
            self.unfinished = Some((key, piece.len() as u64));
        }
        Some(())
    }

    fn compressed(&mut self, index: usize, frame: &Frame) -> Option<()> {
        // A message that begins inside of what another frame promised cannot be foretold, nor can half of one.
        if !self.rest.is_empty() || frame.len.is_some() || frame.form.is_some() || !frame.fin {
            return None;
        }
        let content = frame.payload.bytes();
        self.all += content.len();
        let head = Head {
            fin: true,
            rsv: frame.rsv | Head::RSV1,
            opcode: frame.opcode,
            mask: (frame.mask != Mask::Off).then_some(KEY),
            ..Head::new(frame.opcode, 0)
        };
        self.met.push(Met { step: index, what: What::Compressed { head, content } });
        self.unfinished = None;
        Some(())
    }

    /// Takes the frames that are whole by now.
    fn frames(&mut self, index: usize) -> Option<()> {
        let mut at = 0;
        while let Some((head, size)) = Head::parse(&self.rest[at..]) {
            let (begin, left) = (at + size, self.rest.len() - at - size);
            if head.len > left as u64 {
                self.begun.get_or_insert((head, index, self.met.len()));
                break;
            }
            self.begun = None;
            // As much is there, so it fits.
            let end = begin + head.len as usize;
            let mut payload = self.rest[begin..end].to_vec();
            mask_at(&mut payload, head.mask.unwrap_or_default(), 0);
            self.met.push(Met { step: index, what: What::Frame { head, payload } });
            at = end;
        }
        self.all += at;
        self.rest.drain(..at);
        (self.all + self.rest.len() <= MOST).then_some(())
    }

    fn finish(mut self) -> Option<Vec<Met>> {
        let topmost = |head: &Head| head.form == Form::Bits64 && head.len >> 63 != 0;
        if self.left && self.begun.as_ref().is_none_or(|(head, ..)| !topmost(head)) {
            return Some(self.met);
        }
        if let Some((head, step, at)) = self.begun {
            self.met.insert(at, Met { step, what: What::Unfinished { head } });
        } else if !self.rest.is_empty() {
            return None;
        }
        Some(self.met)
    }
}

/// The code and the reason of a close frame, if its body has both parts.
pub(super) fn close_parts(payload: &[u8]) -> Option<(CloseCode, &[u8])> {
    match CloseBody::parse(payload) {
        CloseBody::Status(code, reason) => Some((code, reason)),
        _ => None,
    }
}

//! The bytes of a step, generated and masked in pieces as they are wanted.

use std::time::Duration;

use crate::conform::{Frame, Mask, Payload};
use crate::proto::{MaskingKeys, Role};
use crate::wire::{EncodedHead, Form, Head, Opcode, mask_at};

/// What is being sent of a step. Holds no payload, whatever its length.
#[derive(Debug)]
pub(super) struct Outgoing {
    payload: Payload,
    frames: Option<Frames>,
    head: Option<(EncodedHead, usize)>,
    /// The key of the current frame, and the offset in its payload at which `from` stands.
    mask: Option<([u8; 4], u64)>,
    /// The current frame's part of the payload.
    from: usize,
    at: usize,
    to: usize,
    done: bool,
    /// Written in pieces of so many bytes.
    pub(super) chop: Option<usize>,
    /// Waited after each piece.
    pub(super) pause: Option<Duration>,
}

/// The frames of a message.
#[derive(Debug)]
struct Frames {
    shape: Frame,
    role: Role,
    /// How many are still to begin.
    left: usize,
    first: bool,
}

/// A frame whose payload goes on in the next step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unfinished {
    key: Option<[u8; 4]>,
    offset: u64,
}

impl Outgoing {
    fn plain(payload: Payload) -> Self {
        let to = payload.len();
        let done = to == 0;
        Self { payload, frames: None, head: None, mask: None, from: 0, at: 0, to, done, chop: None, pause: None }
    }

    pub(super) fn raw(payload: Payload, chop: Option<usize>) -> Self {
        Self { chop, ..Self::plain(payload) }
    }

    pub(super) fn more(payload: Payload, of: Unfinished) -> Self {
        Self { mask: of.key.map(|key| (key, of.offset)), ..Self::plain(payload) }
    }

    /// A frame of this shape, or a message in several, with a payload in the place of its own.
    pub(super) fn frame(shape: &Frame, payload: Payload, role: Role, keys: &mut dyn MaskingKeys) -> Self {
        let len = payload.len();
        let left = match shape.fragments {
            Some(cut) if cut.size > 0 && len > cut.size => {
                len.div_ceil(cut.size) + usize::from(cut.empty_last && len.is_multiple_of(cut.size))
            }
            _ => 1,
        };
        let (chop, pause) = (shape.chop, shape.pause);
        let frames = Some(Frames { shape: shape.clone(), role, left, first: true });
        let mut this = Self { frames, chop, pause, to: 0, done: false, ..Self::plain(payload) };
        this.begin(keys);
        this
    }

    /// Whether all bytes were given.
    pub(super) const fn is_done(&self) -> bool {
        self.done
    }

    /// What a further step has to know to go on with the payload of the last frame.
    pub(super) fn unfinished(&self) -> Unfinished {
        let sent = (self.at - self.from) as u64;
        match self.mask {
            Some((key, offset)) => Unfinished { key: Some(key), offset: offset + sent },
            None => Unfinished { key: None, offset: sent },
        }
    }

    /// Appends at most `limit` bytes to `out`, and no more than the current frame if `one` is set.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>, limit: usize, one: bool, keys: &mut dyn MaskingKeys) {
        let end = out.len() + limit;
        while !self.done && out.len() < end {
            let room = end - out.len();
            if let Some((head, sent)) = &mut self.head {
                let size = (head.len() - *sent).min(room);
                out.extend_from_slice(&head[*sent..*sent + size]);
                *sent += size;
                if *sent < head.len() {
                    return;
                }
                self.head = None;
            } else {
                let size = (self.to - self.at).min(room);
                let start = out.len();
                if let Payload::Bytes(bytes) = &self.payload {
                    out.extend_from_slice(&bytes[self.at..self.at + size]);
                } else {
                    out.resize(start + size, 0);
                    self.payload.copy_to(self.at, &mut out[start..]);
                }
                if let Some((key, offset)) = self.mask {
                    mask_at(&mut out[start..], key, offset + (self.at - self.from) as u64);
                }
                self.at += size;
            }
            if self.head.is_none() && self.at == self.to {
                self.begin(keys);
                if one {
                    return;
                }
            }
        }
    }

    /// Begins the next frame, if there is one.
    fn begin(&mut self, keys: &mut dyn MaskingKeys) {
        let Some(frames) = self.frames.as_mut().filter(|frames| frames.left > 0) else {
            self.done = true;
            return;
        };
        frames.left -= 1;
        let (shape, first, last) = (&frames.shape, frames.first, frames.left == 0);
        frames.first = false;
        self.from = self.at;
        self.to = match shape.fragments {
            Some(cut) if !last => self.at + cut.size,
            _ => self.payload.len(),
        };
        let len = (self.to - self.from) as u64;
        let len = if first && last { shape.len.unwrap_or(len) } else { len };
        let key = match shape.mask {
            Mask::ByRole => (frames.role == Role::Client).then(|| keys.next_key()),
            Mask::Off => None,
            Mask::Random => Some(keys.next_key()),
            Mask::Key(key) => Some(key),
        };
        let head = Head {
            fin: last && shape.fin,
            rsv: if first { shape.rsv } else { 0 },
            opcode: if first { shape.opcode } else { Opcode::CONTINUATION },
            mask: key,
            len,
            form: shape.form.unwrap_or(Form::minimal(len)),
        };
        self.mask = key.map(|key| (key, 0));
        self.head = Some((head.encode(), 0));
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;
    use proptest::prelude::*;

    use super::*;
    use crate::conform::Fragments;

    fn frame(opcode: Opcode, payload: Payload) -> Frame {
        Frame { mask: Mask::Off, ..Frame::new(opcode, payload) }
    }

    fn frame_of(shape: &Frame, role: Role) -> Outgoing {
        Outgoing::frame(shape, shape.payload.clone(), role, &mut || [1, 2, 3, 4])
    }

    fn bytes(mut outgoing: Outgoing, limit: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while !outgoing.is_done() {
            outgoing.fill(&mut out, limit, false, &mut || [1, 2, 3, 4]);
        }
        out
    }

    fn sent(frame: &Frame) -> Vec<u8> {
        bytes(frame_of(frame, Role::Client), 1 << 20)
    }

    #[test]
    fn a_frame_is_masked_as_its_role_wants() {
        let hello = Frame { mask: Mask::ByRole, ..frame(Opcode::TEXT, "Hello".into()) };
        assert_eq!(sent(&hello), hex!("81 85 01020304 49676f686e"));
        let server = frame_of(&hello, Role::Server);
        assert_eq!(bytes(server, 100), hex!("81 05 48656c6c6f"));
    }

    #[test]
    fn a_frame_may_lie_about_everything() {
        let lie =
            Frame { fin: false, rsv: 5, len: Some(7), form: Some(Form::Bits16), ..frame(Opcode(0xb), "x".into()) };
        assert_eq!(sent(&lie), hex!("5b 7e 0007 78"));
    }

    #[test]
    fn an_exact_multiple_ends_with_an_empty_fragment_only_where_autobahn_has_it() {
        let cut = |size, empty_last| Frame {
            fragments: Some(Fragments { size, empty_last }),
            ..frame(Opcode::BINARY, "abcd".into())
        };
        assert_eq!(sent(&cut(2, true)), hex!("02 02 6162 00 02 6364 80 00"));
        assert_eq!(sent(&cut(2, false)), hex!("02 02 6162 80 02 6364"));
        assert_eq!(sent(&cut(3, true)), hex!("02 03 616263 80 01 64"));
        assert_eq!(sent(&cut(4, true)), hex!("82 04 61626364"));
    }

    #[test]
    fn more_payload_is_masked_at_its_offset() {
        let begun = Frame { mask: Mask::Random, len: Some(5), ..frame(Opcode::TEXT, "Hel".into()) };
        let mut outgoing = frame_of(&begun, Role::Client);
        let mut out = Vec::new();
        outgoing.fill(&mut out, 100, false, &mut || [1, 2, 3, 4]);
        let mut more = Outgoing::more("l".into(), outgoing.unfinished());
        more.fill(&mut out, 100, false, &mut || [0; 4]);
        let more = Outgoing::more("o".into(), more.unfinished());
        out.extend(bytes(more, 100));
        assert_eq!(out, hex!("81 85 01020304 49676f686e"));
    }

    proptest! {
        #[test]
        fn the_size_of_the_pieces_changes_no_byte(
            len in 0..2000usize, size in 1..300usize, empty_last: bool, limit in 1..700usize
        ) {
            let payload = Payload::Fill { pattern: "0123456789".into(), len };
            let message = Frame {
                mask: Mask::ByRole,
                fragments: Some(Fragments { size, empty_last }),
                ..frame(Opcode::TEXT, payload)
            };
            let outgoing = frame_of(&message, Role::Client);
            prop_assert_eq!(bytes(outgoing, limit), sent(&message));
        }
    }
}

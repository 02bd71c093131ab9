//! Frames out of bytes, however they are cut.

use super::{Flow, Open, Seen, Step};
use crate::wire::{self, Head, Opcode};

impl Flow {
    /// Takes the next bytes of the direction. All of them are read when the iterator ends.
    ///
    /// For a flow that is adrift, `bytes` have to start where a TCP segment did.
    #[inline]
    pub fn read<'f, 'a>(&'f mut self, bytes: &'a mut [u8]) -> Reading<'f, 'a> {
        Reading { flow: self, rest: bytes }
    }

    /// Reads on in `rest` and takes from it what was read; `None` when it is used up.
    ///
    /// What [`Flow::read`] does in a loop, for who has to do other things in between. `rest` must not be shortened by
    /// anybody else.
    #[inline(always)]
    pub fn next<'a>(&mut self, rest: &mut &'a mut [u8]) -> Option<Seen<'a>> {
        match self.step {
            // Every fault of a frame is said before its end.
            Step::Head => self.next_head(rest),
            Step::Payload | Step::End if !self.faults.is_empty() => self.faults.pop().map(Seen::Fault),
            Step::Payload => self.next_payload(rest),
            Step::End => {
                self.step = Step::Head;
                Some(Seen::End)
            }
            Step::Adrift => self.next_plausible(rest),
        }
    }

    /// Takes a message of at most `limit` bytes that is the very next thing, whole in one frame, all there, and without
    /// a fault, and tells its kind; `None`, with nothing taken, if what comes is anything else.
    ///
    /// It is what [`Flow::next`] would tell as a head, data and an end, at a fraction of the cost: most of the traffic
    /// of most connections looks like this.
    #[inline]
    pub fn next_message<'a>(&mut self, rest: &mut &'a mut [u8], limit: u64) -> Option<(Head, &'a [u8])> {
        if self.step != Step::Head || self.held > 0 || self.open != Open::None {
            return None;
        }
        let (head, size) = Head::parse(rest)?;
        let data = matches!(head.opcode, Opcode::TEXT | Opcode::BINARY);
        if !data || !head.fin || head.rsv != 0 || head.len > limit || !self.judge_head(&head).is_empty() {
            return None;
        }
        let end = size.checked_add(usize::try_from(head.len).ok()?)?;
        let payload = rest.get_mut(size..end)?;
        if let Some(key) = head.mask {
            wire::mask(payload, key);
        }
        if head.opcode == Opcode::TEXT && !wire::is_utf8(payload) {
            // Not the usual thing: as it was, for `next` to tell.
            if let Some(key) = head.mask {
                wire::mask(payload, key);
            }
            return None;
        }
        self.key = head.mask;
        let taken = self.advance(rest, end);
        Some((head, &taken[size..]))
    }

    #[inline]
    fn next_head<'a>(&mut self, rest: &mut &'a mut [u8]) -> Option<Seen<'a>> {
        let (head, size) = if self.held == 0 {
            match Head::parse(rest) {
                Some(parsed) => parsed,
                None => return self.hold(rest),
            }
        } else {
            self.mend(rest)?
        };
        self.advance(rest, size);
        self.begin(head);
        Some(Seen::Head(head))
    }

    /// The bytes end inside a head: keeps its beginning.
    #[cold]
    fn hold<'a>(&mut self, rest: &mut &'a mut [u8]) -> Option<Seen<'a>> {
        let cut = self.advance(rest, rest.len());
        self.cut[..cut.len()].copy_from_slice(cut);
        self.held = cut.len() as u8;
        None
    }

    /// Completes a head that was cut. The size that it gives is what remains to be taken of these bytes.
    #[cold]
    fn mend(&mut self, rest: &mut &mut [u8]) -> Option<(Head, usize)> {
        let held = usize::from(self.held);
        let count = (Head::MAX_LEN - held).min(rest.len());
        let mut bytes = self.cut;
        bytes[held..held + count].copy_from_slice(&rest[..count]);
        match Head::parse(&bytes[..held + count]) {
            Some((head, size)) => {
                self.held = 0;
                Some((head, size - held))
            }
            None => {
                self.advance(rest, count);
                self.cut = bytes;
                self.held += count as u8;
                None
            }
        }
    }

    #[inline]
    fn next_payload<'a>(&mut self, rest: &mut &'a mut [u8]) -> Option<Seen<'a>> {
        if rest.is_empty() {
            return None;
        }
        let offset = self.len - self.remaining;
        let count = rest.len().min(usize::try_from(self.remaining).unwrap_or(usize::MAX));
        let data = self.advance(rest, count);
        if let Some(key) = self.key {
            wire::mask_at(data, key, offset);
        }
        self.judge_payload(data);
        self.remaining -= count as u64;
        if self.remaining == 0 {
            self.finish_frame();
        }
        Some(Seen::Data(data))
    }

    #[cold]
    fn next_plausible<'a>(&mut self, rest: &mut &'a mut [u8]) -> Option<Seen<'a>> {
        if rest.is_empty() {
            return None;
        }
        if self.is_plausible(rest) {
            self.step = Step::Head;
            return Some(Seen::Resumed);
        }
        let passed = self.advance(rest, rest.len());
        Some(Seen::Lost(passed.len() as u64))
    }

    #[inline]
    fn advance<'a>(&mut self, rest: &mut &'a mut [u8], count: usize) -> &'a mut [u8] {
        let (taken, left) = std::mem::take(rest).split_at_mut(count);
        *rest = left;
        self.position = self.position.wrapping_add(count as u64);
        taken
    }
}

/// The bytes of one [`Flow::read`], as what was seen in them.
///
/// Dropped early it leaves the flow where it is: the bytes that were not read are for the caller to give again.
#[derive(Debug)]
pub struct Reading<'f, 'a> {
    flow: &'f mut Flow,
    rest: &'a mut [u8],
}

impl Reading<'_, '_> {
    /// How many bytes of the direction were read so far, also within the bytes that were given.
    pub const fn position(&self) -> u64 {
        self.flow.position
    }

    /// How many of the given bytes are still to be read.
    pub const fn unread(&self) -> usize {
        self.rest.len()
    }
}

impl<'a> Iterator for Reading<'_, 'a> {
    type Item = Seen<'a>;

    #[inline]
    fn next(&mut self) -> Option<Seen<'a>> {
        self.flow.next(&mut self.rest)
    }
}

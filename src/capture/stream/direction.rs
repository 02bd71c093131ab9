//! What one end sends.

use super::told::Told;
use super::waiting::{ACKNOWLEDGED, AWAITED, Content, Full, GUESSED, Ticks, UNANSWERED, Waiting};
use super::{Budget, Finish, Limits, Receiver};
use crate::capture::{End, Loss, Place};

/// Sequence numbers further ahead are none of this stream: the largest window there is (RFC 7323, section 2.3).
const AHEAD: i64 = 1 << 30;
/// Nor are those further behind: nobody sends again what is that old.
const BEHIND: i64 = -(16 << 20);
/// After so many segments with data in a row that are none of this stream, the stream is where they are.
const STRAYS: u8 = 8;
/// How far ahead of what is acknowledged something may be to be told at the end.
const PLAUSIBLE: u64 = 16 << 20;
/// How far before a guessed beginning data may begin: what is on its way between captured packets.
const BEFORE: u64 = 1 << 20;
/// A window that is not scaled.
const WINDOW: u64 = 65_535;
/// Not yet known.
const NEVER: u64 = u64::MAX;

/// How well it is known where a direction begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Begun {
    #[default]
    Unknown,
    /// By what came in the middle.
    Guessed,
    /// By a SYN.
    Known,
}

/// What goes along with a segment.
pub(super) struct Around<'a, R> {
    pub(super) from: End,
    pub(super) place: Place,
    pub(super) limits: Limits,
    pub(super) budget: &'a mut Budget,
    pub(super) to: &'a mut R,
}

/// What one end sends. Places are sequence numbers widened to 64 bits.
#[derive(Debug, Default)]
pub(super) struct Direction {
    /// Where the first byte is.
    start: u64,
    /// Where the first byte is that was neither told nor lost.
    next: u64,
    /// What the other end has acknowledged; 0 if nothing.
    acknowledged: u64,
    /// Where the direction ends.
    end: u64,
    pub(super) waiting: Option<Box<Waiting>>,
    told: Told,
    pub(super) begun: Begun,
    /// Whether a byte was told or lost, so that the beginning stands.
    settled: bool,
    how: Option<Finish>,
    pub(super) ended: bool,
    strays: u8,
}

impl Direction {
    pub(super) const fn position(&self) -> u64 {
        self.next - self.start
    }

    /// Whether this is the sequence number of the next byte, and nothing special is known.
    #[inline]
    pub(super) fn is_next(&self, seq: u32) -> bool {
        self.next as u32 == seq && self.how.is_none() && self.begun != Begun::Unknown
    }

    /// Whether its end was captured.
    pub(super) const fn is_ending(&self) -> bool {
        self.how.is_some()
    }

    /// Whether what ends it is a RST.
    pub(super) const fn is_reset(&self) -> bool {
        matches!(self.how, Some(Finish::Reset))
    }

    #[inline]
    pub(super) const fn widen(&self, seq: u32) -> u64 {
        self.next.wrapping_add_signed(self.distance(seq))
    }

    #[inline]
    const fn distance(&self, seq: u32) -> i64 {
        seq.wrapping_sub(self.next as u32).cast_signed() as i64
    }

    /// Whether a SYN with this number is the one of another connection.
    pub(super) fn is_other_syn(&self, seq: u32) -> bool {
        let first = seq.wrapping_add(1);
        match self.begun {
            Begun::Unknown => false,
            Begun::Known => first != self.start as u32,
            Begun::Guessed => u64::from((self.start as u32).wrapping_sub(first)) > BEFORE,
        }
    }

    /// Whether a SYN is acknowledged that is not the one of this direction.
    pub(super) fn is_other_ack_of_syn(&self, ack: u32) -> bool {
        self.begun == Begun::Known && u64::from(ack.wrapping_sub(self.start as u32)) > WINDOW
    }

    /// Whether this acknowledges the SYN and nothing else.
    pub(super) const fn is_start(&self, ack: u32) -> bool {
        self.start as u32 == ack
    }

    /// The direction begins here, as far as it was not known better.
    pub(super) fn begin(&mut self, first: u32, begun: Begun) {
        match self.begun {
            Begun::Unknown => {
                // Far from zero, so that what comes before has a number too.
                self.start = (1 << 40) + u64::from(first);
                self.next = self.start;
                self.end = NEVER;
            }
            Begun::Guessed if begun == Begun::Known => {
                let first = self.widen(first);
                if !self.settled && first <= self.start && self.start - first <= BEFORE {
                    (self.start, self.next) = (first, first);
                } else if first != self.start {
                    return;
                }
            }
            Begun::Guessed | Begun::Known => return,
        }
        self.begun = begun;
    }

    /// Whether a segment with this number can be of this stream at all. Says so of the first one behind a long pause of
    /// the capture, too, once enough have come.
    pub(super) fn is_near(&mut self, seq: u32, has_payload: bool) -> bool {
        let near = (BEHIND..=AHEAD).contains(&self.distance(seq));
        if near || self.ended {
            self.strays = 0;
        } else if has_payload {
            self.strays += 1;
        }
        near
    }

    /// After enough segments that are none of this stream: it goes on there.
    pub(super) fn follow<R: Receiver>(&mut self, seq: u32, around: &mut Around<'_, R>) -> bool {
        if self.strays < STRAYS {
            return false;
        }
        self.strays = 0;
        self.how = None;
        self.end = NEVER;
        while self.hole().is_some() {
            self.give_up(Loss::NotCaptured, around);
        }
        let count = seq.wrapping_sub(self.next as u32);
        self.lose(u64::from(count), Loss::NotCaptured, around.place, around);
        true
    }

    #[inline]
    pub(super) fn acknowledge(&mut self, ack: u32, tick: u32) {
        let distance = self.distance(ack);
        let place = self.next.wrapping_add_signed(distance);
        if place > self.acknowledged && distance <= AHEAD {
            self.acknowledged = place;
        }
        if let Some(waiting) = &mut self.waiting {
            waiting.answered = tick;
        }
    }

    /// The next bytes are these, and nothing waits.
    #[inline]
    pub(super) fn tell<R: Receiver>(&mut self, from: End, bytes: &mut [u8], place: Place, to: &mut R) {
        self.told.remember(self.next, bytes);
        self.settled = true;
        self.next += bytes.len() as u64;
        to.bytes(from, bytes, place);
    }

    fn lose<R: Receiver>(&mut self, count: u64, why: Loss, place: Place, around: &mut Around<'_, R>) {
        if count > 0 {
            self.settled = true;
            self.next += count;
            around.to.lost(around.from, count, why, place);
        }
    }

    /// Bytes of a segment that begin here, and how many behind them were cut off.
    pub(super) fn take<R: Receiver>(
        &mut self,
        seq: u32,
        mut bytes: &mut [u8],
        cut: u32,
        tick: u32,
        around: &mut Around<'_, R>,
    ) {
        let mut at = self.widen(seq);
        let length = bytes.len() as u64 + u64::from(cut);
        self.guess_again(at, length);
        if at + length > self.end {
            if self.how == Some(Finish::Reset) && !self.ended {
                // The sender goes on: it was not the sender who reset.
                self.how = None;
                self.end = NEVER;
                self.settle(around);
            } else {
                bytes = shortened(bytes, self.end.saturating_sub(at));
            }
        }
        // Bytes and cut together end here.
        let end = self.end.min(at + length);
        while !bytes.is_empty() {
            if at < self.next {
                let count = (bytes.len() as u64).min(self.next - at) as usize;
                self.compare(at, &bytes[..count], around);
                bytes = &mut bytes[count..];
                at += count as u64;
                continue;
            }
            let room = match self.waiting.as_ref().map(|waiting| waiting.first()) {
                Some(Some((first, _))) => first - self.next,
                _ => NEVER,
            };
            if at == self.next && room > 0 {
                let count = room.min(bytes.len() as u64) as usize;
                let (now, later) = bytes.split_at_mut(count);
                self.tell(around.from, now, around.place, around.to);
                at = self.next;
                bytes = later;
                continue;
            }
            let waiting = self.waiting.get_or_insert_default();
            let (from, place) = (around.from, around.place);
            let start = self.start;
            let (to, budget) = (&mut *around.to, &mut *around.budget);
            let differs = |at: u64, count| to.differs(from, at - start, count, place);
            if let Err(Full) = waiting.keep(&mut at, &mut bytes, (place, tick), (&around.limits, budget), differs) {
                self.overflow(at, around);
            }
        }
        // What was compared with what waits is told only now, or it would be compared once more.
        self.settle(around);
        while at.max(self.next) < end {
            at = at.max(self.next);
            if at == self.next && self.waiting.as_ref().is_none_or(|waiting| waiting.first().is_none()) {
                self.lose(end - at, Loss::Cut, around.place, around);
                continue;
            }
            let waiting = self.waiting.get_or_insert_default();
            let limits = (&around.limits, &mut *around.budget);
            if let Err(Full) = waiting.keep_cut(&mut at, end, (around.place, tick), limits) {
                self.overflow(at, around);
            }
        }
        self.settle(around);
    }

    /// Data before a guessed beginning move it.
    fn guess_again(&mut self, at: u64, length: u64) {
        if self.begun != Begun::Guessed || self.settled || length == 0 {
            return;
        }
        let before = self.start.saturating_sub(at);
        let is_keepalive = before == 1 && length == 1;
        // If it was guessed from a keepalive, it is one too low.
        let after_keepalive = at == self.start + 1 && self.waiting.is_none();
        if (before > 0 && before <= BEFORE && !is_keepalive) || after_keepalive {
            (self.start, self.next) = (at, at);
        }
    }

    /// These bytes were told, or others.
    #[cold]
    fn compare<R: Receiver>(&self, at: u64, bytes: &[u8], around: &mut Around<'_, R>) {
        // The byte of a keepalive is garbage.
        if bytes.len() == 1 && at + 1 == self.next {
            return;
        }
        for (place, count) in self.told.differing(at, bytes) {
            if place >= self.start {
                around.to.differs(around.from, place - self.start, count, around.place);
            }
        }
    }

    /// The direction ends at this place.
    pub(super) fn end_at<R: Receiver>(&mut self, place: u64, how: Finish, tick: u32, around: &mut Around<'_, R>) {
        if self.ended || place < self.next || (self.how == Some(Finish::Fin) && place >= self.end) {
            return;
        }
        self.how = Some(how);
        self.end = place;
        self.waiting.get_or_insert_default().end = Some((around.place, tick));
        self.settle(around);
    }

    /// Whether a RST with this number is one that the other end would accept; and where the direction ends then.
    pub(super) fn reset_at(&self, seq: u32) -> Option<u64> {
        let place = self.widen(seq);
        let highest = self.waiting.as_ref().and_then(|waiting| waiting.highest());
        let lowest = if self.acknowledged == 0 { self.next } else { self.acknowledged.min(self.next) };
        let highest = highest.unwrap_or(0).max(self.next).max(self.acknowledged);
        (lowest..=highest + WINDOW).contains(&place).then(|| place.max(self.next))
    }

    /// Tells what has waited and is next, and the end.
    pub(super) fn settle<R: Receiver>(&mut self, around: &mut Around<'_, R>) {
        let Some(mut waiting) = self.waiting.take() else { return };
        while self.next < self.end
            && let Some(mut piece) = waiting.take(self.next, around.budget)
        {
            match &mut piece.content {
                Content::Bytes(bytes) => {
                    let bytes = shortened(bytes, self.end - self.next);
                    self.tell(around.from, bytes, piece.place, around.to);
                }
                Content::Cut(count) => {
                    let count = (*count).min(self.end - self.next);
                    self.lose(count, Loss::Cut, piece.place, around);
                }
            }
        }
        if self.next == self.end && !self.ended {
            waiting.drop_from(0, around.budget);
            self.ended = true;
            self.settled = true;
            self.told.forget();
            let place = waiting.end.map_or(around.place, |(place, _)| place);
            around.to.ended(around.from, self.how.unwrap_or(Finish::Fin), place);
            return;
        }
        if waiting.first().is_some() || self.how.is_some() {
            self.waiting = Some(waiting);
        }
    }

    /// Up to where nothing is known, with the packet behind and when it came.
    pub(super) fn hole(&self) -> Option<(u64, Place, u32)> {
        let waiting = self.waiting.as_ref()?;
        let end = waiting.end.filter(|_| self.how.is_some()).map(|(place, tick)| (self.end, place, tick));
        match waiting.first() {
            Some((at, piece)) if at < self.end => Some((at, piece.place, piece.tick)),
            _ => end,
        }
    }

    /// Goes on behind the hole.
    pub(super) fn give_up<R: Receiver>(&mut self, why: Loss, around: &mut Around<'_, R>) {
        let Some((until, place, _)) = self.hole() else { return };
        if self.begun == Begun::Guessed && !self.settled {
            (self.start, self.next) = (until, until);
        } else {
            self.lose(until.saturating_sub(self.next), why, place, around);
        }
        self.settle(around);
    }

    /// There is no room for what begins here.
    #[cold]
    fn overflow<R: Receiver>(&mut self, at: u64, around: &mut Around<'_, R>) {
        if self.waiting.as_ref().is_some_and(|waiting| waiting.first().is_some()) {
            self.give_up(Loss::Limit, around);
        } else {
            self.lose(at.saturating_sub(self.next), Loss::Limit, around.place, around);
        }
    }

    /// A tick is over.
    pub(super) fn ripen(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            waiting.acknowledged.rotate_right(1);
            waiting.acknowledged[0] = self.acknowledged;
        }
    }

    /// Whether what is before the first piece will not come any more.
    pub(super) fn is_hopeless(&self, ticks: &Ticks) -> bool {
        let (Some((until, _, since)), Some(waiting)) = (self.hole(), &self.waiting) else { return false };
        let waited = ticks.now.wrapping_sub(since);
        let ripe = waiting.acknowledged[ACKNOWLEDGED - 1] >= until;
        let answered = self.acknowledged > 0 && waiting.answered.wrapping_sub(since).cast_signed() >= 0;
        let guessed = self.begun == Begun::Guessed && !self.settled;
        (ripe && waited >= ACKNOWLEDGED as u32)
            || (guessed && waited >= GUESSED)
            || waited >= AWAITED
            || (!answered && waited >= UNANSWERED)
    }

    /// What was never captured at the end of the direction. `other_ended` if the end that acknowledges has ended.
    pub(super) fn finish<R: Receiver>(&mut self, other_ended: bool, around: &mut Around<'_, R>) {
        if self.begun == Begun::Unknown || self.ended {
            return;
        }
        let missing = self.acknowledged.saturating_sub(self.next);
        // A FIN is acknowledged like a byte.
        let fin = missing == 1 || (missing > 0 && other_ended);
        self.lose(missing - u64::from(fin), Loss::NotCaptured, around.place, around);
    }

    /// At the end: what is so far away that it can only be another's.
    pub(super) fn drop_implausible(&mut self, budget: &mut Budget) {
        if self.acknowledged > 0
            && let Some(waiting) = &mut self.waiting
        {
            waiting.drop_from(self.acknowledged.max(self.next) + PLAUSIBLE, budget);
        }
    }

    /// Nobody reads it any more.
    pub(super) fn ignore(&mut self, budget: &mut Budget) {
        if let Some(mut waiting) = self.waiting.take() {
            waiting.drop_from(0, budget);
        }
        self.told.forget();
    }

    /// A segment of a direction that nobody reads: only its end counts.
    pub(super) fn skim(&mut self, seq: u32, length: u64, fin: bool) {
        let end = self.widen(seq) + length;
        if self.distance(seq) <= AHEAD && !self.is_ending() {
            self.next = self.next.max(end);
            if fin && end == self.next {
                self.how = Some(Finish::Fin);
            }
        }
    }
}

fn shortened(bytes: &mut [u8], length: u64) -> &mut [u8] {
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len());
    &mut bytes[..length]
}

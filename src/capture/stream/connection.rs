//! Both directions of a connection.

use super::direction::{Around, Begun, Direction};
use super::waiting::Ticks;
use super::{Budget, Finish, Limits, Receiver};
use crate::capture::{End, Flags, Loss, Place, Segment};

/// Both directions of one TCP connection.
#[derive(Debug)]
pub struct Stream {
    ends: [Direction; 2],
    limits: Limits,
    ticks: Ticks,
    /// The last segment.
    last: Place,
    opened: bool,
    /// Whether there was a RST behind a FIN, or while ignored.
    reset: bool,
    ignored: bool,
}

impl Stream {
    /// One of which nothing was seen yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            ends: Default::default(),
            limits,
            ticks: Ticks::default(),
            last: Place::default(),
            opened: false,
            reset: false,
            ignored: false,
        }
    }

    /// Takes a segment of this connection, in the order of the capture, and tells what is new by it.
    ///
    /// What [begins anew](Self::begins_anew) belongs to another `Stream`.
    #[inline]
    pub fn take(
        &mut self,
        from: End,
        segment: &mut Segment<'_>,
        place: Place,
        budget: &mut Budget,
        to: &mut impl Receiver,
    ) {
        const PLAIN: Flags = Flags { syn: false, ack: true, fin: false, rst: false };
        self.last = place;
        let nothing_waits = self.ends[0].waiting.is_none() && self.ends[1].waiting.is_none();
        let (sender, other) = pair(&mut self.ends, from);
        if segment.flags == PLAIN
            && sender.is_next(segment.seq)
            && nothing_waits
            && segment.cut == 0
            && other.begun != Begun::Unknown
            && !self.ignored
        {
            other.acknowledge(segment.ack, self.ticks.now);
            if !segment.payload.is_empty() {
                sender.tell(from, segment.payload, place, to);
            }
        } else {
            self.take_special(from, segment, place, budget, to);
        }
    }

    #[inline(never)]
    fn take_special(
        &mut self,
        from: End,
        segment: &mut Segment<'_>,
        place: Place,
        budget: &mut Budget,
        to: &mut impl Receiver,
    ) {
        let flags = segment.flags;
        if flags.syn && !flags.rst && !self.opened {
            self.opened = true;
            if !self.ignored {
                to.opened(if flags.ack { from.other() } else { from }, place);
            }
        }
        let nothing_waits = self.ends.iter().all(|end| end.waiting.is_none());
        let around = &mut Around { from, place, limits: self.limits, budget, to };
        if nothing_waits {
            self.ticks.restart(place);
        } else if self.ticks.pass(place) {
            self.ends.iter_mut().for_each(Direction::ripen);
        }
        let tick = self.ticks.now;
        let (sender, other) = pair(&mut self.ends, from);
        if flags.rst {
            let end = reset(sender, other, segment);
            self.reset |= end.is_some() && (sender.ended || self.ignored);
            if let Some(end) = end.filter(|_| !self.ignored) {
                sender.end_at(end, Finish::Reset, tick, around);
            }
        } else if !flags.syn || !sender.is_other_syn(segment.seq) {
            let first = segment.seq.wrapping_add(u32::from(flags.syn));
            sender.begin(first, if flags.syn { Begun::Known } else { Begun::Guessed });
            let length = segment.payload.len() as u64 + u64::from(segment.cut);
            if self.ignored {
                sender.skim(first, length, flags.fin);
                return;
            }
            if sender.is_near(first, length > 0) || sender.follow(first, around) {
                if flags.ack {
                    other.begin(segment.ack, if flags.syn { Begun::Known } else { Begun::Guessed });
                    other.acknowledge(segment.ack, tick);
                }
                let end = sender.widen(first) + length;
                sender.take(first, segment.payload, segment.cut, tick, around);
                if flags.fin {
                    sender.end_at(end, Finish::Fin, tick, around);
                }
            }
        }
        self.give_up_hopeless(around);
    }

    /// Gives up what will not come any more.
    fn give_up_hopeless<R: Receiver>(&mut self, around: &mut Around<'_, R>) {
        while let Some(from) = self.next_hole(|end| end.is_hopeless(&self.ticks)) {
            around.from = from;
            self.ends[from.index()].give_up(Loss::NotCaptured, around);
        }
    }

    /// Of the holes that match the one whose end was captured first.
    fn next_hole(&self, matches: impl Fn(&Direction) -> bool) -> Option<End> {
        let holes = [End::First, End::Second].into_iter().filter_map(|from| {
            let end = &self.ends[from.index()];
            let (_, place, _) = end.hole().filter(|_| matches(end))?;
            Some((place.packet, from))
        });
        holes.min_by_key(|(packet, _)| *packet).map(|(_, from)| from)
    }

    /// The capture ends, or the connection has been over for so long that nothing more of it will come: tells everything
    /// that waits, in the order in which it was captured, with the gaps between.
    pub fn finish(&mut self, budget: &mut Budget, to: &mut impl Receiver) {
        if self.ignored {
            return;
        }
        self.ends.iter_mut().for_each(|end| end.drop_implausible(budget));
        let around = &mut Around { from: End::First, place: self.last, limits: self.limits, budget, to };
        while let Some(from) = self.next_hole(|_| true) {
            around.from = from;
            self.ends[from.index()].give_up(Loss::NotCaptured, around);
        }
        for from in [End::First, End::Second] {
            let (sender, other) = pair(&mut self.ends, from);
            around.from = from;
            sender.finish(other.is_ending(), around);
        }
    }

    /// Whether this is the SYN, or the SYN and ACK, of another connection between the same ports: its sequence number is
    /// neither that of this connection's SYN nor one that can be right before what was captured of it.
    pub fn begins_anew(&self, from: End, segment: &Segment<'_>) -> bool {
        let flags = segment.flags;
        if !flags.syn || flags.rst {
            return false;
        }
        let sender = &self.ends[from.index()];
        let other = &self.ends[from.other().index()];
        sender.is_other_syn(segment.seq) || (flags.ack && other.is_other_ack_of_syn(segment.ack))
    }

    /// Whether the ends of both directions were captured, or a reset: nothing new will be sent. Late segments may still
    /// fill holes, so [finish](Self::finish) it only after a while.
    pub const fn is_over(&self) -> bool {
        let [first, second] = &self.ends;
        self.reset || first.is_reset() || second.is_reset() || (first.is_ending() && second.is_ending())
    }

    /// Nobody reads it: from now on nothing is kept and nothing told, and only [`Stream::begins_anew`] and
    /// [`Stream::is_over`] go on.
    pub fn ignore(&mut self, budget: &mut Budget) {
        self.ignored = true;
        self.ends.iter_mut().for_each(|end| end.ignore(budget));
    }

    /// How many bytes of a direction were told and lost so far.
    pub const fn position(&self, from: End) -> u64 {
        self.ends[from.index()].position()
    }
}

const fn pair(ends: &mut [Direction; 2], from: End) -> (&mut Direction, &mut Direction) {
    let [first, second] = ends;
    match from {
        End::First => (first, second),
        End::Second => (second, first),
    }
}

/// Where a RST ends its direction, if it counts.
#[cold]
fn reset(sender: &mut Direction, other: &Direction, segment: &Segment<'_>) -> Option<u64> {
    let flags = segment.flags;
    if sender.begun == Begun::Unknown {
        // RFC 9293, section 3.5.2: to a SYN that nobody waits for it has number 0 and acknowledges the SYN.
        let refuses = flags.ack && other.is_start(segment.ack);
        if other.begun != Begun::Unknown && flags.ack && !refuses {
            return None;
        }
        sender.begin(segment.seq, Begun::Guessed);
    }
    sender.reset_at(segment.seq)
}

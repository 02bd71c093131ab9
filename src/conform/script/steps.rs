//! The steps of a case, one after another.

use std::sync::Arc;
use std::time::Duration;

use super::{BREATH, CHUNK, Pause, Script};
use crate::conform::act::Act;
use crate::conform::compressor::Compressor;
use crate::conform::outgoing::Outgoing;
use crate::conform::transcript::Recorder;
use crate::conform::{Await, Closer, Frame, Payload, Step};
use crate::proto::MaskingKeys;
use crate::wire::Head;

/// What comes of going on.
pub(super) enum Doing {
    /// These bytes are to be written.
    Write(Vec<u8>),
    /// Something else is to be done.
    Act(Act),
}

impl Script {
    /// Goes on with the steps, as far as they go without waiting.
    pub(super) fn go_on(&mut self, now: Duration, record: &mut Recorder, keys: &mut dyn MaskingKeys) -> Option<Doing> {
        if let Some(pause) = self.pause {
            let until = match pause {
                Pause::For(time) => now + time,
                Pause::Until(until) => until,
            };
            self.pause = Some(Pause::Until(until));
            if now < until {
                return None;
            }
            self.pause = None;
            self.since = now;
        }
        let mut bytes = Vec::new();
        loop {
            if self.outgoing.is_some() {
                self.fill(&mut bytes, record, keys);
                if self.outgoing.is_some() || self.pause.is_some() {
                    break;
                }
                if record.has_pings() {
                    break;
                }
                continue;
            }
            let case = Arc::clone(&self.case);
            let Some(step) = self.place.step(&case.send) else { break };
            let alone = match step {
                Step::Frame(frame) => frame.chop.is_some() || frame.pause.is_some(),
                Step::Raw { chop, .. } => chop.is_some(),
                Step::More(_) | Step::Repeat { .. } => false,
                Step::Wait { .. } | Step::Await(_) | Step::Unread(_) | Step::HalfClose | Step::Reset => true,
            };
            if alone && !bytes.is_empty() {
                break;
            }
            if let Some(act) = self.take(step, now, record, keys)? {
                return Some(Doing::Act(act));
            }
        }
        (!bytes.is_empty()).then_some(Doing::Write(bytes))
    }

    /// Takes up a step. `None` if it has to wait.
    pub(super) fn take(
        &mut self,
        step: &Step,
        now: Duration,
        record: &mut Recorder,
        keys: &mut dyn MaskingKeys,
    ) -> Option<Option<Act>> {
        match step {
            Step::Frame(frame) => self.outgoing = Some(self.begin(frame, record, keys)),
            Step::More(payload) => {
                self.outgoing = Some(Outgoing::more(payload.in_round(self.place.round()), self.unfinished));
            }
            Step::Raw { bytes, chop } => {
                self.outgoing = Some(Outgoing::raw(bytes.in_round(self.place.round()), *chop));
            }
            Step::Wait { time, tag } => {
                let time = self.pace.scale(*time);
                if now < *self.wait.get_or_insert(now + time) {
                    return None;
                }
                self.wait = None;
                self.paused += time;
                self.since = now;
                record.waited(now, tag.as_deref());
                self.progress.follow(&self.wanted, &record.transcript().heard);
            }
            // What is left will do for whatever comes.
            Step::Await(_) if self.lost_at.is_some() && self.wanted.is_open() => {}
            // The verdict is certain, so there is nothing to go on for.
            Step::Await(_) if self.lost_at.is_some() && self.case.close.by != Closer::Target => return None,
            Step::Await(what) => {
                let (have, awaited) = match what {
                    Await::Message => (record.messages(), &mut self.awaited.0),
                    Await::Pong => (record.pongs(), &mut self.awaited.1),
                };
                if have <= *awaited {
                    return None;
                }
                *awaited += 1;
            }
            Step::Repeat { times, steps } if *times > 0 && !steps.is_empty() => {
                self.place.enter(*times);
                return Some(None);
            }
            Step::Repeat { .. } => {}
            Step::Unread(time) => {
                let time = self.pace.scale(*time);
                self.unread = now + time;
                self.paused += time;
            }
            Step::HalfClose => {
                self.place.advance();
                self.mute = true;
                record.half_closed(now);
                return Some(Some(Act::HalfClose));
            }
            Step::Reset => {
                record.reset(now);
                return Some(Some(Act::Reset));
            }
        }
        self.place.advance();
        Some(None)
    }

    /// The frame of a step, compressed if it is to be and that was agreed.
    pub(super) fn begin(&mut self, frame: &Frame, record: &mut Recorder, keys: &mut dyn MaskingKeys) -> Outgoing {
        let round = self.place.round();
        let agreed = record.agreed().filter(|_| frame.compressed);
        let compressed = agreed.and_then(|agreed| {
            let compressor = self.compressor.get_or_insert_with(|| Compressor::new(agreed.direction(self.role)));
            compressor.compress(&frame.payload, round)
        });
        let payload = frame.payload.in_round(round);
        match compressed {
            Some(compressed) => {
                record.compresses(payload.len() as u64);
                let shape = Frame { rsv: frame.rsv | Head::RSV1, ..frame.clone() };
                Outgoing::frame(&shape, Payload::Bytes(compressed), self.role, keys)
            }
            None => Outgoing::frame(frame, payload, self.role, keys),
        }
    }

    /// Whether all steps were taken.
    pub(super) fn is_through(&mut self) -> bool {
        let case = Arc::clone(&self.case);
        self.outgoing.is_none() && self.pause.is_none() && self.place.step(&case.send).is_none()
    }

    /// Gives the next bytes of the step that is being sent.
    pub(super) fn fill(&mut self, bytes: &mut Vec<u8>, record: &Recorder, keys: &mut dyn MaskingKeys) {
        let Some(outgoing) = &mut self.outgoing else { return };
        let before = bytes.len();
        let room = outgoing.chop.map_or(CHUNK.saturating_sub(bytes.len()), |chop| chop.max(1));
        outgoing.fill(bytes, room, record.has_pings(), keys);
        // A piece that is chopped off, or a frame that is followed by a pause, is a write of its own.
        let piece = outgoing.chop.is_some() || outgoing.is_done() && outgoing.pause.is_some();
        if piece && bytes.len() > before {
            let pause = match outgoing.pause {
                Some(pause) => self.pace.scale(pause),
                None if outgoing.is_done() => BREATH,
                None => Duration::ZERO,
            };
            self.pause = Some(Pause::For(pause));
            self.paused += pause;
        }
        if outgoing.is_done() {
            self.unfinished = outgoing.unfinished();
            self.outgoing = None;
        }
    }
}

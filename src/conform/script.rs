//! Plays a case: what to do next on a connection, from what was recorded of it so far.
//!
//! Pure: time and masking keys come in as arguments. The script knows the tester's manners, which are Autobahn's: it
//! answers pings while the connection is open, answers the target's close frame with 1000, closes when all that the
//! case expects has come, fails the connection when the target breaks a rule, and waits no longer than its timers say.
//! Where Autobahn writes a control frame into the middle of an unfinished frame, this script first finishes the frame.

mod steps;
mod timers;

use std::sync::Arc;
use std::time::Duration;

use self::steps::Doing;
use crate::conform::act::{Act, Pace};
use crate::conform::compressor::Compressor;
use crate::conform::expect::{Progress, Wanted};
use crate::conform::outgoing::{Outgoing, Unfinished};
use crate::conform::place::Place;
use crate::conform::transcript::{Bounds, Mid, Recorder};
use crate::conform::{Case, Closer, Frame, Payload, Then, deflate};
use crate::proto::MaskingKeys;
use crate::proto::Role;
use crate::watch::{Ending, Timeout};
use crate::wire::{CloseBody, CloseCode, Opcode};

/// The most bytes of one write.
const CHUNK: usize = 64 * 1024;

/// An unfinished frame is finished with up to so many bytes, so that a close frame can follow.
const PADDING: u64 = 64 * 1024;

/// Waited after a chopped frame, so that the next one does not come in the same read as its last piece.
const BREATH: Duration = Duration::from_millis(5);

/// What a target may send beyond the longest alternative before it counts as flooding.
const FLOOD: u64 = 16 * 1024 * 1024;

/// Events that are kept beyond the longest alternative, and altogether.
const EVENTS: u64 = 64;
const MOST_EVENTS: u64 = 100_000;

/// Plays one case once.
#[derive(Debug)]
pub struct Script {
    case: Arc<Case>,
    wanted: Arc<Wanted>,
    role: Role,
    pace: Pace,
    progress: Progress,
    place: Place,
    outgoing: Option<Outgoing>,
    unfinished: Unfinished,
    /// From the first message on that is to be compressed.
    compressor: Option<Compressor>,
    pause: Option<Pause>,
    wait: Option<Duration>,
    awaited: (u64, u64),
    /// No more steps: the connection is closing, and not because a step closed it.
    stopped: bool,
    /// The body of a close frame that is to be sent.
    closing: Option<Vec<u8>>,
    /// Nothing more can be written.
    mute: bool,
    /// When writing failed.
    deaf: Option<Duration>,
    /// A write is on its way.
    writing: bool,
    /// When the last write or pause ended.
    since: Duration,
    /// Time that passed because the case wanted it to.
    paused: Duration,
    lost_at: Option<Duration>,
    /// Nothing is read before.
    unread: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Pause {
    /// From when the write is done.
    For(Duration),
    Until(Duration),
}

impl Script {
    /// Plays `case`, in which we are `role`.
    pub fn new(case: Arc<Case>, wanted: Arc<Wanted>, role: Role, pace: Pace) -> Self {
        let progress = Progress::new(&wanted);
        Self {
            case,
            wanted,
            role,
            pace,
            progress,
            place: Place::new(),
            outgoing: None,
            unfinished: Unfinished::default(),
            compressor: None,
            pause: None,
            wait: None,
            awaited: (0, 0),
            stopped: false,
            closing: None,
            mute: false,
            deaf: None,
            writing: false,
            since: Duration::ZERO,
            paused: Duration::ZERO,
            lost_at: None,
            unread: Duration::ZERO,
        }
    }

    /// How much of the connection has to be recorded for a verdict.
    pub fn bounds(&self) -> Bounds {
        Bounds {
            events: (self.wanted.longest() + EVENTS).min(MOST_EVENTS) as usize,
            bytes: self.wanted.bytes().saturating_mul(2).saturating_add(FLOOD),
            messages: self.case.hears_messages,
            answers: self.case.opening.is_some(),
            ends: self.case.hears_end(),
        }
    }

    /// Until when nothing is to be read: the target finds that we are slow.
    pub const fn unread(&self) -> Duration {
        self.unread
    }

    /// What is to be done now. After an [`Act::Write`] it is to be asked when all is written.
    pub fn next(&mut self, now: Duration, record: &mut Recorder, keys: &mut dyn MaskingKeys) -> Act {
        if record.is_over() {
            return Act::Done;
        }
        if std::mem::take(&mut self.writing) {
            self.since = now;
        }
        if record.is_flooded() {
            return self.drop(now, record, Ending::Flooded);
        }
        let open = record.transcript().is_open();
        if open && !self.stopped && !self.is_playable(record) {
            self.close_with(CloseBody::Status(CloseCode::NORMAL, b""));
        }
        self.progress.follow(&self.wanted, &record.transcript().heard);
        if self.progress.is_lost() {
            self.lost_at.get_or_insert(now);
            if open && record.messages() == 0 && self.case.opening.is_some() && !self.stopped {
                // The answer was wrong already.
                self.close_with(CloseBody::Status(CloseCode::NORMAL, b""));
            }
        }
        if !open {
            return self.go_on_unopened(now, record, keys);
        }
        if let Some(act) = self.react(now, record) {
            return act;
        }
        if let Some(frame) = self.answer(record, keys) {
            return self.write(now, record, frame, true);
        }
        if let Some((bytes, closes)) = self.close(record, keys) {
            return self.write(now, record, bytes, closes);
        }
        if !self.stopped && !self.mute {
            match self.go_on(now, record, keys) {
                Some(Doing::Write(bytes)) => {
                    // Where the target has to close, a close frame among the steps is a stimulus like any other.
                    let closes = self.case.close.by != Closer::Target;
                    return self.write(now, record, bytes, closes);
                }
                Some(Doing::Act(act)) => return act,
                None => {}
            }
        }
        self.rest(now, record, keys)
    }

    /// Whether what was agreed is what the case needs.
    fn is_playable(&self, record: &Recorder) -> bool {
        let opening = record.transcript().opening.as_ref();
        self.case.is_agreed(record.agreed(), self.role)
            && opening.is_none_or(|opening| self.case.is_offered(&deflate::offered(opening)))
    }

    /// Sends the steps to a client that should not have taken our answer for an opened connection, and waits for it to
    /// end TCP.
    fn go_on_unopened(&mut self, now: Duration, record: &mut Recorder, keys: &mut dyn MaskingKeys) -> Act {
        if !self.mute {
            match self.go_on(now, record, keys) {
                Some(Doing::Write(bytes)) => return self.write(now, record, bytes, false),
                Some(Doing::Act(act)) => return act,
                None => {}
            }
        }
        let until = match self.pause {
            Some(Pause::Until(until)) if !self.mute => until,
            _ => self.wait.unwrap_or_else(|| self.patience_ends()),
        };
        if now < until {
            return Act::Wait(until);
        }
        record.timed_out(now, Timeout::Patience);
        self.drop(now, record, Ending::ByUs)
    }

    /// When a write that makes no progress is to be given up.
    pub fn stalls_at(&mut self, record: &Recorder) -> Duration {
        let closing = record.closing();
        match closing.remote.as_ref().or(closing.local.as_ref()) {
            Some(said) => self.since.max(said.at).max(self.unread) + self.pace.closing(self.closing_time()),
            None => self.patience_ends().min(self.silence_ends(record)),
        }
    }

    /// Gives up a write that made no progress until [`Script::stalls_at`].
    pub fn stalled(&mut self, now: Duration, record: &mut Recorder) -> Act {
        record.timed_out(now, Timeout::Stall);
        self.drop(now, record, Ending::ByUs)
    }

    /// Nothing can be written any more: the target ended its end. What it sent before is still to be read.
    pub fn deafened(&mut self, now: Duration) {
        self.deaf.get_or_insert(now);
        self.mute = true;
        self.outgoing = None;
    }

    /// Reacts to what the target did.
    fn react(&mut self, now: Duration, record: &mut Recorder) -> Option<Act> {
        let closing = record.closing();
        let (local, remote) = (closing.local.is_some(), closing.remote.is_some());
        let goes_on = !self.case.manners.stop && !self.mute && !self.is_through();
        if let Some(rule) = record.violation().filter(|_| !closing.failed_by_us) {
            record.failed();
            if local || remote {
                return Some(self.drop(now, record, Ending::ByUs));
            }
            let code = rule.close_code().unwrap_or(CloseCode::PROTOCOL_ERROR);
            self.close_with(CloseBody::Status(code, rule.words().as_bytes()));
        } else if remote && !local && !goes_on && self.closing.is_none() && self.case.manners.close {
            self.close_with(CloseBody::Status(CloseCode::NORMAL, b""));
        } else if remote && local && !goes_on && self.role == Role::Server && self.case.manners.end {
            // The server ends TCP (section 7.1.1).
            record.ended(now, Ending::ByUs);
            return Some(Act::Done);
        }
        self.stopped |= remote && !goes_on;
        None
    }

    /// The pong for a ping, while the connection is open and no frame of ours is unfinished.
    fn answer(&mut self, record: &mut Recorder, keys: &mut dyn MaskingKeys) -> Option<Vec<u8>> {
        let open = record.closing().local.is_none() && !self.mute && self.case.manners.pong;
        if !open || record.closing().failed_by_us || record.mid() != Mid::Between {
            return None;
        }
        let payload = record.take_ping()?;
        Some(self.control(Opcode::PONG, payload, keys))
    }

    /// The close frame that is due, or what has to be sent before it, and which of the two it is.
    fn close(&mut self, record: &Recorder, keys: &mut dyn MaskingKeys) -> Option<(Vec<u8>, bool)> {
        if self.mute {
            return None;
        }
        let body = self.closing.as_ref()?;
        let mid = record.mid();
        if mid == Mid::Between {
            let frame = self.control(Opcode::CLOSE, body.clone(), keys);
            self.closing = None;
            self.outgoing = None;
            return Some((frame, true));
        }
        if let Some(outgoing) = self.outgoing.as_mut().filter(|outgoing| !outgoing.is_done()) {
            let mut bytes = Vec::new();
            outgoing.fill(&mut bytes, outgoing.chop.unwrap_or(CHUNK).max(1), true, keys);
            return Some((bytes, false));
        }
        match mid {
            Mid::Payload(missing) if missing <= PADDING => Some((vec![0; missing as usize], false)),
            // Nothing that we could send now would be read as a close frame.
            _ => {
                self.mute = true;
                None
            }
        }
    }

    fn close_with(&mut self, body: CloseBody<'_>) {
        self.stopped = true;
        let mut bytes = Vec::new();
        body.write(&mut bytes);
        self.closing.get_or_insert(bytes);
    }

    /// Nothing to send: closes, or waits for what is next.
    fn rest(&mut self, now: Duration, record: &mut Recorder, keys: &mut dyn MaskingKeys) -> Act {
        let closing = record.closing();
        let done = self.is_through();
        if done
            && self.case.close.by != Closer::Target
            && closing.local.is_none()
            && !self.mute
            && self.closing.is_none()
            && self.progress.is_complete(&self.wanted)
        {
            let code = self.case.close.codes.first().copied().unwrap_or(CloseCode::NORMAL);
            self.close_with(CloseBody::Status(code, b""));
            return self.next(now, record, keys);
        }
        if self.role == Role::Server && self.mute && closing.remote.is_some() {
            // The target closed and cannot be answered any more; that TCP ends is our part.
            record.ended(now, Ending::ByUs);
            return Act::Done;
        }
        let (at, timeout) = self.deadline(record);
        let next = match self.pause {
            _ if self.stopped || self.mute => None,
            Some(Pause::Until(until)) => Some(until),
            _ => self.wait,
        };
        match next {
            // While the case itself waits, no timer runs.
            Some(until) => return Act::Wait(until),
            None if now < at => return Act::Wait(at),
            None => {}
        }
        record.timed_out(now, timeout);
        if timeout != Timeout::Patience {
            return self.drop(now, record, Ending::ByUs);
        }
        match self.case.patience.then {
            Then::Fail => {
                record.failed();
                self.close_with(CloseBody::Status(CloseCode::GOING_AWAY, b"Going Away"));
            }
            Then::Close => self.close_with(CloseBody::Empty),
        }
        if self.mute {
            return self.drop(now, record, Ending::ByUs);
        }
        match self.next(now, record, keys) {
            // No close frame could be sent.
            Act::Wait(_) if self.mute => self.drop(now, record, Ending::ByUs),
            act => act,
        }
    }

    fn control(&self, opcode: Opcode, payload: Vec<u8>, keys: &mut dyn MaskingKeys) -> Vec<u8> {
        let frame = Frame::new(opcode, Payload::Bytes(payload.into()));
        let mut bytes = Vec::new();
        Outgoing::frame(&frame, frame.payload.clone(), self.role, keys).fill(&mut bytes, CHUNK, false, keys);
        bytes
    }

    fn write(&mut self, now: Duration, record: &mut Recorder, bytes: Vec<u8>, closes: bool) -> Act {
        record.sent(now, &bytes, closes);
        self.since = now;
        self.writing = true;
        Act::Write(bytes.into())
    }

    fn drop(&mut self, now: Duration, record: &mut Recorder, ending: Ending) -> Act {
        record.dropped(now, ending);
        Act::Reset
    }
}

//! Keeps the [`Transcript`] of a connection while it runs.
//!
//! The recorder reads what the target sends with a bare [`Flow`], which judges and never reacts, inflates it where that
//! was agreed, and follows the frames of what we send ourselves, whatever steps they come from. What it holds is
//! bounded, whatever the target does.

mod inbox;
mod inflating;
mod keys;
mod outbox;
mod passing;

use std::time::Duration;

use self::inbox::{Inbox, hear, note_fault};
use self::outbox::Outbox;
use crate::conform::deflate;
use crate::proto::deflate::Agreed;
use crate::proto::{Flow, Role, Rule};
use crate::watch::{Answered, Closing, Ending, Entry, Happening, Item, Opening, Side, Timeout, Transcript};
use crate::wire::Head;

/// How much of a connection is kept and taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Events that are kept; more are counted.
    pub events: usize,
    /// Bytes that a target may send, compressed or not, before it counts as flooding.
    pub bytes: u64,
    /// Whether messages are events; without an echo they are the application's own business.
    pub messages: bool,
    /// Whether the answer to the opening handshake is an event, or the end of TCP in its place.
    pub answers: bool,
    /// Whether the end of TCP is an event once a close frame came.
    pub ends: bool,
}

/// Events beyond those that are kept that make a flood, however small they are.
const UNHEARD: u64 = 100_000;

/// Records one connection.
#[derive(Debug)]
pub struct Recorder {
    transcript: Transcript,
    flow: Flow,
    inbox: Inbox,
    outbox: Outbox,
    bounds: Bounds,
    agreed: Option<Agreed>,
    /// When the target last sent anything.
    last: Duration,
    /// A client that our answer opened nothing for goes on with its next request, which is no frame.
    is_http: bool,
}

/// Where in our own direction we stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mid {
    /// Between two frames.
    Between,
    /// Inside a head.
    Head,
    /// Inside a payload, with so many bytes to come.
    Payload(u64),
}

impl Recorder {
    /// Records a connection on which we are `role`, from its first frame on.
    pub fn new(role: Role, bounds: Bounds) -> Self {
        Self {
            transcript: Transcript::new(role),
            flow: Flow::new(role.peer()),
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            bounds,
            agreed: None,
            last: Duration::ZERO,
            is_http: false,
        }
    }

    /// Takes note of the opening handshake, and of what a server answered. What its extensions say holds for all that
    /// follows.
    pub fn opened(&mut self, opening: Opening, answer: Option<Answered>) {
        if let Some(answer) = answer.filter(|_| self.bounds.answers) {
            hear(Duration::ZERO, Happening::Answer(answer), &mut self.transcript, self.bounds);
        }
        self.agreed = deflate::agreed(&opening).filter(|_| opening.done);
        if let Some(agreed) = self.agreed {
            let target = self.transcript.role.peer();
            self.flow = Flow::new(target).with_reserved(Head::RSV1);
            self.inbox.inflates(agreed.direction(target));
            self.outbox.compresses = true;
        }
        self.transcript.opening = Some(opening);
    }

    /// Takes what the target sent; unmasks it in place.
    pub fn received(&mut self, now: Duration, bytes: &mut [u8]) {
        let Self { transcript, flow, inbox, bounds, is_http, .. } = self;
        self.last = now;
        let is_first = transcript.received.bytes == 0;
        *is_http |= is_first && transcript.is_of_client() && !transcript.is_open() && bytes.starts_with(b"GET ");
        transcript.received.count(bytes.len());
        if *is_http {
            return;
        }
        for seen in flow.read(bytes) {
            inbox.take(now, seen, transcript, *bounds);
        }
    }

    /// Takes note of what we send. `closes` says whether a close frame in it begins or ends a closing handshake, or is
    /// sent to see what the target does with it.
    pub fn sent(&mut self, now: Duration, bytes: &[u8], closes: bool) {
        self.transcript.sent.count(bytes.len());
        self.outbox.take(now, bytes, closes, &mut self.transcript);
    }

    /// Takes note of a message of so many bytes that is going to be sent compressed.
    pub(super) const fn compresses(&mut self, content: u64) {
        self.transcript.sent.content += content;
    }

    /// Takes note of a wait that passed.
    pub(super) fn waited(&mut self, now: Duration, tag: Option<&str>) {
        self.log(now, Item::Wait(tag.map(str::to_owned)));
        if let Some(tag) = tag {
            hear(now, Happening::Wait(tag.to_owned()), &mut self.transcript, self.bounds);
        }
    }

    /// Takes note of a timer that fired.
    pub(super) fn timed_out(&mut self, now: Duration, timeout: Timeout) {
        self.log(now, Item::Timeout(timeout));
        self.transcript.closing.timeouts.push(timeout);
    }

    /// From here on messages count for nothing: we fail the connection.
    pub(super) fn failed(&mut self) {
        self.transcript.closing.failed_by_us = true;
    }

    /// We end TCP, because the target does not.
    pub(super) fn dropped(&mut self, now: Duration, ending: Ending) {
        let closing = &mut self.transcript.closing;
        closing.dropped_by_us = true;
        closing.clean = false;
        closing.by_us |= closing.local.is_none() && closing.remote.is_none();
        self.ended(now, ending);
    }

    /// A step ends our direction.
    pub(super) fn half_closed(&mut self, now: Duration) {
        self.log(now, Item::HalfClose);
    }

    /// A step resets the connection.
    pub(super) fn reset(&mut self, now: Duration) {
        self.log(now, Item::Reset);
        self.dropped(now, Ending::ByUs);
    }

    /// The connection is over. Only the first call counts.
    pub fn ended(&mut self, now: Duration, ending: Ending) {
        if self.is_over() {
            return;
        }
        self.transcript.closing.ending = ending;
        self.transcript.duration = now;
        if self.is_end_heard() {
            hear(now, Happening::End, &mut self.transcript, self.bounds);
        }
        let Self { transcript, flow, inbox, outbox, .. } = self;
        inbox.frame.take().into_iter().for_each(|frame| frame.log(Side::Target, transcript));
        outbox.frame.take().into_iter().for_each(|frame| frame.log(Side::Us, transcript));
        if matches!(ending, Ending::ByPeer | Ending::Reset) {
            flow.finish().for_each(|rule| note_fault(now, rule, transcript));
        }
    }

    /// Whether the target just ended TCP where it was its turn to: it did not open the connection and sent nothing on
    /// it, or close frames went both ways or were withheld by us.
    fn is_end_heard(&self) -> bool {
        let Transcript { closing, received, .. } = &self.transcript;
        let by_target = matches!(closing.ending, Ending::ByPeer | Ending::Reset);
        let opened = self.transcript.is_open();
        // Of a server, what stands before its end is the answer.
        let silent = received.bytes == 0 && self.transcript.heard.is_empty();
        // A client may refuse more than it has to, so what we take for opened need not be.
        let refused = self.bounds.answers && silent && (!opened || self.transcript.is_of_client());
        by_target && (refused || opened && self.bounds.ends && closing.remote.is_some())
    }

    fn log(&mut self, at: Duration, item: Item) {
        self.transcript.log.push(Entry { at, side: Side::Us, item });
    }

    /// What was recorded so far.
    pub const fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// What was recorded.
    pub fn finish(self) -> Transcript {
        self.transcript
    }

    /// Whether the connection is over.
    pub fn is_over(&self) -> bool {
        self.transcript.closing.ending != Ending::Open
    }

    /// The compression that was agreed on.
    pub(super) const fn agreed(&self) -> Option<Agreed> {
        self.agreed
    }

    /// When the target last sent anything.
    pub(super) const fn last(&self) -> Duration {
        self.last
    }

    pub(super) const fn closing(&self) -> &Closing {
        &self.transcript.closing
    }

    /// The first rule that the target broke for which a connection has to be failed.
    pub(super) const fn violation(&self) -> Option<Rule> {
        self.inbox.violation
    }

    /// Whether the target sent more than any case can ask for.
    pub const fn is_flooded(&self) -> bool {
        let (received, most) = (&self.transcript.received, self.bounds.bytes);
        received.bytes > most || received.content > most || self.transcript.unheard > UNHEARD
    }

    pub(super) const fn messages(&self) -> u64 {
        self.inbox.messages
    }

    pub(super) const fn pongs(&self) -> u64 {
        self.inbox.pongs
    }

    pub(super) fn has_pings(&self) -> bool {
        !self.inbox.pings.is_empty()
    }

    /// The payload of the oldest ping that is to be answered.
    pub(super) fn take_ping(&mut self) -> Option<Vec<u8>> {
        self.inbox.pings.pop_front()
    }

    pub(super) fn mid(&self) -> Mid {
        match (&self.outbox.frame, self.outbox.held.is_empty()) {
            (Some(frame), _) => Mid::Payload(frame.head.len - frame.len),
            (None, false) => Mid::Head,
            (None, true) => Mid::Between,
        }
    }
}

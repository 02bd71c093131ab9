//! Keeps the [`Transcript`] of a connection while it runs.
//!
//! The recorder reads what the target sends with a bare [`Flow`], which judges and never reacts, and follows the
//! frames of what we send ourselves, whatever steps they come from. What it holds is bounded, whatever the target does.

use std::collections::VecDeque;
use std::time::Duration;

use crate::proto::{Flow, Role, Rule, Seen};
use crate::watch::{
    Closing, Content, Ending, Entry, Fault, Gather, Happening, Heard, Item, Opening, Said, Side, Timeout, Transcript,
};
use crate::wire::{CloseBody, Head, Opcode, mask_at};

/// How much of a connection is kept and taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Events that are kept; more are counted.
    pub events: usize,
    /// Bytes that a target may send before it counts as flooding.
    pub bytes: u64,
    /// Whether messages are events; without an echo they are the application's own business.
    pub messages: bool,
}

/// Pings that are kept to be answered. Section 5.5.3 of RFC 6455 allows to answer only the latest.
const PINGS: usize = 16;

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
        }
    }

    /// Takes note of the opening handshake.
    pub fn opened(&mut self, opening: Opening) {
        self.transcript.opening = Some(opening);
    }

    /// Takes what the target sent; unmasks it in place.
    pub fn received(&mut self, now: Duration, bytes: &mut [u8]) {
        let Self { transcript, flow, inbox, bounds, .. } = self;
        transcript.received.count(bytes.len());
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
        let Self { transcript, flow, inbox, outbox, .. } = self;
        inbox.frame.take().into_iter().for_each(|frame| frame.log(Side::Target, transcript));
        outbox.frame.take().into_iter().for_each(|frame| frame.log(Side::Us, transcript));
        if matches!(ending, Ending::ByPeer | Ending::Reset) {
            flow.finish().for_each(|rule| note_fault(now, rule, transcript));
        }
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

    pub(super) const fn closing(&self) -> &Closing {
        &self.transcript.closing
    }

    /// The first rule that the target broke for which a connection has to be failed.
    pub(super) const fn violation(&self) -> Option<Rule> {
        self.inbox.violation
    }

    /// Whether the target sent more than any case can ask for.
    pub const fn is_flooded(&self) -> bool {
        self.transcript.received.bytes > self.bounds.bytes || self.transcript.unheard > UNHEARD
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

fn hear(at: Duration, what: Happening, transcript: &mut Transcript, bounds: Bounds) {
    if transcript.heard.len() < bounds.events {
        transcript.heard.push(Heard { at, what });
    } else {
        transcript.unheard += 1;
    }
}

fn note_fault(at: Duration, rule: Rule, transcript: &mut Transcript) {
    match transcript.faults.iter_mut().find(|fault| fault.rule == rule) {
        Some(fault) => fault.times += 1,
        None => {
            transcript.faults.push(Fault { rule, at, times: 1 });
            transcript.log.push(Entry { at, side: Side::Target, item: Item::Fault(rule) });
        }
    }
}

fn said(at: Duration, body: &[u8]) -> Said {
    let body = CloseBody::parse(body);
    Said { at, code: body.code(), reason: String::from_utf8_lossy(body.reason()).into_owned() }
}

/// A frame that is on its way.
#[derive(Debug)]
struct Passing {
    head: Head,
    at: Duration,
    start: Vec<u8>,
    len: u64,
}

impl Passing {
    const fn new(head: Head, at: Duration) -> Self {
        Self { head, at, start: Vec::new(), len: 0 }
    }

    /// Takes payload, unmasked or to be unmasked in what is kept of it.
    fn add(&mut self, payload: &[u8], masked: bool) {
        let kept = self.start.len();
        let size = payload.len().min(Item::START - kept);
        self.start.extend_from_slice(&payload[..size]);
        if let (true, Some(key)) = (masked, self.head.mask) {
            mask_at(&mut self.start[kept..], key, kept as u64);
        }
        self.len += payload.len() as u64;
    }

    fn log(self, side: Side, transcript: &mut Transcript) {
        let Self { head, at, start, len } = self;
        transcript.log.push(Entry { at, side, item: Item::Frame { head, start, len } });
    }
}

/// What the target sends.
#[derive(Debug, Default)]
struct Inbox {
    frame: Option<Passing>,
    message: Option<(Opcode, Gather)>,
    pings: VecDeque<Vec<u8>>,
    violation: Option<Rule>,
    messages: u64,
    pongs: u64,
}

impl Inbox {
    fn take(&mut self, now: Duration, seen: Seen<'_>, transcript: &mut Transcript, bounds: Bounds) {
        match seen {
            Seen::Head(head) => {
                *transcript.received.frames.entry(head.opcode.0).or_default() += 1;
                self.frame = Some(Passing::new(head, now));
                if matches!(head.opcode, Opcode::TEXT | Opcode::BINARY) {
                    self.message = Some((head.opcode, Gather::new()));
                }
            }
            Seen::Data(data) => {
                let Some(frame) = &mut self.frame else { return };
                frame.add(data, false);
                let of_message = matches!(frame.head.opcode, Opcode::TEXT | Opcode::BINARY | Opcode::CONTINUATION);
                if let (true, Some((_, gather))) = (of_message, &mut self.message) {
                    gather.add(data);
                }
            }
            Seen::End => {
                if let Some(frame) = self.frame.take() {
                    self.end(now, &frame, transcript, bounds);
                    frame.log(Side::Target, transcript);
                }
            }
            Seen::Fault(rule) => {
                note_fault(now, rule, transcript);
                if rule.close_code().is_some() {
                    self.violation.get_or_insert(rule);
                }
            }
            // A tester sees every byte.
            Seen::Lost(_) | Seen::Adrift | Seen::Resumed => {}
        }
    }

    /// A frame is complete.
    fn end(&mut self, now: Duration, frame: &Passing, transcript: &mut Transcript, bounds: Bounds) {
        match frame.head.opcode {
            Opcode::PING => {
                if self.pings.len() == PINGS {
                    self.pings.pop_front();
                }
                self.pings.push_back(frame.start[..frame.start.len().min(125)].to_vec());
            }
            Opcode::PONG => {
                self.pongs += 1;
                hear(now, Happening::Pong(Content::of(&frame.start)), transcript, bounds);
            }
            Opcode::CLOSE => {
                let closing = &mut transcript.closing;
                if closing.remote.is_none() {
                    closing.remote = Some(said(now, &frame.start));
                    closing.clean = closing.local.is_some();
                }
            }
            Opcode::TEXT | Opcode::BINARY | Opcode::CONTINUATION if frame.head.fin => {
                let Some((opcode, gather)) = self.message.take() else { return };
                self.messages += 1;
                // Autobahn's rule: once a connection is failed, its messages count for nothing.
                if bounds.messages && self.violation.is_none() && !transcript.closing.failed_by_us {
                    let text = opcode == Opcode::TEXT;
                    let what = if text { Happening::Text } else { Happening::Binary };
                    hear(now, what(gather.finish()), transcript, bounds);
                }
            }
            _ => {}
        }
    }
}

/// What we send, in frames as far as it is in frames.
#[derive(Debug, Default)]
struct Outbox {
    held: Vec<u8>,
    frame: Option<Passing>,
}

impl Outbox {
    fn take(&mut self, now: Duration, mut bytes: &[u8], closes: bool, transcript: &mut Transcript) {
        while !bytes.is_empty() {
            if let Some(frame) = &mut self.frame {
                let missing = frame.head.len - frame.len;
                let size = bytes.len().min(usize::try_from(missing).unwrap_or(usize::MAX));
                frame.add(&bytes[..size], true);
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
                self.frame = Some(Passing::new(head, now));
            }
            if let Some(frame) = self.frame.take_if(|frame| frame.len == frame.head.len) {
                if closes && frame.head.opcode == Opcode::CLOSE && transcript.closing.local.is_none() {
                    let closing = &mut transcript.closing;
                    closing.local = Some(said(now, &frame.start));
                    closing.by_us = closing.remote.is_none();
                    closing.clean = closing.remote.is_some();
                }
                frame.log(Side::Us, transcript);
            }
        }
    }
}

//! What the target sends.

use std::collections::VecDeque;
use std::time::Duration;

use super::Bounds;
use super::inflating::Inflating;
use super::keys::Keys;
use super::passing::{Passing, is_data, said};
use crate::proto::deflate::Direction;
use crate::proto::{Rule, Seen};
use crate::watch::{Content, Entry, Fault, Gather, Happening, Heard, Item, Side, Transcript};
use crate::wire::{Head, Opcode};

/// Pings that are kept to be answered. Section 5.5.3 of RFC 6455 allows to answer only the latest.
const PINGS: usize = 16;

/// Events whose beginnings are kept whole, and what is kept of those of the others but for the last: a thousand echoes
/// are told by their hashes.
const WHOLE: usize = 32;
const STUB: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) frame: Option<Passing>,
    message: Option<Incoming>,
    inflating: Option<Inflating>,
    pub(super) pings: VecDeque<Vec<u8>>,
    /// The first rule that was broken for which a connection has to be failed.
    pub(super) violation: Option<Rule>,
    pub(super) messages: u64,
    pub(super) pongs: u64,
    keys: Keys,
}

impl Inbox {
    /// From here on messages may be compressed.
    pub(super) fn inflates(&mut self, direction: Direction) {
        self.inflating = Some(Inflating::new(direction));
    }

    pub(super) fn take(&mut self, now: Duration, seen: Seen<'_>, transcript: &mut Transcript, bounds: Bounds) {
        match seen {
            Seen::Head(head) => {
                *transcript.received.frames.entry(head.opcode.0).or_default() += 1;
                self.frame = Some(Passing::new(head, now));
                if head.mask.is_some_and(|key| self.keys.take(key)) {
                    note_fault(now, Rule::MaskingKeyRepeated, transcript);
                }
                if matches!(head.opcode, Opcode::TEXT | Opcode::BINARY) {
                    let compressed = head.rsv & Head::RSV1 != 0;
                    if let Some(inflating) = self.inflating.as_mut().filter(|_| compressed) {
                        inflating.begin(head.opcode);
                    }
                    let compressed = compressed && self.inflating.is_some();
                    self.message = Some(Incoming { opcode: head.opcode, gather: Gather::new(), compressed });
                }
            }
            Seen::Data(data) => {
                let Some(frame) = &mut self.frame else { return };
                frame.add(data, false);
                if is_data(frame.head.opcode) {
                    transcript.received.payload += data.len() as u64;
                    self.add(now, data, transcript);
                }
            }
            Seen::End => {
                if let Some(frame) = self.frame.take() {
                    self.end(now, &frame, transcript, bounds);
                    frame.log(Side::Target, transcript);
                }
            }
            // Looked for among more keys than the last, above.
            Seen::Fault(Rule::MaskingKeyRepeated) => {}
            Seen::Fault(rule) => self.fault(now, rule, transcript),
            // A tester sees every byte.
            Seen::Lost(_) | Seen::Adrift | Seen::Resumed => {}
        }
    }

    fn fault(&mut self, now: Duration, rule: Rule, transcript: &mut Transcript) {
        note_fault(now, rule, transcript);
        if rule.close_code().is_some() {
            self.violation.get_or_insert(rule);
        }
    }

    /// Takes payload of a message.
    fn add(&mut self, now: Duration, data: &[u8], transcript: &mut Transcript) {
        let Some(message) = &mut self.message else { return };
        let content = &mut transcript.received.content;
        let fault = match self.inflating.as_mut().filter(|_| message.compressed) {
            Some(inflating) => inflating.add(data, |inflated| {
                *content += inflated.len() as u64;
                message.gather.add(inflated);
            }),
            None => {
                *content += data.len() as u64;
                message.gather.add(data);
                None
            }
        };
        fault.into_iter().for_each(|rule| self.fault(now, rule, transcript));
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
            opcode if is_data(opcode) && frame.head.fin => {
                let Some(Incoming { opcode, gather, compressed }) = self.message.take() else { return };
                let fault = self.inflating.as_mut().filter(|_| compressed).and_then(Inflating::finish);
                fault.into_iter().for_each(|rule| self.fault(now, rule, transcript));
                self.messages += 1;
                transcript.received.messages += 1;
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

/// A message on its way.
#[derive(Debug)]
struct Incoming {
    opcode: Opcode,
    gather: Gather,
    compressed: bool,
}

/// Takes note of an event.
pub(super) fn hear(at: Duration, what: Happening, transcript: &mut Transcript, bounds: Bounds) {
    if transcript.heard.len() < bounds.events {
        let count = transcript.heard.len();
        if let Some(last) = transcript.heard.last_mut().filter(|_| count > WHOLE) {
            shorten(&mut last.what);
        }
        transcript.heard.push(Heard { at, what });
    } else {
        transcript.unheard += 1;
    }
}

fn shorten(what: &mut Happening) {
    if let Happening::Text(content) | Happening::Binary(content) | Happening::Pong(content) = what {
        // Shrunk in place, the memory behind it would hardly be of use to anybody.
        content.start = content.start[..content.start.len().min(STUB)].to_vec();
    }
}

/// Takes note of a broken rule.
pub(super) fn note_fault(at: Duration, rule: Rule, transcript: &mut Transcript) {
    match transcript.faults.iter_mut().find(|fault| fault.rule == rule) {
        Some(fault) => fault.times += 1,
        None => {
            transcript.faults.push(Fault { rule, at, times: 1 });
            transcript.log.push(Entry { at, side: Side::Target, item: Item::Fault(rule) });
        }
    }
}

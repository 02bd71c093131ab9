//! Which packets carry the connections that were chosen.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use foldhash::fast::RandomState;

use super::marks::Marks;
use super::secrets::{Needed, Random, hello};
use crate::capture::segment::{Dissected, Dissector};
use crate::capture::{Flags, Packet, Segment};

/// The two addresses of a connection, the lower one first.
pub(super) type Pair = [SocketAddr; 2];

/// The pair of two addresses, and whether the first of them is the higher.
pub(super) fn pair(one: SocketAddr, other: SocketAddr) -> (Pair, usize) {
    if one <= other { ([one, other], 0) } else { ([other, one], 1) }
}

/// From where to where a WebSocket goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Its first and its last packet.
    pub(super) first: u64,
    pub(super) last: u64,
    /// It is encrypted: nothing of it can be read without the beginning of the TCP connection.
    pub(super) encrypted: bool,
    /// Whatever comes behind it on the TCP connection belongs to it.
    pub(super) to_the_end: bool,
}

/// Marks the packets of the chosen connections.
#[derive(Debug)]
pub(super) struct Choice {
    dissector: Dissector,
    connections: HashMap<Pair, Connection, RandomState>,
    kept: Kept,
}

/// What is kept.
#[derive(Debug, Default)]
struct Kept {
    packets: Marks,
    randoms: HashSet<Random>,
    /// An encrypted connection has no hello.
    greetless: bool,
}

/// All that happens between two addresses.
#[derive(Debug)]
struct Connection {
    /// Those that are still to come to their ends, the next one last.
    spans: Vec<Span>,
    stage: Stage,
    /// The packets of the TCP connection before the span, if it needs them.
    before: Marks,
    /// A span of this TCP connection came before: what is between it and the next must not be missing.
    entered: bool,
    /// Its hellos.
    hellos: Vec<Random>,
    /// The sequence numbers of the SYNs of both ends.
    opened: [Option<u32>; 2],
    /// The sequence numbers behind all that the ends have sent.
    sent: [Option<u32>; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Before,
    Within,
    /// Behind a span; whether all that comes belongs to it.
    Behind(bool),
}

/// So many hellos of a connection are remembered; more than two mean that it is none of TLS.
const HELLOS: usize = 4;

/// What counts of a segment.
#[derive(Clone, Copy, Debug)]
struct Part {
    from: usize,
    flags: Flags,
    seq: u32,
    /// How many bytes it has.
    size: u32,
    hello: Option<Random>,
}

impl Part {
    fn of(segment: &Segment<'_>, from: usize) -> Self {
        let Segment { flags, seq, cut, .. } = *segment;
        let size = (segment.payload.len() as u32).wrapping_add(cut);
        Self { from, flags, seq, size, hello: hello(segment.payload) }
    }

    /// The sequence number behind it.
    fn end(&self) -> u32 {
        self.seq.wrapping_add(self.size).wrapping_add(u32::from(self.flags.syn)).wrapping_add(u32::from(self.flags.fin))
    }
}

impl Choice {
    /// Of a capture in which these were chosen.
    pub(super) fn new(spans: &HashMap<Pair, Vec<Span>, RandomState>) -> Self {
        let connections = spans.iter().map(|(pair, spans)| (*pair, Connection::new(spans.clone())));
        Self { dissector: Dissector::new(), connections: connections.collect(), kept: Kept::default() }
    }

    /// The next packet of the capture.
    pub(super) fn take(&mut self, packet: Packet<'_>) {
        let number = packet.place.packet;
        let Dissected::Segment(segment) = self.dissector.dissect(packet) else { return };
        let (pair, from) = pair(segment.from, segment.to);
        let Some(connection) = self.connections.get_mut(&pair) else { return };
        let part = Part::of(&segment, from);
        let fragments = self.dissector.fragments();
        connection.take(number, fragments, part, &mut self.kept);
    }

    /// The packets, and which secrets they need.
    pub(super) fn finish(mut self) -> (Marks, Needed) {
        for connection in self.connections.values_mut() {
            if let Some(span) = connection.spans.pop().filter(|_| connection.stage == Stage::Within) {
                connection.leave(span, &mut self.kept);
            }
        }
        let Kept { packets, randoms, greetless } = self.kept;
        (packets, if greetless { Needed::All(randoms) } else { Needed::Of(randoms) })
    }
}

impl Connection {
    fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_by_key(|span| std::cmp::Reverse((span.first, span.last)));
        Self {
            spans,
            stage: Stage::Before,
            before: Marks::default(),
            entered: false,
            hellos: Vec::new(),
            opened: [None, None],
            sent: [None, None],
        }
    }

    fn take(&mut self, packet: u64, fragments: &[u64], part: Part, kept: &mut Kept) {
        while let Some(span) = self.spans.pop_if(|span| span.last < packet) {
            // One that was never entered has nothing that could be left.
            if self.stage == Stage::Within {
                self.leave(span, kept);
                self.stage = Stage::Behind(span.to_the_end);
            }
        }
        if self.begins_anew(part) && self.stage != Stage::Within {
            self.before.clear();
            self.entered = false;
            self.hellos.clear();
            self.sent = [None, None];
            self.opened = [None, None];
            self.stage = Stage::Before;
        }
        if part.flags.syn {
            self.opened[part.from] = Some(part.seq);
        }
        if let Some(random) = part.hello.filter(|_| self.hellos.len() < HELLOS) {
            self.hellos.push(random);
        }
        let is_old = self.is_old(part);
        self.note_sent(part);
        if let Some(span) = self.spans.last().copied().filter(|span| span.first <= packet) {
            if self.stage != Stage::Within && (span.encrypted || self.entered) {
                kept.packets.take(&mut self.before);
            }
            self.entered = true;
            self.stage = Stage::Within;
        }
        match self.stage {
            Stage::Before => {}
            Stage::Within => return mark(packet, fragments, &mut kept.packets),
            Stage::Behind(to_the_end) if to_the_end || part.size == 0 || is_old => {
                return mark(packet, fragments, &mut kept.packets);
            }
            // The TCP connection is used for something else.
            Stage::Behind(_) => self.stage = Stage::Before,
        }
        if self.spans.last().is_some_and(|span| span.encrypted || self.entered) {
            mark(packet, fragments, &mut self.before);
        }
    }

    /// The end of a span, or of the capture in it.
    fn leave(&self, span: Span, kept: &mut Kept) {
        if span.encrypted {
            kept.greetless |= self.hellos.is_empty();
            kept.randoms.extend(&self.hellos);
        }
    }

    /// Whether this is the SYN of another TCP connection between the same ports, or the answer to one that is missing.
    fn begins_anew(&self, part: Part) -> bool {
        let answers = part.flags.ack && self.opened[part.from].is_none();
        part.flags.syn && !part.flags.rst && !answers && self.opened[part.from] != Some(part.seq)
    }

    /// Whether all bytes of a segment were sent before.
    fn is_old(&self, part: Part) -> bool {
        self.sent[part.from].is_some_and(|sent| sent.wrapping_sub(part.end()).cast_signed() >= 0)
    }

    fn note_sent(&mut self, part: Part) {
        if !self.is_old(part) {
            self.sent[part.from] = Some(part.end());
        }
    }
}

/// Marks a packet, or all those that its segment came in.
fn mark(packet: u64, fragments: &[u64], marks: &mut Marks) {
    marks.insert(packet);
    fragments.iter().for_each(|packet| marks.insert(*packet));
}

//! An open WebSocket: two directions, read, judged and told.

use super::told::Told;
use super::way::{Partial, Unfinished, Way};
use crate::capture::{Close, Connection, Event, Frame, Message, Opaque, Place, RoundTrip, Violation};
use crate::proto::{JoinFault, Joined, Kind, Role, Rule, Rules, Seen};
use crate::wire::{CloseBody, CloseCode, Head, Opcode};

/// A connection whose frames are read.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) connection: Connection,
    /// The client's and the server's.
    pub(super) ways: [Way; 2],
    pub(super) frames: u64,
    pub(super) messages: u64,
    /// Rules of compressed data are not held against anybody: how it was agreed on is not known.
    pub(super) lenient: bool,
    /// It was said that an end goes on where it has to fail the connection.
    pub(super) went_on: bool,
}

impl Open {
    pub(super) const fn new(connection: Connection, ways: [Way; 2], guessed: bool) -> Self {
        Self { connection, ways, frames: 0, messages: 0, lenient: guessed, went_on: false }
    }

    /// Whether this is a WebSocket beyond doubt: nobody is accused on the ground of a guess.
    fn is_certain(&self) -> bool {
        const PROVEN: u64 = 16;
        let guessed = self.connection.guessed && self.connection.url.is_none() && self.connection.status.is_none();
        !guessed || self.frames > PROVEN
    }

    /// Memory in bytes that depends on what came.
    #[inline]
    pub(super) fn kept(&self) -> usize {
        let of = |way: &Way| {
            let held = way.seeker.as_ref().map_or(0, |seeker| seeker.kept());
            way.joiner.kept() + way.payload.capacity() + held
        };
        of(&self.ways[0]) + of(&self.ways[1])
    }

    /// The client did not wait for the answer to its request.
    pub(super) fn too_early(&mut self, place: Place, told: &mut Told<'_>) {
        let offset = self.way(Role::Client).base;
        self.tell_faults(Role::Client, [Rule::FrameBeforeOpen].into_iter().collect(), None, offset, place, told);
    }

    pub(super) fn way(&mut self, from: Role) -> &mut Way {
        &mut self.ways[index(from)]
    }

    /// Bytes of a segment, in order.
    pub(super) fn bytes(&mut self, from: Role, bytes: &mut [u8], place: Place, told: &mut Told<'_>) {
        self.connection.last = place;
        let way = self.way(from);
        let Some(seeker) = &mut way.seeker else { return self.read(from, bytes, place, told) };
        let passed = seeker.take(bytes, place);
        way.flow.skip(passed).for_each(drop);
        if seeker.proof() > 0 {
            self.resume(from, told);
        }
    }

    /// Reads what the seeker held.
    fn resume(&mut self, from: Role, told: &mut Told<'_>) {
        let way = self.way(from);
        if let Some(seeker) = way.seeker.take() {
            way.start = way.flow.position();
            let last = way.last;
            let missing = seeker.into_held().replay(|missing, bytes, place| {
                self.skip(from, missing, place, told);
                self.read(from, bytes, place, told);
            });
            self.skip(from, missing, last, told);
        }
    }

    fn read(&mut self, from: Role, bytes: &mut [u8], place: Place, told: &mut Told<'_>) {
        let mut rest = bytes;
        let mut last: &[u8] = &[];
        let limit = told.options.max_message as u64;
        loop {
            let way = &mut self.ways[index(from)];
            if let Some((head, payload)) = way.flow.next_message(&mut rest, limit) {
                self.whole(from, head, payload, place, told);
                continue;
            }
            let Some(seen) = way.flow.next(&mut rest) else { break };
            self.seen(from, seen, &mut last, place, told);
        }
    }

    /// A message in a single frame that breaks no rule: most of what there is.
    #[inline]
    fn whole(&mut self, from: Role, head: Head, payload: &[u8], place: Place, told: &mut Told<'_>) {
        let way = &mut self.ways[index(from)];
        let start = std::mem::replace(&mut way.start, way.flow.position());
        let offset = way.base.wrapping_add(start);
        let bytes = way.start.wrapping_sub(start);
        way.last = place;
        let sent = self.connection.sent_mut(from);
        sent.frames.count(head.opcode);
        sent.bytes += bytes;
        sent.payload += head.len;
        sent.messages += 1;
        sent.content += head.len;
        let frame = Frame {
            connection: &self.connection,
            from,
            number: self.frames,
            head,
            captured: head.len,
            offset,
            place,
            payload: Some(payload),
            code: None,
            faults: Rules::NONE,
        };
        self.frames += 1;
        told.tell(&Event::Frame(&frame));
        if told.wants.messages {
            let message = Message {
                connection: &self.connection,
                from,
                number: self.messages,
                kind: kind(head.opcode),
                frames: 1,
                compressed: false,
                wire: head.len,
                length: Some(head.len),
                payload: Some(payload),
                opaque: None,
                first: place,
                place,
            };
            told.tell(&Event::Message(&message));
        }
        self.messages += 1;
        if self.ways[index(from.peer())].broken.is_some() {
            self.goes_on(from, place, told);
        }
    }

    fn seen<'a>(&mut self, from: Role, seen: Seen<'a>, last: &mut &'a [u8], place: Place, told: &mut Told<'_>) {
        let way = &mut self.ways[index(from)];
        match seen {
            Seen::Head(head) => {
                *last = &[];
                self.begin(from, head, place, told);
            }
            Seen::Data(data) => {
                way.last = place;
                let Some(frame) = &mut way.frame else { return };
                frame.captured += data.len() as u64;
                if told.wants.frame_payloads {
                    gather(&mut way.payload, data, frame, told.options.max_message);
                }
                *last = data;
                if is_joined(frame.head.opcode, told)
                    && let Err(fault) = way.joiner.data(data)
                {
                    self.not_joined(from, fault);
                }
            }
            Seen::End => self.end(from, last, place, told),
            Seen::Fault(rule) => {
                if let Some(frame) = &mut way.frame {
                    frame.faults.insert(rule);
                }
            }
            Seen::Lost(_) => {
                way.joiner.lost();
                let of_message = way.frame.as_ref().is_some_and(|frame| !frame.head.opcode.is_control());
                if let Some(message) = way.message.as_mut().filter(|_| of_message) {
                    message.opaque.get_or_insert(Opaque::Incomplete);
                }
            }
            Seen::Adrift => {
                self.cut(from, told);
                let way = &mut self.ways[index(from)];
                way.joiner.adrift();
                way.message = None;
                way.seek();
            }
            Seen::Resumed => way.start = way.flow.position(),
        }
    }

    fn begin(&mut self, from: Role, head: Head, place: Place, told: &mut Told<'_>) {
        let way = &mut self.ways[index(from)];
        way.last = place;
        way.payload.clear();
        way.frame = Some(Partial { head, captured: 0, faults: Rules::NONE });
        match head.opcode {
            Opcode::TEXT | Opcode::BINARY => {
                if told.wants.messages {
                    way.joiner.borrow(told.memory);
                }
                let compressed = way.reserves() && head.rsv & Head::RSV1 != 0;
                way.message = Some(Unfinished {
                    kind: kind(head.opcode),
                    first: place,
                    frames: 1,
                    wire: head.len,
                    compressed,
                    opaque: None,
                });
            }
            Opcode::CONTINUATION => {
                if let Some(message) = &mut way.message {
                    message.frames += 1;
                    message.wire = message.wire.saturating_add(head.len);
                }
            }
            _ => {}
        }
        if is_joined(head.opcode, told)
            && way.joiner.head(&head).is_err()
            && let Some(message) = &mut way.message
        {
            message.opaque.get_or_insert(Opaque::TooBig);
        }
    }

    /// The joiner refused data of a message, or its end.
    fn not_joined(&mut self, from: Role, fault: JoinFault) {
        let lenient = self.lenient;
        let way = &mut self.ways[index(from)];
        let opaque = match fault {
            JoinFault::TooBig(_) => Some(Opaque::TooBig),
            JoinFault::Rule(Rule::CompressedDataInvalid) if lenient => Some(Opaque::Context),
            JoinFault::Rule(Rule::CompressedDataInvalid) => Some(Opaque::Invalid),
            JoinFault::Rule(_) => None,
        };
        if let (JoinFault::Rule(rule), Some(frame)) = (fault, &mut way.frame)
            && !(lenient && rule == Rule::CompressedDataInvalid)
        {
            frame.faults.insert(rule);
        }
        if let (Some(opaque), Some(message)) = (opaque, &mut way.message) {
            message.opaque.get_or_insert(opaque);
        }
    }

    /// A frame is complete: tells it, its faults, and what it completes.
    fn end(&mut self, from: Role, last: &[u8], place: Place, told: &mut Told<'_>) {
        let way = &mut self.ways[index(from)];
        way.last = place;
        let Some(head) = way.frame.as_ref().map(|frame| frame.head) else { return };
        let joined = if is_joined(head.opcode, told) {
            match way.joiner.end() {
                Ok(joined) => joined,
                Err(fault) => {
                    // The message is over all the same.
                    let kind = way.message.map_or(Kind::Binary, |message| message.kind);
                    self.not_joined(from, fault);
                    Some(Joined::Message { kind, compressed: false })
                }
            }
        } else {
            None
        };
        let way = &mut self.ways[index(from)];
        let Some(frame) = way.frame.take() else { return };
        let sent = self.connection.sent_mut(from);
        sent.frames.count(head.opcode);
        sent.payload = sent.payload.saturating_add(head.len);
        sent.bytes = sent.bytes.saturating_add(way.flow.position().wrapping_sub(way.start));
        let ends_message =
            if head.fin && !head.opcode.is_control() && !head.opcode.is_reserved() { way.message.take() } else { None };
        sent.messages += u64::from(ends_message.is_some());
        let control = head.opcode.is_control() && joined.is_some();
        let body = if control { way.joiner.payload(last) } else { &[] };
        let whole = frame.captured == head.len;
        let mut code = None;
        let mut round_trip = None;
        let mut pong = None;
        match joined {
            Some(Joined::Close) => {
                way.closed.get_or_insert(place);
                let body = CloseBody::parse(body);
                code = body.code();
                if self.connection.close.is_none() {
                    let reason = String::from_utf8_lossy(body.reason()).into_owned();
                    self.connection.close = Some(Close { by: from, code, reason });
                }
            }
            Some(Joined::Ping) if whole => way.pings.sent(body, place),
            Some(Joined::Pong) if whole => pong = Some(body.to_vec()),
            _ => {}
        }
        if let Some(pong) = pong {
            round_trip = self.way(from.peer()).pings.answered(&pong, place);
        }
        self.tell_frame(from, frame, last, code, place, told);
        if let Some(time) = round_trip {
            told.tell(&Event::RoundTrip(&RoundTrip { connection: &self.connection, from: from.peer(), time, place }));
        }
        if let Some(message) = ends_message {
            self.end_message(from, message, joined, last, place, told);
        }
    }

    /// Tells of a frame as far as it came, and of its faults.
    fn tell_frame(
        &mut self,
        from: Role,
        frame: Partial,
        last: &[u8],
        code: Option<CloseCode>,
        place: Place,
        told: &mut Told<'_>,
    ) {
        let way = &mut self.ways[index(from)];
        let offset = way.base.wrapping_add(way.start);
        way.start = way.flow.position();
        let number = self.frames;
        self.frames += 1;
        let whole_in_last = last.len() as u64 == frame.captured;
        let payload: &[u8] = if whole_in_last { last } else { &way.payload };
        let kept = payload.len() as u64 == frame.captured;
        let event = Frame {
            connection: &self.connection,
            from,
            number,
            head: frame.head,
            captured: frame.captured,
            offset,
            place,
            payload: kept.then_some(payload),
            code,
            faults: frame.faults,
        };
        told.tell(&Event::Frame(&event));
        self.tell_faults(from, frame.faults, Some(number), offset, place, told);
        let way = &mut self.ways[index(from)];
        if way.payload.capacity() > 64 * 1024 {
            way.payload = Vec::new();
        }
    }

    pub(super) fn tell_faults(
        &mut self,
        by: Role,
        faults: Rules,
        frame: Option<u64>,
        offset: u64,
        place: Place,
        told: &mut Told<'_>,
    ) {
        if !self.is_certain() {
            return;
        }
        for rule in faults {
            self.connection.violations += 1;
            if rule.close_code().is_some() {
                self.way(by).broken.get_or_insert(place);
            }
            let violation = Violation { connection: &self.connection, by, rule, frame, offset, place };
            told.tell(&Event::Violation(&violation));
        }
    }

    fn end_message(
        &mut self,
        from: Role,
        message: Unfinished,
        joined: Option<Joined>,
        last: &[u8],
        place: Place,
        told: &mut Told<'_>,
    ) {
        let way = &self.ways[index(from)];
        let mut opaque = message.opaque;
        if let Some(Joined::Message { compressed: true, .. }) = joined
            && message.compressed
        {
            opaque.get_or_insert(Opaque::Context);
        }
        let joins = told.wants.messages;
        let payload = (joins && opaque.is_none()).then(|| way.joiner.payload(last));
        let length = match (message.compressed, payload) {
            (_, Some(payload)) => Some(payload.len() as u64),
            (false, None) => Some(message.wire),
            (true, None) => None,
        };
        let sent = self.connection.sent_mut(from);
        sent.compressed += u64::from(message.compressed);
        sent.opaque += u64::from(opaque.is_some());
        if let (Some(length), None) = (length, opaque) {
            sent.content += length;
            if message.compressed {
                sent.deflated += message.wire;
                sent.inflated += length;
            }
        }
        let number = self.messages;
        self.messages += 1;
        if joins {
            let event = Message {
                connection: &self.connection,
                from,
                number,
                kind: message.kind,
                frames: message.frames,
                compressed: message.compressed,
                wire: message.wire,
                length,
                payload,
                opaque,
                first: message.first,
                place,
            };
            told.tell(&Event::Message(&event));
        }
        self.ways[index(from)].joiner.give_back(told.memory);
        told.trim();
        if self.ways[index(from.peer())].broken.is_some() {
            self.goes_on(from, place, told);
        }
    }

    /// The frame that is being read ends here without being complete.
    pub(super) fn cut(&mut self, from: Role, told: &mut Told<'_>) {
        let way = &mut self.ways[index(from)];
        if let Some(frame) = way.frame.take() {
            let place = way.last;
            let sent = self.connection.sent_mut(from);
            sent.frames.count(frame.head.opcode);
            sent.payload = sent.payload.saturating_add(frame.captured);
            sent.bytes = sent.bytes.saturating_add(frame.captured + frame.head.encode().len() as u64);
            self.tell_frame(from, frame, &[], None, place, told);
        }
    }

    /// Bytes are missing among those that were held; it was told when they were.
    pub(super) fn missing(&mut self, from: Role, count: u64, place: Place, told: &mut Told<'_>) {
        if count > 0 {
            self.lost(from, Some(count), place, told);
        }
    }

    /// So many bytes are missing, or nobody knows how many.
    pub(super) fn lost(&mut self, from: Role, count: Option<u64>, place: Place, told: &mut Told<'_>) {
        self.connection.last = place;
        self.connection.sent_mut(from).lost += count.unwrap_or_default();
        let way = self.way(from);
        // As many as make it uncertain where the next frame begins.
        let count = count.unwrap_or_else(|| way.flow.remaining().saturating_add(1));
        way.torn = true;
        // An answer may have been among them.
        self.way(from.peer()).pings.forget();
        let way = self.way(from);
        way.pings.forget();
        let Some(seeker) = &mut way.seeker else { return self.skip(from, count, place, told) };
        let passed = seeker.lost(count);
        way.flow.skip(passed).for_each(drop);
        if seeker.proof() > 0 {
            self.resume(from, told);
        }
    }

    /// Goes on behind bytes that are missing.
    fn skip(&mut self, from: Role, count: u64, place: Place, told: &mut Told<'_>) {
        let seen: Vec<Seen<'static>> = self.way(from).flow.skip(count).collect();
        for seen in seen {
            self.seen(from, seen, &mut (&[] as &[u8]), place, told);
        }
    }
}

/// Keeps payload of a frame, up to the limit.
fn gather(payload: &mut Vec<u8>, data: &[u8], frame: &Partial, limit: usize) {
    let all_at_once = data.len() as u64 == frame.head.len;
    let in_order = payload.len() as u64 + data.len() as u64 == frame.captured;
    if !all_at_once && in_order && payload.len() + data.len() <= limit {
        payload.extend_from_slice(data);
    }
}

/// Whether the joiner is told of frames of this kind.
const fn is_joined(opcode: Opcode, told: &Told<'_>) -> bool {
    told.wants.messages || opcode.is_control()
}

const fn kind(opcode: Opcode) -> Kind {
    if opcode.0 == Opcode::TEXT.0 { Kind::Text } else { Kind::Binary }
}

pub(super) const fn index(role: Role) -> usize {
    match role {
        Role::Client => 0,
        Role::Server => 1,
    }
}

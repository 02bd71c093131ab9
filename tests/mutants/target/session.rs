//! An open connection: bytes in, bytes out (RFC 6455, sections 5 to 7).
//!
//! Messages are sent back when they are whole, pings answered, close frames too. What has to be failed is failed as soon
//! as it can be known.

use std::sync::Arc;
use std::time::Duration;

use super::MOST;
use super::deflate::{Bad, Deflate};
use super::extension::Agreed;
use super::frame::{Head, mask};
use super::utf8::{Utf8, is_utf8};
use super::world::World;
use crate::fault::{Fault, Switch};

/// Which end the target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Server,
    Client,
}

/// What is to be done with the connection when all was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    ReadOn,
    /// The closing handshake is over, or our part of a failed one.
    Finish,
    /// Our close frame says that the connection failed.
    Fail,
    /// TCP ends without another word.
    Drop,
    /// Nothing happens any more.
    Stall,
    /// The whole target is gone.
    Crash,
}

#[derive(Debug)]
pub(super) struct Message {
    pub(super) opcode: u8,
    pub(super) compressed: bool,
    pub(super) data: Vec<u8>,
    utf8: Utf8,
    /// Fragments begun.
    pub(super) frames: u32,
}

#[derive(Debug)]
pub(super) struct Frame {
    head: Head,
    at: u64,
    /// The payload of a control frame.
    pub(super) control: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) role: Role,
    pub(super) fault: Switch,
    pub(super) world: Arc<World>,
    pub(super) deflate: Option<Deflate>,
    /// What is to be sent.
    pub(super) out: Vec<u8>,
    /// What is to be sent behind everything else of this read.
    pub(super) late: Vec<u8>,
    /// How long to wait before it is sent.
    pub(super) delay: Duration,
    head: Vec<u8>,
    frame: Option<Frame>,
    pub(super) message: Option<Message>,
    /// Where the masking key goes on, in a target that does not begin anew with each fragment.
    mask_at: usize,
    /// Pings whose pongs wait for the end of a message, or of a read.
    pub(super) pings: Vec<Vec<u8>>,
    pub(super) pinged: bool,
    pub(super) heard: bool,
    pub(super) closed: bool,
    frames_in_read: u32,
    reads_in_frame: u32,
}

/// Fills with what cannot be foretold.
pub(super) fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system has randomness");
}

impl Session {
    pub(super) fn new(role: Role, agreed: Option<Agreed>, world: Arc<World>) -> Self {
        let fault = world.fault;
        let deflate = agreed.map(|agreed| Deflate::new(agreed, role == Role::Server, fault));
        Self {
            role,
            fault,
            world,
            deflate,
            out: Vec::new(),
            late: Vec::new(),
            delay: Duration::ZERO,
            head: Vec::new(),
            frame: None,
            message: None,
            mask_at: 0,
            pings: Vec::new(),
            pinged: false,
            heard: false,
            closed: false,
            frames_in_read: 0,
            reads_in_frame: 0,
        }
    }

    pub(super) fn is(&self, fault: Fault) -> bool {
        self.fault.is(fault)
    }

    /// Takes what one read gave.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Then {
        self.frames_in_read = 0;
        self.reads_in_frame += 1;
        let then = self.frames(bytes);
        if self.is(Fault::PongsInReverse) {
            for ping in std::mem::take(&mut self.pings).into_iter().rev() {
                self.pong(&ping);
            }
        }
        if self.is(Fault::SlowWithManyFrames) && self.frames_in_read > 200 {
            self.delay += Duration::from_millis(10) * self.frames_in_read;
        }
        let late = std::mem::take(&mut self.late);
        self.out.extend_from_slice(&late);
        then
    }

    fn frames(&mut self, mut bytes: &[u8]) -> Then {
        loop {
            if self.frame.is_none() {
                let before = self.head.len();
                self.head.extend_from_slice(&bytes[..bytes.len().min(14)]);
                let Some((head, size)) = Head::read(&self.head, self.fault) else { return Then::ReadOn };
                bytes = &bytes[size.saturating_sub(before)..];
                self.head.clear();
                match self.begin(head) {
                    Then::ReadOn => {}
                    then => return then,
                }
            }
            let Some(frame) = &self.frame else { continue };
            let size = (frame.head.len - frame.at).min(bytes.len() as u64) as usize;
            let whole = frame.at + size as u64 == frame.head.len;
            match self.payload(&bytes[..size], whole) {
                Then::ReadOn => {}
                then => return then,
            }
            bytes = &bytes[size..];
            if bytes.is_empty() {
                return Then::ReadOn;
            }
        }
    }

    /// Looks at the head of a frame.
    fn begin(&mut self, head: Head) -> Then {
        self.frames_in_read += 1;
        (self.reads_in_frame, self.mask_at) = (0, if self.is(Fault::MaskAcrossFragments) { self.mask_at } else { 0 });
        if !self.masked(&head) || !self.length(&head) || !self.reserved(&head) {
            return self.fail(1002);
        }
        if head.len > 1 << 40 && self.is(Fault::CrashesOnHugeLength) {
            return Then::Crash;
        }
        let good = match head.opcode {
            0..=2 => self.data(&head),
            8..=10 => self.control(&head),
            3..=7 => {
                self.is(Fault::TakesReservedData)
                    || self.is(Fault::TakesReservedInside) && self.message.is_some()
                    || self.is(Fault::TakesLastReserved) && head.opcode == 7
                    || self.is(Fault::TakesReservedUnfinished) && !head.fin
            }
            _ => {
                self.is(Fault::TakesReservedControl)
                    || self.is(Fault::TakesReservedInside) && self.message.is_some()
                    || self.is(Fault::TakesLastReserved) && head.opcode == 15
                    || self.is(Fault::TakesReservedUnfinished) && !head.fin
            }
        };
        if !good {
            return self.fail(1002);
        }
        if matches!(head.opcode, 3..=7) && self.is(Fault::TakesReservedData) && self.message.is_none() {
            self.message = Some(Message::new(2, false, self.fault));
        }
        let held = self.message.as_ref().map_or(0, |message| message.data.len()) as u64;
        if head.opcode < 8 && head.len.saturating_add(held) > MOST as u64 {
            return self.fail(1009);
        }
        let crashes = self.is(Fault::CrashesOnEmptyCompressed) && head.rsv & 4 != 0 && head.fin && head.len == 0;
        if crashes && self.deflate.is_some() {
            return Then::Crash;
        }
        self.frame = Some(Frame { head, at: 0, control: Vec::new() });
        Then::ReadOn
    }

    /// Takes payload of the frame. `whole` says that it is the last of it.
    fn payload(&mut self, bytes: &[u8], whole: bool) -> Then {
        let Some(mut frame) = self.frame.take() else { return Then::ReadOn };
        let mut part = bytes.to_vec();
        if let Some(key) = frame.head.key {
            let offset = if self.is(Fault::MaskAnewEachRead) { 0 } else { frame.at as usize + self.mask_at };
            let size = if whole && self.is(Fault::MaskInWords) { part.len() - part.len() % 4 } else { part.len() };
            mask(&mut part[..size], key, offset);
        }
        let border = frame.at > 8192 && self.reads_in_frame > 0 && !part.is_empty();
        if border && self.is(Fault::LosesByteAtReadBorder) {
            part.remove(0);
        }
        frame.at += bytes.len() as u64;
        if frame.head.opcode == 8 && !whole && self.is(Fault::CloseInOneRead) {
            return self.fail(1002);
        }
        if whole && frame.head.size() + frame.head.len == 4096 && self.is(Fault::LosesByteOfFullBuffer) {
            part.pop();
        }
        let then = match frame.head.opcode {
            8..=10 => {
                frame.control.extend_from_slice(&part);
                Then::ReadOn
            }
            0..=7 if self.frames_in_read <= 100 || !self.is(Fault::LosesManyFrames) => self.append(&part),
            _ => Then::ReadOn,
        };
        if then != Then::ReadOn || !whole {
            self.frame = Some(frame);
            return then;
        }
        self.mask_at += frame.at as usize;
        let head = frame.head;
        match head.opcode {
            8..=10 if self.is(Fault::LosesManyFrames) && self.frames_in_read > 100 && head.opcode != 8 => Then::ReadOn,
            8..=10 => self.controlled(&head, &frame.control),
            11.. => Then::ReadOn,
            _ => self.ended(&head),
        }
    }

    /// Appends to the message.
    fn append(&mut self, part: &[u8]) -> Then {
        let Some(message) = &mut self.message else { return Then::ReadOn };
        let before = message.data.len();
        if self.fault.is(Fault::SharesBuffer) && message.frames > 0 && !message.compressed {
            let mut shared = self.world.shared.lock().expect("nobody panics with it");
            shared.extend_from_slice(part);
            return Then::ReadOn;
        }
        let inflated = match self.deflate.as_mut().filter(|_| message.compressed) {
            Some(deflate) => deflate.inflate(part, &mut message.data),
            None => {
                message.data.extend_from_slice(part);
                Ok(())
            }
        };
        if let Err(bad) = inflated {
            return self.bad_data(bad, part);
        }
        self.look(before)
    }

    fn bad_data(&mut self, bad: Bad, part: &[u8]) -> Then {
        match bad {
            Bad::Data if self.is(Fault::TakesBadDeflate) => {
                if let Some(message) = &mut self.message {
                    message.compressed = false;
                    message.data = part.to_vec();
                }
                Then::ReadOn
            }
            Bad::Data => self.fail(1007),
            Bad::Large => self.fail(1009),
            Bad::Endless => Then::Crash,
        }
    }

    /// Looks at the text from byte `before` on.
    fn look(&mut self, before: usize) -> Then {
        let fault = self.fault;
        let Some(message) = &mut self.message else { return Then::ReadOn };
        let is_text = message.opcode == 1;
        if !is_text && !fault.is(Fault::BinaryHasToBeUtf8) {
            return Then::ReadOn;
        }
        let later = [
            Fault::Utf8Unchecked,
            Fault::Utf8AtTheEnd,
            Fault::ReplacesBadText,
            Fault::Utf8TailUnchecked,
            Fault::Utf8HalfBlock,
        ];
        let unchecked = later.iter().any(|one| fault.is(*one))
            || fault.is(Fault::Utf8OfCompressedUnchecked) && message.compressed
            || fault.is(Fault::Utf8OfTheFirstFrame) && message.frames > 1;
        if unchecked || message.utf8.take(&message.data[before..]) { Then::ReadOn } else { self.bad_text() }
    }

    fn bad_text(&mut self) -> Then {
        self.fail(if self.is(Fault::BadTextFailsWith1002) { 1002 } else { 1007 })
    }

    /// A data frame is whole.
    fn ended(&mut self, head: &Head) -> Then {
        let fault = self.fault;
        let empty = head.len == 0;
        if empty && head.opcode == 0 && head.fin && fault.is(Fault::EmptyLastFragmentLost) {
            return Then::ReadOn;
        }
        if empty && head.opcode != 0 && !head.fin && fault.is(Fault::EmptyFirstFragmentLost) {
            self.message = None;
            return Then::ReadOn;
        }
        let Some(message) = &mut self.message else { return Then::ReadOn };
        let checked = message.opcode == 1 && !message.compressed;
        if checked && fault.is(Fault::Utf8FrameByFrame) && !message.utf8.is_whole() {
            return self.bad_text();
        }
        if fault.is(Fault::EchoesFragments) && !message.compressed {
            let (opcode, data) = (message.opcode, std::mem::take(&mut message.data));
            if head.fin {
                self.message = None;
            }
            self.echo(opcode, &data, head.opcode == 0);
            return Then::ReadOn;
        }
        let by_frame = fault.is(Fault::InflatesFrameByFrame) && message.compressed;
        if (head.fin || by_frame)
            && let Some(deflate) = self.deflate.as_mut().filter(|_| message.compressed)
        {
            let before = message.data.len();
            if let Err(bad) = deflate.finish(&mut message.data) {
                return self.bad_data(bad, &[]);
            }
            match self.look(before) {
                Then::ReadOn => {}
                then => return then,
            }
        }
        if head.fin { self.whole(head.opcode == 0) } else { Then::ReadOn }
    }

    /// A message is whole.
    pub(super) fn whole(&mut self, fragmented: bool) -> Then {
        let fault = self.fault;
        let Some(mut message) = self.message.take() else { return Then::ReadOn };
        if fault.is(Fault::SharesBuffer) && !message.compressed {
            message.data = std::mem::take(&mut *self.world.shared.lock().expect("nobody panics with it"));
        }
        let checked = message.opcode == 1 || fault.is(Fault::BinaryHasToBeUtf8);
        let whole = message.utf8.is_whole() || fault.is(Fault::TakesCutText) || message.opcode != 1;
        let late = [Fault::Utf8AtTheEnd, Fault::Utf8TailUnchecked, Fault::Utf8HalfBlock];
        let unchecked = fault.is(Fault::Utf8Unchecked)
            || fault.is(Fault::Utf8OfCompressedUnchecked) && message.compressed
            || fault.is(Fault::Utf8OfTheFirstFrame) && message.frames > 1;
        if checked && late.iter().any(|one| fault.is(*one)) && !is_utf8(&message.data, fault) {
            return self.bad_text();
        }
        if checked && !unchecked && !whole {
            return self.bad_text();
        }
        if fault.is(Fault::ReplacesBadText) && message.opcode == 1 {
            message.data = String::from_utf8_lossy(&message.data).into_owned().into_bytes();
        }
        self.heard = true;
        let stalls = fault.is(Fault::StallsAbove128K) && message.data.len() > 128 * 1024;
        if stalls {
            return Then::Stall;
        }
        if !(fault.is(Fault::EmptyInflatedLost) && message.compressed && message.data.is_empty()) {
            self.echo(message.opcode, &message.data, fragmented);
        }
        if fault.is(Fault::PongAfterTheMessage) {
            for ping in std::mem::take(&mut self.pings) {
                self.pong(&ping);
            }
        }
        Then::ReadOn
    }

    /// TCP ended.
    pub(super) fn end(&mut self) -> Then {
        if self.is(Fault::EndOfTcpEndsMessages) && self.message.is_some() {
            return match self.whole(true) {
                Then::ReadOn => Then::Drop,
                then => then,
            };
        }
        if self.is(Fault::KeepsHalfClosedTcp) { Then::Stall } else { Then::Drop }
    }
}

impl Message {
    pub(super) fn new(opcode: u8, compressed: bool, fault: Switch) -> Self {
        Self { opcode, compressed, data: Vec::new(), utf8: Utf8::new(fault), frames: 0 }
    }
}
